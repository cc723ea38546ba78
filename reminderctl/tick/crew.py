"""The workers of a run: each lane has its own, so that a provider that hangs delays nobody else."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from queue import Empty, SimpleQueue
from typing import NamedTuple

from reminderctl.deliver import Deliverer
from reminderctl.errors import DeliveryError, Unknown
from reminderctl.model import Booking, Delivery, Receipt


class Ending(NamedTuple):
    """How one attempt ended: with a receipt and the address it went to, or with an error."""

    delivery: Delivery
    receipt: Receipt | None = None
    address: str | None = None
    error: DeliveryError | None = None
    bug: str | None = None  # where an error came from that is ours to mend


class Crew:
    """Daemon threads, started as they are needed: a process that must end does not wait for a hanging provider."""

    def __init__(self, deliverer: Deliverer) -> None:
        self._deliverer = deliverer
        self._orders: dict[str, SimpleQueue[tuple[Delivery, Booking] | None]] = {}
        self._threads: Counter[str] = Counter()
        self._endings: SimpleQueue[Ending] = SimpleQueue()
        self.on_the_way: Counter[str] = Counter()

    def hand_out(self, delivery: Delivery, booking: Booking) -> None:
        """Let a worker of the delivery's lane attempt it."""
        lane = delivery.lane
        orders = self._orders.setdefault(lane, SimpleQueue())
        self.on_the_way[lane] += 1
        if self.on_the_way[lane] > self._threads[lane]:
            self._threads[lane] += 1
            threading.Thread(target=self._work, args=(orders,), name=lane, daemon=True).start()
        orders.put((delivery, booking))

    def collect(self, *, timeout: float) -> list[Ending]:
        """Every attempt that has ended by now; waits up to `timeout` seconds for the first."""
        endings: list[Ending] = []
        try:
            if self.on_the_way.total():
                endings.append(self._endings.get(timeout=timeout))
            while True:
                endings.append(self._endings.get_nowait())
        except Empty:
            pass
        self.on_the_way.subtract(ending.delivery.lane for ending in endings)
        return endings

    def dismiss(self) -> None:
        """Let idle workers close their connections and go; those that are busy follow when they are done."""
        for lane, orders in self._orders.items():
            for _ in range(self._threads[lane]):
                orders.put(None)

    def _work(self, orders: SimpleQueue[tuple[Delivery, Booking] | None]) -> None:
        while order := orders.get():
            self._endings.put(self._attempt(*order))
        self._deliverer.close()

    def _attempt(self, delivery: Delivery, booking: Booking) -> Ending:
        try:
            receipt, address = self._deliverer.deliver(delivery, booking)
        except DeliveryError as error:
            return Ending(delivery, error=error)
        except Exception as error:
            # Not the exception's own text: it may hold an address or a token.
            error_name = type(error).__name__
            where = "".join(traceback.format_tb(error.__traceback__))
            return Ending(delivery, error=Unknown(f"a bug in reminderctl ({error_name})"), bug=f"{where}{error_name}")
        return Ending(delivery, receipt=receipt, address=address)
