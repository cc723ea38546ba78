"""A look ahead: the deliveries that the coming runs will attempt, each with the reason if it will not go out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import asdict, replace

from reminderctl.bookings import BookingSource
from reminderctl.core import recheck, timing
from reminderctl.credentials import Credentials
from reminderctl.ledger import Ledger, circuits, history, planned
from reminderctl.model import Booking, Config, Delivery, State, Window, Workflow
from reminderctl.reports.preview.compose import refusal_of
from reminderctl.tick import DRY_RUN
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import owed_in, read
from reminderctl.tick.report import Line, Report

OVER = frozenset({State.CANCELED, State.EXPIRED})
FIRST_STEP = timing.HOUR / 6
BROKEN = "no run sends it while the file of its workflow, {workflow}, has problems"


class Foreseen(history.Record, frozen=True, kw_only=True):
    """A delivery with the reason, if there is one, that it will not go out."""

    reason: str | None = None


class Outlook(NamedTuple):
    """Deliveries, the next attempt first; and what the next run will have to say.

    `next_attempt_at` is when a run will take a delivery up; `reason` says why it will not go out then: it is held back,
    its message cannot be made, its deadline comes first. What no run has planned yet has no `id`.
    """

    deliveries: list[Foreseen]
    lines: list[Line]
    until: datetime  # up to which they are complete
    are_more: bool  # after that


def look_ahead(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    credentials: Credentials,
    window: Window,
    workflow: str | None = None,
    booking: str | None = None,
    most: int | None = None,
) -> Outlook:
    """Return what runs will attempt in a window that begins now, if one is called each minute; the first `most` of it.

    1. What falls due later is found as the runs will find it: of every booking, as together they may be too many.
    2. The next run is planned dry, and the rest with it.
    3. All that is open is read, and the dry run undone.
    4. Of each delivery that was asked for, it is said when it will be attempted, or why not.
    """
    whole = window
    window, later = _fall_due(window, config, bookings=bookings, workflow=workflow, booking=booking, most=most)
    dry_run = _dry_run(window, later, config=config, ledger=ledger, bookings=bookings)
    workflows = {each.id: each for each in config.workflows}
    to_come = _to_come(dry_run, workflows, until=window.until, workflow=workflow, booking=booking)
    shown = to_come[:most]
    until = window.until
    if len(shown) < len(to_come):
        until = timing.parse_instant(shown[-1][0].next_attempt_at or shown[-1][0].due_at)
    concerned = bookings.find_all({delivery.booking for _, delivery in shown})
    checked = _check_all(shown, concerned, newest=dry_run.newest, config=config, credentials=credentials)
    return Outlook([*checked], dry_run.lines, until, until < whole.until)


def _to_come(
    dry_run: _DryRun,
    workflows: Mapping[str, Workflow],
    *,
    until: datetime,
    workflow: str | None,
    booking: str | None,
) -> list[tuple[Foreseen, Delivery]]:
    """Return the open deliveries that were asked for and have an attempt to come, the next one first."""
    bursts = _bursts([delivery for _, delivery in dry_run.open if delivery.id > dry_run.newest], workflows)
    to_come = []
    for record, delivery in dry_run.open:
        if workflow not in (None, delivery.workflow) or booking not in (None, delivery.booking):
            continue
        rest, refused = dry_run.open_circuits.get(delivery.circuit), delivery.id > dry_run.newest
        foreseen = _foresee(record, rest, held=delivery.id in bursts, refused=refused)
        if (foreseen.reason or foreseen.state not in OVER) and (foreseen.next_attempt_at or "") <= timing.instant_text(
            until
        ):
            to_come.append((foreseen, delivery))
    return sorted(to_come, key=lambda pair: (pair[0].next_attempt_at or pair[0].due_at, pair[0].due_at))


class _DryRun(NamedTuple):
    """The deliveries that a dry run left open; `newest` is the last delivery that had been planned before it."""

    newest: int
    open_circuits: Mapping[str, circuits.OpenCircuit]
    open: list[history.Coming]
    lines: list[Line]


def _dry_run(
    window: Window, later: list[Delivery], *, config: Config, ledger: Ledger, bookings: BookingSource
) -> _DryRun:
    report = Report(window.since, is_dry=True)
    reading = read(config, ledger, bookings=bookings, now=window.since)
    with ledger.dry_run_transaction():
        newest = history.newest(ledger)
        plan(config, ledger, bookings=bookings, reading=reading, run=DRY_RUN, now=window.since, report=report)
        planned.enqueue(ledger, later, run=DRY_RUN, now=window.since)
        open_circuits = circuits.open_circuits(ledger, window.since)
        still_open = history.coming(ledger, now=window.since, until=window.until)
    return _DryRun(newest, open_circuits, still_open, report.lines)


def _fall_due(
    window: Window,
    config: Config,
    *,
    bookings: BookingSource,
    workflow: str | None,
    booking: str | None,
    most: int | None,
) -> tuple[Window, list[Delivery]]:
    """Return what falls due in a window, and the window: of whole minutes, with at least `most` of what was asked for.

    It is searched in steps, each twice as long as the one before: a busy business has `most` within the first minutes.
    """
    wanted = [each for each in config.workflows if each.enabled and workflow in (None, each.id)]
    if most is None:
        return window, list(owed_in(window, wanted, bookings=bookings, config=config))
    falling_due: list[Delivery] = []
    number, since, step = 0, window.since, FIRST_STEP
    until = since.replace(second=0, microsecond=0)
    while until < window.until and number < most:
        until = min(until + step, window.until)
        part = list(owed_in(Window(since, until), wanted, bookings=bookings, config=config))
        number += len(part) if booking is None else sum(each.booking == booking for each in part)
        falling_due += part
        since, step = until, 2 * step
    return Window(window.since, until), falling_due


def _foresee(
    record: history.Record, rest: circuits.OpenCircuit | None, *, held: bool, refused: bool = False
) -> Foreseen:
    """Return a record with the attempt that a run will make, or the reason that it will make none."""
    foreseen = Foreseen(**asdict(record))
    if record.state == State.CANCELED and refused:
        return replace(foreseen, reason=record.error)
    if record.state != State.PENDING:
        return foreseen
    begins_at = record.send_at or record.due_at
    attempt_at = max(record.next_attempt_at or "", begins_at, timing.instant_text(rest.until) if rest else "")
    reason = None
    if record.missing:
        reason = f"held: {record.missing}"
    elif held or record.held:
        reason = f"held: more than max_burst at once: `reminderctl release {record.workflow}`"
    elif attempt_at > record.expires_at:
        reason = f"its deadline passes first: {rest.error if rest else record.error}"
    return replace(foreseen, next_attempt_at=attempt_at, held=held or record.held, reason=reason)


def _check_all(
    shown: list[tuple[Foreseen, Delivery]],
    concerned: Mapping[str, Booking],
    *,
    newest: int,
    config: Config,
    credentials: Credentials,
) -> Iterator[Foreseen]:
    """Yield each delivery as `_check` returns it; what comes after the `newest` in the ledger has no id."""
    workflows = {each.id: each for each in config.workflows}
    for foreseen, delivery in shown:
        checked = _check(
            foreseen,
            delivery,
            workflow=workflows.get(delivery.workflow),
            booking=concerned.get(delivery.booking),
            config=config,
            credentials=credentials,
            is_new=delivery.id > newest,
        )
        yield replace(checked, id=None) if delivery.id > newest else checked


def _check(
    foreseen: Foreseen,
    delivery: Delivery,
    *,
    workflow: Workflow | None,
    booking: Booking | None,
    config: Config,
    credentials: Credentials,
    is_new: bool,
) -> Foreseen:
    """Return what is foreseen with the reason, if there is one, that an attempt would come to nothing."""
    if foreseen.state != State.PENDING:
        return foreseen
    if workflow is None and not foreseen.missing:
        return replace(foreseen, reason=BROKEN.format(workflow=delivery.workflow))
    current = delivery if is_new else recheck.still_owed(delivery, workflow, booking=booking, config=config)
    if current is None or booking is None:
        return foreseen  # they changed while we were looking
    reason = foreseen.reason or refusal_of(current, booking, config=config, credentials=credentials) or None
    return replace(foreseen, channel=current.channel, address=current.address, reason=reason)


def _bursts(new: list[Delivery], workflows: Mapping[str, Workflow]) -> set[int]:
    """Return the deliveries of a workflow that are more in one minute than a run lets go unasked."""
    crowds = defaultdict[tuple[str, datetime], list[int]](list)
    for delivery in new:
        crowds[delivery.workflow, _minute_of(delivery.due_at)].append(delivery.id)
    limits = {workflow.id: workflow.max_burst for workflow in workflows.values() if workflow.max_burst is not None}
    crowded = (crowd for (workflow, _), crowd in crowds.items() if len(crowd) > limits.get(workflow, len(crowd)))
    return {each for crowd in crowded for each in crowd}


def _minute_of(due: datetime) -> datetime:
    """Return the minute of the run that will plan what is due then."""
    return due + (-due.second % 60) * timing.MINUTE / 60
