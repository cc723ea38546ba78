"""Making values harmless: one function for each type of text that a value can be in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape as html_escape
from urllib.parse import quote, quote_plus

from reminderctl.messages import html_escaping
from reminderctl.structured_text import CLOSE, OPEN, BodyKind, escape_json, escape_xml, seal_json
from reminderctl.text_types import TextType

# Not \n, \t: texts have lines. C1 and DEL drive terminals, the others reorder what a reader sees.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can smuggle them in; no channel can encode them
_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_MARKS = re.compile(f"([{OPEN}{CLOSE}])")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_WHOLE_URL = "!#$%&'()*+/:;=?@[]~"  # without the comma, which divides links
_ENCODED_WORD = re.compile(r"=(?=\?)|=$|^(?=\?)")


def escape(text_type: TextType, value: str, *, kind: BodyKind = BodyKind.PLAIN) -> str:
    """The value as it may stand in a text of that type; `kind` says what a text for programs is."""
    if text_type in (TextType.BODY, TextType.DATA) or (
        text_type is TextType.DATA_HEADER and kind is not BodyKind.PLAIN
    ):
        return _BODIES[kind](value)
    return _ESCAPES[text_type](value)


def finish(text_type: TextType, text: str, *, kind: BodyKind = BodyKind.PLAIN) -> str:
    """The whole rendered text, put right where its type demands something of the whole."""
    if kind is BodyKind.JSON:
        text = seal_json(text)
    elif kind is BodyKind.XML:
        text = html_escaping.unmark(text)
    elif text_type is TextType.LINKS:
        text = _seal_links(text)
    elif text_type in (TextType.HTML, TextType.TELEGRAM_HTML):
        return html_escaping.seal(text)
    if text_type in (TextType.HEADER, TextType.DATA_HEADER, TextType.LINKS):
        return _BREAKS.sub(" ", _REORDERING.sub("", text)).strip()
    if text_type is TextType.PARAMETER:
        return " ".join(text.split())
    return text.strip() if text_type in (TextType.URL, TextType.URL_END, TextType.ATTACHMENT) else text


def escape_plain(value: str) -> str:
    """As it is, but without control characters and without what reverses the direction of writing."""
    return _UNPRINTABLE.sub("", _encodable(value).replace("\r\n", "\n").replace("\r", "\n"))


def escape_markup(value: str) -> str:
    """Keep what was escaped before, in a macro or a block, without its control characters."""
    return "".join(part if index % 2 else escape_plain(part) for index, part in enumerate(_MARKS.split(value)))


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


def escape_url(value: str) -> str:
    """Percent-encoded: one segment of a path, or one value of a query."""
    return quote(_encodable(value), safe="")


def escape_link(value: str) -> str:
    """As in a list of links, between marks until `_seal_links` has seen what surrounds it."""
    return OPEN + _BREAKS.sub(" ", _encodable(value)).strip() + CLOSE


def _seal_links(text: str) -> str:
    """A list such as `<https://example.com/...>, <mailto:...>`, in which a value is a whole link or a part of one."""
    parts = _MARKED.split(text)
    for index in range(1, len(parts), 2):
        whole = parts[index - 1].endswith("<") and parts[index + 1].startswith(">") and _WEB.match(parts[index])
        parts[index] = quote(parts[index], safe=_WHOLE_URL if whole else "")
    return "".join(parts)


def escape_telegram_html(value: str) -> str:
    """As for HTML: inside a link's address the quotes matter too, and Telegram's parser decodes these five."""
    return html_escape(escape_plain(value))


def escape_parameter(value: str) -> str:
    """One line without runs of blanks, which WhatsApp refuses."""
    return " ".join(escape_plain(value).split())


def escape_file_name(value: str) -> str:
    """Part of one file name, between marks: neither a folder nor the way out of one."""
    return OPEN + re.sub(r"^\.+", "_", re.sub(r"[/\\:]", "_", _BREAKS.sub("_", _encodable(value)))) + CLOSE


def escape_form(value: str) -> str:
    """As in a query string, a blank as `+`."""
    return quote_plus(_encodable(value))


def _encodable(value: str) -> str:
    return _SURROGATES.sub("\ufffd", value)


_ESCAPES: Mapping[TextType, Callable[[str], str]] = {
    TextType.PLAIN: escape_plain,
    TextType.HEADER: escape_header,
    TextType.HTML: lambda value: OPEN + escape_html(value) + CLOSE,
    TextType.DATA_HEADER: escape_header,
    TextType.LINKS: escape_link,
    TextType.URL: escape_url,
    TextType.URL_END: escape_url,
    TextType.TELEGRAM_HTML: lambda value: OPEN + escape_telegram_html(value) + CLOSE,
    TextType.CHAT: lambda value: OPEN + escape_plain(value) + CLOSE,  # its channel escapes it, and takes out the marks
    TextType.PARAMETER: escape_parameter,
    TextType.ATTACHMENT: escape_file_name,
}

_BODIES: Mapping[BodyKind, Callable[[str], str]] = {
    BodyKind.PLAIN: escape_plain,
    BodyKind.JSON: lambda value: escape_json(_encodable(value)),
    BodyKind.FORM: escape_form,
    BodyKind.XML: lambda value: escape_xml(escape_plain(value)),
}
