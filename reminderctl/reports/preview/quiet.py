"""The effect of quiet hours on the messages of a booking that is tried."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from reminderctl.core import planning
from reminderctl.model import Booking, Config, Delivery, Participant, Trigger, Workflow
from reminderctl.reports.preview.models import DueTime
from reminderctl.text import WEEKDAY, local_time


def find_send_times(
    due_times: tuple[DueTime, ...],
    workflow: Workflow,
    *,
    booking: Booking,
    matching: tuple[Participant, ...],
    config: Config,
) -> tuple[tuple[DueTime, ...], list[str]]:
    """Return the due times with when the first message of each is sent; and what quiet hours change, in words."""
    if workflow.quiet_hours is None:
        return due_times, []
    found: list[DueTime] = []
    notes: list[str] = []
    for due_time, trigger in zip(due_times, workflow.triggers, strict=True):
        concerned = _find_concerned(workflow, trigger, booking=booking, matching=matching, config=config)
        sent = [each.send_at for each in concerned if each.send_at]
        found.append(replace(due_time, send_at=min(sent, default=None)))
        notes += dict.fromkeys(_describe(concerned))
    return tuple(found), notes


def _find_concerned(
    workflow: Workflow, trigger: Trigger, *, booking: Booking, matching: tuple[Participant, ...], config: Config
) -> list[Delivery]:
    if not planning.can_fall_due(trigger, booking, config=config):
        return []
    every = planning.deliveries(workflow, trigger, booking=booking, matching=matching, config=config)
    return [each for each in every if each.hours]


def _describe(concerned: list[Delivery]) -> Iterator[str]:
    """Yield what becomes of each message that may not ring when it falls due, by the clock of its recipient."""
    for each in concerned:
        if each.hours and each.send_at != each.due_at:
            zone = ZoneInfo(each.hours.zone)
            due = local_time(each.due_at, zone, form=WEEKDAY)
            moved = f"quiet hours: sent {local_time(each.send_at, zone, form=WEEKDAY)}" if each.send_at else ""
            outcome = moved or f"never sent: {each.refusal}"
            yield f"`{each.trigger}`: {each.action} is due {due} {each.hours.zone}; {outcome}"
