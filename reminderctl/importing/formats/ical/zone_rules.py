"""The zones that a calendar describes itself: VTIMEZONE (RFC 5545, 3.6.5).

Of each STANDARD and DAYLIGHT only what moves the clock is read. Whatever else programs write there (TZUNTIL and
TZID-ALIAS-OF of RFC 7808, names in several languages, properties of their own) is passed over, as RFC 5545, 3.8.8
asks for. `dateutil` works the rules out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO

from dateutil.tz import tzical

from reminderctl.importing.formats.ical.lines import split_name

MOST_RULES, MOST_CHANGES = 30, 300  # of one zone; each is looked at for each time that is read
# What real zones are made of. Anything else (FREQ=SECONDLY) has too many changes of the clock to be one.
_RULE_PARTS = frozenset(
    {
        *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"),
        *("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYSETPOS"),
    }
)
_PARTS_OF_A_DAY = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})  # with one value they make no more changes
_OFFSET = re.compile(r"([+-]?)(\d\d):?([0-5]\d):?([0-5]\d)?")

Observance = Mapping[str, list[str]]  # the values of its properties by name, with its kind as BEGIN


def read_description(lines: list[str]) -> tzinfo | None:
    """Return the zone that a VTIMEZONE describes; None where it does not make sense."""
    if sum(line[:5].upper() == "BEGIN" for line in lines) > MOST_CHANGES:
        return None
    observances = list(_split_observances(lines))
    if sum(len(observance.get("RRULE", ())) for observance in observances) > MOST_RULES:
        return None
    try:
        texts = [line for observance in observances for line in _write_observance(observance)]
        first = min(observances, key=lambda observance: _read_wall(observance["DTSTART"][0], timedelta()))
        # Before its first change the clock was as that one found it.
        before = {"BEGIN": ["STANDARD"], "DTSTART": ["00010101"], "TZOFFSETTO": first["TZOFFSETFROM"]}
        texts += _write_observance({**before, "TZOFFSETFROM": first["TZOFFSETFROM"]})
        text = "\n".join(["BEGIN:VTIMEZONE", "TZID:x", *texts, "END:VTIMEZONE"])
        zone: tzinfo = tzical(StringIO(text)).get()
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):  # dateutil raises what it stumbles on
        return None
    return zone


def _split_observances(lines: list[str]) -> Iterator[Observance]:
    """Return the properties of each STANDARD and DAYLIGHT of a VTIMEZONE."""
    inside: list[str] = []
    properties: dict[str, list[str]] = {}
    for line in lines:
        name, value = split_name(line)
        if name == "BEGIN":
            inside.append(value.upper())
            if len(inside) == 2:
                properties = {"BEGIN": [value.upper()]}
        elif name == "END" and inside:
            if inside.pop() in ("STANDARD", "DAYLIGHT") and len(inside) == 1:
                yield properties
        elif len(inside) == 2:
            properties.setdefault(name, []).append(value)


def _write_observance(observance: Observance) -> Iterator[str]:
    """Return the lines of an observance in the one form that dateutil reads; raises ValueError and LookupError."""
    kind, before = observance["BEGIN"][0], _read_offset(observance["TZOFFSETFROM"][0])
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{_write_wall(_read_wall(observance['DTSTART'][0], before))}"
    yield from (f"RRULE:{_write_rule(rule, before)}" for rule in observance.get("RRULE", ()) if rule)
    dates = [date.partition("/")[0].strip() for dates in observance.get("RDATE", ()) for date in dates.split(",")]
    yield from (f"RDATE:{_write_wall(_read_wall(date, before))}" for date in dates if date)
    for name in ("TZOFFSETFROM", "TZOFFSETTO"):
        yield f"{name}:{_write_offset(_read_offset(observance[name][0]))}"
    yield f"END:{kind}"


def _write_rule(rule: str, before: timedelta) -> str:
    """Return a rule, its UNTIL on the clock that it ends, as dateutil compares it so; raises ValueError."""
    pairs = (part.partition("=")[::2] for part in rule.upper().split(";") if part.strip())
    parts = {name.strip(): "".join(value.split()) for name, value in pairs}
    is_bounded = all("," not in parts.get(name, "") for name in _PARTS_OF_A_DAY)
    if not parts.keys() <= _RULE_PARTS | _PARTS_OF_A_DAY or not is_bounded or parts.get("INTERVAL") == "0":
        raise ValueError(rule)
    if parts.get("FREQ") not in ("YEARLY", "MONTHLY"):
        raise ValueError(rule)
    if until := parts.get("UNTIL"):
        parts["UNTIL"] = _write_wall(_read_wall(until, before)) if "T" in until else f"{until}T235959"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _read_wall(text: str, before: timedelta) -> datetime:
    """Return a time on the clock before a change, which one in UTC is converted to; raises ValueError."""
    time = datetime.fromisoformat(text)
    return (time.astimezone(UTC) + before if time.tzinfo else time).replace(tzinfo=None)


def _write_wall(wall: datetime) -> str:
    return wall.isoformat(timespec="seconds").replace("-", "").replace(":", "")


def _read_offset(text: str) -> timedelta:
    """Return a UTC-OFFSET (RFC 5545, 3.3.14); raises ValueError."""
    parts = _OFFSET.fullmatch(text)
    if parts is None or int(parts[2]) > 23:
        raise ValueError(text)
    offset = timedelta(hours=int(parts[2]), minutes=int(parts[3]), seconds=int(parts[4] or 0))
    return -offset if parts[1] == "-" else offset


def _write_offset(offset: timedelta) -> str:
    seconds = int(abs(offset).total_seconds())
    return f"{'-' if offset < timedelta() else '+'}{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
