"""What a whole file says: its rows gathered into bookings, each customer and service once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import DecimalException
from typing import Any

from msgspec import UNSET, Struct

from reminderctl.importing.columns import NOUNS, TEXTS, Text, Texts
from reminderctl.importing.formats.json import decode
from reminderctl.importing.rows import NO_FIELDS, Attendee, Facts, Row

Patch = dict[str, Any]  # keys of a JSON object to set, or to take away where the value is None
_KNOWN_BY_NAME = ("staff", "locations")


class Gathered(Struct, kw_only=True, gc=False):
    """One booking of the file.

    `fields` is its first row's JSON. There are no `attendees` where the file says nothing about customers.
    """

    line: int
    facts: Facts
    fields: str
    attendees: dict[str, Attendee] | None = None


class Batch:
    """Everything of one file. `whole` holds the names of the series of which it has all instances of a window."""

    def __init__(self) -> None:
        self.rows = 0
        self.bookings: dict[str, Gathered] = {}
        self.nouns: dict[str, dict[str, Texts]] = {table: {} for table in NOUNS}
        self.whole: set[str] = set()
        self.instances = 0
        self.warnings: list[tuple[int, str]] = []
        self._changing: set[tuple[str, str, str]] = set()

    def add(self, row: Row) -> str | None:
        """Take a row in; gives what is wrong where it contradicts an earlier row of the same booking."""
        self.rows += 1
        gathered = self.bookings.get(row.booking_id)
        if gathered is not None and gathered.facts != row.facts:
            first, other = gathered.facts, row.facts
            names = [name for name in Facts.__struct_fields__ if getattr(first, name) != getattr(other, name)]
            return f"booking {row.booking_id} has another {', '.join(names)} than on line {gathered.line}"
        for table, key, texts in row.nouns:
            self._learn(table, key, texts, line=row.line)
        if gathered is None:
            self.warnings += [(row.line, warning) for warning in row.warnings]
            gathered = Gathered(line=row.line, facts=row.facts, fields=row.fields)
            self.bookings[row.booking_id] = gathered
        elif not row.attendees:
            self.warnings.append((row.line, f"repeats booking {row.booking_id} without another customer; left out"))
        self._join(gathered, row)
        return None

    def attendances(self) -> Iterator[tuple[str, str]]:
        """Each booking's id with the key of each of its customers."""
        for booking_id, gathered in self.bookings.items():
            for key in gathered.attendees or ():
                yield booking_id, key

    def _join(self, gathered: Gathered, row: Row) -> None:
        if row.attendees is None:
            return
        if gathered.attendees is None:
            gathered.attendees = {}
        for attendee in row.attendees:
            if attendee.customer in gathered.attendees:
                self.warnings.append((row.line, f"repeats a customer of booking {row.booking_id}; left out"))
            else:
                gathered.attendees[attendee.customer] = attendee

    def _learn(self, table: str, key: str, texts: Texts, *, line: int) -> None:
        """Remember what a row says of a noun: what is empty here may stand in another row, else the last one counts."""
        known = self.nouns[table].get(key)
        if known is None:
            self.nouns[table][key] = texts
        elif known != texts:
            self.nouns[table][key] = tuple(map(_later, known, texts))
            if table == "customers":
                self._warn_of_another_person(key, known, texts, line=line)
            for name, old, new in zip(TEXTS[table], known, texts, strict=True):
                place = table, key, name
                if table in _KNOWN_BY_NAME and name != "name" and old and new and old != new:
                    if place not in self._changing:
                        what = f"{name} {new!r} of {key.partition(':')[2]} was {old!r} before; the last one counts"
                        self.warnings.append((line, what))
                    self._changing.add(place)

    def _warn_of_another_person(self, key: str, known: Texts, texts: Texts, *, line: int) -> None:
        """Where one id has another name and another address, it may be that of all guests: one would get it all."""
        were, are = (dict(zip(TEXTS["customers"], each, strict=True)) for each in (known, texts))
        other = [name for name in ("full_name", "email", "phone") if were[name] and are[name] != were[name]]
        if "full_name" in other and len(other) > 1 and ("customers", key, "") not in self._changing:
            self._changing.add(("customers", key, ""))
            who = f"customer {key.partition(':')[2]} is {are['full_name']!r} here and was {were['full_name']!r} before"
            self.warnings.append((line, f"{who}: all of their messages go to the last one; give each an id"))


def _later(known: Text, text: Text) -> Text:
    return text if text or known is UNSET else known


def split_fields(gathered: Gathered) -> tuple[Patch, dict[str, Patch]]:
    """What the unknown columns of a booking's rows say of the booking, then of each of its customers.

    A column that is the same in all rows belongs to the booking, one that differs to the customers.
    """
    attendees = gathered.attendees or {}
    rows = {text: decode_fields(text) for text in {gathered.fields, *(each.row_fields for each in attendees.values())}}
    names = dict.fromkeys(name for row in rows.values() for name in row)
    first = rows[gathered.fields]
    different = {name for name in names if any(row.get(name) != first.get(name) for row in rows.values())}
    booking = {name: None if name in different else first.get(name) for name in names}
    customers = {
        key: {name: rows[attendee.row_fields].get(name) if name in different else None for name in names}
        | decode_fields(attendee.fields)
        for key, attendee in attendees.items()
    }
    return booking, customers


def is_uniform(gathered: Gathered) -> bool:
    """Do all rows of a booking say the same in their unknown columns? Then they say it of the booking."""
    return all(attendee.row_fields == gathered.fields for attendee in (gathered.attendees or {}).values())


def decode_fields(text: str) -> Patch:
    """The JSON object of `fields`, numbers with a point as they are written; raises ValueError."""
    if text == NO_FIELDS:
        return {}
    try:
        fields = decode(text)
    except DecimalException:
        raise ValueError("a number in it is too long") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{text[:40]!r} is not a JSON object")
    return fields
