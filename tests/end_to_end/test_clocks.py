"""Clocks that are wrong, and machines that were off: nothing is blasted, repeated or poisoned."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tests.clinic import Clinic, at, written

REMINDER = """\
- id: reminder
  when: 1 hour before start
  max_burst: none
  actions: [{send: email, to: customer, subject: s, body: "{appointment_id}"}]
"""


@pytest.fixture
def armed(clinic: Clinic) -> Clinic:
    clinic.write(REMINDER)
    assert clinic.run("2026-06-01T08:00Z") == {}
    return clinic


def test_a_clock_that_swings_around_a_due_instant_sends_once(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    due = at("2026-06-10T09:00Z")
    for swing in (-90, 90, -90, 0, 90, -90, 30, -30, 90):
        armed.run(due + timedelta(seconds=swing))
    assert armed.states() == {"sent": 1}
    assert len(armed.outbox()) == 1


def test_a_clock_that_went_back_an_hour_and_again_loses_and_repeats_nothing(armed: Clinic) -> None:
    for quarter in range(12):
        armed.book(f"b{quarter}", written(at("2026-06-10T09:00Z") + timedelta(minutes=15 * quarter)))
    for since, until in (("08:00", "09:20"), ("08:20", "09:40"), ("08:40", "11:00")):
        armed.every_minute(f"2026-06-10T{since}Z", f"2026-06-10T{until}Z")
    assert armed.states() == {"sent": 12}
    assert len(armed.outbox()) == 12


def test_after_one_run_in_a_far_year_later_reminders_are_on_time(armed: Clinic) -> None:
    armed.book("before", "2026-06-10T10:00Z")
    armed.run("2026-06-10T09:00Z")
    armed.run("2031-06-10T09:00Z")
    armed.book("after", "2026-06-10T10:30Z")
    armed.every_minute("2026-06-10T09:20Z", "2026-06-10T09:40Z")
    assert [(each["booking"], each["state"]) for each in armed.deliveries()] == [("before", "sent"), ("after", "sent")]
    after = next(each for each in armed.deliveries() if each["booking"] == "after")
    assert after["due_at"] == "2026-06-10T09:30:00Z"


def test_after_a_month_without_cron_only_what_still_makes_sense_goes_out_most_urgent_first(armed: Clinic) -> None:
    """Of 5,000 visits in a month, one every 8.64 minutes, three are inside the half hour that their reminders live."""
    begins = at("2026-06-01T10:00Z")
    rows = [(f"b{number:04}", begins + number * timedelta(seconds=518)) for number in range(5000)]
    armed.insert(rows)
    until = at("2026-07-01T07:00Z")
    report = armed.run(until, exits=1)
    live = [
        booking
        for booking, starts_at in rows
        if starts_at - timedelta(hours=1) <= until <= starts_at - timedelta(minutes=30)
    ]
    missed = sum(starts_at - timedelta(minutes=30) < until for _, starts_at in rows)
    assert len(live) == 3
    assert report == {"planned": len(live) + missed, "sent": len(live), "expired": missed}
    sent = sorted(path.read_text().rsplit("\n\n", 1)[1].strip() for path in armed.outbox())
    assert sent == live
    with closing(sqlite3.connect(armed.folder / "ledger.db")) as connection, connection:
        claimed = connection.execute(
            "SELECT booking FROM attempts JOIN deliveries ON deliveries.id = delivery ORDER BY attempts.id"
        ).fetchall()
    assert [booking for (booking,) in claimed] == live, "earliest deadline first"
    assert armed.run(until) == {}
