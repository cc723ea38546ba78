"""Runs every benchmark and prints its ratio: `make bench`."""

from __future__ import annotations

import platform
import sqlite3
import sys
import tempfile
from pathlib import Path

from benchmarks import idle, planning, sending
from benchmarks.measure import Row


def main() -> None:
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}")
    wanted = sys.argv[1:]
    for benchmark in (idle, planning, sending):
        name = benchmark.__name__.rpartition(".")[2]
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="reminderctl-bench-") as room:
            for row in benchmark.run(Path(room)):
                print_row(row)


def print_row(row: Row) -> None:
    print(f"{row.what:62} {row.measured:>14} : {row.baseline:<14} = {row.ratio:6.2f}   goal {row.goal}", flush=True)


if __name__ == "__main__":
    main()
