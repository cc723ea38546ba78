"""The records of a source in the words of bookings.db."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from reminderctl.importing.columns import ALIASES, KNOWN_COLUMNS, PARTICIPANT_STATUS, ExportRecord
from reminderctl.importing.row_options import RowOptions
from reminderctl.importing.rows import BadRowError, Row, read_row
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError, UnreadableBookingError
from reminderctl.sources.readers.answer import SourceRecord

ROW_KEY = "appointment_id"  # the column with the key of a row, and what {appointment_id} shows
FEW, SHARE = 5, 0.2  # more bad bookings than this are a changed schema
_TRANSLATED = {"status": "status", PARTICIPANT_STATUS: "status", "language": "language"}
_NESTED = {"status": "status", PARTICIPANT_STATUS: "status", "customer_status": "status"} | dict.fromkeys(
    ("language", "customer_language"), "language"
)
# What a row does not say is empty: a source says what is, not what changes. But one of two may say when it ends.
_EMPTY = dict.fromkeys(KNOWN_COLUMNS - {"ends_at", "duration"})


class SourcedBooking(Struct, frozen=True, kw_only=True):
    """A booking of a source: its rows, a checksum of them, and their keys."""

    records: tuple[SourceRecord, ...]
    checksum: str
    keys: tuple[str, ...]


def group_records(
    records: Iterable[SourceRecord], settings: SourceSettings, *, bad: list[str]
) -> tuple[dict[str, SourcedBooking], int]:
    """Return the bookings of a source by their own ids, and how many rows have none; `bad` gets a line for each."""
    groups: dict[str, list[SourceRecord]] = {}
    nameless = 0
    for record in records:
        row = _translate(record, settings)
        booking_id = "" if row.get("id") is None else str(row["id"]).strip()
        if booking_id:
            groups.setdefault(booking_id, []).append(row)
        else:
            nameless += 1
            bad.append("a row has no id")
    return {booking_id: _make_booking(booking_id, rows) for booking_id, rows in groups.items()}, nameless


def _make_booking(booking_id: str, rows: list[SourceRecord]) -> SourcedBooking:
    texts = sorted(repr(sorted(row.items(), key=lambda cell: cell[0])) for row in rows)
    keys = (row.get(ROW_KEY) for row in rows)
    return SourcedBooking(
        records=tuple(rows),
        checksum=hashlib.blake2b("\n".join(texts).encode("utf-8", "replace"), digest_size=12).hexdigest(),
        keys=tuple(dict.fromkeys(str(key) for key in keys if key not in (None, ""))) or (booking_id,),
    )


def _translate(record: SourceRecord, settings: SourceSettings) -> dict[str, Any]:
    row = {ALIASES.get(name, name): value for name, value in record.items()}
    for column, words in _TRANSLATED.items():
        if column in row:
            row[column] = _translate_word(row[column], settings.values.get(column) or settings.values.get(words))
    if isinstance(row.get("customers"), list):
        row["customers"] = [_translate_customer(each, settings) for each in row["customers"]]
    if not row.get("status"):
        row["status"] = "approved"
    if not row.get("language") and settings.language:
        row["language"] = settings.language
    if row.get(ROW_KEY) in (None, ""):
        row[ROW_KEY] = row.get("id")
    return row


def _translate_customer(customer: Any, settings: SourceSettings) -> Any:
    if not isinstance(customer, dict):
        return customer
    return {
        name: _translate_word(value, settings.values.get(_NESTED[name])) if name in _NESTED else value
        for name, value in customer.items()
    }


def _translate_word(word: Any, words: Mapping[str, str] | None) -> Any:
    return words.get(str(word).casefold(), word) if words and word is not None else word


def read_rows(booking_id: str, booking: SourcedBooking, *, timezone: str) -> list[Row]:
    """Return the rows of a booking as the import reads them; raises `UnreadableBookingError`."""
    options = RowOptions(timezone=timezone, known_statuses=None)
    try:
        rows = [
            read_row(ExportRecord(0, {**_EMPTY, **record, "id": booking_id}), options) for record in booking.records
        ]
    except BadRowError as error:
        raise UnreadableBookingError(str(error)) from None
    rows = _agree_on_location(rows)
    first = rows[0].details
    other = next((row.details for row in rows if row.details != first), first)
    names = [name for name in first.__struct_fields__ if getattr(first, name) != getattr(other, name)]
    if names:
        raise UnreadableBookingError(f"its rows have another {', '.join(names)} each")
    return rows


def _agree_on_location(rows: list[Row]) -> list[Row]:
    """Return the rows with the first location of any: programs fill it in where a seat is booked on their page only."""
    locations = {row.details.location: None for row in rows}
    if len(locations) == 1:
        return rows
    location = next((each for each in locations if each), None)
    return [replace(row, details=replace(row.details, location=location)) for row in rows]


def refuse_too_many(bad: list[str], *, good: int) -> None:
    """Raise `SourceError` where so many bookings are bad that the source has another schema than it had."""
    total = len(bad) + good
    if len(bad) > max(FEW, SHARE * total) or (bad and not good):
        raise SourceError(f"{len(bad)} of {total} bookings cannot be read, the first: {bad[0]}")
