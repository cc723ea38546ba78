"""The way in which a source fails."""

from __future__ import annotations

from reminderctl.errors import ReminderctlError
from reminderctl.text import printable, shorten

LONGEST_ANSWER = 200  # characters of what a driver says


class SourceError(ReminderctlError):
    """The source cannot be read, or what it answers cannot be trusted; nothing was changed.

    Its text holds no secret, and of an address no more than host and port. `code` is that of the database, if it has
    given one.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class UnreadableBookingError(Exception):
    """The rows of one booking cannot be read; it is left out."""


def first_line(error: BaseException, *secrets: str) -> str:
    """Return the first line of what a driver says, in the place of each secret three dots."""
    text = str(error.args[-1] if error.args else error).strip() or type(error).__name__
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "...")
    return printable(shorten(text.splitlines()[0], LONGEST_ANSWER))
