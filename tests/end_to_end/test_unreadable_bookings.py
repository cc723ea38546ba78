"""A few bookings that cannot be read when something falls due for them: nothing of them is lost without a word."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.clinic import Clinic, at, written
from tests.end_to_end.test_two_troubles_at_once import ARMED, EACH, FUTURE, book_each_minute, reminder, run_at, sent

PAST = "2020-06-10T09:00Z"


@pytest.fixture
def spoiled(clinic: Clinic) -> Clinic:
    """Twenty reminders, one in each minute from 08:00 on, of which the first two have fields that are no JSON."""
    clinic.write(reminder())
    book_each_minute(clinic, "2026-06-10T10:00Z")
    clinic.run(ARMED)
    spoil(clinic)
    return clinic


def spoil(clinic: Clinic) -> None:
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")  # as in a table of another program
        connection.execute("UPDATE bookings SET fields = '{' WHERE id IN ('b0', 'b1')")


def restore(clinic: Clinic) -> None:
    clinic.execute("UPDATE bookings SET fields = '{}'")


def status(clinic: Clinic, instant: str) -> tuple[int, str]:
    result = clinic.command("status", "--now", instant, "--json")
    return result.exit_code, " ".join(each["what"] for each in json.loads(result.stdout)["findings"])


def every(clinic: Clinic, minutes: int, since: str, until: str) -> None:
    instant = at(since)
    while instant <= at(until):
        run_at(clinic, written(instant))
        instant += minutes * (at("2026-06-10T00:01Z") - at("2026-06-10T00:00Z"))


def test_a_booking_that_can_be_read_again_long_after_it_was_due_is_reminded_of(spoiled: Clinic) -> None:
    every(spoiled, 1, "2026-06-10T08:00Z", "2026-06-10T08:25Z")
    assert sent(spoiled) == sorted({*EACH} - {"b0", "b1"})
    restore(spoiled)
    run_at(spoiled, "2026-06-10T08:26Z", "2026-06-10T08:27Z")
    assert sent(spoiled) == EACH


def test_status_warns_of_it_until_it_can_be_read_and_the_runs_need_not_say_it_each_minute(spoiled: Clinic) -> None:
    assert spoiled.command("run", "--now", "2026-06-10T08:01Z").exit_code == 1
    every(spoiled, 1, "2026-06-10T08:02Z", "2026-06-10T08:20Z")
    assert spoiled.command("run", "--now", "2026-06-10T08:21Z").exit_code == 0
    code, what = status(spoiled, "2026-06-10T08:22Z")
    assert code == 1
    assert "2 bookings cannot be read" in what
    assert "b0" in what
    restore(spoiled)
    run_at(spoiled, "2026-06-10T08:23Z")
    assert status(spoiled, "2026-06-10T08:24Z") == (0, "")


def test_one_that_stays_so_is_named_once_more_when_the_search_ends(spoiled: Clinic) -> None:
    every(spoiled, 10, "2026-06-10T08:00Z", "2026-06-10T08:30Z")
    every(spoiled, 120, "2026-06-10T10:00Z", "2026-06-11T06:00Z")
    result = spoiled.command("run", "--now", "2026-06-11T08:30Z")
    assert result.exit_code == 1
    assert result.stderr.count("could not be read for too long") == 2
    assert spoiled.command("run", "--now", "2026-06-11T08:31Z").exit_code == 0
    assert status(spoiled, "2026-06-11T08:32Z") == (0, "")


@pytest.mark.parametrize("wrong", [FUTURE, PAST, "2026-06-10T07:40Z", "2026-06-10T08:05Z"])
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_clock_that_is_wrong_does_not_end_the_search(spoiled: Clinic, wrong: str, *, is_whole: bool) -> None:
    every(spoiled, 1, "2026-06-10T08:00Z", "2026-06-10T08:15Z")
    if is_whole:
        restore(spoiled)
    run_at(spoiled, wrong, written(at(wrong) + (at("2026-06-10T00:01Z") - at("2026-06-10T00:00Z"))))
    run_at(spoiled, "2026-06-10T08:16Z", "2026-06-10T08:20Z")
    restore(spoiled)
    run_at(spoiled, "2026-06-10T08:25Z", "2026-06-10T08:26Z")
    assert sent(spoiled) == EACH


def test_what_a_run_with_a_clock_in_the_future_cannot_read_is_looked_for_from_the_last_run_before_it(
    spoiled: Clinic,
) -> None:
    restore(spoiled)
    run_at(spoiled, "2026-06-10T07:59Z")
    spoil(spoiled)
    run_at(spoiled, FUTURE)
    every(spoiled, 1, "2026-06-10T08:00Z", "2026-06-10T08:20Z")
    restore(spoiled)
    run_at(spoiled, "2026-06-10T08:26Z", "2026-06-10T08:27Z")
    assert sent(spoiled) == EACH


def test_one_that_is_deleted_meanwhile_is_no_longer_looked_for(spoiled: Clinic) -> None:
    every(spoiled, 1, "2026-06-10T08:00Z", "2026-06-10T08:20Z")
    spoiled.execute("DELETE FROM bookings WHERE id IN ('b0', 'b1')")
    run_at(spoiled, "2026-06-10T08:21Z")
    assert status(spoiled, "2026-06-10T08:22Z") == (0, "")
    assert sent(spoiled) == sorted({*EACH} - {"b0", "b1"})


def test_a_person_who_is_added_or_a_switch_in_the_meantime_counts_from_then_on_as_ever(spoiled: Clinic) -> None:
    every(spoiled, 1, "2026-06-10T08:00Z", "2026-06-10T08:20Z")
    spoiled.write(reminder(more="enabled: false"))
    run_at(spoiled, "2026-06-10T08:21Z")
    spoiled.write(reminder())
    run_at(spoiled, "2026-06-10T08:22Z")
    restore(spoiled)
    run_at(spoiled, "2026-06-10T08:23Z")
    assert sent(spoiled) == sorted({*EACH} - {"b0", "b1"})


def test_the_reason_is_in_explain_all_the_time(spoiled: Clinic) -> None:
    every(spoiled, 4, "2026-06-10T08:00Z", "2026-06-10T08:24Z")
    result = spoiled.command("explain", "b0", "--now", "2026-06-10T08:25Z")
    assert "fields" in result.output
    restore(spoiled)
    result = spoiled.command("explain", "b0", "--now", "2026-06-10T08:25Z")
    assert "the next run sends it" in result.stdout
