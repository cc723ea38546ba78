"""`reminderctl test`: what the workflows would send, to the letter, before anybody gets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import click

from reminderctl.bookings import open_bookings
from reminderctl.cli import lookup
from reminderctl.cli.completions import complete
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, PathArgument, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.test_json import describe_sample, describe_sent, describe_trial
from reminderctl.cli.test_output import print_samples, print_sent, print_trials
from reminderctl.config.suggestions import suggest
from reminderctl.credentials import Credentials
from reminderctl.errors import ExitCode, UsageError, first_lines
from reminderctl.model import Config, Workflow
from reminderctl.reports.preview.models import Sample, Trial


class Options(NamedTuple):
    """The options of the command, beside the workflows."""

    booking_id: str | None
    sample_names: tuple[str, ...]
    send: bool
    to: str | None
    html: Path | None
    as_json: bool
    verbose: bool

    @property
    def named(self) -> bool:
        """Return whether particular bookings were asked for: then all are shown, and nothing missing is forgiven."""
        return bool(self.booking_id or self.sample_names)


@click.command(cls=DocumentedCommand)
@click.argument("workflow_ids", metavar="[WORKFLOW]...", nargs=-1, shell_complete=complete("workflow"))
@click.option(
    "--booking",
    "booking_id",
    shell_complete=complete("booking"),
    metavar="ID",
    help="Try with this booking of bookings.db.",
)
@click.option(
    "--sample",
    "sample_names",
    shell_complete=complete("sample"),
    metavar="NAME",
    multiple=True,
    help="Try with this sample; may be repeated.",
)
@click.option("--samples", "list_samples", is_flag=True, help="List the samples, and try nothing.")
@click.option(
    "--send", is_flag=True, help="Really deliver the messages, marked as a test, to the address of --to only."
)
@click.option(
    "--to",
    metavar="ADDRESS",
    help="Where --send delivers: an email address, a phone number with +, a Telegram chat, a chat room or a URL.",
)
@click.option("--html", type=PathArgument(), metavar="FILE", help="Write a page to look at in a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array: one object for each workflow and sample.")
@click.option("-v", "--verbose", is_flag=True, help="Show every sample's messages in full, with all of their headers.")
@shared_options
def command(app: AppContext, *, workflow_ids: tuple[str, ...], list_samples: bool, send: bool, **given: Any) -> None:
    """Show every message that the workflows would send, filled in for sample bookings.

    Each WORKFLOW (all, where none is named) is tried with each sample, switched off ones too: whether it matches and
    which filter says no, when each trigger falls due, and the exact message to each recipient. A file samples.yaml
    next to the workflows adds your own samples. Nothing is sent or recorded.

    With --send the messages of the first sample that matches (or of the one named) are delivered, to the address of
    --to and nobody else: email to an email address, SMS and WhatsApp to a number, webhooks to a URL.

    Exit status: 0 all well, 1 a message would fail or a filter is misspelled, 2 the command or the configuration has
    problems.
    """
    from reminderctl.reports.preview.samples import read_samples

    options = Options(send=send, **given)
    _check_usage(options)
    config, credentials = app.load_with_credentials(outbox=None if send else Path(), deep=True)
    if options.to:
        _channels_for(options.to, credentials)
    now = app.now(config.timezone)
    for line in first_lines(config.broken):
        say(line, err=True)
    samples = read_samples(config, now=now)
    if list_samples:
        _list_samples(samples.values(), config=config, as_json=options.as_json)
        failed = False
    else:
        workflows = _chosen_workflows(workflow_ids, config)
        trials = _try(workflows, samples, options=options, config=config, credentials=credentials, now=now)
        page = _write_page(options.html, trials, config=config, now=now) if options.html else None
        failed = (_send if send else _show)(trials, options=options, config=config, credentials=credentials, now=now)
        if page:
            say(f"written  {page}", err=options.as_json)
    if config.broken:
        raise SystemExit(ExitCode.CONFIGURATION)
    if failed:
        raise SystemExit(ExitCode.NEEDS_A_PERSON)


# --- what is tried ----------------------------------------------------------------------------------------------------


def _check_usage(options: Options) -> None:
    """Raise `UsageError` for options that make no sense together."""
    if options.send and not options.to:
        raise UsageError("--send needs --to ADDRESS: nobody else gets the test messages")
    if options.to and not options.send:
        raise UsageError("--to goes with --send; without it nothing is sent")
    if options.booking_id and options.sample_names:
        raise UsageError("--booking and --sample exclude each other; keep one")


def _channels_for(address: str, credentials: Credentials) -> tuple[str, ...]:
    """Return the channels that an address suits; raises `UsageError` where it is none."""
    from reminderctl.reports.preview.send import channels_for

    return channels_for(address, credentials=credentials)


def _chosen_workflows(workflow_ids: Sequence[str], config: Config) -> list[Workflow]:
    return [lookup.find_workflow(config, each) for each in dict.fromkeys(workflow_ids)] or list(config.workflows)


def _try(
    workflows: list[Workflow],
    samples: dict[str, Sample],
    *,
    options: Options,
    config: Config,
    credentials: Credentials,
    now: datetime,
) -> list[Trial]:
    from reminderctl.reports.preview.run import ADAPTABLE, known_values, run_all

    wanted = samples
    if options.booking_id:
        wanted = {options.booking_id: _booked(options.booking_id, config)}
    elif options.sample_names:
        wanted = {name: _named(name, samples) for name in options.sample_names}
    known = known_values((*samples.values(), *wanted.values()), config=config)
    adaptable = None if options.named else samples[ADAPTABLE]
    return [
        *run_all(workflows, wanted, config=config, credentials=credentials, now=now, known=known, adaptable=adaptable)
    ]


def _named(name: str, samples: dict[str, Sample]) -> Sample:
    if name not in samples:
        raise UsageError(f"there is no sample {name}{suggest(name, samples, of='there are')}")
    return samples[name]


def _booked(booking_id: str, config: Config) -> Sample:
    with open_bookings(config) as bookings:
        booking = lookup.find_booking(bookings, booking_id)
    return Sample(
        name=booking_id, about=f"booking {booking_id} of {config.bookings.name}", booking=booking, is_booked=True
    )


# --- what comes of it -------------------------------------------------------------------------------------------------


def _show(trials: list[Trial], *, options: Options, config: Config, credentials: Credentials, now: datetime) -> bool:
    """Print what was tried; return whether anything is wrong."""
    del config, credentials
    if options.as_json:
        print_json([describe_trial(trial) for trial in trials])
    else:
        print_trials(trials, now=now, everything=options.named or options.verbose, verbose=options.verbose)
    return any(trial.problems for trial in trials)


def _send(trials: list[Trial], *, options: Options, config: Config, credentials: Credentials, now: datetime) -> bool:
    """Send, print what became of each message, and return whether one failed; raises `UsageError` for none."""
    from reminderctl.reports.preview.send import send_all

    address = options.to or ""
    wanted = [trial for trial in trials if trial.matches] if options.named else [*_first_matching(trials)]
    bookings = {trial.sample.name: trial.sample.booking for trial in wanted}
    sent = []
    for message in send_all(wanted, address, config=config, credentials=credentials, now=now):
        sent.append(message)
        if not options.as_json:
            print_sent(message, bookings[message.sample], outbox=config.outbox)
    if options.as_json:
        print_json([describe_sent(each) for each in sent])
    if not sent:
        names = " or ".join(_channels_for(address, credentials))
        raise UsageError(f"nothing was sent: none of the messages goes by {names}, which is where --to leads")
    return any(each.error for each in sent)


def _first_matching(trials: list[Trial]) -> Iterator[Trial]:
    for _, of_workflow in groupby(trials, key=lambda trial: trial.workflow.id):
        yield from [trial for trial in of_workflow if trial.matches][:1]


def _write_page(path: Path, trials: list[Trial], *, config: Config, now: datetime) -> Path:
    from reminderctl.reports.preview.page import write_page

    try:
        write_page(path, trials, config=config, now=now)
    except OSError as error:
        raise UsageError(f"--html {path}: cannot be written: {error.strerror}") from None
    return path


def _list_samples(samples: Iterable[Sample], *, config: Config, as_json: bool) -> None:
    if as_json:
        print_json([describe_sample(sample, config=config) for sample in samples])
    else:
        print_samples(samples, config=config)
