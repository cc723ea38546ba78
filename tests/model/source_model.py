"""docs/reference/sources.md a second time, as simple as possible: no line of reminderctl is imported here.

It says what is known of a source after a reading, by what the source lists and what was known of it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.model.spec_model import DAY, MINUTE, NEVER_WITHOUT_A_FILTER, SECOND, Duty, Guest, Visit

AHEAD, BEHIND = 20 * DAY, 10 * DAY  # of the window, as the YAML of the game says
ALWAYS_ALLOWED, MOST_MISSING = 5, 0.2  # "max_missing: 20% (5 are always allowed, all never)"
SLACK = 30 * SECOND  # of `every`, as cron does not call to the second
FAILURES, LASTING = 3, 5 * MINUTE  # "told after 3 failed readings in a row or 5 minutes"
GUESTS = (Guest("whoever"),)


class Listed(NamedTuple):
    """A booking as its source lists it; a broken one has a start that nobody can read. `edition` counts its changes."""

    starts_at: datetime
    ends_at: datetime
    status: str = "approved"
    edition: int = 1
    is_broken: bool = False

    @property
    def is_alive(self) -> bool:
        return self.status not in NEVER_WITHOUT_A_FILTER


Listing = Mapping[str, Listed]


class Known(NamedTuple):
    """A booking as sources.db has it; `gone` once its source's silence has canceled it."""

    listed: Listed
    missing_since: datetime | None = None
    gone: bool = False

    @property
    def visit(self) -> Visit:
        status = "canceled" if self.gone else self.listed.status
        return Visit(self.listed.starts_at, self.listed.ends_at, "UTC", status, GUESTS)


class Found(NamedTuple):
    """A reading, compared with what was known: the counts are those of `run --json`."""

    known: dict[str, Known]
    new: int
    changed: int
    canceled: int
    missing: int
    bad: int
    is_guarded: bool

    @property
    def is_news(self) -> bool:
        return bool(self.new or self.changed)


def read(
    known: Mapping[str, Known], listing: Listing, *, is_database: bool, now: datetime, accepted_at: datetime | None
) -> Found | None:
    """Return what a reading makes of what was known; None where it fails, as too much of it cannot be read.

    1. A database gives what overlaps the window, and is asked by key for what is known and not among it; a feed is a
    list of everything. 2. What is listed replaces what was known. 3. What is not is judged.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since, until = midnight - BEHIND, midnight + AHEAD + DAY

    def overlaps(booking: Listed) -> bool:
        return (booking.is_broken or booking.starts_at < until) and booking.ends_at > since

    answered = {name: each for name, each in listing.items() if not is_database or overlaps(each)}
    broken = [name for name, each in answered.items() if each.is_broken]
    if len(broken) > max(ALWAYS_ALLOWED, MOST_MISSING * len(answered)) or (broken and len(broken) == len(answered)):
        return None
    lists_nothing = not answered
    absent = [name for name, each in known.items() if name not in answered and overlaps(each.listed)]
    if is_database:  # those that have begun and ended, and are gone, are not asked for
        asked = [name for name in absent if not known[name].gone or known[name].listed.ends_at > now]
        answered |= {name: listing[name] for name in asked if name in listing}
        absent = [name for name in absent if name not in answered]
    after = dict(known)
    new = changed = 0
    for name, each in answered.items():
        if each.is_broken:
            continue
        before = known.get(name)
        new += before is None or before.gone
        changed += before is not None and not before.gone and before.listed != each
        after[name] = Known(each)
    held, canceled, is_guarded = _judge(
        known, absent, is_database=is_database, lists_nothing=lists_nothing, now=now, accepted_at=accepted_at
    )
    for name in held:
        after[name] = known[name]._replace(missing_since=known[name].missing_since or now)
    for name in canceled:
        after[name] = known[name]._replace(missing_since=None, gone=True)
    coming = _coming(known, now)
    return Found(after, new, changed, len(canceled), len(coming & held), len(broken), is_guarded)


def _coming(known: Mapping[str, Known], now: datetime) -> set[str]:
    return {
        name for name, each in known.items() if each.listed.is_alive and not each.gone and each.listed.ends_at > now
    }


def _judge(
    known: Mapping[str, Known],
    absent: list[str],
    *,
    is_database: bool,
    lists_nothing: bool,
    now: datetime,
    accepted_at: datetime | None,
) -> tuple[set[str], set[str], bool]:
    """Return what is held, what is canceled, and whether only a person can decide.

    1. What has begun has left a feed by itself. 2. What a person has accepted is canceled. 3. An empty answer cancels
    nothing, nor does one without more than a fifth (and more than 5), or without all, of what is to come. 4. A feed has
    to leave a booking out twice.
    """
    missing = {
        name
        for name in absent
        if known[name].listed.is_alive and not known[name].gone and (is_database or known[name].listed.starts_at > now)
    }
    accepted = set()
    for name in missing:
        since = known[name].missing_since
        if accepted_at is not None and since is not None and since <= accepted_at:
            accepted.add(name)
    coming = _coming(known, now) - accepted
    lost = (missing - accepted) & coming
    too_many = len(lost) > max(ALWAYS_ALLOWED, MOST_MISSING * len(coming))
    all_of_it = bool(lost) and (lists_nothing or (lost == coming and len(coming) > 1))
    is_guarded = too_many or all_of_it
    held = {
        name for name in missing - accepted if is_guarded or not (is_database or known[name].missing_since is not None)
    }
    return held, missing - held, is_guarded and bool(held)


class Reading(NamedTuple):
    """What the runs have recorded of a source: in the ledger, which sources.db does not take with it."""

    read_at: datetime | None = None
    planned_at: datetime | None = None
    first_planned_at: datetime | None = None
    tried_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    accepted_at: datetime | None = None
    missing: int = 0
    bad: int = 0
    is_guarded: bool = False

    def failed(self, now: datetime) -> Reading:
        return self._replace(tried_at=now, failures=self.failures + 1, failing_since=self.failing_since or now)

    def succeeded(self, now: datetime, found: Found) -> Reading:
        return self._replace(
            read_at=now,
            tried_at=now,
            failures=0,
            failing_since=None,
            missing=found.missing,
            bad=found.bad,
            is_guarded=found.is_guarded,
        )

    def planned(self, now: datetime) -> Reading:
        """As a run leaves it: what was read since the last one has been planned, and a new source begins."""
        if self.read_at is None:
            return self
        return self._replace(planned_at=self.read_at, first_planned_at=self.first_planned_at or now)

    def is_lasting(self, now: datetime) -> bool:
        """Whether a person has to hear of a failure, although nothing waits."""
        since = self.failing_since
        return self.failures >= FAILURES or (since is not None and now - since >= LASTING)


def duty_to_read(reading: Reading, *, every: timedelta, is_stored: bool, now: datetime) -> Duty:
    """Whether a run reads a source: each minute, or each `every`, and where sources.db was lost.

    One that failed is tried again by each minute's run; after 1, 2, 4, then 5 minutes where it took its time to fail.
    """
    if not is_stored or reading.tried_at is None:
        return "must"
    if reading.failures:
        return "must" if now - reading.tried_at >= LASTING else "may"
    if reading.read_at is None or every <= MINUTE or now - reading.read_at >= every - SLACK:
        return "must"
    return "must not"
