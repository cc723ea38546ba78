"""The comparison of what a source lists now with what it listed before: what is new, back, missing or gone.

Absence is weak evidence: a table that was emptied, a filter that was ignored and a page that was lost look like
bookings that were deleted. So what is no longer listed is canceled only where that is little, and where it was asked
for by its key or was left out twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

FEW = 5  # so many may go at once: people delete bookings


class KnownBooking(NamedTuple):
    """A booking as the last reading of its source left it; `checksum` is that of its rows, `keys` are theirs.

    `is_alive` unless it is canceled, rejected or the like. `missing_since` says since when its source no longer lists
    it, `is_gone` that it was canceled for that.
    """

    starts_at: datetime
    ends_at: datetime
    is_alive: bool
    checksum: str = ""
    keys: tuple[str, ...] = ()
    missing_since: datetime | None = None
    is_gone: bool = False


class Absence(NamedTuple):
    """The bookings that a source no longer lists: those that are held, and those that are canceled.

    `coming` says how many of the source's bookings are still to come, `missing` how many of them are held, `is_guarded`
    that these are so many at once that only a person can decide.
    """

    held: tuple[str, ...] = ()
    canceled: tuple[str, ...] = ()
    coming: int = 0
    missing: int = 0
    is_guarded: bool = False


def judge_absence(
    known: Mapping[str, KnownBooking],
    absent: Collection[str],
    *,
    now: datetime,
    accepted_at: datetime | None,
    max_missing: float,
    asked_by_key: bool,
    lists_nothing: bool,
    is_sure: bool = True,
    renamed: Collection[str] = (),
) -> Absence:
    """Return what happens to the bookings that are `absent` from a reading.

    1. What has begun has left a feed by itself, and stays as it is; a database that was asked by key says that it is
       gone. 2. What a person accepted is canceled, and so is what is `renamed`: all of its rows are there, in other
       bookings (a class that was moved). 3. More than a few and more than `max_missing` of what is to come,
       all of it, and all of an empty answer is held. 4. A feed has to leave a booking out twice. Where the reading is
       not sure of what it lacks, as there were rows that nobody can name, everything is held.
    """
    missing = [
        name
        for name in absent
        if (known[name].is_alive or known[name].missing_since)
        and not known[name].is_gone
        and (asked_by_key or known[name].starts_at > now)
    ]
    accepted = {name for name in missing if name in renamed or _is_accepted(known[name], accepted_at)}
    coming = _list_coming(known, now)
    lost = [name for name in missing if name not in accepted and known[name].ends_at > now]
    is_guarded = _is_too_much(len(lost), of=len(coming - accepted), max_missing=max_missing, all_of_it=lists_nothing)
    waits = is_guarded or not is_sure
    held = {each for each in missing if waits or not (asked_by_key or known[each].missing_since)} - accepted
    return Absence(
        held=tuple(sorted(held)),
        canceled=tuple(sorted(set(missing) - held)),
        coming=len(coming),
        missing=len(held & coming),
        is_guarded=bool(held) and is_guarded,
    )


def _list_coming(known: Mapping[str, KnownBooking], now: datetime) -> set[str]:
    return {name for name, each in known.items() if each.is_alive and not each.is_gone and each.ends_at > now}


def find_common_move(moves: Collection[timedelta], *, of: int) -> tuple[timedelta, int] | None:
    """Return the length of time by which most of so many bookings were moved at once, and how many; None for few."""
    counts = Counter(filter(None, moves)).most_common(1)
    if not counts or counts[0][1] <= max(FEW, of / 2):
        return None
    return counts[0]


def _is_too_much(lost: int, *, of: int, max_missing: float, all_of_it: bool) -> bool:
    """Return True where so many bookings went at once that it is more likely a fault than what people decided."""
    return lost > max(FEW, max_missing * of) or (all_of_it and lost > 0) or (lost == of and of > 1)


def _is_accepted(booking: KnownBooking, accepted_at: datetime | None) -> bool:
    since = booking.missing_since
    return accepted_at is not None and since is not None and since <= accepted_at
