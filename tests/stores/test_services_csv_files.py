"""Reading CSV files."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from stores.services import FileRefused, read_csv


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def read(content: bytes | str) -> list[tuple[int, dict[str, str]]]:
    data = content.encode() if isinstance(content, str) else content
    return [(row.line, row.cells) for row in read_csv(data, required=("code", "name"), optional=("note",))]


def problems(content: bytes | str) -> list[tuple[int, str]]:
    with pytest.raises(FileRefused) as refusal:
        read(content)
    assert refusal.value.params == {"count": len(refusal.value.problems)}
    return [(problem.line, problem.reason) for problem in refusal.value.problems]


def test_read_csv_takes_columns_in_any_order_and_trims_cells() -> None:
    assert read(" Name ,code\n 静安店 , A1 \n") == [(2, {"name": "静安店", "code": "A1"})]


def test_read_csv_takes_a_byte_order_mark_windows_lines_and_no_last_newline() -> None:
    assert read("\ufeffcode,name\r\nA,b\r\nC,d") == [
        (2, {"code": "A", "name": "b"}),
        (3, {"code": "C", "name": "d"}),
    ]


def test_read_csv_counts_lines_past_blank_ones_and_line_breaks_in_cells() -> None:
    rows = read('code,name\n\nA,"one\ntwo"\n , \nB,"x, ""y"""\n')

    assert rows == [(3, {"code": "A", "name": "one\ntwo"}), (6, {"code": "B", "name": 'x, "y"'})]


def test_read_csv_of_a_file_with_only_a_header_has_no_rows() -> None:
    assert read("code,name\n") == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", [(1, "the column code is missing"), (1, "the column name is missing")]),
        ("code,note\nA,b\n", [(1, "the column name is missing")]),
        ("code,name,code\n", [(1, "the column code is there twice")]),
        ("code,name,size\n", [(1, "the column size is unknown")]),
        ("code,name,\n", [(1, "the column “” is unknown")]),
        ("code,name\nA\nE,f\n", [(2, "1 cells where there are 2 columns")]),
        ("code,name\nE,f\nB,c,d\n", [(3, "3 cells where there are 2 columns")]),
        ('code,name\nA,b\nC,"d\n', [(3, "not CSV: unexpected end of data")]),
        ('code,name\nA,"b"c\n', [(2, "not CSV: ',' expected after '\"'")]),
        ("code,name\nA,b\nC,\0\n", [(3, "a NUL character, which no text has")]),
        ("code,name\nA,静安\n".encode("gb18030"), [(2, "not UTF-8 text; save the file as CSV UTF-8")]),
        ("code,name\n".encode("utf-16"), [(1, "not UTF-8 text; save the file as CSV UTF-8")]),
    ],
)  # fmt: skip
def test_read_csv_of_a_file_it_cannot_take_names_the_lines(
    content: bytes | str, expected: list[tuple[int, str]]
) -> None:
    assert problems(content) == expected


def test_file_refused_shows_a_hundred_problems_and_counts_the_rest() -> None:
    with pytest.raises(FileRefused) as refusal:
        read("code,name\n" + "A\n" * 130)

    lines = refusal.value.lines()
    assert len(lines) == 101
    assert lines[0] == "line 2: 1 cells where there are 2 columns"
    assert lines[-1] == "and 30 more"
    assert refusal.value.message == "130 problems; nothing was imported."
