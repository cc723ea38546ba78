"""The workers of a run: each circuit has its own, so that a provider that hangs delays nobody else.

A circuit may be handed more than its workers can begin at once, so that they need not wait for the ledger between two
messages. What has lain there for long, or is taken back, ends as it was.
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
from reminderctl.tick.deliver import Deliverer

BATCH_SECONDS = 0.01  # what ends within this is recorded together: a commit costs about as much
FRESH = timedelta(seconds=2)  # after which it is checked again whether a delivery is still owed


class AttemptResult(NamedTuple):
    """How one attempt ended: with a receipt and the address it went to, with an error, or before it began."""

    delivery: Delivery
    begun: bool = True
    receipt: Receipt | None = None
    address: str | None = None
    error: DeliveryError | None = None
    bug: str | None = None  # where an error came from that is ours to mend

    @property
    def circuit_opened(self) -> bool:
        """Whether every other delivery of the circuit would end like this one now."""
        return isinstance(self.error, ChannelDown | Throttled) and not self.error.recipient_only


class Task(NamedTuple):
    """A delivery to attempt, and when it was seen to be still owed."""

    delivery: Delivery
    booking: Booking
    checked_at: datetime

    def is_stale(self, now: datetime) -> bool:
        """Return whether it has to be checked again; a machine that was suspended wakes up hours later."""
        return now - self.checked_at > FRESH or now > self.delivery.expires_at


class WorkerPool:
    """Daemon threads, started as they are needed: a process that must end does not wait for a hanging provider."""

    def __init__(self, deliverer: Deliverer, *, clock: Callable[[], datetime]) -> None:
        self._deliverer = deliverer
        self._clock = clock
        self._orders: dict[str, SimpleQueue[Task | None]] = {}
        self._threads: Counter[str] = Counter()
        self._endings: SimpleQueue[AttemptResult] = SimpleQueue()
        self._turned_away: set[str] = set()  # circuits of which nothing is begun until the main thread knows why
        self.on_the_way: Counter[str] = Counter()
        self._handed_out: dict[int, Delivery] = {}

    def submit(self, delivery: Delivery, booking: Booking, *, workers: int) -> None:
        """Let one of the delivery's circuit's workers attempt it, as soon as one is free."""
        circuit = delivery.circuit
        orders = self._orders.setdefault(circuit, SimpleQueue())
        self.on_the_way[circuit] += 1
        self._handed_out[delivery.id] = delivery
        if self._threads[circuit] < min(workers, self.on_the_way[circuit]):
            self._threads[circuit] += 1
            threading.Thread(target=self._work, args=(orders,), name=circuit, daemon=True).start()
        orders.put(Task(delivery, booking, self._clock()))

    def stop(self, circuit: str | None = None) -> None:
        """Take back what no worker of a circuit, or without one of any, has begun."""
        for name in [circuit] if circuit else [*self._orders]:
            with suppress(Empty):
                while order := self._orders[name].get_nowait():
                    self._endings.put(AttemptResult(order.delivery, begun=False))

    def collect(self, *, timeout: float) -> list[AttemptResult]:
        """Every attempt that has ended by now; waits up to `timeout` seconds for the first, and a little for others."""
        results: list[AttemptResult] = []
        try:
            if self.on_the_way.total():
                results.append(self._endings.get(timeout=timeout))
                if self.on_the_way.total() > 1:
                    time.sleep(BATCH_SECONDS)
            while True:
                results.append(self._endings.get_nowait())
        except Empty:
            pass
        for result in results:
            self.on_the_way[result.delivery.circuit] -= 1
            self._handed_out.pop(result.delivery.id, None)
        for circuit in {result.delivery.circuit for result in results if result.circuit_opened}:
            self.stop(circuit)
            self._turned_away.discard(circuit)
        return results

    def unended(self) -> list[Delivery]:
        """Return what was handed out and has not ended, as far as `collect` has seen, in the order of its deadlines."""
        return sorted(self._handed_out.values(), key=lambda delivery: (delivery.expires_at, delivery.id))

    def shutdown(self) -> None:
        """Let idle workers close their connections and go; those that are busy follow when they are done.

        Nothing more is begun, whatever made the run end: what is still waiting here is not recorded by anybody.
        """
        self.stop()
        for circuit, orders in self._orders.items():
            for _ in range(self._threads[circuit]):
                orders.put(None)

    def _work(self, orders: SimpleQueue[Task | None]) -> None:
        while order := orders.get():
            if order.is_stale(self._clock()) or order.delivery.circuit in self._turned_away:
                self._endings.put(AttemptResult(order.delivery, begun=False))
            else:
                result = self._attempt(order.delivery, order.booking)
                if result.circuit_opened:
                    self._turned_away.add(order.delivery.circuit)  # at once: a mail server counts wrong passwords
                self._endings.put(result)
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
