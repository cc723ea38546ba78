"""Lint of filters: values that contradict each other, or that nothing has."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from reminderctl.bookings import SqliteBookings, describe_misplaced, describe_unknown_zones
from reminderctl.config.lint.located import LocatedWorkflow
from reminderctl.config.suggestions import nearest
from reminderctl.core.filters import FILTERS, TABLES, any_matches
from reminderctl.core.statuses import StatusCount, standard_status
from reminderctl.core.unasked import describe_unasked
from reminderctl.messages.language_names import find_language_code, is_language_code
from reminderctl.model import Booking, Customer, Participant, Workflow

MOST = 1_000  # values of one filter that are looked at: each is compared with all that there are
MOST_BOOKINGS = 100_000  # that are looked at
USUAL_STATUSES = frozenset(
    {
        "approved",
        "canceled",
        "completed",
        "confirmed",
        "no_show",
        "pending",
        "rejected",
        "rescheduled",
        "scheduled",
        "unconfirmed",
    }
)
ALIKE = 0.8  # `aproved` is near enough to `approved`; `accepted` is a word of its own, not `rejected`, and Ann not Ana


class KnownValues(Struct, frozen=True, kw_only=True):
    """The statuses, and the ids and names of services, staff and locations, by the name of the filter.

    `in_bookings` lacks what nobody asked for, and what cannot be known, as without a bookings.db; `in_samples` is empty
    where none are tried. `problem` says what is wrong with the bookings themselves: how many of them no reminder can
    find, how many customers have a zone that is none.
    """

    in_bookings: Mapping[str, frozenset[str]] = {}
    in_samples: Mapping[str, frozenset[str]] = {}
    status_counts: tuple[StatusCount, ...] = ()
    problem: str = ""


class FilterFinding(NamedTuple):
    """One value of a filter that is probably not meant, and why; `key` is `filters` or `except`.

    It is an error where the value is nearly right, or asks for what no booking can have.
    """

    key: str
    name: str
    place: int  # among the values of that filter
    what: str
    is_error: bool

    def __str__(self) -> str:
        return f"{self.key}: {self.name}: {self.what}"


def used_filters(workflows: Iterable[LocatedWorkflow]) -> set[str]:
    """Return the names of all filters that are used, under `filters` or `except`."""
    return {
        name
        for located in workflows
        for filters in (located.workflow.filters, located.workflow.exceptions)
        for name in FILTERS
        if getattr(filters, name)
    }


def read_known_values(path: Path, wanted: Collection[str]) -> KnownValues:
    """Read the values that bookings have of the filters `wanted`; raises `BookingsError` and `LockedError`."""
    ids: dict[str, set[str]] = {name: set() for name in TABLES}
    count = 0
    with SqliteBookings(path) as bookings:
        for entity_ids in bookings.entity_ids(MOST_BOOKINGS):
            count += 1
            for name, entity_id in zip(TABLES, entity_ids, strict=True):
                ids[name] |= set() if entity_id is None else {str(entity_id)}
        complete = [name for name in TABLES if name in wanted and count < MOST_BOOKINGS]
        values = {name: frozenset(bookings.names(TABLES[name]) | ids[name]) for name in complete}
        known = {name: names for name, names in values.items() if names or count}  # an empty file has none to compare
        counts = bookings.count_statuses(None, most=MOST_BOOKINGS)
        return KnownValues(
            in_bookings={**known, "status": frozenset(each.status for each in counts)},
            status_counts=tuple(counts),
            problem=describe_misplaced(bookings, most=MOST_BOOKINGS)
            or describe_unknown_zones(bookings, most=MOST_BOOKINGS),
        )


def warn_of_filters(workflows: Iterable[LocatedWorkflow], *, known: KnownValues) -> None:
    """Warn of filters that exclude what they ask for, and of values that look misspelt."""
    for located in workflows:
        _warn_of_contradictions(located)
        for finding in lint_filters(located.workflow, known):
            located.warn(located.filter_value(finding.key, finding.name, index=finding.place), str(finding))


def describe_statuses(workflows: Sequence[Workflow], known: KnownValues) -> Iterator[str]:
    """Yield a sentence for each status of bookings that no workflow asks for; a misspelt filter explains it already."""
    are_misspelt = any(finding.name == "status" for each in workflows for finding in lint_filters(each, known))
    return describe_unasked(known.status_counts, workflows, are_all=not are_misspelt)


# --- contradictions ---------------------------------------------------------------------------------------------------


def _warn_of_contradictions(located: LocatedWorkflow) -> None:
    filters, exceptions = located.workflow.filters, located.workflow.exceptions
    for name in FILTERS:
        wanted, unwanted = getattr(filters, name), getattr(exceptions, name)
        if max(len(wanted), len(unwanted)) > MOST:
            continue
        if wanted and unwanted and all(_excludes(name, text, unwanted=unwanted) for text in wanted):
            located.warn(
                located.filter_value("except", name, index=0),
                f"except: {name}: excludes everything that `filters` selects ({', '.join(wanted)}): this workflow "
                "never fires; remove it from one of the two",
            )


def _excludes(name: str, text: str, *, unwanted: tuple[str, ...]) -> bool:
    """Return True if a booking that has just this would be excluded."""
    booking = FILTERS[name].with_value(_ANY, text)
    values = FILTERS[name].values_of(booking, booking.participants[0], default_language=text)
    return any_matches(name, wanted=unwanted, values=values)


_ANY = Booking(
    id="1",
    starts_at=datetime(2026, 11, 23, tzinfo=UTC),
    ends_at=datetime(2026, 11, 23, tzinfo=UTC),
    participants=(Participant(customer=Customer(id="1")),),
)


# --- values that nothing has ------------------------------------------------------------------------------------------


def lint_filters(workflow: Workflow, known: KnownValues) -> Iterator[FilterFinding]:
    """Yield each value of a workflow's filters, under `filters` and under `except`, that is probably not meant."""
    for key, filters in (("filters", workflow.filters), ("except", workflow.exceptions)):
        for name in TABLES:
            for index, value in enumerate(getattr(filters, name)[:MOST]):
                mistake, is_error = _check_name(name, value, known=known, wanted=key == "filters")
                if mistake:
                    yield FilterFinding(key, name, index, mistake, is_error)
        for index, status in enumerate(filters.status[:MOST]):
            if mistake := _check_status(status, known):
                yield FilterFinding(key, "status", index, mistake, is_error=True)
        for index, language in enumerate(filters.language[:MOST]):
            if mistake := language_mistake(language):
                yield FilterFinding(key, "language", index, mistake, is_error=True)


def _check_name(name: str, value: str, *, known: KnownValues, wanted: bool) -> tuple[str, bool]:
    """Return what is wrong with an id or name, and whether that is an error; an empty text where something has it.

    What is not there need not be excluded, so an `except` is an error only where it is nearly right.
    """
    booked, samples = known.in_bookings.get(name), known.in_samples.get(name)
    there = booked or frozenset()
    places = [where for where, names in (("the samples", samples), ("bookings.db", booked)) if names is not None]
    everything = there | (samples or frozenset())
    if not places or value.strip().casefold() in {text.strip().casefold() for text in everything}:
        return "", False
    what = f"nothing is named `{value}`"
    if near := _nearest(value, there) or _nearest(value, everything):
        return f"{what}; did you mean `{near}`?", True
    if there and wanted:
        return f"{what} in bookings.db, which has {_some(there)}", True
    return f"{what} in {' or in '.join(places)}", False


def _check_status(status: str, known: KnownValues) -> str:
    """Return what is wrong with a status; an empty text where it is usual, or where nothing is like it."""
    used = known.in_samples.get("status", frozenset()) | known.in_bookings.get("status", frozenset())
    there = USUAL_STATUSES | {standard_status(text) for text in used}
    near = "" if standard_status(status) in there else _nearest(standard_status(status), there)
    return f"`{status}` is not a known status; did you mean `{near}`?" if near else ""


@functools.lru_cache(maxsize=1024)
def language_mistake(language: str) -> str:
    """Return what is wrong with the word for a language; an empty text where the code is one that CLDR knows."""
    if is_language_code(language):
        return ""
    meant = find_language_code(language)
    right = f"write `{meant}`" if meant else "use codes such as es, en, pt-BR"
    return f"`{language}` is not a language code ({right})"


def _nearest(value: str, choices: Collection[str]) -> str:
    return nearest(value.strip(), sorted(choices, reverse=True), cutoff=ALIKE)  # a name rather than its id


def _some(names: Collection[str]) -> str:
    shown = sorted(names, key=lambda name: (name.casefold(), name))[:6]  # spellings of one name, too, in one order
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
