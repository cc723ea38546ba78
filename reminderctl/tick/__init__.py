"""One tick: plan what has fallen due, then send what is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reminderctl import clocks
from reminderctl.bookings import BookingSource
from reminderctl.credentials import Credentials
from reminderctl.errors import EditedError
from reminderctl.ledger import Ledger, circuits, claims, queue, runs
from reminderctl.model import Config, Delivery
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import read
from reminderctl.tick.report import Report

if TYPE_CHECKING:
    from reminderctl.sources.synced import SyncedSources
    from reminderctl.tick.attempt import Deliverer

ALERTS = ".alerts"  # the ending of the file next to the ledger in which alerts are remembered
DRY_RUN = -1  # the number of a run that leaves no trace
BUDGET_SECONDS = 50.0  # after the bookings were read; then no attempt begins: the next minute's run shares the work


def tick(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    load_credentials: Callable[[], Credentials],
    clock: Callable[[], datetime],
    outbox: Path | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    sources: SyncedSources | None = None,
) -> Report:
    """Do all that is due, once; the instant is read once for all planning.

    1. The bookings are read, as far as planning needs them; their `sources` were read just before.
    2. In one transaction the run is recorded, what fell due is planned, and the watermarks advance.
    3. The stamp names the run, before any message leaves.
    4. What dead runs were sending is recovered, and what is open is sent, each circuit by its own workers, with what
       `load_credentials` gives.

    Raises `LedgerWriteError` as soon as the ledger cannot be written, and `LockedError` when it stays locked.
    """
    report = Report(sources.now if sources else clock())
    with runs.Run(ledger) as run:
        until = _read_and_plan(config, ledger, bookings=bookings, sources=sources, run=run, report=report)
        dead = _certainly_dead(run, report)
        _name_stuck(ledger, run, report=report)
        sends = bool(dead) or bool(circuits.ready(ledger, report.now))
        run.write_stamp(report.now, sends=sends)
        if sends and (
            deliverer := _open_deliverer(config, load_credentials, clock=clock, outbox=outbox, report=report)
        ):
            from reminderctl.tick.send import Sender

            sender = Sender(
                config, ledger, bookings=bookings, deliverer=deliverer, run=run, clock=clock, report=report, until=until
            )
            sender.recover(dead)
            sender.work(interrupted)
        _end(run, ledger, bookings=bookings, clock=clock, report=report)
    return report


def _open_deliverer(
    config: Config,
    load_credentials: Callable[[], Credentials],
    *,
    clock: Callable[[], datetime],
    outbox: Path | None,
    report: Report,
) -> Deliverer | None:
    """Load what is sent with; return None, and say so, where the next run has to send."""
    from reminderctl.tick.attempt import Deliverer

    try:
        return Deliverer(config, load_credentials(), clock=clock, outbox=outbox)
    except EditedError as error:
        report.warnings[str(error)] = None
        return None


def _read_and_plan(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    run: runs.Run,
    report: Report,
    sources: SyncedSources | None,
) -> float:
    """Plan by what was read before; return until when this run begins anything, in elapsed seconds."""
    if sources:
        sources.begin(bookings)
    reading = read(config, ledger, bookings=bookings, now=report.now)
    began = clocks.seconds()
    with ledger.transaction():
        run.begin(report.now)
        plan(config, ledger, bookings=bookings, reading=reading, run=run.id, now=report.now, report=report)
        if sources:
            sources.record(ledger, report)
    return began + BUDGET_SECONDS


def _end(
    run: runs.Run, ledger: Ledger, *, bookings: BookingSource, clock: Callable[[], datetime], report: Report
) -> None:
    """Complete the report, and record it where the run did anything."""
    report.leave_out(bookings.problems)
    report.a_circuit_is_down = circuits.any_down(ledger)
    if any(report.counts.values()):
        with ledger.transaction():
            run.end(clock(), report.as_json())


def _name_stuck(ledger: Ledger, run: runs.Run, *, report: Report) -> None:
    """Say what another run, which lives, has been sending for longer than any attempt takes."""
    if run.has_company:
        report.name_stuck(claims.stuck(ledger, report.now))


def _certainly_dead(run: runs.Run, report: Report) -> list[int]:
    """Return the runs that died while sending, without those that may live and hold a lock file that was deleted."""
    dead = run.dead()
    uncertain = [number for number in dead if run.liveness.may_lack(number)]
    if uncertain:
        report.say(
            f"{run.liveness.path}: the file was recreated while messages were being sent; the next run decides about "
            "those, in case another run is still sending them"
        )
    return [number for number in dead if number not in uncertain]


def dry_run(
    config: Config, ledger: Ledger, *, bookings: BookingSource, clock: Callable[[], datetime]
) -> tuple[Report, list[Delivery]]:
    """Return what a tick would plan or finds waiting, without leaving a trace."""
    now = clock()
    report = Report(now, is_dry=True)
    reading = read(config, ledger, bookings=bookings, now=now)
    with ledger.dry_run_transaction():
        plan(config, ledger, bookings=bookings, reading=reading, run=DRY_RUN, now=now, report=report)
        return report, queue.ready(ledger, now)
