"""The text of a mail that was written in HTML only, for readers and filters that want one."""

from __future__ import annotations

import re
from typing import Any

_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")
_SHOWN_WITHOUT_SCHEME = ("mailto:", "tel:", "sms:")
_NOT_FOLLOWED = ("javascript:", "data:", "cid:")
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)


def text_of(html: str) -> str:
    """Return what a reader sees of a page: blocks, lists and tables in lines, links with their addresses.

    An image is its `alt` text. Scripts, styles, comments and what is hidden are left out. Empty where nothing is seen.
    """
    import lxml.html
    from inscriptis.html_engine import Inscriptis
    from lxml.etree import ParserError

    try:
        whole = html.encode(errors="replace").decode()  # a lone surrogate is no character
        page = lxml.html.document_fromstring(_DECLARATION.sub("", whole, count=1))
    except ParserError:  # nothing but blanks and comments
        return ""
    for element in list(page.iter("script", "style", "title", "template")):
        element.drop_tree()
    for element in [each for each in page.iter() if _UNSEEN.search(each.get("style") or "")]:
        if element.getparent() is not None:
            element.drop_tree()
    for image in page.iter("img"):
        image.tail = f" {(image.get('alt') or '').strip()} {image.tail or ''}"
    for link in list(page.iter("a")):
        _write_address(link)
    lines = (line.rstrip() for line in Inscriptis(page).get_text().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _write_address(link: Any) -> None:
    """Put a link's address behind its words, unless these are the address, or nobody could follow it from a text."""
    address = re.sub(r"[\t\r\n]", "", (link.get("href") or "").strip()).replace(" ", "%20")
    if not address or address.startswith("#") or address.lower().startswith(_NOT_FOLLOWED):
        return
    for scheme in _SHOWN_WITHOUT_SCHEME:
        address = address.removeprefix(scheme)
    words = " ".join(link.text_content().split())
    bare = address.removeprefix("https://").removeprefix("http://").rstrip("/")
    if bare in words.replace(" ", ""):
        return
    shown = f" ({address})" if words else address
    if len(link):
        link[-1].tail = (link[-1].tail or "") + shown
    else:
        link.text = (link.text or "") + shown
