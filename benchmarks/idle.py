"""The idle tick: nothing due, 50 workflows, 100,000 bookings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import clinic
from benchmarks.measure import Row, best_of, finish

BASELINE = [sys.executable, "-c", "import click, yaml, sqlite3, msgspec"]


def run(room: Path) -> Iterator[Row]:
    """Against the start of a Python that imports the libraries a tick cannot do without."""
    path = clinic.build(room / "idle", triggers=clinic.mixed_triggers(50))
    clinic.add_bookings(path.parent, 100_000)
    tick = clinic.command(path, "run")
    subprocess.run(tick, check=True)  # checks the templates, arms the triggers
    baseline, idle = best_of(
        15, *(lambda command=command: subprocess.run(command, check=True) for command in (BASELINE, tick))
    )
    yield Row("idle tick, time", f"{idle * 1000:.0f} ms", f"{baseline * 1000:.0f} ms", idle / baseline, "<= 1.5")
    used, least = finish(tick).memory, finish(BASELINE).memory
    yield Row("idle tick, peak memory", f"{used:.1f} MB", f"{least:.1f} MB", used / least, "<= 1.3")
