"""A clinic whose every text is hostile, and what its counterparts were given."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from tests.clinic import Clinic
from tests.http_server import Exchange
from tests.providers import HTTP_PROVIDERS, write_secrets

BEFORE, DUE = "2026-06-09T09:00Z", "2026-06-09T10:00Z"
TIMES = {"starts_at": "2026-06-10T10:00:00Z", "ends_at": "2026-06-10T11:00:00Z"}


def arm(clinic: Clinic, action: str, *, channels: str = "{}") -> None:
    """Let actions be due a day before each booking."""
    write_secrets(clinic.folder)
    settings = f"timezone: Europe/Madrid\nlanguage: en\ncompany: {{name: Sol}}\nchannels:\n  {channels}\n"
    clinic.write(f"- id: w\n  when: 1 day before start\n  actions:\n  - {action}\n", settings=settings)
    clinic.run(BEFORE)


def book(clinic: Clinic, texts: Iterable[str]) -> None:
    """One booking for each text, which stands in whatever a booking can carry; only addresses and numbers are good."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for number, text in enumerate(texts):
        for table, row in _rows(number, text).items():
            tables.setdefault(table, []).append(row)
    insert(clinic, tables)


def _rows(number: int, text: str) -> dict[str, dict[str, Any]]:
    own = f"{text}{number}"  # an id is unique
    notes = {"notes": text}
    fields = {"extras_list": [text, {text: text}], "zoom_url": text, "key": text, "number": number, text: text}
    names = dict.fromkeys(("full_name", "first_name", "last_name", "language", "timezone"), text)
    addresses = {"email": f"p{number}@example.com", "phone": phone(number), "telegram": str(1000 + number)}
    nouns = {"service_id": own, "staff_id": own, "location_id": own}
    return {
        "bookings": {"id": own, **TIMES, "status": text, **nouns, "fields": notes | fields},
        "customers": {"id": own, **names, **addresses, "fields": {"birthday": text}},
        "participants": {"booking_id": own, "customer_id": own, "language": text, "fields": notes},
        "services": {"id": own, "name": text, "fields": notes},
        "staff": {"id": own, "name": text, "email": text, "phone": text, "fields": notes},
        "locations": {"id": own, "name": text, "address": text, "phone": text, "fields": notes},
    }


def insert(clinic: Clinic, tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Add rows to tables, all of them at once."""
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection, connection:
        for table, rows in tables.items():
            for row in rows:
                values = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
                sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - names of ours
                connection.execute(sql, values)


def phone(number: int) -> str:
    return f"+3460011{number:04}"


def accept(exchange: Exchange) -> None:
    """Take whatever comes, as the provider does whose path it has."""
    path = exchange.read().path
    for sign, provider in (("/bot", "telegram"), ("/messages", "whatsapp meta"), ("Messages.json", "sms twilio")):
        if sign in path:
            exchange.answer(*HTTP_PROVIDERS[provider].accepted)
            return
    exchange.answer(200, "ok")
