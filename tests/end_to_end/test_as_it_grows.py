"""A ledger with a long past and many that wait: what a run does, seen by the statements that SQLite executes."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest

from reminderctl.ledger import Ledger
from tests.clinic import Clinic, at
from tests.end_to_end.test_when_it_fires import reminder
from tests.statements import Statements, checked, watch

MANY = 1_600


@pytest.fixture
def crowded(clinic: Clinic) -> Clinic:
    """Many that wait, as they are held back, and one that was sent."""
    clinic.write(reminder())
    clinic.run("2026-06-01T08:00Z")
    clinic.book("first", "2026-06-10T09:00Z")
    clinic.run("2026-06-09T09:00Z")
    clinic.insert((f"b{number}", at("2026-06-10T10:00Z")) for number in range(MANY))
    clinic.written_long_ago(1)
    assert clinic.run("2026-06-09T10:00Z", exits=1) == {"planned": MANY, "held": MANY}
    clinic.run("2026-06-09T10:01Z")
    return clinic


def test_an_idle_run_asks_the_ledger_for_nothing_that_grows_with_its_past(
    crowded: Clinic, statements: Statements
) -> None:
    crowded.written_long_ago(2)
    assert crowded.run("2026-06-09T10:02Z") == {}
    assert plans(crowded, statements, r"SCAN (deliveries|attempts|purged)\b") == []


@pytest.mark.parametrize("words", ["status", "upcoming", "deliveries list --state failed", "explain b7"])
def test_what_a_person_asks_walks_through_no_table_of_all_that_was_sent(
    crowded: Clinic, statements: Statements, words: str
) -> None:
    crowded.command(*words.split(), "--now", "2026-06-09T10:02Z")
    assert (
        plans(crowded, statements, r"SCAN (deliveries|attempts|purged)($| USING INDEX deliveries_(due|booking))") == []
    )


def test_what_has_just_fallen_due_is_planned_again_only_after_the_bookings_have_changed(
    crowded: Clinic, statements: Statements
) -> None:
    assert crowded.run("2026-06-09T10:02Z") == {}
    assert planned(statements) == 0
    crowded.book("late", "2026-06-10T10:00Z")
    crowded.written_long_ago(2)
    assert crowded.run("2026-06-09T10:03Z") == {"planned": 1, "sent": 1}
    assert planned(statements) == MANY + 1
    assert crowded.run("2026-06-09T10:04Z") == {}
    assert planned(statements) == 0


def planned(statements: Statements) -> int:
    """How many rows were offered to the ledger since the last time that this was asked."""
    count = sum("INSERT INTO deliveries" in each for file, each in statements if file == "ledger.db")
    statements.clear()
    return count


def plans(clinic: Clinic, statements: Statements, pattern: str) -> list[tuple[str, list[str]]]:
    """The statements for the ledger of whose plans a line begins like this, without statistics of ANALYZE."""
    asked = [each for file, each in statements if file == "ledger.db"]
    assert len(asked) > 5
    found = []
    with Ledger(clinic.folder / "ledger.db", reading=True) as ledger:  # it has the functions that statements call
        assert not ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchall()
        for statement in asked:
            if statement.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
                plan = [row[3] for row in ledger.execute(f"EXPLAIN QUERY PLAN {statement}")]
                if any(re.match(pattern, line) for line in plan):
                    found.append((statement, plan))
    return found


def test_what_waits_is_not_checked_again_before_something_changes(crowded: Clinic, statements: Statements) -> None:
    crowded.run("2026-06-09T10:03Z")
    assert checked(statements) == 0


def test_what_waits_is_checked_in_rounds_after_the_bookings_have_changed(
    crowded: Clinic, statements: Statements
) -> None:
    crowded.set_status(f"b{MANY - 1}", "rejected")
    crowded.written_long_ago(2)
    for minute in (3, 4):
        crowded.run(f"2026-06-09T10:{minute:02}Z")
        assert checked(statements) <= 3, "two pages of 500, and what is canceled"
    (canceled,) = crowded.deliveries("--state", "canceled")
    assert canceled["booking"] == f"b{MANY - 1}"
    crowded.run("2026-06-09T10:06Z")
    statements.clear()
    crowded.run("2026-06-09T10:07Z")
    assert checked(statements) == 0


def test_what_an_edit_of_the_workflows_ends_is_ended_at_once(crowded: Clinic) -> None:
    crowded.write(reminder(more="enabled: false"))
    assert crowded.run("2026-06-09T10:03Z") == {"canceled": MANY}


def test_what_would_expire_by_an_old_deadline_is_checked_first(clinic: Clinic) -> None:
    """The visit was made longer, so that there is more time to say that it has begun."""
    clinic.write(reminder("5 minutes after start", more="max_burst: 1\ngrace: 10h"))
    clinic.run("2026-06-01T08:00Z")
    clinic.insert((f"b{number}", at("2026-06-10T10:00Z")) for number in range(2))
    clinic.written_long_ago(1)
    assert clinic.run("2026-06-10T10:05Z", exits=1) == {"planned": 2, "held": 2}
    clinic.execute("UPDATE bookings SET ends_at = '2026-06-10T14:00:00Z'")
    clinic.written_long_ago(2)
    assert clinic.run("2026-06-10T11:05Z") == {}


def test_while_bookings_are_read_another_program_can_write_the_ledger(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = clinic.folder / "ledger.db"
    connect = sqlite3.connect
    free: dict[str, bool] = {}

    def try_to_write(file: str, statement: str) -> None:
        if file == "bookings.db":
            with closing(connect(ledger, timeout=0, isolation_level=None)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute("ROLLBACK")
                    free[statement] = True
                except sqlite3.OperationalError:
                    free[statement] = False

    clinic.write(reminder("[1 day before start, 1 day after end]", more="late_booking: send\nmax_burst: 1"))
    clinic.run("2026-06-01T08:00Z")
    for number in range(3):
        clinic.book(f"b{number}", "2026-06-10T10:00Z")
    watch(monkeypatch, try_to_write)
    for command in (("run",), ("run",), ("upcoming",), ("explain", "b1"), ("run", "--dry-run")):
        result = clinic.command(*command, "--now", "2026-06-09T10:00Z")
        assert result.exit_code in (0, 1), result.output
    assert len(free) > 10
    assert all(free.values()), [statement for statement, was_free in free.items() if not was_free]
    assert clinic.states() == {"pending": 3}


def test_a_ledger_whose_rows_are_upgraded_is_checked_once(crowded: Clinic, statements: Statements) -> None:
    with closing(sqlite3.connect(crowded.folder / "ledger.db")) as connection, connection:
        connection.execute("DELETE FROM checks")
    crowded.run("2026-06-09T10:03Z")
    assert checked(statements) == 4, "pages of 500"


def test_a_booking_is_read_once_for_all_whom_it_is_for(clinic: Clinic, statements: Statements) -> None:
    clinic.write(reminder().replace("send: email", "send: sms").replace('      subject: "Your visit"\n', ""))
    clinic.run("2026-06-01T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", customers=tuple(f"c{number}" for number in range(40)))
    clinic.written_long_ago(1)
    checked(statements)
    assert clinic.run("2026-06-09T10:00Z") == {"planned": 40, "sent": 40}
    assert checked(statements) == 1
