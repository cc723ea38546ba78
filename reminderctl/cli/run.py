"""`reminderctl run`: one tick, as cron calls it."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from reminderctl import tick
from reminderctl.bookings import open_bookings
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, PathArgument, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.config import reveal_source
from reminderctl.credentials import Credentials
from reminderctl.errors import ExitCode, ReminderctlError, first_lines
from reminderctl.ledger import Ledger
from reminderctl.model import Config, Delivery
from reminderctl.secret import Secret
from reminderctl.text import shorten
from reminderctl.tick.report import CROWD, Line, Report

if TYPE_CHECKING:
    from reminderctl.cli.run_log import RunLog
    from reminderctl.sources.synced import SyncedSources

MOST_LINES, LONGEST_LINE = 50, 4_000  # cron mails them


@click.command(cls=DocumentedCommand)
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be sent; send and record nothing.")
@click.option(
    "--outbox",
    type=PathArgument(),
    metavar="DIR",
    help="Write messages to this folder as files instead of sending them.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the counts of this run as one JSON object: planned, sent, failed, retrying, ...",
)
@click.option("-v", "--verbose", is_flag=True, help="Also print what was done, not only what went wrong.")
@click.option(
    "--log", metavar="FILE", help="Append what was done, and what went wrong, to FILE; nothing if nothing was due."
)
@shared_options
def command(
    app: AppContext, *, dry_run: bool, outbox: Path | None, as_json: bool, verbose: bool, log: str | None
) -> None:
    """Send every message that became due since the last run, once.

    Prints nothing on success, so that cron has nothing to mail. Exit status: 0 success, 1 something needs attention,
    2 the configuration has problems, 75 a database is locked (the next run tries again).
    """
    diary = _begin_log(log, app=app) if log else None
    try:
        code = _run(app, dry_run=dry_run, outbox=outbox, as_json=as_json, verbose=verbose, diary=diary)
    except ReminderctlError as error:
        if not dry_run:
            from reminderctl.cli.alerting import alert_of_error

            alert_of_error(error, app, outbox=outbox)
        raise
    if code:
        raise SystemExit(code)


def _run(
    app: AppContext, *, dry_run: bool, outbox: Path | None, as_json: bool, verbose: bool, diary: RunLog | None
) -> ExitCode:
    """Do all that is due, print how it went, and return the exit status."""
    config, load_credentials, recalled = _load(app, outbox=outbox)
    if dry_run:
        report = _dry_run(app, config, as_json=as_json)
    else:
        report = _tick(app, config, load_credentials=load_credentials, outbox=outbox or config.outbox)
    if not recalled and not outbox and not config.broken:
        app.save(config)
    for line in first_lines(config.broken):
        say(line, err=True)
    done = _done(report, config) if diary or verbose else []
    if diary:
        diary.add(done)
    _print(report, config, done=done, as_json=as_json, verbose=verbose)
    needs_a_person = ExitCode.NEEDS_A_PERSON if report.needs_a_person else ExitCode.OK
    code = ExitCode.CONFIGURATION if config.broken else needs_a_person
    if config.alerts and not dry_run:
        _alert(report, config, app=app, is_failure=bool(code), outbox=outbox)
    if not code and config.heartbeat and not report.a_circuit_is_down and not dry_run and not outbox:
        _beat(config.heartbeat, verbose=verbose)
    return code


def _alert(report: Report, config: Config, *, app: AppContext, is_failure: bool, outbox: Path | None) -> None:
    """Let the chat room hear of what failed, or that all is well again after it had heard of a failure."""
    if not is_failure and (report.a_circuit_is_down or not os.path.exists(f"{config.ledger}{tick.ALERTS}")):  # noqa: PTH110
        return
    from reminderctl.cli import alerting

    shown = report.lines[:MOST_LINES]
    causes = [alerting.cause_of(line) for line in first_lines(config.broken)]
    causes += [
        alerting.cause_of(text, None if line.delivery is None else f"{line.before}{line.after}")
        for line, text in zip(shown, _texts(shown, config), strict=True)
    ]
    if causes or not is_failure:
        alerting.alert(causes, app, outbox=outbox, now=report.now)


def _dry_run(app: AppContext, config: Config, *, as_json: bool) -> Report:
    """Print what a run would send by what was read before: a dry run reads no source."""
    with open_ledger(app, config, reading=True) as ledger, open_bookings(config) as bookings:
        report, deliveries = tick.dry_run(config, ledger, bookings=bookings, clock=app.clock(config.timezone))
        _show(deliveries, config, as_json=as_json)
    return report


def _tick(
    app: AppContext, config: Config, *, load_credentials: Callable[[], Credentials], outbox: Path | None
) -> Report:
    clock = app.clock(config.timezone)
    with (
        open_ledger(app, config) as ledger,
        _read_sources(config, ledger, now=clock()) as sources,
        open_bookings(config) as bookings,
    ):
        return tick.tick(
            config,
            ledger,
            bookings=bookings,
            load_credentials=load_credentials,
            clock=clock,
            outbox=outbox,
            interrupted=Interruption(),
            sources=sources,
        )


def _read_sources(config: Config, ledger: Ledger, *, now: datetime) -> AbstractContextManager[SyncedSources | None]:
    """Read the sources of the YAML that are due, and leave them open until the run ends."""
    if not config.sources:
        return nullcontext()
    from reminderctl.sources.synced import SyncedSources

    synced = SyncedSources(config, ledger, reveal=functools.partial(reveal_source, environ=os.environ), now=now)
    synced.read(synced.due())
    return synced


def _beat(heartbeat: Secret, *, verbose: bool) -> None:
    from reminderctl.tick.heartbeat import beat

    failure = beat(heartbeat)  # that it cannot be reached is its monitor's news, no failure of this run
    if failure and verbose:
        say(failure, err=True)


def _load(app: AppContext, *, outbox: Path | None) -> tuple[Config, Callable[[], Credentials], bool]:
    """Return the configuration, how to get its credentials, and whether it was remembered from an earlier run."""
    config = None if outbox else app.load_cached()
    if config is not None:
        return config, functools.partial(app.load_credentials, config), True
    config, credentials = app.load_with_credentials(outbox=outbox, deep=True)
    return config, functools.partial(_same, credentials), False


def _same(credentials: Credentials) -> Credentials:
    return credentials


def _show(deliveries: list[Delivery], config: Config, *, as_json: bool) -> None:
    """Print what a dry run would have sent."""
    if as_json:
        return
    lines = [Line(f"{each.workflow}: {each.trigger}: ", each) for each in deliveries]
    for line in _texts(lines, config):
        say(line)
    say(f"would be sent: {len(deliveries)}; nothing was sent or recorded")


def _print(report: Report, config: Config, *, done: Sequence[str], as_json: bool, verbose: bool) -> None:
    shown = report.lines[:MOST_LINES]
    if as_json:
        print_json(report.as_json())
    elif verbose:
        for line in done or ["nothing was due"]:
            say(line)
    for line in _texts(shown, config):
        say(shorten(line, LONGEST_LINE, end=" ..."), err=True)
    if len(report.lines) > MOST_LINES:
        say(f"... and {len(report.lines) - MOST_LINES} more; see `reminderctl deliveries list`", err=True)
    for line in report.news:
        say(line, err=True)
    warnings = list(report.warnings)
    for warning in warnings[:CROWD]:
        say(f"warning: {warning}", err=True)
    if len(warnings) > CROWD:
        say(f"warning: ... and {len(warnings) - CROWD} more customers with an unknown time zone", err=True)


def _texts(lines: Sequence[Line], config: Config) -> list[str]:
    """Return lines in words; the bookings are asked for names where a delivery is named."""
    if not any(line.delivery for line in lines):
        return [line.before for line in lines]
    from reminderctl.bookings.people import find_names

    names = find_names(config, (line.delivery.recipient for line in lines if line.delivery))
    return [line.text(names, timezone=config.timezone) for line in lines]


def _begin_log(path: str, *, app: AppContext) -> RunLog:
    from reminderctl.cli.run_log import RunLog

    return RunLog(path, now=app.now("UTC"))


def _done(report: Report, config: Config) -> list[str]:
    """Return the lines that say what was done; none where nothing was."""
    counts = ", ".join(f"{count} {name}" for name, count in report.counts_by_name().items() if count)
    return [*_texts(report.notes, config), *([counts] if counts else [])]


class Interruption:
    """Remembers whether this process was asked to stop; while there is one, a signal does not end it at once."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True

    def __call__(self) -> bool:
        """Return whether this process shall stop."""
        return self._asked
