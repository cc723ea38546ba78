"""One row: what a record says about a booking and its customers."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from reminderctl.core import timing
from reminderctl.importing.cells import clean_language, read_entity
from reminderctl.importing.columns import (
    ENTITIES,
    KNOWN_COLUMNS,
    PARTICIPANT_STATUS,
    EntityTexts,
    ExportRecord,
    Text,
)
from reminderctl.importing.contacts import is_nothing
from reminderctl.importing.row_options import RowOptions
from reminderctl.importing.separate_columns import join_times
from reminderctl.importing.status_words import read_canceled_columns, read_canceled_subject, warn_of_status
from reminderctl.importing.times import is_wall_clock, read_times
from reminderctl.importing.values import NOT_JSON, Collector, decode_json, read_text
from reminderctl.importing.zone_names import find_fixed_offset, find_name_of_offset, find_named_zone
from reminderctl.text import remove_invisible

ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_NESTED_CUSTOMER: dict[str, str] = {
    **{flat.removeprefix("customer_"): flat for flat in ENTITIES["customers"].values()},
    "full_name": "customer_name",
    "status": PARTICIPANT_STATUS,
}
_NAMES_A_CUSTOMER = frozenset(ENTITIES["customers"].values()) - {"language", "customer_timezone"}
NO_FIELDS = "{}"


class BadRowError(Exception):
    """Everything that is wrong with one row."""


class BookingDetails(Struct, frozen=True, kw_only=True, gc=False):
    """The columns that all rows of a booking must agree on. `service`, `staff` and `location` are keys of entities."""

    starts_at: str
    ends_at: str
    timezone: Text = UNSET
    status: Text = UNSET
    service: Text = UNSET
    staff: Text = UNSET
    location: Text = UNSET


class Attendee(Struct, frozen=True, kw_only=True, gc=False):
    """One customer in one booking: `customer` is an entity's key; `fields` is JSON, `row_fields` that of the row."""

    customer: str
    status: Text = UNSET
    language: Text = UNSET
    fields: str = NO_FIELDS
    row_fields: str = NO_FIELDS


class Row(Struct, frozen=True, kw_only=True):
    """One record, read: `entities` as table, key and texts; no `attendees` where it says nothing about customers."""

    line: int
    booking_id: str
    details: BookingDetails
    attendees: tuple[Attendee, ...] | None
    fields: str
    entities: tuple[tuple[str, str, EntityTexts], ...]
    warnings: tuple[str, ...]


def read_row(record: ExportRecord, options: RowOptions) -> Row:
    """Return the row of a record; raises `BadRowError` with everything that is wrong with it."""
    collected = Collector()
    values = join_times(read_canceled_columns(read_canceled_subject(record.values, collected)))
    booking_id = read_text(values, "id", problems=collected.problems)
    if not booking_id:
        collected.problems.append("no id")
    elif "\N{REPLACEMENT CHARACTER}" in booking_id:  # another program's loss; `run` could not tell such ids apart
        collected.problems.append("id holds a character that cannot be stored")
    details = _read_details(values, options, collected=collected)
    fields = _read_fields(values, collected.problems)
    attendees = _read_attendees(values, fields, options=options, collected=collected)
    if collected.problems or details is None or not booking_id:
        raise BadRowError("; ".join(dict.fromkeys(collected.problems)))
    return Row(
        line=record.line,
        booking_id=booking_id,
        details=details,
        attendees=attendees,
        fields=fields,
        entities=tuple(collected.entities),
        warnings=tuple(collected.warnings),
    )


def _read_details(values: Mapping[str, Any], options: RowOptions, *, collected: Collector) -> BookingDetails | None:
    """Return what the row says of its booking; None where its times cannot be read."""
    timezone, zone = _read_zone(values, options, collected=collected)
    starts_at, ends_at = read_times(values, zone, date_format=options.date_format, collected=collected)
    service, staff, location = (
        _read_entity(values, table, options=options, collected=collected)
        for table in ("services", "staff", "locations")
    )
    status = read_text(values, "status", problems=collected.problems)
    warn_of_status("status", status, options=options, collected=collected)
    if starts_at is None or ends_at is None:
        return None
    return BookingDetails(
        starts_at=timing.instant_text(starts_at),
        ends_at=timing.instant_text(ends_at),
        timezone=timezone,
        status=sys.intern(status) if status else UNSET,
        service=service,
        staff=staff,
        location=location,
    )


def _read_zone(values: Mapping[str, Any], options: RowOptions, *, collected: Collector) -> tuple[Text, tzinfo | None]:
    """Return the name of a booking's zone as it is stored, and the zone of its wall clocks; None where it has none.

    A name that nobody knows is a mistake only where a time needs the zone.
    """
    timezone = read_text(values, "timezone", problems=collected.problems)
    name = remove_invisible(timezone) if isinstance(timezone, str) else ""
    if not name or is_nothing(name):
        return UNSET if timezone is UNSET else None, timing.find_zone(options.timezone)
    zone = timing.find_zone(name) or find_named_zone(name)
    if zone is not None:
        return sys.intern(getattr(zone, "key", "UTC")), zone
    fixed = find_fixed_offset(name)
    if fixed is not None:
        right = "was read as an offset that is the same in summer; use an IANA name such as Europe/Madrid"
        collected.warnings.append(f"timezone {name[:60]!r} {right}")
        return find_name_of_offset(fixed), fixed
    problem = f"timezone {name[:60]!r} is not an IANA name such as Europe/Madrid"
    if is_wall_clock(values, date_format=options.date_format):
        collected.problems.append(problem)
    else:
        collected.warnings.append(f"{problem}; it was left out")
    return UNSET, None


def _read_attendees(
    values: Mapping[str, Any], row_fields: str, *, options: RowOptions, collected: Collector
) -> tuple[Attendee, ...] | None:
    """Return the customers of a row, of a flat one the only one; None where it has no column for them."""
    nested = values.get("customers")
    if isinstance(nested, dict):
        collected.problems.append("customers is a JSON object; write a list of them")
    if not isinstance(nested, list):
        if values.keys().isdisjoint(_NAMES_A_CUSTOMER):
            return None
        return tuple(
            _read_attendee(values, fields=NO_FIELDS, row_fields=row_fields, options=options, collected=collected)
        )
    attendees: list[Attendee] = []
    for number, item in enumerate(nested, start=1):
        if not isinstance(item, dict):
            collected.problems.append(f"customers[{number}] is not a JSON object")
            continue
        customer = {_NESTED_CUSTOMER.get(str(key).removeprefix("customer_"), str(key)): item[key] for key in item}
        own = {key: value for key, value in customer.items() if key not in KNOWN_COLUMNS}
        fields = _read_fields(own, collected.problems)
        attendees += _read_attendee(
            customer, fields=fields, row_fields=row_fields, options=options, collected=collected
        )
    return tuple(attendees)


def _read_attendee(
    values: Mapping[str, Any], *, fields: str, row_fields: str, options: RowOptions, collected: Collector
) -> Iterator[Attendee]:
    """Return the customer that a row names, if any. A status that is empty text says nothing, JSON's null does."""
    customer = _read_entity(values, "customers", options=options, collected=collected)
    status = read_text(values, PARTICIPANT_STATUS, problems=collected.problems)
    if status is None and values.get(PARTICIPANT_STATUS) is not None:
        status = UNSET
    warn_of_status(PARTICIPANT_STATUS, status, options=options, collected=collected)
    language = read_text(values, "language", problems=[])
    if isinstance(language, str) and language:
        language = None if is_nothing(language) else clean_language(language).text
    if customer:
        yield Attendee(customer=customer, status=status, language=language, fields=fields, row_fields=row_fields)


def _read_entity(values: Mapping[str, Any], table: str, *, options: RowOptions, collected: Collector) -> Text:
    """Return the key of the service, member of staff, location or customer that a row names.

    None where all of its columns are empty, UNSET where the file has none of them.
    """
    entity = read_entity(table, options.phone, *[values.get(column, UNSET) for column in ENTITIES[table].values()])
    collected.problems += entity.problems
    if entity.key:
        collected.entities.append((table, entity.key, entity.texts))
        collected.warnings += entity.warnings
    return entity.key


def _read_fields(values: Mapping[str, Any], problems: list[str]) -> str:
    """Return the JSON object of the columns that have no place of their own; an empty one is null."""
    fields = {
        key: None if value == "" else value
        for key, value in values.items()
        if key not in KNOWN_COLUMNS and key != "fields" and not (key == "customers" and isinstance(value, list))
    }
    given = values.get("fields")
    if isinstance(given, str) and given:
        try:
            given = decode_json(given)
        except NOT_JSON:
            given = False
    if isinstance(given, dict):
        fields |= given
    elif given not in (None, ""):
        problems.append("fields is not a JSON object")
    if not fields:
        return NO_FIELDS
    text = _encode_json(fields)
    if text is None:
        bad = [repr(key[:40]) for key, value in fields.items() if _encode_json({key: value}) is None]
        problems.append(f"{', '.join(bad[:5])}: cannot be kept as JSON")
    return text or NO_FIELDS


def _encode_json(fields: Mapping[str, Any]) -> str | None:
    """Return JSON; None where it could not be read again, as of numbers that are too big."""
    try:
        text = ENCODE(fields)
        if not all(isinstance(value, str | None) for value in fields.values()):
            msgspec.json.decode(text)
        return text.decode()
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
