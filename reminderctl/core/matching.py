"""The bookings and participants that a workflow's filters let through."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from reminderctl.core.filters import FILTERS, any_matches, own_status
from reminderctl.core.statuses import CANCELED, NO_SHOW, REJECTED, standard_status
from reminderctl.model import Booking, Filters, Participant, Workflow

NEVER_WITHOUT_A_FILTER = frozenset({CANCELED, REJECTED, NO_SHOW})


def matching_participants(
    workflow: Workflow, booking: Booking, *, default_language: str
) -> tuple[Participant, ...] | None:
    """Return the participants that a workflow's filters let through; None where the booking itself does not match.

    An empty tuple: the booking has no participants, and matches.
    """
    if not booking.participants:
        return None if why_not_matching(workflow, booking, participant=None, default_language=default_language) else ()
    matching = tuple(
        participant
        for participant in booking.participants
        if not why_not_matching(workflow, booking, participant=participant, default_language=default_language)
    )
    return matching or None


def why_not_matching(
    workflow: Workflow, booking: Booking, *, participant: Participant | None, default_language: str
) -> str | None:
    """Return the filter that refuses one participant (or a booking without any), in words; None where none does."""
    if refusal := _dead(workflow, booking, participant=participant):
        return refusal
    for name, wanted, unwanted in _given(workflow.filters, workflow.exceptions):
        values = FILTERS[name].values_of(booking, participant, default_language=default_language)
        if refusal := _refusal(name, values, wanted=wanted, unwanted=unwanted):
            return refusal
    return None


@lru_cache(maxsize=1024)
def _given(filters: Filters, exceptions: Filters) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Return the filters that a workflow has: name, what is wanted, what is not."""
    every = ((name, getattr(filters, name), getattr(exceptions, name)) for name in Filters.__struct_fields__)
    return tuple((name, wanted, unwanted) for name, wanted, unwanted in every if wanted or unwanted)


class FilterResult(Struct, frozen=True):
    """The answer of one filter for one participant, or a booking without any; `refusal` is None where it says yes."""

    filter: str
    value: str
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]
    refusal: str | None


def filter_results(
    workflow: Workflow, booking: Booking, *, participant: Participant | None, default_language: str
) -> Iterator[FilterResult]:
    """Yield what each filter of a workflow says, the status always among them."""
    for name in Filters.__struct_fields__:
        wanted, unwanted = getattr(workflow.filters, name), getattr(workflow.exceptions, name)
        if wanted or unwanted or name == "status":
            values = FILTERS[name].values_of(booking, participant, default_language=default_language)
            refusal = _dead(workflow, booking, participant=participant) if name == "status" else None
            refusal = refusal or _refusal(name, values, wanted=wanted, unwanted=unwanted)
            yield FilterResult(name, _shown(values), wanted, unwanted, refusal)


def _dead(workflow: Workflow, booking: Booking, *, participant: Participant | None) -> str | None:
    """Return why a workflow that filters by no status passes over this one."""
    if workflow.filters.status:
        return None
    statuses = {standard_status(booking.status), standard_status(own_status(booking, participant))}
    dead = statuses & NEVER_WITHOUT_A_FILTER
    return f"status is {min(dead)}, and no status filter includes it" if dead else None


@lru_cache(maxsize=1024)  # thousands of bookings have the same few values
def _refusal(name: str, values: tuple[str, ...], *, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> str | None:
    if wanted and not any_matches(name, wanted=wanted, values=values):
        return f"{name} is {_shown(values)}, but the filter requires {' or '.join(wanted)}"
    if unwanted and any_matches(name, wanted=unwanted, values=values):
        return f"{name} is {_shown(values)}, which `except` excludes"
    return None


def _shown(values: tuple[str, ...]) -> str:
    return values[0] if values else "not set"
