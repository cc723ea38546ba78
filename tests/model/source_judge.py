"""The judge of runs with sources: what is known of each source, and what a run may have done to each message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.model.source_model import Found, Known, Listed, Reading, duty_to_read, read
from tests.model.source_world import Fault, Ran, Row, Rows, Sent, Source, SourceWorld, message_of
from tests.model.spec_model import OVERLAP, SECOND, Message, Owed, Term, Visit, owed

WAIT = 30 * SECOND  # of what was not there in the moment before its message
FINAL = ("sent", "failed", "unknown")


class Side(NamedTuple):
    """A source as a run meets it at one moment."""

    is_active: bool
    is_database: bool
    every: timedelta
    max_age: timedelta | None
    fault: Fault | None
    listing: Mapping[str, Listed]


def side_of(source: Source) -> Side:
    return Side(source.is_active, source.is_database, source.every, source.max_age, source.fault, dict(source.listing))


class Judge:
    """Follows the sources and the messages from run to run; each method asserts."""

    def __init__(self, world: SourceWorld) -> None:
        self._world = world
        self.known: dict[str, dict[str, Known]] = {}  # what sources.db has
        self.readings: dict[str, Reading] = {}  # what the ledger has
        self.rows: Rows = {}
        self.seen: Counter[str] = Counter()
        self._armed_at: datetime | None = None
        self._planned_until: datetime | None = None
        self._absent: set[str] = set()
        self._unsure: set[str] = set()  # what has begun leaves a feed by itself
        self._rest: dict[Message, datetime] = {}
        self._sent: Counter[tuple[str, str, datetime]] = Counter()

    # --- readings ---

    def _has_read(self, ran: Ran, name: str, now: datetime) -> bool:
        if ran.killed:
            return name in self._world.written_at(now)
        return bool(ran.report["sources"][name]["state"] != "not due")

    def _read(self, name: str, side: Side, now: datetime) -> Found | None:
        reading = self.readings.get(name, Reading())
        if side.fault is not None:
            return None
        return read(
            self.known.get(name, {}),
            side.listing,
            is_database=side.is_database,
            now=now,
            accepted_at=reading.accepted_at,
        )

    def hear_sync(self, name: str, side: Side, report: Mapping[str, object], now: datetime) -> None:
        found = self._read(name, side, now)
        self._compare(name, found, report)
        self._take(name, found, now, is_committed=True)

    def _compare(self, name: str, found: Found | None, report: Mapping[str, object]) -> None:
        if found is None:
            assert report["state"] == "failing", f"{name}: {report}"
            return
        counts = {each: getattr(found, each) for each in ("new", "changed", "canceled", "missing", "bad")}
        assert {each: report.get(each) for each in counts} == counts, f"{name}: {report}, and the model says {counts}"

    def _take(self, name: str, found: Found | None, now: datetime, *, is_committed: bool) -> None:
        before = self.readings.get(name, Reading())
        if found is not None:
            self.known[name] = found.known
        if is_committed:
            self.readings[name] = before.succeeded(now, found) if found else before.failed(now)

    def forget_mirror(self) -> None:
        self.known.clear()

    # --- one run ---

    def hear(
        self,
        ran: Ran,
        *,
        now: datetime,
        before: Mapping[str, Side],
        after: Mapping[str, Side],
        own: Mapping[str, Listed],
    ) -> None:
        """Judge a run: the sources as they were `before` it, and `after` the moment in which its messages left."""
        rows_before, self.rows = self.rows, self._world.rows()
        past = dict(self.readings)
        active = {name: side for name, side in before.items() if side.is_active}
        read_now: dict[str, Found | None] = {}
        for name, side in active.items():
            reading = self.readings.get(name, Reading())
            duty = duty_to_read(reading, every=side.every, is_stored=name in self.known, now=now)
            if duty == "must" or (duty == "may" and self._has_read(ran, name, now)):
                read_now[name] = self._read(name, side, now)
        if not ran.killed:
            for name in active:
                told = ran.report["sources"][name]
                if name in read_now:
                    self._compare(name, read_now[name], told)
                else:
                    assert told["state"] == "not due", f"{name}: {told}"
        written = self._world.written_at(now) if ran.killed else read_now.keys()
        for name, found in read_now.items():
            if ran.committed or name in written:  # each source in one transaction, whole or not at all
                self._take(name, found, now, is_committed=ran.committed)
        if not ran.committed:
            assert self.rows == rows_before, "a run that did not commit changed the ledger"
            assert not ran.sent
            return
        self._armed_at = self._armed_at or now
        moment = Moment(self, now, active, read_now, past, own)
        wanted = self._look_again(moment, rows_before, after) if not ran.killed else moment.owed
        self._judge_rows(ran, moment, rows_before, wanted)
        self._judge_sent(ran, rows_before, wanted, own)
        self._judge_exit(ran, moment, rows_before)
        for name in active:
            reading = self.readings.get(name, Reading())
            if name in read_now or reading.first_planned_at is None:
                self.readings[name] = reading.planned(now)
        self._planned_until = now

    def _look_again(self, moment: Moment, rows_before: Rows, after: Mapping[str, Side]) -> Owed:
        """What is owed in the moment in which the messages leave: their bookings were read once more."""
        self._absent, self._unsure = set(), set()
        candidates = [
            message
            for message, terms in moment.owed.items()
            if moment.is_open(terms)
            and moment.why_held(message.visit) is None
            and self.rows.get(message)
            and not (message in rows_before and rows_before[message].state in FINAL)
        ]
        for visit in {message.visit for message in candidates}:
            name, colon, own_id = visit.partition(":")
            if not colon or name not in moment.active or not moment.may_ask(name):
                continue
            side = after[name]
            if side.fault is not None:
                continue
            listed = side.listing.get(own_id)
            if listed is None and not side.is_database and self.known[name][own_id].listed.starts_at <= moment.now:
                self._unsure.add(visit)
            elif listed is None:
                self._absent.add(visit)
            elif not listed.is_broken:
                self.known[name][own_id] = Known(listed)
        return moment.owed_now()

    def _judge_rows(self, ran: Ran, moment: Moment, before: Rows, wanted: Owed) -> None:
        assert before.keys() <= self.rows.keys(), "the ledger forgot a delivery"
        for message in self.rows.keys() - before.keys():
            assert message in moment.owed, f"planned, and nobody owes it: {message}"
        for message, terms in moment.owed.items():
            if message not in self.rows:
                assert moment.duty(message, terms) != "must", f"lost at {moment.now}: {message}, {terms}"
            elif message not in before:
                assert moment.duty(message, terms) != "must not", f"planned, and must not be: {self.rows[message]}"
        for message, row in self.rows.items():
            self._judge_row(ran, moment, before.get(message), row, wanted)

    def _judge_row(self, ran: Ran, moment: Moment, was: Row | None, row: Row, wanted: Owed) -> None:
        message, now = row.message, moment.now
        terms = moment.owed.get(message)
        held = moment.why_held(message.visit)
        if was and was.state in FINAL:
            assert row.state == was.state, f"it was over: {was}, {row}"
            return
        if row.state == "sent":
            assert terms, f"sent, and not owed: {row}"
            assert terms.due_at <= now <= terms.expires_at, f"outside its term: {row}"
            assert not held, f"sent of what is held ({held}): {row}"
            assert message in wanted, f"sent, although it was canceled or moved before it went: {row}"
            assert message.visit not in self._absent, f"sent, and no longer listed: {row}"
            self.seen["sent"] += 1
        elif row.state == "canceled":
            self.seen["canceled"] += not was or was.state != "canceled"
            if terms and moment.is_open(terms) and not held:
                # what was withdrawn in the moment before, or comes back with the next run, after it was looked at again
                assert message not in wanted or ran.killed, f"canceled, and owed: {row}"
            elif was and was.state == "pending":
                assert not (terms and now <= terms.expires_at), f"canceled, and owed: {row}"
                assert not (held and moment.is_known(message.visit)), f"canceled, and only held: {row}"
        elif row.state == "expired":
            self.seen["expired"] += not was or was.state != "expired"
            assert now > row.expires_at, f"expired before its time: {row}"
        elif row.state == "pending":
            if held:
                assert row.held, f"to be held ({held}), and is not: {row}"
                self.seen["held"] += 1
            elif not ran.killed and terms and moment.is_open(terms) and message in wanted:
                not_there = message.visit in self._absent | self._unsure
                rests = self._rest.get(message, now) > now or not_there
                assert rests, f"nothing keeps it from being sent: {row}"
                if not_there:
                    self._rest[message] = now + WAIT
            elif terms is None and not ran.killed:
                assert moment.is_unknown(message.visit), f"no longer owed, and still waits: {row}"
        else:
            raise AssertionError(f"an outbox takes everything: {row}")

    def _judge_sent(self, ran: Ran, before: Rows, wanted: Owed, own: Mapping[str, Listed]) -> None:
        new = [row for row in self.rows.values() if row.state == "sent" and _state(before, row) != "sent"]
        expected: Counter[Sent] = Counter()
        for row in new:
            name, colon, own_id = row.message.visit.partition(":")
            listed = self.known[name][own_id].listed if colon else own[row.message.visit]
            expected[Sent(row.message.workflow, row.message.visit, listed.edition)] += 1
            key = (row.message.workflow, row.message.visit, row.message.event_at)
            self._sent[key] += 1
            assert self._sent[key] == 1, f"sent twice: {row}"
        assert ran.sent == expected, f"in the outbox {ran.sent}, and by the ledger {expected}"

    def _judge_exit(self, ran: Ran, moment: Moment, before: Rows) -> None:
        if ran.killed:
            return
        failing, lasting, others = [], [], []
        waiting = {row.message.visit.partition(":")[0] for row in self.rows.values() if row.state == "pending"}
        for name in moment.active:
            reading = self.readings[name]
            if reading.failures:
                failing.append(name)
                if reading.is_lasting(moment.now) or (name in waiting and name in moment.read_now):
                    lasting.append(name)
            if reading.is_guarded or reading.missing or reading.bad:
                others.append(name)
            if (reading.is_guarded or reading.bad) and moment.read_now.get(name):
                lasting.append(name)
        if lasting:
            assert ran.exit_code == 1, f"trouble with {lasting}, and exit code 0"
        news = [row for row in self.rows.values() if row.state == "expired" and _state(before, row) != "expired"]
        kept = [row for row in self.rows.values() if row.state == "pending"]
        if not failing and not others and not news and not kept:
            assert ran.exit_code == 0, f"no trouble, and exit code {ran.exit_code}: {ran.said}"


def _state(rows: Rows, row: Row) -> str | None:
    return rows[row.message].state if row.message in rows else None


class Moment:
    """What is owed and held at an instant, after the sources were read."""

    def __init__(
        self,
        judge: Judge,
        now: datetime,
        active: Mapping[str, Side],
        read_now: Mapping[str, Found | None],
        past: Mapping[str, Reading],
        own: Mapping[str, Listed],
    ) -> None:
        self.now, self.active, self.read_now = now, active, read_now
        self._judge, self._past, self._own = judge, past, own
        self._armed_at = judge._armed_at or now
        self._planned_until = judge._planned_until or now
        self.owed = self.owed_now()
        self._held = {visit: self._why_held(visit) for visit in {each.visit for each in (*self.owed, *judge.rows)}}

    def owed_now(self) -> Owed:
        """What is owed by what is known."""
        visits: dict[str, Visit] = {name: Known(each).visit for name, each in self._own.items()}
        for name in self.active:
            visits |= {f"{name}:{own_id}": each.visit for own_id, each in self._judge.known.get(name, {}).items()}
        rules = self._judge._world.rules.values()
        return {message_of(message): terms for message, terms in owed(rules, visits).items()}

    def is_open(self, terms: Term) -> bool:
        return terms.due_at <= self.now <= terms.expires_at

    def is_known(self, visit: str) -> bool:
        name, colon, own_id = visit.partition(":")
        return not colon or own_id in self._judge.known.get(name, {})

    def is_unknown(self, visit: str) -> bool:
        """Whether sources.db was lost, and the source did not list the booking since."""
        return not self.is_known(visit)

    def may_ask(self, name: str) -> bool:
        return name not in self.read_now or self.read_now[name] is not None

    def why_held(self, visit: str) -> str | None:
        return self._held[visit]

    def _why_held(self, visit: str) -> str | None:
        name, colon, own_id = visit.partition(":")
        side = self.active.get(name)
        if not colon or side is None:
            return None
        reading, known = self._judge.readings[name], self._judge.known.get(name)
        if known is None or reading.read_at is None:
            return "never read"
        if side.max_age is not None and self.now - reading.read_at > side.max_age:
            return "read too long ago"
        return "missing" if own_id in known and known[own_id].missing_since else None

    def duty(self, message: Message, terms: Term) -> str:
        """Whether this run has to plan a message that no run has planned, may do so, or must not."""
        name, colon, _ = message.visit.partition(":")
        past = self._past.get(name, Reading())
        begins = self._armed_at
        if colon:  # a new source begins at its first reading
            begins = max(begins, past.first_planned_at or self.now)
        if not begins < terms.due_at <= self.now:
            return "must not"
        until = self._planned_until
        if terms.due_at > until:
            return "must"
        if self._judge._world.rules[message.workflow].sends_late:
            return "must" if self.now <= terms.expires_at else "may"
        if colon and self.read_now.get(name) and past.planned_at and terms.due_at > past.planned_at:
            return "must" if self.now <= terms.expires_at else "may"
        looked_back_to = min(until, past.planned_at or until) if colon else until
        return "may" if terms.due_at > looked_back_to - OVERLAP else "must not"
