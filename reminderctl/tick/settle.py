"""The record of each attempt's end, in the ledger and in the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from reminderctl.core import retry
from reminderctl.ledger import Ledger, circuits, claims, queue
from reminderctl.model import Config, Delivery, State
from reminderctl.tick.attempt import opening_after, policy_of
from reminderctl.tick.report import Report
from reminderctl.tick.workers import AttemptResult, WorkerPool


class Settler:
    """Record how attempts ended, inside the caller's transaction."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        *,
        run: int,
        clock: Callable[[], datetime],
        report: Report,
        workers: WorkerPool,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._run = run
        self._clock = clock
        self._report = report
        self._workers = workers
        self._deferred: dict[tuple[str, str, str], datetime] = {}  # circuit, workflow, action: until when

    def settle(self, result: AttemptResult, *, run: int) -> None:
        """Record how an attempt of this run, or of a dead one, ended; what was not begun waits again."""
        now, delivery = self._clock(), result.delivery
        if not result.begun:
            claims.release_claim(self._ledger, delivery, run=run, now=now)
            self._defer_siblings(delivery)
            return
        decision = self._decide(result, now)
        if run != self._run and decision.state is State.PENDING:
            # The time since that run died was the wait; unless its clock was ahead, and this is not yet due.
            decision = replace(decision, next_attempt_at=max(now, delivery.begins_at))
        if decision.next_attempt_at:
            decision = replace(decision, next_attempt_at=opening_after(delivery, decision.next_attempt_at))
        settled = claims.settle(self._ledger, delivery, outcome=decision, run=run, now=now, address=result.address)
        if not settled:
            return  # another run has taken this one for dead and decided; what it wrote stays
        if run == self._run:
            self._record_result(delivery, decision, now=now)
        self._report.record(delivery, decision, bug=result.bug)

    def _record_result(self, delivery: Delivery, decision: retry.Outcome, *, now: datetime) -> None:
        """Record for the circuit what an attempt showed; where it opens, it is next tried with another action."""
        # An attempt that was under way when the circuit opened is no further failure of it.
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
        assert result.error is not None, "a result has a receipt or an error"  # noqa: S101
        failure_counts = circuits.failure_counts(self._ledger, result.delivery.circuit)
        return retry.decide_error(
            result.error,
            result.delivery,
            on_unknown=policy_of(self._config, result.delivery.channel).on_unknown,
            now=now,
            circuit_failures=failure_counts.failures,
            circuit_throttles=failure_counts.throttles,
        )
