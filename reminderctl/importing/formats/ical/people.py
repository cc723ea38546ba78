"""The people of an event: ORGANIZER is the member of staff, each ATTENDEE a customer (RFC 5545, 3.8.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reminderctl.importing.formats.ical.lines import Property

_ABSENT = frozenset({"DECLINED", "DELEGATED"})
_SHARED_CALENDARS = "calendar.google.com"  # their addresses, which are organizers, and which nobody reads
_COLUMN_OF_SCHEME = {"mailto": "email", "tel": "phone"}


def read_staff(organizer: Property | None) -> dict[str, str]:
    """Return the columns of the member of staff; none of them where there is no organizer."""
    if organizer is None:
        return {}
    _, address = _read_address(organizer)
    name = organizer.parameters.get("CN", "") or address
    return {"staff": name, "staff_email": "" if address.endswith(_SHARED_CALENDARS) else address}


def read_customers(attendees: Sequence[Property], organizer: Property | None) -> Iterator[dict[str, str | None]]:
    """Return the columns of each customer: of neither the organizer nor a room, nor of who is only informed."""
    for attendee in attendees:
        parameters = attendee.parameters
        is_thing = parameters.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE")
        is_informed = parameters.get("ROLE", "").upper() == "NON-PARTICIPANT"
        is_organizer = organizer is not None and attendee.value.casefold() == organizer.value.casefold()
        column, address = _read_address(attendee)
        if is_thing or is_informed or is_organizer or not column:
            continue
        customer: dict[str, str | None] = {"email": None, "phone": None, column: address}
        name = parameters.get("CN", "")
        customer["name"] = None if name.casefold() == address.casefold() else name
        if "PARTSTAT" in parameters:
            customer["status"] = "rejected" if parameters["PARTSTAT"].upper() in _ABSENT else None
        yield customer


def _read_address(person: Property) -> tuple[str, str]:
    """Return the column of an address with the address itself; both empty where there is none that we can write to.

    The address is a URI (RFC 5545, 3.3.3), else that of the parameter EMAIL (RFC 7986, 6.2).
    """
    scheme, _, address = person.value.partition(":")
    column = _COLUMN_OF_SCHEME.get(scheme.lower(), "")
    if not column and person.parameters.get("EMAIL"):
        return "email", person.parameters["EMAIL"]
    return (column, address.strip()) if column else ("", "")
