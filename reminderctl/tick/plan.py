"""The first half of a run: what has fallen due is planned, what is no longer owed ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import chain

from msgspec.structs import replace

from reminderctl.bookings import BookingSource
from reminderctl.core import timing
from reminderctl.ledger import (
    Ledger,
    checks,
    circuits,
    claims,
    clocks,
    missing,
    planned,
    queue,
    restores,
    runs,
    sources,
    watermarks,
)
from reminderctl.ledger.watermarks import Key, Watermark
from reminderctl.model import Config, Delivery, Trigger, Window, Workflow
from reminderctl.text import pluralize
from reminderctl.tick import lookback, unreadable
from reminderctl.tick.arming import sync
from reminderctl.tick.end_waiting import end_what_is_over, hold_what_is_unknown
from reminderctl.tick.reading import Reading, due_of, earliest, planned_after_each
from reminderctl.tick.reinstate import find_owed_again, skip_if_sent_to_another
from reminderctl.tick.report import Report


def plan(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    reading: Reading,
    run: int,
    now: datetime,
    report: Report,
) -> None:
    """Bring the queue up to date by what was read at `now` or later, inside the caller's transaction.

    1. A ledger that is older than reality forgets what fell due before its last run.
    2. What is new or edited is armed, what is gone is forgotten; what is in a file that is missing, in a day.
    3. What a clock that was ahead put off waits no longer, and what it ended waits again.
    4. What waits and is no longer owed, or beyond its deadline, ends.
    5. What was canceled and is owed again comes back.
    6. Each trigger's window is planned; a burst is held back.
    7. The watermarks advance; what could not be read is noted, and planned in a run that can.
    """
    _handle_restored_ledger(ledger, now, run=run, report=report)
    enabled = [workflow for workflow in config.workflows if workflow.enabled]
    marks = sync(config, ledger, run=run, now=now, whole_until=reading.whole_until)
    _handle_clock_rollback(ledger, run=run, now=now, report=report)
    is_held = end_what_is_over(config, ledger, reading=reading, run=run, now=now, report=report)
    last_run_at = _last_run_at(ledger, marks, run=run, now=now)
    back = find_owed_again(reading.returning, ledger, workflows=reading.workflows, now=now)
    fallen_due = partial(
        _fallen_due, marks=marks, reading=reading, bookings=bookings, config=config, ledger=ledger, now=now
    )
    for workflow in enabled:
        deliveries = (fallen_due(trigger, workflow) for trigger in workflow.triggers)
        wanted = skip_if_sent_to_another(workflow, chain(back.get(workflow.id, ()), *deliveries), ledger=ledger)
        _enqueue(workflow, wanted, ledger=ledger, run=run, now=now, report=report)
    hold_what_is_unknown(ledger, bookings, emptied=reading.sight.emptied, run=run, report=report)
    watermarks.advance(ledger, (workflow.id for workflow in enabled), now=now)
    # What a clock that is behind looks back on is not what the next one has to.
    sources.record(ledger, None if clocks.is_behind(ledger, now) else reading.fingerprint, now=now)
    lookback.note_sight(ledger, reading.sight, is_held=is_held, last_run_at=last_run_at, run=run, now=now)
    unreadable.note(config, ledger, bookings=bookings, noted=reading.noted, marks=marks, run=run, report=report)


def _last_run_at(ledger: Ledger, marks: Mapping[Key, Watermark], *, run: int, now: datetime) -> datetime:
    planned = [mark.planned_until for mark in marks.values() if mark.planned_until < now]
    return max(planned, default=clocks.last_instant(ledger, run=run) or now)


def _handle_restored_ledger(ledger: Ledger, now: datetime, *, run: int, report: Report) -> None:
    since = runs.restored_since(ledger, say=report.say)
    if since is None:
        return
    since = min(since, now)  # a clock that was ahead may have written it
    restores.record(ledger, since, now=now, run=run)
    watermarks.rearm(ledger, since)
    reason = missing.RESTORED
    for delivery in chain.from_iterable(queue.pages(ledger)):
        if delivery.begins_at <= since:
            report.withdraw(delivery, queue.cancel(ledger, delivery, reason=reason, now=now), reason=reason)
    report.counts["unknown"] += len(claims.mark_in_flight_unknown(ledger, since, reason=reason, now=now))
    report.say(
        f"{ledger.path}: this ledger does not contain the last run, at {timing.instant_text(since)}: the file was "
        "restored or replaced; messages due up to then are not sent again"
    )


def _fallen_due(
    trigger: Trigger,
    workflow: Workflow,
    *,
    marks: Mapping[Key, Watermark],
    reading: Reading,
    bookings: BookingSource,
    config: Config,
    ledger: Ledger,
    now: datetime,
) -> Iterator[Delivery]:
    """Yield what of a trigger has fallen due, of each action since it was planned."""
    since = planned_after_each(
        trigger,
        workflow,
        marks=marks,
        now=now,
        unchanged=reading.due[workflow.id, trigger.identity].unchanged,
        whole_until=reading.whole_until,
        bookings=bookings,
    )
    window = Window(earliest(since, now), now)
    for delivery in due_of(trigger, window, workflow=workflow, reading=reading, bookings=bookings, config=config):
        origin = bookings.origin_of(delivery.booking)
        of_source, begins = since.get(origin) or since[None], bookings.begins.get(origin or "")
        is_old = delivery.planned_at <= of_source[delivery.action] or (begins and delivery.planned_at <= begins)
        if not is_old and not _may_have_been_sent(delivery, ledger):
            yield delivery
    late_until = reading.due[workflow.id, trigger.identity].late_until
    for delivery in unreadable.fallen_due(
        reading.noted, trigger, workflow=workflow, marks=marks, late_until=late_until, config=config, now=now
    ):
        if not _may_have_been_sent(delivery, ledger):
            yield delivery


def _may_have_been_sent(delivery: Delivery, ledger: Ledger) -> bool:
    """Return True for what quiet hours would have sent earlier, in a time that a restored ledger knows nothing of."""
    if delivery.missed_at is None or delivery.refusal:
        return False
    return restores.may_have_sent(restores.find(ledger), replace(delivery, send_at=delivery.missed_at))


def _handle_clock_rollback(ledger: Ledger, *, run: int, now: datetime, report: Report) -> None:
    """Undo what was written while the clock was ahead.

    1. A pause, or a next attempt, that it put a year ahead would silence a channel for that year.
    2. What it ended before its time waits again, unless it is now that is wrong.
    """
    last = clocks.last_instant(ledger, run=run)
    if last and last - now > watermarks.OVERLAP:
        circuits.close_all(ledger)
        queue.reschedule_now(ledger, now)
    lately = clocks.look_back(ledger, now, run=run)
    if lately.later and lately.is_plausible and (number := queue.wait_again(ledger, now)):
        checks.forget(ledger)  # no round has looked at these
        report.say(
            f"the clock was set back to {timing.instant_text(now)}: {pluralize(number, 'delivery')} that had ended too "
            "early are pending again"
        )


def _enqueue(
    workflow: Workflow, deliveries: Iterator[Delivery], *, ledger: Ledger, run: int, now: datetime, report: Report
) -> None:
    new = planned.enqueue(ledger, deliveries, run=run, now=now)
    report.counts["planned"] += new.total
    report.counts["canceled"] += new.refused
    if new.too_late:
        report.counts["expired"] += new.too_late
        report.say(f"{workflow.id}: {new.too_late} {_found_too_late(workflow, is_dry=report.is_dry)}")
    if workflow.max_burst is not None and new.due > workflow.max_burst:
        held = queue.hold(ledger, workflow.id, run=run, now=now)
        report.counts["held"] += held
        report.say(
            f"{workflow.id}: {held} new deliveries in one run are more than max_burst ({workflow.max_burst}); "
            f"{_held_back(workflow, is_dry=report.is_dry)}"
        )


def _found_too_late(workflow: Workflow, *, is_dry: bool) -> str:
    if is_dry:
        return "found after their deadline: the next run sends none of them, and records them as expired"
    command = f"`reminderctl deliveries list --state expired --workflow {workflow.id}`"
    return f"not sent: found after their deadline; {command} lists them"


def _held_back(workflow: Workflow, *, is_dry: bool) -> str:
    release = f"`reminderctl release {workflow.id}`"
    if is_dry:
        return f"the next run holds them back until {release}"
    command = f"`reminderctl deliveries list --workflow {workflow.id}`"
    return f"they are held: look at them with {command}, then let them go with {release}"
