"""`reminderctl release`: let a burst go that was held back."""

from __future__ import annotations

import click

from reminderctl.cli.invocation import Invocation, shared_options
from reminderctl.errors import UsageError
from reminderctl.ledger import Ledger, queue


@click.command()
@click.argument("workflow")
@shared_options
def command(invocation: Invocation, *, workflow: str) -> None:
    """Let go the deliveries of WORKFLOW that `run` held back because they were too many (max_burst).

    The next run sends those whose deadline has not passed.
    """
    config = invocation.load_settings()
    if workflow not in {each.id for each in config.workflows}:
        raise UsageError(f"there is no workflow {workflow}")
    with Ledger(config.ledger) as ledger, ledger.transaction():
        released = queue.release(ledger, workflow)
    click.echo(f"{workflow}: {released} released; the next run sends them")
