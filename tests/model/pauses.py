"""The longest that each delivery and each channel may rest, by the answers they met (docs/reference/failures.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from tests.model.gateway import ASKED_WAITS, CHANNELS, Arrival
from tests.model.spec_model import MINUTE, Message
from tests.model.suspending import Sleep
from tests.model.world import Row

FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=30), timedelta(minutes=30)
LONGEST_PAUSE, LONGEST_THROTTLE = timedelta(minutes=5), timedelta(minutes=15)
LAST_CHANCE = timedelta(seconds=90)  # before its deadline: what is put off beyond it is attempted then instead
FAILURES_THAT_PAUSE = 5  # in a row
WAITS = ("pending", "sending")


class Pauses:
    """Until when a delivery or a channel may rest, by its key or name."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._failures: Counter[str] = Counter()  # of each channel, at most so many in a row

    def end_all(self) -> None:
        """End every pause, as a clock does that was far ahead; how often a channel failed is not forgotten."""
        self._until.clear()

    def rest(self, name: str, *, until: datetime) -> None:
        """Let something rest, if it does not rest for longer already."""
        self._until[name] = max(self._until.get(name, until), until)

    def learn(
        self,
        arrivals: list[Arrival],
        *,
        rows: Mapping[str, Row],
        deadlines: Mapping[str, datetime],
        sleep: Sleep | None,
    ) -> None:
        """Take in the answers of one run, the rows that it left by their keys, and their deadlines when it ended.

        What a run that was killed is still sending taught nobody anything.
        """
        recorded = [each for each in arrivals if rows[each.key].state != "sending"]
        for channel in CHANNELS:
            met = [each for each in recorded if each.channel == channel]
            lost = [] if sleep is None else [*_lost(channel, sleep, arrivals=arrivals, rows=rows)]
            self._learn_of_channel(channel, met + lost, rows=rows, deadlines=deadlines, slept=sleep is not None)
            for arrival in met:
                self._learn_of_delivery(arrival, rows[arrival.key], deadlines[arrival.key])
        # What was on its way while the machine slept may have ended as if nobody had answered, and before it arrived.
        if sleep is not None:
            for key in sleep.under_way:
                self._put_off(key, sleep.ended_at, _backoff(rows[key].attempts), deadlines[key])

    def may_rest(self, key: str, message: Message, now: datetime) -> bool:
        """Return whether anything may keep a delivery from being attempted at this instant."""
        names = (key, channel_of(message))
        return any(name in self._until and self._until[name] >= now for name in names)

    def _learn_of_delivery(self, arrival: Arrival, row: Row, deadline: datetime) -> None:
        if arrival.answer.endswith("too fast"):
            wait = ASKED_WAITS[arrival.answer]
            self.rest(arrival.key, until=arrival.ended_at + wait)
            lives_until = max(deadline, arrival.ended_at + LONGEST_THROTTLE)
            self.rest(arrival.channel, until=min(arrival.ended_at + wait, lives_until))
        elif arrival.answer not in ("accepts", "refuses"):
            wait = max(_backoff(row.attempts), ASKED_WAITS.get(arrival.answer, timedelta()))
            self._put_off(arrival.key, arrival.ended_at, wait, deadline)

    def _put_off(self, key: str, now: datetime, wait: timedelta, deadline: datetime) -> None:
        until = now + wait
        if until > deadline:
            until = deadline - LAST_CHANCE if deadline - LAST_CHANCE > now else deadline
        self.rest(key, until=until)

    def _learn_of_channel(
        self,
        channel: str,
        arrivals: list[Arrival],
        *,
        rows: Mapping[str, Row],
        deadlines: Mapping[str, datetime],
        slept: bool,
    ) -> None:
        """Count failures in a row, and let the channel rest.

        Nobody knows in which order the answers were recorded, so one that ends a row of failures may have come before
        those of the same run, or after. Once the channel rests, what was on its way says the same once more.
        """
        failed = [each for each in arrivals if _fails(each)]
        works = any(each.answer in ("accepts", "refuses") and not each.slept for each in arrivals)
        before, since = self._failures[channel], 0 if works else self._failures[channel]
        rested = False
        for arrival in failed:
            if rested and not slept:  # or the pause ended while the machine slept
                break
            locked_out = arrival.answer == "locked out"
            rested = locked_out or before + 1 >= FAILURES_THAT_PAUSE
            if rested:
                until = arrival.ended_at + _pause(before, locked_out=locked_out)
                self._defer_siblings({each.key for each in failed}, until + MINUTE, rows=rows)
            if locked_out or since + 1 >= FAILURES_THAT_PAUSE:
                self.rest(channel, until=arrival.ended_at + _pause(since, locked_out=locked_out))
            before, since = before + 1, since + 1
        for arrival in failed:
            if arrival.answer == "locked out":  # another one probes the channel first
                wait = _pause(before - (len(failed) == 1), locked_out=True) + MINUTE
                self._put_off(arrival.key, arrival.ended_at, wait, deadlines[arrival.key])
        self._failures[channel] = since

    def _defer_siblings(self, keys: Collection[str], until: datetime, *, rows: Mapping[str, Row]) -> None:
        """Let what waits of the same actions wait for those of others, if there are any, and not beyond a deadline."""
        waiting = [row for row in rows.values() if row.state in WAITS]
        for action, channel in {(action_of(rows[key].message), channel_of(rows[key].message)) for key in keys}:
            near = [row for row in waiting if channel_of(row.message) == channel]
            same = [row for row in near if action_of(row.message) == action]
            if len(same) < len(near):
                for row in same:
                    if row.expires_at >= until:
                        self.rest(row.key, until=until)


def _lost(channel: str, sleep: Sleep, *, arrivals: list[Arrival], rows: Mapping[str, Row]) -> Iterator[Arrival]:
    """Yield what was on its way while the machine slept, and never arrived: the sender waited for an answer."""
    arrived = {arrival.key for arrival in arrivals}
    for key in sorted(sleep.under_way - arrived):
        message = rows[key].message
        if channel_of(message) == channel and rows[key].state != "sending":
            yield Arrival(
                channel,
                key,
                message.workflow,
                texts=0,
                visit=message.visit,
                to=None,
                at=sleep.began_at,
                answer="hangs up",
                ended_at=sleep.ended_at,
                slept=True,
            )


def channel_of(message: Message) -> str:
    """Return the channel, which the names of actions begin with."""
    return message.action.partition("-")[0]


def action_of(message: Message) -> str:
    """Return the name of an action among those of all workflows."""
    return f"{message.workflow} {message.action}"


def _backoff(attempts: int) -> timedelta:
    """Return the longest wait after so many attempts: it doubles each time, and a lot takes half of it at most."""
    doubled: timedelta = FIRST_BACKOFF * 2 ** max(attempts - 1, 0)
    return min(doubled, LONGEST_BACKOFF)


def _pause(failures: int, *, locked_out: bool) -> timedelta:
    """Return how long a channel rests that had failed so many times in a row before."""
    further = failures if locked_out else failures + 1 - FAILURES_THAT_PAUSE
    doubled: timedelta = MINUTE * 2 ** max(further, 0)
    return min(doubled, LONGEST_PAUSE)


def _fails(arrival: Arrival) -> bool:
    """Return whether the answer is held against the channel.

    A doubt is, where each one is work for a person: a webhook is sent again, and its receiver knows a repetition.
    """
    if arrival.slept:
        return True
    if arrival.answer.endswith("hangs up"):
        return arrival.channel == "sms"
    return arrival.answer.startswith(("busy", "locked out"))
