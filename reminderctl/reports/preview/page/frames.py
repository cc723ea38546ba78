"""The HTML of a message as a document that a sandboxed frame of the page shows."""

from __future__ import annotations

import re
from math import ceil
from typing import NamedTuple

# A frame that can load nothing: no script, no picture but one in the mail itself, no address looked up ahead. A link
# would open a window, which the sandbox refuses; without that it would load its address into the frame.
_HEAD = """\
<!doctype html><meta charset="utf-8">\
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">\
<meta http-equiv="x-dns-prefetch-control" content="off"><meta name="referrer" content="no-referrer">\
<meta name="color-scheme" content="{scheme}"><base target="_blank"><style>{style}</style>
"""
_MAIL = (
    "body{margin:16px;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "img{max-width:100%;outline:1px dashed #767676}"
)
_TELEGRAM = (
    "body{margin:0;font:15px/1.45 system-ui,sans-serif;white-space:pre-wrap;overflow-wrap:anywhere}"
    "a{color:LinkText}code,pre{font:.9em/1.45 ui-monospace,monospace;white-space:pre-wrap}"
    "blockquote{margin:0;padding-left:.7em;border-left:3px solid}tg-spoiler,.tg-spoiler{background:GrayText}"
)
# Preconnecting and prefetching are the requests that a Content-Security-Policy does not forbid.
_LINK = re.compile(r"<(?=link\b)", re.IGNORECASE)
_REMOTE = re.compile(
    r"""<(?!script|iframe)[a-z]+\b[^<>]*?\s(?:src|srcset|background|poster)\s*=\s*["']?\s*(?:https?:)?//|\burl\(\s*["']?\s*(?:https?:)?//""",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"<(style|head|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/?(?:p|div|h[1-6]|li|ul|ol|tr|table|hr|blockquote|pre))\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_PICTURE = re.compile(r"<img\b", re.IGNORECASE)


class Frame(NamedTuple):
    """The document that a frame shows, how many remote pictures it leaves out, and its height in lines of text."""

    document: str
    remote: int
    lines: int


def frame_mail(html: str) -> Frame:
    """Return a mail's HTML as mail programs show it, on white as most of them do."""
    document = _HEAD.format(scheme="light", style=_MAIL) + _LINK.sub("<x-", html)
    lines = _count_lines(_BREAK.sub("\n", " ".join(html.split())), width=60)
    # Margins between paragraphs, and a little for what cannot be known without drawing it.
    return Frame(
        document,
        len(_REMOTE.findall(html)),
        _within(3 + ceil(1.5 * lines) + 3 * len(_PICTURE.findall(html)), least=6, most=32),
    )


def frame_telegram(html: str) -> Frame:
    """Return a message with Telegram's tags, whose new lines stay as they are."""
    document = _HEAD.format(scheme="light dark", style=_TELEGRAM) + _LINK.sub("<x-", html)
    return Frame(document, 0, _within(_count_lines(html, width=36) + html.count("\n\n"), least=1, most=30))


def _count_lines(html: str, *, width: int) -> int:
    """Count the lines of so many characters that the visible text fills, each of its own lines at least one."""
    text = _TAG.sub("", _UNSEEN.sub("", html))
    return sum(ceil(len(line) / width) for line in text.split("\n") if line.strip())


def _within(wanted: int, *, least: int, most: int) -> int:
    return max(least, min(wanted, most))
