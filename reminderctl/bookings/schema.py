"""The tables of bookings.db, for programs that have none of their own (docs/reference/bookings.md)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from reminderctl.bookings.errors import errors_of

# An instant is text in UTC with whole seconds; comparing what strftime makes of it refuses 30 February too. IS, for
# what strftime does not know (a second 60) is NULL to it, and a CHECK takes NULL for right.
_INSTANT = "{0} GLOB '????-??-??T??:??:??Z' AND strftime('%Y-%m-%dT%H:%M:%SZ', {0}, '+0 days') IS {0}"
_OBJECT = "fields IS NULL OR json_valid(fields) AND json_type(fields) = 'object'"

SCHEMA = f"""
CREATE TABLE bookings (
    id TEXT PRIMARY KEY NOT NULL,
    starts_at TEXT NOT NULL CHECK ({_INSTANT.format("starts_at")}),
    ends_at TEXT NOT NULL CHECK ({_INSTANT.format("ends_at")}),
    timezone TEXT,
    status TEXT NOT NULL DEFAULT 'approved',
    service_id TEXT,
    staff_id TEXT,
    location_id TEXT,
    fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT}),
    CHECK (starts_at <= ends_at)
);
CREATE INDEX bookings_starts_at ON bookings (starts_at);
CREATE INDEX bookings_ends_at ON bookings (ends_at);
CREATE INDEX bookings_timezone ON bookings (timezone);
CREATE TABLE customers (
    id TEXT PRIMARY KEY NOT NULL, full_name TEXT, first_name TEXT, last_name TEXT, email TEXT, phone TEXT,
    telegram TEXT, language TEXT, timezone TEXT, fields TEXT NOT NULL DEFAULT '{{}}' CHECK ({_OBJECT})
);
CREATE TABLE participants (
    booking_id TEXT NOT NULL, customer_id TEXT NOT NULL, position INTEGER DEFAULT 0, status TEXT,
    language TEXT, fields TEXT DEFAULT '{{}}' CHECK ({_OBJECT}),
    PRIMARY KEY (booking_id, customer_id)
);
CREATE TABLE services (
    id TEXT PRIMARY KEY NOT NULL, name TEXT, fields TEXT DEFAULT '{{}}' CHECK ({_OBJECT})
);
CREATE TABLE staff (
    id TEXT PRIMARY KEY NOT NULL, name TEXT, email TEXT, phone TEXT, telegram TEXT,
    fields TEXT DEFAULT '{{}}' CHECK ({_OBJECT})
);
CREATE TABLE locations (
    id TEXT PRIMARY KEY NOT NULL, name TEXT, address TEXT, phone TEXT, email TEXT,
    fields TEXT DEFAULT '{{}}' CHECK ({_OBJECT})
);
"""


def create(path: Path) -> None:
    """Create an empty bookings database; raises FileExistsError rather than touch one that is there."""
    path.touch(mode=0o640, exist_ok=False)
    with errors_of(path), closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
