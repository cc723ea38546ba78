"""One tick: plan what has fallen due, then send what is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from reminderctl import clocks
from reminderctl.bookings import BookingSource
from reminderctl.ledger import Ledger, circuits, claims, queue, runs
from reminderctl.model import Config, Delivery
from reminderctl.tick.plan import plan
from reminderctl.tick.reading import read
from reminderctl.tick.report import Report

DRY_RUN = -1  # the number of a run that leaves no trace
BUDGET_SECONDS = 50.0  # after the bookings were read; then no attempt begins: the next minute's run shares the work

Clock = Callable[[], datetime]


def tick(
    config: Config,
    ledger: Ledger,
    bookings: BookingSource,
    *,
    complete: Callable[[], Config],
    clock: Clock,
    outbox: Path | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Report:
    """Do all that is due, once; the instant is read once for all planning.

    `config` is enough to plan with; `complete` gives it with the channels' settings, when there is something to send.

    1. The bookings are read, as far as planning needs them.
    2. In one transaction the run is recorded, what fell due is planned, and the watermarks advance.
    3. The stamp names the run, before anything leaves the house.
    4. What dead runs were sending is recovered, and what is open is sent, each circuit by its own workers.

    Raises `LedgerWriteError` as soon as the ledger cannot be written, and `LockedError` when it stays locked.
    """
    now = clock()
    report = Report(now)
    with runs.Run(ledger) as run:
        reading = read(config, ledger, bookings, now=now)
        began = clocks.seconds()
        with ledger.transaction():
            run.begin(now)
            plan(config, ledger, bookings, reading=reading, run=run.id, now=now, report=report)
        dead = _certainly_dead(run, report)
        _name_stuck(ledger, run, now=now, report=report)
        sends = bool(dead) or bool(circuits.ready(ledger, now))
        run.write_stamp(now, sends=sends)
        if sends:
            from reminderctl.tick.send import Sender

            sender = Sender(
                complete(),
                ledger,
                bookings=bookings,
                run=run,
                clock=clock,
                outbox=outbox,
                report=report,
                until=began + BUDGET_SECONDS,
                interrupted=interrupted,
            )
            sender.recover(dead)
            sender.work()
        report.leave_out(bookings.problems)
        report.a_circuit_is_down = circuits.any_down(ledger)
        if any(report.counts.values()):
            with ledger.transaction():
                run.end(clock(), report.as_json())
    return report


def _name_stuck(ledger: Ledger, run: runs.Run, *, now: datetime, report: Report) -> None:
    """Say what another run, which lives, has been sending for longer than any attempt takes."""
    if run.has_company:
        report.name_stuck(claims.stuck(ledger, now))


def _certainly_dead(run: runs.Run, report: Report) -> list[int]:
    """Return the runs that died while sending, without those that may live and hold a lock file that was deleted."""
    dead = run.dead()
    uncertain = [number for number in dead if run.liveness.may_lack(number)]
    if uncertain:
        report.lines.append(
            f"{run.liveness.path}: made anew while messages were being sent; those are left alone until the next "
            "minute's run, so that a run that still sends them can hold the new file"
        )
    return [number for number in dead if number not in uncertain]


def rehearse(config: Config, ledger: Ledger, bookings: BookingSource, *, clock: Clock) -> tuple[Report, list[Delivery]]:
    """What a tick would plan or finds waiting, without leaving a trace."""
    now = clock()
    report = Report(now)
    reading = read(config, ledger, bookings, now=now)
    with ledger.dry_run_transaction():
        plan(config, ledger, bookings, reading=reading, run=DRY_RUN, now=now, report=report)
        return report, queue.ready(ledger, now)
