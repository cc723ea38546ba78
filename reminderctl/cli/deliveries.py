"""`reminderctl deliveries`: the ledger, for people and programs."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from reminderctl.cli.console import print_json, print_json_array
from reminderctl.cli.context import AppContext, PathArgument, shared_options
from reminderctl.cli.delivery_decisions import DecisionRule, choose, decide
from reminderctl.cli.delivery_filters import LIMIT, MOST, choose_any, filters, read_filters
from reminderctl.cli.delivery_output import export_texts, print_deliveries, print_delivery
from reminderctl.cli.documented import DocumentedGroup
from reminderctl.errors import UsageError
from reminderctl.files import atomic_write
from reminderctl.ledger import Ledger, decisions, history
from reminderctl.model import State

AGAIN = "the next run sends it again, under the same key, until {until}"
ID = click.IntRange(1, MOST)


@click.group(cls=DocumentedGroup)
def command() -> None:
    """See what was sent, to whom, when, and why not; decide where a person must."""


@command.command(name="list")
@filters
@LIMIT
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def list_deliveries(app: AppContext, *, limit: int | None, as_json: bool, **options: Any) -> None:
    """List deliveries, the last one due at the end.

    On a terminal these are the last 100, unless `--limit` says how many. With `--json` they are all, oldest due first,
    or the first ones of `--limit`.
    """
    config = app.load_settings()
    with Ledger(config.ledger, reading=True) as ledger:
        chosen = read_filters(options, config, ledger=ledger, now=app.now(config.timezone))
        find = functools.partial(history.find, ledger, **chosen)
        if as_json:
            print_json_array(find(limit=limit))
        else:
            print_deliveries(find, config, limit=limit)


@command.command()
@filters
@LIMIT
@click.option("--format", "form", type=click.Choice(["csv", "json", "ndjson"]), default="csv", show_default=True)
@click.option(
    "-o",
    "--output",
    type=PathArgument(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write FILE, in one step and for its owner only, instead of printing (-).",
)
@shared_options
def export(app: AppContext, *, form: str, output: Path | None, limit: int | None, **options: Any) -> None:
    """Write deliveries for another program, oldest due first: every column, one by one, however many there are.

    CSV is UTF-8 with a heading; what is absent is empty there and null in JSON. NDJSON is one object a line. Texts are
    as they are: one that begins with `=` or `+` is a formula to a spreadsheet, so import the columns as text.
    """
    config = app.load_settings()
    with Ledger(config.ledger, reading=True) as ledger:
        chosen = read_filters(options, config, ledger=ledger, now=app.now(config.timezone))
        with _opened(output) as file:
            for text in export_texts(history.find(ledger, **chosen, limit=limit), form=form):
                file.write(text)


@command.command()
@click.argument("delivery_id", metavar="ID", type=ID)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def show(app: AppContext, *, delivery_id: int, as_json: bool) -> None:
    """Show one delivery with all of its attempts."""
    config = app.load_settings()
    with Ledger(config.ledger, reading=True) as ledger:
        record = history.show(ledger, delivery_id)
    if as_json:
        print_json(record)
        return
    print_delivery(record, config)


_IDS = click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=True)
_OPTIONAL_IDS = click.argument("delivery_ids", metavar="[ID]...", type=ID, nargs=-1)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON array: the deliveries as they are now.")
_YES = click.option("-y", "--yes", is_flag=True, help="Do not ask, on a terminal, about what the options choose.")


@command.command()
@_IDS
@_JSON
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
    config = app.load_settings()
    outcome = "counts as sent" if sent else AGAIN
    decide(app, config, delivery_ids=delivery_ids, rule=DecisionRule(resolved, outcome), as_json=as_json)


@command.command()
@_OPTIONAL_IDS
@filters
@click.option("--at-once", is_flag=True, help="Also in quiet hours.")
@_YES
@_JSON
@shared_options
def retry(app: AppContext, *, at_once: bool, **given: Any) -> None:
    """Let the next run attempt again what failed, under the same key.

    Name each delivery by its ID, which `deliveries list --state failed` shows, or choose with the options of that
    list: `retry --state failed --workflow reminder`. Deadlines do not change: what the options choose and is past its
    deadline is left out; an ID that cannot be attempted again is named, exit code 2, and stops no other.

    In quiet hours the attempt waits until they end, unless it is to be made at once.
    """
    again = functools.partial(decisions.retry, at_once=at_once)
    rule = DecisionRule(again, AGAIN, states=(State.FAILED,), before_deadline=True)
    _decide_chosen(app, rule, verb="retry", **given)


@command.command()
@_OPTIONAL_IDS
@filters
@_YES
@_JSON
@shared_options
def cancel(app: AppContext, **given: Any) -> None:
    """Let deliveries that wait never be sent.

    Name each by its ID, or choose with the options of `deliveries list`: --missing is all that `run` holds because
    what it is for has disappeared. One that does not wait is named, exit code 2; the others are canceled.
    """
    _decide_chosen(app, DecisionRule(decisions.cancel, "canceled", states=(State.PENDING,)), verb="cancel", **given)


@command.command()
@_OPTIONAL_IDS
@filters
@_YES
@_JSON
@shared_options
def acknowledge(app: AppContext, **given: Any) -> None:
    """Say that you have seen what failed, expired or is unknown: `status` no longer warns of it.

    Name each delivery by its ID, or choose with the options of `deliveries list`: `acknowledge --state failed`.
    Nothing is sent, and each keeps its state; who acknowledged it, and when, is written down. What fails later is new,
    also where one of these is attempted again.
    """
    states = decisions.ACKNOWLEDGEABLE
    rule = DecisionRule(decisions.acknowledge, "acknowledged", states=states, acknowledged=False)
    _decide_chosen(app, rule, verb="acknowledge", **given)


def _decide_chosen(
    app: AppContext,
    rule: DecisionRule,
    *,
    verb: str,
    delivery_ids: tuple[int, ...],
    yes: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Decide about what is named by its id, or else about all that the options choose."""
    if choose_any(options) == bool(delivery_ids):
        raise UsageError(
            f"name the deliveries by their ID, or choose them by options such as --state or --workflow: {verb} --help"
        )
    config = app.load_settings()
    if not delivery_ids:
        delivery_ids = choose(app, config, rule=rule, verb=verb, options=options, ask=not yes)
    decide(app, config, delivery_ids=delivery_ids, rule=rule, as_json=as_json)


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
