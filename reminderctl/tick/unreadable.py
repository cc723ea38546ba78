"""The search for what fell due for bookings while they could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from reminderctl.bookings import BookingSource
from reminderctl.core import planning
from reminderctl.ledger import Ledger, clocks, unreadable
from reminderctl.ledger.store import errors_of
from reminderctl.ledger.unreadable import UnreadableBooking
from reminderctl.ledger.watermarks import OVERLAP, Key, Watermark
from reminderctl.model import Booking, Config, Delivery, Trigger, Window, Workflow
from reminderctl.tick.pending_rounds import FEW
from reminderctl.tick.report import Report

LONGEST = timedelta(days=1)  # that a booking is looked for, unless a `grace` of the YAML is longer


class Noted(Struct, frozen=True):
    """The bookings that earlier runs could not read, and those of them that this one can.

    `whole_until` is the last run that saw all bookings, where it is not the last one.
    """

    bookings: Mapping[str, UnreadableBooking]
    readable: Mapping[str, Booking]
    whole_until: datetime | None


def read_noted(ledger: Ledger, bookings: BookingSource, *, whole_until: datetime | None, now: datetime) -> Noted:
    """Read again what earlier runs could not; that this one cannot either is no news."""
    with errors_of(ledger.path):
        noted = unreadable.find(ledger, now)
    if not noted:
        return Noted({}, {}, whole_until)
    known = len(bookings.problems)
    readable = bookings.find_all(noted)
    del bookings.problems[known:]
    return Noted(noted, readable, whole_until)


def fallen_due(
    noted: Noted,
    trigger: Trigger,
    *,
    workflow: Workflow,
    marks: Mapping[Key, Watermark],
    late_until: datetime | None,
    config: Config,
    now: datetime,
) -> Iterator[Delivery]:
    """Yield what of a trigger fell due for bookings while they could not be read, of each action since it is armed."""
    for booking_id, booking in noted.readable.items():
        window = Window(min(noted.bookings[booking_id].since, now), now)
        for delivery in planning.due(
            workflow, trigger, bookings=[booking], window=window, config=config, late_until=late_until
        ):
            mark = marks.get(Key(workflow.id, trigger.identity, delivery.action))
            if mark and delivery.planned_at > mark.armed_at:
                yield delivery


def note(
    config: Config,
    ledger: Ledger,
    *,
    bookings: BookingSource,
    noted: Noted,
    marks: Mapping[Key, Watermark],
    run: int,
    report: Report,
) -> None:
    """Record which bookings this run could not read; say of which the search ends.

    Where they are many at once, all bookings are looked for from the last run that saw them, as when they are missing.
    A run whose clock is behind records nothing.
    """
    cannot, now = bookings.unreadable, report.now
    if not (cannot or noted.bookings) or not clocks.look_back(ledger, now, run=run).is_plausible:
        return
    new = {booking: reason for booking, reason in cannot.items() if booking not in noted.bookings}
    still = {booking: cannot[booking] for booking in noted.bookings if booking in cannot}
    since = min([now, noted.whole_until or now, *(mark.planned_until for mark in marks.values())]) - OVERLAP
    unreadable.note(ledger, still | (new if len(new) <= FEW else {}), since=since, now=now)
    unreadable.forget(ledger, noted.bookings.keys() - still.keys(), now=now)
    longest = max([LONGEST, *(each.grace for each in config.workflows if each.grace)])
    over = [noted.bookings[booking] for booking in still if now - noted.bookings[booking].noticed_at >= longest]
    unreadable.give_up(ledger, [each.booking for each in over], now=now)
    for each in over:
        report.say(
            f"{bookings.name}: booking {each.booking} could not be read for too long ({still[each.booking]}): what "
            f"fell due for it since {each.noticed_at:%Y-%m-%dT%H:%M:%SZ} was not sent"
        )
