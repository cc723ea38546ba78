"""The answer in the moment before each attempt: whether a planned delivery is still owed."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from reminderctl.core import timing
from reminderctl.core.filters import FOR_EVERYONE
from reminderctl.core.matching import why_not_matching
from reminderctl.core.planning import owed
from reminderctl.core.recipients import find_participant
from reminderctl.core.statuses import standard_status
from reminderctl.model import Booking, Config, Delivery, Trigger, Workflow

SWITCHED_OFF = "the workflow is switched off"


def still_owed(
    delivery: Delivery, workflow: Workflow | None, *, booking: Booking | None, config: Config
) -> Delivery | None:
    """Return a planned delivery as its workflow and booking ask for it now; None where they no longer do."""
    current = _as_owed_now(delivery, workflow, booking=booking, config=config)
    if current and delivery.at_once:
        return replace(
            current, hours=None, refusal="", at_once=True, send_at=delivery.send_at, expires_at=delivery.expires_at
        )
    return current if current and not current.refusal else None


def _as_owed_now(
    delivery: Delivery, workflow: Workflow | None, *, booking: Booking | None, config: Config
) -> Delivery | None:
    """Return the same, what quiet hours refuse included."""
    if workflow is None or not workflow.enabled or booking is None:
        return None
    trigger = _trigger_of(delivery, workflow)
    if trigger is None:
        return None
    late_until = timing.END_OF_TIME if delivery.grace_ends_at else None
    reduced = _reduced(booking, delivery, workflow=workflow, config=config)
    now_owed = owed(workflow, trigger, booking=reduced, config=config, late_until=late_until, seen=_seen(delivery))
    return next((each for each in now_owed if each.key == delivery.key), None)


def _seen(delivery: Delivery) -> datetime:
    """Return when a booking had been seen: what was to be sent before it fell due, or came late, goes on from there."""
    return delivery.begins_at if delivery.grace_ends_at else delivery.planned_at


def what_is_missing(
    delivery: Delivery, workflow: Workflow | None, *, booking: Booking | None, config: Config
) -> str | None:
    """Return the workflow, booking or participant that a planned delivery lacks, in words; None where it lacks none.

    What is not there may be back in a moment. A status, a switch, another time or an edited workflow is an answer.
    """
    if workflow is None or (workflow.enabled and booking is None):
        return why_not_owed(delivery, workflow, booking=booking, config=config)
    if booking is None or delivery.participant is None or not workflow.enabled:
        return None
    trigger = _trigger_of(delivery, workflow)
    answered = (
        trigger is None
        or delivery.action not in {action.id for action in workflow.actions}
        or timing.event_at(trigger, booking) != delivery.event_at
        or standard_status(booking.status) in FOR_EVERYONE
        or any(each.customer.id == delivery.participant for each in booking.participants)
    )
    return None if answered else "its participant is no longer in the booking"


def owed_instead(
    delivery: Delivery, workflow: Workflow | None, *, booking: Booking | None, config: Config
) -> list[Delivery]:
    """Return what is owed in place of a canceled delivery: itself, or to the participant who is the first one now."""
    if current := still_owed(delivery, workflow, booking=booking, config=config):
        return [current]
    if workflow is None or booking is None or not is_for_the_first(delivery, workflow):
        return []
    trigger = _trigger_of(delivery, workflow) if workflow.enabled else None
    others = owed(workflow, trigger, booking=booking, config=config, seen=_seen(delivery)) if trigger else []
    same = [each for each in others if (each.action, each.event_at) == (delivery.action, delivery.event_at)]
    return [each for each in same if is_for_the_first(each, workflow) and not each.refusal]


def is_for_the_first(delivery: Delivery, workflow: Workflow) -> bool:
    """Return True for a message that one customer of a booking gets, and no other one."""
    return workflow.for_each_customer is False and delivery.recipient.startswith("customer:")


def _reduced(booking: Booking, delivery: Delivery, *, workflow: Workflow, config: Config) -> Booking:
    """Return the booking with the participants that decide about one delivery only: its own, and the first who matches.

    Else a thousand deliveries of a booking with a thousand participants would take a million looks.
    """
    for first in booking.participants:
        if not why_not_matching(workflow, booking, participant=first, default_language=config.language):
            break
    else:
        return booking
    own = (each for each in booking.participants if each.customer.id == delivery.participant and each is not first)
    return replace(booking, participants=(first, *own))


def why_not_owed(delivery: Delivery, workflow: Workflow | None, *, booking: Booking | None, config: Config) -> str:
    """Return the reason, in words, that `still_owed` said no."""
    if workflow is None:
        return "the workflow was removed"
    if not workflow.enabled:
        return SWITCHED_OFF
    if booking is None:
        return "the booking was deleted or cannot be read"
    trigger = _trigger_of(delivery, workflow)
    if trigger is None:
        return f"the workflow no longer has the trigger `{delivery.trigger}`"
    if delivery.action not in {action.id for action in workflow.actions}:
        return f"the workflow no longer has the action {delivery.action}"
    event = timing.event_at(trigger, booking)
    if event != delivery.event_at:
        return f"the booking was moved to {timing.instant_text(event)}"
    concerned = find_participant(delivery, booking)
    reason = why_not_matching(workflow, booking, participant=concerned, default_language=config.language)
    current = _as_owed_now(delivery, workflow, booking=booking, config=config)
    refusal = current.refusal if current else ""
    return reason or refusal or f"{delivery.recipient} is no longer a recipient of this booking"


def _trigger_of(delivery: Delivery, workflow: Workflow) -> Trigger | None:
    identity = timing.parse_trigger(delivery.trigger).identity
    return next((trigger for trigger in workflow.triggers if trigger.identity == identity), None)
