"""Text for people: one function for each kind, whoever shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminderctl import text


@pytest.mark.parametrize(
    ("count", "noun", "expected"),
    [
        (0, "message", "0 messages"),
        (1, "delivery", "1 delivery"),
        (1200, "delivery", "1,200 deliveries"),
        (2, "day", "2 days"),
    ],
)
def test_a_count_is_followed_by_its_noun_in_the_right_number(count: int, noun: str, expected: str) -> None:
    assert text.pluralize(count, noun) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d")],
)
def test_a_rough_length_has_the_largest_unit_of_which_there_are_two(seconds: int, expected: str) -> None:
    assert text.rough_length(timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(59, "0 min"), (7200, "2 h"), (200_000, "2 days")])
def test_a_rough_length_ends_at_the_least_unit_and_names_days_as_asked(seconds: int, expected: str) -> None:
    assert text.rough_length(timedelta(seconds=seconds), day="days", least="min") == expected


@pytest.mark.parametrize(
    ("minutes", "expected"), [(0, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (1500, "1 d 1 h"), (1440, "1 d 0 h")]
)
def test_a_length_in_two_units_leaves_out_the_rest(minutes: int, expected: str) -> None:
    assert text.length_in_two_units(timedelta(minutes=minutes)) == expected


@pytest.mark.parametrize(("minutes", "expected"), [(0, ""), (30, "30 min"), (120, "2 h"), (1590, "26 h 30 min")])
def test_hours_and_minutes_name_only_what_is_there(minutes: int, expected: str) -> None:
    assert text.hours_and_minutes(minutes) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(0, "0 minutes"), (60, "1 hour"), (90, "90 minutes"), (150, "2 hours 30 minutes"), (4320, "3 days")],
)
def test_a_spelled_length_is_as_a_person_would_say_it(minutes: int, expected: str) -> None:
    assert text.spelled_length(timedelta(minutes=minutes)) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(120_999, "120 kB"), (3_400_000, "3.4 MB"), (82_000_000_000, "82.0 GB")]
)
def test_a_size_has_a_unit_that_keeps_it_short(size: int, expected: str) -> None:
    assert text.describe_size(size) == expected


def test_a_local_time_is_what_the_clocks_of_the_zone_show() -> None:
    instant, madrid = datetime(2026, 6, 10, 22, 30, tzinfo=UTC), ZoneInfo("Europe/Madrid")
    assert text.local_time(instant, madrid) == "2026-06-11 00:30"
    assert text.local_time(instant, madrid, form=text.WEEKDAY) == "Thu 11 Jun 2026 00:30"


def test_a_text_is_cut_only_where_it_is_too_long() -> None:
    assert text.shorten("12345", 5) == "12345"
    assert text.shorten("123456", 5) == "12345..."
    assert text.shorten("123456", 5, end=" ...") == "12345 ..."


def test_a_sanitized_text_does_nothing_to_a_terminal_and_a_line_stays_one() -> None:
    assert text.sanitize("a\x1b[2Jb\u202ec\nd\te") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\nd\te"
    assert text.sanitize_line("a\r\nb\tc") == "a b c"
    assert text.printable("a\x1bb\nc") == "a b c"
