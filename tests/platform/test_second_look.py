"""What fails of all tests is looked at once more, alone, and told apart from what passes at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bin import commands

SUITE = """<testsuites><testsuite tests="3" failures="0" errors="0" skipped="1" time="2.5">
<testcase classname="tests.test_a" name="test_steady"/>
<testcase classname="tests.test_a" name="test_left_out"><skipped/></testcase>
<testcase classname="tests.test_a" name="test_shaky">{}</testcase>
</testsuite></testsuites>"""
AGAIN = """<testsuites><testsuite tests="1" time="1"><testcase classname="tests.test_a" name="test_shaky">{}</testcase>
</testsuite></testsuites>"""
FAILURE, ERROR = "<failure/>", "<error/>"


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Let each call of pytest end as the next of a list says: its status, and what it writes down."""
    waiting: list[tuple[int, str]] = []

    def run_python(arguments: Sequence[str], env: Mapping[str, str]) -> int:
        status, text = waiting.pop(0)
        if text:
            Path(arguments[-1].removeprefix("--junitxml=")).write_text(text)
        return status

    monkeypatch.setattr(commands, "run_python", run_python)
    return waiting


@pytest.mark.parametrize("trouble", [FAILURE, ERROR])
def test_failure_that_passes_alone_is_told_and_forgiven(
    outcomes: list[tuple[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str], trouble: str
) -> None:
    outcomes += [(1, SUITE.format(trouble)), (0, AGAIN.format(""))]

    status = commands.run_tests("browser", tmp_path, {})
    commands.print_totals(tmp_path)

    said = capsys.readouterr().out
    assert (status, outcomes) == (0, [])
    assert "failed at first, passed alone: tests.test_a.test_shaky" in said
    assert "2 passed, 0 failed, 1 skipped, 1 passed at the second look only in 2.5s" in said


def test_failure_that_stays_fails(
    outcomes: list[tuple[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes += [(1, SUITE.format(FAILURE)), (1, AGAIN.format(FAILURE))]

    status = commands.run_tests("browser", tmp_path, {})
    commands.print_totals(tmp_path)

    said = capsys.readouterr().out
    assert status == 1
    assert "passed alone" not in said
    assert "1 passed, 1 failed, 1 skipped in 2.5s" in said


@pytest.mark.parametrize(
    "outcome", [(0, SUITE.format("")), (2, ""), (1, SUITE.format("")), (5, SUITE.format(""))],
    ids=["passes", "breaks off", "fails outside of any test", "has no test"],
)  # fmt: skip
def test_nothing_else_is_looked_at_twice(
    outcomes: list[tuple[int, str]], tmp_path: Path, outcome: tuple[int, str]
) -> None:
    outcomes.append(outcome)

    assert commands.run_tests("browser", tmp_path, {}) == outcome[0]


def test_many_failures_are_no_accident(
    outcomes: list[tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "SECOND_LOOKS", 0)
    outcomes.append((1, SUITE.format(FAILURE)))

    assert commands.run_tests("not browser", tmp_path, {}) == 1


def test_second_look_that_breaks_off_says_nothing_of_the_rest(
    outcomes: list[tuple[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes += [(1, SUITE.format(FAILURE)), (2, AGAIN.format(""))]

    assert commands.run_tests("not browser", tmp_path, {}) == 2

    commands.print_totals(tmp_path)
    assert "1 passed, 1 failed, 1 skipped in 2.5s" in capsys.readouterr().out
