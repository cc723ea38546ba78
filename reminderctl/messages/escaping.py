"""Making values harmless: one function for each place a value can stand in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from html import escape as html_escape
from urllib.parse import quote, quote_plus

from reminderctl.places import Place

# Not \n, \t: texts have lines. C1 and DEL drive terminals, the others reorder what a reader sees.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can smuggle them in; no channel can encode them
_NOT_IN_XML = re.compile("[\ufffe\uffff]")
_ENCODED_WORD = re.compile(r"=(?=\?)|=$|^(?=\?)")

# Around each value of a JSON text, or of a file's name, until somebody has looked at it; no value holds them.
OPEN, CLOSE = "\x02", "\x03"
_SEALED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_BARE_JSON = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null", re.ASCII)
_LONE_BACKSLASH = re.compile(r"(?<!\\)(\\\\)*\\\Z")


class BodyKind(Enum):
    """What a body is made of, so far as escaping goes."""

    PLAIN = "plain"
    JSON = "json"
    FORM = "form"
    XML = "xml"


def escape(place: Place, value: str, *, kind: BodyKind = BodyKind.PLAIN) -> str:
    """The value as it may stand in that place; `kind` says what a `BODY` is."""
    return _BODIES[kind](value) if place is Place.BODY else _PLACES[place](value)


def finish(place: Place, text: str, *, kind: BodyKind = BodyKind.PLAIN) -> str:
    """The whole rendered text, put right where the place demands something of the whole."""
    if place is Place.HEADER:
        return _BREAKS.sub(" ", text).strip()
    if place is Place.PARAMETER:
        return " ".join(text.split())
    if place in (Place.URL, Place.ATTACHMENT):
        return text.strip()
    return seal_json(text) if place is Place.BODY and kind is BodyKind.JSON else text


def body_kind(content_type: str) -> BodyKind:
    """What a Content-Type says about escaping."""
    essence = content_type.partition(";")[0].strip().casefold()
    if essence.endswith(("/json", "+json")):
        return BodyKind.JSON
    if essence == "application/x-www-form-urlencoded":
        return BodyKind.FORM
    return BodyKind.XML if essence.endswith(("/xml", "+xml", "/html")) else BodyKind.PLAIN


def escape_plain(value: str) -> str:
    """As it is, but without control characters and without what reverses the direction of writing."""
    return _UNPRINTABLE.sub("", _encodable(value).replace("\r\n", "\n").replace("\r", "\n"))


def escape_header(value: str) -> str:
    """One line that no reader of mail can decode into more.

    `=?UTF-8?Q?=0A?=` is decoded by mail programs, and by Python's own `email` when a header is set, into a line
    break. It cannot begin without `=?`, so a blank goes between the two, and between either and what the template
    or another value may put beside it.
    """
    line = _REORDERING.sub("", _BREAKS.sub(" ", _encodable(value)))
    return _ENCODED_WORD.sub(lambda found: f"{found.group()} ", line)


def escape_html(value: str) -> str:
    """The five characters that HTML and XML give a meaning, as entities."""
    return html_escape(escape_plain(value), quote=True)


def escape_xml(value: str) -> str:
    """As for HTML, without the two characters that XML forbids."""
    return _NOT_IN_XML.sub("", escape_html(value))


def escape_url(value: str) -> str:
    """Percent-encoded: one segment of a path, or one value of a query."""
    return quote(_encodable(value), safe="")


def escape_telegram_html(value: str) -> str:
    """As for HTML: inside a link's address the quotes matter too, and Telegram's parser decodes these five."""
    return html_escape(escape_plain(value))


def escape_parameter(value: str) -> str:
    """One line without runs of blanks, which WhatsApp refuses."""
    return " ".join(escape_plain(value).split())


def escape_file_name(value: str) -> str:
    """Part of one file name, between marks: neither a folder nor the way out of one."""
    return OPEN + re.sub(r"^\.+", "_", re.sub(r"[/\\:]", "_", _BREAKS.sub("_", _encodable(value)))) + CLOSE


def escape_json(value: str) -> str:
    """As inside a JSON string, between the marks that `seal_json` takes away."""
    text = json.dumps(_encodable(value), ensure_ascii=False)[1:-1]
    return OPEN + text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x7f", "\\u007f") + CLOSE


def escape_form(value: str) -> str:
    """As in a query string, a blank as `+`."""
    return quote_plus(_encodable(value))


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


def _encodable(value: str) -> str:
    return _SURROGATES.sub("\ufffd", value)


_PLACES: Mapping[Place, Callable[[str], str]] = {
    Place.PLAIN: escape_plain,
    Place.HEADER: escape_header,
    Place.HTML: escape_html,
    Place.URL: escape_url,
    Place.TELEGRAM_HTML: escape_telegram_html,
    Place.PARAMETER: escape_parameter,
    Place.ATTACHMENT: escape_file_name,
}

_BODIES: Mapping[BodyKind, Callable[[str], str]] = {
    BodyKind.PLAIN: escape_plain,
    BodyKind.JSON: escape_json,
    BodyKind.FORM: escape_form,
    BodyKind.XML: escape_xml,
}
