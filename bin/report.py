"""What the commands print."""

import json
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is done and how long it took."""
    started_at = time.monotonic()
    print(f"  {what} … ", end="", flush=True)
    try:
        yield
    except BaseException:
        print("not done", flush=True)
        raise
    print(f"{time.monotonic() - started_at:.1f} s", flush=True)


def width(text: str) -> int:
    """Return how many columns of a terminal the text takes; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(rows: list[tuple[str, ...]]) -> str:
    """Return the rows in aligned columns."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row)]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def print_sign_ins(url: str, sandbox_url: str | None, folder: Path, *, seconds: float) -> None:
    """Print where each audience signs in, with the demo accounts that the preparation has written down."""
    rows: list[tuple[str, ...]] = [("Shop", url + "/", "", "")]
    try:
        demo = json.loads((folder / "sign-ins.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        demo = []
    if demo:
        rows = [(audience, url + path, user, password) for audience, path, user, password in demo]
    listed = {row[1] for row in rows}
    for audience, path in (("Admin", "/admin/"), ("API docs", "/api/v1/docs/")):
        if url + path not in listed:
            rows.append((audience, url + path, "", ""))
    if sandbox_url:
        rows.append(("Sandbox: wallet, courier, messages", f"{sandbox_url}/", "", ""))
    say(f"\nReady after {seconds:.0f} s. Data and logs are in {folder}. Ctrl-C stops everything.\n")
    say(table([("", "where", "user", "password"), *rows]) + "\n")
    sys.stdout.flush()
