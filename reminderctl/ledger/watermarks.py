"""Watermarks: how far each trigger has been planned, and since when it is armed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from reminderctl.ledger.opening import Ledger
from reminderctl.model import Trigger, Window, Workflow
from reminderctl.timing import LAST_INSTANT_BEFORE, instant_text, longest_lateness, parse_instant

KEPT = timedelta(days=1)  # how long a workflow may be missing from the YAML, and go on from where it was
OVERLAP = timedelta(minutes=5)  # for bookings that arrive a little late


class Watermark(NamedTuple):
    """Since when a trigger is armed, and until when it has been planned."""

    armed_at: datetime
    planned_until: datetime
    missing_since: datetime | None = None  # the first run that did not find its workflow in any file


def read(ledger: Ledger) -> dict[tuple[str, str], Watermark]:
    """Every watermark by workflow and trigger identity."""
    rows = ledger.connection.execute("SELECT workflow, trigger, armed_at, planned_until, missing_since FROM watermarks")
    return {
        (workflow, trigger): Watermark(
            parse_instant(armed_at), parse_instant(planned_until), parse_instant(missing) if missing else None
        )
        for workflow, trigger, armed_at, planned_until, missing in rows
    }


def window(
    watermark: Watermark,
    workflow: Workflow,
    trigger: Trigger,
    now: datetime,
    *,
    unchanged: bool = False,
    whole_until: datetime | None = None,
) -> Window:
    """The due instants that a run at `now` looks at.

    From just before the watermark, a watermark in the future counting as now; where the bookings were not whole, from
    just before the last run that saw all of them; where late bookings are to be sent, from as far back as one
    could still be in time, unless the bookings are `unchanged` since the trigger was last planned; but never
    from before the trigger was armed.
    """
    since = min(watermark.planned_until, whole_until or now, now) - OVERLAP
    if workflow.late_booking == "send" and not unchanged:
        since = min(since, now - longest_lateness(trigger, workflow.grace) - LAST_INSTANT_BEFORE)  # which it excludes
    return Window(max(since, min(watermark.armed_at, now)), now)


def late_until(workflow: Workflow, watermark: Watermark, now: datetime) -> datetime | None:
    """Return the instant until which a booking that is new must have come late, None where late ones are passed over.

    What fell due since the last run is late because of us.
    """
    return min(watermark.planned_until, now) if workflow.late_booking == "send" else None


def arm(ledger: Ledger, unseen: Iterable[tuple[str, str]], now: datetime) -> None:
    """Let triggers begin at now: nothing older ever fires."""
    ledger.connection.executemany(
        "INSERT INTO watermarks (workflow, trigger, armed_at, planned_until) VALUES (?, ?, ?, ?)",
        [(*trigger, instant_text(now), instant_text(now)) for trigger in unseen],
    )


def forget(ledger: Ledger, gone: Collection[tuple[str, str]]) -> None:
    """Drop the watermarks of triggers that were switched off, edited or removed."""
    ledger.connection.executemany("DELETE FROM watermarks WHERE workflow = ? AND trigger = ?", gone)


def note_missing(ledger: Ledger, workflows: Collection[str], now: datetime) -> None:
    """Keep the watermarks of workflows that no file holds for a day, and record since when that is so.

    A file that is being deployed is away for a moment. Those that are back, or were away for longer, are as before.
    """
    ledger.connection.executemany(
        "UPDATE watermarks SET missing_since = ? WHERE workflow = ? AND missing_since IS NULL",
        [(instant_text(now), workflow) for workflow in workflows],
    )


def note_back(ledger: Ledger, workflows: Collection[str]) -> None:
    """Record that workflows which were missing are back."""
    ledger.connection.executemany(
        "UPDATE watermarks SET missing_since = NULL WHERE workflow = ?", [(workflow,) for workflow in workflows]
    )


def advance(ledger: Ledger, workflows: Iterable[str], now: datetime) -> None:
    """Record that these workflows have been planned until now; an instant in the future, left by a wrong clock, too."""
    ledger.connection.executemany(
        """
        UPDATE watermarks SET planned_until = :now, armed_at = MIN(armed_at, :now)
        WHERE workflow = :workflow AND (planned_until <> :now OR armed_at > :now)
        """,
        [{"workflow": workflow, "now": instant_text(now)} for workflow in workflows],
    )


def rearm(ledger: Ledger, since: datetime) -> None:
    """Let nothing fire that fell due at or before this instant."""
    ledger.connection.execute(
        """
        UPDATE watermarks SET armed_at = MAX(armed_at, :since), planned_until = MAX(planned_until, :since)
        """,
        {"since": instant_text(since)},
    )
