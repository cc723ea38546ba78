"""`reminderctl deliveries`: the ledger, for people and programs."""

from __future__ import annotations

import functools
import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from reminderctl.cli.export import export_texts
from reminderctl.cli.invocation import Invocation, instant, shared_options
from reminderctl.cli.output import in_one_line, print_json, print_table, say
from reminderctl.errors import UsageError
from reminderctl.ledger import Ledger, records, repairs
from reminderctl.model import State

ID = click.IntRange(1, 2**63 - 1)  # as large as SQLite's integers


@click.group()
def command() -> None:
    """See what was sent, to whom, when, and why not; decide where a person must."""


_FILTERS = (
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([str(state) for state in State]),
        help="Only these states; may be repeated.",
    ),
    click.option("--held", is_flag=True, help="Only what waits for `release`."),
    click.option("--workflow", help="Only this workflow."),
    click.option("--booking", help="Only this booking."),
    click.option("--channel", help="Only this channel."),
    click.option("--recipient", help="Only to this recipient: `customer:7`, a customer's id, or an address."),
    click.option("--since", metavar="T", help="Only what fell due at this instant (ISO 8601) or later."),
    click.option("--until", metavar="T", help="Only what fell due at this instant or earlier."),
    click.option("--limit", type=click.IntRange(1, ID.max), help="At most this many."),
)


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose deliveries: the keywords of `records.find`, instants still as texts."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), function)


def _with_instants(chosen: dict[str, Any], timezone: str) -> dict[str, Any]:
    read = {name: instant(chosen[name], timezone, option=f"--{name}") for name in ("since", "until") if chosen[name]}
    return chosen | read


@command.command(name="list")
@filters
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def list_deliveries(invocation: Invocation, *, as_json: bool, **chosen: Any) -> None:
    """List deliveries, oldest due first."""
    config = invocation.load_settings()
    with Ledger(config.ledger) as ledger:
        found = list(records.find(ledger, **_with_instants(chosen, config.timezone)))
    if as_json:
        print_json(found)
        return
    columns = ("id", "state", "due_at", "workflow", "action", "booking", "recipient", "address", "error")
    print_table(columns, [[_shown(record, column) for column in columns] for record in found])


@command.command()
@filters
@click.option("--format", "form", type=click.Choice(["csv", "json", "ndjson"]), default="csv", show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write FILE, in one step and for its owner only, instead of printing.",
)
@shared_options
def export(invocation: Invocation, *, form: str, output: Path | None, **chosen: Any) -> None:
    """Write deliveries for another program, oldest due first: every column, one by one, however many there are.

    CSV is UTF-8 with a heading; what is absent is empty there and null in JSON. NDJSON is one object a line. Texts are
    as they are: one that begins with `=` or `+` is a formula to a spreadsheet, so import the columns as text.
    """
    config = invocation.load_settings()
    with Ledger(config.ledger) as ledger, _opened(output) as file:
        for text in export_texts(records.find(ledger, **_with_instants(chosen, config.timezone)), form=form):
            file.write(text)


@command.command()
@click.argument("delivery_id", metavar="ID", type=ID)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def show(invocation: Invocation, *, delivery_id: int, as_json: bool) -> None:
    """Show one delivery with all of its attempts."""
    with Ledger(invocation.load_settings().ledger) as ledger:
        record = records.show(ledger, delivery_id)
    if record is None:
        raise UsageError(f"there is no delivery {delivery_id}; `reminderctl deliveries list` shows what there is")
    if as_json:
        print_json(record)
        return
    history, decisions = record.pop("history"), record.pop("decisions")
    for name, value in record.items():
        say(f"{name:16} {'' if value is None else in_one_line(str(value))}")
    for number, attempt in enumerate(history, 1):
        ended = f"{attempt['ended_at'] or 'under way'}: {attempt['outcome'] or ''}"
        say(f"attempt {number:<8} {attempt['started_at']} - {ended} {attempt['error'] or ''}".rstrip())
    for number, decision in enumerate(decisions, 1):
        say(f"decision {number:<7} {decision['decided_at']}: {decision['decision']} by {decision['decided_by']}")


@command.command()
@click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@click.option("--sent", is_flag=True, help="They arrived: count them as sent.")
@click.option("--resend", is_flag=True, help="They did not: the next run sends them again.")
@shared_options
def resolve(invocation: Invocation, *, delivery_ids: tuple[int, ...], sent: bool, resend: bool) -> None:
    """Decide about deliveries that are `unknown`: nobody could know whether they went out.

    Who decided what, and when, is written down; `deliveries show` tells. A resend keeps the delivery's key, by which
    some receivers know a repetition.
    """
    if sent == resend:
        raise UsageError("say --sent or --resend; the provider's own log, or the recipient, may know")
    with _ledger(invocation) as (ledger, now):
        for delivery_id in delivery_ids:
            record = repairs.resolve(ledger, delivery_id, sent=sent, by=who(), now=now)
            what = "counts as sent" if sent else _again(record)
            say(f"{_named(record)}: {what}")


@command.command()
@click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@shared_options
def retry(invocation: Invocation, *, delivery_ids: tuple[int, ...]) -> None:
    """Let the next run attempt again what failed, under the same key.

    Each is named by its ID, which `deliveries list --state failed` shows; its deadline stands.
    """
    with _ledger(invocation) as (ledger, now):
        for delivery_id in delivery_ids:
            record = repairs.retry(ledger, delivery_id, by=who(), now=now)
            say(f"{_named(record)}: {_again(record)}")


@command.command()
@click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@shared_options
def cancel(invocation: Invocation, *, delivery_ids: tuple[int, ...]) -> None:
    """Let deliveries that wait never be sent."""
    with _ledger(invocation) as (ledger, now):
        for delivery_id in delivery_ids:
            record = repairs.cancel(ledger, delivery_id, by=who(), now=now)
            say(f"{_named(record)}: canceled")


@contextmanager
def _ledger(invocation: Invocation) -> Iterator[tuple[Ledger, datetime]]:
    config = invocation.load_settings()
    with Ledger(config.ledger) as ledger:
        yield ledger, invocation.clock(config.timezone)()


def who() -> str:
    """The name of the person at the keyboard, as the system knows it; who became another user by sudo is named, too."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user {os.getuid()}"
    person = os.environ.get("SUDO_USER")
    return f"{person} (as {name})" if person and person != name else name


def _named(record: dict[str, Any]) -> str:
    to = f"{record['action']} to {record['recipient']}"
    return f"delivery {record['id']} ({record['workflow']}: {to}, booking {record['booking']})"


def _again(record: dict[str, Any]) -> str:
    return f"the next run sends it again, under the same key, until {record['expires_at']}"


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """Standard output; or a file that is there only when all of it has been written."""
    if path is None:
        yield sys.stdout
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot write it: {error.strerror}") from None
    finally:
        with suppress(OSError):  # it has its final name, or never came to be
            draft.unlink()


def _shown(record: dict[str, Any], column: str) -> str:
    if column == "state" and record["held"]:
        return "held"
    return "" if record[column] is None else str(record[column])
