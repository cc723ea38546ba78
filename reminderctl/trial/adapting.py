"""A sample changed so that a workflow's filters let it through."""

from __future__ import annotations

from itertools import chain
from typing import Any

from msgspec import structs

from reminderctl.matching import matching_participants, verdicts
from reminderctl.model import Booking, Config, Customer, Location, Participant, Service, Staff, Workflow
from reminderctl.trial.nouns import Sample

# What to try where a filter wants nothing in particular, but `except` excludes what the sample has.
_OTHERS = {
    "status": ("approved", "confirmed", "completed", "pending"),
    "service": ("Another service",),
    "staff": ("Somebody else",),
    "location": ("Another place",),
    "language": ("en", "es", "fr", "de", "pt"),
}
_KINDS: dict[str, Any] = {"service": Service, "staff": Staff, "location": Location}


def adapt(sample: Sample, workflow: Workflow, *, config: Config) -> Sample | None:
    """The sample with the first status, service, staff, location and language that the filters want.

    None where they contradict each other, so that nothing can match.
    """
    first = sample.booking.participants[:1] or (Participant(customer=Customer(id="customer")),)
    booking, changes = structs.replace(sample.booking, participants=first), []
    for name, others in _OTHERS.items():
        if _passes(name, workflow, booking, config=config):
            continue
        for value in chain(getattr(workflow.filters, name), others):
            changed = _change(booking, name, value)
            if _passes(name, workflow, changed, config=config):
                booking = changed
                changes.append(f"{name} {value}")
                break
    if matching_participants(workflow, booking, default_language=config.language) is None:
        return None
    return Sample(name=f"{sample.name}, adapted", about=f"made to match: {', '.join(changes)}", booking=booking)


def _passes(name: str, workflow: Workflow, booking: Booking, *, config: Config) -> bool:
    found = verdicts(workflow, booking, booking.participants[0], default_language=config.language)
    return not any(verdict.refusal for verdict in found if verdict.filter == name)


def _change(booking: Booking, name: str, value: str) -> Booking:
    participant = booking.participants[0]
    if name == "status":
        return structs.replace(booking, status=value, participants=(structs.replace(participant, status=None),))
    if name == "language":
        return structs.replace(booking, participants=(structs.replace(participant, language=value),))
    noun = getattr(booking, name)
    changed = structs.replace(noun, id=value, name=value) if noun else _KINDS[name](id=value, name=value)
    return structs.replace(booking, **{name: changed})
