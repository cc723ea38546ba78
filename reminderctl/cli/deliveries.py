"""`reminderctl deliveries`: the ledger, for people and programs."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from reminderctl.cli.console import print_json, print_json_array, say
from reminderctl.cli.context import AppContext, PathArgument, read_instant, shared_options, user_name
from reminderctl.cli.delivery_output import export_texts, print_deliveries, print_delivery
from reminderctl.cli.ownership import open_ledger
from reminderctl.errors import ExitCode, UsageError
from reminderctl.files import atomic_write
from reminderctl.ledger import Ledger, decisions, history
from reminderctl.ledger.history import Record
from reminderctl.model import State

AGAIN = "the next run sends it again, under the same key, until {0.expires_at}"
ID = click.IntRange(1, 2**63 - 1)  # as large as SQLite's integers


@click.group()
def command() -> None:
    """See what was sent, to whom, when, and why not; decide where a person must."""


_FILTERS = (
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([*map(str, State), history.HELD, history.MISSING]),
        help="Only these states; may be repeated. What is `held` is pending, too.",
    ),
    click.option("--held", is_flag=True, help="Only held deliveries: the same as `--state held`."),
    click.option("--missing", is_flag=True, help="Only what is held while its booking or its workflow is missing."),
    click.option("--workflow", help="Only this workflow."),
    click.option("--booking", help="Only this booking."),
    click.option("--channel", help="Only this channel."),
    click.option("--recipient", help="Only to this recipient: `customer:7`, a customer's id, or an address."),
    click.option("--since", metavar="T", help="Only deliveries due at or after this time (ISO 8601)."),
    click.option("--until", metavar="T", help="Only deliveries due at or before this time."),
    click.option("--limit", type=click.IntRange(1, ID.max), help="At most this many."),
)


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose deliveries: the keywords of `history.find`, instants still as texts."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), function)


def _keywords(options: dict[str, Any], timezone: str) -> dict[str, Any]:
    """Return the keywords of `history.find` that the options mean."""
    words = {name: options[name] for name in ("since", "until") if options[name]}
    instants = {name: read_instant(text, timezone, option=f"--{name}") for name, text in words.items()}
    also = [name for name in (history.HELD, history.MISSING) if options.pop(name)]
    return options | instants | {"states": (*options["states"], *also)}


@command.command(name="list")
@filters
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def list_deliveries(app: AppContext, *, as_json: bool, **options: Any) -> None:
    """List deliveries, oldest due first.

    On a terminal no more than the last 500, unless `--limit` says how many.
    """
    config = app.load_settings()
    with Ledger(config.ledger, reading=True) as ledger:
        find = functools.partial(history.find, ledger, **_keywords(options, config.timezone))
        if as_json:
            print_json_array(find())
        else:
            print_deliveries(find, config.timezone, limit=options["limit"])


@command.command()
@filters
@click.option("--format", "form", type=click.Choice(["csv", "json", "ndjson"]), default="csv", show_default=True)
@click.option(
    "-o",
    "--output",
    type=PathArgument(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write FILE, in one step and for its owner only, instead of printing (-).",
)
@shared_options
def export(app: AppContext, *, form: str, output: Path | None, **options: Any) -> None:
    """Write deliveries for another program, oldest due first: every column, one by one, however many there are.

    CSV is UTF-8 with a heading; what is absent is empty there and null in JSON. NDJSON is one object a line. Texts are
    as they are: one that begins with `=` or `+` is a formula to a spreadsheet, so import the columns as text.
    """
    config = app.load_settings()
    with Ledger(config.ledger, reading=True) as ledger, _opened(output) as file:
        for text in export_texts(history.find(ledger, **_keywords(options, config.timezone)), form=form):
            file.write(text)


@command.command()
@click.argument("delivery_id", metavar="ID", type=ID)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def show(app: AppContext, *, delivery_id: int, as_json: bool) -> None:
    """Show one delivery with all of its attempts."""
    with Ledger(app.load_settings().ledger, reading=True) as ledger:
        record = history.show(ledger, delivery_id)
    if as_json:
        print_json(record)
        return
    print_delivery(record)


def _decision(function: Callable[..., Any], *, required: bool = True) -> Callable[..., Any]:
    """Give a command the deliveries that it decides about, and `--json`."""
    ids = click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=required)
    as_json = click.option(
        "--json", "as_json", is_flag=True, help="Print a JSON array: the deliveries as they are now."
    )
    return ids(as_json(function))


@command.command()
@_decision
@click.option("--sent", is_flag=True, help="They arrived: count them as sent.")
@click.option("--resend", is_flag=True, help="They did not: the next run sends them again.")
@shared_options
def resolve(app: AppContext, *, delivery_ids: tuple[int, ...], sent: bool, resend: bool, as_json: bool) -> None:
    """Resolve deliveries that are `unknown`: it is unknown whether they were sent.

    Who decided what, and when, is recorded: see `deliveries show`. A resend keeps the delivery's key, so that some
    receivers can recognize a duplicate. Each ID is handled separately: one that cannot be resolved is reported, exit
    code 2.
    """
    if sent == resend:
        raise UsageError("say --sent or --resend; the provider's own log, or the recipient, may know")
    resolved = functools.partial(decisions.resolve, sent=sent)
    _decide(app, delivery_ids, decide=resolved, outcome="counts as sent" if sent else AGAIN, as_json=as_json)


@command.command()
@_decision
@shared_options
def retry(app: AppContext, *, delivery_ids: tuple[int, ...], as_json: bool) -> None:
    """Let the next run attempt again what failed, under the same key.

    Each is named by its ID, which `deliveries list --state failed` shows; its deadline does not change. One that cannot
    be attempted again is named, exit code 2; the others are.
    """
    _decide(app, delivery_ids, decide=decisions.retry, outcome=AGAIN, as_json=as_json)


@command.command()
@functools.partial(_decision, required=False)
@click.option("--missing", is_flag=True, help="All that is held while its booking or its workflow is missing.")
@shared_options
def cancel(app: AppContext, *, delivery_ids: tuple[int, ...], missing: bool, as_json: bool) -> None:
    """Let deliveries that wait never be sent.

    Name each by its ID, or all that `run` holds because what they are for has disappeared by --missing. One that does
    not wait is named, exit code 2; the others are canceled.
    """
    if missing == bool(delivery_ids):
        raise UsageError("name the deliveries by their ID, or say --missing")
    if missing:
        with Ledger(app.load_settings().ledger, reading=True) as ledger:
            records = history.find(ledger, states=[history.MISSING])
            delivery_ids = tuple(record.id for record in records if record.id is not None)
    _decide(app, delivery_ids, decide=decisions.cancel, outcome="canceled", as_json=as_json)


def _decide(
    app: AppContext, delivery_ids: tuple[int, ...], *, decide: Callable[..., Any], outcome: str, as_json: bool
) -> None:
    """Decide about each delivery; what cannot be decided about is named, and does not stop the others."""
    config = app.load_settings()
    decided, refused = [], []
    with open_ledger(app, config) as ledger:
        now = app.now(config.timezone)
        for delivery_id in dict.fromkeys(delivery_ids):
            try:
                decide(ledger, delivery_id, by=user_name(), now=now)
            except UsageError as error:
                refused.append(error)
                continue
            decided.append(history.show(ledger, delivery_id))
    if as_json:
        print_json(decided)
    else:
        for record in decided:
            say(f"{_named(record)}: {outcome.format(record)}")
    for refusal in refused:
        say(refusal, err=True)
    if refused:
        raise SystemExit(ExitCode.CONFIGURATION)


def _named(record: Record) -> str:
    to = f"{record.action} to {record.recipient}"
    return f"delivery {record.id} ({record.workflow}: {to}, booking {record.booking})"


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """Open standard output; or a file that is there only when all of it has been written."""
    if path in (None, Path("-")):
        yield sys.stdout
        return
    try:
        with atomic_write(path) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
            yield text
    except OSError as error:
        raise UsageError(f"{path}: cannot write: {error.strerror}") from None
