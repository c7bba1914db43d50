"""Run a measurement: python -m tests.bench NAME [--json FILE]. `bin/bench` starts the servers it needs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path

import django

from tests.bench.rows import Row, as_table, names_of_benches


def main() -> int:
    """Measure, print a table and, when asked, write the rows as JSON."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("name", choices=names_of_benches())
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file as well")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")
    django.setup()
    rows: list[Row] = import_module(f"tests.bench.{arguments.name}").measure()
    print(as_table(rows))  # noqa: T201  # a report for a terminal
    if arguments.json:
        report = {"name": arguments.name, "rows": [row.as_json() for row in rows]}
        arguments.json.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
