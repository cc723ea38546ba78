"""The first half of a run: what has fallen due is planned, what is no longer owed ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from reminderctl import timing
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, claims, lanes, missing, queue, runs, sources, watermarks
from reminderctl.model import Config, Delivery, Workflow
from reminderctl.tick import lookback
from reminderctl.tick.ending import end_what_is_over
from reminderctl.tick.reading import Reading, due_of
from reminderctl.tick.report import Report
from reminderctl.tick.returning import find_owed_again, leave_out_told


def plan(
    config: Config, ledger: Ledger, bookings: Bookings, *, reading: Reading, run: int, now: datetime, report: Report
) -> None:
    """Bring the queue up to date by what was read at `now` or later, inside the caller's transaction.

    1. A ledger that is older than reality forgets what fell due before its last run.
    2. Triggers that are new are armed, those that are gone are forgotten; those of a file that is missing, in a day.
    3. What was told to wait by a clock that was ahead waits no longer.
    4. What waits and is no longer owed, or beyond its deadline, ends.
    5. What was canceled and is owed again comes back.
    6. Each trigger's window is planned; a burst is held back.
    7. The watermarks advance.
    """
    _mind_a_restored_ledger(ledger, now, report)
    enabled = [workflow for workflow in config.workflows if workflow.enabled]
    marks = _arm_and_forget(config, enabled, ledger, now)
    _mind_a_clock_set_back(marks, enabled, ledger, now)
    is_held = end_what_is_over(config, ledger, reading, run=run, now=now, report=report)
    last_run_at = max((mark.planned_until for mark in marks.values() if mark.planned_until < now), default=now)
    back = find_owed_again(reading.returning, ledger, workflows=reading.workflows, now=now)
    for workflow in enabled:
        deliveries = []
        for trigger in workflow.triggers:
            unchanged = reading.due[workflow.id, trigger.identity].unchanged
            mark = marks[workflow.id, trigger.identity]
            window = watermarks.window(
                mark, workflow, trigger, now, unchanged=unchanged, whole_until=reading.whole_until
            )
            deliveries.append(due_of(trigger, window, workflow, reading, bookings=bookings, config=config))
        wanted = leave_out_told(workflow, chain(back.get(workflow.id, ()), *deliveries), ledger)
        _enqueue(workflow, wanted, ledger, run=run, now=now, report=report)
    watermarks.advance(ledger, (workflow.id for workflow in enabled), now)
    sources.record(ledger, reading.fingerprint, now)
    lookback.note_sight(ledger, reading.sight, is_held=is_held, last_run_at=last_run_at, now=now)


def _mind_a_restored_ledger(ledger: Ledger, now: datetime, report: Report) -> None:
    since = runs.restored_since(ledger, say=report.lines.append)
    if since is None:
        return
    watermarks.rearm(ledger, min(since, now))
    reason = missing.RESTORED
    for delivery in chain.from_iterable(queue.pages(ledger)):
        if delivery.due_at <= since:
            report.withdraw(delivery, queue.cancel(ledger, delivery, reason, now), reason)
    report.counts["unknown"] += len(claims.doubt_what_is_under_way(ledger, since, reason, now))
    report.lines.append(
        f"{ledger.path}: this ledger does not know the last run, of {timing.instant_text(since)}: it is a restored or "
        "new one; what fell due until then is not sent again"
    )


def _arm_and_forget(
    config: Config, enabled: list[Workflow], ledger: Ledger, now: datetime
) -> dict[tuple[str, str], watermarks.Watermark]:
    """Begin what is new, forget what was edited or switched off, and keep for a day what no file holds any more.

    While a file is broken nobody knows which workflows it holds: theirs are not missing.
    """
    marks = watermarks.read(ledger)
    wanted = {(workflow.id, trigger.identity) for workflow in enabled for trigger in workflow.triggers}
    known = {workflow.id for workflow in config.workflows}
    gone, back, missing = set[tuple[str, str]](), set[str](), set[str]()
    for name, mark in marks.items():
        is_known, since = name[0] in known, mark.missing_since
        if not is_known and config.broken:
            continue
        if (is_known and name not in wanted) or (since and now - since >= watermarks.KEPT):
            gone.add(name)
        elif is_known and since:
            back.add(name[0])
        elif not is_known and not since:
            missing.add(name[0])
    if gone or back or missing:
        watermarks.forget(ledger, gone)
        watermarks.note_missing(ledger, missing, now)
        watermarks.note_back(ledger, back)
    unseen = wanted - (marks.keys() - gone)
    if unseen:
        watermarks.arm(ledger, unseen, now)
    return marks | {name: watermarks.Watermark(now, now) for name in unseen}


def _mind_a_clock_set_back(
    marks: dict[tuple[str, str], watermarks.Watermark], enabled: list[Workflow], ledger: Ledger, now: datetime
) -> None:
    """A pause, or a next attempt, that a wrong clock put a year ahead would silence a channel for that year."""
    ours = {workflow.id for workflow in enabled}
    if any(mark.planned_until - now > watermarks.OVERLAP for (workflow, _), mark in marks.items() if workflow in ours):
        lanes.open_all(ledger)
        queue.wake(ledger, now)


def _enqueue(
    workflow: Workflow, deliveries: Iterator[Delivery], ledger: Ledger, *, run: int, now: datetime, report: Report
) -> None:
    on_time, too_late = queue.enqueue(ledger, deliveries, run=run, now=now)
    report.counts["planned"] += on_time + too_late
    if too_late:
        report.counts["expired"] += too_late
        report.lines.append(
            f"{workflow.id}: {too_late} not sent: found after their deadline; `reminderctl deliveries list --state "
            f"expired --workflow {workflow.id}` names them"
        )
    if workflow.max_burst is not None and on_time > workflow.max_burst:
        held = queue.hold(ledger, workflow.id, run=run)
        report.counts["held"] += held
        report.lines.append(
            f"{workflow.id}: {held} new deliveries in one run are more than max_burst ({workflow.max_burst}); they are "
            f"held: look at them with `reminderctl deliveries list --workflow {workflow.id}`, then let them go with "
            f"`reminderctl release {workflow.id}`"
        )
