"""Texts that look like a shortcode without being one: a reader would see the name instead of the value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from reminderctl.messages import templates
from reminderctl.messages.shortcodes import also_said, is_known
from reminderctl.text import shorten

_NAME = r"[A-Za-z]\w*(?:[ \t.-]\w+)*"
# How other programs mark a name. A known shortcode has a `_`, so that nothing of ordinary language is one.
_MARKS = (
    ("%%", "%%"),
    ("%", "%"),
    ("[[", "]]"),
    ("[", "]"),
    ("((", "))"),
    ("(", ")"),
    ("<<", ">>"),
    ("<", ">"),
    ("&lt;", "&gt;"),
    ("«", "»"),
    ("#", "#"),
    ("@", "@"),
    ("*|", "|*"),
    ("__", "__"),
    ("{$", "}"),
    ("{!", "}"),
    ("{@", "}"),
    ("{:", "}"),
    ("%7B", "%7D"),
    ("&#123;", "&#125;"),
    ("\uff5b", "\uff5d"),
)
_MARKED = re.compile(
    "|".join(rf"{re.escape(begins)}[ \t]*({_NAME})[ \t]*{re.escape(ends)}" for begins, ends in _MARKS), re.IGNORECASE
)
_IN_BRACES = re.compile(r"\{(?P<inside>[^{}\r\n]{1,120})\}")
_KEY_LIKE = re.compile(r"\{[ \t]*(?P<name>\w+)[ \t]*:")
_NOT_OPENED = re.compile(r"(?<![\w{.-])(?P<name>\w+)[ \t]*\}")
_TAGS, _UNSEEN = re.compile(r"<[^<>]*>"), re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_CSS = re.compile(r"\{[^{}]*:[^{}]*[;}]")
_LONGEST = 60  # characters of a quotation


def find(text: str) -> list[tuple[int, str]]:
    """Return what is odd, each with its offset in the text, in order and once for each place."""
    found: dict[int, str] = {}
    for offset, what in (*_of_literals(text), *_of_dollars(text), *_of_comments(text)):
        found.setdefault(offset, what)
    return sorted(found.items())


def _of_literals(text: str) -> Iterator[tuple[int, str]]:
    for start, literal in templates.literals(text):
        for found in _MARKED.finditer(literal):
            name = next(each for each in found.groups() if each)
            if meant := _meant(name):
                yield start + found.start(), _as_it_is(found[0], meant)
        for found in _IN_BRACES.finditer(literal):
            if meant := _meant(found["inside"]):
                yield start + found.start(), _as_it_is(found[0], meant)
        for pattern in (_KEY_LIKE, _NOT_OPENED):
            for found in pattern.finditer(literal):
                if is_known(found["name"]):
                    yield start + found.start(), _as_it_is(found[0], found["name"])


def _of_dollars(text: str) -> Iterator[tuple[int, str]]:
    """A `$` before a shortcode, as in other languages; prices and amounts may well have one."""
    for found in re.finditer(r"\$\{(\w+)\}", text):
        if is_known(found[1]) and not re.search("price|amount", found[1]):
            yield found.start(), f"{found[0]} keeps its $ before the value; use {{{found[1]}}}"


def _of_comments(text: str) -> Iterator[tuple[int, str]]:
    """Styles and the like that are taken for one of Jinja2's comments."""
    for start, comment in templates.comments(text):
        inside = comment[2:-2]
        if comment.endswith("#}") and (inside[:1].isalnum() or _CSS.search(inside)):
            what = f"begins a comment, and {len(comment)} characters are not sent; add a space after the brace"
            yield start, f"{shorten(comment, _LONGEST)} {what}"


def _as_it_is(written: str, meant: str) -> str:
    return f"{shorten(written, _LONGEST)} is sent unchanged; use {{{meant}}}"


def _meant(written: str) -> str | None:
    """Return the known name that was written with blanks, tags or other marks inside; None where there is none."""
    plain = _UNSEEN.sub("", unescape(_TAGS.sub("", written))).strip().casefold()
    name = re.sub(r"[\s.-]+", "_", plain)
    if "_" not in name:
        return None
    return name if is_known(name) else also_said(name)
