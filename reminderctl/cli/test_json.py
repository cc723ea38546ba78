"""The output of `reminderctl test` for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reminderctl.core.timing import instant_text
from reminderctl.model import Config
from reminderctl.reports.preview.models import DueTime, Sample, Trial, TriedMessage

if TYPE_CHECKING:
    from reminderctl.reports.preview.send import Sent


def describe_trial(trial: Trial) -> dict[str, Any]:
    """Return one workflow with one sample, or with a booking, whose id is then its name."""
    return {
        "workflow": trial.workflow.id,
        "name": trial.workflow.name,
        "enabled": trial.workflow.enabled,
        "sample": trial.sample.name,
        "booking": trial.sample.booking.id,
        "timezone": trial.timezone,
        "matches": trial.matches,
        "reasons": trial.reasons,
        "due_at": [instant_text(due_time.due_at) for due_time in trial.due_times],
        "triggers": [_describe_due_time(due_time) for due_time in trial.due_times],
        "messages": [_describe_message(message) for message in trial.messages],
        "problems": trial.problems,
        "notes": trial.notes,
        **({"send_at": [*map(_send_at, trial.due_times)]} if trial.workflow.quiet_hours else {}),
    }


def _send_at(due_time: DueTime) -> str | None:
    return instant_text(due_time.send_at) if due_time.send_at else None


def _describe_due_time(due_time: DueTime) -> dict[str, str | None]:
    return {
        "trigger": due_time.trigger,
        "due_at": instant_text(due_time.due_at),
        "expires_at": instant_text(due_time.expires_at),
        **({"send_at": _send_at(due_time)} if due_time.send_at else {}),
    }


def _describe_message(message: TriedMessage) -> dict[str, Any]:
    """Return a message with its fields, which are beside its own where no name is taken."""
    own = {name: getattr(message, name) for name in message.__struct_fields__}
    return dict(message.fields) | own


def describe_sample(sample: Sample, *, config: Config) -> dict[str, Any]:
    """Return a sample with all that its booking holds."""
    booking = msgspec.to_builtins(sample.booking)
    times = {name: instant_text(getattr(sample.booking, name)) for name in ("starts_at", "ends_at")}
    zone = sample.booking.timezone or config.timezone
    return {"name": sample.name, "about": sample.about, "booking": {**booking, **times, "timezone": zone}}


def describe_sent(sent: Sent) -> dict[str, Any]:
    """Return what became of one test message."""
    values: dict[str, Any] = msgspec.to_builtins(sent)
    return {**values, "sent": sent.error is None}
