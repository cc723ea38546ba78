"""Planning: what it costs to find what is due, and to record it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import house
from benchmarks.measure import Row, best_of
from reminderctl import config
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger
from reminderctl.model import Config, Window
from reminderctl.tick.plan import owed_in, plan
from reminderctl.tick.report import Report


def run(room: Path) -> Iterator[Row]:
    """Nothing due among many bookings against few; and 10,000 that are due."""
    triggers = [f"{number + 1} hours before start" for number in range(50)]
    triggers += [f"{number + 1} days before start" for number in range(50)]
    times = {}
    for number in (1_000, 1_000_000):
        path = house.build(
            room / f"of-{number}", number_of_bookings=number, triggers=triggers, spread=timedelta(days=730)
        )
        house_config = config.load(path, os.environ)
        with Bookings(house_config.bookings) as opened:
            (times[number],) = best_of(20, lambda at=house_config, found=opened: _nothing_due(at, found))
    few, many = times[1_000], times[1_000_000]
    ratio = many / few
    yield Row(
        "due computation, 1,000,000 bookings : 1,000",
        f"{many * 1000:.2f} ms",
        f"{few * 1000:.2f} ms",
        ratio,
        "<= 1.2, < 5 ms",
    )
    yield _ten_thousand(room)


def _nothing_due(found: Config, opened: Bookings) -> None:
    window = Window(house.NOW - timedelta(minutes=6), house.NOW)
    assert not list(owed_in(window, list(found.workflows), opened, config=found))


def _ten_thousand(room: Path) -> Row:
    path = house.build(room / "due", number_of_bookings=1, triggers=["1 day before start"], spread=timedelta(days=1))
    rows = [(f"d{number}", house.NOW + timedelta(days=1, seconds=-(number % 3600))) for number in range(10_000)]
    house.insert_bookings(path.parent, rows)
    found = config.load(path, os.environ)
    with Bookings(found.bookings) as opened, Ledger(found.ledger) as book:
        earlier = house.NOW - timedelta(hours=2)
        with book.transaction():
            plan(found, book, opened, run=1, now=earlier, report=Report(earlier))
        report = Report(house.NOW)
        began = time.perf_counter()
        with book.transaction():
            plan(found, book, opened, run=2, now=house.NOW, report=report)
        took = time.perf_counter() - began
    planned = report.counts["planned"]
    assert planned == 10_000, planned
    rate = planned / took
    return Row("planning 10,000 due deliveries", f"{rate:,.0f}/s", "20,000/s", rate / 20_000, ">= 1")
