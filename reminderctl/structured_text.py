"""The form of a text for programs: JSON, a form, XML, or nothing that a value could change.

Only the template decides, never what came out of it: a customer called `{"admin": true}` makes no JSON of a text. The
template is looked at as a *skeleton*, with the digit 0 in the place of each value.
"""

from __future__ import annotations

import json
import re
from enum import Enum
from html import escape as html_escape


class BodyKind(Enum):
    """The form of a text, so far as escaping goes."""

    PLAIN = "plain"
    JSON = "json"
    FORM = "form"
    XML = "xml"


# Around each value of a JSON text, or of a file's name, until somebody has looked at it; no value holds them.
OPEN, CLOSE = "\x02", "\x03"

UNCLEAR = "it is unclear whether this is JSON, XML or plain text"
SAY_SO = "set it in a header: `Content-Type: application/json`"
ONE_STRUCTURE = "start the body with the JSON or XML itself, without template statements around it"

_NOT_IN_XML = re.compile("[\ufffe\uffff]")
_LINE_ENDS = re.compile("[\x7f-\x9f\u2028\u2029]")  # where some readers of lines divide a text
_SEALED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_BARE_JSON = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null", re.ASCII)
_LONE_BACKSLASH = re.compile(r"(?<!\\)(\\\\)*\\\Z")
_JSON_BEGINS = re.compile(r'\{\s*["}]|\[\s*["{\[]')
_JSON_KEY = re.compile(r'"\s*:')
_TAG = re.compile(r"<(?:[A-Za-z][\w:.-]*(?:\s[^<>]*)?/?>|/[A-Za-z][\w:.-]*\s*>|[?!][A-Za-z\[-])")
_FORM = re.compile(r"[\w.\[\]%+-]+=[^&\s]*(?:&[\w.\[\]%+-]+=[^&\s]*)+")
# Nothing of these is escaped: a value could end a cell, a string or a part.
_UNSAFE_TYPES = re.compile(r"/(?:csv|tab-separated-values|javascript|graphql|toml|sql)$|yaml$|^multipart/|script$")


def kind_of(skeleton: str, *, values: bool, statements: bool, constants: str = "") -> BodyKind | None:
    """Return what a text is made of; None where nobody can know.

    `values` and `statements` say whether it has any; `constants` are the texts that its expressions hold.
    """
    text = skeleton.strip()
    if _is_json(text):
        return BodyKind.JSON
    if not values:
        return BodyKind.PLAIN
    if '"' in constants or "{" in constants or _TAG.search(constants):
        return None
    if _JSON_BEGINS.match(text):
        return BodyKind.JSON
    if _JSON_KEY.search(text) or (statements and text[:1] + text[-1:] in ("{}", "[]")):
        return None
    return BodyKind.XML if _TAG.search(text) else BodyKind.PLAIN


def kind_of_body(skeleton: str, *, values: bool, statements: bool, constants: str = "") -> BodyKind | None:
    """Return what a whole body without a Content-Type is made of; None where nobody can know."""
    text = skeleton.strip()
    kind = kind_of(skeleton, values=values, statements=statements, constants=constants)
    if values and kind in (BodyKind.PLAIN, None):
        if text[:1] in ("{", "[") and '"' not in constants:
            return BodyKind.JSON
        if text[:1] == "<":
            return BodyKind.XML
        if _FORM.fullmatch(text):
            return None
    return kind


def type_of(skeleton: str, *, values: bool, statements: bool, constants: str = "") -> str | None:
    """Return the Content-Type of a body that gives none; None for anything but JSON."""
    text = skeleton.strip()
    if kind_of_body(skeleton, values=values, statements=statements, constants=constants) is not BodyKind.JSON:
        return None
    if _is_json(text):
        return "application/json" if _parses(text) else "application/x-ndjson"
    return "application/json" if _JSON_BEGINS.match(text) else None


def kind_of_type(content_type: str) -> BodyKind:
    """Return what a Content-Type says about escaping."""
    essence = _essence(content_type)
    if "json" in essence.partition("/")[2]:  # problem+json, x-ndjson, jsonl
        return BodyKind.JSON
    if essence == "application/x-www-form-urlencoded":
        return BodyKind.FORM
    return BodyKind.XML if essence.endswith(("/xml", "+xml", "/html")) else BodyKind.PLAIN


def is_unsafe_type(content_type: str) -> bool:
    """Return whether values cannot be made harmless in texts of a Content-Type."""
    return _UNSAFE_TYPES.search(_essence(content_type)) is not None


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().casefold()


def _is_json(text: str) -> bool:
    """Return whether this is a JSON object or array, or one on each line."""
    return bool(text) and (_parses(text) or all(_parses(each.strip()) for each in text.split("\n") if each.strip()))


def _parses(text: str) -> bool:
    try:
        return text[:1] in ("{", "[") and json.loads(text) is not None
    except (ValueError, RecursionError):
        return False


def escape_xml(value: str) -> str:
    """Return a value with entities for the five characters that XML gives a meaning, without the two it forbids."""
    return _NOT_IN_XML.sub("", html_escape(value, quote=True))


def escape_json(value: str) -> str:
    """Return a value as inside a JSON string, between the marks that `seal_json` takes away."""
    text = json.dumps(value, ensure_ascii=False)[1:-1]
    return OPEN + _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + CLOSE


def seal_json(text: str) -> str:
    """A JSON text without the marks; a value outside a JSON string becomes one, unless it is a number or a literal.

    So `{"name": {customer_full_name}}`, where the quotes were forgotten, cannot be given further keys by a customer.
    """
    parts = _SEALED.split(text)
    inside = False
    for index, part in enumerate(parts):
        if index % 2 == 0:
            inside = _inside_string(part, inside=inside)
            if inside and _LONE_BACKSLASH.search(part) and index + 1 < len(parts):
                parts[index] += "\\"  # else it would swallow the backslash that guards a quote in the value
        elif not inside and not _BARE_JSON.fullmatch(part):
            parts[index] = f'"{part}"' if part else "null"
    return "".join(parts)


def _inside_string(literal: str, *, inside: bool) -> bool:
    quotes = re.findall(r'\\.|"', literal, re.DOTALL)
    return inside ^ (quotes.count('"') % 2 == 1)
