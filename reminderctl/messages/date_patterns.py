"""Mistakes in a pattern of a date or a time, found before a message names a wrong one."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from reminderctl.text import shorten

WIDTHS = frozenset({"full", "long", "medium", "short"})

_LONGEST_QUOTE = 40  # characters of a pattern
_QUOTED = re.compile(r"'[^']*'")
_FIELD = re.compile(r"([A-Za-z])\1*")

_MEANINGS = {
    "y": "the year",
    "d": "the day",
    "m": "the minute",
    "s": "the second",
    "S": "a fraction of a second",
    **dict.fromkeys("ML", "the month"),
    **dict.fromkeys("Eec", "the weekday"),
    **dict.fromkeys("HhKk", "the hour"),
    **dict.fromkeys("abB", "the half of the day"),
    **dict.fromkeys("GQqwzZOvVxX", ""),  # eras, quarters, weeks and zones: as many letters as anybody likes
}
# How often a letter may be repeated: the Date Field Symbol Table of Unicode Technical Standard #35, part 4, less what
# would pad a year with zeros, and O, for which Babel writes "None". A library that accepts more must not decide this:
# Babel 2.19 writes "009" for ddd.
_ONE_OR_TWO = range(1, 3)
_LENGTHS = {
    **dict.fromkeys("dHhKkmsw", _ONE_OR_TWO),
    **dict.fromkeys("GMLQqabBZxX", range(1, 6)),
    **dict.fromkeys("Ee", range(1, 7)),
    **dict.fromkeys("zV", range(1, 5)),
    "y": range(1, 5),
    "c": (1, 3, 4, 5, 6),
    "S": range(1, 7),
    "v": (1, 4),
    "O": (4,),
}
_AFTER = {"the minute": "the hour", "the second": "the minute", "a fraction of a second": "the second"}
_AS_IN_WORDS = ("is not known", "which is already in the pattern")
_WORDS = "put words in single quotes: d 'de' MMMM"
# What PHP's date() means by these letters, and what other programs do.
_INSTEAD = {
    "A": "A is not known, AM and PM are a",
    "D": "D counts the days of the year, the day of the month is d",
    "F": "F is not known, the name of the month is MMMM",
    "W": "W counts the weeks of the month, the week of the year is w",
    "Y": "Y is the year that the week belongs to, the year is yyyy",
    "g": "g is not known, the hour is H, or h with a",
    "i": "i is not known, minutes are mm",
    "j": "j is not known, the day of the month is d",
    "l": "l is not known, the name of the weekday is EEEE",
    "n": "n is not known, the month is M",
}
_CONFUSED = {"m": ", the month is M", "M": ", minutes are m: HH:mm", "s": ", minutes are m: HH:mm"}


class _Field(NamedTuple):
    letters: str

    @property
    def letter(self) -> str:
        return self.letters[0]

    @property
    def meaning(self) -> str:
        return _MEANINGS.get(self.letter, "")


def mistake(filter_name: str, pattern: object) -> str | None:
    """Return why `date` or `time` cannot write in this pattern, and what would be right; None where it can."""
    if not isinstance(pattern, str):
        return f'{filter_name}: a pattern is text in quotes, such as "{_example(filter_name)}"'
    return _mistake(filter_name, pattern)


@functools.lru_cache(maxsize=1024)
def _mistake(filter_name: str, pattern: str) -> str | None:
    if pattern in WIDTHS:
        return None
    what = "; ".join(_remarks(filter_name, pattern))
    return f'{filter_name}("{shorten(pattern, _LONGEST_QUOTE)}"): {what}' if what else None


def _example(filter_name: str) -> str:
    return "HH:mm" if filter_name == "time" else "EEEE d MMMM"


def _remarks(filter_name: str, pattern: str) -> Iterator[str]:
    """Yield the mistakes of its form, else of each of its letters."""
    unquoted = _QUOTED.sub(" ", pattern.replace("''", " "))
    fields = [_Field(found.group()) for found in _FIELD.finditer(unquoted)]
    if pattern.strip().casefold() in WIDTHS:
        yield f"write {pattern.strip().casefold()}"
    elif "'" in unquoted:
        yield "a single quote is not closed"
        yield _WORDS
    elif "%" in unquoted:
        yield f"letters have no %: {'HH:mm' if filter_name == 'time' else 'dd/MM/yyyy'}"
    elif not fields:
        yield f"it contains no part of a {filter_name}; write {_example(filter_name)}"
    else:
        found = dict[str, str]()  # for each letter its first remark
        for index, field in enumerate(fields):
            remark = _remark(field, fields[:index]) or _remark_beside(field, fields, filter_name=filter_name)
            if remark:
                found.setdefault(field.letter, remark)
        yield from found.values()
        if any(remark.endswith(_AS_IN_WORDS) for remark in found.values()):
            yield _WORDS


def _remark(field: _Field, before: list[_Field]) -> str | None:
    """Return the mistake of a letter by itself, or after those before it."""
    letter, meaning = field.letter, field.meaning
    if letter not in _MEANINGS:
        return _INSTEAD.get(letter, f"{letter} is not known")
    last = before[-1].meaning if before else ""
    if meaning in _AFTER and last != _AFTER[meaning]:
        return f"{letter} is {meaning} and follows {_AFTER[meaning]}{_CONFUSED.get(letter, '')}"
    if meaning and any(meaning == other.meaning for other in before):
        return f"{letter} is {meaning}, which is already in the pattern{_CONFUSED.get(letter, '')}"
    if meaning == "the month" and last == "the hour":
        return f"{letter} is the month, minutes are m: HH:mm"
    if field.letters in ("e", "ee", "c"):
        return f"{letter} counts the days of the week, the name of the weekday is EEEE"
    return _remark_length(field)


def _remark_length(field: _Field) -> str | None:
    if len(field.letters) in _LENGTHS[field.letter]:
        return None
    if field.letter == "O":
        return "O alone has no meaning, the offset from GMT is OOOO"
    instead = {"d": ", the name of the weekday is EEEE", "y": ", the year is yyyy"}.get(field.letter, "")
    return f"{field.letter} occurs {len(field.letters)} times, which has no meaning{instead}"


def _remark_beside(field: _Field, fields: list[_Field], *, filter_name: str) -> str | None:
    """Return the mistake of a letter among the others."""
    meanings = {each.meaning for each in fields}
    if field.meaning == "the month":
        if filter_name == "time" and "the minute" in meanings:
            return f'{field.letter} is the month, for a day write date("dd/MM/yy HH:mm")'
        if filter_name == "time" or ("the hour" in meanings and not meanings & {"the day", "the year"}):
            return f"{field.letter} is the month, minutes are m: HH:mm"
    if field.letters in ("hh", "K", "KK") and "the half of the day" not in meanings:
        return f"{field.letters} starts again at noon, use HH, or add a for AM and PM"
    return None
