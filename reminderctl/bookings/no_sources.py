"""The answers of bookings that come from no source of the YAML: all of them are as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime


class NoSources:
    """Nothing is held, and nothing was missed."""

    missed: Mapping[str, datetime] = {}
    begins: Mapping[str, datetime] = {}
    is_judged = True

    def origin_of(self, booking_id: str) -> str | None:
        """Return None."""

    def why_held(self, booking_id: str) -> str | None:
        """Return None."""

    def why_gone(self, booking_id: str) -> str | None:
        """Return None."""

    def held_sources(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def held_bookings(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def judge(
        self,
        read_at: Mapping[str, datetime],
        *,
        counts: Mapping[str, tuple[int, int]],
        begins: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        """Do nothing."""

    def read_again(self, booking_ids: Collection[str]) -> None:
        """Do nothing."""

    def note_missed(self, source: str, since: datetime) -> None:
        """Do nothing."""
