"""What `reminderctl test --json` prints."""

from __future__ import annotations

from typing import Any

import msgspec

from reminderctl.core.timing import instant_text
from reminderctl.model import Config
from reminderctl.reports.preview.models import Moment, Sample, Trial, TriedMessage
from reminderctl.reports.preview.send import Sent


def describe_trial(trial: Trial) -> dict[str, Any]:
    """One workflow with one sample, or with a booking, whose id is then its name."""
    return {
        "workflow": trial.workflow.id,
        "name": trial.workflow.name,
        "enabled": trial.workflow.enabled,
        "sample": trial.sample.name,
        "booking": trial.sample.booking.id,
        "timezone": trial.timezone,
        "matches": trial.matches,
        "reasons": trial.reasons,
        "due_at": [instant_text(moment.due_at) for moment in trial.moments],
        "triggers": [_describe_moment(moment) for moment in trial.moments],
        "messages": [_describe_message(message) for message in trial.messages],
        "problems": trial.problems,
        "notes": trial.notes,
    }


def _describe_moment(moment: Moment) -> dict[str, str]:
    return {
        "trigger": moment.trigger,
        "due_at": instant_text(moment.due_at),
        "expires_at": instant_text(moment.expires_at),
    }


def _describe_message(message: TriedMessage) -> dict[str, Any]:
    """A message with its fields, which stand beside its own where no name is taken."""
    own = {name: getattr(message, name) for name in message.__struct_fields__}
    return dict(message.fields) | own


def describe_sample(sample: Sample, *, config: Config) -> dict[str, Any]:
    """A sample with all that its booking holds."""
    booking = msgspec.to_builtins(sample.booking)
    times = {name: instant_text(getattr(sample.booking, name)) for name in ("starts_at", "ends_at")}
    zone = sample.booking.timezone or config.timezone
    return {"name": sample.name, "about": sample.about, "booking": {**booking, **times, "timezone": zone}}


def describe_sent(sent: Sent) -> dict[str, Any]:
    """What became of one test message."""
    told: dict[str, Any] = msgspec.to_builtins(sent)
    return {**told, "sent": sent.error is None}
