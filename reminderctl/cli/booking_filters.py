"""The options that choose bookings, of which a value that names nothing is refused, with what is near."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from reminderctl.bookings import BookingCatalog
from reminderctl.cli import lookup
from reminderctl.config.suggestions import suggest
from reminderctl.core.filters import FILTERS, any_matches
from reminderctl.core.statuses import KNOWN, standard_status
from reminderctl.errors import UsageError
from reminderctl.model import Booking, Config

MOST_BOOKINGS = 100_000  # that are looked at for a status


def filter_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--customer`, and an option for each filter that has one."""
    customer = "Only of this customer, by a name or the beginnings of one, email, phone or id; may be repeated."
    function = click.option("--customer", multiple=True, help=customer)(function)
    for filter_ in reversed(FILTERS.values()):
        if filter_.option:
            option = click.option(f"--{filter_.name}", multiple=True, help=f"Only {filter_.option}; may be repeated.")
            function = option(function)
    return click.option("--status", multiple=True, help="Only this status; may be repeated.")(function)


def choose_bookings(
    bookings: Iterable[Booking], wanted: Mapping[str, tuple[str, ...]], *, config: Config
) -> Iterator[Booking]:
    """Return those that the options let through: as filters of a workflow would, but dead bookings too.

    Raises `UsageError` for a customer whom nobody knows.
    """
    named = [lookup.find_recipients(text, ("customer",), config=config) for text in wanted["customer"]]
    customers = {identity.partition(":")[2] for identities in named for identity in identities}
    return (each for each in bookings if _is_wanted(each, wanted, customers=customers))


def _is_wanted(booking: Booking, wanted: Mapping[str, tuple[str, ...]], *, customers: set[str]) -> bool:
    statuses = set(map(standard_status, wanted["status"]))
    if statuses and standard_status(booking.status) not in statuses:
        return False
    if customers and customers.isdisjoint(each.customer.id for each in booking.participants):
        return False
    filters = [each for each in FILTERS.values() if each.option and wanted[each.name]]
    values = {each.name: each.values_of(booking, None, default_language="") for each in filters}
    return all(any_matches(name, wanted=wanted[name], values=texts) for name, texts in values.items())


def refuse_unknown(
    wanted: Mapping[str, tuple[str, ...]], listed: Sequence[Booking], *, bookings: BookingCatalog
) -> None:
    """Raise `UsageError` for a status, a service, a member of staff or a location that no booking has."""
    if wanted["status"] and not listed:
        counts = bookings.count_statuses(None, most=MOST_BOOKINGS)
        known = {*KNOWN, *(standard_status(each.status) for each in counts)}
        _refuse("status", [text for text in wanted["status"] if standard_status(text) not in known], known=known)
    for filter_ in FILTERS.values():
        asked: tuple[Any, ...] = wanted[filter_.name] if filter_.option else ()
        if asked:
            known = bookings.names(filter_.table)
            known |= {text for each in listed for text in filter_.values_of(each, None, default_language="")}
            wrong = [text for text in asked if not any_matches(filter_.name, wanted=[text], values=sorted(known))]
            _refuse(filter_.name, wrong, known=known)


def _refuse(option: str, wrong: Sequence[str], *, known: Iterable[str]) -> None:
    if wrong:
        hint = suggest(wrong[0], sorted(known), of="there are") if known else ""
        raise UsageError(f"--{option}: nothing is called {wrong[0]}{hint}")
