"""The people of the bookings: their names, by their identities in the ledger."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

from reminderctl.bookings.rows import read_text
from reminderctl.bookings.source import BookingCatalog, open_bookings
from reminderctl.bookings.sqlite import LONGEST_NUMBER
from reminderctl.core.recipients import CHANNELS, TABLES, name_of_customer
from reminderctl.errors import ReminderctlError
from reminderctl.model import Booking, Config

FEWEST_DIGITS = 5  # of what can be a part of a phone number
_TARGETS = frozenset(facts.target for facts in CHANNELS.values() if facts.target)
_NAMES = {"customers": "full_name, first_name, last_name"}
_CALLED = {"customers": f"{_NAMES['customers']}, email, phone, telegram"}  # who has no name is called by an address


class Names:
    """The names of recipients by their identities in the ledger: `customer:7` is Eva Ruiz."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = names or {}

    def name(self, recipient: str, address: str | None = None) -> str:
        """Return a name; else the address; else the identity, of which nothing more is known."""
        is_identity = recipient.partition(":")[0] in TABLES and ":" in recipient
        return self._names.get(recipient) or (address if address and is_identity else recipient)

    def whom(self, recipient: str, address: str | None) -> str:
        """Return a name with the address: `Eva Ruiz <eva@example.com>`."""
        if recipient in _TARGETS:
            return address or recipient
        name = self.name(recipient, address)
        return name if address in (None, "", name) else f"{name} <{address}>"

    def in_words(self, words: str, recipient: str, *, address: str | None = None) -> str:
        """Return words in which a recipient's identity became the name."""
        return _replace(words, recipient, name=self.name(recipient, address))

    def rename_all(self, words: str) -> str:
        """Return words in which every known identity became a name."""
        if not any(f"{kind}:" in words for kind in TABLES):
            return words
        for identity in sorted(self._names, key=len, reverse=True):
            words = _replace(words, identity, name=self._names[identity])
        return words


def _replace(words: str, identity: str, *, name: str) -> str:
    if identity == name or identity not in words:
        return words
    return re.sub(rf"(?<!\w){re.escape(identity)}(?!\w)", lambda _: name, words)


def names_in(booking: Booking | None) -> Names:
    """Return the names of those whom a booking knows."""
    if booking is None:
        return Names()
    customers = [each.customer for each in booking.participants]
    people = {f"customer:{each.id}": name for each in customers if (name := name_of_customer(each)) != each.id}
    nouns = {kind: getattr(booking, kind) for kind in TABLES if kind != "customer"}
    return Names(people | {f"{kind}:{noun.id}": noun.name for kind, noun in nouns.items() if noun and noun.name})


def find_names(config: Config, recipients: Iterable[str]) -> Names:
    """Return the names of recipients, as far as the bookings can be read and know them."""
    wanted = {each for each in recipients if each.partition(":")[0] in TABLES}
    if not wanted:
        return Names()
    try:
        with open_people(config) as people:
            return people.names(wanted)
    except ReminderctlError:
        return Names()  # what is shown is of use without them, too


class Person(NamedTuple):
    """A recipient whom the bookings know: the identity in the ledger, the name, and every address."""

    identity: str
    name: str
    addresses: tuple[str, ...]


class People:
    """The customers, the staff and the locations of an open bookings database."""

    def __init__(self, bookings: BookingCatalog) -> None:
        self._bookings = bookings

    def names(self, recipients: Collection[str]) -> Names:
        """Return the names of recipients that the tables know."""
        wanted = defaultdict[str, list[str]](list)
        for recipient in recipients:
            kind, _, identifier = recipient.partition(":")
            wanted[kind].append(identifier)
        names: dict[str, str] = {}
        for kind, identifiers in wanted.items():
            table = TABLES[kind]
            # A view may number them; what it computes has no affinity, and there 7 and '7' are not the same.
            numbers = [int(text) for text in identifiers if text.isdecimal() and len(text) < LONGEST_NUMBER]
            rows = self._bookings.rows(
                f"SELECT id, {_CALLED.get(table, 'name')} FROM {table} "  # noqa: S608 - names of our own
                "WHERE id IN (SELECT value FROM json_each(:ids))",
                {"ids": msgspec.json.encode([*identifiers, *numbers]).decode()},
            )
            named = ((f"{kind}:{read_text(row[0])}", _full_name(row[1:])) for row in rows)
            names |= {identity: name for identity, name in named if name}
        return Names(names)

    def search(self, text: str, *, kinds: Collection[str]) -> list[Person]:
        """Return the people that a text means: an identity, an id, an address or a name; else the beginnings of one."""
        exact: list[Person] = []
        partial: list[Person] = []
        wanted = _Wanted.of(text)
        for kind in kinds:
            for person in self.everybody(kind):
                if wanted.is_exactly(person):
                    exact.append(person)
                elif not exact and wanted.begins(person):
                    partial.append(person)
        return exact or partial

    def everybody(self, kind: str) -> Iterator[Person]:
        """Yield everybody of one kind: customer, staff or location."""
        table = TABLES[kind]
        telegram = "NULL" if kind == "location" else "telegram"
        sql = f"SELECT id, email, phone, {telegram}, {_NAMES.get(table, 'name')} FROM {table}"  # noqa: S608
        for row in self._bookings.rows(sql, {}):
            identifier, *addresses = map(read_text, row[:4])
            yield Person(f"{kind}:{identifier}", _full_name(row[4:]), tuple(filter(None, addresses)))


@contextmanager
def open_people(config: Config) -> Iterator[People]:
    """Open the people of the bookings that a configuration names; raises `BookingsError` and `LockedError`."""
    with open_bookings(config) as bookings:
        yield People(bookings)


def _full_name(columns: Iterable[object]) -> str:
    """Return the first that there is: the full name, first and last name, an address."""
    full, first, last, *addresses = (*map(read_text, columns), None, None)
    parts = " ".join(filter(None, (first, last)))
    return next(filter(None, (full, parts, *addresses)), "")


class _Wanted(NamedTuple):
    """A text by which somebody is looked for, with what is compared."""

    text: str
    folded: str
    words: tuple[str, ...]
    digits: str  # where it can be a part of a phone number

    @classmethod
    def of(cls, text: str) -> _Wanted:
        """Return what is compared of a text."""
        text = text.strip()
        digits = re.sub(r"[\s().+/-]", "", text)
        is_number = digits.isdecimal() and len(digits) >= FEWEST_DIGITS
        return cls(text, fold(text), _words(fold(text)), digits if is_number else "")

    def is_exactly(self, person: Person) -> bool:
        """Return True if the text is an identity, an id, a name or an address, to the letter."""
        return (
            self.text in (person.identity, person.identity.partition(":")[2])
            or self.folded in (fold(person.name), *map(str.casefold, person.addresses))
            or bool(self.digits and self.digits in (re.sub(r"\D", "", each) for each in person.addresses))
        )

    def begins(self, person: Person) -> bool:
        """Return True if each word begins one of the name, or of a mail address; or digits are inside a number."""
        if self.digits:
            return any(self.digits in re.sub(r"\D", "", each) for each in person.addresses if "@" not in each)
        texts = (fold(person.name), *(each.casefold() for each in person.addresses if "@" in each))
        return bool(self.words) and any(
            all(any(known.startswith(word) for known in _words(text)) for word in self.words) for text in texts
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text))


def fold(text: str) -> str:
    """Return a text without accents and capitals, as people type names that they look for."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
