"""The gateway of the clinic: an SMS provider and a webhook's receiver, whose answers are chosen, and what they saw."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from tests import http_server

CHANNELS = ("sms", "webhook")
ASKED_WAITS = {
    "busy, and says for how long": timedelta(minutes=1),
    "too fast": timedelta(seconds=90),
    "far too fast": timedelta(hours=2),
}
ANSWERS = (
    "accepts",
    "accepts, and hangs up",
    "hangs up",
    "busy",
    "busy, and says for how long",
    "too fast",
    "far too fast",
    "locked out",
    "refuses",
)
_STATUS = {"accepts": 200, "busy": 503, "busy, and says for how long": 503, "locked out": 401, "refuses": 400}


class Mood(NamedTuple):
    """How a channel answers: to everything, or only where one visit is concerned."""

    answer: str = "accepts"
    visit: str | None = None


class Arrival(NamedTuple):
    """One request, and what was done with it; its end was known to the sender at `ended_at` at the latest.

    Where the machine `slept` meanwhile, the sender may know nothing of the answer.
    """

    channel: str
    key: str
    workflow: str
    texts: int
    visit: str
    to: str | None
    at: datetime
    answer: str
    ended_at: datetime
    slept: bool = False

    @property
    def accepted(self) -> bool:
        return self.answer.startswith("accepts")

    @property
    def doubtful(self) -> bool:
        """Whether the sender cannot know if it was accepted: a bare 503 says it to those who know no repetitions."""
        return self.answer.endswith("hangs up") or (self.channel == "sms" and self.answer == "busy")

    @property
    def held_off_until(self) -> datetime | None:
        """Until when the sender was asked to leave the channel alone, if it was."""
        return self.at + ASKED_WAITS[self.answer] if self.answer.endswith("too fast") else None


class Gateway:
    """A script for a server, with a clock that shows the same instant until it is set, or goes on."""

    def __init__(self, server: http_server.Server, now: datetime) -> None:
        self.url = server.url
        self.wait_until_quiet = server.wait_until_quiet
        self._shown = now
        self._goes_on_since: float | None = None
        self.moods = dict.fromkeys(CHANNELS, Mood())
        self.arrivals: list[Arrival] = []
        self._lock = threading.Lock()
        server.script(self._answer)

    @property
    def now(self) -> datetime:
        """The instant that its clock shows."""
        if self._goes_on_since is None:
            return self._shown
        return self._shown + timedelta(seconds=int(time.monotonic() - self._goes_on_since))

    def advance(self, by: timedelta) -> None:
        """Set the clock forward, or back."""
        self._shown += by

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Let the clock go on as real ones do."""
        self._goes_on_since = time.monotonic()
        try:
            yield
        finally:
            self._shown, self._goes_on_since = self.now, None

    def _answer(self, exchange: http_server.Exchange) -> None:
        arrival = self._understand(exchange.read())
        with self._lock:
            self.arrivals.append(arrival)
        if arrival.answer.endswith("hangs up"):
            exchange.hang_up()
            return
        wait = ASKED_WAITS.get(arrival.answer)
        headers = {"Retry-After": str(int(wait.total_seconds()))} if wait else {}
        exchange.answer(_STATUS.get(arrival.answer, 429), {"id": "1"}, headers=headers)

    def _understand(self, request: http_server.Request) -> Arrival:
        body = request.json()
        channel = request.path.strip("/")
        workflow, texts, visit = body["text"].split("|")
        mood = self.moods[channel]
        answer = mood.answer if mood.visit in (None, visit) else "accepts"
        key = request.headers.get("webhook-id") or body["key"]
        now = self.now
        return Arrival(channel, key, workflow, int(texts), visit, body.get("to"), now, answer, ended_at=now)
