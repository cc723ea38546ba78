"""What the coming runs will send, and what they will not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import asdict, replace

from reminderctl import planning, timing
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, lanes, queue, records
from reminderctl.model import Booking, Config, Delivery, State, Window, Workflow
from reminderctl.tick import REHEARSAL
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import owed_in, read
from reminderctl.tick.report import Report
from reminderctl.trial.trying import refusal_of

OVER = frozenset({State.CANCELED, State.EXPIRED})
BROKEN = "no run attempts it while the file of its workflow, {workflow}, has mistakes"


class Foreseen(records.Record, frozen=True, kw_only=True):
    """A delivery with the reason, if there is one, that it will not go out."""

    reason: str | None = None


class Outlook(NamedTuple):
    """Deliveries, the next attempt first; and what the next run will have to say.

    `next_attempt_at` is when a run will take a delivery up; `reason` says why it will not go out then: it is held back,
    its message cannot be made, its deadline comes first. What no run has planned yet has no `id`.
    """

    deliveries: list[Foreseen]
    bookings: Mapping[str, Booking]  # that they are for
    lines: list[str]


def look_ahead(
    config: Config,
    ledger: Ledger,
    bookings: Bookings,
    *,
    window: Window,
    workflow: str | None = None,
    booking: str | None = None,
) -> Outlook:
    """What runs will attempt in a window that begins now, if one is called each minute.

    1. What falls due later is found as the runs will find it: of every booking, as together they may be too many.
    2. A run of now is rehearsed, and the rest planned with it.
    3. All that is open is read, and the rehearsal undone.
    4. Of each delivery that was asked for, it is said when it will be attempted, or why not.
    """
    wanted = [each for each in config.workflows if each.enabled and workflow in (None, each.id)]
    later = list(owed_in(window, wanted, bookings, config=config))
    report = Report(window.since)
    reading = read(config, ledger, bookings, now=window.since)
    with ledger.rehearsal():
        newest = records.newest(ledger)
        plan(config, ledger, bookings, reading=reading, run=REHEARSAL, now=window.since, report=report)
        queue.enqueue(ledger, later, run=REHEARSAL, now=window.since)
        resting = lanes.resting(ledger, window.since)
        found = records.coming(ledger, now=window.since, until=window.until)
    workflows = {each.id: each for each in config.workflows}
    bursts = _bursts([delivery for _, delivery in found if delivery.id > newest], workflows)
    asked = [each for each in found if workflow in (None, each.delivery.workflow)]
    asked = [each for each in asked if booking in (None, each.delivery.booking)]
    concerned = bookings.find_all({delivery.booking for _, delivery in asked})
    deliveries = []
    for record, delivery in asked:
        foreseen = _foresee(record, resting.get(delivery.lane), held=delivery.id in bursts)
        if foreseen.state in OVER or (foreseen.next_attempt_at or "") > timing.instant_text(window.until):
            continue
        planned = delivery.id <= newest
        if foreseen.state == State.PENDING:
            its_workflow, its_booking = workflows.get(delivery.workflow), concerned.get(delivery.booking)
            current = planning.still_owed(delivery, its_workflow, its_booking, config=config) if planned else delivery
            if its_workflow is None and not foreseen.missing:
                foreseen = replace(foreseen, reason=BROKEN.format(workflow=delivery.workflow))
            elif current and its_booking:  # else they changed while we were looking
                foreseen = _as_it_is_now(foreseen, current, its_booking, config=config)
        deliveries.append(foreseen if planned else replace(foreseen, id=None))
    deliveries.sort(key=lambda each: (each.next_attempt_at or each.due_at, each.due_at))
    return Outlook(deliveries, concerned, report.lines)


def _foresee(record: records.Record, rest: lanes.Rest | None, *, held: bool) -> Foreseen:
    """A record with the attempt that a run will make, or the reason that it will make none."""
    foreseen = Foreseen(**asdict(record))
    if record.state != State.PENDING:
        return foreseen
    attempt_at = max(record.next_attempt_at or "", record.due_at, timing.instant_text(rest.until) if rest else "")
    reason = None
    if record.missing:
        reason = f"held: {record.missing}"
    elif held or record.held:
        reason = f"held back, more than max_burst at once: `reminderctl release {record.workflow}`"
    elif attempt_at > record.expires_at:
        reason = f"its deadline passes first: {rest.error if rest else record.error}"
    return replace(foreseen, next_attempt_at=attempt_at, held=held or record.held, reason=reason)


def _as_it_is_now(foreseen: Foreseen, current: Delivery, booking: Booking, *, config: Config) -> Foreseen:
    """What the YAML and the booking, as an attempt will find them, change in a record of earlier."""
    reason = foreseen.reason or refusal_of(current, booking, config=config) or None
    return replace(foreseen, channel=current.channel, address=current.address, reason=reason)


def _bursts(new: list[Delivery], workflows: Mapping[str, Workflow]) -> set[int]:
    """The deliveries of a workflow that are more in one minute than a run lets go unasked."""
    crowds = defaultdict[tuple[str, datetime], list[int]](list)
    for delivery in new:
        crowds[delivery.workflow, _minute_of(delivery.due_at)].append(delivery.id)
    limits = {workflow.id: workflow.max_burst for workflow in workflows.values() if workflow.max_burst is not None}
    crowded = (crowd for (workflow, _), crowd in crowds.items() if len(crowd) > limits.get(workflow, len(crowd)))
    return {each for crowd in crowded for each in crowd}


def _minute_of(due: datetime) -> datetime:
    """The minute of the run that will plan what is due then."""
    return due + (-due.second % 60) * timing.MINUTE / 60
