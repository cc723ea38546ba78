"""The judge: what one run may have done to each message, by the model, by the gateway's memory and by the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from tests.model.gateway import ASKED_WAITS, Arrival
from tests.model.pauses import LAST_CHANCE, LONGEST_THROTTLE, WAITS, Pauses, channel_of
from tests.model.spec_model import MINUTE, OVERLAP, SECOND, Duty, Look, Message, Owed, Term
from tests.model.suspending import Sleep
from tests.model.world import Ran, Row, Rows

OVER = ("sent", "failed", "unknown")  # only a person brings these back

Fates = Mapping[str, list[Arrival]]  # what arrived in one run, by key


class Moment(NamedTuple):
    """What is owed at an instant, and what each text and phone number is."""

    now: datetime
    owed: Owed
    texts: Mapping[str, int]
    phones: Mapping[str, str]


class Judge:
    """Follows the messages from run to run; each method asserts."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.keys: dict[str, Message] = {}
        self._accepted: Counter[str] = Counter()
        self._doubts: Counter[str] = Counter()
        self._closed: set[str] = set()  # what was canceled, and its workflow was switched off
        self._last_run = datetime.min.replace(tzinfo=UTC)
        self._arrived: Counter[str] = Counter()
        self._pauses = Pauses()
        self._held_off: dict[str, datetime] = {}  # until when a channel must rest

    def hear(self, ran: Ran, rows: Rows, *, look: Look, planned: Moment, sent: Moment) -> None:
        """Judge a run: `look` and `planned` as it began, `sent` as it was when the messages left."""
        before, self.rows = self.rows, rows
        for message, row in rows.items():
            assert self.keys.setdefault(row.key, message) == message, "a key changed its meaning"
        if not ran.committed:
            assert rows == before, "a run that did not commit changed the ledger"
            assert not ran.arrivals, "a run that did not commit sent something"
            return
        if look.now + OVERLAP < self._last_run:  # what was told to wait by a clock that was ahead waits no longer
            self._held_off.clear()
            self._pauses.end_all()
        self._last_run = sent.now if ran.did_something else look.now
        fates = {key: [each for each in ran.arrivals if each.key == key] for key in self.keys}
        self._judge_planning(before, fates, look=look, planned=planned, sent=sent)
        self._closed |= {
            row.key for row in rows.values() if row.state == "canceled" and row.message.workflow in look.off
        }
        self._judge_arrivals(ran, before, sent=sent)
        for row in rows.values():
            end = End(before.get(row.message), row, fates[row.key], planned, sent, ran.killed, look, ran.sleep)
            if end.is_news:
                self._judge_end(end)
        if not ran.killed:
            self._judge_counts(ran, before, fates, planned, look=look)

    def not_held_off(self, now: datetime) -> list[Row]:
        """What waits, has some minutes left, and stands behind no provider that asked to be left alone."""
        waiting = [row for row in self.rows.values() if row.state == "pending" and row.expires_at >= now + 8 * MINUTE]
        return [row for row in waiting if self._held_off.get(channel_of(row.message), now) <= now]

    # --- planning ---

    def _judge_planning(self, before: Rows, fates: Fates, *, look: Look, planned: Moment, sent: Moment) -> None:
        assert before.keys() <= self.rows.keys(), "the ledger forgot a delivery"
        for message in self.rows.keys() - before.keys():
            assert message in planned.owed, f"planned, and nobody owes it: {message}"
        for message, terms in planned.owed.items():
            duty = self._duty(message, terms, before, look=look, owed=planned.owed)
            was, row = before.get(message), self.rows.get(message)
            if row is None:
                assert duty != "must", f"not planned at {look.now}: {message}, {terms}"
            elif was is None:
                assert duty != "must not", f"planned at {look.now}, and must not be: {row}"
                assert (row.due_at, row.expires_at) == terms, f"{row}, and the model says {terms}"
            elif was.state in ("canceled", "expired"):
                back = (row.state, row.settled_at) != (was.state, was.settled_at) or bool(fates[row.key])
                if was.state == "expired" and look.waits_again(was.settled_at, was.expires_at):
                    assert back, f"a wrong clock ended it, and it does not wait again: {row}"
                elif duty == "must not" or look.now > terms.expires_at:
                    assert not back, f"it was {was.state} and over, and came back: {row}"
                elif duty == "must" and (was.state == "canceled" or terms.expires_at > was.expires_at):
                    assert back or message not in sent.owed, f"owed again at {look.now}, and did not come back: {row}"

    def _duty(self, message: Message, terms: Term, before: Rows, *, look: Look, owed: Owed) -> Duty:
        """What the run has to do by the marks, and by what became of this message and of others before."""
        was = before.get(message)
        if was and was.state == "canceled" and was.key not in self._closed and look.comes_back(terms):
            duty: Duty = "must"
        else:
            duty = "must not" if look.is_passed_over(message, terms, owed) else look.duty(message, terms)
        if message.workflow not in look.firsts or not message.recipient.startswith("customer:"):
            return duty
        occurrence = message._replace(recipient="")
        others = [row for row in before.values() if row.message._replace(recipient="") == occurrence]
        others = [row for row in others if row.message != message and row.message.recipient.startswith("customer:")]
        if any(row.state in ("sent", "unknown") for row in others):
            return "must not"  # somebody has been told
        if any(row.state == "sending" or self._doubts[row.key] for row in others):
            return "may"
        if any(row.state in WAITS or (row.state == "canceled" and row.key not in self._closed) for row in others):
            return "may" if duty == "must not" else duty  # who was the first drops out before being told
        return duty

    # --- sending ---

    def _judge_arrivals(self, ran: Ran, before: Rows, *, sent: Moment) -> None:
        rows = {row.key: row for row in self.rows.values()}
        # Nobody knows but the ledger whether the answer to what was on its way while the machine slept has been heard.
        under_way = [rows[key] for key in ran.sleep.under_way] if ran.sleep else []
        doubts = {
            row.key: row.doubts - (before[row.message].doubts if row.message in before else 0) for row in under_way
        }
        for arrival in ran.arrivals:
            if ran.sleep and ran.sleep.is_long:
                assert arrival.at <= ran.sleep.began_at, f"the time of the run was up: {arrival}, {ran.sleep}"
            self._judge_arrival(arrival, sent)
            self._arrived[arrival.key] += 1
            self._doubts[arrival.key] += doubts.pop(arrival.key, 0) if arrival.slept else arrival.doubtful
        self._doubts.update(doubts)
        for arrival in ran.arrivals:
            if not arrival.slept and rows[arrival.key].state != "sending":  # else nobody may have recorded it
                self._hold_off(arrival, rows[arrival.key])
        deadlines = {key: self._deadline(row, sent) for key, row in rows.items()}
        self._pauses.learn(ran.arrivals, rows=rows, deadlines=deadlines, sleep=ran.sleep)

    def _deadline(self, row: Row, sent: Moment) -> datetime:
        terms = sent.owed.get(row.message)
        return max(row.expires_at, terms.expires_at) if terms else row.expires_at

    def _judge_arrival(self, arrival: Arrival, sent: Moment) -> None:
        message = self.keys.get(arrival.key)
        assert message, f"the ledger does not know what arrived: {arrival}"
        assert (arrival.workflow, arrival.visit) == (message.workflow, message.visit)
        assert arrival.channel == channel_of(message)
        assert message in sent.owed, f"sent, and not owed: {arrival}"
        terms = sent.owed[message]
        assert terms.due_at <= arrival.at <= terms.expires_at, f"outside its term: {arrival}, {terms}"
        assert arrival.texts == sent.texts[message.workflow], f"sent with an old text: {arrival}"
        doubts = self._doubts[arrival.key]
        if arrival.channel == "sms":
            assert arrival.to == sent.phones.get(message.recipient, message.recipient), f"sent elsewhere: {arrival}"
            assert not doubts, f"only a person may send that again: {arrival}"
            doubts = 0
        assert self._accepted[arrival.key] <= doubts, f"sent again without a doubt: {arrival}"
        held_off = self._held_off.get(arrival.channel, arrival.at)
        assert arrival.at >= held_off, f"the channel was to wait until {held_off}: {arrival}"
        self._accepted[arrival.key] += arrival.accepted

    def _hold_off(self, arrival: Arrival, row: Row) -> None:
        if arrival.held_off_until:
            # What one message was told silences the channel no longer than that message lives.
            lives_until = max(row.expires_at, arrival.at + LONGEST_THROTTLE)
            held_off = self._held_off.get(arrival.channel, arrival.at)
            self._held_off[arrival.channel] = max(held_off, min(arrival.held_off_until, lives_until))

    # --- what the ledger says afterwards ---

    def _judge_end(self, end: End) -> None:
        row, last = end.row, end.last
        untold = self._accepted[row.key] or self._doubts[row.key]
        if row.state == "sending":
            assert end.killed, f"the run has ended, and this is still under way: {row}"
            self._doubts[row.key] += not (last and last.doubtful)
        elif row.state == "pending":
            looked_at = not end.killed and not end.is_left_behind
            # One of many that disappeared at once; or what a wrong clock had ended, and the next run looks at.
            kept = bool(row.missing) or end.waits_again
            assert not looked_at or row.message in end.planned.owed or kept, f"no longer owed, and still waits: {row}"
            # What a dead run left behind for a booking that is gone is looked at by the next run.
            kept = kept or (end.is_left_behind and row.message not in end.planned.owed)
            assert not end.is_clear or self._may_rest(end) or kept, f"nothing keeps it from being sent: {row}"
            # A clock that is set back a little is waited for.
            self._pauses.rest(row.key, until=end.sent.now)
        elif row.state == "sent":
            assert last, f"nobody has seen it: {row}"
            assert last.answer == "accepts", f"not accepted: {row}, {last}"
        elif row.state == "unknown":
            assert self._doubts[row.key], f"there is no doubt: {row}"
            repeatable = channel_of(row.message) == "webhook"
            may_end = end.is_withdrawn or end.is_too_late or end.is_refused
            assert not repeatable or may_end, f"a webhook is sent again: {row}, {last}"
        else:
            assert not untold, f"it may have gone out: {row}"
            assert _REASONS[row.state](end), f"for no reason: {row}, {last}"

    def _may_rest(self, end: End) -> bool:
        if end.row.due_at > end.planned.now:  # planned by a clock that was ahead
            return True
        return self._pauses.may_rest(end.row.key, end.row.message, end.planned.now)

    def _judge_counts(self, ran: Ran, before: Rows, fates: Fates, planned: Moment, *, look: Look) -> None:
        unchanged = {row.message for row in before.values() if self.rows[row.message].state == row.state}
        ends = Counter(row.state for row in self.rows.values() if row.message not in unchanged or fates[row.key])
        told = {state: ran.counts[state] for state in (*OVER, "canceled", "expired")}
        # What was over, was owed again and ended as before, all in this run, looks as if it had not changed.
        again = Counter(
            self.rows[message].state
            for message in unchanged
            if message in planned.owed or look.waits_again(before[message].settled_at, before[message].expires_at)
        )
        for state, count in told.items():
            most = ends[state] + (again[state] if state in ("canceled", "expired", "unknown") else 0)
            assert ends[state] <= count <= most, f"the run says {told}, and the ledger {ends}"


class End(NamedTuple):
    """How a run leaves a delivery, as what it found it, and what arrived of it meanwhile."""

    was: Row | None
    row: Row
    fate: list[Arrival]
    planned: Moment
    sent: Moment
    killed: bool
    look: Look
    sleep: Sleep | None

    @property
    def last(self) -> Arrival | None:
        return self.fate[-1] if self.fate else None

    @property
    def is_news(self) -> bool:
        """Whether there is anything to judge; what is over must not change."""
        if self._may_wait_again:
            return self.row.state != "unknown" or bool(self.fate)
        if self.was and self.was.state in OVER:
            assert self.row.state == self.was.state, f"it was over as {self.was.state}: {self.row}"
            assert not self.fate, f"it was over as {self.was.state}: {self.last}"
            return False
        return not self.was or self.was.state != self.row.state or bool(self.fate) or self.row.state in WAITS

    @property
    def waits_again(self) -> bool:
        """Whether a wrong clock had ended it before its time."""
        return self.was is not None and self.look.waits_again(self.was.settled_at, self.was.expires_at)

    @property
    def _may_wait_again(self) -> bool:
        """Whether it is a webhook that may have gone out, and a wrong clock ended it; what a right one did stays."""
        was = self.was
        if was is None or was.state != "unknown" or channel_of(was.message) != "webhook":
            return False
        return self.look.waits_again(was.settled_at, was.expires_at)

    @property
    def is_clear(self) -> bool:
        """Whether the run had every reason to send it or to end it."""
        if self.killed or (self.sleep and self.sleep.is_long):
            return False
        changed = self.planned.now != self.sent.now or self.planned.owed != self.sent.owed
        return not changed or (self.row.message in self.sent.owed and self.sent.now <= self.row.expires_at)

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is no longer owed."""
        return self.row.message not in self.planned.owed or self.row.message not in self.sent.owed

    @property
    def is_left_behind(self) -> bool:
        """Whether a run that died was sending it; what becomes of it is decided after planning."""
        return self.was is not None and self.was.state == "sending"

    @property
    def is_refused(self) -> bool:
        """Whether the receiver will never take it."""
        return self.last is not None and self.last.answer == "refuses"

    @property
    def is_too_late(self) -> bool:
        """Whether its deadline has passed, or will have before another attempt may be made."""
        ends_late = self.is_left_behind or (self.sleep and self.row.key in self.sleep.under_way)
        looked_at = self.sent.now + LAST_CHANCE if ends_late else self.planned.now
        if looked_at > self.row.expires_at:
            return True
        wait = max(ASKED_WAITS.get(self.last.answer, LAST_CHANCE), LAST_CHANCE) if self.last else -SECOND
        return (
            self.last is not None and self.last.answer != "accepts" and self.last.ended_at + wait >= self.row.expires_at
        )


_REASONS = {
    "canceled": lambda end: end.is_withdrawn,
    "failed": lambda end: end.is_refused,
    "expired": lambda end: end.is_too_late,
}
