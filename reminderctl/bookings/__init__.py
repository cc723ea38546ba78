"""bookings.db, which other programs write and we only read.

- `schema`: its tables, for those who have none;
- `source`: what is asked of a source of bookings, `BookingSource`, and `open_bookings`;
- `mirror`: sources.db, where the bookings of the YAML's sources are kept;
- `mirrored`: both files as one; `no_sources`: what is so without any source;
- `sqlite`: the open file, `SqliteBookings`; `connection`: how it is opened;
- `statements`: the longer ones that it executes;
- `fingerprint`: has the file changed?
- `checks`: times that no search finds, zones that are none;
- `people`: who the recipients are, by name;
- `rows`: what its columns hold, as values of ours;
- `journal`: what SQLite keeps beside the file, when its program is gone;
- `errors`: what SQLite meets there, in words for people.
"""

from reminderctl.bookings.checks import (
    describe_misplaced,
    describe_unknown_zones,
    describe_zones_ahead,
    note_misplaced,
)
from reminderctl.bookings.connection import BUSY_SECONDS
from reminderctl.bookings.rows import EARLIEST, LATEST, whole_characters
from reminderctl.bookings.schema import SCHEMA, create
from reminderctl.bookings.source import BookingCatalog, BookingSource, open_bookings
from reminderctl.bookings.sqlite import LONGEST_NUMBER, SqliteBookings

__all__ = [
    "BUSY_SECONDS",
    "EARLIEST",
    "LATEST",
    "LONGEST_NUMBER",
    "SCHEMA",
    "BookingCatalog",
    "BookingSource",
    "SqliteBookings",
    "create",
    "describe_misplaced",
    "describe_unknown_zones",
    "describe_zones_ahead",
    "note_misplaced",
    "open_bookings",
    "whole_characters",
]
