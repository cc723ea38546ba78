"""Runs every benchmark and prints its ratio: `make bench`, or `python -m benchmarks idle planning`."""

from __future__ import annotations

import platform
import sqlite3
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import commands, growth, idle, past, planning, sending, sources
from benchmarks.measure import Row

BENCHMARKS = {
    "idle": idle.run,
    "planning": planning.run,
    "sending": sending.run,
    "commands": commands.run,
    "growth": growth.run,
    "past": past.run,
    "sources": sources.run,
}
SMALL = "--small"  # a million bookings instead of five: two minutes less
LARGE = "--large"  # sources of five million bookings, too: several minutes and 4 GB more


def main() -> None:
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}")
    wanted = [each for each in sys.argv[1:] if each not in (SMALL, LARGE)] or [*BENCHMARKS]
    if unknown := set(wanted) - BENCHMARKS.keys():
        sys.exit(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}, {SMALL} and {LARGE}"
        )
    benchmarks = BENCHMARKS | ({"growth": partial(growth.run, most=1_000_000)} if SMALL in sys.argv else {})
    benchmarks |= {"sources": partial(sources.run, large=LARGE in sys.argv)}
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="reminderctl-bench-") as room:
            for row in benchmarks[name](Path(room)):
                print_row(row)


def print_row(row: Row) -> None:
    print(f"{row.what:78} {row.measured:>11} : {row.baseline:<11} = {row.ratio:6.2f}   goal {row.goal}", flush=True)


if __name__ == "__main__":
    main()
