"""Sources of bookings: in which state a run last planned with each of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.ledger.store import Ledger

BOOKINGS = "bookings"  # the name of bookings.db


class Span(msgspec.Struct, frozen=True, order=True):
    """Bookings whose `anchor` (their start or end) lies so many minutes from an instant: after `begins`, to `ends`."""

    anchor: Literal["start", "end"]
    begins: int
    ends: int


class Census(msgspec.Struct, frozen=True):
    """A count by a run that saw all of a source, at `since`: the tables that hold anything, and what is in spans.

    Of each span, how many bookings there were, and how many participants these had.
    """

    since: datetime
    tables: tuple[str, ...]
    spans: tuple[Span, ...]
    counts: tuple[tuple[int, int], ...]


class GivenUp(msgspec.Struct, frozen=True):
    """A search that was given up, as what was missing was taken for gone: the last run that saw all, and its count."""

    whole_until: datetime
    census: Census | None


class Source(msgspec.Struct, frozen=True):
    """A source as the last run found it: its fingerprint, if it had one, and when a run first found it so.

    `workflows` is the fingerprint of those that canceled deliveries were last looked at with. `census` is what the last
    run counted that saw all of it; `whole_until` is its instant, None where that is the last one. `given_up` is kept
    until something else is, as the clock of the run that gave it up may have been ahead.
    """

    fingerprint: str | None
    seen_at: datetime
    workflows: str | None = None
    whole_until: datetime | None = None
    census: Census | None = None
    given_up: GivenUp | None = None

    def is_unchanged(self, fingerprint: str | None, *, since: datetime) -> bool:
        """Return True where what was planned at `since` was planned with what the source holds now."""
        return fingerprint is not None and fingerprint == self.fingerprint and since >= self.seen_at


def find(ledger: Ledger, name: str = BOOKINGS) -> Source | None:
    """Return what is known of a source, None where no run has read it yet."""
    sql = "SELECT fingerprint, seen_at, workflows, whole_until, census FROM sources WHERE name = :name"
    row = ledger.execute(sql, name=name).fetchone()
    if row is None:
        return None
    fingerprint, seen_at, workflows, until, counted = row
    census, given_up = _read_counts(counted) if counted else (None, None)
    return Source(
        fingerprint, parse_instant(seen_at), workflows, parse_instant(until) if until else None, census, given_up
    )


def _read_counts(written: str) -> tuple[Census | None, GivenUp | None]:
    """Return what a run counted, and what was given up; neither where another version wrote it in its own way."""
    try:
        return msgspec.json.decode(written, type=tuple[Census | None, GivenUp | None])
    except msgspec.MsgspecError:
        return None, None


def record(ledger: Ledger, fingerprint: str | None, *, now: datetime, name: str = BOOKINGS) -> None:
    """Record that a run at `now` has planned with a source in this state; an old state keeps its instant."""
    ledger.execute(
        """
        INSERT INTO sources (name, fingerprint, seen_at) VALUES (:name, :fingerprint, :now)
        ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, seen_at = excluded.seen_at
        WHERE sources.fingerprint IS NOT excluded.fingerprint
        """,
        name=name,
        fingerprint=fingerprint,
        now=instant_text(now),
    )


def note_workflows(ledger: Ledger, workflows: str | None, *, name: str = BOOKINGS) -> None:
    """Record with which workflows a run looks at what was canceled; without any the next run looks again."""
    ledger.execute("UPDATE sources SET workflows = :workflows WHERE name = :name", workflows=workflows, name=name)


def note_whole(
    ledger: Ledger,
    until: datetime | None,
    *,
    census: Census | None,
    given_up: GivenUp | None = None,
    name: str = BOOKINGS,
) -> None:
    """Record the last run that saw all of a source, None for this one, and what it counted; and what was given up."""
    ledger.execute(
        "UPDATE sources SET whole_until = :until, census = :census WHERE name = :name",
        until=instant_text(until) if until else None,
        census=msgspec.json.encode((census, given_up)).decode(),
        name=name,
    )
