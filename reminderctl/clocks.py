"""Time that passes, by clocks that do not stand still while the machine is suspended."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

_ALWAYS_RUNNING = getattr(time, "CLOCK_BOOTTIME", None)  # of Linux, whose monotonic clock is suspended with the machine


def seconds() -> float:
    """Return the seconds of a clock that nobody sets."""
    return time.monotonic() if _ALWAYS_RUNNING is None else time.clock_gettime(_ALWAYS_RUNNING)


def running_clock(
    began_at: datetime, *, elapsed: Callable[[], float] = seconds, time_of_day: Callable[[], float] = time.time
) -> Callable[[], datetime]:
    """Return a clock that shows `began_at` now, and goes on from there, in whole seconds.

    It advances by what has `elapsed`, or by the time of day where that has moved more: a virtual machine that was
    paused has no other clock that knows. A time of day that is set back does no harm.
    """
    began, began_by_day = elapsed(), time_of_day()

    def now() -> datetime:
        passed = max(elapsed() - began, time_of_day() - began_by_day)
        return (began_at + timedelta(seconds=passed)).replace(microsecond=0)

    return now
