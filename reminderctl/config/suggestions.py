"""Saying what is wrong in plain words, with what was probably meant."""

from __future__ import annotations

import enum
import re
import types
from collections.abc import Iterable, Set
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from reminderctl.text import shorten

_LONGEST_QUOTE = 60
_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no",
    "str": "text",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_EXPECTED = re.compile(r"Expected `(?P<names>[^`]+)`(?: (?P<limit>[^,]+?))?(?:, got `[^`]+`)?(?: - at `\$(?P<at>.*)`)?")
_LIMITS = ((">=", "of at least"), ("<=", "of at most"), (">", "above"), ("<", "below"))


# What other programs, and people, call the keys of our YAML.
_OTHER_WORDS = {
    other: ours
    for ours, others in {
        "actions": ("action", "steps", "do", "then"),
        "body": ("message", "msg", "text", "content", "mensaje", "texto"),
        "except": ("exclude", "excluding", "unless", "not"),
        "filters": ("filter", "conditions", "condition", "where", "only", "if"),
        "from": ("sender", "from_email", "from_address"),
        "host": ("server", "hostname", "smtp", "smtp_host", "smtp_server"),
        "password": ("pass", "pwd", "passwd", "smtp_password"),
        "quiet_hours": ("quiet", "quiet_time", "silence", "do_not_disturb", "dnd"),
        "provider": ("driver", "gateway", "vendor", "proveedor"),
        "send": ("channel", "type", "via", "by"),
        "subject": ("title", "betreff", "asunto", "objet"),
        "timezone": ("tz", "zone", "time_zone"),
        "tls": ("ssl", "smtps", "ssl/tls"),
        "to": ("recipient", "recipients", "receiver", "too"),
        "username": ("user", "login", "smtp_user"),
        "when": ("trigger", "triggers", "schedule", "time", "timing", "at"),
    }.items()
    for other in others
}


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return `; did you mean ...?` where one of the choices is near, else nothing."""
    near = nearest(word, choices)
    return f"; did you mean `{near}`?" if near else ""


def nearest(word: str, choices: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the choice that was probably meant, or an empty text; `cutoff` is how alike they must be, from 0 to 1."""
    import difflib

    known = {choice.lower(): choice for choice in choices}
    if (meant := _OTHER_WORDS.get(word.lower().replace("-", "_"))) in known:
        return known[meant]
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=cutoff)
    return known[near[0]] if near else ""


def suggest(word: str, choices: Iterable[str], *, of: str = "known here") -> str:
    """Return `; did you mean ...?`, or all the choices where none is near."""
    choices = list(choices)
    if word.lower() in ("cc", "bcc") and "to" in choices:
        return "; each recipient gets a message of their own: list them all under `to`"
    return did_you_mean(word, choices) or f"; {of}: {', '.join(choices)}"


def one_of(choices: Iterable[str]) -> str:
    """Return `a`, `b` or `c`."""
    quoted = [f"`{choice}`" for choice in choices]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def quote(value: Any) -> str:
    """Return what was given: short text as it is, anything larger by its kind."""
    if isinstance(value, str):
        return repr(shorten(value, _LONGEST_QUOTE))
    return "a list" if isinstance(value, list) else "a mapping"


def depends_on(complaint: str, fields: Set[str]) -> bool:
    """Return True if a complaint might change with these fields; one that begins with `host: ` is about that one."""
    subject, colon, _ = complaint.partition(": ")
    words = [subject] if colon and " " not in subject else re.findall(r"\w+", complaint)
    return not fields.isdisjoint(words)


def explain_mistake(complaint: str, *, kind: Any, value: Any, source: str = "") -> str:
    """Return what msgspec's complaint about one field's value means.

    `source` is what a value was read through (`${PORT}`); such a value is never shown, and neither is text where text
    or a mapping of texts was expected: it may be a secret.
    """
    choices = [str(choice) for choice in choices_of(kind)]
    if complaint.startswith("Invalid enum value") and choices:
        expected = f"expected {one_of(choices)}"
        return _with_given(expected, value, source=source) + ("" if source else did_you_mean(str(value), choices))
    parts = _EXPECTED.fullmatch(complaint)
    if not parts:
        return complaint
    names = parts["names"].split(" | ")
    expected = " or ".join(_NAMES.get(name, name) for name in names if name != "null")
    inner = (parts["at"] or "").lstrip(".")
    where = f"in `{inner}`: " if inner else ""
    expected = f"{where}expected {expected}{_limit(parts['limit'])}"
    if inner or (isinstance(value, str) and {"str", "object"} & {*names} and not source):
        return expected
    return _with_given(expected, value, source=source)


def _limit(limit: str | None) -> str:
    if not limit:
        return ""
    if limit.startswith("matching regex"):
        return f" that matches {limit.removeprefix('matching regex ').strip(chr(39))}"
    unit = " characters" if "length" in limit else ""
    limit = limit.replace("of length ", "")
    for sign, words in _LIMITS:
        if limit.startswith(sign):
            return f" {words} {limit.removeprefix(sign).strip()}{unit}"
    return f" of {limit}{unit}"


def _with_given(expected: str, value: Any, *, source: str) -> str:
    if source:
        return f"{expected}, which the value of {source} is not"
    return f"{expected}, got {quote(value)}"


def choices_of(kind: Any) -> tuple[Any, ...]:
    """Return the values that a Literal or an Enum allows, however it is wrapped; empty for other types."""
    if get_origin(kind) is Annotated:
        return choices_of(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(choice for part in get_args(kind) for choice in choices_of(part))
    return tuple(member.value for member in kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else ()


def allows(kind: Any, wanted: type) -> bool:
    """Return True if `wanted` is the type, or one part of it."""
    if kind is wanted:
        return True
    if get_origin(kind) is Annotated:
        return allows(get_args(kind)[0], wanted)
    return get_origin(kind) in (Union, types.UnionType) and any(allows(part, wanted) for part in get_args(kind))
