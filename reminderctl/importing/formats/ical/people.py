"""The people of an event: ORGANIZER is the member of staff, each ATTENDEE a customer (RFC 5545, 3.8.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from msgspec import Struct

from reminderctl.importing.formats.ical.lines import Property

_ABSENT = frozenset({"DECLINED", "DELEGATED"})
_SHARED_CALENDARS = "calendar.google.com"  # their addresses, which are organizers, and which nobody reads
_MAILBOX = re.compile(r"[^\s@<>\"',;:/]+@[^\s@<>\"',;:/]+")
_NUMBER = re.compile(r"\+?[\d ()./-]{6,30}")


class Contact(Struct, frozen=True):
    """The addresses of a person that we can write to; empty where there are none."""

    email: str = ""
    phone: str = ""

    @property
    def address(self) -> str:
        """The one that is used first."""
        return self.email or self.phone


def read_staff(organizer: Property | None) -> dict[str, str]:
    """Return the columns of the member of staff; none of them where there is no organizer."""
    if organizer is None:
        return {}
    contact = _read_contact(organizer)
    name = organizer.parameters.get("CN", "").strip() or contact.address
    columns = {"staff": name, "staff_email": "" if contact.email.endswith(_SHARED_CALENDARS) else contact.email}
    return columns | ({"staff_phone": contact.phone} if contact.phone else {})


def read_customers(
    attendees: Sequence[Property], organizer: Property | None, *, remarks: list[str]
) -> Iterator[dict[str, str | None]]:
    """Return the columns of each customer: of neither the organizer nor a room, nor of who is only informed.

    An attendee without an address is left out with a remark.
    """
    for attendee in attendees:
        parameters = attendee.parameters
        is_thing = parameters.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE")
        is_informed = parameters.get("ROLE", "").upper() == "NON-PARTICIPANT"
        if is_thing or is_informed or (organizer is not None and _are_the_same(attendee, organizer)):
            continue
        contact, name = _read_contact(attendee), parameters.get("CN", "").strip()
        if not contact.address:
            shown = name or attendee.value
            remarks.append(f"attendee {shown[:60]!r} has no address that anything can be sent to, and was left out")
            continue
        customer: dict[str, str | None] = {"email": contact.email or None, "phone": contact.phone or None}
        customer["name"] = None if _MAILBOX.fullmatch(re.sub("(?i)^mailto:", "", name)) else name
        if "PARTSTAT" in parameters:
            customer["status"] = "rejected" if parameters["PARTSTAT"].upper() in _ABSENT else None
        yield customer


def _are_the_same(one: Property, other: Property) -> bool:
    address = _read_contact(one).address.casefold()
    return one.value.casefold() == other.value.casefold() or address == _read_contact(other).address.casefold() != ""


def _read_contact(person: Property) -> Contact:
    """Return the addresses of a person.

    The parameter EMAIL goes before the calendar's own address, which may be an opaque one (RFC 7986, 6.2). That is a
    URI (RFC 5545, 3.3.3; RFC 6068 and RFC 3966 say how they are written); a bare address can mean nothing else.
    """
    own = _read_uri(person.value)
    email = _read_uri(person.parameters.get("EMAIL", "")).email
    return Contact(email if "@" in email else own.email, own.phone)


def _read_uri(uri: str) -> Contact:
    scheme, colon, rest = uri.strip(" \"'<>").partition(":")
    if not colon:
        scheme, rest = "", scheme
    match scheme.strip().lower():
        case "mailto":
            return _read_uri(rest) if rest.strip()[:7].lower() == "mailto:" else _read_mailbox(rest)
        case "tel" | "sms":
            return Contact(phone=_decode(re.split("[;?]", rest)[0]).strip(" /"))
        case "" if _NUMBER.fullmatch(rest):
            return Contact(phone=rest.strip())
        case "" if _MAILBOX.fullmatch(rest):
            return Contact(rest)
    return Contact()


def _read_mailbox(text: str) -> Contact:
    """Return the first address of a `mailto` URI, decoded (RFC 6068, 2)."""
    address = _decode(text.split("?")[0].split(",")[0]).strip(" /<>\"'")
    mailbox = re.fullmatch(r".*<([^<>]+)", address)  # Luis Marin <luis@example.com>
    return Contact(mailbox[1].strip() if mailbox else address)


def _decode(text: str) -> str:
    """Return a part of a URI without its percent signs (RFC 3986, 2.1), unless that gives what no address has."""
    decoded = unquote(text, errors="replace")
    return decoded if decoded.isprintable() and "\N{REPLACEMENT CHARACTER}" not in decoded else text
