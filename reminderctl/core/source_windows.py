"""The time in which a source is read: as far as the workflows look ahead and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reminderctl.core.timing import DAY
from reminderctl.model import Trigger, Window, Workflow

SPARE = 2 * DAY  # for zones, and for what is booked or moved a little beyond
LONGEST_GRACE = DAY
LEAST_AHEAD = 14 * DAY
LONGEST_CLOSED = 8 * DAY  # by quiet hours, which send what falls due then before it or after it


def reading_window(
    workflows: Sequence[Workflow], *, now: datetime, ahead: timedelta | None, behind: timedelta | None
) -> Window:
    """Return the time whose bookings are read, from midnight to midnight in UTC: the same all day."""
    triggers = [trigger for workflow in workflows for trigger in workflow.triggers]
    longest_before = max((_offset(each) for each in triggers if each.before), default=timedelta())
    longest_after = max((_offset(each) for each in triggers if not each.before), default=timedelta())
    closed = LONGEST_CLOSED if any(workflow.quiet_hours for workflow in workflows) else timedelta()
    grace = max((workflow.grace or LONGEST_GRACE for workflow in workflows), default=LONGEST_GRACE)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before = longest_after + max(grace, LONGEST_GRACE) + closed + SPARE if behind is None else behind
    after = max(longest_before + closed + SPARE, LEAST_AHEAD) if ahead is None else ahead
    return Window(midnight - before, midnight + after + DAY)


def _offset(trigger: Trigger) -> timedelta:
    return timedelta(minutes=trigger.minutes) if trigger.days is None else (trigger.days + 1) * DAY
