"""The lines of an iCalendar file, sorted into calendars with their time zones and events."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from io import TextIOWrapper
from typing import Any, NamedTuple

from icalendar.parser import Parameters
from msgspec import Struct

from reminderctl.errors import ImportFailedError
from reminderctl.importing.source import Source

DEEPEST = 10
LONGEST_KIND = 40  # characters of the name of a component
_parameters: Any = Parameters.from_ical  # not typed
_OF_A_CALENDAR = frozenset({"METHOD", "X-WR-TIMEZONE"})
# NAME;PARAMETER="VALUE":what follows the first colon outside quotes
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_LINE = re.compile(r"""([^:;]+)(?:;((?:[^":]|"[^"]*")*))?:(.*)""", re.DOTALL)


class BadEventError(Exception):
    """What is wrong with one event, in words; the line is that of its BEGIN."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Property(NamedTuple):
    """One property of an event: its parameters by upper-case name, its value as it is written."""

    parameters: Mapping[str, str]
    value: str


class Calendar(Struct):
    """What one VCALENDAR says of its events: properties by name, the lines of its VTIMEZONEs by TZID."""

    properties: dict[str, str] = {}
    zones: dict[str, list[str]] = {}


class Component(Struct):
    """One VEVENT: its first line's number, the unfolded lines of its wanted properties by name."""

    line: int
    calendar: Calendar
    lines: dict[str, list[str]] = {}


def read_components(source: Source, wanted: Collection[str]) -> Iterator[Component]:
    """The events of a file, of their properties only the wanted ones.

    A calendar is complete only after its last event: VTIMEZONEs may follow it. Raises `ImportFailedError` where BEGIN
    and END do not match, as nothing tells then what belongs to what.
    """
    calendar = Calendar()
    event, zone = Component(0, calendar), list[str]()
    for number, name, line, inside in _placed(source):
        match inside:
            case ("VCALENDAR",) if name == "BEGIN":
                calendar = Calendar()
            case ("VCALENDAR",) if name in _OF_A_CALENDAR:
                calendar.properties.setdefault(name, line.partition(":")[2].strip())
            case ("VCALENDAR", "VTIMEZONE", *deeper):
                if name == "BEGIN" and not deeper:
                    zone = []
                zone.append(line)
                if name == "END" and not deeper:
                    calendar.zones[_tzid(zone)] = zone
            case ("VCALENDAR", "VEVENT") if name == "BEGIN":
                event = Component(number, calendar)
            case ("VCALENDAR", "VEVENT") if name == "END":
                yield event
            case ("VCALENDAR", "VEVENT") if name in wanted:
                event.lines.setdefault(name, []).append(line)


def _placed(source: Source) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
    """Each line with its number before it, then its name, and after it the components that it stands in.

    A component's own BEGIN and END stand in it.
    """
    opened: list[tuple[str, int]] = []
    inside: tuple[str, ...] = ()
    calendars = 0
    with source.text() as text:
        for number, line in _unfolded(text):
            name, _, value = line.partition(":")
            name, value = name.partition(";")[0].strip().upper(), value.strip()[:LONGEST_KIND].upper()
            if name == "BEGIN":
                opened.append((value, number))
                inside = (*inside, value)
                calendars += value == "VCALENDAR"
                _refuse_misplaced(source, opened)
            yield number, name, line, inside
            if name == "END":
                _refuse_unmatched(source, opened, value, number)
                opened.pop()
                inside = inside[:-1]
    if opened:
        what = f"the file is cut off: BEGIN:{opened[-1][0]} on line {opened[-1][1]} has no END"
        raise ImportFailedError(f"{source.name}: {what}; nothing was changed")
    if not calendars:
        raise ImportFailedError(f"{source.name}: there is no calendar (BEGIN:VCALENDAR) in it; nothing was changed")


def split_line(component: Component, line: str) -> Property:
    """A property line taken apart; raises `BadEventError`."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadEventError(component.line, f"cannot read {line[:60]!r}; write NAME:value")
    name, parameters, value = found.groups()
    try:
        return Property(_read_parameters(parameters or ""), value.strip())
    except ValueError:
        raise BadEventError(component.line, f"cannot read the parameters of {name}: {parameters[:60]!r}") from None


@lru_cache(maxsize=4096)  # the same zones and people stand in many events
def _read_parameters(text: str) -> Mapping[str, str]:
    """Parameters by upper-case name, without control characters; raises ValueError."""
    known = _parameters(_CONTROLS.sub("", text)) if text else {}
    return {
        str(name).upper(): ", ".join(map(str.strip, value)) if isinstance(value, list) else str(value)
        for name, value in known.items()
    }


def _unfolded(text: TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Each content line with the number of its first line; one that begins with a blank continues the one before."""
    first, parts = 0, list[str]()
    for number, line in enumerate(text, start=1):
        content = line.rstrip("\r\n")
        if content[:1] in (" ", "\t") and parts:
            parts.append(content[1:])
            continue
        if parts:
            yield first, _joined(parts)
        first, parts = number, [content] if content else []
    if parts:
        yield first, _joined(parts)


def _joined(parts: list[str]) -> str:
    """The line of these parts, those of its characters whole that a fold had cut (see `Source.errors`)."""
    line = "".join(parts)
    if len(parts) == 1 or line.isascii():
        return line
    return line.encode("utf-8", "surrogateescape").decode("utf-8")


def _tzid(lines: list[str]) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.upper().startswith("TZID")), "")


def _refuse_misplaced(source: Source, opened: list[tuple[str, int]]) -> None:
    kind, line = opened[-1]
    if len(opened) > DEEPEST:
        what = "it is nested too deep"
    elif (kind == "VCALENDAR") != (len(opened) == 1) or (kind == "VEVENT" and len(opened) != 2):
        what = f"BEGIN:{kind} cannot stand here" + (f", {opened[-2][0]} has no END" if len(opened) > 1 else "")
    else:
        return
    raise ImportFailedError(f"{source.name}:{line}: {what}; nothing was changed")


def _refuse_unmatched(source: Source, opened: list[tuple[str, int]], kind: str, line: int) -> None:
    if opened and opened[-1][0] == kind:
        return
    wanted = f"BEGIN:{opened[-1][0]} on line {opened[-1][1]} has no END" if opened else "nothing was begun"
    raise ImportFailedError(f"{source.name}:{line}: END:{kind} cannot stand here, {wanted}; nothing was changed")
