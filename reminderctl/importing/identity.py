"""Who is who: the ids of services, staff, locations and customers that a file names without one.

A service, a member of staff or a location is known by its name (else by its first contact or address); a customer by
name together with the e-mail address, else the phone number, else the Telegram id. Both, because families and firms
share an address: by the address alone, everybody would be greeted with the name of the last row.

What the database knows already keeps its id. So does a customer whose name or address was corrected, where a booking of
theirs tells that it is the same person: the customer's id is the identity of every reminder (SPEC 5), so a new one
would remind again. Only who is new gets an id made of the words themselves, the same on every machine and in every
database, so that an export loaded into an empty file names everybody as before. A customer's id does not show the
address that it is made of.
"""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from reminderctl.importing.columns import TEXTS, Text, Texts

WITH_AN_ID = "id:"
_CONTACTS = ("email", "phone", "telegram")
_PHONE_LETTERS = str.maketrans("", "", " -().\t/")


def key_of(table: str, own_id: Text, texts: Mapping[str, Text]) -> str | None:
    """What one file knows a noun by; None where it says nothing. Keys with an id begin with `WITH_AN_ID`."""
    if own_id:
        return f"{WITH_AN_ID}{own_id}"
    if table != "customers":
        return next((f"{name}:{_folded(text)}" for name, text in texts.items() if text), None)
    contact = next((f"{name}:{_contact(name, text)}" for name in _CONTACTS if (text := texts[name])), "")
    name = _folded(texts["full_name"] or "")
    return f"{contact}|{name}" if contact or name else None


def resolve(connection: sqlite3.Connection, table: str, keys: Iterable[str]) -> dict[str, str]:
    """The id of each service, member of staff or location of a file."""
    ids = _known_ids(connection, table, keys)
    return {key: ids.get(key) or key.partition(":")[2] for key in keys}


class Customers(Struct, frozen=True, kw_only=True):
    """The id of each customer of a file, by key; `kept` holds the bookings that know one of them by another id."""

    ids: dict[str, str]
    kept: dict[tuple[str, str], str]


def resolve_customers(
    connection: sqlite3.Connection, customers: Mapping[str, Texts], attendances: Iterable[tuple[str, str]]
) -> Customers:
    """Who the customers of a file are, whose attendances are pairs of a booking's id and the customer's key.

    1. The id in the file. 2. The customer of the database with the same name and address; but a booking that has
    another one of that name keeps that one. 3. The customer whom one of the same bookings has there with the same name
    or a same address. 4. A new id. Nobody becomes, by 2 or 3, somebody whom the file holds under other words.
    """
    ids = _known_ids(connection, "customers", customers)
    kept: dict[tuple[str, str], str] = {}
    taken = {customer_id: key for key, customer_id in ids.items()}
    if connection.execute("SELECT 1 FROM participants LIMIT 1").fetchone():
        for booking_id, key in attendances:
            if key.startswith(WITH_AN_ID) or (key in ids and _attends(connection, booking_id, ids[key])):
                continue
            words = _words(dict(zip(TEXTS["customers"], customers[key], strict=True)), only_name=key in ids)
            for customer_id in _attending(connection, booking_id, words):
                if taken.setdefault(customer_id, key) == key:
                    if ids.setdefault(key, customer_id) != customer_id:
                        kept[booking_id, key] = customer_id
                    break
    for key in customers:
        if key not in ids:
            ids[key] = next(new for new in _new_ids(key) if new not in taken)
            taken[ids[key]] = key
    return Customers(ids=ids, kept=kept)


def _known_ids(connection: sqlite3.Connection, table: str, keys: Iterable[str]) -> dict[str, str]:
    """The ids that the file gives, or that the database has for the same words (the least, where it has several)."""
    ids = {key: key.removeprefix(WITH_AN_ID) for key in keys if key.startswith(WITH_AN_ID)}
    wanted = {key for key in keys if key not in ids}
    columns = TEXTS[table]
    statement = f"SELECT id, {', '.join(columns)} FROM {table} ORDER BY id"  # noqa: S608 - constants of columns.py
    for own_id, *texts in connection.execute(statement) if wanted else ():
        key = key_of(table, None, dict(zip(columns, _with_full_name(table, texts), strict=True)))
        if key in wanted:
            ids.setdefault(key, str(own_id))
    return ids


def _with_full_name(table: str, texts: list[Any]) -> list[str | None]:
    strings = [None if text is None else str(text) for text in texts]
    if table == "customers" and not strings[0]:
        strings[0] = " ".join(filter(None, strings[1:3])) or None
    return strings


_SELECT_ATTENDING = f"""
SELECT c.id, {", ".join(f"c.{column}" for column in TEXTS["customers"])}
FROM participants AS p JOIN customers AS c ON c.id = p.customer_id
WHERE p.booking_id = :booking_id
ORDER BY p.position, c.id
"""  # noqa: S608 - constants of columns.py


def _attends(connection: sqlite3.Connection, booking_id: str, customer_id: str) -> bool:
    statement = "SELECT 1 FROM participants WHERE booking_id = ? AND customer_id = ?"
    return connection.execute(statement, (booking_id, customer_id)).fetchone() is not None


def _attending(connection: sqlite3.Connection, booking_id: str, words: Container[str]) -> Iterator[str]:
    """The customers of a stored booking whom one of these words tells."""
    for customer_id, *texts in connection.execute(_SELECT_ATTENDING, {"booking_id": booking_id}).fetchall():
        known = dict(zip(TEXTS["customers"], _with_full_name("customers", texts), strict=True))
        if any(word in words for word in _words(known, only_name=False)):
            yield str(customer_id)


def _words(texts: Mapping[str, Text], *, only_name: bool) -> set[str]:
    """What can tell that two customers are one: the name, and each address."""
    name = texts["full_name"]
    words = {f"name:{_folded(name)}"} if name else set()
    if not only_name:
        words |= {f"{kind}:{_contact(kind, text)}" for kind in _CONTACTS if (text := texts[kind])}
    return words


def _new_ids(key: str) -> Iterator[str]:
    """The id that the words make, then further ones for the case that it belongs to somebody else by now."""
    for number in itertools.count(1):
        words = key if number == 1 else f"{key}|{number}"
        yield f"c-{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _contact(kind: str, text: str) -> str:
    """One spelling for each address."""
    folded = _folded(text)
    return folded.translate(_PHONE_LETTERS) if kind == "phone" else folded.removeprefix("@")
