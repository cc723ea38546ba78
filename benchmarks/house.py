"""What the benchmarks run against: a folder with many bookings and workflows."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reminderctl import bookings, ledger

NOW = datetime(2026, 6, 9, 10, tzinfo=UTC)


def written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def build(folder: Path, *, number_of_bookings: int, triggers: list[str], spread: timedelta, channel: str = "") -> Path:
    """A working set whose bookings start evenly over `spread` after NOW plus a year; the YAML's path."""
    folder.mkdir(parents=True)
    bookings.create(folder / "bookings.db")
    ledger.create(folder / "ledger.db")
    first = NOW + timedelta(days=365)
    step = spread / number_of_bookings
    insert_bookings(folder, [(f"b{number}", first + number * step) for number in range(number_of_bookings)])
    path = folder / "workflows.yaml"
    path.write_text(yaml_of(triggers, channel), encoding="utf-8")
    os.utime(path, times=(1_700_000_000, 1_700_000_000))  # written a while ago, as in daily life
    return path


def insert_bookings(folder: Path, rows: list[tuple[str, datetime]]) -> None:
    with sqlite3.connect(folder / "bookings.db") as connection:
        connection.executemany(
            "INSERT INTO bookings (id, starts_at, ends_at) VALUES (?, ?, ?)",
            ((name, written(starts), written(starts + timedelta(hours=1))) for name, starts in rows),
        )
    connection.close()


ACTION = """\
      - send: email
        to: [customer, admin]
        subject: "{service_name}: {appointment_date}"
        body: "{customer_full_name}, {appointment_start_time}"
"""


def yaml_of(triggers: list[str], action: str = "") -> str:
    workflows = "".join(
        f"  - id: w{number}\n    when: {trigger}\n    filters: {{status: approved}}\n    max_burst: none\n"
        f"    actions:\n{action or ACTION}"
        for number, trigger in enumerate(triggers)
    )
    return (
        "timezone: Europe/Madrid\noutbox: outbox\nadmin: {email: admin@example.com}\n"
        f"company: {{name: Clínica Sol}}\nworkflows:\n{workflows}"
    )
