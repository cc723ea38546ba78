"""`reminderctl deliveries`: what the ledger holds."""

from __future__ import annotations

from typing import Any

import click

from reminderctl.cli.invocation import Invocation, instant, shared_options
from reminderctl.cli.output import print_json, print_table
from reminderctl.errors import UsageError
from reminderctl.ledger import Ledger, records
from reminderctl.model import State


@click.group()
def command() -> None:
    """See what was sent, to whom, when, and why not."""


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
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
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
@click.argument("delivery_id", metavar="ID", type=int)
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


def _shown(record: dict[str, Any], column: str) -> str:
    if column == "state" and record["held"]:
        return "held"
    return "" if record[column] is None else str(record[column])
