"""All rows of a file, gathered: each booking, customer, service, member of staff and location once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import DecimalException
from typing import Any

from msgspec import UNSET, Struct

from reminderctl.core.matching import NEVER_WITHOUT_A_FILTER
from reminderctl.core.statuses import standard_status
from reminderctl.importing.columns import ENTITIES, TEXT_COLUMNS, EntityTexts, Text
from reminderctl.importing.rows import NO_FIELDS, Attendee, BookingDetails, Row
from reminderctl.importing.values import decode_json

FieldsPatch = dict[str, Any]  # keys of `fields` to set, or to take away where the value is None (as in RFC 7396)
_OF_MANY_ROWS = ("staff_", "location_")  # warnings about what is the same in row after row
_KNOWN_BY_NAME = ("staff", "locations")


class ImportedBooking(Struct, kw_only=True, gc=False):
    """One booking of the file, from all of its rows.

    `fields` is its first row's JSON. There are no `attendees` where the file says nothing about customers.
    """

    line: int
    details: BookingDetails
    fields: str
    attendees: dict[str, Attendee] | None = None
    warnings: tuple[str, ...] = ()


class Batch:
    """Everything of one file: bookings by id, entities by table and key, warnings with their line.

    `complete_series` holds the names of the series of which the file has all instances of a window.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.bookings: dict[str, ImportedBooking] = {}
        self.entities: dict[str, dict[str, EntityTexts]] = {table: {} for table in ENTITIES}
        self.complete_series: set[str] = set()
        self.instances = 0
        self.warnings: list[tuple[int, str]] = []
        self._reported: set[tuple[str, str, str]] = set()
        self._said: set[str] = set()

    def add(self, row: Row) -> str | None:
        """Add a row; return what is wrong where it contradicts an earlier row of the same booking."""
        self.rows += 1
        booking = self.bookings.get(row.booking_id)
        if booking is not None and booking.details != row.details:
            first, other = booking.details, row.details
            names = [name for name in BookingDetails.__struct_fields__ if getattr(first, name) != getattr(other, name)]
            return f"booking {row.booking_id} has another {', '.join(names)} than on line {booking.line}"
        for table, key, texts in row.entities:
            self._merge_entity(table, key, texts=texts, line=row.line)
        known = {*booking.warnings} if booking else set()  # each row of a booking says the same of it
        self.warnings += [(row.line, warning) for warning in row.warnings if warning not in known | self._said]
        self._said |= {warning for warning in row.warnings if warning.startswith(_OF_MANY_ROWS)}
        if booking is None:
            booking = ImportedBooking(line=row.line, details=row.details, fields=row.fields, warnings=row.warnings)
            self.bookings[row.booking_id] = booking
        elif not row.attendees:
            self.warnings.append((row.line, f"repeats booking {row.booking_id} without another customer; left out"))
        self._add_attendees(booking, row)
        return None

    def attendances(self) -> Iterator[tuple[str, str]]:
        """Return each booking's id with the key of each of its customers."""
        for booking_id, booking in self.bookings.items():
            for key in booking.attendees or ():
                yield booking_id, key

    def _add_attendees(self, booking: ImportedBooking, row: Row) -> None:
        if row.attendees is None:
            return
        if booking.attendees is None:
            booking.attendees = {}
        for attendee in row.attendees:
            known = booking.attendees.get(attendee.customer)
            if known is None or (_stays_away(known) and not _stays_away(attendee)):  # who canceled, and booked again
                booking.attendees[attendee.customer] = attendee
            else:
                self.warnings.append((row.line, f"repeats a customer of booking {row.booking_id}; left out"))

    def _merge_entity(self, table: str, key: str, *, texts: EntityTexts, line: int) -> None:
        """Add what a row says of an entity: what is empty here may be in another row, else the last one counts."""
        known = self.entities[table].get(key)
        if known is None:
            self.entities[table][key] = texts
        elif known != texts:
            self.entities[table][key] = tuple(map(_prefer_later, known, texts))
            if table == "customers":
                self._warn_of_another_person(key, known=known, texts=texts, line=line)
            for name, old, new in zip(TEXT_COLUMNS[table], known, texts, strict=True):
                place = table, key, name
                if table in _KNOWN_BY_NAME and name != "name" and old and new and old != new:
                    if place not in self._reported:
                        change = f"{name} {new!r} of {key.partition(':')[2]} was {old!r} before; the last one counts"
                        self.warnings.append((line, change))
                    self._reported.add(place)

    def _warn_of_another_person(self, key: str, *, known: EntityTexts, texts: EntityTexts, line: int) -> None:
        """Warn where one id has another name and another address.

        It may be the id of all guests, and one of them would get all messages.
        """
        were, are = (dict(zip(TEXT_COLUMNS["customers"], each, strict=True)) for each in (known, texts))
        other = [name for name in ("full_name", "email", "phone") if were[name] and are[name] != were[name]]
        if "full_name" in other and len(other) > 1 and ("customers", key, "") not in self._reported:
            self._reported.add(("customers", key, ""))
            who = f"customer {key.partition(':')[2]} is {are['full_name']!r} here and was {were['full_name']!r} before"
            self.warnings.append((line, f"{who}: all of their messages go to the last one; give each an id"))


def _stays_away(attendee: Attendee) -> bool:
    return bool(attendee.status) and standard_status(str(attendee.status)) in NEVER_WITHOUT_A_FILTER


def _prefer_later(known: Text, text: Text) -> Text:
    return text if text or known is UNSET else known


def split_fields(booking: ImportedBooking) -> tuple[FieldsPatch, dict[str, FieldsPatch]]:
    """Return what the unknown columns of a booking's rows say of the booking, then of each of its customers by key.

    A column that is the same in all rows belongs to the booking, one that differs to the customers.
    """
    attendees = booking.attendees or {}
    rows = {text: decode_fields(text) for text in {booking.fields, *(each.row_fields for each in attendees.values())}}
    names = dict.fromkeys(name for row in rows.values() for name in row)
    first = rows[booking.fields]
    different = {name for name in names if any(row.get(name) != first.get(name) for row in rows.values())}
    of_booking = {name: None if name in different else first.get(name) for name in names}
    of_customers = {
        key: {name: rows[attendee.row_fields].get(name) if name in different else None for name in names}
        | decode_fields(attendee.fields)
        for key, attendee in attendees.items()
    }
    return of_booking, of_customers


def is_uniform(booking: ImportedBooking) -> bool:
    """Do all rows of a booking say the same in their unknown columns? Then they say it of the booking."""
    return all(attendee.row_fields == booking.fields for attendee in (booking.attendees or {}).values())


def decode_fields(text: str) -> FieldsPatch:
    """Return the JSON object of `fields`, numbers with a point as they are written; raises ValueError."""
    if text == NO_FIELDS:
        return {}
    try:
        fields = decode_json(text)
    except DecimalException:
        raise ValueError("a number in it is too long") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{text[:40]!r} is not a JSON object")
    return fields
