"""The quiet hours of the YAML: of all workflows, or of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, cast

from yaml.nodes import Node, ScalarNode

from reminderctl.config import schema
from reminderctl.config.settings import read_text, read_texts
from reminderctl.config.struct_reader import check_keys, encoded_names
from reminderctl.config.suggestions import did_you_mean, one_of, quote, suggest
from reminderctl.config.trigger_guesses import guess_length
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_mapping, is_text
from reminderctl.core import timing
from reminderctl.core.recipients import CHANNELS
from reminderctl.quiet_settings import STAFF, OpenSpan, QuietHours, Way
from reminderctl.text import pluralize

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FULL_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOSED = "closed"
NONE = "none"
WHOLE_DAY = (0, 1440)
LEAST_OPEN = 60  # minutes a week
WAYS: tuple[Way, ...] = ("later", "earlier")
ZONES = ("recipient", "booking")
_EXAMPLE = "09:00-21:00"
_HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*[-\u2013]\s*(\d{1,2}):(\d\d)")
_ADVICE = f"write when messages may ring, such as {_EXAMPLE}"


def read_quiet_hours(file: YamlFile, node: Node, *, path: str) -> QuietHours | None:
    """Return the quiet hours at a node; None for `none`, for hours without a closed minute, and where it has mistakes.

    What is not given has its default: nothing is taken over from the quiet hours of all workflows.
    """
    if is_text(node) and node.value == NONE:
        return None
    if not is_mapping(node):
        given = f", got {quote(node.value)}" if is_text(node) else ""
        file.note(node, f"expected a mapping such as `{{open: {_EXAMPLE}}}`, or `{NONE}`{given}", path=path)
        return None
    before = len(file.problems)
    known = encoded_names(schema.QuietHoursKeys)
    nodes = check_keys(file, node, nodes=entries(node), known=known, path=path)
    if "open" not in entries(node) and len(file.problems) == before:
        file.note(node, f"`open` is missing; {_ADVICE}", path=path)
    fields = {name: _READERS[name](file, value, path=f"{path}.{name}") for name, value in nodes.items()}
    if len(file.problems) != before:
        return None
    quiet = QuietHours(**{"week" if name == "open" else name: value for name, value in fields.items()})
    return None if all(span == WHOLE_DAY for span in quiet.week) else quiet


# --- the week ---------------------------------------------------------------------------------------------------------


def _read_week(file: YamlFile, node: Node, *, path: str) -> tuple[OpenSpan | None, ...]:
    before = len(file.problems)
    week: list[OpenSpan | None] = [None] * len(DAYS)
    if is_mapping(node):
        named: dict[int, str] = {}
        for key, value in node.value:
            days = _read_days(file, key, named=named, path=path)
            span = None if is_text(value) and value.value == CLOSED else _read_span(file, value, path=path)
            for day in days:
                week[day] = span
    else:
        week = [_read_span(file, node, path=path)] * len(DAYS)
    minutes = sum(closes - opens for opens, closes in filter(None, week))
    if minutes < LEAST_OPEN and len(file.problems) == before:
        text = f"mon-sun is open for {pluralize(minutes, 'minute')}; nothing would ever be sent; {_ADVICE}"
        file.note(node, text, path=path)
    return tuple(week)


def _read_days(file: YamlFile, key: ScalarNode, *, named: dict[int, str], path: str) -> Sequence[int]:
    """Return the days that a key names, `mon-sat` or `sat, sun`; note what is no day, and what is named twice."""
    days: list[int] = []
    for part in str(key.value).lower().split(","):
        ends = [_read_day(file, key, word=word.strip(), path=path) for word in re.split("[-\u2013]", part)]
        first, last = ends[0], ends[-1]
        if first is None or last is None:
            return ()
        if len(ends) > 2:
            file.note(key, f"cannot read {quote(key.value)} as days; write `mon-fri` or `sat, sun`", path=path)
            return ()
        days += [(first + number) % len(DAYS) for number in range((last - first) % len(DAYS) + 1)]
    for day in days:
        if day in named:
            file.note(key, f"{DAYS[day]} is in `{named[day]}` and in `{key.value}`; name each day once", path=path)
            break
        named[day] = str(key.value)
    return days


def _read_day(file: YamlFile, key: ScalarNode, *, word: str, path: str) -> int | None:
    for names in (DAYS, FULL_NAMES):
        if word in names:
            return names.index(word)
    near = did_you_mean(word, (*DAYS, *FULL_NAMES)) if word else ""
    file.note(
        key, f"there is no day {quote(word)}{near or '; the days are mon, tue, wed, thu, fri, sat, sun'}", path=path
    )
    return None


def _read_span(file: YamlFile, node: Node, *, path: str) -> OpenSpan | None:
    """Return the minutes of a day from which and until which it is open."""
    text = read_text(file, node, path=path).strip()
    if not text:
        return None
    found = _HOURS.fullmatch(text)
    if not found:
        file.note(node, f"cannot read {quote(text)}; {_ADVICE}", path=path)
        return None
    first_hour, first_minute, last_hour, last_minute = map(int, found.groups())
    opens, closes = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if max(opens, closes) > WHOLE_DAY[1] or max(first_minute, last_minute) > 59:
        file.note(node, f"{quote(text)} is no time of a day; use 00:00 to 24:00", path=path)
    elif opens > closes:
        turned = f"{_clock(closes)}-{_clock(opens)}"
        text = f"{_clock(opens)}-{_clock(closes)} ends before it begins; write when messages may ring, such as {turned}"
        file.note(node, text, path=path)
    else:
        return opens, closes
    return None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


# --- the other keys ---------------------------------------------------------------------------------------------------


def _read_zone(file: YamlFile, node: Node, *, path: str) -> Literal["recipient", "booking"]:
    text = read_text(file, node, path=path)
    if text and text not in ZONES:
        file.note(node, f"expected {one_of(ZONES)}, got {quote(text)}{did_you_mean(text, ZONES)}", path=path)
    return "booking" if text == "booking" else "recipient"


def _read_channels(file: YamlFile, node: Node, *, path: str) -> tuple[str, ...]:
    known = (*CHANNELS, STAFF)
    names = _read_names(file, node, known=known, noun="channel", path=path)
    if names == (STAFF,):
        file.note(node, f"`{STAFF}` names who, and no channel; write `[sms, {STAFF}]`", path=path)
    return names


def _read_outside(file: YamlFile, node: Node, *, path: str) -> tuple[Way, ...]:
    return cast("tuple[Way, ...]", _read_names(file, node, known=WAYS, noun="way", path=path))


def _read_names(file: YamlFile, node: Node, *, known: Sequence[str], noun: str, path: str) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for text, each in read_texts(file, node, path=path, lead=""):
        if text not in known:
            file.note(each, f"unknown {noun} {quote(text)}{suggest(text, known)}", path=path)
        elif text in names:
            file.note(each, f"`{text}` is named twice; keep one", path=path)
        names[text] = None
    return tuple(names)


def _read_notice(file: YamlFile, node: Node, *, path: str) -> timedelta:
    text = read_text(file, node, path=path)
    try:
        return timing.parse_duration(text) if text else timedelta()
    except ValueError as error:
        guessed = guess_length(text)
        meant = f"cannot read {quote(text)} as a length of time; did you mean `{guessed}`?" if guessed else error
        file.note(node, str(meant), path=path)
        return timedelta()


_READERS: Mapping[str, Callable[..., Any]] = {
    "open": _read_week,
    "zone": _read_zone,
    "channels": _read_channels,
    "outside": _read_outside,
    "least_notice": _read_notice,
}
