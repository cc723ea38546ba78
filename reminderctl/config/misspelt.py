"""Filters that look as if they were misspelt: values that nothing carries."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from reminderctl.config.settings import is_language
from reminderctl.config.suggestions import nearest
from reminderctl.core.filters import TABLES, standard_status
from reminderctl.model import Workflow

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


class Known(Struct, frozen=True, kw_only=True):
    """The statuses, and the ids and names of services, staff and locations, by the name of the filter.

    `in_bookings` lacks what cannot be known, as without a bookings.db; `in_samples` is empty where none are tried.
    """

    in_bookings: Mapping[str, frozenset[str]]
    in_samples: Mapping[str, frozenset[str]] = {}


class Suspicion(NamedTuple):
    """What is wrong with one value of a filter; `key` is `filters` or `except`.

    It is `grave` where the value is nearly right, or asks for what no booking can have.
    """

    key: str
    name: str
    place: int  # among the values of that filter
    what: str
    grave: bool

    def __str__(self) -> str:
        return f"{self.key}: {self.name}: {self.what}"


def suspect(workflow: Workflow, known: Known) -> Iterator[Suspicion]:
    """Yield each value of a workflow's filters, under `filters` and under `except`, that is probably not meant."""
    for key, filters in (("filters", workflow.filters), ("except", workflow.exceptions)):
        for name in TABLES:
            for index, value in enumerate(getattr(filters, name)):
                what, grave = _judge_name(name, value, known=known, wanted=key == "filters")
                if what:
                    yield Suspicion(key, name, index, what, grave)
        for index, status in enumerate(filters.status):
            if what := _judge_status(status, known):
                yield Suspicion(key, "status", index, what, grave=True)
        for index, language in enumerate(filters.language):
            if what := language_mistake(language):
                yield Suspicion(key, "language", index, what, grave=True)


def _judge_name(name: str, value: str, *, known: Known, wanted: bool) -> tuple[str, bool]:
    """Return what is wrong with an id or name, and whether that is grave; an empty text where something has it.

    What is not there need not be excluded, so an `except` is gravely wrong only where it is nearly right.
    """
    booked, samples = known.in_bookings.get(name), known.in_samples.get(name)
    there = booked or frozenset()
    places = [where for where, names in (("samples", samples), ("bookings.db", booked)) if names is not None]
    carried = there | (samples or frozenset())
    if not places or value.strip().casefold() in {each.strip().casefold() for each in carried}:
        return "", False
    what = f"nothing is named `{value}`"
    if near := _nearest(value, there) or _nearest(value, carried):
        return f"{what}; did you mean `{near}`?", True
    if there and wanted:
        return f"{what} in bookings.db; it knows {_some(there)}", True
    return f"{what} in {' or in '.join('the samples' if each == 'samples' else each for each in places)}", False


def _judge_status(status: str, known: Known) -> str:
    carried = known.in_samples.get("status", frozenset()) | known.in_bookings.get("status", frozenset())
    there = USUAL_STATUSES | {standard_status(each) for each in carried}
    near = "" if standard_status(status) in there else _nearest(standard_status(status), there)
    return f"`{status}` is no usual status; did you mean `{near}`?" if near else ""


@functools.lru_cache(maxsize=1024)
def language_mistake(language: str) -> str:
    """Return what is wrong with the word for a language; an empty text where the code is one that CLDR knows."""
    from babel import Locale

    names = Locale("en").languages
    word = language.strip()
    if is_language(word) and word.replace("_", "-").partition("-")[0].casefold() in names:
        return ""
    meant = next((code for code, name in names.items() if name.casefold() == word.casefold()), "")
    right = f"write `{meant}`" if meant else "codes look like es, en, pt-BR"
    return f"`{language}` is no language code ({right})"


def _nearest(value: str, choices: Collection[str]) -> str:
    return nearest(value.strip(), sorted(choices, reverse=True), cutoff=ALIKE)  # a name rather than its id


def _some(names: Collection[str]) -> str:
    shown = sorted(names, key=str.casefold)[:6]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
