"""What the coming runs will send, and what they will not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from reminderctl import planning, timing
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, lanes, queue, records
from reminderctl.model import Config, Delivery, State, Window
from reminderctl.tick import REHEARSAL
from reminderctl.tick.plan import owed_in, plan
from reminderctl.tick.report import Report

OVER = frozenset({State.CANCELED, State.EXPIRED})


class Outlook(NamedTuple):
    """Deliveries, earliest first, under the names of `ledger.records`; and what the next run will have to say.

    `next_attempt_at` is when a run will take a delivery up; `reason` says why it will not go out then: it is held back,
    it has no address, its deadline comes first. What no run has planned yet has no `id`.
    """

    deliveries: list[dict[str, Any]]
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

    1. What falls due later is found as the runs will find it.
    2. A run of now is rehearsed, and the rest planned with it.
    3. All that is open is read, and the rehearsal undone.
    """
    later = list(_owed_later(config, bookings, window, workflow=workflow, booking=booking))
    report = Report(window.since)
    with ledger.rehearsal():
        newest = records.newest(ledger)
        plan(config, ledger, bookings, run=REHEARSAL, now=window.since, report=report)
        queue.enqueue(ledger, later, run=REHEARSAL, now=window.since)
        resting = lanes.resting(ledger, window.since)
        found = records.coming(ledger, now=window.since, until=window.until)
    bursts = _bursts(found, newest=newest, config=config)
    deliveries = []
    for record, lane in found:
        if workflow not in (None, record["workflow"]) or booking not in (None, record["booking"]):
            continue
        foreseen = _foresee(record, resting.get(lane), held=_minute_of(record) in bursts)
        if record["id"] > newest:
            foreseen["id"] = None
        if foreseen["state"] not in OVER and (foreseen["next_attempt_at"] or "") <= timing.instant_text(window.until):
            deliveries.append(foreseen)
    deliveries.sort(key=lambda each: (each["next_attempt_at"] or each["due_at"], each["due_at"]))
    return Outlook(deliveries, report.lines)


def _owed_later(
    config: Config, bookings: Bookings, window: Window, *, workflow: str | None, booking: str | None
) -> Iterator[Delivery]:
    wanted = [each for each in config.workflows if each.enabled and workflow in (None, each.id)]
    if booking is None:
        yield from owed_in(window, wanted, bookings, config=config)
        return
    found = bookings.find(booking)
    if found is None:
        return
    for each in wanted:
        for trigger in each.triggers:
            yield from planning.due(each, trigger, [found], window=window, config=config)


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
    elif not record["address"] and "{" not in record["recipient"]:
        record["reason"] = planning.missing_address(record["recipient"], record["channel"])
    elif attempt_at > record["expires_at"]:
        record["reason"] = f"its deadline passes first: {rest.error if rest else record['error']}"
    return record


def _bursts(found: list[records.Coming], *, newest: int, config: Config) -> set[tuple[str, str]]:
    """The workflows and minutes in which a run will find more than it lets go unasked."""
    limits = {workflow.id: workflow.max_burst for workflow in config.workflows}
    crowds = Counter(_minute_of(record) for record, _ in found if record["id"] > newest)
    return {crowd for crowd, size in crowds.items() if (limit := limits[crowd[0]]) is not None and size > limit}


def _minute_of(record: dict[str, Any]) -> tuple[str, str]:
    """The workflow, and the minute of the run that will plan this delivery."""
    due = timing.parse_instant(record["due_at"])
    return record["workflow"], timing.instant_text(due + (-due.second % 60) * timing.MINUTE / 60)
