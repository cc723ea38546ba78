"""The clinic that the benchmarks run against: a folder with many bookings and workflows."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reminderctl import bookings, ledger

NOW = datetime(2026, 6, 9, 10, tzinfo=UTC)
NEXT_YEAR = NOW + timedelta(days=365)  # no trigger looks so far ahead


def written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def build(
    folder: Path, *, triggers: Iterable[str], action: str = "", max_burst: str = "none", services: int = 0
) -> Path:
    """A working set without bookings, each trigger in a workflow of its own; the YAML's path.

    With `services`, s0, s1 and so on, each workflow is for one of them.
    """
    folder.mkdir(parents=True)
    bookings.create(folder / "bookings.db")
    ledger.create(folder / "ledger.db")
    path = folder / "workflows.yaml"
    path.write_text(yaml_of(triggers, action or ACTION, max_burst, services), encoding="utf-8")
    os.utime(path, times=(1_700_000_000, 1_700_000_000))  # written a while ago, as in daily life
    return path


def add_bookings(
    folder: Path, number: int, *, first: datetime = NEXT_YEAR, spread: timedelta = timedelta(days=730)
) -> None:
    """Book visits of an hour, evenly over a stretch of time."""
    with closing(sqlite3.connect(folder / "bookings.db")) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")  # five million rows need not survive a power cut
        connection.execute("PRAGMA cache_size = -262144")
        connection.execute(
            """
            WITH RECURSIVE visits (number, starts) AS (
                SELECT (SELECT COUNT(*) FROM bookings), :first
                UNION ALL
                SELECT number + 1, starts + :step FROM visits WHERE starts + :step < :last
            )
            INSERT INTO bookings (id, starts_at, ends_at)
            SELECT 'b' || number, STRFTIME('%Y-%m-%dT%H:%M:%SZ', starts, 'unixepoch'),
                STRFTIME('%Y-%m-%dT%H:%M:%SZ', starts + 3600, 'unixepoch')
            FROM visits
            LIMIT :number
            """,
            {
                "first": first.timestamp(),
                "last": (first + spread).timestamp() + 1,
                "step": spread.total_seconds() / number,
                "number": number,
            },
        )


def add_crowd(folder: Path, number: int) -> None:
    """Book one visit tomorrow for so many customers."""
    _add_participants(folder, number, "'b0'", visits=1)


def add_lonely(folder: Path, number: int) -> None:
    """Book as many visits tomorrow, each for one customer."""
    _add_participants(folder, number, "'b' || number", visits=number)


def _add_participants(folder: Path, number: int, booking: str, *, visits: int) -> None:
    add_bookings(folder, visits, first=NOW + timedelta(days=1), spread=timedelta(0))
    with closing(sqlite3.connect(folder / "bookings.db")) as connection, connection:
        customers = [(f"c{each}", f"c{each}@example.com") for each in range(number)]
        connection.executemany("INSERT INTO customers (id, email) VALUES (?, ?)", customers)
        connection.execute(
            f"""
            INSERT INTO participants (booking_id, customer_id)
            SELECT {booking}, id FROM (SELECT id, SUBSTR(id, 2) AS number FROM customers)
            """  # noqa: S608 - one of the two above
        )


ACTION = """\
      - send: email
        to: [customer, admin]
        subject: "{service_name}: {appointment_date}"
        body: "{customer_full_name}, {appointment_start_time}"
"""


def yaml_of(triggers: Iterable[str], action: str, max_burst: str, services: int) -> str:
    workflows = "".join(
        f"  - id: w{number}\n    when: {trigger}\n    max_burst: {max_burst}\n"
        f"    filters: {{status: approved{f', service: s{number % services}' if services else ''}}}\n"
        f"    actions:\n{action}"
        for number, trigger in enumerate(triggers)
    )
    return (
        "timezone: Europe/Madrid\noutbox: outbox\nadmin: {email: admin@example.com}\n"
        f"company: {{name: Clínica Sol}}\nworkflows:\n{workflows}"
    )


def mixed_triggers(number: int) -> list[str]:
    """So many different triggers, half of them in hours, half in days."""
    half = (number + 1) // 2
    every = [f"{each + 1} hours before start" for each in range(half)]
    every += [f"{each % 300 + 1} days {'before start' if each < 300 else 'after end'}" for each in range(number - half)]
    return every


def command(path: Path, *arguments: str, now: datetime = NOW) -> list[str]:
    """The real command line, as at an instant."""
    program = Path(sys.executable).with_name("reminderctl")
    return [str(program), "-c", str(path), *arguments, "--now", written(now)]
