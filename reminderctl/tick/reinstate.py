"""The return of canceled deliveries that are owed again, to the same recipient or to another one of a group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from msgspec import Struct

from reminderctl.bookings import BookingSource
from reminderctl.core import recheck
from reminderctl.core.timing import instant_text, parse_trigger
from reminderctl.ledger import Ledger, missing, sources
from reminderctl.model import Config, Delivery, Workflow
from reminderctl.tick.pending_rounds import CheckedDelivery

BOOKINGS_AT_ONCE = 500


class Returning(Struct, frozen=True):
    """The deliveries that are owed in place of canceled ones, or of those about to be, by their ids.

    `off` are canceled ones whose workflow is switched off; `looked` is False where nothing had changed.
    """

    owed: dict[int, list[Delivery]]
    off: list[Delivery]
    looked: bool


def read_owed_again(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    now: datetime,
    known: sources.Source | None,
    fingerprint: str | None,
    workflows: str,
    withdrawn: Iterable[CheckedDelivery],
) -> Returning:
    """Read what was canceled and is owed again before its deadline, whatever window it is in.

    It is looked for only where the bookings, of this `fingerprint`, or the `workflows`, of this checksum, have changed
    since a run looked; and where what waits is `withdrawn`.

    1. What a person canceled, or whose workflow was switched off since, does not come back.
    2. Where the first participant dropped out before the message was sent, the next one's message is owed instead.
    """
    same = known and fingerprint and (known.fingerprint, known.workflows) == (fingerprint, workflows)
    canceled = [] if same else missing.may_come_back(ledger, now)
    by_id = {workflow.id: workflow for workflow in config.workflows}
    off = {workflow.id for workflow in config.workflows if not workflow.enabled}
    owed = defaultdict[int, list[Delivery]](list)
    for each in withdrawn:
        owed[each.delivery.id] += recheck.owed_instead(
            each.delivery, each.workflow, booking=each.booking, config=config
        )
    stream = (delivery for delivery in canceled if delivery.workflow not in off)
    while some := list(islice(stream, BOOKINGS_AT_ONCE)):
        there = bookings.find_all({delivery.booking for delivery in some})
        for delivery in some:
            workflow, booking = by_id.get(delivery.workflow), there.get(delivery.booking)
            owed[delivery.id] += recheck.owed_instead(delivery, workflow, booking=booking, config=config)
    return Returning(owed, [each for each in canceled if each.workflow in off], bool(canceled))


def find_owed_again(
    returning: Returning, ledger: Ledger, *, workflows: str, now: datetime
) -> dict[str, list[Delivery]]:
    """Return what is owed in place of what is canceled now, by workflow."""
    if returning.looked:
        sources.note_workflows(ledger, workflows)
        missing.close(ledger, returning.off)
    found = defaultdict[str, list[Delivery]](list)
    if any(returning.owed.values()):
        for delivery in missing.may_come_back(ledger, now):
            for current in returning.owed.get(delivery.id, ()):
                if current.planned_at <= now <= current.expires_at:
                    found[current.workflow].append(current)
    return found


def skip_if_sent_to_another(
    workflow: Workflow, deliveries: Iterable[Delivery], *, ledger: Ledger
) -> Iterator[Delivery]:
    """Yield deliveries, but none to a customer where the workflow is for one, and another one has got it."""
    if workflow.for_each_customer is not False:
        yield from deliveries
        return
    stream = iter(deliveries)
    while some := list(islice(stream, BOOKINGS_AT_ONCE)):
        sent_to = missing.written_to(ledger, workflow.id, bookings={delivery.booking for delivery in some})
        for delivery in some:
            event_at = instant_text(delivery.event_at)
            name = (parse_trigger(delivery.trigger).identity, delivery.action, delivery.booking, event_at)
            already = sent_to.get(name, delivery.recipient)
            if already == delivery.recipient or not recheck.is_for_the_first(delivery, workflow):
                yield delivery
