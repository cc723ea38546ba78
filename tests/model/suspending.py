"""A machine that is suspended at a named point of a run, and the clocks that know of it when it wakes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from tests.crash import points
from tests.crash.points import Point
from tests.model.gateway import Arrival, Gateway
from tests.model.killing import meet_at

TIME_OF_A_RUN = timedelta(seconds=50)  # "A run starts no attempt after 50 s"
BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)
# A laptop; one whose time of day is set a while after it is awake; a virtual machine that was paused by its host.
CLOCKS = ("both", "time since boot", "time of day") if BOOTTIME is not None else ("time of day",)

READ = Point("read", "reminderctl.tick:read", "after", 1)
IN_HAND = Point("request in hand", "tests.model.gateway:Gateway._understand", "after", 3)
_INSIDE = {point.name: point for point in (READ, IN_HAND, *points.INSIDE)}
BEFORE_ANY = ("claimed", "claimed, not committed", "stamped", "read")  # in the first call nothing has been begun
BETWEEN = ("handed out", "about to send", "request in hand", "answered", "settling", "settled, not committed")


class Suspend(NamedTuple):
    """When to suspend the machine: in the call of a point's function with this number; and for how long."""

    point: str
    number: int
    lasts: timedelta
    clocks: str


class Sleep(NamedTuple):
    """From when until when the machine slept, the keys of what was on its way, and whether it cost the run its time."""

    began_at: datetime
    ended_at: datetime
    under_way: frozenset[str]
    is_long: bool

    def judged_from(self, arrival: Arrival) -> Arrival:
        """Return what arrived as it is to be judged: by when its attempt began at the latest, and may have ended."""
        if arrival.key not in self.under_way:
            return arrival
        return arrival._replace(at=min(arrival.at, self.began_at), ended_at=self.ended_at, slept=True)


class Suspension:
    """The kernel's clocks around one sleep."""

    def __init__(self, suspend: Suspend, gateway: Gateway, under_way: Callable[[], frozenset[str]]) -> None:
        self._suspend = suspend
        self._gateway = gateway
        self._under_way = under_way
        self._gettime = time.clock_gettime
        self._slept = 0.0
        self.sleep: Sleep | None = None

    def gettime(self, clock: int) -> float:
        """Return the seconds of a clock of the kernel's."""
        knows = clock == BOOTTIME and self._suspend.clocks != "time of day"
        return self._gettime(clock) + (self._slept if knows else 0.0)

    def time_of_day(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + (self._slept if self._suspend.clocks != "time since boot" else 0.0)

    def fall_asleep(self) -> None:
        """Sleep, and wake up."""
        point, _, lasts, clocks = self._suspend
        began_at, under_way = self._gateway.now, self._ask(point)
        self._slept = lasts.total_seconds()
        self._gateway.advance(lasts)
        under_way |= self._ask(point)
        is_long = clocks != "time of day" and point != READ.name and lasts >= TIME_OF_A_RUN
        self.sleep = Sleep(began_at, self._gateway.now, under_way, is_long)

    def _ask(self, point: str) -> frozenset[str]:
        return frozenset() if point in BEFORE_ANY else self._under_way()


@contextmanager
def suspended(suspend: Suspend, gateway: Gateway, under_way: Callable[[], frozenset[str]]) -> Iterator[Suspension]:
    """Suspend the machine once in the block, where it comes to the point; its clocks go on in the block as they do.

    `under_way` gives the keys of what is claimed at a moment.
    """
    suspension = Suspension(suspend, gateway, under_way)
    with (
        meet_at(_INSIDE[suspend.point], suspension.fall_asleep, number=suspend.number),
        pytest.MonkeyPatch.context() as patch,
        gateway.going_on(),
    ):
        patch.setattr(time, "clock_gettime", suspension.gettime)
        yield suspension
