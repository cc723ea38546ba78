"""The reasons of `explain` for what became of a delivery or will, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from reminderctl.bookings import BookingSource
from reminderctl.core import matching, planning, recheck, recipients, timing
from reminderctl.core.open_hours import is_open, next_open
from reminderctl.ledger import Ledger, circuits, history, missing, restores, retention, watermarks
from reminderctl.ledger.history import FullRecord, Record
from reminderctl.ledger.watermarks import Key, Watermark
from reminderctl.model import Booking, Config, Delivery, State, Trigger, Workflow
from reminderctl.quiet_settings import OpenHours
from reminderctl.tick import DRY_RUN
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import read
from reminderctl.tick.report import Report


class LedgerSnapshot(NamedTuple):
    """The ledger as far as it bears on one booking, now and after a run of now has planned."""

    ledger: Ledger
    records: list[FullRecord]  # of this booking
    planned: Mapping[str, Record]  # by key, as the next run finds them when it begins to send
    marks: Mapping[Key, Watermark]
    open_circuits: Mapping[str, circuits.OpenCircuit]
    unknown_times: list[restores.Restore]  # of which a ledger knows nothing that was restored
    held: str | None  # why nobody knows how the booking is
    gone: str | None  # why it is over, where its source decided it


def take_snapshot(
    booking: str, config: Config, *, ledger: Ledger, bookings: BookingSource, now: datetime
) -> LedgerSnapshot:
    """Return all that is known of a booking; the next run is planned dry, so that its own code says what it will do."""
    marks, unknown_times = watermarks.read(ledger, now), restores.find(ledger)
    kept = history.of_booking(ledger, booking)
    reading = read(config, ledger, bookings=bookings, now=now)
    with ledger.dry_run_transaction():
        plan(config, ledger, bookings=bookings, reading=reading, run=DRY_RUN, now=now, report=Report(now))
        planned = {record.key: record for record in history.find(ledger, booking=booking)}
        open_circuits = circuits.open_circuits(ledger, now)
    held, gone = bookings.why_held(booking), bookings.why_gone(booking)
    return LedgerSnapshot(ledger, kept, planned, marks, open_circuits, unknown_times, held, gone)


def is_waiting(key: str, snapshot: LedgerSnapshot) -> bool:
    """Return whether the next run finds this delivery waiting."""
    return key in snapshot.planned and snapshot.planned[key].state == State.PENDING


def explain_unowed(
    delivery: Delivery,
    workflow: Workflow,
    *,
    trigger: Trigger,
    snapshot: LedgerSnapshot,
    booking: Booking,
    config: Config,
) -> str:
    """Return the reason that a delivery is not owed."""
    if not workflow.enabled:
        return "the workflow is switched off"
    if snapshot.gone:
        return snapshot.gone
    concerned = recipients.find_participant(delivery, booking)
    refusal = matching.why_not_matching(workflow, booking, participant=concerned, default_language=config.language)
    if refusal:
        return refusal
    if not planning.can_fall_due(trigger, booking, config=config):
        side = "before" if trigger.before else "after"
        return f"it is never due: {timing.instant_text(delivery.due_at)} is not {side} the {trigger.anchor}"
    return "another participant gets it: `for_each_customer: false`"


def describe_record(record: FullRecord) -> str:
    """Describe what became of a delivery, in the ledger's words."""
    last = record.history[-1] if record.history else None
    error = record.error or ""
    match record.state:
        case State.SENT:
            return f"sent at {last.ended_at}" if last and last.ended_at else f"sent; {error}"
        case State.SENDING:
            return f"a run started to send it at {last.started_at}" if last else "a run is sending it"
        case State.UNKNOWN:
            advice = f"`reminderctl deliveries resolve {record.id} --sent` or `--resend`"
            return f"it is unknown whether it was sent: {error}; decide with {advice}"
        case State.FAILED:
            return f"failed permanently: {error}"
        case state:
            return f"{state}: {error}"


def describe_pending(
    record: FullRecord, snapshot: LedgerSnapshot, *, circuit: str, now: datetime, hours: OpenHours | None = None
) -> str:
    """Describe what the next run does with a delivery that waits, and may ring at these hours."""
    planned, rest = snapshot.planned.get(record.key, record), snapshot.open_circuits.get(circuit)
    match planned.state:
        case State.EXPIRED:
            return "its deadline has passed; the next run records it as expired"
        case State.CANCELED:
            return f"the next run cancels it: {planned.error}"
        case State.UNKNOWN:
            return f"an attempt may have succeeded, and the next run records it as unknown: {planned.error}"
    if planned.missing and snapshot.held:
        return f"held: {snapshot.held}; it is sent once that is known again, until {planned.expires_at}"
    if planned.missing:
        return (
            f"held, neither sent nor canceled: {planned.missing}, as for many pending deliveries at once; it is sent "
            f"if that is restored by {planned.expires_at}; `reminderctl deliveries cancel --missing` cancels it"
        )
    if planned.held:
        return f"held: more than max_burst at once; `reminderctl release {record.workflow}` releases it"
    failed = f"attempt {record.attempts} failed: {record.error}; " if record.error else ""
    begins_at = max(planned.next_attempt_at or "", timing.instant_text(rest.until) if rest else "")
    if hours:
        begins_at = timing.instant_text(next_open(hours, max(timing.parse_instant(begins_at), now)))
    lost = "; its deadline passes first" if begins_at > record.expires_at else ""
    if rest:
        return f"{record.channel} is paused until {timing.instant_text(rest.until)}: {rest.error}{lost}"
    if begins_at > timing.instant_text(now):
        return f"{failed}the next attempt is at {begins_at}{lost}"
    return f"{failed}the next run sends it"


def describe_opened(key: str, snapshot: LedgerSnapshot, *, now: datetime) -> str:
    """Describe what the next run does with a delivery that it finds owed."""
    if (planned := snapshot.planned[key]).held:
        return f"the next run holds it, more than max_burst at once, until `reminderctl release {planned.workflow}`"
    if planned.next_attempt_at and planned.next_attempt_at > timing.instant_text(now):
        return f"it is sent at {planned.next_attempt_at}"
    return "the next run sends it"


def describe_move(record: FullRecord, hours: OpenHours | None, *, now: datetime) -> str:
    """Return what quiet hours do to a delivery, behind a semicolon; an empty text for nothing."""
    if record.send_at and record.send_at != record.due_at:
        return f"; quiet hours moved it from {record.due_at}"
    waits = hours and record.state == State.PENDING and record.due_at <= timing.instant_text(now)
    return "; it waits for the quiet hours to end" if waits and hours and not is_open(hours, now) else ""


def _find_informed(delivery: Delivery, workflow: Workflow, *, snapshot: LedgerSnapshot) -> str | None:
    """Return the customer who got the message instead, where a workflow is for one of each booking."""
    if not recheck.is_for_the_first(delivery, workflow):
        return None
    written_to = missing.written_to(snapshot.ledger, workflow.id, bookings={delivery.booking})
    trigger = timing.parse_trigger(delivery.trigger).identity
    name = (trigger, delivery.action, delivery.booking, timing.instant_text(delivery.event_at))
    return written_to.get(name)


def explain_unplanned(
    delivery: Delivery,
    workflow: Workflow,
    *,
    trigger: Trigger,
    snapshot: LedgerSnapshot,
    booking: Booking,
    config: Config,
    now: datetime,
) -> tuple[str, bool]:
    """Return the reason that no run has planned a delivery that is owed; and whether one will."""
    due = timing.instant_text(delivery.due_at)
    if retention.was_purged(snapshot.ledger, delivery.key):
        return "it ended long ago and its record was purged, so its outcome is no longer known", False
    is_refused = delivery.due_at > now or delivery.key in snapshot.planned
    if delivery.refusal and is_refused and not is_waiting(delivery.key, snapshot):
        return delivery.refusal, False
    if delivery.planned_at > now:
        return f"due at {due}", True
    if is_waiting(delivery.key, snapshot):
        return describe_opened(delivery.key, snapshot, now=now), True
    if other := _find_informed(delivery, workflow, snapshot=snapshot):
        return f"{other} has received it already: `for_each_customer: false`", False
    if delivery.key in snapshot.planned:
        return "its deadline has passed; the next run records it as expired", False
    reason = _explain_passed_over(
        delivery, workflow, trigger=trigger, snapshot=snapshot, booking=booking, config=config, now=now
    )
    return reason, False


def _explain_passed_over(
    delivery: Delivery,
    workflow: Workflow,
    *,
    trigger: Trigger,
    snapshot: LedgerSnapshot,
    booking: Booking,
    config: Config,
    now: datetime,
) -> str:
    """Return the reason that no run planned a delivery when it fell due, and what to do about it."""
    due = timing.instant_text(delivery.due_at)
    mark = snapshot.marks.get(Key(workflow.id, trigger.identity, delivery.action))
    passed = mark is not None and delivery.due_at > mark.armed_at
    late_until = watermarks.late_until(workflow, trigger, marks=snapshot.marks, now=now) if passed else None
    if late_until and delivery.due_at <= late_until:
        instead = planning.goes_instead(
            workflow, trigger, booking=booking, config=config, late_until=late_until, now=now
        )
        if instead:
            what = f"the booking was made after this was due, at {due}, and after `{instead.text}` was due"
            return f"{what}: only the last one is sent"
    if restores.may_have_sent(snapshot.unknown_times, delivery):
        what = f"it was due at {due} and may have been sent before the ledger was restored, so no run sends it"
        asks = f"; `reminderctl backfill {workflow.id} --since {due}` asks about it separately"
        return f"{what}{asks if delivery.expires_at >= now else ''}"
    why = _explain_missed(delivery, mark, due=due, is_sent_late=workflow.late_booking == "send")
    if delivery.expires_at >= now:
        why += f"; if it is still wanted, `reminderctl backfill {workflow.id} --since {due}` sends it"
    return why


def _explain_missed(delivery: Delivery, mark: Watermark | None, *, due: str, is_sent_late: bool) -> str:
    """Return the reason that the runs passed over a delivery when it fell due."""
    if mark is None:
        return "no run has seen this action of this trigger yet; it starts at the first run, and nothing older is sent"
    if delivery.due_at <= mark.armed_at:
        began = timing.instant_text(mark.armed_at)
        return (
            f"the trigger starts at {began}, when it was added, edited (it or its recipients) or switched on, or the "
            f"ledger was restored; this was due earlier, at {due}"
        )
    what = "after its deadline" if is_sent_late else "too late, and the workflow says `late_booking: skip`"
    missed = f"the booking did not exist or did not match when this was due, at {due}"
    return f"{missed}: it was booked, moved or approved {what}"
