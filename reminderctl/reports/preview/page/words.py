"""The words of the page: workflows as sentences, times as points on a line, people by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from reminderctl.bookings.people import names_in
from reminderctl.core.timing import event_at, instant_text
from reminderctl.model import Filters, Workflow
from reminderctl.reports.preview.models import DueTime, Trial
from reminderctl.text import spelled_length

EMPTY_NOTE = "empty: "
_OF_TEMPLATES = frozenset({"template", "content_sid", "parameters", "variables"})
_TOLD_OTHERWISE = _OF_TEMPLATES | {"to", "from", "body", "html", "encoding", "segments", "left", "cost"}


# --- workflows --------------------------------------------------------------------------------------------------------


def describe_workflow(workflow: Workflow) -> Iterator[str]:
    """Yield what a workflow says, in sentences: when it fires, for which bookings, how late."""
    yield f"Fires {_listed([trigger.text for trigger in workflow.triggers], 'and')}{_conditions(workflow)}."
    if not workflow.filters.status:
        yield "Without a status filter, it skips canceled, rejected and no-show bookings."
    if workflow.for_each_customer is not None:
        yield "Once for each customer." if workflow.for_each_customer else "Once for a booking, for its first customer."
    if workflow.grace is not None:
        yield f"At most {spelled_length(workflow.grace)} late." if workflow.grace else "Never late."
    if workflow.late_booking == "send":
        yield "Also sent if the booking is made too late for it."


def _conditions(workflow: Workflow) -> str:
    wanted, unwanted = _named(workflow.filters), _named(workflow.exceptions)
    when = f", when {_listed(wanted, 'and')}" if wanted else ""
    return f"{when}, except when {_listed(unwanted, 'or')}" if unwanted else when


def _named(filters: Filters) -> list[str]:
    return [
        f"the {name} is {_listed(values, 'or')}"
        for name in Filters.__struct_fields__
        if (values := getattr(filters, name))
    ]


def _listed(words: Sequence[str], joint: str) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


# --- times ------------------------------------------------------------------------------------------------------------


class Point(NamedTuple):
    """One instant on the line of a booking: a trigger's, or the visit's `start` or `end`.

    `at` is in the booking's zone. `distance` says how far a trigger is from its event where the trigger says it
    otherwise, and `until` how long its messages may go out.
    """

    at: datetime
    kind: str
    name: str
    distance: str = ""
    until: str = ""

    @property
    def offset(self) -> str:
        """Return `UTC+01:00`."""
        return f"UTC{self.at.replace(microsecond=0).isoformat()[19:]}"

    @property
    def instant(self) -> str:
        """Return it as machines read it."""
        return instant_text(self.at.astimezone(ZoneInfo("UTC")))


def find_points(trial: Trial) -> list[Point]:
    """Return the triggers and the visit, in the order of time."""
    zone, booking = ZoneInfo(trial.timezone), trial.sample.booking
    points = [
        Point(booking.starts_at.astimezone(zone), "start", "The visit starts"),
        Point(booking.ends_at.astimezone(zone), "end", "The visit ends"),
        *(_trigger_point(due_time, trial) for due_time in trial.due_times),
    ]
    return sorted(points, key=lambda point: point.instant)


def _trigger_point(due_time: DueTime, trial: Trial) -> Point:
    zone = ZoneInfo(trial.timezone)
    trigger = next(each for each in trial.workflow.triggers if each.text == due_time.trigger)
    event = event_at(trigger, trial.sample.booking)
    side = "before" if due_time.due_at < event else "after"
    distance = (
        f"{spelled_length(abs(event - due_time.due_at))} {side} {trigger.anchor}" if due_time.due_at != event else ""
    )
    due, expires = due_time.due_at.astimezone(zone), due_time.expires_at.astimezone(zone)
    until = f"{expires:%H:%M}" if expires.date() == due.date() else clock(expires)
    return Point(due, "trigger", due_time.trigger, "" if distance == due_time.trigger else distance, until)


def clock(at: datetime) -> str:
    """Return `Mon 30 Nov 2026, 10:00`."""
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"


# --- messages ---------------------------------------------------------------------------------------------------------


def named(findings: Iterable[str], trial: Trial) -> list[str]:
    """Return findings with names in the place of identities."""
    names = names_in(trial.sample.booking)
    return [names.rename_all(finding) for finding in findings]


def shown_notes(notes: Iterable[str]) -> list[str]:
    """Return the notes of a message but the one on empty shortcodes, which are shown one by one."""
    return [note for note in notes if not note.startswith(EMPTY_NOTE)]


def others(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a text message that its bubble does not show otherwise."""
    return {name: value for name, value in fields.items() if value and name not in _TOLD_OTHERWISE}


def language_tag(language: str) -> str:
    """Return a language as HTML writes it: `es-MX` for `es_MX`."""
    return language.replace("_", "-")
