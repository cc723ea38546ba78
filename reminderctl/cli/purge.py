"""`reminderctl purge`: let the ledger forget what was over long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from reminderctl.bookings.mirror import mirror_path
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.core import timing
from reminderctl.errors import ReminderctlError, UsageError
from reminderctl.ledger import Ledger, readings, retention
from reminderctl.model import Config
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

    Bookings of `sources` that ended before then are deleted in sources.db, unless the workflows still need them.

    New deliveries reuse the free space in the file. --shrink makes the file smaller; runs wait until that is done.
    """
    if not older_than and not shrink:
        raise UsageError("use --older-than 90d, or --shrink alone")
    config, age = app.load_settings(), _parse_age(older_than)
    now = app.now(config.timezone)
    before = now - age
    gone, freed, failure, bookings = retention.Purged(0, 0, 0), 0, None, 0
    with open_ledger(app, config, reading=dry_run) as ledger:
        if older_than:
            gone = retention.purgeable(ledger, before) if dry_run else retention.purge(ledger, before)
            bookings = _purge_sources(config, ledger, before=before, now=now, dry_run=dry_run)
        if shrink and not dry_run:
            try:
                freed = retention.shrink(ledger)
            except ReminderctlError as error:  # what was deleted is said all the same
                failure = error
    instant = timing.instant_text(before)
    if as_json:
        counts = {**gone._asdict(), "bookings": bookings, "bytes_freed": freed}
        print_json({"before": instant, "dry_run": dry_run, **counts})
    else:
        _print_bookings(bookings, instant, dry_run=dry_run)
        _print(gone, instant, older_than=bool(older_than), shrink=shrink and not failure, dry_run=dry_run, freed=freed)
    if failure:
        raise failure


def _parse_age(text: str | None) -> timedelta:
    try:
        return timing.parse_duration(text or "0d")
    except ValueError as error:
        raise UsageError(f"--older-than: {error}") from None


def _purge_sources(config: Config, ledger: Ledger, *, before: datetime, now: datetime, dry_run: bool) -> int:
    """Forget the bookings of sources that are over, and the readings of sources that left the YAML; count the first."""
    path, names = mirror_path(config.ledger), {each.name for each in config.sources}
    if not dry_run:
        with ledger.transaction():
            for name, known in readings.find_all(ledger).items():
                if name not in names and (known.tried_at is None or known.tried_at < before):
                    readings.forget(ledger, name)
    if not path.exists():
        return 0
    from reminderctl.sources.retention import count_past, purge_past
    from reminderctl.sources.synced import plan_reading

    earliest = min([before, *(plan_reading(config, each, now=now).window.since for each in config.sources)])
    return count_past(path, earliest) if dry_run else purge_past(path, earliest)


def _print_bookings(bookings: int, before: str, *, dry_run: bool) -> None:
    if bookings:
        would = "would be deleted" if dry_run else "deleted"
        say(f"{pluralize(bookings, 'booking')} of sources from before {before} {would}")


def _print(gone: retention.Purged, before: str, *, older_than: bool, shrink: bool, dry_run: bool, freed: int) -> None:
    if older_than:
        would = "would be deleted" if dry_run else "deleted"
        attempts, runs = pluralize(gone.attempts, "attempt"), pluralize(gone.runs, "run")
        counts = f"{pluralize(gone.deliveries, 'delivery')}, {attempts} and {runs}"
        say(f"{counts} from before {before} {would}")
    if shrink:
        say("the file was not rewritten" if dry_run else f"{freed / 1e6:.1f} MB given back to the disk")
