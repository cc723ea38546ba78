"""What one rendering knows: the booking, whom it is told to, in which language."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from reminderctl.model import Booking, Company, Participant


class Context(Struct, frozen=True, kw_only=True):
    """`language` is this recipient's, `timezone` the booking's own zone or else the configured one (IANA).

    `at` is the instant of the attempt, in UTC.
    """

    booking: Booking
    participant: Participant | None = None
    company: Company = Company()
    language: str
    default_language: str
    timezone: str
    at: datetime

    @property
    def languages(self) -> tuple[str, str]:
        """The languages to format dates in, the wanted one first."""
        return self.language, self.default_language
