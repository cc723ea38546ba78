"""The report of one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from reminderctl.core.timing import instant_text
from reminderctl.model import Delivery, State
from reminderctl.text import WEEKDAY_SORTABLE, local_time

if TYPE_CHECKING:
    from reminderctl.bookings.people import Names
    from reminderctl.core.retry import Outcome

CROWD = 5  # more deliveries that end alike share one line
COUNTED = ("planned", "sent", "failed", "unknown", "retrying", "expired", "canceled", "held")


class Line(Struct, frozen=True):
    """One line of a report: a text, or what is said before and after a delivery is named.

    Who the recipient is only the bookings know, so a delivery is named when its line is shown: few lines are.
    """

    before: str
    delivery: Delivery | None = None
    after: str = ""

    def text(self, names: Names, *, timezone: str) -> str:
        """Return the line with the recipient's name and address; the event is on the clock of `timezone`."""
        if self.delivery is None:
            return self.before
        each = self.delivery
        whom = names.whom(each.recipient, each.address)
        after = names.in_words(self.after, each.recipient, address=each.address)
        when = local_time(each.event_at, ZoneInfo(timezone), form=WEEKDAY_SORTABLE)
        return f"{self.before}{each.action} to {whom} for booking {each.booking} ({when}){after}"


class Expired(Struct, frozen=True):
    """A delivery whose deadline passed while it waited, the state it ended in, and what kept it."""

    delivery: Delivery
    state: State
    cause: str


class Report:
    """Counts by name; `lines` are what a person has to read, `notes` what `-v` adds.

    `is_dry` is True for what a run would do. `warnings` are what a person should read although nothing went wrong.
    """

    def __init__(self, now: datetime, *, is_dry: bool = False) -> None:
        self.now = now
        self.is_dry = is_dry
        self.counts: Counter[str] = Counter()
        self.lines: list[Line] = []
        self.notes: list[Line] = []
        self.warnings: dict[str, None] = {}  # each once, in order
        self.news: list[str] = []  # what people should read, and nobody has to do anything about
        self.sources: dict[str, dict[str, object]] = {}  # what each source of the YAML gave
        self.a_source_is_in_trouble = False
        self.a_circuit_is_down = False  # said by the runs that met it; those that only wait say nothing
        self._down: set[str] = set()
        self._ended: dict[int, str] = {}
        self._warnings_when_sent: dict[int, str] = {}  # by the ids of the deliveries

    def say(self, text: str) -> None:
        """Add a line of text."""
        self.lines.append(Line(text))

    def record(self, delivery: Delivery, outcome: Outcome, *, bug: str | None = None) -> None:
        """Count the end of one attempt, and say what a person has to know of it."""
        state = "retrying" if outcome.state is State.PENDING else str(outcome.state)
        self._count(delivery, state)
        words = f": {state}{f': {outcome.error}' if outcome.error else ''}"
        if outcome.name == "channel down" and outcome.state is State.PENDING:
            if delivery.circuit not in self._down:
                self._down.add(delivery.circuit)
                what, whose = (" is down", "its") if outcome.circuit_failed else ("", "such")
                self.say(f"{delivery.circuit}{what}: {outcome.error}; {whose} deliveries are waiting")
        elif outcome.state in (State.SENT, State.PENDING) and not outcome.needs_a_person:
            self.notes.append(_named(delivery, words))
        else:  # with the number that `deliveries retry` and `resolve` take
            self.lines.append(_named(delivery, f", delivery {delivery.id}{words}"))
        if bug:
            self.say(bug)
        if outcome.state in (State.SENT, State.UNKNOWN) and delivery.id in self._warnings_when_sent:
            self.warnings[self._warnings_when_sent[delivery.id]] = None

    def warn_when_sent(self, delivery: Delivery, warning: str) -> None:
        """Add a warning as soon as a delivery has gone out, or may have."""
        self._warnings_when_sent[delivery.id] = warning

    def withdraw(self, delivery: Delivery, state: State | None, *, reason: str) -> None:
        """Count a delivery that ended because it is no longer owed, and say so where it may have gone out."""
        if state:
            self._count(delivery, state)
        if state is State.UNKNOWN:
            self.lines.append(_named(delivery, f": {state}: an attempt may have succeeded; {reason}"))

    def leave_unended(self, deliveries: Sequence[Delivery]) -> None:
        """Say which deliveries were still being sent when a run that waited for them ended."""
        self._name_all(deliveries, "still being sent long after the run's time limit; the next run takes care of it")

    def name_stuck(self, deliveries: Sequence[Delivery]) -> None:
        """Say which deliveries another run, which lives, has been sending for too long."""
        what = (
            "another run has been sending it for more than 10 minutes; stop its process, the next run takes care of it"
        )
        self._name_all(deliveries, what)

    def _name_all(self, deliveries: Sequence[Delivery], what: str) -> None:
        self.lines += [_named(delivery, f": {what}") for delivery in deliveries[:CROWD]]
        if len(deliveries) > CROWD:
            self.say(f"{len(deliveries) - CROWD} more like these: `reminderctl deliveries list --state sending`")

    def expire(self, expired: Iterable[Expired]) -> None:
        """Count deliveries whose deadline passed while they waited, and name them; a crowd by its first."""
        groups: dict[tuple[str, State, str], list[Delivery]] = {}
        for each in expired:
            self._count(each.delivery, each.state)
            groups.setdefault((each.delivery.workflow, each.state, each.cause), []).append(each.delivery)
        for (workflow, state, cause), deliveries in groups.items():
            it = "it" if len(deliveries) == 1 else "each of them"
            ended = f"the next run records {it} as {state}" if self.is_dry else str(state)
            if len(deliveries) <= CROWD:
                self.lines += [_named(delivery, f": {ended}: {cause}") for delivery in deliveries]
            else:
                text = f"{workflow}: {len(deliveries)} deliveries: {ended}: {cause}; the first is "
                self.lines.append(Line(text, deliveries[0]))

    def leave_out(self, problems: list[str]) -> None:
        """Name the bookings that cannot be read; a crowd by its first."""
        if len(problems) <= CROWD:
            self.lines += map(Line, problems)
        else:
            self.say(f"{problems[0]}; and {len(problems) - 1} more cannot be read")

    def _count(self, delivery: Delivery, state: str) -> None:
        """Count a delivery for its last ending in this run: it may have been left by a dead run, or tried twice."""
        if earlier := self._ended.get(delivery.id):
            self.counts[earlier] -= 1
        self._ended[delivery.id] = state
        self.counts[state] += 1

    @property
    def needs_a_person(self) -> bool:
        """Return True if there is something that only a person can put right."""
        return bool(self.lines) or self.a_source_is_in_trouble

    def counts_by_name(self) -> dict[str, int]:
        """Return each count, 0 where there was nothing to count."""
        return {name: self.counts[name] for name in COUNTED}

    def as_json(self) -> dict[str, object]:
        """Return the counts, for a program."""
        found = {"now": instant_text(self.now), **self.counts_by_name()}
        return {**found, "sources": self.sources} if self.sources else found


def _named(delivery: Delivery, after: str) -> Line:
    return Line(f"{delivery.workflow}: ", delivery, after)
