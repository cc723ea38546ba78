"""However the minutes of cron fall, the same deliveries are owed (a property over random bookings, zones, triggers)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderctl import bookings, ledger
from reminderctl.bookings import SqliteBookings, open_bookings
from reminderctl.core import timing
from reminderctl.ledger import Ledger, history
from reminderctl.model import Action, Config, Trigger, Window, Workflow
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import owed_in, read
from reminderctl.tick.report import Report

# Around the changes of Europe, North America, Lord Howe and Morocco (Ramadan) in 2026.
CHANGES = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 4, tzinfo=UTC), datetime(2026, 2, 15, tzinfo=UTC)]
ZONES = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", None]
SENTENCES = [
    "10 minutes before end",
    "24 hours before start",
    "1 day before start",
    "2 days after end",
    "1 week before start",
    "1 day before start at 02:30",
    "0 days before start at 06:00",
    "1 day after end at 09:00",
    "at start",
]

instants = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-4 * 1440, 4 * 1440),
)
booked = st.lists(st.tuples(instants, st.integers(0, 180), st.sampled_from(ZONES)), min_size=1, max_size=12)
triggers = st.lists(
    st.sampled_from(SENTENCES).map(timing.parse_trigger), min_size=1, max_size=3, unique_by=lambda each: each.identity
)
intervals = st.tuples(instants, st.lists(st.integers(1, 3000), min_size=1, max_size=8))


def house(folder: Path, rule: Workflow) -> Config:
    return Config(
        files=(folder / "w.yaml",),
        timezone="Europe/Madrid",
        bookings=folder / "bookings.db",
        ledger=folder / "ledger.db",
        workflows=(rule,),
    )


def workflow(chosen: list[Trigger]) -> Workflow:
    action = Action(id="email", channel="email", to=("admin@example.com",), circuit="email", message={})
    return Workflow(id="w", triggers=tuple(chosen), actions=(action,))


def write(path: Path, rows: list[tuple[datetime, int, str | None]]) -> None:
    bookings.create(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO bookings (id, starts_at, ends_at, timezone) VALUES (?, ?, ?, ?)",
            [
                (
                    f"b{number}",
                    timing.instant_text(starts),
                    timing.instant_text(starts + timedelta(minutes=length)),
                    zone,
                )
                for number, (starts, length, zone) in enumerate(rows)
            ],
        )


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(rows=booked, chosen=triggers, interval=intervals)
def test_splitting_an_interval_into_windows_owes_the_same_as_the_whole(
    rows: list[tuple[datetime, int, str | None]],
    chosen: list[Trigger],
    interval: tuple[datetime, list[int]],
) -> None:
    with TemporaryDirectory() as room:
        folder = Path(room)
        write(folder / "bookings.db", rows)
        rule = workflow(chosen)
        config = house(folder, rule)
        edges = [interval[0]]
        for minutes in interval[1]:
            edges.append(edges[-1] + timedelta(minutes=minutes))
        with SqliteBookings(folder / "bookings.db") as opened:
            whole = [each.key for each in owed_in(Window(edges[0], edges[-1]), [rule], bookings=opened, config=config)]
            parts = [
                each.key
                for window in map(Window, edges[:-1], edges[1:])
                for each in owed_in(window, [rule], bookings=opened, config=config)
            ]
            by_hand = [
                trigger.identity
                for starts, length, zone in rows
                for trigger in chosen
                if _due_in(trigger, starts, starts + timedelta(minutes=length), zone, Window(edges[0], edges[-1]))
            ]
        assert sorted(parts) == sorted(whole)
        assert len(set(whole)) == len(whole)
        assert len(whole) == len(by_hand), "the range asked of the index left something out"


def _due_in(trigger: Trigger, starts: datetime, ends: datetime, zone: str | None, window: Window) -> bool:
    event = starts if trigger.anchor == "start" else ends
    found = timing.find_zone(zone or "Europe/Madrid")
    assert found
    due = timing.due_at(trigger, event, zone=found)
    return window.since < due <= window.until and not (trigger.before and due >= event)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=booked, chosen=triggers, interval=intervals)
def test_nothing_is_planned_twice_and_nothing_inside_its_grace_is_missed(
    rows: list[tuple[datetime, int, str | None]],
    chosen: list[Trigger],
    interval: tuple[datetime, list[int]],
) -> None:
    with TemporaryDirectory() as room:
        folder = Path(room)
        write(folder / "bookings.db", rows)
        ledger.create(folder / "ledger.db")
        rule = workflow(chosen)
        config = house(folder, rule)
        runs = [interval[0]]
        for minutes in interval[1]:
            runs.append(runs[-1] + timedelta(minutes=minutes))
        with open_bookings(config) as opened, Ledger(config.ledger) as book:
            for number, now in enumerate(runs):
                for _ in range(2):  # every run twice
                    reading = read(config, book, bookings=opened, now=now)
                    with book.transaction():
                        plan(config, book, bookings=opened, reading=reading, run=number, now=now, report=Report(now))
            owed = list(owed_in(Window(runs[0], runs[-1]), [rule], bookings=opened, config=config))
            recorded = {record.key: record.state for record in history.find(book)}
        assert recorded.keys() == {each.key for each in owed}
        for each in owed:  # nothing sends here, so what is given up is what the last run found past its deadline
            assert (recorded[each.key] == "expired") is (runs[-1] > each.expires_at)
