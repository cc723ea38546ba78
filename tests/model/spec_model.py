"""docs/reference/time.md a second time, as simple as possible: no line of reminderctl is imported here.

It says of a world (workflows, visits, an instant) which messages are owed, from when until when each may be attempted,
and whether a run has to plan one, may do so, or must not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OVERLAP = 5 * MINUTE  # "5 minutes of overlap for bookings that arrive late"
DEFAULT_ZONE = "Europe/Madrid"
NEVER_WITHOUT_A_FILTER = ("canceled", "cancelled", "rejected", "no_show")
FOR_EVERYONE = ("canceled", "cancelled", "rejected")

Duty = Literal["must", "may", "must not"]


class Guest(NamedTuple):
    """A customer in a visit; None: the visit's own status."""

    customer: str
    status: str | None = None


class Visit(NamedTuple):
    """A booking."""

    starts_at: datetime
    ends_at: datetime
    zone: str | None = None
    status: str = "approved"
    guests: tuple[Guest, ...] = ()


class Action(NamedTuple):
    """What a workflow does: a channel, and whom it reaches on it; a webhook reaches nobody by name.

    An id begins with the name of its channel.
    """

    channel: str
    to: tuple[str, ...] = ("webhook",)
    id: str = ""

    @property
    def name(self) -> str:
        return self.id or self.channel


class Rule(NamedTuple):
    """A workflow. `texts` counts the editions of its texts."""

    id: str
    when: tuple[str, ...]
    actions: tuple[Action, ...]
    statuses: tuple[str, ...] = ()
    for_each_customer: bool | None = None
    grace: timedelta | None = None
    sends_late: bool = False
    enabled: bool = True
    texts: int = 1


class Message(NamedTuple):
    """What makes a delivery the same delivery."""

    workflow: str
    trigger: str
    action: str
    visit: str
    recipient: str
    once_for: str | None
    event_at: datetime


class Term(NamedTuple):
    """The first and the last instant at which an attempt may begin."""

    due_at: datetime
    expires_at: datetime


Owed = dict[Message, Term]


# --- offsets ----------------------------------------------------------------------------------------------------------


class Offset(NamedTuple):
    """A sentence of `when`."""

    anchor: str
    side: str
    amount: int
    unit: str
    at: time | None


def read(sentence: str) -> Offset:
    """`at start`, `2 hours before start`, `1 day after end at 09:00`."""
    words = sentence.split()
    if words[0] == "at":
        return Offset(words[1], "after", 0, "minute", None)
    at = time.fromisoformat(words[5]) if len(words) > 4 else None
    return Offset(words[3], words[2], int(words[0]), words[1].removesuffix("s"), at)


def due_at(offset: Offset, event_at: datetime, zone: ZoneInfo) -> datetime:
    """Minutes and hours are exact; days are calendar days of the zone."""
    sign = -1 if offset.side == "before" else 1
    if offset.unit != "day":
        return event_at + sign * offset.amount * {"minute": MINUTE, "hour": HOUR}[offset.unit]
    wall = event_at.astimezone(zone).replace(tzinfo=None) + sign * offset.amount * DAY
    if offset.at:
        wall = wall.replace(hour=offset.at.hour, minute=offset.at.minute, second=0)
    return from_wall(wall, zone)


def from_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which a clock of the zone shows this; if it never does, by the offset before the gap."""
    before, after = (_offset_at(wall.replace(tzinfo=UTC) + way * DAY, zone) for way in (-1, 1))
    candidates = sorted({(wall - offset).replace(tzinfo=UTC) for offset in (before, after)})
    shown = [each for each in candidates if each.astimezone(zone).replace(tzinfo=None) == wall]
    return shown[0] if shown else (wall - before).replace(tzinfo=UTC)


def _offset_at(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def term(offset: Offset, visit: Visit, grace: timedelta | None) -> Term:
    """When a message is due, and its deadline."""
    event = _event(offset, visit)
    due = due_at(offset, event, ZoneInfo(visit.zone or DEFAULT_ZONE))
    if grace is None and offset.anchor == "end" and offset.side == "after":
        grace = DAY
    elif grace is None:
        length = (
            abs(event - due) if offset.at else offset.amount * {"minute": MINUTE, "hour": HOUR, "day": DAY}[offset.unit]
        )
        grace = min(max(length / 2, 15 * MINUTE), 12 * HOUR)
    over = event if offset.side == "before" else visit.ends_at if offset.anchor == "start" else None
    expires = (due + grace).replace(microsecond=0)
    return Term(due, min(expires, over - SECOND) if over and due < over else expires)


def _event(offset: Offset, visit: Visit) -> datetime:
    return visit.starts_at if offset.anchor == "start" else visit.ends_at


# --- who --------------------------------------------------------------------------------------------------------------


def owed(rules: Iterable[Rule], visits: Mapping[str, Visit]) -> Owed:
    """All that these workflows owe for these visits, whenever it falls due."""
    found: Owed = {}
    for rule in rules:
        if not rule.enabled:
            continue
        for name, visit in visits.items():
            guests = _matching(rule, visit)
            if guests is None:
                continue
            for sentence in rule.when:
                offset = read(sentence)
                terms = term(offset, visit, rule.grace)
                for action, recipient, once_for in _recipients(rule, guests):
                    event = _event(offset, visit)
                    found[Message(rule.id, sentence, action, name, recipient, once_for, event)] = terms
    return found


def _matching(rule: Rule, visit: Visit) -> tuple[str, ...] | None:
    """The customers that the status lets through; None where nothing fires at all."""
    if not visit.guests:
        return () if _lets_through(rule, visit, None) else None
    return tuple(guest.customer for guest in visit.guests if _lets_through(rule, visit, guest)) or None


def _lets_through(rule: Rule, visit: Visit, guest: Guest | None) -> bool:
    own = guest.status if guest and guest.status and visit.status not in FOR_EVERYONE else visit.status
    if rule.statuses:
        return own in rule.statuses
    return own not in NEVER_WITHOUT_A_FILTER and visit.status not in NEVER_WITHOUT_A_FILTER


def _recipients(rule: Rule, guests: tuple[str, ...]) -> Iterator[tuple[str, str, str | None]]:
    for action in rule.actions:
        for to in action.to:
            if to == "customer":
                chosen = guests[:1] if rule.for_each_customer is False else guests
                yield from ((action.name, f"customer:{guest}", None) for guest in chosen)
            elif rule.for_each_customer and guests:
                yield from ((action.name, to, guest) for guest in guests)
            else:
                yield action.name, to, None


# --- what a run looks at ----------------------------------------------------------------------------------------------


Key = tuple[str, str, str]  # workflow, trigger, action


class Mark(NamedTuple):
    """Of an action of a trigger: since when it is armed, by which run, until when it is planned, and for whom."""

    armed_at: datetime
    armed_by: int
    planned_until: datetime
    audience: tuple[object, ...]


class Look(NamedTuple):
    """What one run at `now` has to look at; `wrong` says that it is this clock that must be the wrong one."""

    now: datetime
    marks: Mapping[Key, Mark]
    late: frozenset[str]  # the workflows that send late
    wrong: bool
    off: frozenset[str] = frozenset()  # those that are switched off
    firsts: frozenset[str] = frozenset()  # those that write to one customer of a visit
    whole_until: datetime | None = None  # the last run that saw all visits, where it was not the last one

    def duty(self, message: Message, terms: Term) -> Duty:
        """Whether this run has to plan a message that nobody has been sent, may do so, or must not."""
        mark = self.marks[message.workflow, message.trigger, message.action]
        if not mark.armed_at < terms.due_at <= self.now:
            return "must not"
        if terms.due_at > mark.planned_until:
            return "must"
        if message.workflow in self.late or (self.whole_until and terms.due_at > self.whole_until):
            return "must" if self.now <= terms.expires_at else "may"  # the latter: recorded as too late
        looked_at = min(mark.planned_until, self.whole_until or mark.planned_until) - OVERLAP
        return "may" if terms.due_at > looked_at else "must not"

    def waits_again(self, ended_at: datetime | None, expires_at: datetime) -> bool:
        """Whether a wrong clock has ended before its time what ended then."""
        return not self.wrong and ended_at is not None and ended_at > self.now and expires_at >= self.now

    def comes_back(self, terms: Term) -> bool:
        """Whether this run has to take up again what was canceled, and by nobody's decision."""
        return terms.due_at <= self.now <= terms.expires_at

    def is_passed_over(self, message: Message, terms: Term, owed: Owed) -> bool:
        """Whether the booking came late, and has passed a later trigger of the workflow, too, that can still go."""
        if message.workflow not in self.late:
            return False
        names = (message.workflow, message.trigger)
        planned_until = min(mark.planned_until for key, mark in self.marks.items() if key[:2] == names)
        others = (
            other
            for each, other in owed.items()
            if (each.workflow, each.visit) == (message.workflow, message.visit) and each.trigger != message.trigger
        )
        return terms.due_at <= planned_until and any(
            terms.due_at < other.due_at <= self.now <= other.expires_at for other in others
        )


class Watch:
    """The marks, from run to run, and the instants that the runs saw: when each began, and when it ended."""

    def __init__(self) -> None:
        self._marks: dict[Key, Mark] = {}
        self._runs: list[tuple[datetime, datetime]] = []
        self._whole_until: datetime | None = None
        self._filled: frozenset[str] = frozenset()  # the tables that held something in the last run that saw all
        self._filled_at: datetime | None = None
        self._given_up: tuple[datetime, frozenset[str]] | None = None  # until when all was seen, and what was filled

    def look(self, rules: Iterable[Rule], now: datetime) -> Look:
        """What a run at `now` looks at.

        1. What is seen for the first time begins at now, what is gone is forgotten; an edit of whom it reaches begins
           where it was planned until.
        2. Of what was planned in the future, the runs at or before now say until when it was planned. What was armed in
           the future begins at the first run from then on at or before now.
        3. But where most of the last hour's runs were later than now, now is wrong, and nothing is armed by it.
        4. What a clock that was ahead gave up as missing for a day is missing still.
        """
        self._take_up(now)
        rules = list(rules)
        enabled = [rule for rule in rules if rule.enabled]
        lately = [seen > now for _, seen in self._runs[-60:]]
        wrong = sum(lately) > max(lately.count(False), 1)
        marks = {}
        for key, audience in _wanted(enabled):
            mark = self._marks.get(key)
            if mark is None:
                marks[key] = Mark(now, 0, now, audience)
                continue
            planned = mark.planned_until
            if planned > now:
                planned = max((began for began, _ in self._runs if began <= now), default=now)
            armed = mark.armed_at
            if armed > now and not wrong:
                armed = next((began for began, _ in self._runs[mark.armed_by :] if began <= now), now)
            marks[key] = Mark(max(armed, planned) if audience != mark.audience else armed, 0, planned, audience)
        return Look(
            now,
            marks,
            frozenset(rule.id for rule in enabled if rule.sends_late),
            wrong,
            frozenset(rule.id for rule in rules if not rule.enabled),
            frozenset(rule.id for rule in rules if rule.for_each_customer is False),
            min(max(self._whole_until, now - DAY), now) if self._whole_until else None,
        )

    def _take_up(self, now: datetime) -> None:
        if self._given_up and self._filled_at and self._filled_at > now and now - self._given_up[0] < DAY:
            self._whole_until, self._filled = self._given_up

    def remember(self, look: Look, ended_at: datetime, *, filled: frozenset[str], holds: bool) -> None:
        """The run has committed; no mark goes back. It saw these tables filled, and `holds` what waits for others."""
        is_over = self._whole_until is not None and look.now - self._whole_until >= DAY
        if (self._filled - filled or holds) and not is_over:
            planned = [mark.planned_until for mark in look.marks.values() if mark.planned_until < look.now]
            last = max(self._runs[-1]) if self._runs else look.now
            self._whole_until = self._whole_until or max(planned, default=last)
        else:
            was_later = any(seen > look.now for _, seen in self._runs[-60:])
            if is_over and self._whole_until:
                self._given_up, self._whole_until = (self._whole_until, self._filled), None
            elif self._whole_until:
                self._whole_until = max(self._whole_until, look.now) if was_later else None
            if not look.wrong or self._filled_at is None:
                self._filled, self._filled_at = filled, look.now
        number, last = len(self._runs), max([look.now, *(self._runs[-1] if self._runs else ())])
        kept = {}
        for key, mark in look.marks.items():
            old = self._marks.get(key, Mark(last, number, last, mark.audience))
            edited = old.audience != mark.audience
            kept[key] = Mark(
                max(old.armed_at, old.planned_until) if edited else old.armed_at,
                number if edited else old.armed_by,
                max(old.planned_until, look.now),
                mark.audience,
            )
        self._marks = kept
        self._runs.append((look.now, ended_at))


def _wanted(rules: Iterable[Rule]) -> Iterator[tuple[Key, tuple[object, ...]]]:
    for rule in rules:
        for sentence in rule.when:
            for action in rule.actions:
                audience = (sorted(rule.statuses), rule.for_each_customer, rule.sends_late, sorted(action.to))
                yield (rule.id, sentence, action.name), audience
