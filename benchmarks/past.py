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

from benchmarks import clinic
from benchmarks.measure import Row, best_of, cpu_of_commands, finish

SETTLED, WAITING = 2_000_000, 100_000
TICKS, MEMORY = 9, 60
LONG_AGO = 1_700_000_000  # seconds since 1970
YESTERDAY = clinic.NOW - timedelta(days=1)
CLOSED = "channels:\n  email: {host: 127.0.0.1, port: 1, security: none, from: clinic@example.com}\n"


def run(room: Path, *, settled: int = SETTLED, waiting: int = WAITING) -> Iterator[Row]:
    """Against the same with an empty ledger; for what a person waits for, against one second.

    In seconds of CPU, as a run takes little else, and others may work on the machine.
    """
    empty = _armed(room / "empty")
    past = _armed(room / "past")
    add_settled(past.parent, settled)
    yield from _compare_ticks(f"idle tick, {settled:,} settled deliveries : none", past, empty, goal="<= 1.2")
    for words in ("status", "deliveries list --limit 500", "deliveries list --state failed --limit 500", "upcoming"):
        yield _look(past, words, f"{settled:,} settled")
    crowded = _armed(room / "crowded")
    add_waiting(crowded, waiting)
    what = f"idle tick, {waiting:,} waiting behind a paused channel : none"
    yield from _compare_ticks(what, crowded, empty, goal="<= 2")
    what = "the same where bookings.db has changed since the last tick"
    yield from _compare_ticks(what, crowded, empty, goal="<= 2", changing=True)


def _armed(folder: Path) -> Path:
    """50 workflows and 100,000 bookings, of which nothing falls due."""
    path = clinic.build(folder, triggers=clinic.mixed_triggers(50))
    clinic.add_bookings(folder, 100_000)
    path.write_text(path.read_text(encoding="utf-8").replace("outbox: outbox\n", CLOSED), encoding="utf-8")
    os.utime(path, times=(LONG_AGO, LONG_AGO))
    _touch(folder, 0)
    subprocess.run(clinic.command(path, "run"), check=True)
    return path


def add_settled(folder: Path, number: int) -> None:
    """Let so many deliveries have been sent in the last two years, with an attempt each; one in a hundred failed."""
    _insert(
        folder,
        """
        INSERT INTO deliveries (key, workflow, trigger, action, channel, circuit, booking, recipient, address, event_at,
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


def add_waiting(path: Path, number: int) -> None:
    """Let so many messages wait for a mail server that is down, and have each been checked again once."""
    folder = path.parent
    clinic.add_bookings(folder, number, first=clinic.NOW + timedelta(hours=1, seconds=1), spread=timedelta(seconds=50))
    _touch(folder, 1)
    minutes = (clinic.NOW + timedelta(minutes=each) for each in (1, 2, 19))
    for now in minutes:
        subprocess.run(clinic.command(path, "run", now=now), check=False, capture_output=True)
        with closing(sqlite3.connect(folder / "ledger.db")) as connection, connection:
            pause = "UPDATE circuits SET paused_until = :until"
            connection.execute(pause, {"until": clinic.written(clinic.NOW + timedelta(days=1))})
            (count,) = connection.execute("SELECT COUNT(*) FROM deliveries WHERE state = 'pending'").fetchone()
    assert count == number, count


def _touch(folder: Path, second: int) -> None:
    """Let bookings.db have been written at some second of the past."""
    os.utime(folder / "bookings.db", times=(LONG_AGO + second, LONG_AGO + second))


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


def _compare_ticks(what: str, path: Path, empty: Path, *, goal: str, changing: bool = False) -> Iterator[Row]:
    # Later than the overlap, in which everything is planned once more.
    tick, other = (clinic.command(each, "run", now=clinic.NOW + timedelta(minutes=20)) for each in (path, empty))
    seconds = iter(range(10, 1000))

    def run_tick(command: list[str], folder: Path) -> None:
        if changing:
            _touch(folder, next(seconds))
        subprocess.run(command, check=True, capture_output=True)

    things = [partial(run_tick, tick, path.parent), partial(run_tick, other, empty.parent)]
    took, baseline = best_of(TICKS, *things, clock=cpu_of_commands)
    yield Row(what, f"{took * 1000:.0f} ms", f"{baseline * 1000:.0f} ms", took / baseline, goal)
    if changing:
        _touch(path.parent, next(seconds))
    used = finish(tick).memory
    yield Row("the same: peak memory", f"{used:.0f} MB", f"{MEMORY} MB", used / MEMORY, "<= 1")


def _look(path: Path, words: str, what: str) -> Row:
    command = clinic.command(path, *words.split(), now=clinic.NOW + timedelta(minutes=3))
    quiet = partial(subprocess.run, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    (took,) = best_of(3, quiet, clock=cpu_of_commands)
    return Row(f"`{words}`, {what}", f"{took * 1000:.0f} ms", "1,000 ms", took, "<= 1")
