"""The early check of deliveries that wait, long before their attempt.

It finds which are no longer owed, fall due at another time, or lack something. The check in the moment before an
attempt decides; this one lets people see early what will not go out, and keeps the
deadlines right. So a run makes as many as cost little, and none where nothing has changed since the last round.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from reminderctl import __version__
from reminderctl.bookings import BookingSource
from reminderctl.core import recheck, recipients
from reminderctl.core.timing import instant_text
from reminderctl.ledger import Ledger, checks, missing, queue
from reminderctl.ledger.checks import Round
from reminderctl.model import Booking, Config, Delivery, Workflow

AT_ONCE = 500  # deliveries whose bookings are read together
MOST = 1000  # checks in one run, as long as few deliveries lack anything
FEW = 5  # so many may disappear at once: people delete bookings
CROWD_SHARE = 5  # more than one of so many that disappear at once: a file was emptied, nobody decided it
# Of what waits, when the YAML or the booking does.
MAY_CHANGE = ("channel", "circuit", "due_at", "expires_at", "send_at")


class CheckedDelivery(msgspec.Struct, frozen=True):
    """A delivery that waits: as it is owed now, if it is, and what it lacks, if anything."""

    delivery: Delivery
    current: Delivery | None
    workflow: Workflow | None
    booking: Booking | None
    lacks: str | None
    is_unreadable: bool = False  # its booking is there, but nobody can say what it is
    is_held_by_source: bool = False  # nobody can say whether its booking is there: its source says so itself
    gone: str | None = None  # why its booking is over, where its source decided it

    @property
    def is_changed(self) -> bool:
        """Return True where it is owed, but by another way or at another time."""
        now = self.current
        return now is not None and any(getattr(now, name) != getattr(self.delivery, name) for name in MAY_CHANGE)


class Checked(msgspec.Struct, frozen=True):
    """The deliveries that some checks found other than the ledger has them, with the progress of the round."""

    found: list[CheckedDelivery]
    total: int = 0  # of all checks, whatever they found
    done: Round | None = None


def check_waiting(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    fingerprint: str | None,
    workflows: str,
    emptied: Collection[str],
    now: datetime,
) -> Checked:
    """Check what waits, without a change of the ledger; `fingerprint` is that of the bookings, `workflows` a checksum.

    1. What has passed its deadline, by the term that the ledger knows: before it ends it is seen whether that is right.
    2. The next of the round. All of it at once after an edit of the workflows, as one that was switched off must not
       come back with what it had waiting; and where more than a few lack something, as only their share of all that
       waits says whether they are held.
    """
    if not queue.anything_waits(ledger):
        return Checked([])
    before, held = checks.find(ledger), missing.held(ledger)
    if before and before.covers(fingerprint, workflows) and not held:
        return Checked([])
    if before and before.workflows == workflows and not held:
        under_way = before if before.after else Round(fingerprint, workflows)
        some = _go_on(under_way, config, ledger=ledger, bookings=bookings, emptied=emptied, now=now)
        if sum(bool(each.lacks) for each in some.found) <= FEW:
            return some
    checked = Checked([], done=Round(fingerprint, workflows, after=None))
    for page in queue.pages(ledger, size=AT_ONCE):
        checked = _add(checked, page, config=config, bookings=bookings, emptied=emptied, held=held)
    return checked


def _go_on(
    under_way: Round,
    config: Config,
    *,
    ledger: Ledger,
    bookings: BookingSource,
    emptied: Collection[str],
    now: datetime,
) -> Checked:
    """Check what has passed its deadline, and the next of a round."""
    checked = Checked([])
    for page in queue.pages(ledger, until=now, size=AT_ONCE):
        checked = _add(checked, page, config=config, bookings=bookings, emptied=emptied)
    after, left = max(under_way.after or checks.START, (instant_text(now), 0)), MOST
    for page in queue.pages(ledger, after=after, size=AT_ONCE):
        checked = _add(checked, page, config=config, bookings=bookings, emptied=emptied)
        after, left = queue.position(page[-1]), left - len(page)
        if left <= 0:
            return replace(checked, done=replace(under_way, after=after))
    return replace(checked, done=replace(under_way, after=None))


def _add(
    checked: Checked,
    page: list[Delivery],
    *,
    config: Config,
    bookings: BookingSource,
    emptied: Collection[str],
    held: Collection[int] = (),
) -> Checked:
    """Check some more; what is as the ledger has it, and is not `held` for something that it lacked, only counts."""
    every = [*_check(page, config, bookings=bookings, emptied=emptied)]
    checked.found.extend(
        each for each in every if each.lacks or not each.current or each.is_changed or each.delivery.id in held
    )
    return replace(checked, total=checked.total + len(every))


def _check(
    page: list[Delivery], config: Config, *, bookings: BookingSource, emptied: Collection[str]
) -> Iterator[CheckedDelivery]:
    """Yield what waits, but for what waits for a broken file to be corrected."""
    workflows = {workflow.id: workflow for workflow in config.workflows}
    found = bookings.find_all({delivery.booking for delivery in page})
    for delivery in page:
        workflow, booking = workflows.get(delivery.workflow), found.get(delivery.booking)
        if workflow is None and config.broken:
            continue
        current = recheck.still_owed(delivery, workflow, booking=booking, config=config)
        if held := bookings.why_held(delivery.booking):
            yield CheckedDelivery(delivery, current, workflow, booking, held, is_held_by_source=True)
            continue
        if current is None and (gone := bookings.why_gone(delivery.booking)):
            yield CheckedDelivery(delivery, None, workflow, booking, None, gone=gone)
            continue
        lacks, unreadable = None, None
        if current is None or (delivery.participant and not current.participant):
            lacks = recheck.what_is_missing(delivery, workflow, booking=booking, config=config)
            unreadable = bookings.unreadable.get(delivery.booking) if workflow and booking is None else None
        if lacks and unreadable:
            lacks = f"the booking cannot be read: {unreadable}"
        elif current and (table := recipients.table_of(current)) and not current.address:
            unreadable = missing.EMPTIED.format(table) if table in emptied else None
            lacks = lacks or unreadable or ("its recipient no longer has an address" if delivery.address else None)
        yield CheckedDelivery(delivery, current, workflow, booking, lacks, bool(unreadable))


def checksum_of(config: Config) -> str:
    """Return a text that changes with all of the YAML that decides whether a delivery is owed."""
    deciding = (config.timezone, config.language, config.company, config.admin, config.workflows)
    return f"{__version__} {zlib.crc32(msgspec.msgpack.encode(deciding, enc_hook=str)):08x}"
