"""Runs that overlap: what one has read before its transaction began, when another has planned in between."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import pytest

from reminderctl import config
from reminderctl.bookings import BookingSource, open_bookings
from reminderctl.ledger import Ledger, runs
from reminderctl.model import Config
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import Reading, read
from reminderctl.tick.report import Report
from tests.clinic import Clinic, at
from tests.end_to_end.test_when_it_fires import reminder


class Minutes:
    """Runs of one clinic, whose halves are called one by one."""

    def __init__(self, found: Config, ledger: Ledger, bookings: BookingSource) -> None:
        self._config, self._ledger, self._bookings = found, ledger, bookings

    def read(self, now: str) -> Reading:
        return read(self._config, self._ledger, bookings=self._bookings, now=at(now))

    def plan(self, reading: Reading) -> dict[str, int]:
        now: datetime = reading.now
        report = Report(now)
        with runs.Run(self._ledger) as run, self._ledger.transaction():
            run.begin(now)
            plan(
                self._config, self._ledger, bookings=self._bookings, reading=reading, run=run.id, now=now, report=report
            )
        return {name: count for name, count in report.counts.items() if count}


@contextmanager
def minutes_of(clinic: Clinic) -> Iterator[Minutes]:
    found = config.load(clinic.folder / "workflows.yaml", os.environ)
    with Ledger(found.ledger) as ledger, open_bookings(found) as bookings:
        yield Minutes(found, ledger, bookings)


@pytest.fixture
def armed(clinic: Clinic) -> Clinic:
    clinic.write(reminder())
    clinic.run("2026-06-01T08:00Z")
    clinic.run("2026-06-09T09:59Z")
    return clinic


def test_what_a_later_reading_found_owed_is_not_withdrawn_by_an_earlier_one(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    with minutes_of(armed) as minutes:
        minutes.plan(minutes.read("2026-06-09T10:00Z"))
        armed.set_status("b1", "rejected")
        slow = minutes.read("2026-06-09T10:01Z")
        assert [each.current for each in slow.checked.found] == [None]
        armed.set_status("b1", "approved")
        assert minutes.plan(minutes.read("2026-06-09T10:02Z")) == {}
        assert minutes.plan(slow) == {}
        assert armed.states() == {"pending": 1}
        armed.set_status("b1", "rejected")
        assert minutes.plan(minutes.read("2026-06-09T10:03Z")) == {"canceled": 1}


def test_of_two_that_read_the_same_one_plans_and_the_other_finds_nothing_new(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    with minutes_of(armed) as minutes:
        first, second = minutes.read("2026-06-09T10:00Z"), minutes.read("2026-06-09T10:01Z")
        assert minutes.plan(second) == {"planned": 1}
        assert minutes.plan(first) == {}


def test_a_booking_that_came_after_the_reading_is_found_by_the_next_run(armed: Clinic) -> None:
    """The reading began after its run's now: what comes later falls due later, or is late."""
    with minutes_of(armed) as minutes:
        first, second = minutes.read("2026-06-09T10:00Z"), minutes.read("2026-06-09T10:01Z")
        armed.book("b1", "2026-06-10T10:01Z")
        armed.book("b2", "2026-06-10T10:02Z")
        assert minutes.plan(second) == {}
        assert minutes.plan(first) == {}
        assert minutes.plan(minutes.read("2026-06-09T10:02Z")) == {"planned": 2}


def test_a_watermark_does_not_pass_what_was_not_read(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T09:30Z")
    with minutes_of(armed) as minutes:
        reading = minutes.read("2026-06-09T10:10Z")
        change_ledger(armed, "UPDATE watermarks SET planned_until = '2026-06-09T09:00:00Z'")
        assert minutes.plan(reading) == {"planned": 1}


def test_what_was_read_before_its_trigger_was_armed_anew_does_not_fire(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    armed.book("b2", "2026-06-10T10:05Z")
    with minutes_of(armed) as minutes:
        reading = minutes.read("2026-06-09T10:10Z")
        change_ledger(armed, "UPDATE watermarks SET armed_at = '2026-06-09T10:02:00Z'")
        assert minutes.plan(reading) == {"planned": 1}
        assert [each["booking"] for each in armed.deliveries()] == ["b2"]


def change_ledger(clinic: Clinic, statement: str) -> None:
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        connection.execute(statement)
