"""`reminderctl release`: let a burst go that was held back."""

from __future__ import annotations

import click

from reminderctl.cli import lookup
from reminderctl.cli.completions import complete
from reminderctl.cli.console import say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.ledger import queue

NOTHING = "there are no held messages"


@click.command(cls=DocumentedCommand)
@click.argument("workflow", shell_complete=complete("workflow"))
@shared_options
def command(app: AppContext, *, workflow: str) -> None:
    """Release held messages of WORKFLOW.

    `run` holds new deliveries of a workflow if there are more than max_burst (500, unless the YAML has another value),
    because that is more often a mistake than a busy day: `reminderctl deliveries list --workflow WORKFLOW` shows them.
    The next run sends those whose deadline has not passed.
    """
    config = app.load_settings()
    lookup.find_workflow(config, workflow)
    with open_ledger(app, config) as ledger, ledger.transaction():
        released = queue.release(ledger, workflow)
    say(f"{workflow}: {f'{released} released; the next run sends those still in time' if released else NOTHING}")
