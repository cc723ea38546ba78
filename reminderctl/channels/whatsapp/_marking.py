"""The mark of a test in a WhatsApp message, whose templates take none."""

from __future__ import annotations

from typing import Any

from reminderctl.channels._marking import mark_text

UNMARKED = "a WhatsApp template cannot be marked as a test: it looks like the real one"


def mark_as_test(message: Any, address: str) -> tuple[Any, str]:
    """Put the mark before the text; a template goes as it is, with a note that says so."""
    return mark_text(message, address, unmarked=UNMARKED)
