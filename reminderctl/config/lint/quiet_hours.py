"""Lint of times of day at which messages may not ring."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time

from reminderctl.config.lint.located import LocatedWorkflow
from reminderctl.core import open_hours
from reminderctl.core.timing import DAY
from reminderctl.model import Workflow
from reminderctl.quiet_settings import OpenHours, QuietHours

A_WEEK = [datetime(2024, 1, 1, tzinfo=UTC) + number * DAY for number in range(7)]
USUAL = time(18, 0)


def warn_of_quiet_hours(workflows: Iterable[LocatedWorkflow]) -> None:
    """Warn of a trigger at a time of day that is never open."""
    for located in workflows:
        workflow = located.workflow
        if workflow.quiet_hours is None or not _concerns(workflow, workflow.quiet_hours):
            continue
        for index, trigger in enumerate(workflow.triggers):
            moved = _describe_move(trigger.at, workflow.quiet_hours) if trigger.at else None
            if moved is not None:
                located.warn(
                    located.value("when", index),
                    f"when: `{trigger.text}` is outside quiet_hours.open: always moved{moved}; "
                    f"{_find_open(workflow.quiet_hours):%H:%M} is open",
                )


def _concerns(workflow: Workflow, quiet: QuietHours) -> bool:
    return any(action.channel in quiet.channels for action in workflow.actions)


def _describe_move(at: time, quiet: QuietHours) -> str | None:
    """Return ` to 09:00` where that is so on all days, nothing where it differs; None where it is open on some day."""
    hours = OpenHours(quiet.week, "UTC")
    instants = [datetime.combine(day, at, tzinfo=UTC) for day in A_WEEK]
    if any(open_hours.is_open(hours, each) for each in instants):
        return None
    if quiet.outside[0] == "later":
        targets = {open_hours.next_open(hours, each).time() for each in instants}
    else:
        targets = {open_hours.stretch_before(hours, each).last_call.time() for each in instants}
    return f" to {min(targets):%H:%M}" if len(targets) == 1 else ""


def _find_open(quiet: QuietHours) -> time:
    """Return a time of day that is open whenever a day is, or on the first one that is."""
    hours = OpenHours(quiet.week, "UTC")
    open_days = [day for day in A_WEEK if quiet.week[day.weekday()]]
    if all(open_hours.is_open(hours, datetime.combine(day, USUAL, tzinfo=UTC)) for day in open_days):
        return USUAL
    return open_hours.next_open(hours, open_days[0]).time()
