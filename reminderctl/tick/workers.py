"""The workers of a run: each circuit has its own, so that a provider that hangs delays nobody else.

A circuit may be given more than its workers can begin at once, so that they need not wait for the ledger between two
messages. What has waited there for long, or is taken back, goes back unsent.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import NamedTuple

from reminderctl.errors import ChannelDown, DeliveryError, Throttled, Unknown
from reminderctl.model import Booking, Delivery, Receipt
from reminderctl.tick.attempt import Deliverer

BATCH_SECONDS = 0.01  # what ends within this is recorded together: a commit costs about as much
RECHECK_AFTER = timedelta(seconds=2)  # after so long a delivery may be owed no longer


class AttemptResult(NamedTuple):
    """The end of one attempt: with a receipt and the address it went to, with an error, or before it began."""

    delivery: Delivery
    begun: bool = True
    receipt: Receipt | None = None
    address: str | None = None
    error: DeliveryError | None = None
    bug: str | None = None  # the place of an error in our own code

    @property
    def circuit_opened(self) -> bool:
        """Return True if every other delivery of the circuit would end like this one now."""
        return isinstance(self.error, ChannelDown | Throttled) and not self.error.recipient_only


class Task(NamedTuple):
    """A delivery to attempt, which was still owed at `checked_at`."""

    delivery: Delivery
    booking: Booking
    checked_at: datetime

    def is_stale(self, now: datetime) -> bool:
        """Return True if it has to be checked again; a machine that was suspended wakes up hours later."""
        return now - self.checked_at > RECHECK_AFTER or now > self.delivery.expires_at


class WorkerPool:
    """Daemon threads, started as they are needed: a process that must end does not wait for a hanging provider."""

    def __init__(self, deliverer: Deliverer, *, clock: Callable[[], datetime]) -> None:
        self._deliverer = deliverer
        self._clock = clock
        self._tasks: dict[str, SimpleQueue[Task | None]] = {}
        self._threads: Counter[str] = Counter()
        self._results: SimpleQueue[AttemptResult] = SimpleQueue()
        self._opened: set[str] = set()  # circuits of which nothing is begun until the main thread knows why
        self.on_the_way: Counter[str] = Counter()
        self._in_flight: dict[int, Delivery] = {}

    def submit(self, delivery: Delivery, booking: Booking, *, workers: int) -> None:
        """Let one of the delivery's circuit's workers attempt it, as soon as one is free."""
        circuit = delivery.circuit
        tasks = self._tasks.setdefault(circuit, SimpleQueue())
        self.on_the_way[circuit] += 1
        self._in_flight[delivery.id] = delivery
        if self._threads[circuit] < min(workers, self.on_the_way[circuit]):
            self._threads[circuit] += 1
            threading.Thread(target=self._work, args=(tasks,), name=circuit, daemon=True).start()
        tasks.put(Task(delivery, booking, self._clock()))

    def stop(self, circuit: str | None = None) -> None:
        """Take back what no worker of a circuit, or without one of any, has begun."""
        for name in [circuit] if circuit else [*self._tasks]:
            with suppress(Empty):
                while task := self._tasks[name].get_nowait():
                    self._results.put(AttemptResult(task.delivery, begun=False))

    def collect(self, *, timeout: float) -> list[AttemptResult]:
        """Return every attempt that has ended; wait up to `timeout` seconds for the first, and a little for others."""
        results: list[AttemptResult] = []
        try:
            if self.on_the_way.total():
                results.append(self._results.get(timeout=timeout))
                if self.on_the_way.total() > 1:
                    time.sleep(BATCH_SECONDS)
            while True:
                results.append(self._results.get_nowait())
        except Empty:
            pass
        for result in results:
            self.on_the_way[result.delivery.circuit] -= 1
            self._in_flight.pop(result.delivery.id, None)
        for circuit in {result.delivery.circuit for result in results if result.circuit_opened}:
            self.stop(circuit)
            self._opened.discard(circuit)
        return results

    def unended(self) -> list[Delivery]:
        """Return what was submitted and has not ended, as far as `collect` has seen, in the order of its deadlines."""
        return sorted(self._in_flight.values(), key=lambda delivery: (delivery.expires_at, delivery.id))

    def shutdown(self) -> None:
        """Let idle workers close their connections and go; those that are busy follow when they are done.

        Nothing more is begun, whatever made the run end: what is still waiting here is not recorded by anybody.
        """
        self.stop()
        for circuit, tasks in self._tasks.items():
            for _ in range(self._threads[circuit]):
                tasks.put(None)

    def _work(self, tasks: SimpleQueue[Task | None]) -> None:
        while task := tasks.get():
            if task.is_stale(self._clock()) or task.delivery.circuit in self._opened:
                self._results.put(AttemptResult(task.delivery, begun=False))
            else:
                result = self._attempt(task.delivery, task.booking)
                if result.circuit_opened:
                    self._opened.add(task.delivery.circuit)  # at once: a mail server counts wrong passwords
                self._results.put(result)
        self._deliverer.close()

    def _attempt(self, delivery: Delivery, booking: Booking) -> AttemptResult:
        try:
            receipt, address = self._deliverer.deliver(delivery, booking)
        except DeliveryError as error:
            return AttemptResult(delivery, error=error)
        except Exception as error:
            # Not the exception's own text: it may hold an address or a token.
            error_name = type(error).__name__
            where = "".join(traceback.format_tb(error.__traceback__))
            return AttemptResult(
                delivery, error=Unknown(f"a bug in reminderctl ({error_name})"), bug=f"{where}{error_name}"
            )
        return AttemptResult(delivery, receipt=receipt, address=address)
