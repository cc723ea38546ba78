"""`reminderctl erase`: let the ledger forget a person."""

from __future__ import annotations

from pathlib import Path

import click

from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options, user_name
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.errors import LockedError, ReminderctlError, UsageError
from reminderctl.ledger import Ledger, retention
from reminderctl.model import Config
from reminderctl.text import pluralize

SHOWN_FILES = 20
MESSAGES = (".eml", ".json")  # in an outbox, the provider's id of a message is its file


@click.command(cls=DocumentedCommand)
@click.argument("customer", metavar="CUSTOMER")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="Show what would be erased, without changing anything.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object; needs --yes or --dry-run.")
@shared_options
def command(app: AppContext, *, customer: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Erase a customer from the ledger: identity, addresses, and the providers' answers about them.

    CUSTOMER is the customer's id. Their pending messages are canceled, and nothing that they got is sent again, even if
    the same id comes back. Then the file is rewritten, so that no byte of their data remains.

    bookings.db belongs to the application: delete the customer there first, or new reminders will record the data
    again. Files in an outbox, copies of the ledger and backups are listed, as far as they are known, but not changed.
    """
    if as_json and not (yes or dry_run):
        raise UsageError("--json cannot ask for confirmation; add --yes or --dry-run")
    config = app.load_settings()
    customer = customer.removeprefix("customer:")
    with open_ledger(app, config, reading=dry_run) as ledger:
        traces = retention.traces(ledger, customer)
        if not traces.deliveries:
            what = f"customer {customer} is not in the ledger; `reminderctl deliveries list --json` shows recipients"
            raise UsageError(f"{what}; if an earlier erase did not finish, run `reminderctl purge --shrink`")
        concerned = f"{pluralize(traces.deliveries, 'delivery')} of customer {customer}"
        if not (yes or dry_run or as_json):
            say(f"{concerned}; {traces.waiting} still to be sent")
            click.confirm("Erase their personal data and cancel their pending messages?", abort=True, err=True)
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
        what = f"{traces.under_way} are being sent right now and were skipped; run erase again in a minute"
        raise LockedError(what)


def _finish(ledger: Ledger) -> ReminderctlError | None:
    """Write the file anew; return what kept it from that, to be raised when all is said: none of it comes again."""
    try:
        retention.shrink(ledger)
    except ReminderctlError as error:
        what = (
            "erased, but unused parts of the file may still contain it: run `reminderctl purge --shrink` when that is "
            "done"
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
        say("These files may still contain their data; delete those that you do not need:")
    for path in left[:SHOWN_FILES]:
        say(f"  {path}")
    if len(left) > SHOWN_FILES:
        say(f"  ... and {len(left) - SHOWN_FILES} more; --json lists all")
    say("Not changed: bookings.db, which belongs to the application, and backups.")
