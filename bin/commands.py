"""The commands beside ``./run``: test, manage, story, lint and bench."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bin import report
from bin.backing import reached, thrown_away
from bin.children import end, spawn
from bin.local import ROOT, Local
from bin.servers import ServerFailed

TESTS_FAILED, NO_TESTS = 1, 5  # how pytest ends
SECOND_LOOKS = 12
LINTERS: dict[str, list[str]] = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy", "."],
    "import contracts": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
    "compose file": [
        *("-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
    ],
}


def run_python(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Run Python in the foreground, with the terminal's input and signals, and return its status."""
    process = spawn([sys.executable, *arguments], env=env, cwd=ROOT, is_session_leader=False)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the program's; we clean up after it
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        if process.poll() is None:
            process.terminate()
            process.wait()


def test(arguments: list[str]) -> int:
    """Run pytest against servers of its own: everything in two calls, or what the arguments name in one.

    A browser's event loop makes Django take the test for asynchronous, so tests with one have a process of their own.
    What fails of everything is looked at once more, alone: on a busy machine a browser stops answering now and then.
    """
    with thrown_away(is_durable=False) as servers:
        env = servers | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
        if arguments:
            return run_python(["-m", "pytest", *arguments], env)
        with tempfile.TemporaryDirectory(prefix="omni-results-") as folder:
            results = Path(folder)
            statuses = [run_tests(kind, results, env) for kind in ("not browser", "browser")]
            print_totals(results)
        return next((status for status in statuses if status not in {0, NO_TESTS}), 0)


def run_tests(kind: str, results: Path, env: Mapping[str, str]) -> int:
    """Run the tests of a kind in two processes, then those that failed in one; say which did only at first."""
    first, second = (results / f"{kind} {look}.xml" for look in ("first", "second"))
    status = run_python(["-m", "pytest", "-n", "2", "--dist", "loadgroup", "-m", kind, f"--junitxml={first}"], env)
    if status != TESTS_FAILED or not 0 < len(failures(first)) <= SECOND_LOOKS:
        return status
    report.say("\nOnce more, alone, what failed:")
    again = ["--last-failed", "--last-failed-no-failures=none", "-m", kind, f"--junitxml={second}"]
    status = run_python(["-m", "pytest", *again], env)
    if status not in {0, TESTS_FAILED}:
        second.unlink(missing_ok=True)  # it was broken off, and says nothing of those it did not reach
        return status
    for name in sorted(failures(first) - failures(second)):
        report.say(f"failed at first, passed alone: {name}")
    return status


def failures(result: Path) -> set[str]:
    """Return the names of the tests that failed, or could not be set up or put away."""
    cases = ET.parse(result).getroot().iter("testcase")  # noqa: S314  # pytest has just written it
    return {
        f"{case.get('classname')}.{case.get('name')}"
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    }


def print_totals(results: Path) -> None:
    """Print one line for all calls of pytest, in its words; what passed at the second look is told apart."""
    cases, skipped, failed, unsteady, seconds = 0, 0, 0, 0, 0.0
    for first in results.glob("*first.xml"):
        for suite in ET.parse(first).getroot().iter("testsuite"):  # noqa: S314  # pytest has just written it
            cases += int(suite.get("tests", 0))
            skipped += int(suite.get("skipped", 0))
            seconds += float(suite.get("time", 0))
        second = first.with_name(first.name.replace("first", "second"))
        still = failures(second if second.exists() else first)
        failed += len(still)
        unsteady += len(failures(first) - still)
    words = [f"{cases - skipped - failed} passed", f"{failed} failed"]
    words += [f"{skipped} skipped"] if skipped else []
    words += [f"{unsteady} passed at the second look only"] if unsteady else []
    report.say(f"\n{', '.join(words)} in {seconds:.1f}s")


def manage(arguments: list[str]) -> int:
    """Run Django's command line on the running platform's database, or start the servers for as long as it takes."""
    with reached(Local.of_environment()) as env:
        return run_python(["manage.py", *arguments], env)


def story(arguments: list[str]) -> int:
    """Play the story on the running platform; when none runs, start one and end it afterwards."""
    return on_platform(["manage.py", "story", *arguments])


def screens(arguments: list[str]) -> int:
    """Take the pictures of docs/screens on the running platform, or on one that is started for it."""
    return on_platform(["-m", "tests.screens", *arguments])


def on_platform(arguments: Sequence[str]) -> int:
    """Run Python beside the running platform; when none runs, start one and end it afterwards."""
    local = Local.of_environment()
    record = local.await_record(seconds=180)
    platform = None
    try:
        if record.get("kind") != "platform":
            platform = spawn([sys.executable, "-m", "bin.up"], env=os.environ, cwd=ROOT, death_signal=signal.SIGTERM)
            while platform.poll() is None and record.get("kind") != "platform":
                record = local.await_record(seconds=1)
        if record.get("kind") != "platform":
            return 1
        return run_python(arguments, {**os.environ, **record["environment"]})
    finally:
        if platform is not None:
            end(platform, signal.SIGTERM, patience_seconds=40)


def lint(_arguments: list[str]) -> int:
    """Run every linter and say which of them object."""
    env = {
        **os.environ,
        "SECRET_KEY": "not a secret: nothing is served",
        "PYTHONWARNINGS": "ignore:Got an error checking a consistent migration history",
    }

    def look(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )

    objecting = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, answer in zip(LINTERS, pool.map(look, LINTERS.values()), strict=True):
            report.say(f"{'ok  ' if answer.returncode == 0 else 'FAIL'} {name}")
            if answer.returncode:
                objecting.append(name)
                report.say(re.sub("^", "     ", (answer.stdout + answer.stderr).rstrip(), flags=re.MULTILINE))
    report.say("all linters agree" if not objecting else f"objections: {', '.join(objecting)}")
    return 1 if objecting else 0


def bench(arguments: list[str]) -> int:
    """Run a benchmark against fresh servers that keep what a commit promises."""
    with thrown_away(is_durable=True) as env:
        return run_python(["-m", "tests.bench", *arguments], env)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "test": test,
    "manage": manage,
    "story": story,
    "screens": screens,
    "lint": lint,
    "bench": bench,
}


def main() -> int:
    """Run the command that the first argument names."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return COMMANDS[sys.argv[1]](sys.argv[2:])
    except ServerFailed as error:
        report.say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
