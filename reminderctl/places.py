"""Where in a message a text stands, which decides how the values inside it are escaped.

A channel's `Message` names the place of each of its fields by the type it gives it:

    class Message(msgspec.Struct, ...):
        subject: Header
        body: Plain
        html: Html = ""

A bare `str` is taken literally: no shortcodes work in it.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from msgspec import Meta


class Place(Enum):
    """How values are made harmless in one kind of text."""

    PLAIN = "plain"  # as they are, without control characters
    HEADER = "header"  # one line
    HTML = "html"  # &, <, >, " and ' as entities
    URL = "url"  # percent-encoded; scheme, host and port take no values at all
    BODY = "body"  # as the Content-Type demands: inside JSON, form or XML text
    TELEGRAM_HTML = "telegram_html"  # as HTML; a place of its own for its few tags
    PARAMETER = "parameter"  # one line without runs of blanks: a template parameter of WhatsApp
    ATTACHMENT = "attachment"  # `calendar`, or a file beside the YAML


Plain = Annotated[str, Meta(extra={"place": Place.PLAIN})]
Header = Annotated[str, Meta(extra={"place": Place.HEADER})]
Html = Annotated[str, Meta(extra={"place": Place.HTML})]
Url = Annotated[str, Meta(extra={"place": Place.URL})]
Body = Annotated[str, Meta(extra={"place": Place.BODY})]
TelegramHtml = Annotated[str, Meta(extra={"place": Place.TELEGRAM_HTML})]
Parameter = Annotated[str, Meta(extra={"place": Place.PARAMETER})]
PlainTree = Annotated[Any, Meta(extra={"place": Place.PLAIN})]  # every string inside, however deep; not the keys
