"""The check of each claimed delivery in the moment before it is sent (docs/reference/time.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from reminderctl.bookings import BookingSource
from reminderctl.channels import OnUnknown
from reminderctl.core import recheck, recipients
from reminderctl.ledger import Ledger, claims, sources
from reminderctl.model import Booking, Config, Delivery
from reminderctl.tick.attempt import opening_after, policy_of
from reminderctl.tick.deadline import Deadline
from reminderctl.tick.report import Report
from reminderctl.tick.workers import WorkerPool

# Of a delivery that stays the same.
MAY_CHANGE = ("channel", "address", "participant", "due_at", "expires_at", "send_at", "hours")
LOOK_AGAIN = timedelta(seconds=30)  # after which the next run looks at what was missing in the moment before an attempt
OTHER_PROVIDER = "its provider has changed, and the new one could not recognize a duplicate"


class Withdrawal(NamedTuple):
    """A claimed delivery that is not begun: canceled for a reason, or to wait again.

    What lacks something waits a little longer: whether it is held or canceled is for planning, which sees all that
    waits. What may not ring now waits `until` it may.
    """

    delivery: Delivery
    reason: str | None = None
    lacks_something: bool = False
    until: datetime | None = None


class Precheck:
    """Check what was claimed by the bookings and workflows as they are now, and submit what is still owed."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        *,
        bookings: BookingSource,
        run: int,
        clock: Callable[[], datetime],
        report: Report,
        workers: WorkerPool,
    ) -> None:
        self._config = config
        self._workflows = {workflow.id: workflow for workflow in config.workflows}
        self._ledger = ledger
        self._bookings = bookings
        self._run = run
        self._clock = clock
        self._report = report
        self._workers = workers

    def submit_owed(self, claimed: list[Delivery], *, deadline: Deadline) -> None:
        """Submit the deliveries that are still owed, and withdraw the others; after the deadline, all of them."""
        withdrawn: list[Withdrawal] = []
        waiting = list(claimed)
        try:
            # The machine may have slept; a check that takes long would do so in the next run too.
            if claimed and deadline.may_begin():
                concerned = {delivery.booking for delivery in claimed}
                self._bookings.read_again(concerned)
                found = self._bookings.find_all(concerned)
                while waiting:
                    delivery = waiting[0]
                    if withdrawal := self._check(delivery, found.get(delivery.booking)):
                        withdrawn.append(withdrawal)
                    waiting.pop(0)
        finally:  # where the bookings failed, what was not checked is not begun either
            self._withdraw([*withdrawn, *map(Withdrawal, waiting)])

    def _check(self, delivery: Delivery, booking: Booking | None) -> Withdrawal | None:
        """Submit a delivery if it is still owed; return how it is withdrawn otherwise."""
        if self._bookings.why_held(delivery.booking):
            return Withdrawal(delivery, lacks_something=True)
        workflow = self._workflows.get(delivery.workflow)
        current = recheck.still_owed(delivery, workflow, booking=booking, config=self._config)
        if not current or not booking:
            if gone := self._bookings.why_gone(delivery.booking):
                return Withdrawal(delivery, gone)
            if recheck.what_is_missing(delivery, workflow, booking=booking, config=self._config):
                return Withdrawal(delivery, lacks_something=True)
            return Withdrawal(delivery, recheck.why_not_owed(delivery, workflow, booking=booking, config=self._config))
        current = replace(delivery, **{name: getattr(current, name) for name in MAY_CHANGE})
        policy = policy_of(self._config, current.channel)
        if current.uncertain_attempts and policy.on_unknown is OnUnknown.HOLD:
            return Withdrawal(current, OTHER_PROVIDER)
        now = self._clock()
        if not current.begins_at <= now <= current.expires_at:
            return Withdrawal(current)  # it falls due, or expires, at another time now
        if (opens_at := opening_after(current, now)) > now:
            return Withdrawal(current, until=opens_at)
        self._workers.submit(current, booking, workers=policy.workers)
        if workflow and (warning := recipients.unknown_zone_of(current, workflow, booking=booking)):
            self._report.warn_when_sent(current, warning)
        return None

    def _withdraw(self, withdrawn: list[Withdrawal]) -> None:
        """End what has a reason, and let the others wait again; nothing of them was sent."""
        if not withdrawn:
            return
        with self._ledger.transaction():
            for delivery, reason, lacks_something, until in withdrawn:
                now = self._clock()
                until = now + LOOK_AGAIN if lacks_something else until  # noqa: PLW2901 - one name for both
                ended = claims.release_claim(self._ledger, delivery, run=self._run, now=now, until=until, reason=reason)
                self._report.withdraw(delivery, ended, reason=reason or "")
            if any(each.reason for each in withdrawn):  # by bookings that may have changed again before the next run
                sources.note_workflows(self._ledger, None)
