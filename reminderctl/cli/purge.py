"""`reminderctl purge`: let the ledger forget what was over long ago."""

from __future__ import annotations

import click

from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.core import timing
from reminderctl.errors import ReminderctlError, UsageError
from reminderctl.ledger import retention
from reminderctl.text import pluralize


@click.command(cls=DocumentedCommand)
@click.option("--older-than", metavar="TIME", help="Delete deliveries that ended longer ago than this: 90d, 26 weeks.")
@click.option("--shrink", is_flag=True, help="Also rewrite the file, to give the space back to the disk.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, without changing anything.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def command(app: AppContext, *, older_than: str | None, shrink: bool, dry_run: bool, as_json: bool) -> None:
    """Delete old deliveries and their attempts from the ledger; none of them is ever sent again.

    A delivery is deleted if it is sent, failed, canceled or expired, and if that moment, its deadline and its event are
    all longer ago than --older-than. Pending, held and unknown deliveries are kept, whatever their age; so is the key
    of every delivery, which prevents it from being sent again. Old runs are deleted, too.

    New deliveries reuse the free space in the file. --shrink makes the file smaller; runs wait until that is done.
    """
    if not older_than and not shrink:
        raise UsageError("use --older-than 90d, or --shrink alone")
    config = app.load_settings()
    try:
        age = timing.parse_duration(older_than or "0d")
    except ValueError as error:
        raise UsageError(f"--older-than: {error}") from None
    before = app.now(config.timezone) - age
    gone, freed, failure = retention.Purged(0, 0, 0), 0, None
    with open_ledger(app, config, reading=dry_run) as ledger:
        if older_than:
            gone = retention.purgeable(ledger, before) if dry_run else retention.purge(ledger, before)
        if shrink and not dry_run:
            try:
                freed = retention.shrink(ledger)
            except ReminderctlError as error:  # what was deleted is said all the same
                failure = error
    instant = timing.instant_text(before)
    if as_json:
        print_json({"before": instant, "dry_run": dry_run, **gone._asdict(), "bytes_freed": freed})
    else:
        _print(gone, instant, older_than=bool(older_than), shrink=shrink and not failure, dry_run=dry_run, freed=freed)
    if failure:
        raise failure


def _print(gone: retention.Purged, before: str, *, older_than: bool, shrink: bool, dry_run: bool, freed: int) -> None:
    if older_than:
        would = "would be deleted" if dry_run else "deleted"
        attempts, runs = pluralize(gone.attempts, "attempt"), pluralize(gone.runs, "run")
        counts = f"{pluralize(gone.deliveries, 'delivery')}, {attempts} and {runs}"
        say(f"{counts} from before {before} {would}")
    if shrink:
        say("the file was not rewritten" if dry_run else f"{freed / 1e6:.1f} MB given back to the disk")
