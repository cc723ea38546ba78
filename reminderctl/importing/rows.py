"""From one record to what it says about a booking and its customers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from reminderctl.core import timing
from reminderctl.importing import identity
from reminderctl.importing.columns import KNOWN, NOUNS, PARTICIPANT_STATUS, TEXTS, Text, Texts
from reminderctl.importing.formats.json import NOT_JSON, decode
from reminderctl.importing.records import Record
from reminderctl.importing.values import Findings, read_cell, read_text, read_times

ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_CUSTOMER: dict[str, str] = {flat.removeprefix("customer_"): flat for flat in NOUNS["customers"].values()} | {
    "full_name": "customer_name",
    "status": PARTICIPANT_STATUS,
}
_NAMES_A_CUSTOMER = frozenset(NOUNS["customers"].values()) - {"language", "customer_timezone"}
NO_FIELDS = "{}"


class BadRowError(Exception):
    """Everything that is wrong with one row."""


class Facts(Struct, frozen=True, kw_only=True, gc=False):
    """What all rows of one booking must agree on. `service`, `staff` and `location` are keys of their nouns."""

    starts_at: str
    ends_at: str
    timezone: Text = UNSET
    status: Text = UNSET
    service: Text = UNSET
    staff: Text = UNSET
    location: Text = UNSET


class Attendee(Struct, frozen=True, kw_only=True, gc=False):
    """One customer in one booking: `customer` is the key of a noun; `fields` is JSON, `row_fields` that of the row."""

    customer: str
    status: Text = UNSET
    language: Text = UNSET
    fields: str = NO_FIELDS
    row_fields: str = NO_FIELDS


class Row(Struct, frozen=True, kw_only=True):
    """One record, understood: `nouns` by table and key; no `attendees` where the row says nothing about customers."""

    line: int
    booking_id: str
    facts: Facts
    attendees: tuple[Attendee, ...] | None
    fields: str
    nouns: tuple[tuple[str, str, Texts], ...]
    warnings: tuple[str, ...]


def read_row(record: Record, default_zone: str) -> Row:
    """The row in a record; raises `BadRowError` with everything that is wrong with it."""
    found = Findings()
    values = record.values
    booking_id = read_text(values, "id", found.problems)
    if not booking_id:
        found.problems.append("no id")
    elif "\N{REPLACEMENT CHARACTER}" in booking_id:  # another program's loss; `run` could not tell such ids apart
        found.problems.append("id holds a character that cannot be stored")
    facts = _facts(values, default_zone, found)
    fields = _fields(values, found.problems)
    attendees = _attendees(values, fields, found)
    if found.problems or facts is None or not booking_id:
        raise BadRowError("; ".join(dict.fromkeys(found.problems)))
    return Row(
        line=record.line,
        booking_id=booking_id,
        facts=facts,
        attendees=attendees,
        fields=fields,
        nouns=tuple(found.nouns),
        warnings=tuple(found.warnings),
    )


def _facts(values: Mapping[str, Any], default_zone: str, found: Findings) -> Facts | None:
    timezone = read_text(values, "timezone", found.problems)
    zone = timing.find_zone(timezone or default_zone)
    if zone is None:
        found.problems.append(f"timezone {str(timezone)[:60]!r} is not an IANA name such as Europe/Madrid")
    starts_at, ends_at = read_times(values, zone, found)
    service, staff, location = (_noun(values, table, found) for table in ("services", "staff", "locations"))
    status = read_text(values, "status", found.problems)
    if starts_at is None or ends_at is None:
        return None
    return Facts(
        starts_at=timing.instant_text(starts_at),
        ends_at=timing.instant_text(ends_at),
        timezone=sys.intern(timezone) if timezone else timezone,
        status=sys.intern(status) if status else UNSET,
        service=service,
        staff=staff,
        location=location,
    )


def _attendees(values: Mapping[str, Any], row_fields: str, found: Findings) -> tuple[Attendee, ...] | None:
    nested = values.get("customers")
    if isinstance(nested, dict):
        found.problems.append("customers is a JSON object; write a list of them")
    if not isinstance(nested, list):
        if values.keys().isdisjoint(_NAMES_A_CUSTOMER):
            return None
        return tuple(_attendee(values, NO_FIELDS, row_fields, found))
    attendees: list[Attendee] = []
    for number, each in enumerate(nested, start=1):
        if not isinstance(each, dict):
            found.problems.append(f"customers[{number}] is not a JSON object")
            continue
        customer = {_CUSTOMER.get(str(key).removeprefix("customer_"), str(key)): each[key] for key in each}
        own = _fields({key: value for key, value in customer.items() if key not in KNOWN}, found.problems)
        attendees += _attendee(customer, own, row_fields, found)
    return tuple(attendees)


def _attendee(values: Mapping[str, Any], fields: str, row_fields: str, found: Findings) -> Iterator[Attendee]:
    """The customer that a row names, if it names one. A status that is empty text says nothing, JSON's null does."""
    customer = _noun(values, "customers", found)
    status = read_text(values, PARTICIPANT_STATUS, found.problems)
    if status is None and values.get(PARTICIPANT_STATUS) is not None:
        status = UNSET
    language = read_text(values, "language", [])
    zone = read_text(values, "customer_timezone", [])
    if customer and zone and timing.find_zone(zone) is None:
        what = "is not an IANA name such as Europe/Madrid; their times are shown in the booking's zone"
        found.warnings.append(f"customer_timezone {str(zone)[:60]!r} {what}")
    if customer:
        yield Attendee(customer=customer, status=status, language=language, fields=fields, row_fields=row_fields)


def _noun(values: Mapping[str, Any], table: str, found: Findings) -> Text:
    """The key of the service, member of staff, location or customer that a row names.

    None where all of its columns are empty, UNSET where the file has none of them.
    """
    cells = [values.get(column, UNSET) for column in NOUNS[table].values()]
    try:
        key, texts, problems = _read_again(table, *cells)
    except TypeError:  # a list or an object of JSON, which no cache takes
        key, texts, problems = _read_noun(table, *cells)
    found.problems += problems
    if key:
        found.nouns.append((table, key, texts))
    return key


def _read_noun(table: str, *cells: Any) -> tuple[Text, Texts, tuple[str, ...]]:
    """A noun's key and texts, with what is wrong with them."""
    if cells.count(UNSET) == len(cells):
        return UNSET, (), ()
    problems: list[str] = []
    own_id, *texts = [
        # Most files have few of the columns, and this runs for each customer of each row.
        cell if cell is UNSET or cell is None else read_cell(cell, column, problems)
        for column, cell in zip(NOUNS[table].values(), cells, strict=True)
    ]
    if table == "customers" and not texts[0] and (texts[1] or texts[2]):
        texts[0] = " ".join(name for name in texts[1:3] if name)
    key = identity.key_of(table, own_id, dict(zip(TEXTS[table], texts, strict=True)))
    return key, tuple(texts), tuple(problems)


# The same few services and staff stand in every row, and customers come again. Typed: 1 and true are equal, and not the
# same.
_read_again = lru_cache(maxsize=1 << 14, typed=True)(_read_noun)


def _fields(values: Mapping[str, Any], problems: list[str]) -> str:
    """The JSON object of the columns that have no place of their own; an empty one is null."""
    fields = {
        key: None if value == "" else value
        for key, value in values.items()
        if key not in KNOWN and key != "fields" and not (key == "customers" and isinstance(value, list))
    }
    given = values.get("fields")
    if isinstance(given, str) and given:
        try:
            given = decode(given)
        except NOT_JSON:
            given = False
    if isinstance(given, dict):
        fields |= given
    elif given not in (None, ""):
        problems.append("fields is not a JSON object")
    if not fields:
        return NO_FIELDS
    text = _encoded(fields)
    if text is None:
        bad = [repr(key[:40]) for key, value in fields.items() if _encoded({key: value}) is None]
        problems.append(f"{', '.join(bad[:5])}: cannot be kept as JSON")
    return text or NO_FIELDS


def _encoded(fields: Mapping[str, Any]) -> str | None:
    """JSON; None where it could not be read again, as of numbers that are too big."""
    try:
        text = ENCODE(fields)
        if not all(isinstance(value, str | None) for value in fields.values()):
            msgspec.json.decode(text)
        return text.decode()
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
