"""The second half of a run: what is open is claimed, checked again, sent and recorded.

The main thread alone touches the databases, and records all that has ended meanwhile in one transaction, together with
the next claims. Where a person must decide about what a crash leaves behind, it claims no more than workers can begin
at once, so that it was really on its way; where a repetition does no harm, some more, so that workers need not wait for
the disk. No transaction is open while anything is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from reminderctl import channels, clocks
from reminderctl.bookings import BookingSource
from reminderctl.channels import OnUnknown, Policy
from reminderctl.core import planning, recipients, retry
from reminderctl.errors import LockedError, ReminderctlError, Unknown
from reminderctl.ledger import Ledger, circuits, claims, queue, sources
from reminderctl.ledger.runs import Run
from reminderctl.model import Config, Delivery, State
from reminderctl.tick.deliver import Deliverer
from reminderctl.tick.report import Report
from reminderctl.tick.workers import AttemptResult, WorkerPool

POLL_SECONDS = 0.5  # how soon a signal is noticed while everything waits for the network
SHORT_WAIT = timedelta(seconds=10)  # a pause no longer than this is waited for; another one is the next run's
DRAIN_SECONDS = 8.0  # how long a run that was told to stop waits for what is on its way
PATIENCE_SECONDS = 120.0  # how long it waits, after its time, for attempts whose channel has no longer deadline
LONGEST_ATTEMPT = 4  # in timeouts of its channel: the acceptance of a mail takes two more
RECORDING_SECONDS = 120.0  # how long it waits for a locked ledger: what it cannot record would be sent again
MAY_CHANGE = ("channel", "address", "participant", "due_at", "expires_at")  # of a delivery that stays the same
LOOK_AGAIN = timedelta(seconds=30)  # after which the next run looks at what was missing in the moment before an attempt
PREFETCH = 32  # claims beyond the workers of a circuit whose channel tells repetitions
OTHER_PROVIDER = "its provider is another one now, which could not tell a repetition"
UNCONFIGURED = Policy(on_unknown=OnUnknown.HOLD, workers=0)


class Sender:
    """The sending half of one run."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        bookings: BookingSource,
        *,
        run: Run,
        clock: Callable[[], datetime],
        outbox: Path | None,
        report: Report,
    ) -> None:
        self._config = config
        self._workflows = {workflow.id: workflow for workflow in config.workflows}
        self._ledger = ledger
        self._bookings = bookings
        self._run = run.id
        self._stay_visible = run.stay_visible
        self._clock = clock
        self._report = report
        self._workers = WorkerPool(Deliverer(config, clock=clock, outbox=outbox), clock=clock)
        self._warnings: dict[int, str] = {}  # to be said of deliveries, by their ids, once they have gone out
        self._deferred: dict[tuple[str, str, str], datetime] = {}  # circuit, workflow, action: until when

    def recover(self, dead: list[int]) -> None:
        """Settle what dead runs were sending: it may have gone out, and the rule of its channel says what follows."""
        for number in dead:
            with self._ledger.transaction():
                for delivery in claims.in_flight_of(self._ledger, number):
                    if self._config.broken and delivery.workflow not in self._workflows:
                        continue  # the rule of its channel may stand in the file that is broken
                    self._settle(AttemptResult(delivery, error=Unknown("the run that was sending it died")), run=number)

    def work(self, *, until: float, interrupted: Callable[[], bool]) -> None:
        """Send until nothing is open; begin nothing after `until` (in elapsed seconds) or once interrupted.

        Attempts that go on long after that, beyond the deadline of their channel, are named and left to the next run.
        Where a database fails in the middle, nothing more is begun, what is on its way is waited for and recorded if
        the ledger lets us, and only then is the failure raised.
        """
        ready_circuits = circuits.ready(self._ledger, self._clock())
        results: list[AttemptResult] = []
        failure: ReminderctlError | None = None
        leaving = False
        ends_at = float("inf")
        # By a clock that stands still with the machine, so that what was on its way can end when it is awake again.
        last_moment = time.monotonic() + until - clocks.seconds() + self._patience()
        try:
            while True:
                results += self._workers.collect(timeout=POLL_SECONDS)
                failure = failure or self._cannot_stay_visible()
                if failure and ends_at == float("inf"):
                    patience = RECORDING_SECONDS if isinstance(failure, LockedError) else DRAIN_SECONDS
                    ends_at = clocks.seconds() + patience
                if interrupted() and not leaving:
                    leaving = True
                    ends_at = min(ends_at, clocks.seconds() + DRAIN_SECONDS)
                claiming = ends_at == float("inf") and clocks.seconds() < until
                if not claiming:
                    self._workers.stop()
                claimed: list[Delivery] = []
                if results or not self._workers.on_the_way.total():
                    try:
                        claimed = self._record_and_claim(results, ready_circuits if claiming else [])
                        results = []
                        self._check_and_submit(claimed, until=until)
                    except ReminderctlError as error:
                        failure = failure or error
                        self._workers.stop()  # at once: each message that begins now could not be recorded either
                over = not claimed and not results and not self._workers.on_the_way.total()
                waits = over and claiming and self._a_circuit_closes_soon()
                is_late = clocks.seconds() > ends_at or time.monotonic() > last_moment
                if (over and not waits) or is_late:
                    break  # the next run finds what is still on its way, by the lock that ends with this process
                if waits or results:  # the ledger refused them; it may be free again in a moment
                    time.sleep(POLL_SECONDS)
        finally:
            self._workers.shutdown()
        if failure:
            raise self._with_what_is_unrecorded(failure, results)
        self._say_what_is_left(told_to_stop=ends_at != float("inf"))

    def _say_what_is_left(self, *, told_to_stop: bool) -> None:
        left = self._workers.on_the_way.total()
        if left and told_to_stop:
            what = "1 message was" if left == 1 else f"{left} messages were"
            self._report.lines.append(f"told to stop while {what} on the way; the next run looks after what is left")
        elif left:
            self._report.leave_unended(self._workers.unended())

    def _patience(self) -> float:
        """Return how many seconds the longest attempt may go on after the run's time is over."""
        timeouts = (getattr(each.settings, "timeout", 0.0) for each in self._config.channels.values())
        return max(PATIENCE_SECONDS, LONGEST_ATTEMPT * max(timeouts, default=0.0))

    def _cannot_stay_visible(self) -> ReminderctlError | None:
        """Return why other runs could no longer see that this one lives, or read what it records."""
        try:
            self._stay_visible()
        except ReminderctlError as error:
            return error
        return None

    def _with_what_is_unrecorded(self, failure: ReminderctlError, results: list[AttemptResult]) -> ReminderctlError:
        """Add to a failure what the ledger does not know and a person may have to."""
        begun = sum(result.begun for result in results) + self._workers.on_the_way.total()
        waiting = sum(not result.begun for result in results)
        words = str(failure)
        if begun:
            attempts = "1 attempt" if begun == 1 else f"{begun} attempts"
            words += f"; the end of {attempts} is not recorded, and the next run takes them for uncertain"
        if waiting:
            words += f"; {waiting} more {'was' if waiting == 1 else 'were'} claimed and not begun"
        failure.args = (words,)
        return failure

    def _a_circuit_closes_soon(self) -> bool:
        """Whether a provider that asked to go slower can be asked again while it is worth waiting for."""
        now = self._clock()
        return circuits.closes_soon(self._ledger, now, until=now + SHORT_WAIT)

    def _record_and_claim(
        self, results: list[AttemptResult], ready_circuits: list[circuits.ReadyCircuit]
    ) -> list[Delivery]:
        claimed: list[Delivery] = []
        with self._ledger.transaction():
            for result in results:
                self._settle(result, run=self._run)
            for circuit in ready_circuits:
                claimed += self._claim(circuit)
        return claimed

    def _claim(self, circuit: circuits.ReadyCircuit) -> list[Delivery]:
        now, rules = self._clock(), self._rules(circuit.channel)
        if circuits.is_paused(self._ledger, circuit.name, now=now):
            return []
        prefetch = PREFETCH if rules.on_unknown is not OnUnknown.HOLD else 0
        # A circuit that has failed is probed with one delivery first.
        half_open = any(circuits.failure_counts(self._ledger, circuit.name))
        most = 1 if half_open else rules.workers + prefetch
        taken = self._workers.on_the_way[circuit.name]
        # Claiming many at a time is cheaper than claiming each as soon as there is room for it.
        if taken >= most or taken > rules.workers + prefetch // 2:
            return []
        absent = [] if not self._config.broken else self._absent()
        return claims.claim(
            self._ledger, circuit.name, run=self._run, now=now, limit=most - taken, leave=absent, half_open=half_open
        )

    def _absent(self) -> list[str]:
        """The workflows that wait for a broken file to be mended."""
        return sorted(queue.workflows_waiting(self._ledger) - self._workflows.keys())

    def _check_and_submit(self, claimed: list[Delivery], *, until: float) -> None:
        """Check each delivery again, in the moment before it is sent (docs/reference/time.md); none after `until`."""
        withdrawn: list[tuple[Delivery, str | None]] = []
        missing: list[Delivery] = []
        waiting = list(claimed)
        try:
            if clocks.seconds() >= until:  # the machine slept; a check that takes long would do so in the next run too
                return
            found = self._bookings.find_all({delivery.booking for delivery in claimed}) if claimed else {}
            while waiting:
                delivery = waiting[0]
                workflow, booking = self._workflows.get(delivery.workflow), found.get(delivery.booking)
                current = planning.still_owed(delivery, workflow, booking, config=self._config)
                if current and booking:
                    current = replace(delivery, **{name: getattr(current, name) for name in MAY_CHANGE})
                    rules = self._rules(current.channel)
                    if current.uncertain_attempts and rules.on_unknown is OnUnknown.HOLD:
                        withdrawn.append((current, OTHER_PROVIDER))
                    elif current.due_at <= self._clock() <= current.expires_at:
                        self._workers.submit(current, booking, workers=rules.workers)
                        if workflow and (warning := recipients.unknown_zone_of(current, workflow, booking)):
                            self._warnings[current.id] = warning
                    else:
                        withdrawn.append((current, None))  # its term is another one now
                elif planning.what_is_missing(delivery, workflow, booking, config=self._config):
                    missing.append(
                        delivery
                    )  # whether it is held or canceled is for planning, which sees all that waits
                else:
                    reason = planning.why_not_owed(delivery, workflow, booking, config=self._config)
                    withdrawn.append((delivery, reason))
                waiting.pop(0)
        finally:
            withdrawn += [(delivery, None) for delivery in waiting]  # or the bookings failed us: not begun after all
            self._withdraw(withdrawn, missing)

    def _withdraw(self, withdrawn: list[tuple[Delivery, str | None]], missing: list[Delivery]) -> None:
        """End claimed deliveries of which nothing was sent; without a reason, or if `missing`, they go back to wait."""
        if not withdrawn and not missing:
            return
        with self._ledger.transaction():
            for delivery in missing:
                now = self._clock()
                claims.release_claim(self._ledger, delivery, run=self._run, now=now, until=now + LOOK_AGAIN)
            for delivery, reason in withdrawn:
                ended = claims.release_claim(self._ledger, delivery, run=self._run, now=self._clock(), reason=reason)
                self._report.withdraw(delivery, ended, reason or "")
            if any(reason for _, reason in withdrawn):  # by bookings that may have changed again before the next run
                sources.note_workflows(self._ledger, None)

    def _settle(self, result: AttemptResult, *, run: int) -> None:
        now, delivery = self._clock(), result.delivery
        if not result.begun:
            claims.release_claim(self._ledger, delivery, run=run, now=now)
            self._defer_siblings(delivery)
            return
        decision = self._decide(result, now)
        if run != self._run and decision.state is State.PENDING:
            # The time since that run died was the waiting; unless its clock was ahead, and this is not yet due.
            decision = replace(decision, next_attempt_at=max(now, delivery.due_at))
        settled = claims.settle(self._ledger, delivery, outcome=decision, run=run, now=now, address=result.address)
        if not settled:
            return  # another run has found us dead and decided; what it wrote stands
        if run == self._run:
            self._record_result(delivery, decision, now)
        self._report.tell(delivery, decision, bug=result.bug)
        if decision.state in (State.SENT, State.UNKNOWN) and delivery.id in self._warnings:
            self._report.warnings[self._warnings[delivery.id]] = None

    def _record_result(self, delivery: Delivery, decision: retry.Outcome, now: datetime) -> None:
        """Let a circuit learn from an attempt; where it comes to rest, its next probe is one of another action."""
        # What was on its way when the circuit came to rest says the same once more.
        if not (decision.circuit_failed and circuits.is_paused(self._ledger, delivery.circuit, now=now)):
            circuits.record_result(self._ledger, delivery.circuit, outcome=decision, now=now)
            if decision.circuit_failed and decision.pause_circuit_until:
                until = decision.pause_circuit_until + retry.FIRST_PAUSE
                self._deferred[delivery.circuit, delivery.workflow, delivery.action] = until
        if decision.circuit_failed or decision.pause_circuit_until:
            self._defer_siblings(delivery)
            self._workers.stop(delivery.circuit)

    def _defer_siblings(self, delivery: Delivery) -> None:
        if until := self._deferred.get((delivery.circuit, delivery.workflow, delivery.action)):
            queue.defer_siblings(self._ledger, delivery, until=until)

    def _decide(self, result: AttemptResult, now: datetime) -> retry.Outcome:
        if result.receipt is not None:
            return retry.decide_receipt(result.receipt)
        assert result.error is not None, "an result has a receipt or an error"  # noqa: S101
        rules = self._rules(result.delivery.channel)
        failure_counts = circuits.failure_counts(self._ledger, result.delivery.circuit)
        return retry.decide_error(
            result.error,
            result.delivery,
            on_unknown=rules.on_unknown,
            now=now,
            circuit_failures=failure_counts.failures,
            circuit_throttles=failure_counts.throttles,
        )

    def _rules(self, channel: str) -> Policy:
        configured = self._config.channels.get(channel)
        return channels.module(configured.module).POLICY if configured else UNCONFIGURED
