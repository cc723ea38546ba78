"""The deliveries that a booking owes.

One function, `owed`, answers for a trigger that falls due and again in the moment before each attempt, so that the two
can never disagree; `recheck` puts the second answer into words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from reminderctl.core import timing
from reminderctl.core.matching import matching_participants
from reminderctl.core.recipients import circuit_of, find_recipients
from reminderctl.model import Booking, Config, Delivery, Participant, Trigger, Window, Workflow


def delivery_key(
    *, workflow: str, trigger: str, action: str, booking: str, recipient: str, participant: str | None, event_at: str
) -> str:
    """Return the identity of a delivery, the same on every machine: 32 hexadecimal digits.

    It is the first half of a SHA-256 over the parts, each with its length before it, so that no two different lists of
    parts can be written alike.
    """
    once_for = participant or ""
    text = (
        f"{len(workflow)}:{workflow}{len(trigger)}:{trigger}{len(action)}:{action}{len(booking)}:{booking}"
        f"{len(recipient)}:{recipient}{len(once_for)}:{once_for}{len(event_at)}:{event_at}"
    )
    return str(_sha256()(text.encode()).hexdigest()[:32])


@cache
def _sha256() -> Callable[[bytes], Any]:
    import hashlib  # loads OpenSSL, which a run that finds nothing due does without

    return hashlib.sha256


class Occurrence(NamedTuple):
    """One trigger meeting one booking: the event, and the first and last instant of an attempt.

    `grace_ends_at` is the last instant of one whose booking had been in time, None where this one was.
    """

    event_at: datetime
    due_at: datetime
    expires_at: datetime
    grace_ends_at: datetime | None = None


def owed(
    workflow: Workflow,
    trigger: Trigger,
    *,
    booking: Booking,
    config: Config,
    late_until: datetime | None = None,
    seen: datetime | None = None,
) -> list[Delivery]:
    """Return every delivery that this trigger owes for this booking, whenever it falls due.

    Where that is not after `late_until`, the booking has come late. Quiet hours move a message to before it falls due
    only where the booking was `seen` by then; at None it is known in time. What they refuse is returned with a reason.
    """
    matching = matching_participants(workflow, booking, default_language=config.language)
    if matching is None:
        return []
    occurrence = _meet(workflow, trigger, booking=booking, config=config, late_until=late_until)
    if not _in_order(trigger, occurrence.event_at, due=occurrence.due_at):
        return []
    found = _deliveries(workflow, trigger, booking=booking, matching=matching, occurrence=occurrence, config=config)
    return _in_quiet_hours(found, workflow, trigger=trigger, booking=booking, config=config, seen=seen)


def deliveries(
    workflow: Workflow,
    trigger: Trigger,
    *,
    booking: Booking,
    matching: tuple[Participant, ...],
    config: Config,
    seen: datetime | None = None,
) -> list[Delivery]:
    """Return what a trigger would owe for a booking if these of its participants matched."""
    occurrence = _meet(workflow, trigger, booking=booking, config=config)
    found = _deliveries(workflow, trigger, booking=booking, matching=matching, occurrence=occurrence, config=config)
    return _in_quiet_hours(found, workflow, trigger=trigger, booking=booking, config=config, seen=seen)


def can_fall_due(trigger: Trigger, booking: Booking, *, config: Config) -> bool:
    """Return True if due and event are in order: not so `0 days before start at 18:00` of a visit at 10:00."""
    event = timing.event_at(trigger, booking)
    return _in_order(trigger, event, due=timing.due_at(trigger, event, zone=zone_of(booking, config=config)))


def _in_order(trigger: Trigger, event: datetime, *, due: datetime) -> bool:
    return due < event if trigger.before else due >= event


def zone_of(booking: Booking, *, config: Config) -> ZoneInfo:
    """Return the zone whose days and wall clock a booking's offsets are counted in."""
    zone = timing.find_zone(booking.timezone or config.timezone) or timing.find_zone(config.timezone)
    assert zone is not None, "the configuration was checked"  # noqa: S101
    return zone


def _meet(
    workflow: Workflow, trigger: Trigger, *, booking: Booking, config: Config, late_until: datetime | None = None
) -> Occurrence:
    event = timing.event_at(trigger, booking)
    due = timing.due_at(trigger, event, zone=zone_of(booking, config=config))
    expires = timing.expires_at(due, timing.limits(trigger, due, booking=booking, grace=workflow.grace))
    if late_until is None or due > late_until:
        return Occurrence(event, due, expires)
    late = timing.limits(trigger, due, booking=booking, grace=workflow.grace, is_late=True)
    return Occurrence(event, due, timing.expires_at(due, late), expires)


def _deliveries(
    workflow: Workflow,
    trigger: Trigger,
    *,
    booking: Booking,
    matching: tuple[Participant, ...],
    occurrence: Occurrence,
    config: Config,
) -> list[Delivery]:
    written_event, identity = timing.instant_text(occurrence.event_at), trigger.identity
    return [
        Delivery(
            key=delivery_key(
                workflow=workflow.id,
                trigger=identity,
                action=action.id,
                booking=booking.id,
                recipient=recipient.identity,
                participant=recipient.once_for,
                event_at=written_event,
            ),
            workflow=workflow.id,
            trigger=trigger.text,
            action=action.id,
            channel=action.channel,
            circuit=circuit_of(action, recipient.address),
            booking=booking.id,
            recipient=recipient.identity,
            participant=recipient.participant.customer.id if recipient.participant else None,
            address=recipient.address,
            event_at=occurrence.event_at,
            due_at=occurrence.due_at,
            expires_at=occurrence.expires_at,
            grace_ends_at=occurrence.grace_ends_at,
        )
        for action in workflow.actions
        for recipient in find_recipients(workflow, action, booking=booking, matching=matching, config=config)
    ]


def _in_quiet_hours(
    found: list[Delivery],
    workflow: Workflow,
    *,
    trigger: Trigger,
    booking: Booking,
    config: Config,
    seen: datetime | None,
) -> list[Delivery]:
    if workflow.quiet_hours is None:
        return found
    from reminderctl.core.quiet_hours import move_all  # what a run without quiet hours does without

    return move_all(found, workflow, trigger=trigger, booking=booking, zone=config.timezone, seen=seen)


def due(
    workflow: Workflow,
    trigger: Trigger,
    *,
    bookings: Iterable[Booking],
    window: Window,
    config: Config,
    late_until: datetime | None = None,
) -> Iterator[Delivery]:
    """Yield the deliveries that fall due in a window.

    Where that is not after `late_until`, the booking has come late: what is too late for it is no loss, and of several
    triggers that it has passed only the last one goes.
    """
    ways = owed if workflow.quiet_hours is None else partial(_owed_either_way, now=window.until)
    for booking in bookings:
        for delivery in ways(workflow, trigger, booking=booking, config=config, late_until=late_until):
            if not window.since < delivery.planned_at <= window.until:
                if workflow.quiet_hours is None:
                    break  # all of a booking's deliveries fall due together
                continue
            if delivery.grace_ends_at and (
                delivery.expires_at < window.until
                or goes_instead(
                    workflow, trigger, booking=booking, config=config, late_until=late_until, now=window.until
                )
            ):
                break
            yield delivery


def _owed_either_way(
    workflow: Workflow,
    trigger: Trigger,
    *,
    booking: Booking,
    config: Config,
    late_until: datetime | None,
    now: datetime,
) -> Iterator[Delivery]:
    """Yield what is owed where a booking is known in time; behind that, what is owed instead of each message that
    quiet hours move to before it falls due, where the booking came after that.
    """
    owe = partial(owed, workflow, trigger, booking=booking, config=config, late_until=late_until)
    known = owe()
    if any(each.grace_ends_at for each in known):
        known = owe(seen=now)  # the message of a late booking is sent when it comes, or moved from there
    early = {each.key: each.begins_at for each in known if each.begins_at < each.due_at}
    for each in known:
        if late_until is None or each.key not in early or each.begins_at > late_until:
            yield each
    for each in owe(seen=known[0].due_at) if early else ():
        if each.key in early:
            yield replace(each, missed_at=early[each.key])


def goes_instead(
    workflow: Workflow,
    trigger: Trigger,
    *,
    booking: Booking,
    config: Config,
    late_until: datetime | None,
    now: datetime,
) -> Trigger | None:
    """Return the last of the other triggers that a late booking has passed, too, and that can still go; or None."""
    passed = _meet(workflow, trigger, booking=booking, config=config).due_at
    last = None
    for other in workflow.triggers:
        event_at, due_at, expires_at, _ = _meet(workflow, other, booking=booking, config=config, late_until=late_until)
        if passed < due_at <= now <= expires_at and _in_order(other, event_at, due=due_at):
            passed, last = due_at, other
    return last
