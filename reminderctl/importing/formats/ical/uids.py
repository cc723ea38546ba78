"""The id of the events of a calendar: UID (RFC 5545, 3.8.4.7), or one that is made where it is missing.

The standard asks for a UID, but booking programs export calendars without.
"""

from __future__ import annotations

from hashlib import sha256

from reminderctl.core.statuses import split_canceled
from reminderctl.importing.columns import ColumnNames
from reminderctl.importing.formats.ical.lines import EventLines, split_name
from reminderctl.text import pluralize

_PREFIX = "no-uid-"
_DIGITS = 20


def find_uid(lines: EventLines, names: ColumnNames) -> str:
    """Return the UID of an event, or what --map names as its id; empty where there is none."""
    mapped = (name for name in names.mapped_columns() if name in lines.properties and names.find_mapped(name) == "id")
    for name in (*mapped, "UID"):
        _, value = split_name(lines.properties.get(name, [""])[0])
        if value:
            return value
    return ""


def make_uid(lines: EventLines) -> str:
    """Return an id made of start, summary and attendees, the same in each export; empty for one instance of a series.

    Which series that is nobody can say.
    """
    if "RECURRENCE-ID" in lines.properties:
        return ""
    starts = [line.upper() for line in lines.properties.get("DTSTART", [])[:1]]
    services = [split_name(line)[1] for line in lines.properties.get("SUMMARY", [])[:1]]
    services = [split_canceled(service)[1] or service for service in services]
    people = sorted(line.rpartition(":")[2].strip().casefold() for line in lines.properties.get("ATTENDEE", []))
    return _PREFIX + sha256("\n".join([*starts, *services, *people]).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def describe_made_uids(number: int) -> str:
    """Return the warning for a file some of whose events have no UID."""
    return (
        f"{pluralize(number, 'event')} without a UID: start, service and attendees are the id, so that one that is "
        "moved is another booking; --delete-missing cancels the old one, --map PROPERTY=id names a better id"
    )
