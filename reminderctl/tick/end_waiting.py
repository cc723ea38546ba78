"""The end of deliveries that are no longer owed while they wait.

What only lacks something that was there is held, where that is much at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import starmap

from reminderctl.bookings import BookingSource
from reminderctl.core import recheck, recipients
from reminderctl.ledger import Ledger, checks, missing, queue, runs
from reminderctl.model import Config
from reminderctl.text import pluralize
from reminderctl.tick.pending_rounds import CROWD_SHARE, FEW, Checked, CheckedDelivery
from reminderctl.tick.reading import Reading
from reminderctl.tick.report import Expired, Report


def end_what_is_over(
    config: Config, ledger: Ledger, *, reading: Reading, run: int, now: datetime, report: Report
) -> bool:
    """Cancel, hold, change or expire what waits; return True while something is held for a booking that is missing.

    1. What a change by a person excludes is canceled at once.
    2. What lacks its workflow, its booking or its participant is canceled too, where it is little; where it is more
       than a fifth of all that waits it is held, until that is back, a person cancels it or its deadline passes.
    3. A booking that cannot be read is not a deleted one: what waits for it is held. So it is where its source no
       longer lists it, or was not read for long, until that is over.

    Where a run that read the bookings later has done this already, only deadlines are looked at.
    """
    overtaken = runs.overtaken(ledger, run, newest=reading.newest_run, now=now)
    if overtaken:
        checks.forget(ledger)  # what this run plans may be older than the round that it would belong to
    elif reading.checked.done:
        checks.record(ledger, reading.checked.done)
    is_held = not overtaken and _act_on(reading.checked, config, ledger=ledger, now=now, report=report)
    report.expire(starmap(Expired, queue.expire(ledger, now)))
    return is_held


def hold_what_is_unknown(
    ledger: Ledger, bookings: BookingSource, *, emptied: Collection[str], run: int, report: Report
) -> None:
    """Hold what was planned for recipients or bookings of which nobody knows how they are.

    The table of the recipients was `emptied`; or the source of a booking no longer lists it, or was not read for long.
    """
    for kind, table in recipients.TABLES.items():
        held = missing.hold_without_address(ledger, kind, table=table, run=run) if table in emptied else 0
        if held:
            report.counts["held"] += held
            report.say(f"{pluralize(held, 'new delivery')} held: {missing.EMPTIED.format(table)}")
    for source, reason in bookings.held_sources().items():
        report.counts["held"] += missing.hold_of_source(ledger, f"{source}:", reason=reason)
    for booking, reason in bookings.held_bookings().items():
        report.counts["held"] += missing.hold_of_booking(ledger, booking, reason=reason)


def _act_on(checked: Checked, config: Config, *, ledger: Ledger, now: datetime, report: Report) -> bool:
    """Change the ledger by what some checks found; return as `end_what_is_over` does."""
    held, total = missing.held(ledger), checked.total
    lacking: list[CheckedDelivery] = []
    of_sources: dict[int, str] = {}
    back: list[int] = []
    for each in checked.found:
        if each.is_held_by_source:
            of_sources[each.delivery.id] = each.lacks or ""
            continue
        if each.lacks:
            lacking.append(each)
            continue
        if each.delivery.id in held:
            back.append(each.delivery.id)
        if each.current is None:
            _cancel(each, ledger, now=now, config=config, report=report)
        elif each.is_changed:
            queue.update(ledger, each.current, now=now)
    to_hold = [*_to_hold(lacking, held, total=total)]
    kept = {each.delivery.id: each.lacks or "" for each in to_hold}
    for each in lacking:
        if each.delivery.id in kept:
            continue
        back.append(each.delivery.id)
        if each.current is None:
            _cancel(each, ledger, now=now, config=config, report=report)
    missing.let_go(ledger, (number for number in back if number in held))
    report.counts["held"] += missing.hold(ledger, of_sources)
    if kept:
        report.counts["held"] += missing.hold(ledger, kept)
        marked = missing.held(ledger)
        bursts = {each.delivery.workflow for each in to_hold if each.delivery.id not in marked}
        listed = sum(number in marked for number in kept)
        report.say(_describe(kept, listed=listed, bursts=sorted(bursts), total=total, is_dry=report.is_dry))
    return any(each.workflow is not None for each in to_hold)


def _to_hold(lacking: list[CheckedDelivery], held: dict[int, str], *, total: int) -> Iterator[CheckedDelivery]:
    """Yield what is not to be canceled: one of many that disappeared at once, or are still held since they did."""
    is_crowd = len(lacking) > FEW and len(lacking) * CROWD_SHARE > total
    are_still_held = sum(each.delivery.id in held for each in lacking) > FEW
    for each in lacking:
        if is_crowd or each.is_unreadable or (are_still_held and each.delivery.id in held):
            yield each


def _cancel(each: CheckedDelivery, ledger: Ledger, *, now: datetime, config: Config, report: Report) -> None:
    reason = each.gone or recheck.why_not_owed(each.delivery, each.workflow, booking=each.booking, config=config)
    report.withdraw(each.delivery, queue.cancel(ledger, each.delivery, reason=reason, now=now), reason=reason)


def _describe(kept: dict[int, str], *, listed: int, bursts: list[str], total: int, is_dry: bool) -> str:
    """Describe what is held; `listed` of it for nothing else, and the rest also as bursts of some workflows."""
    causes = Counter(kept.values()).most_common()
    first, number = causes[0]
    others = f" ({number}), and {len(kept) - number} for other reasons" if len(causes) > 1 else ""
    are_held = "will be held by the next run" if is_dry else "are held"
    text = (
        f"{len(kept)} of {total} pending deliveries {are_held}, neither sent nor canceled: {first}{others}; they are "
        "sent if that is restored before their deadline"
    )
    if bursts:
        which = f"{len(kept) - listed} of them" if listed else "they"
        text += f"; {which} also wait for {', '.join(f'`reminderctl release {each}`' for each in bursts)}"
    if is_dry or not listed:
        return text
    return (
        f"{text}. `reminderctl deliveries list --missing` lists {'the others' if bursts else 'them'}; if they are no "
        "longer wanted, `reminderctl deliveries cancel --missing` cancels them"
    )
