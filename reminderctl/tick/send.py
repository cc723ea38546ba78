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
from enum import Enum, auto

from reminderctl.bookings import BookingSource
from reminderctl.channels import OnUnknown
from reminderctl.errors import LockedError, ReminderctlError, Unknown
from reminderctl.ledger import Ledger, circuits, claims, queue
from reminderctl.ledger.runs import Run
from reminderctl.model import Config, Delivery
from reminderctl.tick.attempt import Deliverer, policy_of
from reminderctl.tick.before_attempt import Precheck
from reminderctl.tick.deadline import DRAIN_SECONDS, RECORDING_SECONDS, Deadline, patience_of
from reminderctl.tick.report import Report
from reminderctl.tick.settle import Settler
from reminderctl.tick.workers import AttemptResult, WorkerPool

POLL_SECONDS = 0.5  # how soon a signal is noticed while everything waits for the network
SHORT_WAIT = timedelta(seconds=10)  # a pause no longer than this is waited for; another one is the next run's
PREFETCH = 32  # claims beyond the workers of a circuit whose channel recognizes repetitions


class RunPhase(Enum):
    """The phases of sending; each is left for a later one, and never entered again."""

    RUNNING = auto()  # what is open is claimed and begun
    DRAINING = auto()  # the time is over, or a signal came: what is on its way is waited for and recorded
    FAILED = auto()  # so it is after a database failed; what the ledger refuses is recorded as soon as it can be


class Sender:
    """The sending half of one run, which begins nothing after `until` (in elapsed seconds)."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        *,
        bookings: BookingSource,
        deliverer: Deliverer,
        run: Run,
        clock: Callable[[], datetime],
        report: Report,
        until: float,
    ) -> None:
        self._config = config
        self._workflows = {workflow.id for workflow in config.workflows}
        self._ledger = ledger
        self._run = run.id
        self._stay_visible = run.stay_visible
        self._clock = clock
        self._report = report
        self._workers = WorkerPool(deliverer, clock=clock)
        self._settler = Settler(config, ledger, run=run.id, clock=clock, report=report, workers=self._workers)
        self._precheck = Precheck(
            config, ledger, bookings=bookings, run=run.id, clock=clock, report=report, workers=self._workers
        )
        self._deadline = Deadline(until, patience=patience_of(deliverer.credentials))
        self._phase = RunPhase.RUNNING
        self._failure: ReminderctlError | None = None
        self._ready_circuits: list[circuits.ReadyCircuit] = []
        self._results: list[AttemptResult] = []  # not recorded yet

    def recover(self, dead: list[int]) -> None:
        """Settle what dead runs were sending: it may have gone out, and the rule of its channel says what follows."""
        for number in dead:
            with self._ledger.transaction():
                for delivery in claims.in_flight_of(self._ledger, number):
                    if self._config.broken and delivery.workflow not in self._workflows:
                        continue  # the rule of its channel may be in the file that is broken
                    error = Unknown("the run that was sending it died")
                    self._settler.settle(AttemptResult(delivery, error=error), run=number)

    def work(self, interrupted: Callable[[], bool]) -> None:
        """Send until nothing is open, or the deadline has passed; begin nothing once interrupted.

        Attempts that go on long after that, beyond the deadline of their channel, are named and left to the next run.
        Where a database fails in the middle, nothing more is begun, what is on its way is waited for and recorded if
        the ledger lets us, and only then is the failure raised.
        """
        self._ready_circuits = circuits.ready(self._ledger, self._clock())
        try:
            while self.step(interrupted):
                pass
        finally:
            self._workers.shutdown()
        if self._failure:
            raise self._with_what_is_unrecorded(self._failure)
        self._say_what_is_left()

    def step(self, interrupted: Callable[[], bool]) -> bool:
        """Wait for attempts to end, and do what the phase is for; return False after the last step."""
        self._results += self._workers.collect(timeout=POLL_SECONDS)
        self._change_phase(interrupted)
        pause = self._run_on() if self._phase is RunPhase.RUNNING else self._drain()
        if pause is None or self._deadline.has_passed():
            return False  # the next run finds what is still on its way, by the lock that ends with this process
        time.sleep(pause)
        return True

    # --- the phases: each returns the seconds until the next step, None after the last one ----------------------------

    def _change_phase(self, interrupted: Callable[[], bool]) -> None:
        if self._phase is not RunPhase.FAILED:
            try:  # so that other runs see that this one lives, and read what it records
                self._stay_visible()
            except ReminderctlError as error:
                self._fail(error)
        if interrupted():
            self._deadline.shorten(DRAIN_SECONDS)
        if self._phase is RunPhase.RUNNING and (self._deadline.is_shortened or not self._deadline.may_begin()):
            self._phase = RunPhase.DRAINING

    def _fail(self, error: ReminderctlError) -> None:
        """Begin nothing from now on: each message that begins could not be recorded either."""
        if self._failure is None:
            self._phase, self._failure = RunPhase.FAILED, error
            self._deadline.shorten(RECORDING_SECONDS if isinstance(error, LockedError) else DRAIN_SECONDS)
        self._workers.stop()  # at once

    def _run_on(self) -> float | None:
        """Record what has ended, and begin what is open."""
        if self._record_and_begin(self._ready_circuits):
            return 0.0
        pause = self._pause_for_the_rest()
        waits = pause is None and self._phase is RunPhase.RUNNING and self._a_circuit_closes_soon()
        return POLL_SECONDS if waits else pause

    def _drain(self) -> float | None:
        """Record what has ended, and begin nothing."""
        self._workers.stop()
        self._record_and_begin([])
        return self._pause_for_the_rest()

    def _pause_for_the_rest(self) -> float | None:
        if self._results:
            return POLL_SECONDS  # the ledger refused them; it may be free again in a moment
        return 0.0 if self._workers.on_the_way.total() else None

    def _a_circuit_closes_soon(self) -> bool:
        """Return True where a provider that asked for fewer messages can be asked again within a short wait."""
        now = self._clock()
        return circuits.closes_soon(self._ledger, now, until=now + SHORT_WAIT)

    # --- the ledger ---------------------------------------------------------------------------------------------------

    def _record_and_begin(self, ready_circuits: list[circuits.ReadyCircuit]) -> bool:
        """Record what has ended, or see what is open where nothing is on its way; return True if it claims any."""
        claimed: list[Delivery] = []
        if self._results or not self._workers.on_the_way.total():
            try:
                claimed = self._record_and_claim(ready_circuits)
                self._precheck.submit_owed(claimed, deadline=self._deadline)
            except ReminderctlError as error:
                self._fail(error)
        return bool(claimed)

    def _record_and_claim(self, ready_circuits: list[circuits.ReadyCircuit]) -> list[Delivery]:
        claimed: list[Delivery] = []
        with self._ledger.transaction():
            for result in self._results:
                self._settler.settle(result, run=self._run)
            for circuit in ready_circuits:
                claimed += self._claim(circuit)
        self._results = []
        return claimed

    def _claim(self, circuit: circuits.ReadyCircuit) -> list[Delivery]:
        now, policy = self._clock(), policy_of(self._config, circuit.channel)
        if circuits.is_paused(self._ledger, circuit.name, now=now):
            return []
        # What comes from a source is read again when it is claimed; so it is claimed when it can be begun at once.
        prefetch = PREFETCH if policy.on_unknown is not OnUnknown.HOLD and not self._config.sources else 0
        # A circuit that has failed is tried with one delivery first.
        half_open = any(circuits.failure_counts(self._ledger, circuit.name))
        most = 1 if half_open else policy.workers + prefetch
        taken = self._workers.on_the_way[circuit.name]
        # Claiming many at a time is cheaper than claiming each as soon as there is room for it.
        if taken >= most or taken > policy.workers + prefetch // 2:
            return []
        absent = [] if not self._config.broken else self._absent()
        return claims.claim(
            self._ledger, circuit.name, run=self._run, now=now, limit=most - taken, leave=absent, half_open=half_open
        )

    def _absent(self) -> list[str]:
        """Return the workflows that wait for a broken file to be corrected."""
        return sorted(queue.workflows_waiting(self._ledger) - self._workflows)

    # --- what is left -------------------------------------------------------------------------------------------------

    def _say_what_is_left(self) -> None:
        left = self._workers.on_the_way.total()
        if left and self._deadline.is_shortened:
            what = "1 message was" if left == 1 else f"{left} messages were"
            self._report.say(f"asked to stop while {what} being sent; the next run takes care of the rest")
        elif left:
            self._report.leave_unended(self._workers.unended())

    def _with_what_is_unrecorded(self, failure: ReminderctlError) -> ReminderctlError:
        """Add to a failure what the ledger does not know and a person may have to."""
        begun = sum(result.begun for result in self._results) + self._workers.on_the_way.total()
        waiting = sum(not result.begun for result in self._results)
        words = str(failure)
        if begun:
            attempts = "1 attempt" if begun == 1 else f"{begun} attempts"
            words += f"; the result of {attempts} is not recorded, and the next run treats them as uncertain"
        if waiting:
            words += f"; {waiting} more {'was' if waiting == 1 else 'were'} claimed but not started"
        failure.args = (words,)
        return failure
