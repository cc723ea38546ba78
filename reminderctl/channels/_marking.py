"""The mark by which a reader knows that a message is a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from reminderctl.errors import Rejected

MARK = "[test] "
HEADER = "X-Reminderctl-Test"
UNMARKED = "this message cannot be marked as a test: it looks like the real one"


def mark_text(message: Any, _address: str = "", *, unmarked: str = UNMARKED) -> tuple[Any, str]:
    """Put the mark before the text of a message, its `html` or its `body`.

    Returns the message and an empty text; for one without a text, the message as it is and `unmarked`. Raises
    `Rejected` for a message that names no recipient: it would go where the real one goes.
    """
    if not hasattr(message, "to"):
        raise Rejected("a message of this channel goes where its action says, and to no other address")
    name = "html" if getattr(message, "html", "") else "body"
    text = getattr(message, name, "")
    if not text:
        return message, unmarked
    return structs.replace(message, **{name: MARK + text.lstrip()}), ""


def mark_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with one more that says that this is a test."""
    return {name: value for name, value in headers.items() if name.lower() != HEADER.lower()} | {HEADER: "yes"}
