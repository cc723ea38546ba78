"""Clocks that are wrong, and machines that were off: nothing is blasted, repeated or poisoned."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from reminderctl.cli import main
from tests.clinic import SETTINGS, WRITTEN_AT, Clinic, at, written

REMINDER = """\
- id: reminder
  when: 1 hour before start
  max_burst: none
  actions: [{send: email, to: customer, subject: s, body: "{appointment_id}"}]
"""


@pytest.fixture
def armed(clinic: Clinic) -> Clinic:
    clinic.write(REMINDER)
    assert clinic.run("2026-06-01T08:00Z") == {}
    return clinic


def test_a_clock_that_swings_around_a_due_instant_sends_once(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    due = at("2026-06-10T09:00Z")
    for swing in (-90, 90, -90, 0, 90, -90, 30, -30, 90):
        armed.run(due + timedelta(seconds=swing))
    assert armed.states() == {"sent": 1}
    assert len(armed.outbox()) == 1


def test_a_clock_that_went_back_an_hour_and_again_loses_and_repeats_nothing(armed: Clinic) -> None:
    for quarter in range(12):
        armed.book(f"b{quarter}", written(at("2026-06-10T09:00Z") + timedelta(minutes=15 * quarter)))
    for since, until in (("08:00", "09:20"), ("08:20", "09:40"), ("08:40", "11:00")):
        armed.every_minute(f"2026-06-10T{since}Z", f"2026-06-10T{until}Z")
    assert armed.states() == {"sent": 12}
    assert len(armed.outbox()) == 12


def test_after_one_run_in_a_far_year_later_reminders_are_on_time(armed: Clinic) -> None:
    armed.book("before", "2026-06-10T10:00Z")
    armed.run("2026-06-10T09:00Z")
    armed.run("2031-06-10T09:00Z")
    armed.book("after", "2026-06-10T10:30Z")
    armed.every_minute("2026-06-10T09:20Z", "2026-06-10T09:40Z")
    assert [(each["booking"], each["state"]) for each in armed.deliveries()] == [("before", "sent"), ("after", "sent")]
    after = next(each for each in armed.deliveries() if each["booking"] == "after")
    assert after["due_at"] == "2026-06-10T09:30:00Z"


def test_after_a_month_without_cron_only_what_still_makes_sense_goes_out_most_urgent_first(armed: Clinic) -> None:
    """Of 5,000 visits in a month, one every 8.64 minutes, three are inside the half hour that their reminders live."""
    begins = at("2026-06-01T10:00Z")
    rows = [(f"b{number:04}", begins + number * timedelta(seconds=518)) for number in range(5000)]
    armed.insert(rows)
    until = at("2026-07-01T07:00Z")
    report = armed.run(until, exits=1)
    live = [
        booking
        for booking, starts_at in rows
        if starts_at - timedelta(hours=1) <= until <= starts_at - timedelta(minutes=30)
    ]
    missed = sum(starts_at - timedelta(minutes=30) < until for _, starts_at in rows)
    assert len(live) == 3
    assert report == {"planned": len(live) + missed, "sent": len(live), "expired": missed}
    sent = sorted(path.read_text().rsplit("\n\n", 1)[1].strip() for path in armed.outbox())
    assert sent == live
    with closing(sqlite3.connect(armed.folder / "ledger.db")) as connection, connection:
        claimed = connection.execute(
            "SELECT booking FROM attempts JOIN deliveries ON deliveries.id = delivery ORDER BY attempts.id"
        ).fetchall()
    assert [booking for (booking,) in claimed] == live, "earliest deadline first"
    assert armed.run(until) == {}


# --- one run with a clock that is wrong ---

PAST, FUTURE = "2020-01-01T00:00Z", "2031-06-10T09:00Z"
LATE = REMINDER.replace("  max_burst: none\n", "  late_booking: send\n")


def sent(clinic: Clinic) -> list[str]:
    return [each["booking"] for each in clinic.deliveries("--state", "sent")]


@pytest.mark.parametrize("workflow", [REMINDER, LATE], ids=["skip", "send"])
def test_a_run_in_the_past_fires_no_older_history(clinic: Clinic, workflow: str) -> None:
    """Not what fell due before the installation, nor while the workflow was off."""
    clinic.book("old", "2020-01-01T01:00Z")
    clinic.book("before", "2026-06-10T08:55Z")
    clinic.write(workflow)
    clinic.run("2026-06-10T08:00Z")
    clinic.run(PAST)
    clinic.run(at(PAST) + timedelta(minutes=1))
    clinic.book("late", "2026-06-10T08:58Z")
    clinic.run("2026-06-10T08:01Z")
    assert clinic.deliveries() == []
    clinic.write(workflow.replace("  when", "  enabled: false\n  when"))
    clinic.run("2026-06-10T08:02Z")
    clinic.book("while off", "2026-06-10T09:03Z")
    clinic.write(workflow)
    clinic.run("2026-06-10T08:04Z")
    clinic.run(PAST)
    clinic.book("after", "2026-06-10T09:05Z")
    clinic.run("2026-06-10T08:05Z")
    assert sent(clinic) == ["after"]
    assert [each["booking"] for each in clinic.deliveries()] == ["after"], "nor is history written down as expired"


def test_a_run_in_the_past_plans_nothing_anew_that_a_rule_has_dropped(armed: Clinic) -> None:
    armed.run("2026-06-10T08:00Z")
    armed.book("too late", "2026-06-10T08:50Z")
    armed.run("2026-06-10T08:01Z")
    armed.run(PAST)
    armed.run("2026-06-10T08:02Z")
    assert armed.deliveries() == []


def test_a_late_booking_that_only_a_run_in_the_past_has_seen_is_told(clinic: Clinic) -> None:
    clinic.write(LATE)
    clinic.run("2026-06-10T08:00Z")
    clinic.run("2026-06-10T08:50Z")
    clinic.book("late", "2026-06-10T09:40Z")
    os.utime(clinic.folder / "bookings.db", times=(WRITTEN_AT, WRITTEN_AT))
    clinic.run(PAST)
    clinic.run(at(PAST) + timedelta(minutes=1))
    clinic.run("2026-06-10T08:52Z")
    assert sent(clinic) == ["late"]


@pytest.mark.parametrize("instant", [PAST, FUTURE])
def test_a_workflow_that_a_wrong_clock_saw_first_begins_when_it_was_seen(clinic: Clinic, instant: str) -> None:
    clinic.write("- {id: other, when: at end, actions: [{send: email, to: customer, subject: s, body: b}]}\n")
    clinic.book("old", "2020-01-01T01:00Z")
    for minute in range(8):
        clinic.book(f"b{minute}", f"2026-06-10T09:0{minute}Z")
    clinic.run("2026-06-10T08:01Z")
    clinic.write(REMINDER)
    clinic.run(instant)
    clinic.every_minute("2026-06-10T08:02Z", "2026-06-10T08:05Z")
    clinic.run("2026-06-10T08:07Z")
    told = [each["booking"] for each in clinic.deliveries() if each["state"] == "sent"]
    assert told[-5:] == ["b3", "b4", "b5", "b6", "b7"]
    assert set(told) <= {f"b{minute}" for minute in range(1, 8)}, "nothing older"


def test_a_ledger_whose_first_run_was_in_the_future_loses_nothing(clinic: Clinic) -> None:
    clinic.write(REMINDER)
    clinic.run(FUTURE)
    for minute in range(8):
        clinic.book(f"b{minute}", f"2026-06-10T09:0{minute}Z")
    clinic.every_minute("2026-06-10T08:01Z", "2026-06-10T08:07Z")
    assert sent(clinic) == [f"b{minute}" for minute in range(2, 8)]


def test_what_a_run_in_the_future_ended_before_its_time_waits_again(clinic: Clinic) -> None:
    """What waited, what was held back, and what would have fallen due much later."""
    clinic.write(
        REMINDER.replace("none", "2")
        .replace("email", "webhook")
        .replace('to: customer, subject: s, body: "{appointment_id}"', 'url: "http://127.0.0.1:9/{appointment_id}"'),
        settings="timezone: Europe/Madrid\n",
    )
    clinic.run("2026-06-10T08:00Z")
    clinic.book("waits", "2026-06-10T09:00:30Z")
    clinic.run("2026-06-10T08:01Z", exits=0)
    for number in range(3):
        clinic.book(f"held{number}", "2026-06-10T09:02Z")
    clinic.book("later", "2026-06-10T13:00Z")
    clinic.run("2026-06-10T08:02Z", exits=1)
    before = {each["booking"]: (each["state"], each["due_at"]) for each in clinic.deliveries()}
    assert set(before) == {"waits", "held0", "held1", "held2"}
    clinic.run(FUTURE, exits=1)
    assert clinic.states() == {"expired": 5}
    result = clinic.command("run", "--now", "2026-06-10T08:03Z")
    assert "the clock was set back" in result.stderr, result.stderr
    assert "5 deliveries" in result.stderr
    after = {each["booking"]: (each["state"], each["due_at"]) for each in clinic.deliveries()}
    assert after == before | {"later": ("pending", "2026-06-10T12:00:00Z")}
    assert [each["booking"] for each in clinic.deliveries("--held")] == ["held0", "held1", "held2"]
    clinic.write(REMINDER)
    clinic.execute("UPDATE bookings SET status = 'approved'")
    assert clinic.command("release", "reminder").exit_code == 0
    clinic.run("2026-06-10T08:05Z")


def test_what_expired_in_its_time_stays_expired_when_a_clock_was_wrong(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T09:00Z")
    armed.run("2026-06-10T08:31Z", exits=1)
    armed.run(FUTURE)
    armed.run("2026-06-10T08:32Z")
    armed.run(PAST)
    armed.run("2026-06-10T08:33Z")
    assert armed.states() == {"expired": 1}


def test_a_restored_ledger_sends_nothing_again_although_the_last_clock_was_in_the_past(armed: Clinic) -> None:
    armed.book("b1", "2026-06-10T09:00Z")
    backup = (armed.folder / "ledger.db").read_bytes()
    armed.run("2026-06-10T08:00Z")
    assert sent(armed) == ["b1"]
    armed.run(PAST)
    (armed.folder / "ledger.db").write_bytes(backup)
    armed.run("2026-06-10T08:01Z", exits=1)
    assert armed.deliveries() == []


# --- files that are broken or away, and a clock that is wrong meanwhile ---


class Folder:
    """A configuration of three files: the settings, a reminder, and another workflow."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.path = clinic.folder / "conf"
        self.path.mkdir()
        databases = "bookings: ../bookings.db\nledger: ../ledger.db\n"
        (self.path / "settings.yaml").write_text(SETTINGS + databases, encoding="utf-8")
        other = REMINDER.replace("id: reminder", "id: other").replace("1 hour", "10 minutes")
        (self.path / "other.yaml").write_text(f"workflows:\n{other}", encoding="utf-8")
        self.restore()

    def restore(self, workflow: str = REMINDER) -> None:
        (self.path / "reminder.yaml").write_text(f"workflows:\n{workflow}", encoding="utf-8")

    def spoil(self) -> None:
        (self.path / "reminder.yaml").write_text("workflows: [", encoding="utf-8")

    def remove(self) -> None:
        (self.path / "reminder.yaml").unlink()

    def run(self, now: str | datetime) -> Result:
        instant = now if isinstance(now, str) else written(now)
        return CliRunner().invoke(main, ["--config", str(self.path), "run", "--now", instant])

    def every_minute(self, since: str, until: str) -> set[int]:
        """Let cron run from one instant to another; return the exit codes."""
        codes, instant = set(), at(since)
        while instant <= at(until):
            codes.add(self.run(instant).exit_code)
            instant += timedelta(minutes=1)
        return codes

    def sent(self, workflow: str = "reminder") -> list[str]:
        listed = CliRunner().invoke(main, ["--config", str(self.path), "deliveries", "list", "--json"])
        return [
            each["booking"]
            for each in json.loads(listed.stdout)
            if (each["workflow"], each["state"]) == (workflow, "sent")
        ]


@pytest.fixture
def folder(clinic: Clinic) -> Folder:
    made = Folder(clinic)
    assert made.run("2026-06-10T08:00Z").exit_code == 0
    return made


def test_a_file_that_is_broken_after_a_run_in_the_future_keeps_its_place(folder: Folder) -> None:
    folder.run(FUTURE)
    folder.run("2026-06-10T08:01Z")
    folder.spoil()
    assert folder.run("2026-06-10T08:02Z").exit_code == 2
    folder.clinic.book("meanwhile", "2026-06-10T09:04Z")
    folder.every_minute("2026-06-10T08:03Z", "2026-06-10T08:20Z")
    folder.restore()
    folder.every_minute("2026-06-10T08:21Z", "2026-06-10T08:22Z")
    assert folder.sent() == ["meanwhile"]


def test_a_file_that_is_broken_while_the_clock_is_in_the_future_keeps_its_place(folder: Folder) -> None:
    folder.run("2026-06-10T08:01Z")
    folder.spoil()
    folder.clinic.book("meanwhile", "2026-06-10T09:04Z")
    folder.run("2026-06-10T08:02Z")
    folder.run(FUTURE)
    folder.every_minute("2026-06-10T08:03Z", "2026-06-10T08:20Z")
    folder.restore()
    folder.run("2026-06-10T08:21Z")
    assert folder.sent() == ["meanwhile"]


def test_a_file_that_is_corrected_while_the_clock_is_in_the_future_loses_nothing(folder: Folder) -> None:
    folder.spoil()
    folder.clinic.book("meanwhile", "2026-06-10T09:04Z")
    folder.every_minute("2026-06-10T08:01Z", "2026-06-10T08:10Z")
    folder.restore()
    folder.run(FUTURE)
    folder.run("2026-06-10T08:11Z")
    assert folder.sent() == ["meanwhile"]


def test_a_file_that_is_away_while_the_clock_is_in_the_future_keeps_its_place(folder: Folder) -> None:
    folder.remove()
    folder.clinic.book("meanwhile", "2026-06-10T09:04Z")
    folder.run("2026-06-10T08:01Z")
    for minute in range(3):
        folder.run(at(FUTURE) + timedelta(minutes=minute))
    folder.run("2026-06-10T08:12Z")
    folder.restore()
    folder.run("2026-06-10T08:13Z")
    assert folder.sent() == ["meanwhile"]


def test_a_file_that_is_away_for_days_begins_at_now_although_a_run_in_the_future_missed_it_first(
    folder: Folder,
) -> None:
    folder.remove()
    folder.run(FUTURE)
    folder.every_minute("2026-06-10T08:01Z", "2026-06-10T08:02Z")
    folder.clinic.book("meanwhile", "2026-06-12T09:50Z")
    folder.every_minute("2026-06-12T08:58Z", "2026-06-12T09:00Z")
    folder.restore()
    folder.every_minute("2026-06-12T09:01Z", "2026-06-12T09:02Z")
    assert folder.sent() == []
    assert folder.clinic.outbox() == []
