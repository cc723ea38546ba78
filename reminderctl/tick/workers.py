"""The workers of a run: each lane has its own, so that a provider that hangs delays nobody else.

A lane may be handed more than its workers can begin at once, so that they need not wait for the ledger between two
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

GATHER_SECONDS = 0.01  # what ends within this is recorded together: a commit costs about as much
FRESH = timedelta(seconds=2)  # after which it is checked again whether a delivery is still owed


class Ending(NamedTuple):
    """How one attempt ended: with a receipt and the address it went to, with an error, or before it began."""

    delivery: Delivery
    begun: bool = True
    receipt: Receipt | None = None
    address: str | None = None
    error: DeliveryError | None = None
    bug: str | None = None  # where an error came from that is ours to mend

    @property
    def turned_away(self) -> bool:
        """Whether every other delivery of the lane would end like this one now."""
        return isinstance(self.error, ChannelDown | Throttled) and not self.error.alone


class Order(NamedTuple):
    """A delivery to attempt, and when it was seen to be still owed."""

    delivery: Delivery
    booking: Booking
    checked_at: datetime

    def is_stale(self, now: datetime) -> bool:
        """Return whether it has to be checked again; a machine that was suspended wakes up hours later."""
        return now - self.checked_at > FRESH or now > self.delivery.expires_at


class Crew:
    """Daemon threads, started as they are needed: a process that must end does not wait for a hanging provider."""

    def __init__(self, deliverer: Deliverer, *, clock: Callable[[], datetime]) -> None:
        self._deliverer = deliverer
        self._clock = clock
        self._orders: dict[str, SimpleQueue[Order | None]] = {}
        self._threads: Counter[str] = Counter()
        self._endings: SimpleQueue[Ending] = SimpleQueue()
        self._turned_away: set[str] = set()  # lanes of which nothing is begun until the main thread knows why
        self.on_the_way: Counter[str] = Counter()
        self._handed_out: dict[int, Delivery] = {}

    def hand_out(self, delivery: Delivery, booking: Booking, *, workers: int) -> None:
        """Let one of the delivery's lane's workers attempt it, as soon as one is free."""
        lane = delivery.lane
        orders = self._orders.setdefault(lane, SimpleQueue())
        self.on_the_way[lane] += 1
        self._handed_out[delivery.id] = delivery
        if self._threads[lane] < min(workers, self.on_the_way[lane]):
            self._threads[lane] += 1
            threading.Thread(target=self._work, args=(orders,), name=lane, daemon=True).start()
        orders.put(Order(delivery, booking, self._clock()))

    def stop(self, lane: str | None = None) -> None:
        """Take back what no worker of a lane, or without one of any, has begun."""
        for name in [lane] if lane else [*self._orders]:
            with suppress(Empty):
                while order := self._orders[name].get_nowait():
                    self._endings.put(Ending(order.delivery, begun=False))

    def collect(self, *, timeout: float) -> list[Ending]:
        """Every attempt that has ended by now; waits up to `timeout` seconds for the first, and a little for others."""
        endings: list[Ending] = []
        try:
            if self.on_the_way.total():
                endings.append(self._endings.get(timeout=timeout))
                if self.on_the_way.total() > 1:
                    time.sleep(GATHER_SECONDS)
            while True:
                endings.append(self._endings.get_nowait())
        except Empty:
            pass
        for ending in endings:
            self.on_the_way[ending.delivery.lane] -= 1
            self._handed_out.pop(ending.delivery.id, None)
        for lane in {ending.delivery.lane for ending in endings if ending.turned_away}:
            self.stop(lane)
            self._turned_away.discard(lane)
        return endings

    def unended(self) -> list[Delivery]:
        """Return what was handed out and has not ended, as far as `collect` has seen, in the order of its deadlines."""
        return sorted(self._handed_out.values(), key=lambda delivery: (delivery.expires_at, delivery.id))

    def dismiss(self) -> None:
        """Let idle workers close their connections and go; those that are busy follow when they are done.

        Nothing more is begun, whatever made the run end: what is still waiting here is not recorded by anybody.
        """
        self.stop()
        for lane, orders in self._orders.items():
            for _ in range(self._threads[lane]):
                orders.put(None)

    def _work(self, orders: SimpleQueue[Order | None]) -> None:
        while order := orders.get():
            if order.is_stale(self._clock()) or order.delivery.lane in self._turned_away:
                self._endings.put(Ending(order.delivery, begun=False))
            else:
                ending = self._attempt(order.delivery, order.booking)
                if ending.turned_away:
                    self._turned_away.add(order.delivery.lane)  # at once: a mail server counts wrong passwords
                self._endings.put(ending)
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
