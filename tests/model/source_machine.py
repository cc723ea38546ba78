"""The machine of sources: what people, their programs and networks do in any order, with the judge after every run."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.clinic import at
from tests.crash.points import Point
from tests.model.killing import POINTS
from tests.model.machine import MEMORY
from tests.model.source_judge import Judge, side_of
from tests.model.source_model import Known, Listed
from tests.model.source_world import FAULTS, Fault, SourceWorld
from tests.model.spec_model import DAY, HOUR, MINUTE, SECOND, Action, Rule, Visit, owed

START = at("2026-06-10T08:00Z")
ACTION = (Action("email", ("customer",)),)
SENTENCES = ("30 minutes before start", "2 hours before start", "1 day before start", "at start", "1 hour after end")
CROWD = tuple(f"c{number}" for number in range(50))
READ = Point("read", "reminderctl.sources.synced:SyncedSources.read", "after", 1)
WRITING = Point("writing", "reminderctl.sources.writer:_write_bookings", "after", 1)
DEATHS = (READ, WRITING, *(POINTS[name] for name in ("planned, not committed", "planned", "stamped")))

names = st.sampled_from(("clinic", "desk"))
visits = st.sampled_from(("b1", "b2", "b3"))
minutes = st.sampled_from((-45, 5, 12, 29, 31, 60, 119, 125, 180, 1380, 1441, 1530)).map(MINUTE.__mul__)
strides = st.sampled_from(
    (20 * SECOND, MINUTE, MINUTE, 4 * MINUTE, 10 * MINUTE, 31 * MINUTE, HOUR, 7 * HOUR, 26 * HOUR)
)
slacks = st.sampled_from((-SECOND, timedelta(), SECOND, MINUTE, 4 * MINUTE, 10 * MINUTE))
faults = st.sampled_from(FAULTS)
sentences = st.sampled_from(SENTENCES)
everies = st.sampled_from((MINUTE, MINUTE, 10 * MINUTE))
ages = st.sampled_from((30 * MINUTE, 6 * HOUR, None))


class SourceMachine(RuleBasedStateMachine):
    """A business with a database, a feed and a bookings.db."""

    seen: Counter[str] = Counter()  # noqa: RUF012 - shared by all, to tell what has been played

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="reminderctl-sources-", dir=MEMORY if MEMORY.is_dir() else None))
        self._copies: dict[str, dict[str, Listed]] = {}
        self._editions = 1
        self._names = 0
        self._found_fault = False

    @initialize(
        first=sentences,
        second=sentences,
        third=sentences,
        everies=st.tuples(everies, everies),
        ages=st.tuples(ages, ages),
        crowds=st.tuples(st.booleans(), st.booleans()),
    )
    def open(
        self,
        first: str,
        second: str,
        third: str,
        everies: tuple[timedelta, timedelta],
        ages: tuple[timedelta | None, timedelta | None],
        crowds: tuple[bool, bool],
    ) -> None:
        rules = (
            Rule("first", (first,), ACTION),
            Rule("second", (second,), ACTION, grace=2 * HOUR),
            Rule("late", (third,), ACTION, grace=3 * HOUR, sends_late=True),
        )
        self.world = SourceWorld(self._folder / "clinic", START, rules)
        self._judge = Judge(self.world)
        self._judge.seen = self.seen
        for name, every, age, has_crowd in zip(("clinic", "desk"), everies, ages, crowds, strict=True):
            source = self.world.add(name, is_database=name == "clinic", every=every, max_age=age)
            for number, each in enumerate(CROWD if has_crowd else ()):
                starts_at = START + 6 * DAY + number * 30 * MINUTE
                source.listing[each] = Listed(starts_at, starts_at + 30 * MINUTE)
            source.listing["b1"] = Listed(START + 125 * MINUTE, START + 185 * MINUTE)
            source.write()
            self._copies[name] = dict(source.listing)
        self.world.book_own("o1", Listed(START + 26 * HOUR, START + 27 * HOUR))
        self.world.configure()
        self._run()

    # --- the programs of the sources ---

    @rule(
        name=names, visit=visits, ahead=minutes, status=st.sampled_from(("approved", "approved", "canceled", "pending"))
    )
    def book(self, name: str, visit: str, ahead: timedelta, status: str) -> None:
        starts_at = self.world.now + ahead
        self._list(name, visit, Listed(starts_at, starts_at + HOUR, status))

    @rule(visit=st.sampled_from(("o1", "o2")), ahead=minutes)
    def book_in_bookings_db(self, visit: str, ahead: timedelta) -> None:
        starts_at = self.world.now + ahead
        self._editions += 1
        self.world.book_own(visit, Listed(starts_at, starts_at + HOUR, edition=self._editions))

    @rule(name=names, visit=visits, by=st.sampled_from((-HOUR, 5 * MINUTE, HOUR, DAY, 200 * DAY)))
    def move(self, name: str, visit: str, by: timedelta) -> None:
        if listed := self.world.sources[name].listing.get(visit):
            self._list(name, visit, listed._replace(starts_at=listed.starts_at + by, ends_at=listed.ends_at + by))

    @rule(name=names, visit=visits, status=st.sampled_from(("canceled", "approved", "no_show")))
    def set_status(self, name: str, visit: str, status: str) -> None:
        if listed := self.world.sources[name].listing.get(visit):
            self._list(name, visit, listed._replace(status=status))

    @rule(name=names, visit=visits)
    def spoil(self, name: str, visit: str) -> None:
        """A start that nobody can read, or one that is corrected."""
        if listed := self.world.sources[name].listing.get(visit):
            self._list(name, visit, listed._replace(is_broken=not listed.is_broken))

    @rule(name=names, visit=visits)
    def delete(self, name: str, visit: str) -> None:
        self._replace(name, {each: listed for each, listed in self._listing(name).items() if each != visit})

    @rule(name=names)
    def copy(self, name: str) -> None:
        self._copies[name] = dict(self._listing(name))

    @rule(name=names)
    def put_an_old_copy_back(self, name: str) -> None:
        """A replica that lags, a backup; and the newer state, when this is done again."""
        now = dict(self._listing(name))
        self._replace(name, self._copies[name])
        self._copies[name] = now

    @rule(name=names, share=st.sampled_from((0, 3, 20, 44)))
    def shrink(self, name: str, share: int) -> None:
        """The first so many remain."""
        self._copies[name] = dict(self._listing(name))
        self._replace(name, dict([*self._listing(name).items()][:share]))

    @rule(name=names, status=st.sampled_from(("canceled", "approved")))
    def set_the_status_of_all(self, name: str, status: str) -> None:
        self._editions += 1
        self._replace(
            name,
            {
                each: listed._replace(status=status, edition=self._editions)
                for each, listed in self._listing(name).items()
            },
        )

    # --- what goes wrong ---

    @rule(name=names, fault=faults)
    def fail(self, name: str, fault: Fault) -> None:
        self._set_fault(name, fault)

    @rule(name=names)
    def heal(self, name: str) -> None:
        self._set_fault(name, None)

    @rule()
    def delete_the_mirror(self) -> None:
        self.world.delete_mirror()
        self._judge.forget_mirror()

    # --- the operator ---

    @rule(name=names)
    def accept(self, name: str) -> None:
        if not self.world.sources[name].is_active:
            return
        said = self.world.accept(name)
        if "nothing is missing" not in said:
            self._judge.readings[name] = self._judge.readings[name]._replace(accepted_at=self.world.now)
            self.seen["accepted"] += 1

    @rule(name=names)
    def leave_or_return(self, name: str) -> None:
        self.world.sources[name].is_active = not self.world.sources[name].is_active
        self.world.configure()

    @rule(name=names, every=everies)
    def read_more_often_or_less(self, name: str, every: timedelta) -> None:
        self.world.sources[name].every = every
        self.world.configure()

    @rule(name=names)
    def sync(self, name: str) -> None:
        source = self.world.sources[name]
        if source.is_active:
            report = self.world.sync(name)
            self._judge.hear_sync(name, side_of(source), report, self.world.now)

    @rule()
    def dry_run(self) -> None:
        before = self.world.rows()
        self.world.dry_run()
        assert self.world.rows() == before

    # --- cron ---

    @rule(by=strides)
    def advance(self, by: timedelta) -> None:
        self.world.now += by

    @rule(times=st.integers(1, 3))
    def run(self, times: int) -> None:
        for number in range(times):
            if number:
                self.world.now += MINUTE
            self._run()

    @rule(slack=slacks)
    def run_at_the_next(self, slack: timedelta) -> None:
        self._wait_for_the_next(slack)
        self._run()

    @rule(name=names, fault=faults, slack=slacks, ahead=minutes, visit=visits)
    def book_during_an_outage(self, name: str, fault: Fault, slack: timedelta, ahead: timedelta, visit: str) -> None:
        self._set_fault(name, fault)
        self._run()
        self.book(name, visit, ahead, "approved")
        self._wait_for_the_next(slack)
        self._run()
        self._set_fault(name, None)
        self.world.now += MINUTE
        self._run()

    @rule(slack=slacks, point=st.sampled_from(DEATHS))
    def run_and_die(self, slack: timedelta, point: Point) -> None:
        self.world.now += SECOND  # so that what it has written can be recognized
        self._wait_for_the_next(slack)
        self._run(kill=(point, 1))

    @rule(name=names, visit=visits, by=st.sampled_from((None, 5 * MINUTE, HOUR, 200 * DAY)))
    def run_while_a_booking_changes(self, name: str, visit: str, by: timedelta | None) -> None:
        """It moves, or is deleted, after the reading and before the messages go."""
        self._wait_for_the_next(timedelta())

        def change() -> None:
            if by is None:
                self.delete(name, visit)
            else:
                self.move(name, visit, by)

        self._run(meet=(POINTS["stamped"], change))

    @rule(name=names, fault=faults)
    def run_while_a_source_fails(self, name: str, fault: Fault) -> None:
        """After the reading, and before the messages go."""
        self._wait_for_the_next(timedelta())
        self._run(meet=(POINTS["stamped"], lambda: self._set_fault(name, fault)))

    @rule(
        name=names,
        share=st.sampled_from((0, 20, 44, 48)),
        times=st.integers(1, 3),
        slack=slacks,
        accepts=st.booleans(),
        visit=visits,
    )
    def run_while_many_are_gone(
        self, name: str, share: int, times: int, slack: timedelta, *, accepts: bool, visit: str
    ) -> None:
        """They are held, or accepted, while others are booked; then they are back."""
        self.shrink(name, share)
        for _ in range(times):
            self._run()
            self.world.now += MINUTE
        self.book(name, visit, timedelta(hours=2, minutes=3), "approved")
        if accepts:
            self.accept(name)
        self._wait_for_the_next(slack)
        self._run()
        self.put_an_old_copy_back(name)
        self.world.now += MINUTE
        self._run()

    # --- how it is done ---

    def _listing(self, name: str) -> dict[str, Listed]:
        return self.world.sources[name].listing

    def _list(self, name: str, visit: str, listed: Listed) -> None:
        self._editions += 1
        self._replace(name, {**self._listing(name), visit: listed._replace(edition=self._editions)})

    def _replace(self, name: str, listing: dict[str, Listed]) -> None:
        source = self.world.sources[name]
        source.listing = dict(listing)
        source.write()

    def _set_fault(self, name: str, fault: Fault | None) -> None:
        self.world.sources[name].fault = fault
        self.world.sources[name].write()

    def _wait_for_the_next(self, slack: timedelta) -> None:
        """Until something falls due, or until its deadline, by what the sources list."""
        sources = self.world.sources.items()
        visits = {
            f"{name}:{each}": _visit(listed) for name, source in sources for each, listed in source.listing.items()
        }
        visits |= {name: _visit(listed) for name, listed in self.world.own.items()}
        terms = owed(self.world.rules.values(), visits).values()
        if instants := sorted({each for term in terms for each in term if each > self.world.now}):
            self.world.now = max(instants[0] + slack, self.world.now)

    def _run(
        self, *, kill: tuple[Point, int] | None = None, meet: tuple[Point, Callable[[], None]] | None = None
    ) -> None:
        self._found_fault = True
        world = self.world
        before = {name: side_of(source) for name, source in world.sources.items()}
        ran = world.run(kill=kill, meet=meet)
        after = {name: side_of(source) for name, source in world.sources.items()}
        note(f"{world.now} exit {ran.exit_code} {ran.report} {ran.said} {'killed' if ran.killed else ''}")
        self._judge.hear(ran, now=world.now, before=before, after=after, own=world.own)
        self.seen["runs"] += 1
        self.seen.update([f"killed {kill[0].name}"] if kill and ran.killed else [])
        self.seen.update(f"source {each['state']}" for each in ran.report.get("sources", {}).values())
        self._found_fault = False

    def teardown(self) -> None:
        """Everything works again, and cron calls each minute."""
        try:
            if hasattr(self, "world") and not self._found_fault:
                for name, source in self.world.sources.items():
                    source.is_active = True
                    self._set_fault(name, None)
                self.world.configure()
                for _ in range(3):
                    self._run()
                    self.world.now += MINUTE
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


def _visit(listed: Listed) -> Visit:
    return Known(listed).visit
