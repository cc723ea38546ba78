"""Filters that look as if they were misspelt: values that nothing carries."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from reminderctl.bookings import Bookings
from reminderctl.matching import standard_status
from reminderctl.model import Booking, Config, Workflow
from reminderctl.trial.nouns import Sample

TABLES = {"service": "services", "location": "locations", "staff": "staff"}
USUAL_STATUSES = ("approved", "canceled", "completed", "confirmed", "no_show", "pending", "rejected", "rescheduled")
# Nearer than words that only look alike: Ann is not Ana, and arrived is not approved.
_NEAR = 0.75


class Known(Struct, frozen=True, kw_only=True):
    """What bookings carry, by the name of the filter: in the samples, and in bookings.db, where there is one."""

    in_samples: Mapping[str, frozenset[str]]
    in_bookings: Mapping[str, frozenset[str]]


class Suspicions(NamedTuple):
    """What is wrong with a workflow's filters, and what may be."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def learn(samples: Iterable[Sample], *, config: Config) -> Known:
    """What the samples and bookings.db know; a missing bookings.db knows nothing."""
    in_samples: dict[str, set[str]] = {name: set() for name in (*TABLES, "status")}
    for sample in samples:
        for name, values in _carried(sample.booking).items():
            in_samples[name] |= values
    in_bookings: dict[str, set[str]] = {}
    if config.bookings.exists():
        with Bookings(config.bookings) as bookings:
            in_bookings = {name: bookings.names(table) for name, table in TABLES.items()}
            in_bookings["status"] = bookings.statuses()
    return Known(in_samples=_frozen(in_samples), in_bookings=_frozen(in_bookings))


def _frozen(values: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(each) for name, each in values.items()}


def _carried(booking: Booking) -> dict[str, set[str]]:
    nouns = {name: getattr(booking, name) for name in TABLES}
    found = {name: {noun.id, noun.name} - {None} for name, noun in nouns.items() if noun}
    return found | {"status": {booking.status, *(each.status for each in booking.participants if each.status)}}


def suspect(workflow: Workflow, known: Known) -> Suspicions:
    """What is wrong with the values of a workflow's filters, under `filters` and under `except`."""
    problems, notes = [], []
    for where, filters in (("filters", workflow.filters), ("except", workflow.exceptions)):
        for name in TABLES:
            for value in getattr(filters, name):
                problem, note = _judge_name(name, value, known, wanted=where == "filters")
                problems += [f"{where}: {name}: {problem}"] if problem else []
                notes += [f"{where}: {name}: {note}"] if note else []
        problems += [f"{where}: status: {what}" for what in _judge_statuses(filters.status, known)]
        problems += [f"{where}: language: {what}" for what in _judge_languages(filters.language)]
    return Suspicions(tuple(problems), tuple(notes))


def _judge_name(name: str, value: str, known: Known, *, wanted: bool) -> tuple[str, str]:
    """A problem or a note about an id or name; both empty where something carries it.

    What is not there need not be excluded, so an `except` is wrong only where it is nearly right.
    """
    there, samples = known.in_bookings.get(name, frozenset()), known.in_samples[name]
    if value.strip().casefold() in {each.strip().casefold() for each in there | samples}:
        return "", ""
    what = f"nothing is named {value}"
    if near := _nearest(value, there) or _nearest(value, samples):
        return f"{what}; did you mean {near}?", ""
    if there and wanted:
        return f"{what} in bookings.db; it knows {_some(there)}", ""
    return "", f"{what} in the samples{' or in bookings.db' if there else ''}"


def _judge_statuses(statuses: Iterable[str], known: Known) -> Iterator[str]:
    carried = known.in_samples["status"] | known.in_bookings.get("status", frozenset())
    there = {standard_status(each) for each in carried} | {*USUAL_STATUSES}
    for status in statuses:
        near = "" if standard_status(status) in there else _nearest(standard_status(status), there)
        if near:
            yield f"no booking is {status}; did you mean {near}?"


def _judge_languages(languages: Collection[str]) -> Iterator[str]:
    if not languages:
        return
    from babel import Locale, UnknownLocaleError

    for language in languages:
        base = language.strip().replace("_", "-").partition("-")[0]
        try:
            Locale.parse(base)
        except (UnknownLocaleError, ValueError):
            names = {name.casefold(): code for code, name in Locale("en").languages.items()}
            meant = names.get(language.strip().casefold())
            right = f"did you mean {meant}?" if meant else "write a code such as es, en or pt-BR"
            yield f"there is no language {language}; {right}"


def _nearest(value: str, choices: Iterable[str]) -> str:
    spelt = {choice.casefold(): choice for choice in sorted(choices, reverse=True)}  # a name rather than its id
    near = difflib.get_close_matches(value.strip().casefold(), spelt, n=1, cutoff=_NEAR)
    return spelt[near[0]] if near else ""


def _some(names: Collection[str]) -> str:
    shown = sorted(names, key=str.casefold)[:6]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
