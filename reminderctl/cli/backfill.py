"""`reminderctl backfill`: fire what fell due before a trigger was armed, or was missed."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import click

from reminderctl.bookings import open_bookings
from reminderctl.bookings.people import find_names
from reminderctl.cli import lookup
from reminderctl.cli.completions import complete
from reminderctl.cli.console import print_table, say
from reminderctl.cli.context import AppContext, read_instant, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.core.timing import DAY, longest_grace
from reminderctl.errors import UsageError
from reminderctl.ledger import planned, restores
from reminderctl.model import Config, Delivery, Window
from reminderctl.text import local_time
from reminderctl.tick.reading import owed_in
from reminderctl.tick.reinstate import skip_if_sent_to_another

LONGEST_CLOSED = 30 * DAY


@click.command(cls=DocumentedCommand)
@click.argument("workflow_id", metavar="WORKFLOW", shell_complete=complete("workflow"))
@click.option("--since", required=True, metavar="T", help="Send messages due at or after this time (ISO 8601).")
@click.option("-y", "--yes", is_flag=True, help="Do not ask; skip messages that may have been sent already.")
@click.option(
    "--may-repeat", is_flag=True, help="Also send messages that may have been sent before the ledger was restored."
)
@shared_options
def command(app: AppContext, *, workflow_id: str, since: str, yes: bool, may_repeat: bool) -> None:
    """Send missed messages of WORKFLOW since T.

    A trigger that is new, edited or switched on again starts at that moment; this command sends messages that were due
    earlier. Messages past their deadline are skipped, nothing is sent twice, and the list is shown first. The next run
    sends the messages.

    Messages that may have been sent before the ledger was restored from a backup are listed separately, with another
    question.
    """
    config = app.load()
    workflow = lookup.find_workflow(config, workflow_id)
    if not workflow.enabled:
        raise UsageError(f"workflow {workflow_id} is switched off; switch it on in the YAML first")
    now = app.now(config.timezone)
    since_at = read_instant(since, config.timezone, option="--since", now=now)
    if since_at >= now:
        raise UsageError(f"--since {since} is not in the past")
    # What fell due longer ago than any grace is past its deadline.
    oldest = now - max(longest_grace(trigger, workflow.grace) for trigger in workflow.triggers)
    if workflow.quiet_hours:
        oldest -= LONGEST_CLOSED  # while a grace does not run
    window = Window(max(since_at, oldest) - timedelta(seconds=1), now)  # which begins after its `since`
    with open_bookings(config) as bookings, open_ledger(app, config) as ledger:
        found = owed_in(window, [workflow], bookings=bookings, config=config)
        owed = [each for each in found if each.expires_at >= now and not each.refusal]
        owed = [*skip_if_sent_to_another(workflow, owed, ledger=ledger)]
        with ledger.dry_run_transaction():
            new = [each for each in owed if planned.enqueue(ledger, [each], run=0, now=now).on_time]
        if not new:
            since_text = local_time(since_at, ZoneInfo(config.timezone))
            say(f"{workflow_id}: no missed messages since {since_text}")
            return
        wanted = _ask(new, restores.find(ledger), config=config, yes=yes, may_repeat=may_repeat)
        with ledger.transaction():
            number = planned.enqueue(ledger, wanted, run=0, now=now).on_time
    say(f"{workflow_id}: {number} planned; the next run sends them")


def _ask(
    new: list[Delivery], unknown_times: list[restores.Restore], *, config: Config, yes: bool, may_repeat: bool
) -> list[Delivery]:
    """Show what could be sent, and return what the person wants; what may have gone out already is asked for apart."""
    doubtful = [each for each in new if restores.may_have_sent(unknown_times, each)]
    certain = [each for each in new if each not in doubtful]
    if certain:
        _show(certain, config)
        if not yes:
            click.confirm(f"Send these {len(certain)}?", abort=True, err=True)
    if not doubtful:
        return certain
    say("These may have been sent before the ledger was restored from a backup:")
    _show(doubtful, config)
    question = f"Send these {len(doubtful)} too (recipients who already got them get them again)?"
    if may_repeat or (not yes and click.confirm(question, err=True)):
        return [*certain, *doubtful]
    say(f"skipped: {len(doubtful)} that may have been sent already; add --may-repeat to send them without confirmation")
    return certain


def _show(deliveries: list[Delivery], config: Config) -> None:
    names, zone = find_names(config, {each.recipient for each in deliveries}), ZoneInfo(config.timezone)
    rows = [
        (
            local_time(each.due_at, zone),
            local_time(each.expires_at, zone),
            each.booking,
            each.action,
            names.whom(each.recipient, each.address),
        )
        for each in deliveries
    ]
    print_table(("due", "deadline", "booking", "action", "recipient"), rows)
    say(f"times are those of {config.timezone}")
