"""`reminderctl erase`: let the ledger forget a person."""

from __future__ import annotations

from pathlib import Path

import click

from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options, user_name
from reminderctl.cli.ownership import open_ledger
from reminderctl.errors import LockedError, ReminderctlError, UsageError
from reminderctl.ledger import Ledger, retention
from reminderctl.model import Config
from reminderctl.text import pluralize

SHOWN_FILES = 20
MESSAGES = (".eml", ".json")  # in an outbox, the provider's id of a message is its file


@click.command()
@click.argument("customer", metavar="CUSTOMER")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object; needs --yes or --dry-run.")
@shared_options
def command(app: AppContext, *, customer: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Erase a person from the ledger: who they are, their addresses, what providers said of them.

    CUSTOMER is the customer's id. What waits for them is canceled, and nothing that they got is sent again, not even
    when the same id comes back. Then the file is written anew, so that no byte of it tells who they were.

    bookings.db belongs to the application: delete them there first, or new reminders will name them anew. Files in an
    outbox, copies of the ledger and backups are named, where they are known, and left alone.
    """
    if as_json and not (yes or dry_run):
        raise UsageError("--json does not ask; add --yes, or --dry-run")
    config = app.load_settings()
    customer = customer.removeprefix("customer:")
    with open_ledger(app, config, reading=dry_run) as ledger:
        traces = retention.traces(ledger, customer)
        if not traces.deliveries:
            what = f"the ledger knows no customer {customer}; `reminderctl deliveries list --json` names each recipient"
            raise UsageError(f"{what}; if they were erased, but not to the end: `reminderctl purge --shrink`")
        concerned = f"{pluralize(traces.deliveries, 'delivery')} of customer {customer}"
        if not (yes or dry_run or as_json):
            say(f"{concerned}; {traces.waiting} still to be sent")
            click.confirm("Erase who they are, and cancel what waits?", abort=True, err=True)
        failure = None
        if not dry_run:
            now = app.now(config.timezone)
            retention.erase(ledger, customer, by=user_name(), now=now)
            failure = _finish(ledger)
    left = _left(config, traces)
    if as_json:
        counts = {"deliveries": traces.deliveries, "canceled": traces.waiting, "under_way": traces.under_way}
        print_json({"customer": customer, "dry_run": dry_run, **counts, "left": list(map(str, left))})
    else:
        waiting = f"{traces.waiting} still to be sent: nothing was changed" if dry_run else f"{traces.waiting} canceled"
        say(f"{concerned}{'; ' if dry_run else ' erased, '}{waiting}")
        _print_left(left)
    if failure:
        raise failure
    if traces.under_way and not dry_run:
        what = f"{traces.under_way} are being sent in this moment and were left out; erase once more in a minute"
        raise LockedError(what)


def _finish(ledger: Ledger) -> ReminderctlError | None:
    """Write the file anew; return what kept it from that, to be raised when all is said: none of it comes again."""
    try:
        retention.shrink(ledger)
    except ReminderctlError as error:
        what = (
            "erased, but free parts of the file may still hold it: run `reminderctl purge --shrink` when that is over"
        )
        return type(error)(f"{error}; {what}")
    return None


def _left(config: Config, traces: retention.Traces) -> list[Path]:
    """Return the files that still say who they were, as far as they are known."""
    outbox = [config.outbox / name for name in traces.files if config.outbox and Path(name).suffix in MESSAGES]
    copies = sorted(config.ledger.parent.glob(f"{config.ledger.name}.before-version-*"))
    return [path for path in (*outbox, *copies) if path.exists()]


def _print_left(left: list[Path]) -> None:
    if left:
        say("These files may still hold them; delete what you need not keep:")
    for path in left[:SHOWN_FILES]:
        say(f"  {path}")
    if len(left) > SHOWN_FILES:
        say(f"  ... and {len(left) - SHOWN_FILES} more; --json names all")
    say("Not touched: bookings.db, which is the application's, and backups.")
