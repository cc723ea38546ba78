"""The decision about a message that falls due while it may not ring: later, earlier, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from reminderctl.core import open_hours, timing
from reminderctl.core.open_hours import LAST_SECOND
from reminderctl.core.recipients import find_participant, is_for_staff, reaches_customer
from reminderctl.model import Booking, Delivery, Trigger, Workflow
from reminderctl.quiet_settings import STAFF, OpenHours, QuietHours
from reminderctl.text import spelled_length


class Term(NamedTuple):
    """The first and the last instant of an attempt; or the reason, in words, that there is none."""

    send_at: datetime | None
    expires_at: datetime
    refusal: str = ""


def hours_of(quiet: QuietHours, delivery: Delivery, *, booking: Booking, default_zone: str) -> OpenHours | None:
    """Return the hours at which the recipient of a delivery may be reached; None where that is always."""
    if delivery.channel not in quiet.channels or (is_for_staff(delivery.recipient) and STAFF not in quiet.channels):
        return None
    whose = find_participant(delivery, booking) if reaches_customer(delivery.recipient) else None
    own = whose.customer.timezone if whose and quiet.zone == "recipient" else None
    zone = next((name for name in (own, booking.timezone) if name and timing.find_zone(name)), default_zone)
    return OpenHours(quiet.week, zone)


def move_all(
    deliveries: Sequence[Delivery],
    workflow: Workflow,
    *,
    trigger: Trigger,
    booking: Booking,
    zone: str,
    seen: datetime | None,
) -> list[Delivery]:
    """Return the deliveries that a trigger owes for a booking, each in the hours at which it may ring."""
    move = partial(_move, workflow=workflow, trigger=trigger, booking=booking, default_zone=zone, seen=seen)
    return [move(each) for each in deliveries]


def _move(
    delivery: Delivery,
    *,
    workflow: Workflow,
    trigger: Trigger,
    booking: Booking,
    default_zone: str,
    seen: datetime | None,
) -> Delivery:
    assert workflow.quiet_hours, "who asks has looked"  # noqa: S101
    hours = hours_of(workflow.quiet_hours, delivery, booking=booking, default_zone=default_zone)
    if hours is None:
        return delivery
    due, is_late = delivery.due_at, delivery.grace_ends_at is not None
    limits = timing.limits(trigger, due, booking=booking, grace=workflow.grace, is_late=is_late)
    term = moved(
        trigger,
        due,
        event=delivery.event_at,
        limits=limits,
        quiet=workflow.quiet_hours,
        hours=hours,
        seen=seen,
        begins=max(due, seen or due) if is_late else due,
    )
    in_time = timing.limits(trigger, due, booking=booking, grace=workflow.grace)
    return replace(
        delivery,
        hours=hours,
        send_at=term.send_at,
        expires_at=term.expires_at,
        grace_ends_at=deadline(hours, due, limits=in_time) if is_late else None,
        refusal=term.refusal,
    )


def deadline(hours: OpenHours, due: datetime, *, limits: timing.Limits) -> datetime:
    """Return the last open instant at which an attempt may begin: a grace runs only while it is open."""
    ends = [limits.last] if limits.last else []
    if limits.grace is not None:
        ends.append(open_hours.after_open_time(hours, due, length=limits.grace))
    return open_hours.last_open(hours, min(ends))


def moved(
    trigger: Trigger,
    due: datetime,
    *,
    event: datetime,
    limits: timing.Limits,
    quiet: QuietHours,
    hours: OpenHours,
    seen: datetime | None = None,
    begins: datetime | None = None,
) -> Term:
    """Return when a message is sent that falls due at an instant.

    1. In open hours: at once.
    2. `later`: at the next opening, where that is inside its deadline and, for one before a start, leaves the least
       notice.
    3. `earlier`: a quarter of an hour before the last closing, until that; where the booking had been `seen` by then,
       and never on the other side of the event. Where it could go later, too, until that deadline.
    4. Else never.

    The message of a booking that came late `begins` after it fell due; one that is `seen` at None is known in time.
    """
    begins, expires = begins or due, deadline(hours, due, limits=limits)
    if open_hours.is_open(hours, begins):
        return Term(begins, expires)
    opening, before = open_hours.next_open(hours, begins), open_hours.stretch_before(hours, begins)
    can_be_later = "later" in quiet.outside and opening <= min(expires, _latest(trigger, event, quiet=quiet))
    in_time = seen is None or before.last_call >= seen
    can_be_earlier = in_time and (trigger.before or before.last_call >= event)
    for way in quiet.outside:
        if way == "later" and can_be_later:
            return Term(opening, expires)
        if way == "earlier" and can_be_earlier:
            return Term(before.last_call, expires if can_be_later else before.closes - LAST_SECOND)
    reasons = _reasons(trigger, begins, event=event, quiet=quiet, hours=hours, in_time=in_time)
    return Term(None, timing.expires_at(due, limits), f"quiet hours: {', '.join(reasons)}")


def _latest(trigger: Trigger, event: datetime, *, quiet: QuietHours) -> datetime:
    if trigger.before and trigger.anchor == "start":
        return event - quiet.least_notice
    return timing.END_OF_TIME


def _reasons(
    trigger: Trigger, begins: datetime, *, event: datetime, quiet: QuietHours, hours: OpenHours, in_time: bool
) -> Iterator[str]:
    """Yield the reasons that a message is never sent, by the clock of its recipient."""
    zone = ZoneInfo(hours.zone)
    opening, last_call = open_hours.next_open(hours, begins), open_hours.stretch_before(hours, begins).last_call
    parts = []
    for way in quiet.outside:
        if way == "later":
            notice = f"{spelled_length(quiet.least_notice)} before the start" if quiet.least_notice else "the start"
            limit = notice if opening > _latest(trigger, event, quiet=quiet) else "its deadline"
            parts.append(f"{_clock(opening, begins, zone=zone)} would be after {limit}")
        elif in_time:
            parts.append(f"{_clock(last_call, begins, zone=zone)} would be before the {trigger.anchor}")
        else:
            parts.append(f"{_clock(last_call, begins, zone=zone)} had passed when the booking came")
    yield f"{begins.astimezone(zone):%H:%M} is closed"
    yield from parts[:-1]
    yield f"and {parts[-1]}"


def _clock(instant: datetime, other: datetime, *, zone: ZoneInfo) -> str:
    """Return an instant on the clock of a zone, with its day where that is not the day of another instant."""
    local = instant.astimezone(zone)
    days = (local.date() - other.astimezone(zone).date()).days
    side = "before" if days < 0 else "after"
    day = "" if not days else f" the day {side}" if abs(days) == 1 else f" {abs(days)} days {side}"
    return f"{local:%H:%M}{day}"
