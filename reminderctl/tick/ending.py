"""What waits and is no longer owed ends; what only lacks something that was there is held, if that is much at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice, starmap
from typing import NamedTuple

from reminderctl import planning
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, missing, queue
from reminderctl.model import Booking, Config, Delivery, Workflow
from reminderctl.tick.report import Expired, Report

BOOKINGS_AT_ONCE = 500
MAY_CHANGE = ("channel", "lane", "due_at", "expires_at")  # of what waits, when the YAML or the booking does
FEW = 5  # so many may disappear at once: people delete bookings
CROWD_SHARE = 5  # more than one of so many that disappear at once are a file that was emptied, not a decision


class Waiting(NamedTuple):
    """A delivery that waits: as it is owed now, if it is, and what it lacks, if anything."""

    delivery: Delivery
    current: Delivery | None
    workflow: Workflow | None
    booking: Booking | None
    lacks: str | None
    is_unreadable: bool = False  # its booking is there, but nobody can say what it is


def end_what_is_over(config: Config, ledger: Ledger, bookings: Bookings, now: datetime, report: Report) -> bool:
    """Cancel, hold, change or expire what waits; return True while something is held for a booking that is missing.

    1. What a person's change says no to is canceled at once.
    2. What lacks its workflow, its booking or its participant is canceled too, where it is little; where it is more
       than a fifth of all that waits it is held, until that is back, a person cancels it or its deadline passes.
    3. A booking that cannot be read is not a deleted one: what waits for it is held.
    """
    held, total = missing.held(ledger), 0
    lacking: list[Waiting] = []
    back: list[int] = []
    for each in _look_at_all(config, ledger, bookings):
        total += 1
        if each.lacks:
            lacking.append(each)
            continue
        if each.delivery.id in held:
            back.append(each.delivery.id)
        if each.current is None:
            _cancel(each, ledger, now, config=config, report=report)
        elif any(getattr(each.current, name) != getattr(each.delivery, name) for name in MAY_CHANGE):
            queue.update(ledger, each.current)
    to_hold = [*_to_hold(lacking, held, total=total)]
    kept = {each.delivery.id: each.lacks or "" for each in to_hold}
    for each in lacking:
        if each.delivery.id in kept:
            continue
        back.append(each.delivery.id)
        if each.current is None:
            _cancel(each, ledger, now, config=config, report=report)
    missing.let_go(ledger, (number for number in back if number in held))
    if kept:
        report.counts["held"] += missing.hold(ledger, kept)
        report.lines.append(_describe(kept, total=total))
    report.expire(starmap(Expired, queue.expire(ledger, now)))
    return any(each.workflow is not None for each in to_hold)


def _look_at_all(config: Config, ledger: Ledger, bookings: Bookings) -> Iterator[Waiting]:
    """Yield what waits, but for what waits for a broken file to be corrected."""
    workflows = {workflow.id: workflow for workflow in config.workflows}
    waiting = queue.waiting(ledger)
    while some := list(islice(waiting, BOOKINGS_AT_ONCE)):
        found = bookings.find_all({delivery.booking for delivery in some})
        for delivery in some:
            workflow, booking = workflows.get(delivery.workflow), found.get(delivery.booking)
            if workflow is None and config.broken:
                continue
            current = planning.still_owed(delivery, workflow, booking, config=config)
            lacks, unreadable = None, None
            if current is None or (delivery.participant and not current.participant):
                lacks = planning.what_is_missing(delivery, workflow, booking, config=config)
                unreadable = bookings.unreadable.get(delivery.booking) if workflow and booking is None else None
            if lacks and unreadable:
                lacks = f"the booking cannot be read: {unreadable}"
            yield Waiting(delivery, current, workflow, booking, lacks, bool(unreadable))


def _to_hold(lacking: list[Waiting], held: dict[int, str], *, total: int) -> Iterator[Waiting]:
    """Yield what is not to be canceled: one of many that disappeared at once, or are still held since they did."""
    is_crowd = len(lacking) > FEW and len(lacking) * CROWD_SHARE > total
    are_still_held = sum(each.delivery.id in held for each in lacking) > FEW
    for each in lacking:
        if is_crowd or each.is_unreadable or (are_still_held and each.delivery.id in held):
            yield each


def _cancel(each: Waiting, ledger: Ledger, now: datetime, *, config: Config, report: Report) -> None:
    reason = planning.why_not_owed(each.delivery, each.workflow, each.booking, config=config)
    report.withdraw(each.delivery, queue.cancel(ledger, each.delivery, reason, now), reason)


def _describe(kept: dict[int, str], *, total: int) -> str:
    causes = Counter(kept.values()).most_common()
    first, number = causes[0]
    others = f" ({number}), and {len(kept) - number} for other reasons" if len(causes) > 1 else ""
    return (
        f"{len(kept)} of {total} deliveries that wait are held, neither sent nor canceled: {first}{others}; they go "
        "out once that is back before their deadline. `reminderctl deliveries list --missing` names them; if it is "
        "right, `reminderctl deliveries cancel --missing` ends them"
    )
