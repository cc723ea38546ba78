"""Bookings straight from where they are: SQLite files of other programs, exports in files and folders."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from reminderctl import bookings, config
from reminderctl.bookings import BookingSource, open_bookings
from reminderctl.ledger import Ledger
from reminderctl.sources.synced import SyncedSources
from tests.clinic import SETTINGS, Clinic, at, written

HOUR = """\
- id: hour
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: "booking {appointment_id}", body: "{customer_full_name}"}]
"""
QUERY = """\
    query: |
      SELECT id, start_at AS starts_at, end_at AS ends_at, 'Europe/Madrid' AS timezone, state AS status,
             name AS customer_name, mail AS customer_email
      FROM visits WHERE start_at < :until AND end_at > :since
    status: {ok: approved, x: canceled}
"""


class Practice:
    """A program that keeps its visits in a SQLite file of its own, and the business that is reminded of them."""

    def __init__(self, clinic: Clinic, *, keys: str = "") -> None:
        self.clinic, self.path = clinic, clinic.folder / "app.db"
        (clinic.folder / "bookings.db").unlink(missing_ok=True)
        self.execute("CREATE TABLE visits (id INTEGER PRIMARY KEY, start_at, end_at, state, name, mail)")
        self.configure(keys)

    def configure(self, keys: str = "", *, workflows: str = HOUR) -> None:
        source = f"sources:\n  practice:\n    url: sqlite:app.db\n{QUERY}{keys}"
        self.clinic.write(workflows, settings=f"{SETTINGS}{source}")

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute(sql, parameters)

    def book(self, number: int, starts: str, *, state: str = "ok") -> None:
        """A visit of half an hour whose wall clock in Madrid this is, in winter."""
        local = at(starts) + timedelta(hours=1)
        times = [f"{each:%Y-%m-%d %H:%M:%S}" for each in (local, local + timedelta(minutes=30))]
        row = (number, *times, state, f"Person {number}", f"p{number}@example.com")
        self.execute("INSERT OR REPLACE INTO visits VALUES (?, ?, ?, ?, ?, ?)", row)

    def book_many(self, numbers: Iterable[int], *, first: str) -> None:
        for place, number in enumerate(numbers):
            self.book(number, written(at(first) + place * timedelta(hours=1)))


@pytest.fixture
def practice(clinic: Clinic) -> Practice:
    return Practice(clinic)


def run(clinic: Clinic, now: str) -> Result:
    result = clinic.command("run", "--now", now)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def reminded(clinic: Clinic) -> list[str]:
    """The ids of the bookings that somebody was reminded of, in order, as the customers read them."""
    texts = (path.read_text(encoding="utf-8") for path in clinic.outbox())
    return [
        next(line for line in text.splitlines() if line.startswith("Subject: booking ")).split()[-1] for text in texts
    ]


def source_of(clinic: Clinic, now: str, *, exits: int = 0, name: str = "practice") -> dict[str, object]:
    """What a run says of a source."""
    found: dict[str, object] = clinic.run(now, exits=exits)["sources"][name]
    return found


# --- the reading ------------------------------------------------------------------------------------------------------


def test_a_booking_is_reminded_of_by_the_number_that_its_program_gave_it(practice: Practice) -> None:
    practice.book(17, "2026-11-24T09:00Z")
    assert source_of(practice.clinic, "2026-11-24T07:00Z") == {
        "state": "ok",
        "new": 1,
        "changed": 0,
        "canceled": 0,
        "missing": 0,
        "bad": 0,
    }
    run(practice.clinic, "2026-11-24T08:00Z")
    assert reminded(practice.clinic) == ["17"]
    assert practice.clinic.deliveries()[0]["booking"] == "practice:17"


def test_bookings_db_may_hold_others_with_the_same_ids(practice: Practice) -> None:
    bookings.create(practice.clinic.folder / "bookings.db")
    practice.clinic.book("17", "2026-11-24T09:00Z")
    practice.book(17, "2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    run(practice.clinic, "2026-11-24T08:00Z")
    assert {each["booking"] for each in practice.clinic.deliveries("--state", "sent")} == {"17", "practice:17"}


def test_what_is_canceled_by_status_is_obeyed_at_once_however_much_it_is(practice: Practice) -> None:
    practice.book_many(range(1, 51), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("UPDATE visits SET state = 'x' WHERE id <= 45")
    assert source_of(practice.clinic, "2026-11-24T08:00Z")["changed"] == 45
    assert reminded(practice.clinic) == []


def test_a_moved_booking_is_reminded_of_at_its_new_time(practice: Practice) -> None:
    practice.book(1, "2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.book(1, "2026-11-24T11:00Z")
    run(practice.clinic, "2026-11-24T08:00Z")
    assert reminded(practice.clinic) == []
    run(practice.clinic, "2026-11-24T10:00Z")
    assert reminded(practice.clinic) == ["1"]


def test_most_bookings_that_move_alike_are_obeyed_and_named(practice: Practice) -> None:
    practice.book_many(range(1, 11), first="2026-11-24T10:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("UPDATE visits SET start_at = datetime(start_at, '-1 hour'), end_at = datetime(end_at, '-1 hour')")
    practice.book(1, "2026-11-24T12:15Z")
    result = run(practice.clinic, "2026-11-24T07:01Z")
    assert result.exit_code == 0
    assert result.stderr == (
        "sources.practice: 9 of its 10 coming bookings moved by the same length of time at once, 1h earlier: "
        "a zone setting may have changed\n"
    )
    assert run(practice.clinic, "2026-11-24T07:02Z").stderr == ""
    run(practice.clinic, "2026-11-24T09:00Z")
    assert reminded(practice.clinic) == ["2"]


def test_a_morning_that_moves_is_no_news(practice: Practice) -> None:
    practice.book_many(range(1, 21), first="2026-11-24T10:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("UPDATE visits SET start_at = datetime(start_at, '-5 minutes') WHERE id <= 8")
    assert run(practice.clinic, "2026-11-24T07:01Z").stderr == ""


def test_a_booking_that_is_moved_out_of_the_window_is_not_canceled(practice: Practice) -> None:
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.book(1, "2027-11-24T09:00Z")
    found = source_of(practice.clinic, "2026-11-24T07:01Z")
    assert (found["changed"], found["canceled"], found["missing"]) == (1, 0, 0)


def test_what_a_source_says_no_more_is_forgotten(practice: Practice) -> None:
    practice.book(1, "2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("UPDATE visits SET mail = NULL")
    run(practice.clinic, "2026-11-24T07:01Z")
    shown = json.loads(practice.clinic.command("bookings", "show", "practice:1", "--json").stdout)
    assert shown["participants"][0]["customer"]["email"] is None


def test_one_broken_row_stays_as_it_was_and_the_others_follow(practice: Practice) -> None:
    practice.book_many(range(1, 9), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("UPDATE visits SET start_at = '0 soon' WHERE id = 1")
    practice.execute("UPDATE visits SET state = 'x' WHERE id = 2")
    result = run(practice.clinic, "2026-11-24T07:01Z")
    assert result.exit_code == 1
    assert "sources.practice: booking 1 is left out: starts_at '0 soon'" in result.stderr
    assert run(practice.clinic, "2026-11-24T07:02Z").stderr == "", "it is said once an hour"
    run(practice.clinic, "2026-11-24T08:00Z")
    run(practice.clinic, "2026-11-24T09:00Z")
    assert reminded(practice.clinic) == ["1"]


def test_another_form_of_time_is_a_failure_that_changes_nothing(practice: Practice) -> None:
    practice.book_many(range(1, 51), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("UPDATE visits SET start_at = '0' || start_at WHERE id <= 11")
    found = source_of(practice.clinic, "2026-11-24T07:01Z")
    assert found["state"] == "failing"
    assert str(found["error"]).startswith("11 of 50 bookings cannot be read, the first: booking 1")
    run(practice.clinic, "2026-11-24T08:00Z")
    assert reminded(practice.clinic) == ["1"]


SLOW_IMPORTS = """
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "reminderctl.importing.importer":  # which the package imports
            time.sleep(0.5)

sys.meta_path.insert(0, Slow())
from reminderctl.cli import main
main(sys.argv[1:])
"""


def test_sources_that_are_read_at_once_load_what_they_need_one_after_the_other(practice: Practice) -> None:
    """Two threads that came into a package by different modules each found half of it, and the run ended with that."""
    clinic = practice.clinic
    practice.book(1, "2026-11-24T09:00Z")
    (clinic.folder / "desk.csv").write_text("id,starts_at,ends_at\n1,2026-11-24 10:00,2026-11-24 11:00\n")
    query = QUERY.replace("\n    status: {ok: approved, x: canceled}", "")
    more = [f"  app{each}:\n    url: sqlite:app.db\n{query}  desk{each}:\n    url: desk.csv\n" for each in range(3)]
    practice.configure("".join(more))
    for minute in range(3):  # without the lock, half of such runs failed
        (clinic.folder / "sources.db").unlink(missing_ok=True)
        now = f"2026-11-24T07:0{minute}Z"
        arguments = ["-c", str(clinic.folder / "workflows.yaml"), "run", "--json", "--now", now]
        program = [sys.executable, "-c", SLOW_IMPORTS, *arguments]
        ran = subprocess.run(program, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert [each["new"] for each in json.loads(ran.stdout)["sources"].values()] == [1] * 7


# --- what is not there ------------------------------------------------------------------------------------------------


def test_a_deleted_booking_is_not_reminded_of(practice: Practice) -> None:
    practice.book_many(range(1, 4), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("DELETE FROM visits WHERE id = 1")
    assert source_of(practice.clinic, "2026-11-24T08:00Z")["canceled"] == 1
    assert reminded(practice.clinic) == []
    explained = practice.clinic.command("explain", "practice:1", "--now", "2026-11-24T08:00Z").output
    assert "canceled by its source: practice no longer lists it since" in explained


def test_an_emptied_table_cancels_nothing_and_sends_nothing(practice: Practice) -> None:
    practice.book_many(range(1, 51), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("ALTER TABLE visits RENAME TO hidden")
    practice.execute("CREATE TABLE visits AS SELECT * FROM hidden WHERE 0")
    result = run(practice.clinic, "2026-11-24T07:59Z")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "sources.practice: 50 of its 50 coming bookings are no longer there; they are held, neither sent nor "
            "canceled. If that is right: `reminderctl sources accept practice`\n"
        ),
    )
    again = run(practice.clinic, "2026-11-24T08:00Z")
    assert (again.exit_code, again.stderr) == (1, "")
    assert [each["state"] for each in practice.clinic.deliveries()] == ["pending"]
    explained = practice.clinic.command("explain", "practice:1", "--now", "2026-11-24T08:00Z").output
    assert "held: practice no longer lists it since" in explained
    assert "with 50 of 50" in explained
    practice.execute("DROP TABLE visits")
    practice.execute("ALTER TABLE hidden RENAME TO visits")
    run(practice.clinic, "2026-11-24T08:01Z")
    assert reminded(practice.clinic) == ["1"], "it was held, and is sent inside its grace"


def test_new_bookings_arrive_while_others_are_held_until_a_person_accepts(practice: Practice) -> None:
    practice.book_many(range(1, 51), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.execute("DELETE FROM visits WHERE id <= 30")
    practice.book(100, "2026-11-24T09:15Z")
    found = source_of(practice.clinic, "2026-11-24T07:01Z", exits=1)
    assert (found["new"], found["missing"], found["canceled"]) == (1, 30, 0)
    run(practice.clinic, "2026-11-24T08:15Z")
    assert reminded(practice.clinic) == ["100"]
    asked = practice.clinic.command("sources", "accept", "practice", "--now", "2026-11-24T08:16Z", "--yes")
    assert (asked.exit_code, asked.output.splitlines()[-1]) == (0, "practice: the next reading cancels 30 bookings")
    assert source_of(practice.clinic, "2026-11-24T08:17Z")["canceled"] == 30
    practice.book_many(range(1, 31), first="2026-11-24T10:00Z")
    found = source_of(practice.clinic, "2026-11-24T08:18Z")
    assert (found["missing"], found["canceled"]) == (0, 0)
    run(practice.clinic, "2026-11-24T09:00Z")
    assert "1" in reminded(practice.clinic), "it is back, and so is its reminder"


# --- a source that fails ----------------------------------------------------------------------------------------------


def test_what_is_known_goes_out_while_a_source_fails(practice: Practice) -> None:
    practice.book(1, "2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.path.rename(practice.path.with_name("away.db"))
    result = run(practice.clinic, "2026-11-24T08:00Z")
    assert reminded(practice.clinic) == ["1"]
    assert result.exit_code == 1
    place = practice.path
    assert result.stderr == (
        f"sources.practice: {place}: there is no such file; bookings of 08:00 are used (1 h 0 min old), until 14:00\n"
    )
    lines = []
    for minute in range(1, 180):
        lines += run(
            practice.clinic, written(at("2026-11-24T08:00Z") + minute * timedelta(minutes=1))
        ).stderr.splitlines()
    assert len(lines) == 2, "once an hour"
    practice.path.with_name("away.db").rename(practice.path)
    result = run(practice.clinic, "2026-11-24T11:00Z")
    assert (result.exit_code, result.stderr) == (
        0,
        "sources.practice: is read again since 12:00; 0 bookings changed meanwhile\n",
    )


def test_one_failed_reading_is_no_news(practice: Practice) -> None:
    practice.book(1, "2026-11-25T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    practice.path.rename(practice.path.with_name("away.db"))
    results = [run(practice.clinic, f"2026-11-24T07:0{minute}Z") for minute in (1, 2, 4)]
    assert [each.exit_code for each in results] == [0, 0, 1]
    assert [bool(each.stderr) for each in results] == [False, False, True]


def test_what_was_booked_while_a_source_could_not_be_read_is_reminded_of_late(practice: Practice) -> None:
    practice.book(1, "2026-11-25T13:00Z")
    practice.configure(workflows=HOUR + "  grace: 3h\n")
    run(practice.clinic, "2026-11-24T09:29Z")
    away = practice.path.with_name("away.db")
    practice.path.rename(away)
    for minute in range(0, 180, 5):
        run(practice.clinic, written(at("2026-11-24T09:30Z") + minute * timedelta(minutes=1)))
    away.rename(practice.path)
    practice.book(7, "2026-11-24T13:20Z")  # during the outage: its reminder was due at 12:20
    run(practice.clinic, "2026-11-24T12:31Z")
    assert reminded(practice.clinic) == ["7"]


def test_only_the_source_that_was_away_is_looked_back_at(practice: Practice) -> None:
    """What came late elsewhere is late because it was booked late, and the workflow says to skip that."""
    exports = practice.clinic.folder / "exports"
    exports.mkdir()
    practice.configure("  desk:\n    url: exports/*.csv\n")
    header = "id,starts_at,ends_at,customer_name,customer_email\n"
    row = "{0},2026-11-24T{1}:00Z,2026-11-24T15:00:00Z,Ann {0},ann@example.com\n"
    (exports / "a.csv").write_text(header + row.format("A", "14:30"))
    practice.book(1, "2026-11-25T13:00Z")
    run(practice.clinic, "2026-11-24T09:29Z")
    away = practice.path.with_name("away.db")
    practice.path.rename(away)
    for minute in range(0, 180, 5):
        run(practice.clinic, written(at("2026-11-24T09:30Z") + minute * timedelta(minutes=1)))
    away.rename(practice.path)
    practice.book(7, "2026-11-24T13:20Z")
    (exports / "a.csv").write_text(header + row.format("A", "14:30") + row.format("B", "13:20"))
    run(practice.clinic, "2026-11-24T12:31Z")
    assert reminded(practice.clinic) == ["7"]


def test_an_old_reading_holds_until_the_source_is_back(clinic: Clinic) -> None:
    practice = Practice(clinic, keys="    max_age: 30m\n")
    practice.book(1, "2026-11-24T09:00Z")
    practice.book(2, "2026-11-24T09:10Z")
    run(clinic, "2026-11-24T07:20Z")
    away = practice.path.with_name("away.db")
    practice.path.rename(away)
    result = run(clinic, "2026-11-24T08:00Z")
    assert result.exit_code == 1
    assert "longer than max_age (30m): 1 message is held until it is read; the first expires at" in result.stderr
    assert [each["state"] for each in clinic.deliveries()] == ["pending"]
    explained = clinic.command("explain", "practice:1", "--now", "2026-11-24T08:00Z").output
    assert "held: practice was last read 40 min ago" in explained
    assert "max_age 30m" in explained
    status = clinic.command("status", "--now", "2026-11-24T08:00Z")
    assert status.exit_code == 2
    away.rename(practice.path)
    run(clinic, "2026-11-24T08:05Z")
    assert reminded(clinic) == ["1"]


def test_a_message_that_was_held_to_its_deadline_names_the_source(clinic: Clinic) -> None:
    practice = Practice(clinic, keys="    max_age: 30m\n")
    practice.book(1, "2026-11-24T09:00Z")
    run(clinic, "2026-11-24T07:20Z")
    practice.path.rename(practice.path.with_name("away.db"))
    run(clinic, "2026-11-24T08:00Z")
    run(clinic, "2026-11-24T08:45Z")
    (delivery,) = clinic.deliveries()
    assert delivery["state"] == "expired"
    assert "practice was last read" in delivery["error"]


def test_a_source_that_was_left_out_for_a_while_is_looked_back_at(practice: Practice) -> None:
    """A deployment that lost a part of the YAML: nothing has changed in the source, and its reminders were due."""
    practice.book(1, "2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    bookings.create(practice.clinic.folder / "bookings.db")
    practice.clinic.write(HOUR)
    for minute in range(55, 60):
        run(practice.clinic, f"2026-11-24T07:{minute}Z")
    run(practice.clinic, "2026-11-24T08:00Z")
    run(practice.clinic, "2026-11-24T08:09Z")
    practice.configure()
    run(practice.clinic, "2026-11-24T08:10Z")
    assert reminded(practice.clinic) == ["1"]


@pytest.mark.parametrize("late", ["", "  late_booking: send\n"])
def test_a_source_that_is_new_begins_at_its_first_reading(clinic: Clinic, late: str) -> None:
    """Who moves from exports to a source has been reminded already, under another id."""
    clinic.write(HOUR + late)
    clinic.book("17", "2026-11-24T09:00Z")
    run(clinic, "2026-11-24T07:00Z")
    run(clinic, "2026-11-24T08:00Z")
    assert reminded(clinic) == ["17"]
    practice = Practice(clinic)
    practice.book(17, "2026-11-24T09:00Z")
    practice.book(18, "2026-11-24T09:05Z")
    practice.configure(workflows=HOUR + late)
    for minute in range(2, 7):
        run(clinic, f"2026-11-24T08:0{minute}Z")
    assert reminded(clinic) == ["17", "18"]


def test_a_source_that_is_read_by_itself_before_the_first_run_begins_with_that(clinic: Clinic) -> None:
    practice = Practice(clinic, keys="    every: 10m\n")
    practice.book(1, "2026-11-24T09:03Z")
    run(clinic, "2026-11-24T07:00Z")
    clinic.write(HOUR, settings=SETTINGS)
    practice.configure("    every: 10m\n")
    assert clinic.command("sources", "sync", "--now", "2026-11-24T08:00Z").exit_code == 0
    for minute in range(1, 5):
        run(clinic, f"2026-11-24T08:0{minute}Z")
    assert reminded(clinic) == ["1"]


# --- the moment before a message goes ---------------------------------------------------------------------------------


@contextmanager
def a_run_that_has_read(practice: Practice, now: str) -> Iterator[BookingSource]:
    """The bookings as a run sees them between its reading and its first message."""
    settings = config.load(practice.clinic.folder / "workflows.yaml", {})
    with (
        Ledger(settings.ledger) as ledger,
        SyncedSources(settings, ledger, reveal=lambda each: each, now=at(now)) as synced,
    ):
        synced.read(synced.due())
        with open_bookings(settings) as found:
            synced.begin(found)
            yield found


def test_a_booking_that_moves_after_the_reading_is_seen_before_its_message_goes(practice: Practice) -> None:
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    with a_run_that_has_read(practice, "2026-11-24T08:00Z") as found:
        assert found.find_all(["practice:1"])["practice:1"].starts_at == at("2026-11-24T09:00Z")
        practice.book(1, "2026-11-24T11:00Z")
        found.read_again({"practice:1"})
        assert found.find_all(["practice:1"])["practice:1"].starts_at == at("2026-11-24T11:00Z")
        assert found.why_held("practice:1") is None


def test_a_booking_that_goes_after_the_reading_waits_for_the_next_one(practice: Practice) -> None:
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    with a_run_that_has_read(practice, "2026-11-24T08:00Z") as found:
        practice.execute("DELETE FROM visits WHERE id = 1")
        found.read_again({"practice:1", "practice:2"})
        assert "no longer lists it" in str(found.why_held("practice:1"))
        assert found.why_held("practice:2") is None


def test_a_source_that_breaks_after_the_reading_leaves_what_is_known(practice: Practice) -> None:
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    with a_run_that_has_read(practice, "2026-11-24T08:00Z") as found:
        practice.execute("DROP TABLE visits")
        found.read_again({"practice:1"})
        assert found.why_held("practice:1") is None
        assert "practice:1" in found.find_all(["practice:1"])


def test_a_source_that_was_not_due_is_asked_before_its_messages_go(clinic: Clinic) -> None:
    practice = Practice(clinic, keys="    every: 10m\n")
    practice.book_many((1, 2, 3), first="2026-11-24T09:00Z")
    practice.book(2, "2026-11-24T09:00Z")
    practice.book(3, "2026-11-24T09:00Z")
    run(clinic, "2026-11-24T07:55Z")
    practice.book(1, "2026-11-24T11:00Z")
    practice.execute("DELETE FROM visits WHERE id = 2")
    assert source_of(clinic, "2026-11-24T08:00Z")["state"] == "not due"
    assert reminded(clinic) == ["3"]
    run(clinic, "2026-11-24T10:00Z")
    assert reminded(clinic) == ["3", "1"]


def test_a_file_that_another_one_took_the_place_of_is_seen_before_a_message_goes(practice: Practice) -> None:
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    with a_run_that_has_read(practice, "2026-11-24T08:00Z") as found:
        copy = practice.path.with_name("copy.db")
        copy.write_bytes(practice.path.read_bytes())
        copy.replace(practice.path)
        practice.book(1, "2026-11-24T11:00Z")
        found.read_again({"practice:1"})
        assert found.find_all(["practice:1"])["practice:1"].starts_at == at("2026-11-24T11:00Z")


def test_check_compares_no_filter_with_a_part_of_the_bookings(practice: Practice) -> None:
    bookings.create(practice.clinic.folder / "bookings.db")
    practice.clinic.book("1", "2026-11-24T09:00Z", service_id="cut")
    practice.configure(workflows=HOUR + "  filters: {service: Visit}\n")
    checked = practice.clinic.command("check")
    assert checked.exit_code == 0
    assert "warning" not in checked.output
    assert "`reminderctl sources test` connects to them" in checked.output


# --- a source that leaves the YAML ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "said"), [("", "is gone"), ("    enabled: no\n", "is switched off")])
def test_what_waits_of_a_source_that_left_is_canceled_and_stays_listed(clinic: Clinic, left: str, said: str) -> None:
    practice = Practice(clinic, keys="    max_age: 30m\n")
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    run(clinic, "2026-11-24T07:20Z")
    practice.path.rename(practice.path.with_name("away.db"))
    run(clinic, "2026-11-24T08:00Z")
    assert clinic.states() == {"pending": 1}
    bookings.create(clinic.folder / "bookings.db")
    if left:
        practice.configure(left)
    else:
        clinic.write(HOUR)
    run(clinic, "2026-11-24T08:01Z")
    (delivery,) = clinic.deliveries()
    assert (delivery["state"], delivery["error"]) == ("canceled", f"source practice {said}")
    listed = json.loads(clinic.command("bookings", "list", "--json", "--now", "2026-11-24T08:00Z").stdout)
    assert [each["id"] for each in listed] == ["practice:1", "practice:2"]
    run(clinic, "2026-11-24T09:00Z")
    assert reminded(clinic) == []


def test_a_mirror_that_was_deleted_is_made_again_and_nothing_fires_twice(practice: Practice) -> None:
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    run(practice.clinic, "2026-11-24T08:00Z")
    (practice.clinic.folder / "sources.db").unlink()
    run(practice.clinic, "2026-11-24T08:01Z")
    run(practice.clinic, "2026-11-24T09:00Z")
    assert reminded(practice.clinic) == ["1", "2"]


def test_a_mirror_that_was_deleted_while_its_source_fails_holds_what_waits(practice: Practice) -> None:
    practice.book(1, "2026-11-24T09:00Z")
    run(practice.clinic, "2026-11-24T07:00Z")
    (practice.clinic.folder / "sources.db").unlink()
    practice.path.rename(practice.path.with_name("away.db"))
    for minute in (58, 59):
        run(practice.clinic, f"2026-11-24T07:{minute}Z")
    result = run(practice.clinic, "2026-11-24T08:00Z")
    assert "sources.db was deleted since it was read, so nothing is known of its bookings" in result.stderr
    assert "are used" not in result.stderr
    practice.path.with_name("away.db").rename(practice.path)
    run(practice.clinic, "2026-11-24T08:05Z")
    assert reminded(practice.clinic) == ["1"], "it fell due while nothing was known of it"


# --- files ------------------------------------------------------------------------------------------------------------

CSV = "id,starts_at,ends_at,customer_name,customer_email\n"


def export(clinic: Clinic, *numbers: int, day: str = "2026-11-24") -> str:
    rows = "".join(
        f"{each},{day}T{8 + each:02}:00:00Z,{day}T{8 + each:02}:30:00Z,Person {each},p{each}@example.com\n"
        for each in numbers
    )
    return CSV + rows


@pytest.fixture
def desk(clinic: Clinic) -> Path:
    """The folder of exports of a business without a bookings.db."""
    folder = clinic.folder / "exports"
    folder.mkdir()
    (clinic.folder / "bookings.db").unlink()
    clinic.write(HOUR, settings=f"{SETTINGS}sources:\n  desk:\n    url: exports/*.csv\n")
    return folder


def test_the_exports_of_a_folder_are_one_source(clinic: Clinic, desk: Path) -> None:
    (desk / "a.csv").write_text(export(clinic, 1))
    (desk / "b.csv").write_text(export(clinic, 2))
    assert source_of(clinic, "2026-11-24T07:00Z", name="desk")["new"] == 2
    run(clinic, "2026-11-24T08:00Z")
    run(clinic, "2026-11-24T09:00Z")
    assert reminded(clinic) == ["1", "2"]


def test_a_feed_has_to_leave_a_booking_out_twice(clinic: Clinic, desk: Path) -> None:
    (desk / "a.csv").write_text(export(clinic, 1, 2, 3))
    run(clinic, "2026-11-24T07:00Z")
    (desk / "a.csv").write_text(export(clinic, 1, 3))
    found = source_of(clinic, "2026-11-24T07:01Z", name="desk")
    assert (found["missing"], found["canceled"]) == (1, 0)
    found = source_of(clinic, "2026-11-24T07:02Z", name="desk")
    assert (found["missing"], found["canceled"]) == (0, 1)
    (desk / "a.csv").write_text(export(clinic, 1, 2, 3))
    run(clinic, "2026-11-24T07:03Z")
    run(clinic, "2026-11-24T09:00Z")
    assert "2" in reminded(clinic), "it is back, and so is its reminder"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("a.csv", "", "the file is empty", id="empty"),
        pytest.param("a.csv", "<html>log in</html>", "this is a web page", id="log-in page"),
        pytest.param("a.csv", None, "there is no such file", id="gone"),
        pytest.param("a.csv", "a,b\n1,2\n", "there is no column `id`", id="another header"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    clinic: Clinic, desk: Path, name: str, content: str | None, said: str
) -> None:
    (desk / name).write_text(export(clinic, 1, 2, 3))
    run(clinic, "2026-11-24T07:00Z")
    (desk / name).unlink()
    if content is not None:
        (desk / name).write_text(content)
    found = source_of(clinic, "2026-11-24T07:01Z", name="desk")
    assert found["state"] == "failing"
    assert said in str(found["error"])
    run(clinic, "2026-11-24T08:00Z")
    assert reminded(clinic) == ["1"]


def test_an_export_without_a_booking_cancels_nothing(clinic: Clinic, desk: Path) -> None:
    (desk / "a.csv").write_text(export(clinic, 1))
    run(clinic, "2026-11-24T07:00Z")
    (desk / "a.csv").write_text(CSV)
    for minute in range(1, 5):
        found = source_of(clinic, f"2026-11-24T07:0{minute}Z", name="desk", exits=1)
        assert (found["missing"], found["canceled"]) == (1, 0)


def test_a_calendar_that_broke_off_changes_nothing(clinic: Clinic, desk: Path) -> None:
    clinic.write(
        HOUR, settings=f"{SETTINGS}sources:\n  desk:\n    url: diary.ics\n    map: {{SUMMARY: customer_name}}\n"
    )
    event = (
        "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:20261124T0{0}0000Z\r\nDTEND:20261124T0{0}3000Z\r\nSUMMARY:Ann\r\n"
        "ATTENDEE:mailto:ann@example.com\r\nEND:VEVENT\r\n"
    )
    begin = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n"
    diary = clinic.folder / "diary.ics"
    diary.write_text(f"{begin}{event.format(8)}{event.format(9)}END:VCALENDAR\r\n", newline="")
    assert source_of(clinic, "2026-11-24T06:00Z", name="desk")["new"] == 2
    diary.write_text(f"{begin}{event.format(8)}", newline="")
    found = source_of(clinic, "2026-11-24T06:01Z", name="desk")
    assert "broke off" in str(found["error"])
