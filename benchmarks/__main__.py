"""Runs every benchmark and prints its ratio: `make bench`, or `python -m benchmarks idle planning`."""

from __future__ import annotations

import platform
import sqlite3
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import commands, growth, idle, past, planning, sending
from benchmarks.measure import Row

BENCHMARKS = {
    "idle": idle.run,
    "planning": planning.run,
    "sending": sending.run,
    "commands": commands.run,
    "growth": growth.run,
    "past": past.run,
}
SMALL = "--small"  # a million bookings instead of five: two minutes less


def main() -> None:
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}")
    wanted = [each for each in sys.argv[1:] if each != SMALL] or [*BENCHMARKS]
    if unknown := set(wanted) - BENCHMARKS.keys():
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}, and {SMALL}")
    benchmarks = BENCHMARKS | ({"growth": partial(growth.run, most=1_000_000)} if SMALL in sys.argv else {})
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="reminderctl-bench-") as room:
            for row in benchmarks[name](Path(room)):
                print_row(row)


def print_row(row: Row) -> None:
    print(f"{row.what:78} {row.measured:>11} : {row.baseline:<11} = {row.ratio:6.2f}   goal {row.goal}", flush=True)


if __name__ == "__main__":
    main()
