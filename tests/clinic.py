"""A small business in a folder: workflows in YAML, bookings in SQLite, and the real command line to run it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from reminderctl import bookings, ledger
from reminderctl.cli import main

SETTINGS = """\
timezone: Europe/Madrid
language: es
company: {name: Clínica Sol, phone: "+34911234567", email: hola@example.com}
admin: {email: admin@example.com, phone: "+34600000000"}
outbox: outbox
"""
WRITTEN_AT = 1_700_000_000  # seconds since 1970


def at(text: str) -> datetime:
    """An instant: `2026-06-10T10:00Z`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clinic:
    """A working set of files, and what a sysadmin and a booking system do with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writes = 0
        folder.mkdir(exist_ok=True)
        bookings.create(folder / "bookings.db")
        ledger.create(folder / "ledger.db")

    # --- what the operator does ---

    def write(self, workflows: str, *, settings: str = SETTINGS) -> None:
        path = self.folder / "workflows.yaml"
        path.write_text(f"{settings}workflows:\n{workflows}", encoding="utf-8")
        # As if it had been written a while ago, each version later than the one before: runs may remember it.
        self._writes += 1
        os.utime(path, times=(WRITTEN_AT + self._writes, WRITTEN_AT + self._writes))

    # --- what the booking system does ---

    def execute(self, sql: str, parameters: Mapping[str, Any] | tuple[Any, ...] = ()) -> None:
        with closing(sqlite3.connect(self.folder / "bookings.db")) as connection, connection:
            connection.execute(sql, parameters)
        connection.close()

    def book(
        self,
        booking_id: str,
        starts: str,
        *,
        minutes: int = 60,
        customers: tuple[str | Mapping[str, Any], ...] = ("ana",),
        **columns: Any,
    ) -> None:
        """Book; a customer is a name, or a mapping of columns of `customers` and of `participant_...` columns."""
        row = {
            "id": booking_id,
            "starts_at": written(at(starts)),
            "ends_at": written(at(starts) + timedelta(minutes=minutes)),
        }
        self._insert("bookings", row | columns)
        for position, customer in enumerate(customers):
            person = {"id": customer} if isinstance(customer, str) else dict(customer)
            in_booking = {
                name.removeprefix("participant_"): person.pop(name)
                for name in [*person]
                if name.startswith("participant_")
            }
            defaults = {
                "full_name": person["id"].title(),
                "email": f"{person['id']}@example.com",
                "phone": "+34600111222",
            }
            self._insert("customers", defaults | person, or_ignore=True)
            self._insert(
                "participants",
                {"booking_id": booking_id, "customer_id": person["id"], "position": position, **in_booking},
            )

    def insert(self, rows: Iterable[tuple[str, datetime]]) -> None:
        """Book many at once, each for an hour and a customer of its own."""
        with closing(sqlite3.connect(self.folder / "bookings.db")) as connection, connection:
            for booking_id, starts_at in rows:
                times = (written(starts_at), written(starts_at + timedelta(hours=1)))
                connection.execute(
                    "INSERT INTO bookings (id, starts_at, ends_at) VALUES (?, ?, ?)", (booking_id, *times)
                )
                address = f"{booking_id}@example.com"
                connection.execute("INSERT INTO customers (id, email) VALUES (?, ?)", (booking_id, address))
                connection.execute(
                    "INSERT INTO participants (booking_id, customer_id) VALUES (?, ?)", (booking_id, booking_id)
                )
        connection.close()

    def move(self, booking_id: str, starts: str, *, minutes: int = 60) -> None:
        self.execute(
            "UPDATE bookings SET starts_at = ?, ends_at = ? WHERE id = ?",
            (written(at(starts)), written(at(starts) + timedelta(minutes=minutes)), booking_id),
        )

    def set_status(self, booking_id: str, status: str) -> None:
        self.execute("UPDATE bookings SET status = ? WHERE id = ?", (status, booking_id))

    def written_long_ago(self, seconds: int) -> None:
        """Let the file of the bookings have been written this many seconds after some moment of the past."""
        os.utime(self.folder / "bookings.db", times=(WRITTEN_AT + seconds, WRITTEN_AT + seconds))

    def _insert(self, table: str, row: Mapping[str, Any], *, or_ignore: bool = False) -> None:
        columns, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        verb = "INSERT OR IGNORE" if or_ignore else "INSERT"
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
        self.execute(f"{verb} INTO {table} ({columns}) VALUES ({marks})", values)

    # --- what cron and the sysadmin do ---

    def command(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.folder / "workflows.yaml"), *arguments])

    def run(self, now: str | datetime, *options: str, exits: int = 0) -> dict[str, Any]:
        """One tick; its counts, without those that are 0."""
        instant = written(at(now)) if isinstance(now, str) else written(now)
        result = self.command("run", "--now", instant, "--json", *options)
        assert result.exit_code == exits, (result.output, result.exception)
        report: dict[str, Any] = json.loads(result.stdout)
        assert report.pop("now") == instant
        return {name: count for name, count in report.items() if count}

    def every_minute(self, since: str, until: str, *, twice: bool = False) -> None:
        """Cron's minutes from one instant to another, both included; exit codes are left to the caller's eye."""
        instant = at(since)
        while instant <= at(until):
            for _ in range(1 + twice):
                result = self.command("run", "--now", written(instant))
                assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
            instant += timedelta(minutes=1)

    def deliveries(self, *options: str) -> list[dict[str, Any]]:
        result = self.command("deliveries", "list", "--json", *options)
        assert result.exit_code == 0, (result.output, result.exception)
        found: list[dict[str, Any]] = json.loads(result.stdout)
        return found

    def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        counts: dict[str, int] = {}
        for delivery in self.deliveries():
            counts[delivery["state"]] = counts.get(delivery["state"], 0) + 1
        return counts

    def outbox(self) -> list[Path]:
        """The messages in the outbox, in order."""
        return sorted((self.folder / "outbox").glob("[0-9]*"))
