"""The kinds of text in a message, which decide how the values inside are escaped.

A channel's `Message` names the text type of each of its fields by its annotation:

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


class TextType(Enum):
    """The escaping of values in one kind of text."""

    PLAIN = "plain"  # as they are, without control characters
    HEADER = "header"  # one line
    HTML = "html"  # &, <, >, " and ' as entities
    URL = "url"  # percent-encoded; scheme, host and port take no values at all
    LINKS = "links"  # a header that lists links: percent-encoded, or one whole address
    URL_END = "url_end"  # what an address ends with, which another system begins: percent-encoded
    BODY = "body"  # as the Content-Type demands: inside JSON, form or XML text
    DATA = "data"  # for a program: as the template demands, which may itself be JSON or XML
    DATA_HEADER = "data_header"  # the same on one line
    TELEGRAM_HTML = "telegram_html"  # as HTML; a type of its own for its few tags
    CHAT = "chat"  # between marks, until the room's kind is known, which escapes it
    PARAMETER = "parameter"  # one line without runs of blanks: a template parameter of WhatsApp
    ATTACHMENT = "attachment"  # `calendar`, or a file beside the YAML


Plain = Annotated[str, Meta(extra={"text_type": TextType.PLAIN})]
Header = Annotated[str, Meta(extra={"text_type": TextType.HEADER})]
Html = Annotated[str, Meta(extra={"text_type": TextType.HTML})]
Url = Annotated[str, Meta(extra={"text_type": TextType.URL})]
Body = Annotated[str, Meta(extra={"text_type": TextType.BODY})]
TelegramHtml = Annotated[str, Meta(extra={"text_type": TextType.TELEGRAM_HTML})]
Chat = Annotated[str, Meta(extra={"text_type": TextType.CHAT})]
Parameter = Annotated[str, Meta(extra={"text_type": TextType.PARAMETER})]
UrlEnd = Annotated[str, Meta(extra={"text_type": TextType.URL_END})]
Data = Annotated[str, Meta(extra={"text_type": TextType.DATA})]
DataHeader = Annotated[str, Meta(extra={"text_type": TextType.DATA_HEADER})]
DataTree = Annotated[Any, Meta(extra={"text_type": TextType.DATA})]  # every string inside, however deep; not the keys
PlainTree = Annotated[Any, Meta(extra={"text_type": TextType.PLAIN})]  # every string inside, however deep; not the keys
