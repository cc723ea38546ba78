"""bookings.db as a contract for other programs: what it refuses, what may be absent, what is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.clinic import Clinic

WORKFLOW = "- id: w\n  when: 1 hour before start\n  actions: [{send: email, to: customer, subject: s, body: b}]\n"
ARMED, DUE = "2026-06-10T08:00Z", "2026-06-10T09:00Z"


@pytest.mark.parametrize("written", ["2026-02-30T08:00:00Z", "2026-04-31T08:00:00Z", "2026-02-29T08:00:00Z"])
def test_a_day_that_does_not_exist_is_refused_by_the_table(clinic: Clinic, written: str) -> None:
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
    assert "no reminder finds it" in told.stdout
