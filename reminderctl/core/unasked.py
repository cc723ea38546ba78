"""The statuses of bookings that no workflow asks for, in words for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reminderctl.core.statuses import GOES_AHEAD, StatusCount, list_known, standard_status
from reminderctl.model import Workflow
from reminderctl.text import pluralize, printable, shorten

_SHOWN, _LONGEST = 10, 40


def describe_unasked(
    counts: Sequence[StatusCount], workflows: Sequence[Workflow], *, are_all: bool = True
) -> Iterator[str]:
    """Yield a sentence for each status that neither we know nor a workflow names.

    Where the counts are those of all bookings, and no workflow asks for what any of them has, one for each status that
    goes ahead, too: `confirmed` beside filters that ask for `approved`.
    """
    asked = list_known(list_named(workflows))
    if are_all and _matches_none(counts, workflows):
        asked -= GOES_AHEAD
    unasked = [each for each in counts if standard_status(each.status) not in asked]
    for each in unasked[:_SHOWN]:
        verb = "is" if each.number == 1 else "are"
        yield f"{pluralize(each.number, each.noun)} {verb} {explain_unasked(each.status, workflows)}"
    if len(unasked) > _SHOWN:
        yield f"and {len(unasked) - _SHOWN:,} more statuses that no workflow asks for"


def explain_unasked(status: str, workflows: Iterable[Workflow]) -> str:
    """Return the end of a sentence about a booking with a status that no workflow names, and what to do."""
    shown = printable(shorten(status, _LONGEST, end="…"))
    are_reminded = any(each.enabled and not each.filters.status for each in workflows)
    effect = ", and those without a status filter remind of it" if are_reminded else ""
    return f"`{shown}`; no workflow asks for that status{effect}; name it under `filters` or `except` of a workflow"


def list_named(workflows: Iterable[Workflow]) -> set[str]:
    """Return the statuses that workflows name, under `filters` or `except`."""
    return {status for each in workflows for status in (*each.filters.status, *each.exceptions.status)}


def _matches_none(counts: Sequence[StatusCount], workflows: Sequence[Workflow]) -> bool:
    """Return True where all workflows filter by statuses that nothing has."""
    enabled = [each for each in workflows if each.enabled]
    wanted = {standard_status(status) for each in enabled for status in each.filters.status}
    there = {standard_status(each.status) for each in counts}
    return bool(enabled) and all(each.filters.status for each in enabled) and wanted.isdisjoint(there)
