"""When something is due, and until when: the tables of docs/reference/time.md."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderctl.core import timing
from reminderctl.model import Booking, Window


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def wall(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "event", "sentence", "due"),
    [
        # The four examples of docs/reference/time.md.
        ("Europe/Madrid", "2026-03-29T10:00", "1 day before start", "2026-03-28T09:00Z"),
        ("Europe/Madrid", "2026-03-29T10:00", "24 hours before start", "2026-03-28T08:00Z"),
        ("Europe/Madrid", "2026-10-25T10:00", "1 day before start", "2026-10-24T08:00Z"),
        ("Europe/Madrid", "2026-10-25T10:00", "24 hours before start", "2026-10-24T09:00Z"),
        ("Europe/Madrid", "2026-03-30T02:30", "1 day before start", "2026-03-29T01:30Z"),
        ("Europe/Madrid", "2026-10-26T02:30", "1 day before start", "2026-10-25T00:30Z"),
        # Ordinary days.
        ("Europe/Madrid", "2026-06-10T10:00", "1 day before start", "2026-06-09T08:00Z"),
        ("Europe/Madrid", "2026-06-10T10:00", "15 minutes before start", "2026-06-10T07:45Z"),
        ("Europe/Madrid", "2026-06-10T10:00", "at start", "2026-06-10T08:00Z"),
        ("Europe/Madrid", "2026-06-10T10:00", "2 weeks before start", "2026-05-27T08:00Z"),
        ("Europe/Madrid", "2026-06-10T10:00", "2h after start", "2026-06-10T10:00Z"),
        # A week that crosses the change keeps the wall clock.
        ("Europe/Madrid", "2026-04-01T10:00", "1 week before start", "2026-03-25T09:00Z"),
        # Wall clocks of the booking's zone; `at` in the gap takes the offset before it.
        ("Europe/Madrid", "2026-06-10T10:00", "1 day before start at 18:00", "2026-06-09T16:00Z"),
        ("Europe/Madrid", "2026-06-10T10:00", "0 days before start at 8:00", "2026-06-10T06:00Z"),
        ("Europe/Madrid", "2026-03-30T10:00", "1 day before start at 02:30", "2026-03-29T01:30Z"),
        ("Europe/Madrid", "2026-10-26T10:00", "1 day before start at 02:30", "2026-10-25T00:30Z"),
        ("America/New_York", "2026-03-09T09:00", "1 day before start at 18:00", "2026-03-08T22:00Z"),
        # Half an hour of daylight saving time: Lord Howe goes from +10:30 to +11:00 on 2026-10-04 at 02:00.
        ("Australia/Lord_Howe", "2026-10-04T10:00", "1 day before start", "2026-10-02T23:30Z"),
        ("Australia/Lord_Howe", "2026-10-05T02:15", "1 day before start", "2026-10-03T15:45Z"),
        # No daylight saving time, a quarter-hour offset, both sides of the date line.
        ("Asia/Kathmandu", "2026-01-02T00:10", "1 day before start", "2025-12-31T18:25Z"),
        ("Pacific/Kiritimati", "2026-01-02T00:10", "1 day before start at 09:00", "2025-12-31T19:00Z"),
    ],
)
def test_a_trigger_is_due_at_the_instant_of_the_table(zone: str, event: str, sentence: str, due: str) -> None:
    trigger = timing.parse_trigger(sentence)
    assert timing.due_at(trigger, wall(event, zone), zone=ZoneInfo(zone)) == at(due)


def test_the_second_of_a_repeated_hour_counts_from_its_wall_clock() -> None:
    second_half_past_two = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    trigger = timing.parse_trigger("1 day before start")
    assert timing.due_at(trigger, second_half_past_two, zone=ZoneInfo("Europe/Madrid")) == at("2026-10-24T00:30Z")


@pytest.mark.parametrize(
    ("sentence", "standard"),
    [
        ("1h before start", "1 hour before start"),
        ("15m  after END", "15 minutes after end"),
        ("2d before the start", "2 days before start"),
        ("1 weeks before start", "1 week before start"),
        ("At Start", "at start"),
        ("0 minutes before end", "at end"),
        ("2 days before start at 9:05", "2 days before start at 09:05"),
    ],
)
def test_a_sentence_has_one_standard_form(sentence: str, standard: str) -> None:
    assert timing.parse_trigger(sentence).text == standard
    assert timing.parse_trigger(standard).text == standard


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("60 minutes before start", "1 hour before start", True),
        ("7 days before start", "1 week before start", True),
        ("24 hours before start", "1 day before start", False),
        ("1 day before start", "1 day before start at 18:00", False),
        ("1 day before start", "1 day before end", False),
        ("1 day before start", "1 day after start", False),
    ],
)
def test_two_ways_to_say_the_same_are_one_trigger(one: str, other: str, *, same: bool) -> None:
    assert (timing.parse_trigger(one).identity == timing.parse_trigger(other).identity) is same


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("tomorrow", "1 day before start"),
        ("1 fortnight before start", "minutes, hours, days and weeks"),
        ("1.5 hours before start", "cannot read"),
        ("-1 hours before start", "cannot read"),
        ("1 hour before start at 09:00", "works with days"),
        ("at start at 09:00", "needs days"),
        ("1 day before start at 25:00", "00:00 to 23:59"),
        ("1 day before start at 9", "time of day"),
        ("9999 weeks before start", "ten years"),
        ("", "cannot read"),
    ],
)
def test_a_sentence_that_cannot_be_read_says_what_would_be_right(sentence: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        timing.parse_trigger(sentence)


@pytest.mark.parametrize(
    ("sentence", "grace", "late_by"),
    [
        # The booking is on 2026-06-10, 10:00 to 11:00 UTC. Half the offset, at least 15 minutes, at most 12 hours.
        ("1 day before start", None, timedelta(hours=12)),
        ("2 weeks before start", None, timedelta(hours=12)),
        ("2 hours before start", None, timedelta(hours=1)),
        ("20 minutes before start", None, timedelta(minutes=15)),
        ("10 minutes before start", None, timedelta(minutes=10, seconds=-1)),  # never once it has started
        ("10 minutes before end", None, timedelta(minutes=10, seconds=-1)),
        ("5 minutes after start", None, timedelta(minutes=15)),
        ("50 minutes after start", None, timedelta(minutes=10, seconds=-1)),  # never once it has ended
        ("at start", None, timedelta(minutes=15)),
        ("at end", None, timedelta(hours=24)),
        ("30 minutes after end", None, timedelta(hours=24)),
        ("1 day after end", None, timedelta(hours=24)),
        ("1 day before start", timedelta(hours=3), timedelta(hours=3)),
        ("1 hour before start", timedelta(hours=3), timedelta(hours=1, seconds=-1)),
        ("1 day after end", timedelta(days=7), timedelta(days=7)),
        ("0 days before start at 08:00", None, timedelta(hours=1)),
        # Asked for beyond the end itself: the end cannot be its deadline.
        ("2 hours after start", None, timedelta(hours=1)),
    ],
)
def test_a_delivery_may_be_as_late_as_the_table_says(
    sentence: str, grace: timedelta | None, late_by: timedelta
) -> None:
    booking = Booking(id="b", starts_at=at("2026-06-10T10:00Z"), ends_at=at("2026-06-10T11:00Z"))
    trigger = timing.parse_trigger(sentence)
    due = timing.due_at(trigger, timing.event_at(trigger, booking), zone=ZoneInfo("UTC"))
    assert timing.expires_at(due, timing.limits(trigger, due, booking=booking, grace=grace)) - due == late_by


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus",
        "",
        "../../etc/passwd",
        "/etc/localtime",
        "America",
        "\0",
        "localtime",
        "posixrules",
        "Factory",
        "right/Europe/Madrid",
        "posix/UTC",
    ],
)
def test_a_name_that_is_no_zone_is_none(name: str) -> None:
    assert timing.find_zone(name) is None


def test_every_zone_of_the_database_is_found() -> None:
    names = zoneinfo.available_timezones() - {"localtime", "Factory"}
    assert "Europe/Madrid" in names
    assert [name for name in sorted(names) if timing.find_zone(name) is None] == []


ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Madrid",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "America/Havana",
        "Antarctica/Troll",
        "Pacific/Apia",
        "UTC",
    )
]
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001 - made aware below
    lambda instant: instant.replace(microsecond=0, tzinfo=UTC)
)
SENTENCES = st.sampled_from(
    [
        f"{amount} {unit} {side} {anchor}{moment}"
        for amount in (1, 2, 7)
        for unit, moments in (("hours", [""]), ("days", ["", " at 00:00", " at 02:30", " at 23:59"]), ("weeks", [""]))
        for side in ("before", "after")
        for anchor in ("start", "end")
        for moment in moments
    ]
)


@settings(max_examples=400)
@given(
    sentence=SENTENCES,
    event=INSTANTS,
    zone=st.sampled_from(ZONES),
    back=st.integers(0, 90_000),
    on=st.integers(0, 90_000),
)
def test_every_event_that_is_due_in_a_window_lies_in_the_range_of_that_window(
    sentence: str, event: datetime, zone: ZoneInfo, back: int, on: int
) -> None:
    trigger = timing.parse_trigger(sentence)
    due = timing.due_at(trigger, event, zone=zone)
    window = Window(due - timedelta(seconds=back + 1), due + timedelta(seconds=on))
    events = timing.event_range(trigger, window, zones=ZONES)
    assert events is not None
    assert events.since < event <= events.until


@given(sentence=SENTENCES, now=INSTANTS)
def test_on_ordinary_days_a_range_is_as_long_as_its_window(sentence: str, now: datetime) -> None:
    trigger = timing.parse_trigger(sentence)
    window = Window(now, now + timedelta(minutes=6))
    events = timing.event_range(
        trigger, window, zones=[ZoneInfo("Asia/Kathmandu")]
    )  # a zone that never changes its offset
    if trigger.at is None:
        assert events is not None
        assert events.until - events.since == timedelta(minutes=6)
    else:
        assert events is None or events.until - events.since <= timedelta(days=1, seconds=1)
