"""`reminderctl release`: let a burst go that was held back."""

from __future__ import annotations

import click

from reminderctl.cli import lookup
from reminderctl.cli.console import say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.ownership import open_ledger
from reminderctl.ledger import queue

NOTHING = "nothing is held back"


@click.command()
@click.argument("workflow")
@shared_options
def command(app: AppContext, *, workflow: str) -> None:
    """Let go what `run` held back of WORKFLOW.

    `run` holds back more than max_burst (500, unless the YAML says otherwise) new deliveries of one workflow, because
    that is more often a mistake than a busy day: `reminderctl deliveries list --workflow WORKFLOW` shows them. The next
    run sends those whose deadline has not passed.
    """
    config = app.load_settings()
    lookup.find_workflow(config, workflow)
    with open_ledger(app, config) as ledger, ledger.transaction():
        released = queue.release(ledger, workflow)
    say(f"{workflow}: {f'{released} released; the next run sends what is still in time' if released else NOTHING}")
