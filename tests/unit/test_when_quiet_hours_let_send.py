"""Quiet hours as a decision: which minutes are open, and when a message is sent that falls due in a closed one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderctl.core import open_hours, timing
from reminderctl.core.quiet_hours import Term, deadline, moved
from reminderctl.core.timing import Limits, parse_trigger
from reminderctl.model import Booking, Window
from reminderctl.quiet_settings import OpenHours, OpenSpan, QuietHours, Way

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NINE_TO_NINE = ((9 * 60, 21 * 60),) * 7
MADRID = OpenHours(NINE_TO_NINE, "Europe/Madrid")
ZONES = ("Europe/Madrid", "America/Mexico_City", "America/St_Johns", "Australia/Lord_Howe", "Asia/Beirut", "UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def decide(when: str, event: str, *, hours: OpenHours = MADRID, seen: str = "", **rules: object) -> Term:
    trigger, starts = parse_trigger(when), at(event)
    booking = Booking(id="b", starts_at=starts, ends_at=starts + HOUR)
    happens = timing.event_at(trigger, booking)
    due = timing.due_at(trigger, happens, zone=ZoneInfo(hours.zone))
    limits = timing.limits(trigger, due, booking=booking, grace=None)
    quiet = QuietHours(week=hours.week, **rules)  # type: ignore[arg-type]
    known = at(seen) if seen else None
    return moved(trigger, due, event=happens, limits=limits, quiet=quiet, hours=hours, seen=known)


# --- the four rules ---------------------------------------------------------------------------------------------------


def test_what_falls_due_in_open_hours_is_sent_at_once() -> None:
    assert decide("2 hours before start", "2026-12-02T12:00Z").send_at == at("2026-12-02T10:00Z")


def test_what_falls_due_at_night_is_sent_when_it_opens() -> None:
    term = decide("12 hours before start", "2026-12-02T10:00Z")
    assert term == Term(at("2026-12-02T08:00Z"), at("2026-12-02T09:59:59Z"))


def test_what_would_leave_too_little_notice_is_sent_the_evening_before_until_it_closes() -> None:
    term = decide("2 hours before start", "2026-12-02T07:30Z")
    assert term == Term(at("2026-12-01T19:45Z"), at("2026-12-01T19:59:59Z"))


def test_what_can_go_neither_later_nor_earlier_never_goes_and_says_why() -> None:
    term = decide("2 hours before start", "2026-12-02T07:30Z", seen="2026-12-01T21:00Z")
    assert term.send_at is None
    assert term.refusal == (
        "quiet hours: 06:30 is closed, 09:00 would be after 2 hours before the start, and 20:45 the day before had "
        "passed when the booking came"
    )


def test_the_clock_is_the_recipients() -> None:
    hours = OpenHours(NINE_TO_NINE, "America/Mexico_City")
    assert decide("3 hours before start", "2026-12-02T16:00Z", hours=hours).send_at == at("2026-12-02T02:45Z")


@pytest.mark.parametrize(
    ("outside", "refusal"),
    [
        (("later",), "quiet hours: 06:30 is closed, and 09:00 would be after 2 hours before the start"),
        (("earlier",), "quiet hours: 06:30 is closed, and 20:45 the day before had passed when the booking came"),
    ],
)
def test_a_way_that_is_not_wanted_is_not_tried(outside: tuple[Way, ...], refusal: str) -> None:
    term = decide("2 hours before start", "2026-12-02T07:30Z", seen="2026-12-01T21:00Z", outside=outside)
    assert term.refusal == refusal


def test_what_goes_earlier_and_could_go_later_too_goes_on_after_the_night() -> None:
    term = decide("8 hours before start", "2026-12-02T14:00Z", outside=("earlier", "later"))
    assert term == Term(at("2026-12-01T19:45Z"), at("2026-12-02T12:00Z"))


def test_a_follow_up_is_never_sent_before_its_visit_has_ended() -> None:
    term = decide("30 minutes after end", "2026-12-02T20:30Z", outside=("earlier",))
    assert term.refusal == "quiet hours: 23:00 is closed, and 20:45 would be before the end"


def test_a_follow_up_may_come_before_it_falls_due_if_the_visit_is_over() -> None:
    term = decide("3 hours after end", "2026-12-02T17:00Z", outside=("earlier",))
    assert term.send_at == at("2026-12-02T19:45Z")


def test_a_follow_up_has_no_notice_to_leave() -> None:
    term = decide("30 minutes after end", "2026-12-02T20:30Z", least_notice=timedelta(days=9))
    assert term == Term(at("2026-12-03T08:00Z"), at("2026-12-04T19:59:59Z"))  # 24 open hours


def test_what_has_no_open_minute_before_the_visit_ends_is_not_sent_after_it() -> None:
    assert "would be after its deadline" in decide("at start", "2026-12-02T04:00Z").refusal


def test_a_closed_weekend_is_named_by_its_days() -> None:
    hours = OpenHours((*NINE_TO_NINE[:5], None, None), "Europe/Madrid")
    seen = decide("1 hour before start", "2026-12-06T10:00Z", hours=hours, seen="2026-12-05T10:00Z")
    assert "20:45 2 days before had passed" in seen.refusal
    assert "09:00 the day after would be" in seen.refusal
    known = decide("1 hour before start", "2026-12-06T10:00Z", hours=hours)
    assert known.send_at == at("2026-12-04T19:45Z")


def test_an_open_time_of_less_than_a_quarter_of_an_hour_is_used_from_its_opening_on() -> None:
    hours = OpenHours(((9 * 60, 9 * 60 + 10),) * 7, "UTC")
    assert decide("1 hour before start", "2026-12-02T09:00Z", hours=hours).send_at == at("2026-12-01T09:00Z")


def test_a_deadline_is_an_open_instant() -> None:
    limits = Limits(45 * MINUTE, at("2026-12-01T20:59:59Z"))
    assert deadline(MADRID, at("2026-12-01T19:30Z"), limits=limits) == at("2026-12-01T19:59:59Z")


def test_open_times_that_meet_at_midnight_are_one() -> None:
    hours = OpenHours(((9 * 60, 24 * 60), (0, 20 * 60), *NINE_TO_NINE[2:]), "Europe/Madrid")
    assert open_hours.closing_after(hours, at("2026-11-30T20:00Z")) == at("2026-12-01T19:00Z")


# --- clocks that change -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((120, 180), "2026-03-30T00:00Z"),  # 02:00-03:00 is skipped
        ((130, 170), "2026-03-30T00:10Z"),  # all inside the gap
        ((150, 195), "2026-03-30T00:30Z"),  # 02:30, by the offset before the gap, is after 03:15
        ((150, 540), "2026-03-29T01:30Z"),
        ((60, 150), "2026-03-29T00:00Z"),
    ],
)
def test_a_day_whose_open_time_vanishes_in_a_gap_is_closed(span: OpenSpan, expected: str) -> None:
    hours = OpenHours((span,) * 7, "Europe/Madrid")
    assert open_hours.next_open(hours, at("2026-03-28T23:30Z")) == at(expected)


def test_a_repeated_time_is_the_first_of_the_two() -> None:
    hours = OpenHours(((60, 150),) * 7, "Europe/Madrid")
    assert open_hours.closing_after(hours, at("2026-10-25T00:00Z")) == at("2026-10-25T00:30Z")


# --- against a search minute by minute --------------------------------------------------------------------------------

spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] < span[1])
weeks = st.tuples(*[st.none() | spans] * 7).filter(lambda week: sum(b - a for a, b in filter(None, week)) >= 60)
moments = st.integers(0, 2 * 365 * 1440).map(lambda minutes: at("2026-01-01T00:00Z") + minutes * MINUTE)
near_changes = st.sampled_from(["2026-03-28T20:00Z", "2026-10-24T20:00Z", "2026-04-04T10:00Z", "2026-11-01T02:00Z"])
all_moments = moments | st.builds(lambda text, minutes: at(text) + minutes * MINUTE, near_changes, st.integers(0, 2000))


def is_open(week: tuple[OpenSpan | None, ...], zone: str, instant: datetime) -> bool:
    """The same as `open_hours.is_open`, day by day and in no hurry."""
    info = ZoneInfo(zone)

    def utc(day: date, minutes: int) -> datetime:
        wall = datetime.combine(day, time()) + minutes * MINUTE
        return wall.replace(tzinfo=info, fold=0).astimezone(UTC)

    def is_skipped(day: date, minutes: int) -> bool:
        wall = datetime.combine(day, time()) + minutes * MINUTE
        return utc(day, minutes).astimezone(info).replace(tzinfo=None) != wall

    for days in (-1, 0, 1):
        day = instant.astimezone(info).date() + days * DAY
        span = week[day.weekday()]
        if span and utc(day, span[0]) <= instant < utc(day, span[1]):
            return not (is_skipped(day, span[0]) and is_skipped(day, span[1]))
    return False


@settings(max_examples=25, deadline=None)
@given(weeks, st.sampled_from(ZONES), all_moments, st.integers(0, 700))
def test_the_calendar_agrees_with_a_search_minute_by_minute(
    week: tuple[OpenSpan | None, ...], zone: str, instant: datetime, length: int
) -> None:
    hours = OpenHours(week, zone)
    some = [instant + number * MINUTE for number in range(2 * 7 * 1440)]
    opens = [each for each in some if is_open(week, zone, each)]
    assert open_hours.is_open(hours, instant) == is_open(week, zone, instant)
    assert open_hours.next_open(hours, instant) == opens[0]
    if length:
        after = open_hours.after_open_time(hours, instant, length=length * MINUTE)
        assert after == opens[length - 1] + MINUTE if length <= len(opens) else after > some[-1]
    before = next(
        instant - number * MINUTE for number in range(1, 3 * 7 * 1440) if is_open(week, zone, instant - number * MINUTE)
    )
    assert open_hours.last_open(hours, instant - MINUTE) - before < MINUTE


@settings(max_examples=200, deadline=None)
@given(
    weeks,
    st.sampled_from(ZONES),
    all_moments,
    st.sampled_from(
        ["3 days before start", "12 hours before start", "at start", "20 minutes before end", "2 hours after end"]
    ),
    st.sampled_from([("later", "earlier"), ("earlier", "later"), ("later",), ("earlier",)]),
    st.integers(0, 300),
    st.none() | st.integers(0, 3000),
)
def test_a_message_is_sent_in_open_hours_and_refused_only_where_no_way_is_left(
    week: tuple[OpenSpan | None, ...],
    zone: str,
    starts: datetime,
    when: str,
    outside: tuple[Way, ...],
    notice: int,
    seen_before: int | None,
) -> None:
    hours, trigger = OpenHours(week, zone), parse_trigger(when)
    booking = Booking(id="b", starts_at=starts, ends_at=starts + HOUR)
    event = timing.event_at(trigger, booking)
    due = timing.due_at(trigger, event, zone=ZoneInfo(zone))
    seen = None if seen_before is None else due - seen_before * MINUTE
    limits = timing.limits(trigger, due, booking=booking, grace=None)
    quiet = QuietHours(week=week, outside=outside, least_notice=notice * MINUTE)
    term = moved(trigger, due, event=event, limits=limits, quiet=quiet, hours=hours, seen=seen)
    if term.send_at is not None:
        assert is_open(week, zone, term.send_at)
        assert term.send_at <= term.expires_at
        assert is_open(week, zone, term.expires_at)
        assert not limits.last or term.expires_at <= limits.last
        if term.send_at < due:
            assert seen is None or term.send_at >= seen
            assert trigger.before or term.send_at >= event
            assert due_is_reached(hours, term.send_at, due)
        if term.send_at > due and trigger.before and trigger.anchor == "start":
            assert event - term.send_at >= notice * MINUTE
    else:
        assert not is_open(week, zone, due)
        assert term.refusal.startswith("quiet hours: ")
        if "later" in outside:
            ends = [limits.last] if limits.last else []
            latest = min([*ends, event - notice * MINUTE] if trigger.before and trigger.anchor == "start" else ends)
            assert open_hours.next_open(hours, due) > latest


def due_is_reached(hours: OpenHours, send_at: datetime, due: datetime) -> bool:
    """Whether a run at the instant of sending looks as far ahead as to when the message falls due."""
    return open_hours.due_until(hours, Window(send_at - MINUTE, send_at)) > due
