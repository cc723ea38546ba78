"""Merging a file's bookings into the stored ones: what the file says, over what it has no column for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import UNSET, Struct

from reminderctl.core.statuses import standard_status
from reminderctl.errors import BookingsError
from reminderctl.importing import identity, missing
from reminderctl.importing.batch import Batch, FieldsPatch, ImportedBooking, decode_fields, is_uniform, split_fields
from reminderctl.importing.columns import ENTITIES, TEXT_COLUMNS, Text
from reminderctl.importing.rows import ENCODE, NO_FIELDS, Attendee
from reminderctl.importing.store import BookingsStore, StoredRow
from reminderctl.model import Window

_BOOKING = ("starts_at", "ends_at", "timezone", "status", "service_id", "staff_id", "location_id", "fields")
_NEW_BOOKING = (None, None, None, "approved", None, None, None, NO_FIELDS)
_LANGUAGE = TEXT_COLUMNS["customers"].index("language")
_PARTICIPANT = ("position", "status", "language", "fields")


class Changes(Struct):
    """The changes of the database: ids of bookings, numbers of customers."""

    new: set[str]
    changed: set[str]
    canceled: list[str]
    new_customers: int = 0
    changed_customers: int = 0


class Merge(Struct, frozen=True, kw_only=True):
    """A batch on its way into the store: `ids` by table and key, `left_out` with the status of each before."""

    store: BookingsStore
    batch: Batch
    customers: identity.CustomerIds
    ids: Mapping[str, Mapping[str, str]]
    left_out: Mapping[str, str]
    changes: Changes


def merge_batch(
    store: BookingsStore, batch: Batch, *, window: Window, full: bool, on_booking: Callable[[], None]
) -> Changes:
    """Write a file's bookings where they differ from what is stored; `full` cancels all that it does not hold.

    What the file has no column for stays as it is: other programs may have written it. `on_booking` is called for each
    booking that is done. 1. Who is who. 2. Services, staff, locations, customers. 3. Bookings. 4. Participants.
    5. What is missing from the file.
    """
    merge = Merge(
        store=store,
        batch=batch,
        customers=identity.resolve_customers(store, batch.entities["customers"], attendances=batch.attendances()),
        ids={
            table: identity.resolve_ids(store, table, keys=batch.entities[table])
            for table in ENTITIES
            if table != "customers"
        },
        left_out=store.list_left_out() if full else {},
        changes=Changes(new=set(), changed=set(), canceled=[]),
    )
    for table in ENTITIES:
        store.upsert(table, _list_changed_entities(merge, table), key=("id",), columns=TEXT_COLUMNS[table])
    store.upsert("bookings", _list_changed_bookings(merge), key=("id",), columns=_BOOKING)
    participants = _list_changed_participants(merge, on_booking)
    store.upsert("participants", participants, key=("booking_id", "customer_id"), columns=_PARTICIPANT)
    merge.changes.canceled = missing.cancel_missing_instances(store, batch, window=window)
    if full:
        store.forget_left_out(batch.bookings)
        merge.changes.canceled += missing.cancel_missing_bookings(store, batch)
    return merge.changes


def _overlay(stored: StoredRow, given: StoredRow) -> StoredRow:
    """Return what is given, and what is stored where nothing is given."""
    return tuple(old if new is UNSET else new for old, new in zip(stored, given, strict=True))


# --- services, staff, locations, customers --------------------------------------------------------------------------


def _list_changed_entities(merge: Merge, table: str) -> Iterator[StoredRow]:
    columns = TEXT_COLUMNS[table]
    find = merge.store.make_finder(table, columns)
    for key, row_id in _list_ids(merge, table):
        stored = next(iter(find(row_id)), None)
        row = _overlay(stored or (None,) * len(columns), merge.batch.entities[table][key])
        if row != stored:
            if table == "customers":
                merge.changes.new_customers += stored is None
                merge.changes.changed_customers += stored is not None
            yield row_id, *row


def _list_ids(merge: Merge, table: str) -> list[tuple[str, str]]:
    """Return each key of a table with each id that it means."""
    if table != "customers":
        return [*merge.ids[table].items()]
    kept = {(key, customer_id) for (_, key), customer_id in merge.customers.kept.items()}
    return [*merge.customers.ids.items(), *kept]


# --- bookings -------------------------------------------------------------------------------------------------------


def _list_changed_bookings(merge: Merge) -> Iterator[StoredRow]:
    find = merge.store.make_finder("bookings", _BOOKING)
    for booking_id, booking in merge.batch.bookings.items():
        stored = next(iter(find(booking_id)), None)
        row = _merge_booking(merge, booking_id, booking=booking, stored=stored)
        if row != stored:
            (merge.changes.new if stored is None else merge.changes.changed).add(booking_id)
            yield booking_id, *row


def _merge_booking(merge: Merge, booking_id: str, *, booking: ImportedBooking, stored: StoredRow | None) -> StoredRow:
    """Return the row of a booking. One that was missing from an earlier full export gets its status of before."""
    details = booking.details
    old = stored or _NEW_BOOKING
    status = details.status
    status_before = merge.left_out.get(booking_id)
    if status is UNSET and status_before and standard_status(old[3]) == "canceled":
        status = status_before
    given = (
        details.starts_at,
        details.ends_at,
        details.timezone,
        status,
        _find_id(merge.ids["services"], details.service),
        _find_id(merge.ids["staff"], details.staff),
        _find_id(merge.ids["locations"], details.location),
        _merge_booking_fields(booking_id, booking, stored=old[7]),
    )
    return _overlay(old, given)


def _merge_booking_fields(booking_id: str, booking: ImportedBooking, *, stored: str) -> str:
    if is_uniform(booking) and stored in (NO_FIELDS, booking.fields) and "null" not in booking.fields:
        return booking.fields  # nothing to take apart: new, or as it was
    patch, _ = split_fields(booking)
    return _patch_fields(stored, patch, owner=f"booking {booking_id}")


def _find_id(ids: Mapping[str, str], key: Text) -> Text:
    return ids[key] if key else key


def _patch_fields(stored: str | None, patch: FieldsPatch, *, owner: str) -> str:
    """Return the JSON of `fields` with a patch applied; the very same text where that changes nothing."""
    if not patch:
        return stored or NO_FIELDS
    try:
        old = decode_fields(stored or NO_FIELDS)
    except ValueError as error:
        raise BookingsError(f"{owner}: the stored fields cannot be read: {error}; nothing was changed") from None
    new = {name: value for name, value in {**old, **patch}.items() if value is not None or name not in patch}
    text = ENCODE(new).decode()
    return stored if stored and text == ENCODE(old).decode() else text


# --- participants ---------------------------------------------------------------------------------------------------


def _list_changed_participants(merge: Merge, on_booking: Callable[[], None]) -> Iterator[StoredRow]:
    """Return the rows to write; those of customers who are no longer in a booking are deleted on the way."""
    find = merge.store.make_finder("participants", ("customer_id", *_PARTICIPANT), key="booking_id")
    for booking_id, booking in merge.batch.bookings.items():
        on_booking()
        if booking.attendees is None:
            continue
        stored = {str(row[0]): row[1:] for row in find(booking_id)}
        rows = _merge_participants(merge, booking_id, booking=booking, stored=stored)
        for customer_id in stored.keys() - rows.keys():
            merge.store.delete_participant(booking_id, customer_id)
        if rows != stored and booking_id not in merge.changes.new:
            merge.changes.changed.add(booking_id)
        for customer_id, row in rows.items():
            if row != stored.get(customer_id):
                yield booking_id, customer_id, *row


def _merge_participants(
    merge: Merge, booking_id: str, *, booking: ImportedBooking, stored: Mapping[str, StoredRow]
) -> dict[str, StoredRow]:
    """Return the participants' rows of one booking, by the customer's id."""
    attendees = booking.attendees or {}
    if is_uniform(booking) and all(row[3] == NO_FIELDS for row in stored.values()):
        patches = {key: decode_fields(attendee.fields) for key, attendee in attendees.items()}
    else:
        _, patches = split_fields(booking)
    rows: dict[str, StoredRow] = {}
    for key, attendee in attendees.items():
        customer_id = merge.customers.kept.get((booking_id, key)) or merge.customers.ids[key]
        if customer_id not in rows:  # two keys may be one customer, by the id and by the address
            old = stored.get(customer_id) or (len(rows), None, None, NO_FIELDS)
            given = (
                len(rows),
                attendee.status,
                _choose_language(attendee, merge.batch.entities["customers"][key][_LANGUAGE]),
                _patch_fields(old[3], patches[key], owner="participants"),
            )
            rows[customer_id] = _overlay(old, given)
    return rows


def _choose_language(attendee: Attendee, own_language: Text) -> Text:
    """Return the language of a participant, which is stored only where it differs from the customer's own."""
    language: Text = attendee.language or UNSET
    return None if language == own_language else language
