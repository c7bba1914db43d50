"""Reading the CSV files that master data and stock come in: all rows or none, every bad row named."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from omni.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHOWN_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row of a file: the line it starts on, and its cells by column, without spaces around them."""

    line: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        """Return a cell, empty when the file has no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a line cannot be taken."""

    line: int
    reason: str


class FileRefused(InvalidInput):
    """A file with bad rows; nothing of it was taken. `problems` names every one, in the order of lines."""

    code = "file_refused"

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        super().__init__(
            ngettext(
                "%(count)s problem; nothing was imported.", "%(count)s problems; nothing was imported.", len(problems)
            ),
            field="file",
            count=len(problems),
        )
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))

    def lines(self) -> list[str]:
        """Return what to print: a line a problem, and how many more there are after a hundred."""
        shown = [
            _("line %(line)s: %(reason)s") % {"line": problem.line, "reason": problem.reason}
            for problem in self.problems[:SHOWN_PROBLEMS]
        ]
        more = len(self.problems) - len(shown)
        return [*shown, *([_("and %(count)s more") % {"count": more}] if more else [])]


@dataclass(slots=True)
class Problems:
    """Collects what is wrong with a file."""

    found: list[RowProblem] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        """Note why a line cannot be taken."""
        self.found.append(RowProblem(line, reason))

    def refuse_if_any(self) -> None:
        """End the import when anything was found.

        :raises FileRefused: naming all of it.
        """
        if self.found:
            raise FileRefused(self.found)


def read_csv(content: bytes, *, required: Sequence[str], optional: Sequence[str] = ()) -> list[CsvRow]:
    """Read a UTF-8 file (a byte order mark is fine) whose first line names its columns, in any order.

    Blank lines are skipped. Rows are only split here; what their cells mean is the caller's.

    :raises FileRefused: when it is not UTF-8 text or not CSV, a column is missing, unknown or named twice, or a row
        has more or fewer cells than there are columns.
    """
    records = _records(_decode(content))
    header_line, header = next(records, (1, []))
    columns = [name.strip().lower() for name in header]
    problems = Problems()
    _check_columns(columns, header_line, required, optional, problems)
    problems.refuse_if_any()
    rows = []
    for line, record in records:
        if len(record) == len(columns):
            rows.append(CsvRow(line, dict(zip(columns, (cell.strip() for cell in record), strict=True))))
        else:
            reason = _("%(found)s cells where there are %(expected)s columns")
            problems.add(line, reason % {"found": len(record), "expected": len(columns)})
    problems.refuse_if_any()
    return rows


def _decode(content: bytes) -> str:
    """Return the text of a file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileRefused([RowProblem(line, _("not UTF-8 text; save the file as CSV UTF-8"))]) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileRefused([RowProblem(line, _("a NUL character, which no text has"))])
    return text


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (the line it starts on, cells) of every record that is not blank."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        reason = _("not CSV: %(error)s") % {"error": error}
        raise FileRefused([RowProblem(line, reason)]) from error


def _check_columns(
    columns: Sequence[str], line: int, required: Sequence[str], optional: Sequence[str], problems: Problems
) -> None:
    """Compare the columns of a file with those it may have."""
    for name in required:
        if name not in columns:
            problems.add(line, _("the column %(name)s is missing") % {"name": name})
    for position, name in enumerate(columns):
        if name in columns[:position]:
            problems.add(line, _("the column %(name)s is there twice") % {"name": name})
        elif name not in required and name not in optional:
            problems.add(line, _("the column %(name)s is unknown") % {"name": name or "“”"})
