"""bookings.db as a contract for other programs: what it refuses, what may be absent, what is told."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing

import pytest

from tests.clinic import WRITTEN_AT, Clinic, at

WORKFLOW = "- id: w\n  when: 1 hour before start\n  actions: [{send: email, to: customer, subject: s, body: b}]\n"
ARMED, DUE = "2026-06-10T08:00Z", "2026-06-10T09:00Z"


NO_TIMES = [
    *("2026-02-30T08:00:00Z", "2026-04-31T08:00:00Z", "2026-02-29T08:00:00Z", "2026-13-01T08:00:00Z"),
    *("2026-02-01T08:00:60Z", "2026-02-01T08:60:00Z", "2026-02-01T24:00:00Z", "2026-02-01T25:00:00Z"),
    *("abcd-ef-ghTij:kl:mnZ", "2026-02-01T08:00: 1Z"),
]


@pytest.mark.parametrize("written", NO_TIMES)
def test_a_time_that_does_not_exist_is_refused_by_the_table(clinic: Clinic, written: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        clinic.execute(
            "INSERT INTO bookings (id, starts_at, ends_at) VALUES ('b', ?, '2026-06-10T09:00:00Z')", (written,)
        )
    clinic.execute(
        "INSERT INTO bookings (id, starts_at, ends_at) VALUES ('b', '2028-02-29T23:59:59Z', '2028-03-01T00:00:00Z')"
    )


def test_what_the_contract_lets_be_absent_may_be_null(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z", service_id="s", staff_id="t", location_id="l")
    for table, key in (("services", "s"), ("staff", "t"), ("locations", "l")):
        clinic.execute(f"INSERT INTO {table} (id, fields) VALUES (?, NULL)", (key,))  # noqa: S608 - a constant
    clinic.execute("UPDATE participants SET position = NULL, fields = NULL")
    assert clinic.run(DUE) == {"planned": 1, "sent": 1}


@pytest.mark.parametrize("table", ["services", "staff", "locations", "customers", "participants"])
def test_a_table_or_column_that_lacks_is_told_before_a_booking_falls_due(clinic: Clinic, table: str) -> None:
    clinic.write(WORKFLOW)
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN fields TO other")
    told = clinic.command("run", "--now", ARMED)
    assert told.exit_code == 2
    assert "no such column" in told.stderr
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection:
        connection.execute(f"DROP TABLE {table}")
    told = clinic.command("run", "--now", ARMED)
    assert told.exit_code == 2
    assert f"no such table: {table}" in told.stderr


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y%m%dT%H%M%SZ", "%s"])
def test_status_warns_of_bookings_that_no_reminder_finds(clinic: Clinic, form: str) -> None:
    clinic.write(WORKFLOW)
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run(ARMED)
    assert clinic.command("status", "--now", ARMED).exit_code == 0
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection:
        connection.execute("ALTER TABLE bookings RENAME TO kept")
        connection.execute(
            "CREATE VIEW bookings AS SELECT id, strftime('" + form + "', starts_at) AS starts_at, "
            "strftime('" + form + "', ends_at) AS ends_at, timezone, status, service_id, staff_id, location_id, fields "
            "FROM kept"
        )
    told = clinic.command("status", "--now", ARMED)
    assert told.exit_code == 1
    assert "no reminder is sent for it" in told.stdout


def settle(clinic: Clinic, *, seconds: int) -> None:
    """Let the bookings look as if they had been written a while ago: a run knows them again."""
    os.utime(clinic.folder / "bookings.db", (WRITTEN_AT + seconds, WRITTEN_AT + seconds))


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H%MZ", "%Y-%m-%d", "%s"])
def test_a_run_says_once_that_it_finds_no_booking(clinic: Clinic, form: str) -> None:
    clinic.write(WORKFLOW)
    clinic.book("b1", "2026-06-10T10:00Z")
    settle(clinic, seconds=1)
    clinic.run(ARMED)
    clinic.run(ARMED)
    view_with_times(clinic, form)
    settle(clinic, seconds=2)
    said = clinic.command("run", "--now", DUE)
    assert said.exit_code == 1
    assert "1 row of `bookings` with a time that is not in the form" in said.stderr
    assert "of booking b1: no reminder is sent for it; use UTC in that form" in said.stderr
    again = clinic.command("run", "--now", "2026-06-10T09:01Z")
    assert (again.exit_code, again.output) == (0, ""), "nothing has changed"
    assert "no reminder is sent for it" in clinic.command("status", "--now", "2026-06-10T09:01Z").output


def test_a_run_sees_the_week_ahead_among_many(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    clinic.insert((f"old{number}", at("2025-01-01T10:00Z")) for number in range(2_000))
    clinic.insert([("new", at("2026-06-12T10:00Z"))])
    view_with_times(clinic, "%Y-%m-%d %H:%M:%S", where="id = 'new'")
    said = clinic.command("run", "--now", ARMED)
    assert said.exit_code == 1
    assert "of booking new: no reminder is sent for it" in said.stderr


def test_a_second_of_60_of_an_older_table_is_said(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")  # as the table was until its CHECK refused it
        connection.execute(
            "INSERT INTO bookings (id, starts_at, ends_at) VALUES ('b', '2026-06-10T10:00:60Z', '2026-06-10T11:00:00Z')"
        )
    for command in (["run", "--now", ARMED], ["status", "--now", ARMED], ["check"]):
        said = clinic.command(*command)
        assert said.exit_code in (0, 1)
        assert "starts_at '2026-06-10T10:00:60Z' of booking b" in said.output, command


def view_with_times(clinic: Clinic, form: str, *, where: str = "true") -> None:
    """Put a view in the place of the bookings that writes some of their times in another form."""
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection:
        connection.execute("ALTER TABLE bookings RENAME TO kept")
        times = ", ".join(
            f"CASE WHEN {where} THEN strftime('{form}', {name}) ELSE {name} END AS {name}"
            for name in ("starts_at", "ends_at")
        )
        connection.execute(
            f"CREATE VIEW bookings AS SELECT id, {times}, timezone, status, service_id, staff_id, location_id, fields "  # noqa: S608
            "FROM kept"
        )


CLIENT = WORKFLOW.replace("body: b", 'body: "{appointment_start_time_client}"')
ZONE = "Central Time - US & Canada"


def test_a_customer_in_a_zone_that_is_none_is_said_by_check_and_test(clinic: Clinic) -> None:
    clinic.write(CLIENT)
    clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "luis", "timezone": ZONE}, {"id": "ana", "timezone": ""}))
    checked = clinic.command("check")
    assert f"1 customer with an unknown time zone, for example '{ZONE}' of customer Luis" in checked.output.replace(
        "\n", " "
    )
    tried = clinic.command("test", "--booking", "b1", "--now", ARMED)
    assert tried.exit_code == 1
    assert f"Luis: their time zone '{ZONE}' is unknown" in tried.output
    clinic.write(WORKFLOW)
    assert clinic.command("test", "--booking", "b1", "--now", ARMED).exit_code == 0, "nothing shows their time"
    clinic.execute("UPDATE customers SET timezone = 'America/Chicago' WHERE id = 'luis'")
    clinic.write(CLIENT)
    assert clinic.command("test", "--booking", "b1", "--now", ARMED).exit_code == 0
    assert "an unknown time zone" not in clinic.command("check").output


def test_an_import_warns_of_a_customer_in_a_zone_that_is_none(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    table = clinic.folder / "bookings.csv"
    table.write_text(
        "id,starts_at,ends_at,customer_name,customer_email,customer_timezone\n"
        f"1,2026-12-01T18:00,2026-12-01T18:30,Luis,luis@example.com,{ZONE}\n"
        "2,2026-12-01T18:00,2026-12-01T18:30,Eva,eva@example.com,America/Chicago\n"
    )
    said = clinic.command("bookings", "import", str(table), "--now", "2026-11-20T09:00Z")
    assert said.exit_code == 0
    assert f"line 2: customer_timezone: '{ZONE}' is not an IANA name such as Europe/Madrid" in said.output
    assert "line 3" not in said.output


NONE = "customer Luis of booking b1: their time zone 'Mars/Olympus' is unknown, so shortcodes that end in _client use"


def test_a_run_says_once_that_a_customers_zone_is_none_and_nothing_went_wrong(clinic: Clinic) -> None:
    clinic.write(CLIENT)
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "luis", "timezone": "Mars/Olympus"}, "ana"))
    said = []
    for minute in range(3):
        ran = clinic.command("run", "--now", f"2026-06-10T09:0{minute}Z")
        assert ran.exit_code == 0, ran.output
        said.append(ran.stderr)
    assert clinic.states() == {"sent": 2}
    assert said[0].startswith(f"warning: {NONE}")
    assert (said[0].count("\n"), *said[1:]) == (1, "", "")


def test_many_customers_in_zones_that_are_none_are_said_in_a_few_lines(clinic: Clinic) -> None:
    clinic.write(CLIENT)
    clinic.run(ARMED)
    for number in range(40):
        clinic.book(f"b{number}", "2026-06-10T10:00Z", customers=({"id": f"c{number}", "timezone": "Mars/Olympus"},))
    ran = clinic.command("run", "--now", "2026-06-10T09:00Z")
    assert (ran.exit_code, clinic.states()) == (0, {"sent": 40})
    assert len(ran.stderr.splitlines()) == 6
    assert ran.stderr.endswith("warning: ... and 35 more customers with an unknown time zone\n")


def test_a_run_says_nothing_of_a_customers_zone_that_no_text_shows(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "luis", "timezone": "Mars/Olympus"},))
    assert "timezone" not in clinic.command("status", "--now", ARMED).output
    ran = clinic.command("run", "--now", "2026-06-10T09:00Z")
    assert (ran.exit_code, ran.output, clinic.states()) == (0, "", {"sent": 1})


def test_explain_and_status_say_that_a_customers_zone_is_none(clinic: Clinic) -> None:
    clinic.write(CLIENT)
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "luis", "timezone": "Mars/Olympus"},))
    before = clinic.command("explain", "b1", "--now", "2026-06-10T08:30Z")
    assert NONE in before.output.replace("\n", " ")
    status = clinic.command("status", "--now", "2026-06-10T08:01Z")
    assert "1 customer with an unknown time zone, for example 'Mars/Olympus' of customer Luis of booking b1" in (
        status.output.replace("\n", " ")
    )
    assert status.exit_code == 1
    clinic.run("2026-06-10T09:00Z")
    after = clinic.command("explain", "b1", "--json", "--now", "2026-06-10T09:30Z")
    (delivery,) = json.loads(after.stdout)
    assert delivery["state"] == "sent"
    assert NONE in delivery["reason"]
    clinic.execute("UPDATE customers SET timezone = 'America/Chicago'")
    assert "_client" not in clinic.command("explain", "b1", "--now", "2026-06-10T09:30Z").output
