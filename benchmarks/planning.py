"""Planning: what it costs to record 10,000 deliveries that are due."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import clinic
from benchmarks.measure import Row
from reminderctl.bookings import open_bookings
from reminderctl.config import load
from reminderctl.ledger import Ledger
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import read
from reminderctl.tick.report import Report

NUMBER = 10_000
GOAL = 20_000  # a second
ROUNDS = 10


def run(room: Path) -> Iterator[Row]:
    """By one workflow; and the same number by 1,000 workflows, each of which finds ten."""
    one, many = (
        min(_plan(room / f"{number}-{turn}", workflows=number) for turn in range(ROUNDS)) for number in (1, 1000)
    )
    rate = NUMBER / one
    yield Row(f"planning {NUMBER:,} due deliveries", f"{rate:,.0f}/s", f"{GOAL:,}/s", rate / GOAL, ">= 1")
    yield Row(
        f"the same by 1,000 workflows : by 1, {NUMBER:,} in all",
        f"{many * 1000:.0f} ms",
        f"{one * 1000:.0f} ms",
        many / one,
        "-",
    )
    crowd, alone = (
        min(_look_again(room / f"{kind.__name__}-{turn}", kind) for turn in range(3))
        for kind in (clinic.add_crowd, clinic.add_lonely)
    )
    what = f"looking again at {NUMBER:,} that wait, of one booking : of as many"
    yield Row(what, f"{crowd * 1000:.0f} ms", f"{alone * 1000:.0f} ms", crowd / alone, "-")


def _look_again(room: Path, book_in: Callable[[Path, int], None]) -> float:
    """The seconds that a run takes to find that nothing which waits has changed."""
    path = clinic.build(room, triggers=["1440 minutes before start"])
    config = load(path, os.environ)
    times = [clinic.NOW + timedelta(minutes=minutes) for minutes in range(-1, 2)]
    with open_bookings(config) as opened, Ledger(config.ledger) as book:
        for run, now in enumerate(times, 1):
            report = Report(now)
            began = time.perf_counter()
            reading = read(config, book, bookings=opened, now=now)
            with book.transaction():
                plan(config, book, bookings=opened, reading=reading, run=run, now=now, report=report)
            took = time.perf_counter() - began
            if run == 1:
                book_in(room, NUMBER)
            if run == 2:
                assert report.counts["planned"] >= NUMBER, report.counts
    return took


def _plan(room: Path, *, workflows: int) -> float:
    """The seconds that it takes to plan as many deliveries, each workflow's trigger a minute after the one before."""
    path = clinic.build(room, triggers=[f"{1440 + 60 * number} minutes before start" for number in range(workflows)])
    config = load(path, os.environ)
    with open_bookings(config) as opened, Ledger(config.ledger) as book:
        earlier = clinic.NOW - timedelta(hours=1)
        reading = read(config, book, bookings=opened, now=earlier)
        with book.transaction():
            plan(config, book, bookings=opened, reading=reading, run=1, now=earlier, report=Report(earlier))
        first = earlier + timedelta(days=1, seconds=1)
        clinic.add_bookings(room, NUMBER, first=first, spread=timedelta(hours=workflows) - timedelta(seconds=2))
        report = Report(clinic.NOW)
        began = time.perf_counter()
        reading = read(config, book, bookings=opened, now=clinic.NOW)
        with book.transaction():
            plan(config, book, bookings=opened, reading=reading, run=2, now=clinic.NOW, report=report)
        took = time.perf_counter() - began
    assert report.counts["planned"] == NUMBER, report.counts
    return took
