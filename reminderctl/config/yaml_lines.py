"""The lines of a text that should be YAML, taken apart as far as each can be by itself."""

from __future__ import annotations

import re
from typing import NamedTuple

from reminderctl.text import shorten

BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")  # what both parsers count as the end of a line
INVISIBLE = re.compile(r"[^\S ]|[\u00ad\u200b-\u200f\u2060\ufeff]")  # blanks that are no blanks, and what has no width
_REST_OF_KEY = r"(?:[^:#\s]|:(?=\S)|[ \t](?!#)|(?<=\S)#)*?"  # `https://x.example` is a key, too
_KEY = re.compile(rf"""("[^"]*"|'[^']*'|-?[^\s"'\[\]{{}},#&*!|>%@`-]{_REST_OF_KEY})[ \t]*:(?=[ \t]|$)""")
_DASH = re.compile(r"-(?: +|$)")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_LONGEST = 60  # characters of a line that are shown
# Only of these keys is the value shown: any other, a misspelt one too, may hold a password.
_SHOWN = (
    *("id", "name", "enabled", "when", "filters", "except", "for_each_customer", "grace", "late_booking", "max_burst"),
    *("quiet_hours", "open", "zone", "outside", "least_notice"),
    *("send", "to", "subject", "body", "html", "timezone", "language", "bookings", "ledger", "outbox"),
    *("company", "admin", "email", "phone", "website", "address", "status", "service", "staff", "location"),
)


class YamlLine(NamedTuple):
    """One line: `indent` blanks, the columns of its dashes, then a key that begins at `start`, then a value at `at`.

    All columns count from 0. `key` is None where there is none.
    """

    number: int
    text: str
    indent: int
    dashes: tuple[int, ...]
    start: int
    key: str | None
    value: str
    at: int

    @property
    def parent(self) -> int:
        """Return the column that what continues this line's value is indented more than."""
        return self.start if self.key is not None else self.dashes[-1] if self.dashes else self.indent - 1


def split(text: str) -> list[str]:
    """Return the lines of a text, without their ends."""
    return BREAK.split(text)


def take_apart(text: str, number: int) -> YamlLine:
    """Return a line with its parts; nothing is known of the lines before it, so a line inside a text is one, too."""
    indent = len(text) - len(text.lstrip(" "))
    position, dashes = indent, []
    while found := _DASH.match(text, position):
        dashes.append(position)
        position = found.end()
    key = _KEY.match(text, position)
    at = key.end() if key else position
    at += len(text[at:]) - len(text[at:].lstrip(" \t"))
    value = "" if text[at:].startswith("#") else text[at:].rstrip()
    return YamlLine(number, text, indent, tuple(dashes), position, key[1] if key else None, value, at)


def without_comment(value: str) -> str:
    """Return a value without the comment behind it."""
    return _COMMENT.sub("", value).rstrip()


def show(line: YamlLine, *, below_channels: bool) -> str:
    """Return a line in backticks, shortened; its value only where no secret can be in it."""
    text = line.text.strip()
    first = re.match(r"[-\s]*([A-Za-z_]+)", text)
    if text.endswith((": [", ": {")):
        return f"`{text}`"
    if below_channels or first is None or first[1] not in _SHOWN:
        head = re.match(r"[-\s]*[A-Za-z_][A-Za-z_ -]{0,30}:?(?=\s|$)", text)
        text = f"{head[0]} ..." if head and head[0] != text else head[0] if head else "..."
    return f"`{shorten(text, _LONGEST)}`"


def name_of(line: YamlLine, kind: str) -> str:
    """Return how a line is called beside others of its kind, keys or items of a list."""
    key = shorten(line.key or "", _LONGEST)
    return (f"`- {key}`" if kind == "dash" else f"`{key}`") if key else "the item"
