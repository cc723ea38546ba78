"""What the coming runs will send, and what they will not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from reminderctl import planning, timing
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, lanes, queue, records
from reminderctl.model import Booking, Config, Delivery, State, Window, Workflow
from reminderctl.tick import REHEARSAL
from reminderctl.tick.plan import owed_in, plan
from reminderctl.tick.report import Report
from reminderctl.trial.trying import refusal_of

OVER = frozenset({State.CANCELED, State.EXPIRED})
BROKEN = "no run attempts it while the file of its workflow, {workflow}, has mistakes"


class Outlook(NamedTuple):
    """Deliveries, earliest first, under the names of `ledger.records`; and what the next run will have to say.

    `next_attempt_at` is when a run will take a delivery up; `reason` says why it will not go out then: it is held back,
    its message cannot be made, its deadline comes first. What no run has planned yet has no `id`.
    """

    deliveries: list[dict[str, Any]]
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
    with ledger.rehearsal():
        newest = records.newest(ledger)
        plan(config, ledger, bookings, run=REHEARSAL, now=window.since, report=report)
        queue.enqueue(ledger, later, run=REHEARSAL, now=window.since)
        resting = lanes.resting(ledger, window.since)
        found = records.coming(ledger, now=window.since, until=window.until)
        waiting = {delivery.id: delivery for delivery in queue.waiting(ledger)}
    workflows = {each.id: each for each in config.workflows}
    bursts = _bursts([record for record, _ in found if record["id"] > newest], workflows)
    asked = [each for each in found if workflow in (None, each.record["workflow"])]
    asked = [each for each in asked if booking in (None, each.record["booking"])]
    concerned = bookings.find_all({each.record["booking"] for each in asked})
    deliveries = []
    for record, lane in asked:
        foreseen = _foresee(record, resting.get(lane), held=record["id"] in bursts)
        if foreseen["state"] in OVER or (foreseen["next_attempt_at"] or "") > timing.instant_text(window.until):
            continue
        if foreseen["state"] == State.PENDING:
            delivery, booked = waiting[record["id"]], concerned.get(record["booking"])
            foreseen |= _as_it_is_now(
                foreseen,
                delivery,
                workflows.get(delivery.workflow),
                booked,
                planned=delivery.id <= newest,
                config=config,
            )
        deliveries.append(foreseen | {"id": record["id"] if record["id"] <= newest else None})
    deliveries.sort(key=lambda each: (each["next_attempt_at"] or each["due_at"], each["due_at"]))
    return Outlook(deliveries, concerned, report.lines)


def _foresee(record: dict[str, Any], rest: lanes.Rest | None, *, held: bool) -> dict[str, Any]:
    """A record with the attempt that a run will make, or the reason that it will make none."""
    record = {**record, "reason": None}
    if record["state"] != State.PENDING:
        return record
    attempt_at = max(record["next_attempt_at"], record["due_at"], timing.instant_text(rest.until) if rest else "")
    record["next_attempt_at"] = attempt_at
    if held or record["held"]:
        record["held"] = True
        record["reason"] = f"held back, more than max_burst at once: `reminderctl release {record['workflow']}`"
    elif attempt_at > record["expires_at"]:
        record["reason"] = f"its deadline passes first: {rest.error if rest else record['error']}"
    return record


def _as_it_is_now(
    record: dict[str, Any],
    delivery: Delivery,
    workflow: Workflow | None,
    booking: Booking | None,
    *,
    planned: bool,
    config: Config,
) -> dict[str, Any]:
    """What the YAML and the booking, as an attempt will find them, change in a record of earlier."""
    if workflow is None:
        return {"reason": BROKEN.format(workflow=delivery.workflow)}
    current = planning.still_owed(delivery, workflow, booking, config=config) if planned else delivery
    if current is None or booking is None:
        return {}  # it changed while we were looking
    reason = record["reason"] or refusal_of(current, booking, config=config) or None
    return {"channel": current.channel, "address": current.address, "reason": reason}


def _bursts(new: list[dict[str, Any]], workflows: Mapping[str, Workflow]) -> set[int]:
    """The deliveries of a workflow that are more in one minute than a run lets go unasked."""
    crowds = defaultdict[tuple[str, str], list[int]](list)
    for record in new:
        crowds[record["workflow"], _minute_of(record["due_at"])].append(record["id"])
    limits = {workflow.id: workflow.max_burst for workflow in workflows.values() if workflow.max_burst is not None}
    crowded = (crowd for (workflow, _), crowd in crowds.items() if len(crowd) > limits.get(workflow, len(crowd)))
    return {each for crowd in crowded for each in crowd}


def _minute_of(due_at: str) -> str:
    """The minute of the run that will plan what is due then."""
    due = timing.parse_instant(due_at)
    return timing.instant_text(due + (-due.second % 60) * timing.MINUTE / 60)
