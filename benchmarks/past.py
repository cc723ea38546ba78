"""A ledger with a long past, and one in which many wait: what a run and what a person then waits for."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks import house
from benchmarks.measure import Row, best_of, finish

SETTLED, WAITING = 2_000_000, 100_000
TICKS, MEMORY = 9, 60
YESTERDAY = house.NOW - timedelta(days=1)
CLOSED = "channels:\n  email: {host: 127.0.0.1, port: 1, security: none, from: clinic@example.com}\n"


def run(room: Path, *, settled: int = SETTLED) -> Iterator[Row]:
    """Against the same with an empty ledger."""
    empty = _armed(room / "empty")
    past = _armed(room / "past")
    add_settled(past.parent, settled)
    yield from _compare_ticks(f"idle tick, ledger of {settled:,} settled", past, empty, goal="<= 1.2")
    for command in (("status",), ("deliveries", "list"), ("deliveries", "list", "--state", "failed"), ("upcoming",)):
        yield _look(past, command, f"ledger of {settled:,} settled")
    waiting = _armed(room / "waiting")
    add_waiting(waiting.parent, WAITING)
    subprocess.run(house.command(waiting, "run"), check=False, capture_output=True)  # checks them all, once
    yield from _compare_ticks(f"idle tick, {WAITING:,} waiting behind a pause", waiting, empty, goal="<= 2")
    with closing(sqlite3.connect(waiting.parent / "bookings.db")) as connection, connection:
        connection.execute("UPDATE bookings SET fields = '{\"changed\": 1}' WHERE rowid = 1")
    yield from _compare_ticks("the same, each minute after a change of bookings.db", waiting, empty, goal="<= 2")


def _armed(folder: Path) -> Path:
    """50 workflows and 100,000 bookings, of which nothing falls due."""
    path = house.build(folder, triggers=house.mixed_triggers(50))
    house.add_bookings(folder, 100_000)
    path.write_text(path.read_text(encoding="utf-8").replace("outbox: outbox\n", CLOSED), encoding="utf-8")
    os.utime(path, times=(1_700_000_000, 1_700_000_000))
    os.utime(folder / "bookings.db", times=(1_700_000_000, 1_700_000_000))
    subprocess.run(house.command(path, "run"), check=True)
    return path


def add_settled(folder: Path, number: int) -> None:
    """Let so many deliveries have been sent in the last two years, with an attempt each; one in a hundred failed."""
    _insert(
        folder,
        """
        INSERT INTO deliveries (key, workflow, trigger, action, channel, lane, booking, recipient, address, event_at,
            due_at, expires_at, planned_by, state, attempts, provider_id, error, settled_at)
        SELECT printf('%032x', number), 'w' || (number % 50), '1 day before start', 'email', 'email', 'email',
            'old' || number, 'customer:c' || (number % 100000), 'c' || (number % 100000) || '@example.com',
            STRFTIME('%Y-%m-%dT%H:%M:%SZ', at + 86400, 'unixepoch'), STRFTIME('%Y-%m-%dT%H:%M:%SZ', at, 'unixepoch'),
            STRFTIME('%Y-%m-%dT%H:%M:%SZ', at + 43200, 'unixepoch'), 1,
            CASE WHEN number % 100 THEN 'sent' ELSE 'failed' END, 1, '<' || number || '@example.com>',
            CASE WHEN number % 100 = 0 THEN '550 no such mailbox' END,
            STRFTIME('%Y-%m-%dT%H:%M:%SZ', at + 2, 'unixepoch')
        FROM (SELECT number, :first + number * :span / :number AS at FROM numbers)
        """,
        number,
    )
    _insert(
        folder,
        """
        INSERT INTO attempts (delivery, run, started_at, ended_at, outcome)
        SELECT id, 1, due_at, settled_at, state FROM deliveries WHERE id <= :number + 1 + 0 * :first * :span
        """,
        number,
    )


def add_waiting(folder: Path, number: int) -> None:
    """Let so many bookings of tomorrow wait for a message, in a lane that is down until tomorrow."""
    house.add_bookings(folder, number, first=house.NOW + timedelta(hours=20), spread=timedelta(minutes=30))
    os.utime(folder / "bookings.db", times=(1_700_000_000, 1_700_000_000))


def _insert(folder: Path, statement: str, number: int) -> None:
    with closing(sqlite3.connect(folder / "ledger.db")) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -524288")
        numbers = """
            WITH RECURSIVE numbers (number) AS (
                SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :number
            )
        """
        span = timedelta(days=730)
        first = (YESTERDAY - span).timestamp()
        values = {"number": number, "first": int(first), "span": int(span.total_seconds())}
        connection.execute(f"{numbers} {statement}", values)
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _compare_ticks(what: str, path: Path, empty: Path, *, goal: str) -> Iterator[Row]:
    commands = [house.command(each, "run", now=house.NOW + timedelta(minutes=1)) for each in (empty, path)]
    quiet = partial(subprocess.run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    baseline, tick = best_of(TICKS, *(partial(quiet, command) for command in commands))
    yield Row(f"{what}: time", f"{tick * 1000:.0f} ms", f"{baseline * 1000:.0f} ms", tick / baseline, goal)
    used = finish(commands[1]).memory
    yield Row("the same: peak memory", f"{used:.0f} MB", f"{MEMORY} MB", used / MEMORY, "<= 1")


def _look(path: Path, arguments: tuple[str, ...], what: str) -> Row:
    command = house.command(path, *arguments)
    quiet = partial(subprocess.run, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    (took,) = best_of(3, quiet)
    return Row(f"`{' '.join(arguments)}`, {what}", f"{took * 1000:.0f} ms", "1,000 ms", took, "<= 1")
