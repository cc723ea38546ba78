"""The filters of workflows, in one table.

A new filter is a field of `model.Filters` and an entry of `FILTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from reminderctl.core.statuses import CANCELED, REJECTED, standard_status
from reminderctl.model import Booking, Location, Participant, Service, Staff

FOR_EVERYONE = frozenset({CANCELED, REJECTED})  # a participant's own status cannot revive such a booking


class ReadValues(Protocol):
    """A function that reads the values that a filter compares."""

    def __call__(
        self, booking: Booking, participant: Participant | None, /, *, default_language: str
    ) -> tuple[str, ...]:
        """Return what a booking has for one participant, None where it has none; any of the values may match."""


class Filter(Struct, frozen=True):
    """One key under `filters` and `except`.

    `with_value` changes a booking that has one participant, so that this value is what it has. `alternatives` are
    values to try where `except` excludes what a sample booking has.
    """

    name: str
    description: str  # of its key in the JSON Schema
    values_of: ReadValues
    with_value: Callable[[Booking, str], Booking]
    alternatives: tuple[str, ...]
    matches: Callable[[str, str], bool]  # what is wanted, what a booking has
    option: str = ""  # what its option of `bookings list` selects; empty where there is none
    table: str = ""  # of the bookings database, with the ids and names that can be meant


def any_matches(name: str, *, wanted: Iterable[str], values: Sequence[str]) -> bool:
    """Return True if the filter of this name finds one of the values among those wanted."""
    matches = FILTERS[name].matches
    return any(matches(want, value) for want in wanted for value in values)


# --- the status -------------------------------------------------------------------------------------------------------


def own_status(booking: Booking, participant: Participant | None) -> str:
    """Return the participant's status as it is written, but the booking's where that is called off as a whole."""
    own = participant.status if participant else None
    return booking.status if not own or standard_status(booking.status) in FOR_EVERYONE else own


def _statuses(booking: Booking, participant: Participant | None, **_: str) -> tuple[str, ...]:
    return (standard_status(own_status(booking, participant)),)


def _with_status(booking: Booking, status: str) -> Booking:
    (participant,) = booking.participants
    return replace(booking, status=status, participants=(replace(participant, status=None),))


def _is_same_status(want: str, status: str) -> bool:
    return standard_status(want) == status


# --- the language -----------------------------------------------------------------------------------------------------


def language_of(participant: Participant | None, default: str) -> str:
    """Return the language of one participant's messages: of this booking, else the customer's own, else the default."""
    if participant is None:
        return default
    return participant.language or participant.customer.language or default


def _languages(_: Booking, participant: Participant | None, *, default_language: str) -> tuple[str, ...]:
    return (language_of(participant, default_language),)


def _with_language(booking: Booking, language: str) -> Booking:
    (participant,) = booking.participants
    return replace(booking, participants=(replace(participant, language=language),))


def _speaks(want: str, language: str) -> bool:
    """Return True if the language is the one wanted, or a regional form of it."""
    want, language = (text.strip().casefold().replace("_", "-") for text in (want, language))
    return language == want or language.startswith(f"{want}-")


# --- service, staff, location -----------------------------------------------------------------------------------------


def _named(kind: type[Any], *, field: str, description: str, option: str, alternative: str, table: str) -> Filter:
    """Return the filter for a noun of the booking, whose id or name does equally well."""

    def values_of(booking: Booking, _: Participant | None, **__: str) -> tuple[str, ...]:
        noun = getattr(booking, field)
        return tuple(text for text in (noun.name, noun.id) if text) if noun else ()

    def with_value(booking: Booking, value: str) -> Booking:
        noun = getattr(booking, field)
        changed = replace(noun, id=value, name=value) if noun else kind(id=value, name=value)
        return replace(booking, **{field: changed})

    return Filter(
        name=field,
        description=description,
        values_of=values_of,
        with_value=with_value,
        alternatives=(alternative,),
        matches=is_same_text,
        option=option,
        table=table,
    )


def is_same_text(want: str, value: str) -> bool:
    """Return True if two texts differ in case and surrounding blanks at most."""
    return want.strip().casefold() == value.strip().casefold()


# --- all of them ------------------------------------------------------------------------------------------------------


FILTERS = {
    each.name: each
    for each in (
        Filter(
            name="status",
            description="The booking's (or participant's) status: approved, pending, ...",
            values_of=_statuses,
            with_value=_with_status,
            alternatives=("approved", "confirmed", "completed", "pending"),
            matches=_is_same_status,
        ),
        _named(
            Service,
            field="service",
            description="The id or name of the service",
            option="this service, by id or name",
            alternative="Another service",
            table="services",
        ),
        _named(
            Staff,
            field="staff",
            description="The id or name of the member of staff",
            option="this member of staff, by id or name",
            alternative="Somebody else",
            table="staff",
        ),
        _named(
            Location,
            field="location",
            description="The id or name of the location",
            option="this location, by id or name",
            alternative="Another place",
            table="locations",
        ),
        Filter(
            name="language",
            description="The customer's language; `es` matches `es-MX` too",
            values_of=_languages,
            with_value=_with_language,
            alternatives=("en", "es", "fr", "de", "pt"),
            matches=_speaks,
        ),
    )
}
TABLES = {each.name: each.table for each in FILTERS.values() if each.table}
