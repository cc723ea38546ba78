"""The deadline of a run: when it begins nothing more, when it waits for nothing more."""

from __future__ import annotations

import time

from reminderctl import clocks
from reminderctl.credentials import Credentials

DRAIN_SECONDS = 8.0  # how long a run that got a signal waits for what is on its way
RECORDING_SECONDS = 120.0  # how long it waits for a locked ledger: what it cannot record would be sent again
PATIENCE_SECONDS = 120.0  # how long a run waits, after its time, for attempts whose channel has no longer timeout
LONGEST_ATTEMPT = 4  # in timeouts of its channel: the acceptance of a mail takes two more


class Deadline:
    """The deadline of one run's sending.

    1. After `until`, in elapsed seconds, no attempt begins.
    2. Attempts that go on are waited for during `patience`. It is measured by a clock that stops while the machine is
       suspended, so that they can end when it is awake again.
    3. A signal or a failure shortens that wait, in elapsed seconds.
    """

    def __init__(self, until: float, *, patience: float) -> None:
        self._until = until
        self._shortened_to = float("inf")
        self._patience_ends_at = time.monotonic() + until - clocks.seconds() + patience

    def may_begin(self) -> bool:
        """Return True as long as another attempt may begin."""
        return clocks.seconds() < self._until

    def shorten(self, seconds: float) -> None:
        """Wait for this long from now at most; of several calls, the earliest end counts."""
        self._shortened_to = min(self._shortened_to, clocks.seconds() + seconds)

    @property
    def is_shortened(self) -> bool:
        """Return True after a signal or a failure."""
        return self._shortened_to != float("inf")

    def has_passed(self) -> bool:
        """Return True when the run ends, whatever is still on its way."""
        return clocks.seconds() > self._shortened_to or time.monotonic() > self._patience_ends_at


def patience_of(credentials: Credentials) -> float:
    """Return how many seconds the longest attempt may go on after the run's time is over."""
    timeouts = (getattr(each.settings, "timeout", 0.0) for each in credentials.channels.values())
    return max(PATIENCE_SECONDS, LONGEST_ATTEMPT * max(timeouts, default=0.0))
