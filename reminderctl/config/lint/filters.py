"""Advice on filters: values that contradict each other, or look misspelt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reminderctl.config.lint.bookings import Seen
from reminderctl.config.lint.located import Placed
from reminderctl.config.misspelt import Known, suspect
from reminderctl.core.filters import FILTERS, any_matches
from reminderctl.model import Booking, Customer, Participant


def filtered_by(placed: Iterable[Placed]) -> set[str]:
    """Return the names of all filters that are used, under `filters` or `except`."""
    return {
        name
        for each in placed
        for filters in (each.workflow.filters, each.workflow.exceptions)
        for name in FILTERS
        if getattr(filters, name)
    }


def advise_on_filters(placed: Iterable[Placed], *, seen: Seen) -> None:
    """Warn of filters that exclude what they ask for, and of values that look misspelt."""
    known = Known(in_bookings={**seen.names, "status": seen.statuses})
    for each in placed:
        _warn_of_contradictions(each)
        for suspicion in suspect(each.workflow, known):
            each.warn(each.filter_value(suspicion.key, suspicion.name, index=suspicion.place), str(suspicion))


def _warn_of_contradictions(placed: Placed) -> None:
    filters, exceptions = placed.workflow.filters, placed.workflow.exceptions
    for name in FILTERS:
        wanted, unwanted = getattr(filters, name), getattr(exceptions, name)
        if wanted and unwanted and all(_excludes(name, text, unwanted=unwanted) for text in wanted):
            placed.warn(
                placed.filter_value("except", name, index=0),
                f"except: {name}: excludes all that `filters` asks for ({', '.join(wanted)}): this workflow never "
                "fires; take it out of one of the two",
            )


def _excludes(name: str, text: str, *, unwanted: tuple[str, ...]) -> bool:
    """Return True if a booking that has just this would be excluded."""
    booking = FILTERS[name].with_value(_ANY, text)
    return any_matches(name, unwanted, FILTERS[name].values_of(booking, booking.participants[0], text))


_ANY = Booking(
    id="1",
    starts_at=datetime(2026, 11, 23, tzinfo=UTC),
    ends_at=datetime(2026, 11, 23, tzinfo=UTC),
    participants=(Participant(customer=Customer(id="1")),),
)
