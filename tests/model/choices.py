"""What the machine may choose from: a small world around the nights in which the clocks change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st

from tests.model.gateway import ANSWERS, Mood
from tests.model.spec_model import HOUR, MINUTE, SECOND, Action, Guest, Rule, Visit
from tests.model.suspending import BEFORE_ANY, BETWEEN, CLOCKS, Suspend

Edit = Callable[[Rule], Rule]
Change = Callable[[Visit], Visit | None]  # None: deleted

# The nights in which the clocks of Madrid change, and visits whose days or wall clocks are touched by it.
NIGHTS = {
    "2026-03-28T09:30Z": ("2026-03-29T08:00Z", "2026-03-30T00:30Z"),
    "2026-10-24T09:30Z": ("2026-10-25T09:00Z", "2026-10-26T01:30Z"),
}
SENTENCES = (
    "30 minutes before start",
    "2 hours before start",
    "1 day before start",
    "24 hours before start",
    "1 day before start at 18:00",
    "1 day before start at 02:30",
    "10 minutes before end",
    "at start",
    "20 minutes after start",
    "1 hour after end",
    "1 day after end at 09:00",
)
RULES = (
    Rule("remind", ("30 minutes before start",), (Action("sms", ("customer",)), Action("webhook")), ("approved",)),
    Rule("follow", ("1 hour after end",), (Action("webhook"),), for_each_customer=True),
    Rule(
        "late",
        ("2 hours before start",),
        (Action("sms", ("customer", "+34911111111")),),
        for_each_customer=False,
        grace=3 * HOUR,
        sends_late=True,
    ),
)
PHONES = tuple(f"+3460000000{digit}" for digit in range(10))
STATUSES = ("approved", "approved", "pending", "canceled", "rejected")

minutes = st.sampled_from((-45, 0, 5, 12, 29, 31, 60, 119, 125, 180, 1380, 1440, 1441, 1530, 2881)).map(MINUTE.__mul__)
lengths = st.sampled_from((15, 30, 60, 120)).map(MINUTE.__mul__)
zones = st.sampled_from((None, "America/New_York", "Australia/Lord_Howe"))
statuses = st.sampled_from(STATUSES)
guests = st.lists(
    st.builds(Guest, st.sampled_from(("ana", "bob")), st.sampled_from((None, "approved", "canceled"))),
    max_size=2,
    unique_by=lambda guest: guest.customer,
).map(tuple)


def _moved(by: timedelta, length: timedelta) -> Change:
    return lambda visit: visit._replace(starts_at=visit.starts_at + by, ends_at=visit.starts_at + by + length)


changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(_moved, minutes, lengths),
    statuses.map(lambda status: lambda visit: visit._replace(status=status)),
    guests.map(lambda invited: lambda visit: visit._replace(guests=invited)),
    st.just(lambda _: None),
)
visits = st.sampled_from(("b1", "b2", "b3"))
moods = st.builds(Mood, st.sampled_from((*ANSWERS, "accepts", "accepts")), st.sampled_from((None, None, "b1", "b2")))
some_moods = st.lists(moods, min_size=2, max_size=4)
rules = st.sampled_from([each.id for each in RULES])
sentences = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=2, unique=True).map(tuple)
strides = st.sampled_from((20 * SECOND, MINUTE, 4 * MINUTE, 10 * MINUTE, 31 * MINUTE, HOUR, 6 * HOUR, 47 * HOUR))
suspends = st.one_of(
    st.builds(Suspend, st.sampled_from(BEFORE_ANY), st.just(1), strides, st.sampled_from(CLOCKS)),
    st.builds(Suspend, st.sampled_from(BETWEEN), st.sampled_from((1, 1, 2, 3)), strides, st.sampled_from(CLOCKS)),
)
slacks = st.sampled_from((-SECOND, timedelta(), SECOND, MINUTE, 299 * SECOND, 301 * SECOND))


def _with_second_action(rule: Rule) -> Rule:
    second = tuple(action for action in rule.actions if action.id)
    return rule._replace(
        actions=rule.actions[:-1] if second else (*rule.actions, Action("webhook", id="webhook-second"))
    )


def _with_second_recipient(rule: Rule) -> Rule:
    actions = [
        action._replace(to=("customer",) if len(action.to) > 1 else ("customer", "+34911111111"))
        if action.channel == "sms"
        else action
        for action in rule.actions
    ]
    return rule._replace(actions=tuple(actions))


edits: st.SearchStrategy[Edit] = st.one_of(
    st.sampled_from(((), ("approved",), ("approved", "pending"))).map(
        lambda statuses: lambda rule: rule._replace(statuses=statuses)
    ),
    st.sampled_from((None, True, False)).map(lambda each: lambda rule: rule._replace(for_each_customer=each)),
    st.just(_with_second_action),
    st.just(_with_second_recipient),
)
