"""The lines of an iCalendar file, sorted into calendars with their time zones and events (RFC 5545, 3.1 and 3.4)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from io import TextIOWrapper
from typing import Any, NamedTuple

from icalendar.parser import Parameters
from msgspec import Struct

from reminderctl.errors import ImportFailedError
from reminderctl.importing.export_file import ExportFile

DEEPEST = 10
LONGEST_COMPONENT_NAME = 40  # characters
_parse_parameters: Any = Parameters.from_ical  # not typed
_CALENDAR_PROPERTIES = frozenset({"METHOD", "X-WR-TIMEZONE"})
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(r"[A-Z0-9._-]+")
# NAME;PARAMETER="VALUE":what follows the first colon outside quotes
_LINE = re.compile(r"""([^:;]+)(?:;((?:[^":]|"[^"]*")*))?:(.*)""", re.DOTALL)
# The rest of a parameter, then the address or the time that the line is there for.
_BEHIND_A_COLON = re.compile(r"(.*?):((?:mailto|tel):.+|\d{8}[\dTZP,/]*)", re.DOTALL | re.IGNORECASE)
_QUOTES_INSIDE = re.compile(
    r"([A-Z0-9-]+);(.*?):((?:mailto|tel|sms|urn|https?):.+|\d{8}[\dTZP,/]*|[^:\"]*)", re.DOTALL | re.IGNORECASE
)
_ADDRESS_OR_TIME = re.compile(r"(?:mailto|tel):|\d{8}", re.IGNORECASE)
_MAY_NAME_ANYTHING = frozenset({"ATTENDEE", "ORGANIZER", "DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})


class BadEventError(Exception):
    """An event that cannot be read, with what is wrong in words; the line is that of its BEGIN."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class Property(NamedTuple):
    """One property of an event: its parameters by upper-case name, its value as it is written."""

    parameters: Mapping[str, str]
    value: str


class CalendarLines(Struct):
    """One VCALENDAR, what it says of its events: properties by name, the lines of its VTIMEZONEs by TZID."""

    properties: dict[str, str] = {}
    zones: dict[str, list[str]] = {}


class EventLines(Struct):
    """One VEVENT: its first line's number, the unfolded lines of its wanted properties by name.

    `stray_line` is the number of the first line that is no property: the rest of one before it, not folded as it should
    be (RFC 5545, 3.1). 0 where there is none.
    """

    line: int
    calendar: CalendarLines
    properties: dict[str, list[str]] = {}
    stray_line: int = 0


def read_event_lines(file: ExportFile, wanted: Collection[str]) -> Iterator[EventLines]:
    """Return the events of a file, of their properties only the wanted ones.

    A calendar is complete only after its last event: VTIMEZONEs may follow it. Raises `ImportFailedError` where BEGIN
    and END do not match, as it is not known then what belongs to what.
    """
    calendar = CalendarLines()
    event, zone = EventLines(0, calendar), list[str]()
    for number, name, line, inside in _read_nested(file):
        match inside:
            case ("VCALENDAR",) if name == "BEGIN":
                calendar = CalendarLines()
            case ("VCALENDAR",) if name in _CALENDAR_PROPERTIES:
                calendar.properties.setdefault(name, line.partition(":")[2].strip())
            case ("VCALENDAR", "VTIMEZONE", *deeper):
                if name == "BEGIN" and not deeper:
                    zone = []
                zone.append(line)
                if name == "END" and not deeper:
                    calendar.zones[_find_tzid(zone)] = zone
            case ("VCALENDAR", "VEVENT") if name == "BEGIN":
                event = EventLines(number, calendar)
            case ("VCALENDAR", "VEVENT") if name == "END":
                yield event
            case ("VCALENDAR", "VEVENT") if name in wanted:
                event.properties.setdefault(name, []).append(line)
            case ("VCALENDAR", "VEVENT") if not event.stray_line and not (":" in line and _NAME.fullmatch(name)):
                event.stray_line = number


def _read_nested(file: ExportFile) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
    """Return each line as its number, its name, itself, and the names of the components around it.

    A component's own BEGIN and END are inside it.
    """
    opened: list[tuple[str, int]] = []
    inside: tuple[str, ...] = ()
    calendars = 0
    with file.text() as text:
        for number, line in _unfold(text):
            name, _, value = line.partition(":")
            name, value = name.partition(";")[0].strip().upper(), value.strip()[:LONGEST_COMPONENT_NAME].upper()
            if name == "BEGIN":
                opened.append((value, number))
                inside = (*inside, value)
                calendars += value == "VCALENDAR"
                _refuse_misplaced(file, opened)
            yield number, name, line, inside
            if name == "END":
                _refuse_unmatched(file, opened, component=value, line=number)
                opened.pop()
                inside = inside[:-1]
    if opened:
        problem = f"the file is cut off: BEGIN:{opened[-1][0]} on line {opened[-1][1]} has no END"
        raise ImportFailedError(f"{file.name}: {problem}; nothing was changed")
    if not calendars:
        raise ImportFailedError(f"{file.name}: there is no calendar (BEGIN:VCALENDAR) in it; nothing was changed")


def split_line(event: EventLines, line: str, *, remarks: list[str]) -> Property:
    """Return the property of one line of an event; raises `BadEventError`.

    A parameter with a colon must be in quotes (RFC 5545, 3.2). Where it is not, and what follows shows where the value
    begins, it is read so with a remark.
    """
    parts = _LINE.fullmatch(line)
    if parts is None:
        if lenient := _split_leniently(line, remarks):
            return lenient
        raise BadEventError(event.line, f"cannot read {line[:60]!r}; write NAME:value")
    name, parameters, value = parts.groups()
    is_cut = parameters and name.upper() in _MAY_NAME_ANYTHING and not _ADDRESS_OR_TIME.match(value)
    after = _BEHIND_A_COLON.fullmatch(value) if is_cut else None
    if after is not None:
        parameters, value = _quote_colons(f"{parameters}:{after[1]}"), after[2]
        remarks.append(
            f"a parameter of {name} has a colon without quotes around it; it was read as {parameters[:60]!r}"
        )
    try:
        return Property(_read_parameters(parameters or ""), value.strip())
    except ValueError:
        if lenient := _split_leniently(line, remarks):
            return lenient
        raise BadEventError(event.line, f"cannot read the parameters of {name}: {parameters[:60]!r}") from None


def _split_leniently(line: str, remarks: list[str]) -> Property | None:
    """Return the property of a line with quotation marks inside a parameter, which RFC 5545, 3.2 forbids.

    `CN=Ana "la" Ruiz` can mean one thing only. A parameter without a value says nothing. None where this is no help.
    """
    parts = _QUOTES_INSIDE.fullmatch(line)
    if parts is None:
        return None
    name, text, value = parts.groups()
    pairs = [part.partition("=") for part in re.split(r";(?=[A-Za-z0-9-]+(?:=|;|$))", text)]
    if any(given.strip()[:1] == '"' != given.strip()[-1:] for _, _, given in pairs):
        return None  # nobody knows where what it opens ends
    parameters = {key.strip().upper(): _strip_quotes(given.strip()) for key, equals, given in pairs if equals}
    remarks.append(f"the parameters of {name} are not as RFC 5545 has them; they were read as {text[:60]!r}")
    return Property(parameters, value.strip())


def _strip_quotes(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _quote_colons(parameters: str) -> str:
    return re.sub(r'(?<==)([^";]*:[^";]*)', r'"\1"', parameters)


@lru_cache(maxsize=4096)  # the same zones and people are in many events
def _read_parameters(text: str) -> Mapping[str, str]:
    """Return parameters by upper-case name, without control characters (RFC 5545, 3.2); raises ValueError."""
    parameters = _parse_parameters(_CONTROLS.sub("", text)) if text else {}
    return {
        str(name).upper(): ", ".join(map(str.strip, value)) if isinstance(value, list) else str(value)
        for name, value in parameters.items()
    }


def _unfold(text: TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Return each content line with the number of its first line.

    One that begins with a blank continues the one before (RFC 5545, 3.1), empty lines between them or not: those come
    of line ends that were doubled.
    """
    first, parts = 0, list[str]()
    for number, line in enumerate(text, start=1):
        content = line.rstrip("\r\n")
        if not content:
            continue
        if content[0] in " \t" and parts:
            parts.append(content[1:])
            continue
        if parts:
            yield first, _join(parts)
        first, parts = number, [content]
    if parts:
        yield first, _join(parts)


def _join(parts: list[str]) -> str:
    """Return the line of these parts, with characters that a fold had cut whole again (see `ExportFile.errors`)."""
    line = "".join(parts)
    if len(parts) == 1 or line.isascii():
        return line
    return line.encode("utf-8", "surrogateescape").decode("utf-8")


def split_name(line: str) -> tuple[str, str]:
    """Return the upper-case name and the value of a line; the whole line is the name where it has no value."""
    parts = _LINE.fullmatch(line)
    return (parts[1].strip().upper(), parts[3].strip()) if parts else (line, "")


def normalize_tzid(tzid: str, *, fold_case: bool = True) -> str:
    """Return a TZID in one form: it is TEXT in a VTIMEZONE and a parameter elsewhere (RFC 5545, 3.2.19 and 3.8.3.1).

    So the same name has its commas escaped there, and is in quotes here.
    """
    name = re.sub(r"\\+([,;])", r"\1", tzid.strip().strip('"'))
    name = ", ".join(part.strip() for part in " ".join(name.split()).split(","))
    return name.casefold() if fold_case else name


def _find_tzid(lines: list[str]) -> str:
    return next((normalize_tzid(value) for name, value in map(split_name, lines) if name == "TZID"), "")


def _refuse_misplaced(file: ExportFile, opened: list[tuple[str, int]]) -> None:
    component, line = opened[-1]
    if len(opened) > DEEPEST:
        problem = "it is nested too deep"
    elif (component == "VCALENDAR") != (len(opened) == 1) or (component == "VEVENT" and len(opened) != 2):
        problem = f"BEGIN:{component} cannot stand here" + (f", {opened[-2][0]} has no END" if len(opened) > 1 else "")
    else:
        return
    raise ImportFailedError(f"{file.name}:{line}: {problem}; nothing was changed")


def _refuse_unmatched(file: ExportFile, opened: list[tuple[str, int]], *, component: str, line: int) -> None:
    if opened and opened[-1][0] == component:
        return
    wanted = f"BEGIN:{opened[-1][0]} on line {opened[-1][1]} has no END" if opened else "nothing was begun"
    raise ImportFailedError(f"{file.name}:{line}: END:{component} cannot stand here, {wanted}; nothing was changed")
