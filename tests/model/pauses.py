"""The longest that each delivery and each channel may rest, by the answers they met (docs/reference/failures.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.model.gateway import ASKED_WAITS, Arrival
from tests.model.spec_model import MINUTE, Message
from tests.model.world import Row

FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=30), timedelta(minutes=30)
LONGEST_PAUSE = timedelta(minutes=5)
FAILURES_THAT_PAUSE = 5  # in a row


class Pauses:
    """Until when a delivery, an action or a channel may rest, by its key or names."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._failures: Counter[str] = Counter()  # of each channel, at most so many in a row

    def end_all(self) -> None:
        """End every pause, as a clock does that was far ahead; how often a channel failed is not forgotten."""
        self._until.clear()

    def rest(self, name: str, *, until: datetime) -> None:
        """Let something rest, if it does not rest for longer already."""
        self._until[name] = max(self._until.get(name, until), until)

    def learn(self, arrivals: list[Arrival], *, rows: Mapping[str, Row], recorded: bool) -> None:
        """Take in the answers of one run and the rows that it left, by their keys.

        Nobody knows in which order the answers were recorded, so one that ends a row of failures may have come before
        those of the same run. What a run that was killed has met may be lost with it.
        """
        for arrival in arrivals:
            self._learn(arrival, rows[arrival.key])
        for channel in {arrival.channel for arrival in arrivals if arrival.answer in ("accepts", "refuses")}:
            if recorded:
                self._failures[channel] = sum(_fails(each) for each in arrivals if each.channel == channel)

    def may_rest(self, key: str, message: Message, now: datetime) -> bool:
        """Return whether anything may keep a delivery from being attempted at this instant."""
        names = (key, action_of(message), channel_of(message))
        return any(name in self._until and self._until[name] >= now for name in names)

    def _learn(self, arrival: Arrival, row: Row) -> None:
        if arrival.answer.endswith("too fast"):
            for name in (arrival.key, arrival.channel):
                self.rest(name, until=arrival.at + ASKED_WAITS[arrival.answer])
        elif arrival.answer not in ("accepts", "refuses"):
            wait = max(_backoff(row.attempts), ASKED_WAITS.get(arrival.answer, timedelta()))
            self.rest(arrival.key, until=arrival.at + wait)
        if not _fails(arrival):
            return
        self._failures[arrival.channel] += 1
        failures = self._failures[arrival.channel]
        if arrival.answer == "locked out" or failures >= FAILURES_THAT_PAUSE:
            further = failures - (1 if arrival.answer == "locked out" else FAILURES_THAT_PAUSE)
            pause = min(MINUTE * 2**further, LONGEST_PAUSE)
            self.rest(arrival.channel, until=arrival.at + pause)
            # Another action probes the channel first.
            for name in (arrival.key, action_of(row.message)):
                self.rest(name, until=arrival.at + pause + MINUTE)


def channel_of(message: Message) -> str:
    """Return the channel, which the names of actions begin with."""
    return message.action.partition("-")[0]


def action_of(message: Message) -> str:
    """Return the name of an action among those of all workflows."""
    return f"{message.workflow} {message.action}"


def _backoff(attempts: int) -> timedelta:
    """Return the longest wait after so many attempts: it doubles each time, and a lot takes half of it at most."""
    return min(FIRST_BACKOFF * 2 ** max(attempts - 1, 0), LONGEST_BACKOFF)


def _fails(arrival: Arrival) -> bool:
    """Return whether the answer is held against the channel.

    A doubt is, where each one is work for a person: a webhook is sent again, and its receiver knows a repetition.
    """
    if arrival.answer.endswith("hangs up"):
        return arrival.channel == "sms"
    return arrival.answer.startswith(("busy", "locked out"))
