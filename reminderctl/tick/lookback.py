"""The search for bookings that have disappeared, as a file that was emptied is no decision of a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from reminderctl.bookings import BookingSource
from reminderctl.core.timing import DAY, MINUTE
from reminderctl.ledger import Ledger, clocks, sources, watermarks
from reminderctl.ledger.sources import Census, GivenUp, Source, Span
from reminderctl.model import Config, Window
from reminderctl.tick.pending_rounds import CROWD_SHARE, FEW

LONGEST = timedelta(days=1)  # after so long what is missing is taken for gone
AHEAD = timedelta(days=2)  # bookings that end, or for which something falls due, within this are counted


def find(ledger: Ledger, now: datetime) -> Source | None:
    """Return what is known of the bookings, as a run at `now` has to see it.

    What a clock that was ahead has given up is missing still, where a day has not passed since it was there.
    """
    known = sources.find(ledger)
    if not known or not known.given_up or not known.census or known.census.since <= now:
        return known
    if now - known.given_up.whole_until >= LONGEST:
        return known
    return replace(known, whole_until=known.given_up.whole_until, census=known.given_up.census)


def whole_until(known: Source | None, now: datetime) -> datetime | None:
    """Return the last run that saw all bookings; None where that is the last one."""
    if known is None or known.whole_until is None:
        return None
    return min(max(known.whole_until, now - LONGEST), now)


class Sight(Struct, frozen=True):
    """The bookings as a run saw them, and what was known of them before.

    `lacks` says that some are missing. `emptied` are tables that held something, and hold nothing now. `counted` is
    None where nothing had to be counted.
    """

    known: Source | None
    lacks: bool
    emptied: frozenset[str]
    counted: Census | None


def find_emptied(bookings: BookingSource, *, known: Source | None, fingerprint: str | None) -> frozenset[str]:
    """Return the tables that held something when a run last saw all bookings, and hold nothing now."""
    if known is None or known.census is None or not _is_to_count(known, fingerprint):
        return frozenset()
    return frozenset(known.census.tables) - frozenset(bookings.filled_tables())


def look(
    config: Config,
    bookings: BookingSource,
    *,
    known: Source | None,
    fingerprint: str | None,
    emptied: frozenset[str],
    now: datetime,
) -> Sight:
    """Return how the bookings look, after they have been read; they are counted where they have changed.

    They are not whole where a table was emptied, where more than a fifth of those of the next days, of those for which
    something falls due then, or of their participants (and more than 5) has disappeared, or where as many cannot be
    read.
    """
    lacks = bool(emptied) or len(bookings.unreadable) > FEW  # of those that were read now, whenever they were spoiled
    if known and not _is_to_count(known, fingerprint):
        return Sight(known, lacks, emptied, counted=None)
    spans, census, there = _spans(config), known.census if known else None, None
    if census and not lacks:
        there = [_count(bookings, span, at=census.since) for span in census.spans]
        lacks = any(any(map(_is_crowd, *pair)) for pair in zip(census.counts, there, strict=True))
    if census and there and census.spans == spans and census.since <= now <= census.since + AHEAD:
        counts = [
            _count_on(bookings, span, counted=counted, since=census.since, now=now)
            for span, counted in zip(spans, there, strict=True)
        ]
    else:
        counts = [_count(bookings, span, at=now) for span in spans]
    return Sight(known, lacks, emptied, Census(now, bookings.filled_tables(), spans, tuple(counts)))


def _spans(config: Config) -> tuple[Span, ...]:
    """Return the spans of bookings for which something falls due in the next days, and of those that end then."""
    length = AHEAD // MINUTE
    found: set[tuple[Literal["start", "end"], int]] = {("end", 0)}
    for workflow in config.workflows:
        for trigger in workflow.triggers if workflow.enabled else ():
            offset = trigger.minutes if trigger.days is None else trigger.days * (DAY // MINUTE)
            found.add((trigger.anchor, offset if trigger.before else -offset))
    spans: list[Span] = []
    for anchor, begins in sorted(found):
        if spans and spans[-1].anchor == anchor and begins <= spans[-1].ends:
            spans[-1] = Span(anchor, spans[-1].begins, begins + length)
        else:
            spans.append(Span(anchor, begins, begins + length))
    return tuple(spans)


def _count(bookings: BookingSource, span: Span, *, at: datetime) -> tuple[int, int]:
    return bookings.count(Window(at + span.begins * MINUTE, at + span.ends * MINUTE), anchor=span.anchor)


def _count_on(
    bookings: BookingSource, span: Span, *, counted: tuple[int, int], since: datetime, now: datetime
) -> tuple[int, int]:
    """Return the counts of a span from now on, by those from an earlier instant on."""
    begins, ends = span.begins * MINUTE, span.ends * MINUTE
    over = bookings.count(Window(since + begins, now + begins), anchor=span.anchor)
    to_come = bookings.count(Window(since + ends, now + ends), anchor=span.anchor)
    return counted[0] - over[0] + to_come[0], counted[1] - over[1] + to_come[1]


def _is_to_count(known: Source, fingerprint: str | None) -> bool:
    return fingerprint is None or known.fingerprint != fingerprint or known.whole_until is not None


def note_sight(ledger: Ledger, sight: Sight, *, is_held: bool, last_run_at: datetime, run: int, now: datetime) -> None:
    """Record that this run saw all bookings, or since when that is not so; what waits may be held for them, too.

    1. What is missing is given up after a day.
    2. A run whose clock is behind has planned only until its now what is back. The next ones look back to there, for
       as long as one of the last runs was later.
    3. What no file holds at this moment is planned from the last run that saw all bookings on when its file is back.
    """
    known = sight.known
    until, census, given_up = (known.whole_until, known.census, known.given_up) if known else (None, None, None)
    is_over = until is not None and now - until >= LONGEST
    if (sight.lacks or is_held) and not is_over:
        sources.note_whole(ledger, until or last_run_at, census=census)
    elif sight.counted or until:
        lately, looked_back_to = clocks.look_back(ledger, now, run=run), None
        if until and is_over:
            given_up = GivenUp(until, census)
        elif until:
            watermarks.set_back_left_out(ledger, until)
            looked_back_to = max(until, now) if lately.later else None
        # The days that a clock in the past is about hold none of the bookings to come.
        counted = sight.counted if lately.is_plausible else census or sight.counted
        sources.note_whole(ledger, looked_back_to, census=counted, given_up=given_up)


def _is_crowd(before: int, after: int) -> bool:
    """Return True where more than people delete has disappeared."""
    return before - after > FEW and (before - after) * CROWD_SHARE > before
