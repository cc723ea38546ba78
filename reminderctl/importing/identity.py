"""The ids of services, staff, locations and customers that a file names without one.

A service, a member of staff or a location is known by its name (else by its first contact or address); a customer by
name together with the e-mail address, else the phone number, else the Telegram id. Both, because families and firms
share an address: by the address alone, everybody would be greeted with the name of the last row.

What the database knows already keeps its id. So does a customer whose name or address was corrected, where a booking of
theirs shows that it is the same person: the customer's id is the identity of every reminder (SPEC 5), so a new one
would remind again. Only who is new gets an id made of the words themselves, the same on every machine and in every
database, so that an export loaded into an empty file names everybody as before. A customer's id does not show the
address that it is made of.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from reminderctl.importing.columns import TEXT_COLUMNS, EntityTexts, Text
from reminderctl.importing.store import BookingsStore

WITH_AN_ID = "id:"
_CONTACTS = ("email", "phone", "telegram")
_PHONE_PUNCTUATION = str.maketrans("", "", " -().\t/")


def make_key(table: str, own_id: Text, *, texts: Mapping[str, Text]) -> str | None:
    """Return what one file knows an entity by; None where it says nothing. Keys with an id begin with `WITH_AN_ID`."""
    if own_id:
        return f"{WITH_AN_ID}{own_id}"
    if table != "customers":
        return next((f"{name}:{_fold(text)}" for name, text in texts.items() if text), None)
    contact = next((f"{name}:{_normalise_contact(name, text)}" for name in _CONTACTS if (text := texts[name])), "")
    name = _fold(texts["full_name"] or "")
    return f"{contact}|{name}" if contact or name else None


def resolve_ids(store: BookingsStore, table: str, *, keys: Iterable[str]) -> dict[str, str]:
    """Return the id of each service, member of staff or location of a file, by key."""
    ids = _find_known_ids(store, table, keys=keys)
    return {key: ids.get(key) or key.partition(":")[2] for key in keys}


class CustomerIds(Struct, frozen=True, kw_only=True):
    """The id of each customer of a file, by key; `kept` holds the bookings that know one of them by another id."""

    ids: dict[str, str]
    kept: dict[tuple[str, str], str]


def resolve_customers(
    store: BookingsStore, customers: Mapping[str, EntityTexts], *, attendances: Iterable[tuple[str, str]]
) -> CustomerIds:
    """Return who the customers of a file are; attendances are pairs of a booking's id and the customer's key.

    1. The id in the file. 2. The customer of the database with the same name and address; but a booking that has
    another one of that name keeps that one. 3. The customer whom one of the same bookings has there with the same name
    or a same address. 4. A new id. Nobody becomes, by 2 or 3, somebody whom the file holds under other words.
    """
    ids = _find_known_ids(store, "customers", keys=customers)
    kept: dict[tuple[str, str], str] = {}
    taken = {customer_id: key for key, customer_id in ids.items()}
    if store.has_participants():
        for booking_id, key in attendances:
            if key.startswith(WITH_AN_ID) or (key in ids and store.is_participant(booking_id, ids[key])):
                continue
            traits = _list_traits(
                dict(zip(TEXT_COLUMNS["customers"], customers[key], strict=True)), only_name=key in ids
            )
            for customer_id in _find_attendees(store, booking_id, traits=traits):
                if taken.setdefault(customer_id, key) == key:
                    if ids.setdefault(key, customer_id) != customer_id:
                        kept[booking_id, key] = customer_id
                    break
    for key in customers:
        if key not in ids:
            ids[key] = next(new for new in _make_ids(key) if new not in taken)
            taken[ids[key]] = key
    return CustomerIds(ids=ids, kept=kept)


def _find_known_ids(store: BookingsStore, table: str, *, keys: Iterable[str]) -> dict[str, str]:
    """Return the ids that the file gives, or that the database has for the same words; of several the least."""
    ids = {key: key.removeprefix(WITH_AN_ID) for key in keys if key.startswith(WITH_AN_ID)}
    wanted = {key for key in keys if key not in ids}
    for own_id, *texts in store.list_entities(table) if wanted else ():
        key = make_key(table, None, texts=_name_texts(table, texts))
        if key in wanted:
            ids.setdefault(key, str(own_id))
    return ids


def _name_texts(table: str, texts: list[Any]) -> Mapping[str, Text]:
    """Return stored texts by the name of their column, a customer's full name made of its parts where it lacks."""
    strings = [None if text is None else str(text) for text in texts]
    if table == "customers" and not strings[0]:
        strings[0] = " ".join(filter(None, strings[1:3])) or None
    return dict(zip(TEXT_COLUMNS[table], strings, strict=True))


def _find_attendees(store: BookingsStore, booking_id: str, *, traits: Container[str]) -> Iterator[str]:
    """Return the ids of the customers of a stored booking who have one of these traits."""
    for customer_id, *texts in store.list_attendees(booking_id):
        known = _list_traits(_name_texts("customers", texts), only_name=False)
        if any(trait in traits for trait in known):
            yield str(customer_id)


def _list_traits(texts: Mapping[str, Text], *, only_name: bool) -> set[str]:
    """Return what shows that two customers are one person: the name, and each address."""
    name = texts["full_name"]
    traits = {f"name:{_fold(name)}"} if name else set()
    if not only_name:
        traits |= {f"{kind}:{_normalise_contact(kind, text)}" for kind in _CONTACTS if (text := texts[kind])}
    return traits


def _make_ids(key: str) -> Iterator[str]:
    """Return the id that a key makes, then further ones for the case that it belongs to somebody else by now."""
    for number in itertools.count(1):
        words = key if number == 1 else f"{key}|{number}"
        yield f"c-{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _normalise_contact(kind: str, text: str) -> str:
    """Return the one spelling of an address by which customers are compared; it is not what is stored."""
    folded = _fold(text)
    return folded.translate(_PHONE_PUNCTUATION) if kind == "phone" else folded.removeprefix("@")
