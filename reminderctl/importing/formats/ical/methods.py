"""The METHOD of a calendar: for what its events were sent to somebody (iTIP, RFC 5546)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from reminderctl.importing.formats.ical.lines import BadEventError, CalendarLines, Property


class Method(StrEnum):
    """The purpose that a calendar was sent for. Only the first four describe events, or end them."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    ADD = "ADD"
    CANCEL = "CANCEL"
    REPLY = "REPLY"
    COUNTER = "COUNTER"
    REFRESH = "REFRESH"
    DECLINECOUNTER = "DECLINECOUNTER"

    @property
    def cancels(self) -> bool:
        """Does it end events?"""
        return self is Method.CANCEL

    @property
    def adds(self) -> bool:
        """Does it add instances to a series, which it says nothing else about (RFC 5546, 3.2.4)?"""
        return self is Method.ADD

    def refuse(self, line: int, uid: str, *, first: Mapping[str, Property]) -> None:
        """Raise `BadEventError` for an event that is none, or changes what only its organizer's program knows."""
        if self in _OTHERS:
            problem = f"METHOD:{self} {_OTHERS[self]}; leave it out"
        elif self.cancels and "ATTENDEE" in first and "STATUS" not in first:
            problem = (
                "METHOD:CANCEL without STATUS:CANCELLED takes only its attendees out of the event (RFC 5546, 3.2.5), "
                "and does not say who is left; import the event as it is now"
            )
        else:
            return
        raise BadEventError(line, f"event {uid}: {problem}")


_OTHERS = {
    Method.REPLY: "is the answer of one attendee, and does not describe the event (RFC 5546, 3.2.3)",
    Method.COUNTER: "is what an attendee would like instead, and changes nothing (RFC 5546, 3.2.7)",
    Method.REFRESH: "asks for the event, and does not describe it (RFC 5546, 3.2.6)",
    Method.DECLINECOUNTER: "refuses what an attendee would like instead, and changes nothing (RFC 5546, 3.2.8)",
}


def read_method(calendar: CalendarLines) -> Method:
    """Return the method of a calendar; PUBLISH where it has none or one of its own."""
    name = calendar.properties.get("METHOD", "").upper()
    return Method(name) if name in Method.__members__ else Method.PUBLISH
