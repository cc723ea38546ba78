"""Advice on filters: values that contradict each other, and those that no booking has."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from yaml.nodes import Node

from reminderctl import timing
from reminderctl.config.advice.bookings import Seen
from reminderctl.config.advice.placed import Placed
from reminderctl.config.words import did_you_mean, nearest
from reminderctl.matching import standard_status, why_not_matching
from reminderctl.model import Booking, Customer, Filters, Location, Participant, Service, Staff, Workflow

USUAL_STATUSES = frozenset({"approved", "pending", "canceled", "rejected", "no_show", "completed"})
ALIKE = 0.8  # `aproved` is near enough to `approved`; `accepted` is a word of its own, not `rejected`
NOUNS = {"service": "service", "staff": "member of staff", "location": "location"}


class Given(NamedTuple):
    """One value of a filter; `key` is `filters` or `except`."""

    placed: Placed
    node: Node
    key: str
    name: str
    text: str

    def warn(self, what: str) -> None:
        self.placed.warn(self.node, f"{self.key}: {self.name}: {what}")

    @property
    def effect(self) -> str:
        return "excludes nothing" if self.key == "except" else "lets nothing through"


def given_values(placed: Iterable[Placed]) -> list[Given]:
    """Every value of every filter, in the order of the files."""
    return [
        Given(each, each.filter_value(key, name, index), key, name, text)
        for each in placed
        for key, filters in (("filters", each.workflow.filters), ("except", each.workflow.exceptions))
        for name in Filters.__struct_fields__
        for index, text in enumerate(getattr(filters, name))
    ]


def advise_on_filters(placed: Iterable[Placed], values: Iterable[Given], *, seen: Seen) -> None:
    """Warn of filters that exclude what they ask for, of misspelt statuses, and of names that no booking carries."""
    for each in placed:
        _warn_of_contradictions(each)
    for given in values:
        if given.name == "status":
            _warn_of_status(given, seen.statuses)
        elif given.name in seen.names:
            _warn_of_name(given, seen.names[given.name])


def _warn_of_contradictions(placed: Placed) -> None:
    filters, exceptions = placed.workflow.filters, placed.workflow.exceptions
    for name in Filters.__struct_fields__:
        wanted, unwanted = getattr(filters, name), getattr(exceptions, name)
        if wanted and unwanted and all(_excludes(unwanted, name, text) for text in wanted):
            placed.warn(
                placed.filter_value("except", name, 0),
                f"except: {name}: excludes all that `filters` asks for ({', '.join(wanted)}): this workflow never "
                "fires; take it out of one of the two",
            )


def _excludes(unwanted: tuple[str, ...], name: str, text: str) -> bool:
    """Would a booking that has just this be excluded?"""
    at = timing.parse_instant("2026-11-23T08:00:00Z")
    booking = Booking(
        id="1",
        starts_at=at,
        ends_at=at,
        status=text,
        service=Service(id=text),
        staff=Staff(id=text),
        location=Location(id=text),
    )
    workflow = Workflow(
        id="w", triggers=(), actions=(), filters=Filters(status=(text,)), exceptions=Filters(**{name: unwanted})
    )
    participant = Participant(customer=Customer(id="1", language=text))
    return why_not_matching(workflow, booking, participant, default_language=text) is not None


def _warn_of_status(given: Given, of_bookings: Collection[str]) -> None:
    statuses = USUAL_STATUSES | {standard_status(status) for status in of_bookings}
    status = standard_status(given.text)
    near = "" if status in statuses else nearest(status, statuses, cutoff=ALIKE)
    if near:
        given.warn(f"`{given.text}` is no usual status, and {given.effect}; did you mean `{near}`?")


def _warn_of_name(given: Given, names: Collection[str]) -> None:
    if given.text.strip().casefold() not in {name.strip().casefold() for name in names}:
        meant = did_you_mean(given.text, names) or "; write one as it stands there"
        given.warn(
            f"no {NOUNS[given.name]} of the bookings has the id or name `{given.text}`, so it {given.effect}{meant}"
        )
