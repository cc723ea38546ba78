"""Bookings that could not be read when something may have fallen due for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.ledger.store import Ledger

KEPT = timedelta(days=8)  # that a search has ended: the clock may have been ahead then


class UnreadableBooking(Struct, frozen=True, kw_only=True):
    """A booking that could not be read since a run `noticed` it; what fell due for it after `since` is not planned.

    `reason` is None where it can be read again.
    """

    booking: str
    since: datetime
    noticed_at: datetime
    reason: str | None = None


def find(ledger: Ledger, now: datetime) -> dict[str, UnreadableBooking]:
    """Return what is still looked for, by the booking's id; what a clock that was ahead has given up, too."""
    rows = ledger.execute(
        """
        SELECT booking, since, noticed_at, reason FROM unreadable
        WHERE ended_at IS NULL OR ended_at > :now ORDER BY noticed_at, booking
        """,
        now=instant_text(now),
    )
    return {
        booking: UnreadableBooking(
            booking=booking,
            since=parse_instant(since),
            noticed_at=min(parse_instant(noticed), now),
            reason=reason,
        )
        for booking, since, noticed, reason in rows
    }


def note(ledger: Ledger, reasons: Mapping[str, str], *, since: datetime, now: datetime) -> None:
    """Record which bookings cannot be read, each with the reason; an earlier `since` stays."""
    ledger.execute_many(
        """
        INSERT INTO unreadable (booking, since, noticed_at, seen_at, reason)
        VALUES (:booking, :since, :now, :now, :reason)
        ON CONFLICT (booking) DO UPDATE SET
            since = CASE WHEN ended_at <= :now OR since > :since THEN :since ELSE since END,
            noticed_at = CASE WHEN ended_at <= :now OR noticed_at > :now THEN :now ELSE noticed_at END,
            seen_at = GREATEST(seen_at, :now), reason = :reason,
            ended_at = CASE WHEN ended_at > :now THEN ended_at END
        """,
        [
            {"booking": booking, "since": instant_text(since), "now": instant_text(now), "reason": reason}
            for booking, reason in reasons.items()
        ],
    )


def forget(ledger: Ledger, bookings: Iterable[str], *, now: datetime) -> None:
    """Drop bookings that can be read, or are gone; not where a later run saw them: now may be wrong."""
    values = [{"booking": booking, "now": instant_text(now)} for booking in bookings]
    ledger.execute_many("UPDATE unreadable SET reason = NULL WHERE booking = :booking", values)
    ledger.execute_many("DELETE FROM unreadable WHERE booking = :booking AND seen_at <= :now", values)


def give_up(ledger: Ledger, bookings: Collection[str], *, now: datetime) -> None:
    """Record that these bookings are looked for no more; drop those of which that has been so for long."""
    ledger.execute_many(
        "UPDATE unreadable SET ended_at = :now WHERE booking = :booking",
        [{"booking": booking, "now": instant_text(now)} for booking in bookings],
    )
    ledger.execute("DELETE FROM unreadable WHERE ended_at < :long_ago", long_ago=instant_text(now - KEPT))
