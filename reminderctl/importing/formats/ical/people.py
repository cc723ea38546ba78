"""What a calendar says of an event beside its times: what, where, who."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reminderctl.importing.columns import NOUNS, Names
from reminderctl.importing.formats.ical.lines import Property

_COLUMNS = {"SUMMARY": "service", "LOCATION": "location", "DESCRIPTION": "notes", "CATEGORIES": "categories"}
PROPERTIES = frozenset({*_COLUMNS, "STATUS", "ORGANIZER", "ATTENDEE"})
_ESCAPED = re.compile(r"\\([\\;,nN])")  # RFC 5545, 3.3.11
_STATUS = {"CANCELLED": "canceled", "TENTATIVE": "pending"}
_ABSENT = frozenset({"DECLINED", "DELEGATED"})
_SHARED_CALENDARS = "calendar.google.com"  # their addresses, which are organizers, and which nobody reads


def read_details(found: Mapping[str, Sequence[Property]], names: Names) -> dict[str, Any]:
    """The columns of an event, those that --map names after one of its properties among them."""
    status = found["STATUS"][0].value.upper() if "STATUS" in found else ""
    organizer = found["ORGANIZER"][0] if "ORGANIZER" in found else None
    customers = list(_customers(found.get("ATTENDEE", ()), organizer))
    values: dict[str, Any] = {"status": _STATUS.get(status, "approved"), "customers": customers}
    values |= _staff(organizer)
    for name, column in _COLUMNS.items():
        if names.mapped(name) is None:
            values[column] = _text(found.get(name, ()))
    for name in names.sources():
        if name in _COLUMNS or name in found:
            values[names.mapped(name) or name] = _text(found.get(name, ()))
    if not customers and not values.keys().isdisjoint(NOUNS["customers"].values()):
        del values["customers"]  # --map says which property names the customer
    return values


def _text(properties: Sequence[Property]) -> str | None:
    """The text of a property; of several, as CATEGORIES may be, all."""
    return ", ".join(_ESCAPED.sub(_unescape, each.value) for each in properties) or None


def _unescape(found: re.Match[str]) -> str:
    letter = found[1]
    return "\n" if letter in "nN" else letter


def _staff(organizer: Property | None) -> dict[str, str]:
    if organizer is None:
        return {}
    _, address = _address(organizer)
    name = organizer.parameters.get("CN", "") or address
    return {"staff": name, "staff_email": "" if address.endswith(_SHARED_CALENDARS) else address}


def _customers(attendees: Sequence[Property], organizer: Property | None) -> Iterator[dict[str, str | None]]:
    """Who attends: neither the organizer nor a room, and nobody who is only told of it."""
    for attendee in attendees:
        parameters = attendee.parameters
        is_thing = parameters.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE")
        is_told = parameters.get("ROLE", "").upper() == "NON-PARTICIPANT"
        kind, address = _address(attendee)
        if is_thing or is_told or not kind or (organizer and attendee.value.casefold() == organizer.value.casefold()):
            continue
        customer: dict[str, str | None] = {"email": None, "phone": None, kind: address}
        name = parameters.get("CN", "")
        customer["name"] = None if name.casefold() == address.casefold() else name
        if "PARTSTAT" in parameters:
            customer["status"] = "rejected" if parameters["PARTSTAT"].upper() in _ABSENT else None
        yield customer


def _address(person: Property) -> tuple[str, str]:
    """The column of an address with the address itself; both empty where there is none that we can write to."""
    scheme, _, address = person.value.partition(":")
    kind = {"mailto": "email", "tel": "phone"}.get(scheme.lower(), "")
    if not kind and person.parameters.get("EMAIL"):
        return "email", person.parameters["EMAIL"]
    return (kind, address.strip()) if kind else ("", "")
