"""Watermarks: how far each action of each trigger has been planned.

With each goes since when it is armed, and whom it reaches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from reminderctl.core.timing import LAST_INSTANT_BEFORE, instant_text, longest_lateness, parse_instant
from reminderctl.ledger import clocks
from reminderctl.ledger.store import Ledger
from reminderctl.model import Trigger, Window, Workflow

KEPT = timedelta(days=1)  # how long a workflow may be missing from the YAML, and go on from where it was
OVERLAP = timedelta(minutes=5)  # for bookings that arrive a little late


class Key(NamedTuple):
    """The names of what is planned together: a workflow's id, a trigger's identity, an action's id."""

    workflow: str
    trigger: str
    action: str


class Watermark(Struct, frozen=True):
    """The instants since which an action is armed, and until which it is planned; a fingerprint of for whom.

    The first run that did not find its workflow in any file, `missing_since`; and the first that could not plan it, as
    that was so or its file was broken, `left_out_since`. What is back after a day begins anew, and
    keeps them for an hour, as the clock may be wrong.
    """

    armed_at: datetime
    planned_until: datetime
    audience: str = ""
    missing_since: datetime | None = None
    left_out_since: datetime | None = None


def read(ledger: Ledger, now: datetime, *, run: int = clocks.NO_RUN) -> dict[Key, Watermark]:
    """Return every watermark as a run at `now` has to see it: none in the future.

    What was planned by a clock that was ahead has been planned until the latest run at or before now, or until the one
    before the first that left it out, whose file was away or broken; what was armed by one begins at the first run
    after that. But where nearly all runs were later than now, this clock is the wrong one:
    what is armed stays armed at its instant, and nothing is planned.
    """
    marks, armed_by = {}, {}
    for *names, number, armed_at, planned_until, audience, missing, left_out in ledger.execute(_READ):
        key = Key(*names)
        gaps = (parse_instant(since) if since else None for since in (missing, left_out))
        marks[key] = Watermark(parse_instant(armed_at), parse_instant(planned_until), audience, *gaps)
        armed_by[key] = number
    if ahead := [key for key, mark in marks.items() if mark.planned_until > now]:
        seen = clocks.last_run_until(ledger, now, run=run)
        for key in ahead:
            left_out = marks[key].left_out_since
            until = min(seen, clocks.last_run_before(ledger, left_out)) if left_out else seen
            marks[key] = replace(marks[key], planned_until=until)
    ahead = [key for key, mark in marks.items() if mark.armed_at > now]
    if ahead and clocks.look_back(ledger, now, run=run).is_plausible:
        for key in ahead:
            since = marks[key].missing_since
            if since is not None and since <= now < since + KEPT:  # that it was away for long was a clock ahead
                armed_at = clocks.last_run_before(ledger, since)
            else:
                armed_at = clocks.first_run_since(ledger, armed_by[key], now=now)
            marks[key] = replace(marks[key], armed_at=armed_at)
    return marks


def window(
    watermark: Watermark,
    workflow: Workflow,
    *,
    trigger: Trigger,
    now: datetime,
    unchanged: bool = False,
    whole_until: datetime | None = None,
) -> Window:
    """Return the due instants that a run at `now` looks at.

    From the watermark, where the bookings are `unchanged` since the trigger was last planned: none can have come late.
    Else from just before it, and where late bookings are to be sent, from as far back as one could still be in time.
    Where the bookings were not whole, from just before the last run that saw all of them; but never from before the
    trigger was armed. Empty (it ends before it begins) where that lies in the future.
    """
    since = min(watermark.planned_until, whole_until or watermark.planned_until)
    if whole_until or not unchanged:
        since -= OVERLAP
    if workflow.late_booking == "send" and not unchanged:
        since = min(since, now - longest_lateness(trigger, workflow.grace) - LAST_INSTANT_BEFORE)  # which it excludes
    return Window(max(since, watermark.armed_at), now)


def late_until(
    workflow: Workflow, trigger: Trigger, *, marks: Mapping[Key, Watermark], now: datetime
) -> datetime | None:
    """Return the instant until which a booking that is new must have come late, None where late ones are passed over.

    What fell due since the last run is late because of us.
    """
    if workflow.late_booking != "send":
        return None
    names = (workflow.id, trigger.identity)
    return min((mark.planned_until for key, mark in marks.items() if key[:2] == names), default=now)


def arm(ledger: Ledger, unseen: Mapping[Key, str], *, now: datetime, run: int) -> None:
    """Let what has these fingerprints begin at now, or where the last run was, if a clock is wrong: nothing older
    ever fires.
    """
    at = instant_text(max(now, clocks.last_instant(ledger, run=run) or now))
    ledger.execute_many(
        """
        INSERT INTO watermarks (workflow, trigger, action, armed_at, armed_by, planned_until, audience)
        VALUES (:workflow, :trigger, :action, :at, :run, :at, :audience)
        ON CONFLICT DO UPDATE SET armed_at = excluded.armed_at, armed_by = excluded.armed_by,
            planned_until = excluded.planned_until, audience = excluded.audience
        """,
        [key._asdict() | {"at": at, "run": run, "audience": audience} for key, audience in unseen.items()],
    )


def arm_anew(ledger: Ledger, edited: Mapping[Key, str], *, run: int, latest: datetime | None) -> None:
    """Let what has other fingerprints now begin at its watermark: what it did not reach before is left alone.

    It begins no later than `latest`, where that is given.
    """
    text = instant_text(latest) if latest else None
    ledger.execute_many(
        """
        UPDATE watermarks SET armed_at = GREATEST(armed_at, LEAST(planned_until, COALESCE(:latest, planned_until))),
            armed_by = :run, audience = :audience
        WHERE workflow = :workflow AND trigger = :trigger AND action = :action
        """,
        [key._asdict() | {"run": run, "audience": audience, "latest": text} for key, audience in edited.items()],
    )


def divide(ledger: Ledger, parts: Mapping[Key, str]) -> None:
    """Make watermarks for actions, with these fingerprints, out of their trigger's, as older versions had it."""
    ledger.execute_many(
        """
        INSERT INTO watermarks (workflow, trigger, action, armed_at, armed_by, planned_until, audience)
        SELECT workflow, trigger, :action, armed_at, armed_by, planned_until, :audience FROM watermarks
        WHERE workflow = :workflow AND trigger = :trigger AND action = ''
        """,
        [key._asdict() | {"audience": audience} for key, audience in parts.items()],
    )


def forget(ledger: Ledger, gone: Collection[Key]) -> None:
    """Drop the watermarks of what was switched off, edited or removed."""
    ledger.execute_many(
        "DELETE FROM watermarks WHERE workflow = :workflow AND trigger = :trigger AND action = :action",
        [key._asdict() for key in gone],
    )


def note_left_out(
    ledger: Ledger, workflows: Collection[str], *, now: datetime, run: int, missing: Collection[str]
) -> None:
    """Record since when workflows cannot be planned: their file is broken, or they are `missing` from every file.

    A file that is being deployed is away for a moment. What a clock in the future recorded is recorded anew.
    """
    is_plausible = clocks.look_back(ledger, now, run=run).is_plausible
    at = instant_text(now if is_plausible else max(now, clocks.last_instant(ledger, run=run) or now))
    for column, names in (("missing_since", missing), ("left_out_since", workflows)):
        ledger.execute_many(
            f"""
            UPDATE watermarks SET {column} = :at
            WHERE workflow = :workflow AND ({column} IS NULL OR ({column} > :at AND :is_plausible))
            """,  # noqa: S608 - the name of a column
            [{"workflow": name, "at": at, "is_plausible": is_plausible} for name in names],
        )


def note_back(ledger: Ledger, workflows: Collection[str], *, now: datetime) -> None:
    """Record that workflows which were left out are planned again; those that a clock ahead armed anew as before."""
    ledger.execute_many(
        """
        UPDATE watermarks SET missing_since = NULL, left_out_since = NULL,
            armed_at = CASE WHEN armed_at > :now AND armed_at > missing_since
                THEN COALESCE((SELECT MAX(started_at) FROM runs WHERE started_at < missing_since), missing_since)
                ELSE armed_at END
        WHERE workflow = :workflow
        """,
        [{"workflow": workflow, "now": instant_text(now)} for workflow in workflows],
    )


def forget_long_missing(ledger: Ledger) -> None:
    """Drop the watermarks of workflows that have been missing in every run that the ledger knows of.

    One run with a wrong clock would forget by their age what has been away for a moment.
    """
    ledger.execute("DELETE FROM watermarks WHERE missing_since < (SELECT started_at FROM runs ORDER BY id LIMIT 1)")


def advance(ledger: Ledger, workflows: Iterable[str], *, now: datetime) -> None:
    """Record that these workflows have been planned until now; no watermark ever goes back."""
    ledger.execute_many(
        "UPDATE watermarks SET planned_until = :now WHERE workflow = :workflow AND planned_until < :now",
        [{"workflow": workflow, "now": instant_text(now)} for workflow in workflows],
    )


def set_back_left_out(ledger: Ledger, until: datetime) -> None:
    """Let what is left out be planned from this instant on when it is back: its bookings were not whole after it."""
    ledger.execute(
        """
        UPDATE watermarks SET planned_until = CASE WHEN left_out_since < :until THEN left_out_since ELSE :until END
        WHERE left_out_since IS NOT NULL AND planned_until > :until
        """,
        until=instant_text(until),
    )


def rearm(ledger: Ledger, since: datetime) -> None:
    """Let nothing fire that fell due at or before this instant."""
    ledger.execute(
        """
        UPDATE watermarks SET armed_at = GREATEST(armed_at, :since), planned_until = GREATEST(planned_until, :since)
        """,
        since=instant_text(since),
    )


_READ = """
SELECT workflow, trigger, action, armed_by, armed_at, planned_until, audience, missing_since, left_out_since
FROM watermarks
"""
