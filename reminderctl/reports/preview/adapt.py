"""A sample changed so that a workflow's filters let it through."""

from __future__ import annotations

from msgspec import structs

from reminderctl.core.filters import FILTERS, TABLES
from reminderctl.core.matching import filter_results, matching_participants
from reminderctl.model import Booking, Config, Customer, Participant, Workflow
from reminderctl.reports.preview.models import Sample


def adapt(sample: Sample, workflow: Workflow, *, config: Config) -> Sample | None:
    """Return the sample with the first status, service, staff, location and language that the filters want.

    None where they contradict each other, so that nothing can match.
    """
    first = sample.booking.participants[:1] or (Participant(customer=Customer(id="customer")),)
    booking, changes = structs.replace(sample.booking, participants=first), []
    for name, filter_ in FILTERS.items():
        if _passes(name, workflow, booking=booking, config=config):
            continue
        for value in (*getattr(workflow.filters, name), *filter_.alternatives):
            changed = filter_.with_value(booking, value)
            if _passes(name, workflow, booking=changed, config=config):
                booking = changed
                changes.append(f"{name} {value}")
                break
    if matching_participants(workflow, booking, default_language=config.language) is None:
        return None
    return Sample(name=f"{sample.name}, adapted", about=f"made to match: {', '.join(changes)}", booking=booking)


def adapt_nouns(sample: Sample, workflow: Workflow, *, config: Config) -> Sample | None:
    """Return the sample with everybody in it, and the service, staff and location that the filters want.

    None where something else keeps it from matching: a sample that is canceled is asked for to see that.
    """
    nouns = {name: FILTERS[name] for name in TABLES}
    people = sample.booking.participants[:1] or (Participant(customer=Customer(id="customer")),)
    booking, changes = structs.replace(sample.booking, participants=people), []
    for name, filter_ in nouns.items():
        for value in (*getattr(workflow.filters, name), *filter_.alternatives):
            if _passes(name, workflow, booking=booking, config=config):
                break
            booking = filter_.with_value(booking, value)
            changes.append(f"{name} {value}")
    booking = structs.replace(booking, participants=sample.booking.participants)
    if not changes or matching_participants(workflow, booking, default_language=config.language) is None:
        return None
    about = f"made to match: {', '.join(changes)}"
    return structs.replace(sample, name=f"{sample.name}, adapted", about=about, booking=booking)


def _passes(name: str, workflow: Workflow, *, booking: Booking, config: Config) -> bool:
    results = filter_results(workflow, booking, participant=booking.participants[0], default_language=config.language)
    return not any(result.refusal for result in results if result.filter == name)
