"""Do a workflow's filters let a booking, a participant of it, through?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from reminderctl.model import Booking, Filters, Participant, Workflow

NEVER_WITHOUT_A_FILTER = frozenset({"canceled", "rejected", "no_show"})
FOR_EVERYONE = frozenset({"canceled", "rejected"})  # a participant's own status cannot revive such a booking


def matching_participants(
    workflow: Workflow, booking: Booking, *, default_language: str
) -> tuple[Participant, ...] | None:
    """The participants that a workflow's filters let through; None where the booking itself does not match.

    An empty tuple: the booking has no participants, and matches.
    """
    if not booking.participants:
        return None if why_not_matching(workflow, booking, None, default_language=default_language) else ()
    matching = tuple(
        participant
        for participant in booking.participants
        if not why_not_matching(workflow, booking, participant, default_language=default_language)
    )
    return matching or None


def why_not_matching(
    workflow: Workflow, booking: Booking, participant: Participant | None, *, default_language: str
) -> str | None:
    """The filter that says no to one participant (or to a booking without any), in words; None where all say yes."""
    if refusal := _dead(workflow, booking, participant):
        return refusal
    for name, wanted, unwanted in _given(workflow.filters, workflow.exceptions):
        values = _values(name, booking, participant, default_language=default_language)
        if refusal := _refusal(name, values, wanted, unwanted):
            return refusal
    return None


@lru_cache(maxsize=1024)
def _given(filters: Filters, exceptions: Filters) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """The filters that a workflow has: name, what is wanted, what is not."""
    every = ((name, getattr(filters, name), getattr(exceptions, name)) for name in Filters.__struct_fields__)
    return tuple((name, wanted, unwanted) for name, wanted, unwanted in every if wanted or unwanted)


class Verdict(NamedTuple):
    """What one filter says of one participant, or of a booking without any; `refusal` is None where it says yes."""

    filter: str
    value: str
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]
    refusal: str | None


def verdicts(
    workflow: Workflow, booking: Booking, participant: Participant | None, *, default_language: str
) -> Iterator[Verdict]:
    """What each filter of a workflow says, the status always among them."""
    for name in Filters.__struct_fields__:
        wanted, unwanted = getattr(workflow.filters, name), getattr(workflow.exceptions, name)
        if wanted or unwanted or name == "status":
            values = _values(name, booking, participant, default_language=default_language)
            refusal = _dead(workflow, booking, participant) if name == "status" else None
            yield Verdict(name, _shown(values), wanted, unwanted, refusal or _refusal(name, values, wanted, unwanted))


def _dead(workflow: Workflow, booking: Booking, participant: Participant | None) -> str | None:
    """Why a workflow that filters by no status passes over this one."""
    if workflow.filters.status:
        return None
    statuses = {standard_status(booking.status), standard_status(own_status(booking, participant))}
    dead = statuses & NEVER_WITHOUT_A_FILTER
    return f"status is {min(dead)}, and no status filter asks for it" if dead else None


def _refusal(name: str, values: tuple[str, ...], wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> str | None:
    if wanted and not _any_matches(name, wanted, values):
        return f"{name} is {_shown(values)}, the filter wants {' or '.join(wanted)}"
    if unwanted and _any_matches(name, unwanted, values):
        return f"{name} is {_shown(values)}, which `except` excludes"
    return None


@lru_cache(maxsize=256)
def standard_status(status: str) -> str:
    """One spelling for each status: lower case, `_` between words, `canceled` with one l."""
    spelling = status.strip().casefold().replace("-", "_").replace(" ", "_")
    return "canceled" if spelling == "cancelled" else spelling


def language_of(participant: Participant | None, default: str) -> str:
    """The language of one participant's messages: of this booking, else the customer's own, else the default."""
    if participant is None:
        return default
    return participant.language or participant.customer.language or default


def _values(name: str, booking: Booking, participant: Participant | None, *, default_language: str) -> tuple[str, ...]:
    """What a filter of this name compares: an id or a name does equally well."""
    if name == "status":
        return (standard_status(own_status(booking, participant)),)
    if name == "language":
        return (language_of(participant, default_language),)
    noun = getattr(booking, name)
    return tuple(filter(None, (noun.name, noun.id))) if noun else ()


def own_status(booking: Booking, participant: Participant | None) -> str:
    """The participant's status as it is written, but the booking's where that is called off as a whole."""
    own = participant.status if participant else None
    return booking.status if not own or standard_status(booking.status) in FOR_EVERYONE else own


def _any_matches(name: str, wanted: Iterable[str], values: Iterable[str]) -> bool:
    return any(_matches(name, want, value) for want in wanted for value in values)


def _matches(name: str, want: str, value: str) -> bool:
    if name == "status":
        return standard_status(want) == value
    want, value = want.strip().casefold(), value.strip().casefold()
    if name != "language":
        return want == value
    want, value = want.replace("_", "-"), value.replace("_", "-")
    return value == want or value.startswith(f"{want}-")


def _shown(values: tuple[str, ...]) -> str:
    return values[0] if values else "not set"
