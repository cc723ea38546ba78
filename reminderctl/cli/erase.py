"""`reminderctl erase`: let the ledger forget a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reminderctl.bookings.mirror import mirror_path
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options, user_name
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import open_ledger
from reminderctl.core.timing import instant_text
from reminderctl.errors import LockedError, ReminderctlError, UsageError
from reminderctl.ledger import Ledger, readings, retention
from reminderctl.ledger.readings import SourceReading
from reminderctl.model import Config
from reminderctl.text import pluralize

if TYPE_CHECKING:
    from reminderctl.sources.retention import KnownPerson

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

    bookings.db and the places under `sources` belong to other programs: delete the customer there first, or new
    reminders will record the data again. What was read of them from a source is erased in sources.db, too. Files in an
    outbox, copies of the ledger and backups are listed, as far as they are known, but not changed.
    """
    if as_json and not (yes or dry_run):
        raise UsageError("--json cannot ask for confirmation; add --yes or --dry-run")
    config = app.load_settings()
    customer = customer.removeprefix("customer:")
    with open_ledger(app, config, reading=dry_run) as ledger:
        traces, person = retention.traces(ledger, customer), _find_person(config, customer)
        if not traces.deliveries and not person.bookings:
            raise UsageError(_describe_unknown(config, customer))
        concerned = f"{pluralize(traces.deliveries, 'delivery')} of customer {customer}"
        again = _describe_return(config, person, ledger=ledger)
        if not (yes or dry_run or as_json):
            _confirm(f"{concerned}; {traces.waiting} still to be sent")
        failure = None
        if not dry_run:
            _erase_person(config, customer, person=person)
            retention.erase(ledger, customer, by=user_name(), now=app.now(config.timezone))
            failure = _finish(ledger)
    left = _left(config, traces)
    if as_json:
        counts = {"deliveries": traces.deliveries, "canceled": traces.waiting, "under_way": traces.under_way}
        known = {"bookings": person.bookings, "listed_by": person.listed_by}
        print_json({"customer": customer, "dry_run": dry_run, **counts, **known, "left": list(map(str, left))})
    else:
        _print_deliveries(concerned, traces.waiting, dry_run=dry_run)
        _print_sourced(person, again, dry_run=dry_run)
        _print_left(left)
    if failure:
        raise failure
    if traces.under_way and not dry_run:
        raise LockedError(f"{traces.under_way} are being sent right now and were skipped; run erase again in a minute")


def _confirm(concerned: str) -> None:
    say(concerned)
    click.confirm("Erase their personal data and cancel their pending messages?", abort=True, err=True)


def _find_person(config: Config, customer: str) -> KnownPerson:
    """Return what the sources have said of a customer."""
    from reminderctl.sources.retention import KnownPerson, find_person

    path = mirror_path(config.ledger)
    return find_person(path, customer) if path.exists() else KnownPerson()


def _erase_person(config: Config, customer: str, *, person: KnownPerson) -> None:
    from reminderctl.sources.retention import erase_person

    if person.bookings:
        erase_person(mirror_path(config.ledger), customer)


def _describe_unknown(config: Config, customer: str) -> str:
    """Return that nobody of this id is known, and what may be meant."""
    meant = [each for each in config.sources if _find_person(config, f"{each.name}:{customer}").bookings]
    if meant:
        return f"customer {customer} is not in the ledger; did you mean `{meant[0].name}:{customer}`?"
    what = f"customer {customer} is not in the ledger; `reminderctl deliveries list --json` shows recipients"
    return f"{what}; if an earlier erase did not finish, run `reminderctl purge --shrink`"


def _describe_return(config: Config, person: KnownPerson, *, ledger: Ledger) -> str:
    """Return that a source would bring somebody back, and what to do; an empty text where none would."""
    name = person.listed_by
    if name not in [each.name for each in config.sources if each.enabled]:
        return ""
    read_at = readings.find_all(ledger).get(name or "", SourceReading()).read_at
    when = f", at {instant_text(read_at)}" if read_at else ""
    return (
        f"sources.{name} listed this customer when it was last read{when}: delete them there, too, or the next reading "
        "brings them back"
    )


def _print_deliveries(concerned: str, waiting: int, *, dry_run: bool) -> None:
    said = f"; {waiting} still to be sent: nothing was changed" if dry_run else f" erased, {waiting} canceled"
    say(f"{concerned}{said}")


def _print_sourced(person: KnownPerson, again: str, *, dry_run: bool) -> None:
    if person.bookings:
        say(f"{pluralize(person.bookings, 'booking')} of theirs {'are in' if dry_run else 'erased in'} sources.db")
    if again:
        say(again)


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
    copies.append(mirror_path(config.ledger).with_name(f"{mirror_path(config.ledger).name}.unusable"))
    return [path for path in (*outbox, *copies) if path.exists()]


def _print_left(left: list[Path]) -> None:
    if left:
        say("These files may still contain their data; delete those that you do not need:")
    for path in left[:SHOWN_FILES]:
        say(f"  {path}")
    if len(left) > SHOWN_FILES:
        say(f"  ... and {len(left) - SHOWN_FILES} more; --json lists all")
    say("Not changed: bookings.db, which belongs to the application, and backups.")
