"""sources.db, in which a run keeps the bookings that it read from the sources of the YAML.

It has the tables of bookings.db, whose ids begin with the name of the source, and two that say how they came there. It
may be deleted at any time: the next reading makes it again.
"""

from __future__ import annotations

from pathlib import Path

_DEFAULT_LEDGER = "ledger.db"
_NAME = "sources.db"
VERSION = 1  # of the tables; a file with another one is made again
MADE_AGAIN = "delete the file: the next run makes it again"

STATE_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE sources (
    name TEXT PRIMARY KEY NOT NULL, checksum TEXT, columns TEXT, etag TEXT, last_modified TEXT, window TEXT,
    settings TEXT, began_at TEXT NOT NULL, written_at TEXT NOT NULL, bad TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE sourced_bookings (
    booking_id TEXT PRIMARY KEY NOT NULL, source TEXT NOT NULL, checksum TEXT NOT NULL, keys TEXT NOT NULL,
    missing_since TEXT, gone_since TEXT
) WITHOUT ROWID;
CREATE INDEX sourced_bookings_source ON sourced_bookings (source);
CREATE INDEX sourced_bookings_missing ON sourced_bookings (missing_since) WHERE missing_since IS NOT NULL;
"""


def mirror_path(ledger: Path) -> Path:
    """Return where the bookings of the sources are kept: next to the ledger, which belongs to one configuration."""
    # Not `with_name`, which refuses the paths without a name, `.` and `/`: they are refused elsewhere, with their line.
    return ledger.parent / (_NAME if ledger.name == _DEFAULT_LEDGER else f"{ledger.stem}.{_NAME}")


def is_mirror(path: Path) -> bool:
    """Return True for a file in which the bookings of sources are kept, by its name."""
    return path.name == _NAME or path.name.endswith(f".{_NAME}")


def prefix_of(source: str) -> str:
    """Return what the ids of a source begin with."""
    return f"{source}:"


def end_of(source: str) -> str:
    """Return the first text that sorts behind all ids of a source: `;` follows `:`."""
    return f"{source};"
