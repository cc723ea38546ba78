"""The context of one rendering: the booking, the recipient, the language."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from reminderctl.model import Booking, Company, Participant


class Context(Struct, frozen=True, kw_only=True):
    """`language` chooses among the versions of a text; dates are written in that version's, else in `written_in`.

    `timezone` is the booking's own zone or else the configured one (IANA), `at` the instant of the attempt, in UTC.
    """

    booking: Booking
    participant: Participant | None = None
    company: Company = Company()
    language: str
    default_language: str
    written_in: str | None = None  # the language of a text without versions; left out: `language`
    timezone: str
    at: datetime

    @property
    def languages(self) -> tuple[str, str]:
        """The languages to format dates in, the wanted one first."""
        return self.written_in or self.language, self.default_language
