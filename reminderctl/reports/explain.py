"""The reasoning of `explain`: each trigger, each delivery, each with the reason for what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from reminderctl.core import matching, planning, recipients, timing
from reminderctl.core.matching import FilterResult
from reminderctl.credentials import Credentials
from reminderctl.ledger.history import FullRecord, unrecorded
from reminderctl.ledger.watermarks import Watermark
from reminderctl.model import Booking, Config, Delivery, Participant, State, Trigger, Workflow
from reminderctl.reports.preview.compose import refusal_of
from reminderctl.reports.reasons import (
    LedgerSnapshot,
    describe_move,
    describe_opened,
    describe_pending,
    describe_record,
    explain_unowed,
    explain_unplanned,
    is_waiting,
)


class Explained(NamedTuple):
    """One delivery, made or not: its record, and the reason that it is where it is.

    `ahead` is True for what the ledger does not know yet, and a run will plan. `participant` is the id of the customer
    whose shortcodes fill it.
    """

    record: FullRecord
    reason: str
    ahead: bool = False
    participant: str | None = None


class Reasoning(NamedTuple):
    """All that was considered for one trigger of a workflow.

    `filters` holds the results for each participant by customer id, or on the booking itself under an empty one;
    `marks` the watermarks of actions by their ids.
    """

    workflow: Workflow
    trigger: Trigger
    timezone: str
    event_at: datetime
    due_at: datetime
    expires_at: datetime
    marks: Mapping[str, Watermark]
    filters: dict[str, list[FilterResult]]
    deliveries: list[Explained]


def reason_about(
    booking: Booking,
    workflows: list[Workflow],
    *,
    snapshot: LedgerSnapshot,
    config: Config,
    credentials: Credentials,
    now: datetime,
) -> Iterator[Reasoning]:
    """Yield the reasoning for each trigger of these workflows, the disabled ones among them."""
    for workflow in workflows:
        filters = _filter_results(workflow, booking, config=config)
        for trigger in workflow.triggers:
            event = timing.event_at(trigger, booking)
            due = timing.due_at(trigger, event, zone=planning.zone_of(booking, config=config))
            yield Reasoning(
                workflow=workflow,
                trigger=trigger,
                timezone=planning.zone_of(booking, config=config).key,
                event_at=event,
                due_at=due,
                expires_at=timing.expires_at(due, timing.limits(trigger, due, booking=booking, grace=workflow.grace)),
                marks={
                    key.action: mark
                    for key, mark in snapshot.marks.items()
                    if (key.workflow, key.trigger) == (workflow.id, trigger.identity)
                },
                filters=filters,
                deliveries=[
                    *_explain_deliveries(
                        workflow,
                        trigger,
                        booking=booking,
                        snapshot=snapshot,
                        config=config,
                        credentials=credentials,
                        now=now,
                    )
                ],
            )


def _filter_results(workflow: Workflow, booking: Booking, *, config: Config) -> dict[str, list[FilterResult]]:
    people: tuple[Participant | None, ...] = booking.participants or (None,)
    return {
        person.customer.id if person else "": [
            *matching.filter_results(workflow, booking, participant=person, default_language=config.language)
        ]
        for person in people
    }


def explain_rest(
    snapshot: LedgerSnapshot, reasonings: list[Reasoning], *, config: Config, now: datetime
) -> list[Explained]:
    """Explain what the ledger holds beyond the reasoning: of another time, or of what the YAML no longer says."""
    explained_keys = {explained.record.key for reasoning in reasonings for explained in reasoning.deliveries}
    known = {workflow.id for workflow in config.workflows}
    left = []
    for record in snapshot.records:
        if record.key in explained_keys:
            continue
        reason = describe_record(record)
        if record.state == State.PENDING:
            reason = describe_pending(record, snapshot, circuit=record.channel, now=now)
            if config.broken and record.workflow not in known and is_waiting(record.key, snapshot):
                reason = "it is waiting: no run sends it while the file of its workflow has problems"
        left.append(Explained(record, reason))
    return left


def _explain_deliveries(
    workflow: Workflow,
    trigger: Trigger,
    *,
    booking: Booking,
    snapshot: LedgerSnapshot,
    config: Config,
    credentials: Credentials,
    now: datetime,
) -> Iterator[Explained]:
    """Explain the deliveries that a trigger owes, and would owe if every participant matched."""
    recorded = {record.key: record for record in snapshot.records}
    keys, every = _owed_and_imagined(workflow, trigger, booking=booking, config=config, now=now)
    for delivery in every:
        record, ahead = recorded.get(delivery.key) or unrecorded(delivery), False
        hours = None if record.at_once else delivery.hours
        if record.state == State.PENDING:
            reason = describe_pending(record, snapshot, circuit=delivery.circuit, now=now, hours=hours)
        elif record.state:
            reason = describe_record(record)
            if is_waiting(delivery.key, snapshot):
                reason += f"; but it is due again: {describe_opened(delivery.key, snapshot, now=now)}"
        elif delivery.key in keys:
            reason, ahead = explain_unplanned(
                delivery, workflow, trigger=trigger, snapshot=snapshot, booking=booking, config=config, now=now
            )
            if ahead:
                record = _as_planned(record, snapshot)
        else:
            reason = explain_unowed(
                delivery, workflow, trigger=trigger, snapshot=snapshot, booking=booking, config=config
            )
        reason += describe_move(record, hours, now=now)
        if delivery.key in keys and (ahead or is_waiting(delivery.key, snapshot)):
            record = replace(record, channel=delivery.channel, address=delivery.address)  # as an attempt will find them
            reason += _describe_failure(delivery, booking, config=config, credentials=credentials)
        if delivery.key in keys and (said := recipients.unknown_zone_of(delivery, workflow, booking=booking)):
            reason += f"; {said}"
        yield Explained(record, reason, ahead, delivery.participant)


def _owed_and_imagined(
    workflow: Workflow, trigger: Trigger, *, booking: Booking, config: Config, now: datetime
) -> tuple[set[str], list[Delivery]]:
    """Return the keys of what a trigger owes; and that, behind it what it would owe if every participant matched."""
    owed = planning.owed(workflow, trigger, booking=booking, config=config, seen=now) if workflow.enabled else []
    keys = {delivery.key for delivery in owed}
    everyone = booking.participants
    imagined = planning.deliveries(workflow, trigger, booking=booking, matching=everyone, config=config, seen=now)
    return keys, [*owed, *(each for each in imagined if each.key not in keys)]


def _describe_failure(delivery: Delivery, booking: Booking, *, config: Config, credentials: Credentials) -> str:
    refusal = refusal_of(delivery, booking, config=config, credentials=credentials)
    return f"; it will fail: {refusal}" if refusal else ""


def _as_planned(record: FullRecord, snapshot: LedgerSnapshot) -> FullRecord:
    """Return a delivery that none has planned yet as a run will record it first."""
    planned = snapshot.planned.get(record.key)
    if planned is None:
        return replace(record, state=State.PENDING, next_attempt_at=record.send_at or record.due_at)
    names = ("state", "held", "next_attempt_at", "send_at", "expires_at")
    return replace(record, **{name: getattr(planned, name) for name in names})
