"""The machine: what people, providers and clocks do in any order, with the judge after every run."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests import http_server
from tests.clinic import at
from tests.crash.points import Point
from tests.model import choices
from tests.model.choices import NIGHTS, PHONES, RULES, Change, Edit
from tests.model.gateway import CHANNELS, Mood
from tests.model.judge import Judge, Moment
from tests.model.killing import POINTS
from tests.model.spec_model import HOUR, MINUTE, Guest, Visit, Watch, owed
from tests.model.suspending import Suspend
from tests.model.world import World

MEMORY = Path("/dev/shm")  # noqa: S108 - thousands of commits, and whether a disk keeps them is for tests/crash
LONGEST_REST = 3 * HOUR
MOST_INSTANTS = 4


class Machine(RuleBasedStateMachine):
    """One clinic around a night in which the clocks change."""

    server: http_server.Server
    seen: Counter[str] = Counter()  # noqa: RUF012 - shared by all, to tell what has been played

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._folder = Path(tempfile.mkdtemp(prefix="reminderctl-model-", dir=MEMORY if MEMORY.is_dir() else None))
        self._stack.callback(shutil.rmtree, self._folder)
        self._judge, self._watch = Judge(), Watch()
        self._earlier: dict[str, Visit] = {}
        self._found_fault = False

    @initialize(
        night=st.sampled_from(sorted(NIGHTS)),
        first=choices.sentences,
        second=choices.sentences,
        third=choices.sentences,
    )
    def open(self, night: str, first: tuple[str, ...], second: tuple[str, ...], third: tuple[str, ...]) -> None:
        """A clinic with two visits, whose triggers have just been armed."""
        self.world = World(self._folder / "clinic", self.server, at(night))
        self.fixed_starts = [at(each) for each in NIGHTS[night]]
        early = self.world.now + 125 * MINUTE, self.world.now + 3 * HOUR
        late = self.fixed_starts[0], self.fixed_starts[0] + HOUR
        self.world.write(*(each._replace(when=when) for each, when in zip(RULES, (first, second, third), strict=True)))
        for number, customer in enumerate(("ana", "bob")):
            self.world.give_phone(customer, PHONES[number])
        self.world.save("b1", Visit(*early, guests=(Guest("ana"),)))
        self.world.save("b2", Visit(*late, guests=(Guest("bob"), Guest("ana"))))
        self._run()

    # --- the booking system ---

    @rule(
        name=choices.visits,
        ahead=choices.minutes,
        length=choices.lengths,
        zone=choices.zones,
        status=choices.statuses,
        invited=choices.guests,
    )
    def book(
        self, name: str, ahead: timedelta, length: timedelta, zone: str | None, status: str, invited: tuple[Guest, ...]
    ) -> None:
        self._save(name, Visit(self.world.now + ahead, self.world.now + ahead + length, zone, status, invited))

    @rule(name=choices.visits, which=st.integers(0, 1), length=choices.lengths, invited=choices.guests)
    def book_near_the_change(self, name: str, which: int, length: timedelta, invited: tuple[Guest, ...]) -> None:
        starts_at = self.fixed_starts[which]
        self._save(name, Visit(starts_at, starts_at + length, guests=invited))

    @rule(name=choices.visits, change=choices.changes)
    def change(self, name: str, change: Change) -> None:
        self._change(name, change)

    @rule(name=choices.visits)
    def undo(self, name: str) -> None:
        if earlier := self._earlier.get(name):
            self._save(name, earlier)

    def _change(self, name: str, change: Change) -> None:
        if visit := self.world.visits.get(name):
            changed = change(visit)
            if changed is None:
                self._earlier[name] = visit
                self.world.delete(name)
            else:
                self._save(name, changed)

    def _save(self, name: str, visit: Visit) -> None:
        if before := self.world.visits.get(name):
            self._earlier[name] = before
        self.world.save(name, visit)

    @rule(customer=st.sampled_from(("ana", "bob")), phone=st.sampled_from(PHONES))
    def correct_a_number(self, customer: str, phone: str) -> None:
        self.world.give_phone(customer, phone)

    # --- the operator ---

    @rule(name=choices.rules)
    def edit_a_text(self, name: str) -> None:
        edited = self.world.rules[name]
        self.world.write(edited._replace(texts=edited.texts + 1))

    @rule(name=choices.rules, when=choices.sentences)
    def edit_the_triggers(self, name: str, when: tuple[str, ...]) -> None:
        self.world.write(self.world.rules[name]._replace(when=when))

    @rule(name=choices.rules)
    def switch(self, name: str) -> None:
        switched = self.world.rules[name]
        self.world.write(switched._replace(enabled=not switched.enabled))

    @rule(name=choices.rules, edit=choices.edits)
    def edit_whom_it_reaches(self, name: str, edit: Edit) -> None:
        self.world.write(edit(self.world.rules[name]))

    @rule()
    def run_another_configuration(self) -> None:
        assert "this ledger belongs to" in self.world.run_another_configuration()
        assert self.world.rows() == self._judge.rows
        self.seen.update(["another configuration refused"])

    # --- providers and clocks ---

    @rule(sms=choices.moods, webhook=choices.moods)
    def change_the_moods(self, sms: Mood, webhook: Mood) -> None:
        self.world.gateway.moods = {"sms": sms, "webhook": webhook}

    @rule()
    def mend(self) -> None:
        self.world.gateway.moods = dict.fromkeys(CHANNELS, Mood())

    @rule(by=choices.strides)
    def advance(self, by: timedelta) -> None:
        self.world.advance(by)

    @rule(by=choices.strides)
    def set_back(self, by: timedelta) -> None:
        self.world.advance(-by)

    # --- cron ---

    @rule(times=st.integers(1, 3))
    def run(self, times: int) -> None:
        for number in range(times):
            if number:
                self.world.advance(MINUTE)
            self._run()

    @rule(slack=choices.slacks, sms=choices.moods, webhook=choices.moods)
    def run_at_the_next(self, slack: timedelta, sms: Mood, webhook: Mood) -> None:
        self.change_the_moods(sms, webhook)
        self._wait_for_the_next(slack)
        self._run()

    @rule(slack=choices.slacks, channel=st.sampled_from(CHANNELS), moods=choices.some_moods)
    def run_through_trouble(self, slack: timedelta, channel: str, moods: list[Mood]) -> None:
        """A run each minute, each of which meets another mood."""
        self._wait_for_the_next(slack)
        for mood in moods:
            self.world.gateway.moods[channel] = mood
            self._run()
            self.world.advance(MINUTE)

    @rule(sms=choices.moods, name=choices.visits, change=choices.changes)
    def run_while_a_visit_is_otherwise(self, sms: Mood, name: str, change: Change) -> None:
        """What waits is called off, and wanted again."""
        self.world.gateway.moods["sms"] = sms
        self._wait_for_the_next(timedelta())
        self._run()
        name = self._waiting(name)
        self._change(name, change)
        self._run()
        self.undo(name)
        self._run()

    @rule(slack=choices.slacks, by=choices.strides, times=st.integers(1, 3))
    def run_while_the_bookings_are_gone(self, slack: timedelta, by: timedelta, times: int) -> None:
        """An export that empties the tables, and fills them again."""
        self._wait_for_the_next(slack)
        gone = {**self.world.visits}
        for name in gone:
            self.world.delete(name)
        for _ in range(times):
            self._run()
            self.world.advance(by)
        for name, visit in gone.items():
            self.world.save(name, visit)
        self._run()

    @rule(by=choices.strides)
    def run_in_the_future(self, by: timedelta) -> None:
        """A clock that is ahead for one run."""
        self.world.advance(by)
        self._run()
        self.world.advance(-by)
        self._run()

    @rule(instant=st.sampled_from(("2020-01-01T00:00Z", "2031-06-10T09:00Z")), times=st.integers(1, 2))
    def run_with_a_wrong_clock(self, instant: str, times: int) -> None:
        """A board without a battery, a year that was mistyped."""
        right = self.world.now
        self.world.advance(at(instant) - right)
        for _ in range(times):
            self._run()
        self.world.advance(right - self.world.now + times * MINUTE)
        self._run()

    @rule(slack=choices.slacks, point=st.sampled_from(sorted(POINTS)), number=st.integers(1, 2))
    def run_and_die(self, slack: timedelta, point: str, number: int) -> None:
        self._wait_for_the_next(slack)
        self._run(kill=(POINTS[point], number))

    @rule(
        slack=choices.slacks, point=st.sampled_from(("stamped", "claimed")), name=choices.visits, change=choices.changes
    )
    def run_while_a_visit_changes(self, slack: timedelta, point: str, name: str, change: Change) -> None:
        name = self._waiting(name)
        self._wait_for_the_next(slack)
        self._run(meet=(POINTS[point], lambda: self._change(name, change)))

    @rule(slack=choices.slacks, by=choices.strides)
    def run_for_long(self, slack: timedelta, by: timedelta) -> None:
        """The clock advances between planning and sending."""
        self._wait_for_the_next(slack)
        self._run(meet=(POINTS["stamped"], lambda: self.world.advance(by)))

    @rule(slack=choices.slacks, suspend=choices.suspends, sms=choices.moods, webhook=choices.moods)
    def run_while_the_machine_sleeps(self, slack: timedelta, suspend: Suspend, sms: Mood, webhook: Mood) -> None:
        """A run that goes on when the machine is awake again, and the next one, right after it."""
        self.change_the_moods(sms, webhook)
        self._wait_for_a_due_one(slack)
        self._run(suspend=suspend)
        self._run()

    def _waiting(self, name: str) -> str:
        """A visit of which something waits, if there is one: what happens to others is soon told."""
        waiting = [row.message.visit for row in self._judge.rows.values() if row.state == "pending"]
        return name if name in waiting or not waiting else waiting[0]

    def _wait_for_the_next(self, slack: timedelta) -> None:
        """Until something falls due, or until its deadline: those are the instants at which mistakes are made."""
        instants = self._instants()
        if instants:
            self.world.advance(max(instants[0] + slack - self.world.now, timedelta()))

    def _wait_for_a_due_one(self, slack: timedelta) -> None:
        """Until something falls due that no run has planned."""
        terms = owed(self.world.rules.values(), self.world.visits)
        due = [each.due_at for message, each in terms.items() if message not in self._judge.rows]
        if later := [instant for instant in due if instant > self.world.now]:
            self.world.advance(max(min(later) + slack - self.world.now, timedelta()))

    def _instants(self) -> list[datetime]:
        terms = owed(self.world.rules.values(), self.world.visits).values()
        return sorted({instant for term in terms for instant in term if instant > self.world.now})

    def _run(
        self,
        *,
        kill: tuple[Point, int] | None = None,
        meet: tuple[Point, Callable[[], None]] | None = None,
        suspend: Suspend | None = None,
    ) -> None:
        self._found_fault = True
        look, planned = self._watch.look(self.world.rules.values(), self.world.now), self._moment()
        filled = self.world.filled_tables()
        ran = self.world.run(kill=kill, meet=meet, suspend=suspend)
        rows = self.world.rows()
        self._judge.hear(ran, rows, look=look, planned=planned, sent=self._moment())
        if ran.committed:
            ended_at = self.world.now if ran.did_something else look.now
            self._watch.remember(
                look,
                ended_at,
                filled=filled,
                holds=any(row.missing and row.state == "pending" for row in rows.values()),
            )
        note(f"{ran.counts}{' killed' if ran.killed else ''}")
        self.seen.update(f"answer: {arrival.answer}" for arrival in ran.arrivals)
        self.seen.update({f"ended as {row.state}" for row in rows.values()})
        self.seen.update(["runs", *([f"killed {kill[0].name}"] if kill and ran.killed else [])])
        self.seen.update([f"slept: {suspend.point}"] if suspend and ran.sleep else [])
        self._found_fault = False

    def _moment(self) -> Moment:
        world = self.world
        texts = {name: each.texts for name, each in world.rules.items()}
        return Moment(world.now, owed(world.rules.values(), world.visits), texts, dict(world.phones))

    # --- the end ---

    def teardown(self) -> None:
        """Everything works again, and cron calls when something falls due: what is owed goes out."""
        try:
            if hasattr(self, "world") and not self._found_fault:
                self.mend()
                self._run_minutes()
                for _ in range(MOST_INSTANTS):
                    if instants := self._instants():
                        self.world.advance(instants[0] - self.world.now)
                        self._run()
                self.world.advance(LONGEST_REST)
                self._run()
        finally:
            self._stack.close()

    def _run_minutes(self) -> None:
        """Where cron calls every minute, no wait of ours lets a deadline pass.

        What is held because its visit was deleted waits for a person until then, and nobody owes it.
        """
        patient = self._judge.not_held_off(self.world.now)
        for _ in range(12 if patient else 1):
            self._run()
            self.world.advance(MINUTE)
        ended = [self._judge.rows[row.message] for row in patient]
        wanted = owed(self.world.rules.values(), self.world.visits)
        late = [row for row in ended if row.state == "expired" and (row.message in wanted or not row.missing)]
        assert not late, f"cron called every minute, everything worked, and these were given up: {late}"
