"""`reminderctl deliveries`: the ledger, for people and programs."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from reminderctl.cli.invocation import Invocation, instant, shared_options
from reminderctl.cli.output import print_json, print_table
from reminderctl.errors import UsageError
from reminderctl.ledger import Ledger, records, repairs
from reminderctl.model import State

ID = click.IntRange(1, 2**63 - 1)  # as large as SQLite's integers


@click.group()
def command() -> None:
    """See what was sent, to whom, when, and why not; decide where a person must."""


@command.command(name="list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in State]),
    help="Only these states; may be repeated.",
)
@click.option("--workflow", help="Only this workflow.")
@click.option("--booking", help="Only this booking.")
@click.option("--channel", help="Only this channel.")
@click.option("--since", metavar="T", help="Only what fell due at this instant (ISO 8601) or later.")
@click.option("--limit", type=click.IntRange(1, ID.max), help="At most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def list_deliveries(
    invocation: Invocation, *, states: tuple[str, ...], since: str | None, as_json: bool, **wanted: Any
) -> None:
    """List deliveries, oldest due first."""
    config = invocation.load_settings()
    since_at = instant(since, config.timezone, option="--since") if since else None
    with Ledger(config.ledger) as ledger:
        found = records.find(ledger, states=states, since=since_at, **wanted)
    if as_json:
        print_json(found)
        return
    columns = ("id", "state", "due_at", "workflow", "action", "booking", "recipient", "address", "error")
    print_table(columns, [[_shown(record, column) for column in columns] for record in found])


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
    history = record.pop("history")
    for name, value in record.items():
        click.echo(f"{name:16} {'' if value is None else value}")
    for number, attempt in enumerate(history, 1):
        ended = f"{attempt['ended_at'] or 'under way'}: {attempt['outcome'] or ''}"
        click.echo(f"attempt {number:<8} {attempt['started_at']} - {ended} {attempt['error'] or ''}".rstrip())


@command.command()
@click.argument("delivery_id", metavar="ID", type=ID)
@click.option("--sent", "verdict", flag_value="sent", help="It arrived: count it as sent.")
@click.option("--resend", "verdict", flag_value="resend", help="It did not: the next run sends it again.")
@shared_options
def resolve(invocation: Invocation, *, delivery_id: int, verdict: str | None) -> None:
    """Decide about a delivery that is `unknown`: nobody could know whether it went out."""
    if verdict is None:
        raise UsageError("say --sent or --resend; the provider's own log, or the recipient, may know")
    with _ledger(invocation) as (ledger, now):
        repairs.resolve(ledger, delivery_id, sent=verdict == "sent", by=_who(), now=now)
    click.echo(f"delivery {delivery_id}: {'sent' if verdict == 'sent' else 'the next run sends it again'}")


@command.command()
@click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@shared_options
def retry(invocation: Invocation, *, delivery_ids: tuple[int, ...]) -> None:
    """Let the next run attempt again what failed, under the same key."""
    with _ledger(invocation) as (ledger, now):
        for delivery_id in delivery_ids:
            repairs.retry(ledger, delivery_id, by=_who(), now=now)
            click.echo(f"delivery {delivery_id}: the next run attempts it again")


@command.command()
@click.argument("delivery_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@shared_options
def cancel(invocation: Invocation, *, delivery_ids: tuple[int, ...]) -> None:
    """Let deliveries that wait never be sent."""
    with _ledger(invocation) as (ledger, now):
        for delivery_id in delivery_ids:
            repairs.cancel(ledger, delivery_id, by=_who(), now=now)
            click.echo(f"delivery {delivery_id}: canceled")


@contextmanager
def _ledger(invocation: Invocation) -> Iterator[tuple[Ledger, datetime]]:
    config = invocation.load_settings()
    with Ledger(config.ledger) as ledger:
        yield ledger, invocation.clock(config.timezone)()


def _who() -> str:
    """The name of the person at the keyboard, as the system knows it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def _shown(record: dict[str, Any], column: str) -> str:
    if column == "state" and record["held"]:
        return "held"
    return "" if record[column] is None else str(record[column])
