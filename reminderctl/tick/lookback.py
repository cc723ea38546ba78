"""How far a run looks back, because the bookings were not whole: a file that was emptied is no decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, sources
from reminderctl.ledger.sources import Census, Source
from reminderctl.model import Window
from reminderctl.tick.recheck import CROWD_SHARE, FEW

LONGEST = timedelta(days=1)  # after so long what is missing is taken for gone
AHEAD = timedelta(days=2)  # bookings that end within this are counted


def whole_until(known: Source | None, now: datetime) -> datetime | None:
    """Return the last run that saw all bookings; None where that is the last one."""
    if known is None or known.whole_until is None:
        return None
    return min(max(known.whole_until, now - LONGEST), now)


class Sight(NamedTuple):
    """How a run saw the bookings: does it lack some, what it counted, and what was known before.

    `counted` is None where nothing had to be counted.
    """

    known: Source | None
    lacks: bool
    counted: Census | None


def look(bookings: Bookings, *, known: Source | None, fingerprint: str | None, now: datetime) -> Sight:
    """Return how the bookings look, after they have been read; they are counted where they have changed.

    They are not whole where the tables of bookings or participants are empty and were not, where more than a fifth of
    those of the next days (and more than 5) has disappeared, or where as many cannot be read.
    """
    lacks = len(bookings.unreadable) > FEW  # of those that were read now, whenever they were spoiled
    changed = known is None or fingerprint is None or known.fingerprint != fingerprint
    if known and not changed and known.whole_until is None:
        return Sight(known, lacks, counted=None)
    if known and known.census and not lacks:
        lacks = _has_lost(known.census, _count(bookings, known.census.since))
    return Sight(known, lacks, _count(bookings, now))


def note_sight(ledger: Ledger, sight: Sight, *, is_held: bool, last_run_at: datetime, now: datetime) -> None:
    """Record that this run saw all bookings, or since when that is not so; what waits may be held for them, too."""
    until = sight.known.whole_until if sight.known else None
    is_over = until is not None and now - until >= LONGEST
    if (sight.lacks or is_held) and not is_over:
        sources.note_whole(ledger, until or last_run_at, sight.known.census if sight.known else None)
    elif sight.counted or until:
        sources.note_whole(ledger, None, sight.counted)


def _count(bookings: Bookings, since: datetime) -> Census:
    return Census(since, *bookings.count(Window(since, since + AHEAD)))


def _has_lost(before: Census, after: Census) -> bool:
    return (
        (before.any_bookings and not after.any_bookings)
        or (before.any_participants and not after.any_participants)
        or _is_crowd(before.bookings - after.bookings, before.bookings)
        or _is_crowd(before.participants - after.participants, before.participants)
    )


def _is_crowd(number: int, total: int) -> bool:
    return number > FEW and number * CROWD_SHARE > total
