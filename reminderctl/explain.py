"""Why a booking's messages went out, will go out, or will not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from reminderctl import matching, planning, timing
from reminderctl.ledger import lanes, watermarks
from reminderctl.ledger.records import unrecorded
from reminderctl.ledger.watermarks import Watermark
from reminderctl.matching import Verdict
from reminderctl.model import Booking, Config, Delivery, Participant, State, Trigger, Workflow

Record = dict[str, Any]


class Memory(NamedTuple):
    """What the ledger knows that bears on one booking."""

    records: list[Record]  # of this booking, with their histories
    marks: Mapping[tuple[str, str], Watermark]
    resting: Mapping[str, lanes.Rest]
    was_purged: Callable[[str], bool]  # of a delivery's key


class Explained(NamedTuple):
    """One delivery, made or not: its record, and the reason that it stands where it stands.

    `ahead` is True for what the ledger does not know yet, and a run will plan.
    """

    record: Record
    reason: str
    ahead: bool = False


class Reasoning(NamedTuple):
    """All that was considered for one trigger of a workflow.

    `filters` holds the verdicts on each participant by customer id, or on the booking itself under an empty one.
    """

    workflow: Workflow
    trigger: Trigger
    timezone: str
    event_at: datetime
    due_at: datetime
    expires_at: datetime
    mark: Watermark | None
    filters: dict[str, list[Verdict]]
    deliveries: list[Explained]


def reason_about(
    booking: Booking, workflows: list[Workflow], memory: Memory, *, config: Config, now: datetime
) -> Iterator[Reasoning]:
    """The reasoning for each trigger of these workflows, the disabled ones among them."""
    for workflow in workflows:
        people: tuple[Participant | None, ...] = booking.participants or (None,)
        filters = {
            person.customer.id if person else "": [
                *matching.verdicts(workflow, booking, person, default_language=config.language)
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
                mark=memory.marks.get((workflow.id, trigger.identity)),
                filters=filters,
                deliveries=[*_deliveries(workflow, trigger, booking, memory, config=config, now=now)],
            )


def rest_of(memory: Memory, reasonings: list[Reasoning]) -> list[Explained]:
    """What the ledger holds beyond the reasoning: of another time, or of what the YAML no longer says."""
    told = {explained.record["key"] for reasoning in reasonings for explained in reasoning.deliveries}
    return [Explained(record, _of_record(record)) for record in memory.records if record["key"] not in told]


# --- one delivery -----------------------------------------------------------------------------------------------------


def _deliveries(
    workflow: Workflow, trigger: Trigger, booking: Booking, memory: Memory, *, config: Config, now: datetime
) -> Iterator[Explained]:
    """What this trigger owes, and what it would owe if every participant matched."""
    recorded = {record["key"]: record for record in memory.records}
    owed = planning.owed(workflow, trigger, booking, config=config) if workflow.enabled else []
    keys = {delivery.key for delivery in owed}
    imagined = planning.deliveries(workflow, trigger, booking, booking.participants, config=config)
    for delivery in [*owed, *(each for each in imagined if each.key not in keys)]:
        record = recorded.get(delivery.key)
        if record and record["state"] != State.PENDING:
            reason = _of_record(record)
        elif delivery.key not in keys:
            reason = _why_not(delivery, workflow, trigger, booking, config=config)
            if record:
                reason = f"the next run cancels it: {reason}"
        elif record:
            reason = _of_pending(record, memory.resting.get(delivery.lane), now=now)
        else:
            yield _of_unplanned(delivery, workflow, trigger, memory, now=now)
            continue
        yield Explained(record or unrecorded(delivery), reason)


def _why_not(delivery: Delivery, workflow: Workflow, trigger: Trigger, booking: Booking, *, config: Config) -> str:
    if not workflow.enabled:
        return "the workflow is switched off"
    concerned = next((each for each in booking.participants if each.customer.id == delivery.participant), None)
    refusal = matching.why_not_matching(workflow, booking, concerned, default_language=config.language)
    if refusal:
        return refusal
    if not planning.can_fall_due(trigger, booking, config=config):
        side = "before" if trigger.before else "after"
        return f"it would never fall due: {timing.instant_text(delivery.due_at)} is not {side} the {trigger.anchor}"
    return "another participant gets it: `for_each_customer: false`"


def _of_record(record: Record) -> str:
    """What became of a delivery, in the ledger's words."""
    last = record["history"][-1] if record["history"] else None
    error = record["error"] or ""
    match record["state"]:
        case State.SENT:
            return f"sent at {last['ended_at']}" if last and last["ended_at"] else f"sent; {error}"
        case State.SENDING:
            return f"a run began to send it at {last['started_at']}" if last else "a run is sending it"
        case State.UNKNOWN:
            advice = f"`reminderctl deliveries resolve {record['id']} --sent` or `--resend`"
            return f"nobody can know whether it went out: {error}; decide with {advice}"
        case State.FAILED:
            return f"refused for good: {error}"
        case state:
            return f"{state}: {error}"


def _of_pending(record: Record, rest: lanes.Rest | None, *, now: datetime) -> str:
    instant = timing.instant_text(now)
    if record["expires_at"] < instant:
        return "its deadline has passed; the next run records it as expired"
    if record["held"]:
        return f"held back, more than max_burst at once; `reminderctl release {record['workflow']}` lets it go"
    failed = f"attempt {record['attempts']} failed: {record['error']}; " if record["error"] else ""
    if rest and rest.until > now:
        return f"{record['channel']} rests until {timing.instant_text(rest.until)}: {rest.error}"
    if record["next_attempt_at"] > instant:
        return f"{failed}the next attempt is at {record['next_attempt_at']}"
    return f"{failed}the next run sends it"


def _of_unplanned(
    delivery: Delivery, workflow: Workflow, trigger: Trigger, memory: Memory, *, now: datetime
) -> Explained:
    """A delivery that is owed and that the ledger does not know: still to come, or why no run planned it."""
    record, due = unrecorded(delivery), timing.instant_text(delivery.due_at)
    lost = ""
    if not delivery.address and "{" not in delivery.recipient:
        lost = f"; it will fail: {planning.missing_address(delivery.recipient, delivery.channel)}"
    if memory.was_purged(delivery.key):
        return Explained(record, "it was over long ago; its record was purged, so what became of it is not known here")
    if delivery.due_at > now:
        return Explained(record, f"falls due at {due}{lost}", ahead=True)
    mark = memory.marks.get((workflow.id, trigger.identity))
    window = watermarks.window(mark or Watermark(now, now), workflow, trigger, now)
    if delivery.due_at > window.since:
        if delivery.expires_at < now:
            return Explained(record, "its deadline has passed; the next run records it as expired")
        return Explained(record, f"the next run sends it{lost}", ahead=True)
    if mark is None:
        why = "no run has seen this trigger yet; it begins at the first one, and nothing older fires"
    elif delivery.due_at <= mark.armed_at:
        began = timing.instant_text(mark.armed_at)
        why = f"the trigger begins at {began}, when it was new, edited or switched on; this fell due before, at {due}"
    else:
        why = (
            f"the booking was not there, or did not match, when it fell due at {due}: booked, moved or approved too "
            "late, and the workflow says `late_booking: skip`"
        )
    if delivery.expires_at >= now:
        why += f"; `reminderctl backfill {workflow.id} --since {due}` would still send it"
    return Explained(record, why)
