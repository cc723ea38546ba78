"""Why a booking's messages went out, will go out, or will not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from reminderctl.bookings import BookingSource
from reminderctl.core import matching, planning, recipients, timing
from reminderctl.core.matching import FilterResult
from reminderctl.ledger import Ledger, circuits, history, missing, restores, retention, watermarks
from reminderctl.ledger.history import FullRecord, Record, unrecorded
from reminderctl.ledger.watermarks import Key, Watermark
from reminderctl.model import Booking, Config, Delivery, Participant, State, Trigger, Workflow
from reminderctl.reports.preview.compose import refusal_of
from reminderctl.tick import DRY_RUN
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import read
from reminderctl.tick.report import Report


class Memory(NamedTuple):
    """What the ledger knows that bears on one booking, now and after a run of now has planned."""

    ledger: Ledger
    records: list[FullRecord]  # of this booking
    planned: Mapping[str, Record]  # by key, as the next run finds them when it begins to send
    marks: Mapping[Key, Watermark]
    open_circuits: Mapping[str, circuits.OpenCircuit]
    unknown_times: list[restores.Restore]  # of which a ledger knows nothing that was restored


def remember(booking: str, config: Config, ledger: Ledger, bookings: BookingSource, *, now: datetime) -> Memory:
    """All that is known of a booking; the next run is rehearsed, so that its own code says what it will do."""
    marks, unknown_times = watermarks.read(ledger, now), restores.find(ledger)
    kept = history.of_booking(ledger, booking)
    reading = read(config, ledger, bookings, now=now)
    with ledger.dry_run_transaction():
        plan(config, ledger, bookings, reading=reading, run=DRY_RUN, now=now, report=Report(now))
        planned = {record.key: record for record in history.find(ledger, booking=booking)}
        open_circuits = circuits.open_circuits(ledger, now)
    return Memory(ledger, kept, planned, marks, open_circuits, unknown_times)


class Explained(NamedTuple):
    """One delivery, made or not: its record, and the reason that it stands where it stands.

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
    booking: Booking, workflows: list[Workflow], memory: Memory, *, config: Config, now: datetime
) -> Iterator[Reasoning]:
    """The reasoning for each trigger of these workflows, the disabled ones among them."""
    for workflow in workflows:
        people: tuple[Participant | None, ...] = booking.participants or (None,)
        filters = {
            person.customer.id if person else "": [
                *matching.filter_results(workflow, booking, participant=person, default_language=config.language)
            ]
            for person in people
        }
        for trigger in workflow.triggers:
            event = timing.event_at(trigger, booking)
            due = timing.due_at(trigger, event, planning.zone_of(booking, config=config))
            yield Reasoning(
                workflow=workflow,
                trigger=trigger,
                timezone=planning.zone_of(booking, config=config).key,
                event_at=event,
                due_at=due,
                expires_at=timing.expires_at(trigger, due, booking, workflow.grace),
                marks={
                    key.action: mark
                    for key, mark in memory.marks.items()
                    if (key.workflow, key.trigger) == (workflow.id, trigger.identity)
                },
                filters=filters,
                deliveries=[*_deliveries(workflow, trigger, booking, memory, config=config, now=now)],
            )


def rest_of(memory: Memory, reasonings: list[Reasoning], *, config: Config, now: datetime) -> list[Explained]:
    """What the ledger holds beyond the reasoning: of another time, or of what the YAML no longer says."""
    told = {explained.record.key for reasoning in reasonings for explained in reasoning.deliveries}
    known = {workflow.id for workflow in config.workflows}
    left = []
    for record in memory.records:
        if record.key in told:
            continue
        reason = _of_record(record)
        if record.state == State.PENDING:
            reason = _of_pending(record, memory, circuit=record.channel, now=now)
            if config.broken and record.workflow not in known and _opens(record.key, memory):
                reason = "it waits: no run attempts it while the file of its workflow has mistakes"
        left.append(Explained(record, reason))
    return left


def _deliveries(
    workflow: Workflow, trigger: Trigger, booking: Booking, memory: Memory, *, config: Config, now: datetime
) -> Iterator[Explained]:
    """What this trigger owes, and what it would owe if every participant matched."""
    recorded = {record.key: record for record in memory.records}
    owed = planning.owed(workflow, trigger, booking, config=config) if workflow.enabled else []
    keys = {delivery.key for delivery in owed}
    imagined = planning.deliveries(workflow, trigger, booking, booking.participants, config=config)
    for delivery in [*owed, *(each for each in imagined if each.key not in keys)]:
        record, ahead = recorded.get(delivery.key) or unrecorded(delivery), False
        if record.state == State.PENDING:
            reason = _of_pending(record, memory, circuit=delivery.circuit, now=now)
        elif record.state:
            reason = _of_record(record)
            if _opens(delivery.key, memory):
                reason += f"; but it is owed again: {_of_opened(delivery.key, memory)}"
        elif delivery.key in keys:
            reason, ahead = _of_unplanned(delivery, workflow, trigger, memory, booking=booking, config=config, now=now)
            if ahead:
                record = _to_come(record, memory)
        else:
            reason = _why_not(delivery, workflow, trigger, booking, config=config)
        if delivery.key in keys and (ahead or _opens(delivery.key, memory)):
            record = replace(record, channel=delivery.channel, address=delivery.address)  # as an attempt will find them
            if refusal := refusal_of(delivery, booking, config=config):
                reason += f"; it will fail: {refusal}"
        if delivery.key in keys and (said := recipients.unknown_zone_of(delivery, workflow, booking)):
            reason += f"; {said}"
        yield Explained(record, reason, ahead, delivery.participant)


def _to_come(record: FullRecord, memory: Memory) -> FullRecord:
    """A delivery that none has planned yet, as a run will record it first."""
    planned = memory.planned.get(record.key)
    if planned is None:
        return replace(record, state=State.PENDING, next_attempt_at=record.due_at)
    return replace(record, state=planned.state, held=planned.held, next_attempt_at=planned.next_attempt_at)


def _opens(key: str, memory: Memory) -> bool:
    """Does the next run find this delivery waiting?"""
    return key in memory.planned and memory.planned[key].state == State.PENDING


def _why_not(delivery: Delivery, workflow: Workflow, trigger: Trigger, booking: Booking, *, config: Config) -> str:
    if not workflow.enabled:
        return "the workflow is switched off"
    concerned = recipients.find_participant(delivery, booking)
    refusal = matching.why_not_matching(workflow, booking, participant=concerned, default_language=config.language)
    if refusal:
        return refusal
    if not planning.can_fall_due(trigger, booking, config=config):
        side = "before" if trigger.before else "after"
        return f"it would never fall due: {timing.instant_text(delivery.due_at)} is not {side} the {trigger.anchor}"
    return "another participant gets it: `for_each_customer: false`"


def _of_record(record: FullRecord) -> str:
    """What became of a delivery, in the ledger's words."""
    last = record.history[-1] if record.history else None
    error = record.error or ""
    match record.state:
        case State.SENT:
            return f"sent at {last.ended_at}" if last and last.ended_at else f"sent; {error}"
        case State.SENDING:
            return f"a run began to send it at {last.started_at}" if last else "a run is sending it"
        case State.UNKNOWN:
            advice = f"`reminderctl deliveries resolve {record.id} --sent` or `--resend`"
            return f"nobody can know whether it went out: {error}; decide with {advice}"
        case State.FAILED:
            return f"refused for good: {error}"
        case state:
            return f"{state}: {error}"


def _of_pending(record: FullRecord, memory: Memory, *, circuit: str, now: datetime) -> str:
    """What the next run does with a delivery that waits."""
    planned, rest = memory.planned.get(record.key, record), memory.open_circuits.get(circuit)
    match planned.state:
        case State.EXPIRED:
            return "its deadline has passed; the next run records it as expired"
        case State.CANCELED:
            return f"the next run cancels it: {planned.error}"
        case State.UNKNOWN:
            return f"an attempt may have gone out, and the next run records it as unknown: {planned.error}"
    if planned.missing:
        return (
            f"held, neither sent nor canceled: {planned.missing}, as of much that waits at once; it goes out once that "
            f"is back, until {planned.expires_at}, or `reminderctl deliveries cancel --missing` ends it"
        )
    if planned.held:
        return f"held back, more than max_burst at once; `reminderctl release {record.workflow}` lets it go"
    failed = f"attempt {record.attempts} failed: {record.error}; " if record.error else ""
    begins_at = max(planned.next_attempt_at or "", timing.instant_text(rest.until) if rest else "")
    lost = "; its deadline passes first" if begins_at > record.expires_at else ""
    if rest:
        return f"{record.channel} rests until {timing.instant_text(rest.until)}: {rest.error}{lost}"
    if begins_at > timing.instant_text(now):
        return f"{failed}the next attempt is at {begins_at}{lost}"
    return f"{failed}the next run sends it"


def _of_opened(key: str, memory: Memory) -> str:
    """What the next run does with a delivery that it finds owed."""
    if (planned := memory.planned[key]).held:
        return (
            f"the next run holds it back, more than max_burst at once, until `reminderctl release {planned.workflow}`"
        )
    return "the next run sends it"


def _already_told(delivery: Delivery, workflow: Workflow, memory: Memory) -> str | None:
    """Return the customer who has been told instead, where a workflow is for one of each booking."""
    if not planning.is_for_the_first(delivery, workflow):
        return None
    told = missing.told(memory.ledger, workflow.id, {delivery.booking})
    trigger = timing.parse_trigger(delivery.trigger).identity
    name = (trigger, delivery.action, delivery.booking, timing.instant_text(delivery.event_at))
    return told.get(name)


def _of_unplanned(
    delivery: Delivery,
    workflow: Workflow,
    trigger: Trigger,
    memory: Memory,
    *,
    booking: Booking,
    config: Config,
    now: datetime,
) -> tuple[str, bool]:
    """Why no run has planned a delivery that is owed; and whether one will."""
    due = timing.instant_text(delivery.due_at)
    if retention.was_purged(memory.ledger, delivery.key):
        return "it was over long ago; its record was purged, so what became of it is not known here", False
    if delivery.due_at > now:
        return f"falls due at {due}", True
    if _opens(delivery.key, memory):
        return _of_opened(delivery.key, memory), True
    if other := _already_told(delivery, workflow, memory):
        return f"{other} has been told already: `for_each_customer: false`", False
    if delivery.key in memory.planned:
        return "its deadline has passed; the next run records it as expired", False
    mark = memory.marks.get(Key(workflow.id, trigger.identity, delivery.action))
    passed = mark is not None and delivery.due_at > mark.armed_at
    late_until = watermarks.late_until(workflow, trigger, memory.marks, now) if passed else None
    if late_until and delivery.due_at <= late_until:
        instead = planning.goes_instead(workflow, trigger, booking, config=config, late_until=late_until, now=now)
        if instead:
            what = f"the booking came after this had fallen due, at {due}, and after `{instead.text}` had, too"
            return f"{what}: only the last one goes", False
    if restores.may_have_sent(memory.unknown_times, delivery):
        what = f"it fell due at {due}, and may have been sent before the ledger was restored: no run sends it"
        asks = f"; `reminderctl backfill {workflow.id} --since {due}` asks about it apart"
        return f"{what}{asks if delivery.expires_at >= now else ''}", False
    why = _why_missed(delivery, mark, due=due, is_sent_late=workflow.late_booking == "send")
    if delivery.expires_at >= now:
        why += f"; if it is still wanted, `reminderctl backfill {workflow.id} --since {due}` sends it"
    return why, False


def _why_missed(delivery: Delivery, mark: Watermark | None, *, due: str, is_sent_late: bool) -> str:
    """Why the runs passed over a delivery when it fell due."""
    if mark is None:
        return "no run has seen this action of this trigger yet; it begins at the first one, and nothing older fires"
    if delivery.due_at <= mark.armed_at:
        began = timing.instant_text(mark.armed_at)
        return (
            f"the trigger begins at {began}, when it was new, edited (or whom it reaches) or switched on, or the "
            f"ledger restored; this fell due before, at {due}"
        )
    what = "after its deadline" if is_sent_late else "too late, and the workflow says `late_booking: skip`"
    return f"the booking was not there, or did not match, when it fell due at {due}: booked, moved or approved {what}"
