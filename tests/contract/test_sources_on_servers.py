"""Bookings read from real MariaDB and PostgreSQL servers, with the presets that come with the program."""

from __future__ import annotations

import pytest

from tests.clinic import SETTINGS, Clinic
from tests.database_servers import PASSWORD, DatabaseServer, needs_mariadb
from tests.seeded_databases import HOUR, NOW, connect, seed, subjects

pytestmark = [pytest.mark.contract, pytest.mark.slow]


# --- Easy!Appointments, through its days ------------------------------------------------------------------------------


@pytest.fixture
def shop(clinic: Clinic, maria: DatabaseServer) -> str:
    """The database of an Easy!Appointments whose bookings a clinic is reminded of; a run has armed its workflow."""
    database = seed(maria, "easyappointments")
    connect(clinic, maria, database, preset="easyappointments")
    return database


@needs_mariadb
def test_each_customer_is_reminded_at_the_hour_of_their_provider(clinic: Clinic, shop: str) -> None:
    clinic.run("2026-11-24T07:00:00Z")
    clinic.run("2026-11-24T08:00:00Z")
    assert subjects(clinic) == ["lucia@mail.example: booking 101"], "by the number that she knows"
    clinic.run("2026-11-24T13:00:00Z", exits=1)  # what fell due at 10 is too late
    assert subjects(clinic)[1:] == ["john@mail.example: booking 102"], "who is treated in New York"
    clinic.run("2027-03-28T00:30:00Z", exits=1)
    assert subjects(clinic)[-1] == "lucia@mail.example: booking 110"
    booked = {each["booking"] for each in clinic.deliveries("--state", "sent")}
    assert not booked & {"clinic:103", "clinic:105", "clinic:106"}, "canceled, a draft, the lunch of a provider"


@needs_mariadb
def test_a_group_reminds_those_who_still_come(clinic: Clinic, shop: str) -> None:
    clinic.run("2026-11-25T15:00:00Z")
    clinic.run("2026-11-25T16:00:00Z")
    assert sorted(subjects(clinic)) == ["john@mail.example: booking 108", "lucia@mail.example: booking 107"]


@needs_mariadb
def test_a_booking_that_is_deleted_is_not_reminded_of(clinic: Clinic, shop: str, maria: DatabaseServer) -> None:
    clinic.run("2026-11-24T07:00:00Z")
    maria.run(shop, "DELETE FROM ea_appointments WHERE id = 101")
    report = clinic.run("2026-11-24T08:00:00Z")
    assert report["sources"]["clinic"]["canceled"] == 1
    assert not clinic.outbox()
    explained = clinic.command("explain", "clinic:101", "--now", "2026-11-24T08:00:00Z").output
    assert "canceled by its source" in explained


@needs_mariadb
def test_a_booking_that_is_moved_is_reminded_of_at_its_new_time(
    clinic: Clinic, shop: str, maria: DatabaseServer
) -> None:
    clinic.run("2026-11-24T07:00:00Z")
    maria.run(
        shop,
        "UPDATE ea_appointments SET start_datetime = '2026-11-24 12:00', end_datetime = '2026-11-24 12:30' "
        "WHERE id = 101",
    )
    clinic.run("2026-11-24T08:00:00Z")
    assert not clinic.outbox()
    clinic.run("2026-11-24T10:00:00Z")
    assert "lucia@mail.example: booking 101" in subjects(clinic)


@needs_mariadb
def test_a_renamed_table_changes_nothing(clinic: Clinic, shop: str, maria: DatabaseServer) -> None:
    clinic.run("2026-11-24T07:00:00Z")
    maria.run(shop, "RENAME TABLE ea_services TO services")
    result = clinic.command("run", "--now", "2026-11-24T08:00:00Z")
    assert result.exit_code == 1
    assert "ea_services" in result.stderr
    assert "the preset is for Easy!Appointments 1.6.0; `reminderctl sources test clinic`" in result.stderr
    assert "bookings of 08:00 are used (1 h 0 min old), until 14:00" in result.stderr
    assert subjects(clinic) == ["lucia@mail.example: booking 101"], "it goes out as it is known"
    maria.run(shop, "RENAME TABLE services TO ea_services")
    result = clinic.command("run", "--now", "2026-11-24T08:01:00Z")
    assert (result.exit_code, result.stderr) == (
        0,
        "sources.clinic: is read again since 09:01; 0 bookings changed meanwhile\n",
    )


@needs_mariadb
def test_no_word_of_the_password_is_said_anywhere(clinic: Clinic, shop: str, maria: DatabaseServer) -> None:
    clinic.run("2026-11-24T07:00:00Z")
    maria.run("", "ALTER USER reminders@'127.0.0.1' IDENTIFIED BY 'another'")
    try:
        said = [clinic.command("run", "--now", "2026-11-24T08:00:00Z", "--json", "-v").output]
        said += [clinic.command("sources", each).output for each in ("list", "test", "sync")]
        said += [clinic.command("status").output]
    finally:
        maria.run("", f"ALTER USER reminders@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
    assert "Access denied for user" in said[0]
    for file in ("ledger.db", "sources.db"):
        said.append((clinic.folder / file).read_bytes().decode("utf-8", "replace"))
    assert not [text for text in said if PASSWORD in text]


@needs_mariadb
def test_a_query_that_writes_is_refused_by_the_server(clinic: Clinic, shop: str, maria: DatabaseServer) -> None:
    """A function may hide it from us; the transaction does not let it."""
    maria.run("", f"GRANT ALL ON `{shop}`.* TO reminders@'127.0.0.1'")
    maria.run(
        shop,
        "CREATE FUNCTION spoil() RETURNS INT MODIFIES SQL DATA BEGIN UPDATE ea_appointments SET status = 'x'; "
        "RETURN 1; END".join(["DELIMITER //\n", "//\n"]),
    )
    columns = "id, start_datetime AS starts_at, end_datetime AS ends_at, spoil() AS x"
    query = f"SELECT {columns} FROM ea_appointments WHERE start_datetime < :until AND end_datetime > :since"  # noqa: S608
    keys = (f"url: {maria.url(shop)}", 'password: "${DATABASE_PASSWORD}"', f"query: {query}")
    source = "sources:\n  clinic:\n" + "".join(f"    {each}\n" for each in keys)
    clinic.write(HOUR, settings=SETTINGS + source)
    result = clinic.command("sources", "sync", "--now", NOW)
    assert result.exit_code == 1
    assert "READ ONLY transaction" in result.output
    assert "x" not in maria.run(shop, "SELECT DISTINCT status FROM ea_appointments").split()


# --- classes: one booking from many rows, whose id is its place and hour --------------------------------------------


def hold_classes(server: DatabaseServer, database: str, number: int) -> None:
    """Add classes of two customers each, one a day at 18:00, from the first of December on."""
    rows = [
        f"('2026-12-{day:02} 18:00', '2026-12-{day:02} 19:00', 'Booked', 0, 2, {customer}, 2)"
        for day in range(1, number + 1)
        for customer in (10, 11)
    ]
    columns = (
        "start_datetime, end_datetime, status, is_unavailability, id_users_provider, id_users_customer, id_services"
    )
    server.run(database, f"INSERT INTO ea_appointments ({columns}) VALUES {', '.join(rows)}")  # noqa: S608


@needs_mariadb
def test_classes_that_are_moved_are_no_bookings_that_are_missing(
    clinic: Clinic, shop: str, maria: DatabaseServer
) -> None:
    """Each gets another id, but its rows are all there: however many, nobody has to accept that."""
    hold_classes(maria, shop, 12)
    clinic.run("2026-11-30T10:00:00Z")
    maria.run(
        shop,
        "UPDATE ea_appointments SET start_datetime = start_datetime + INTERVAL 1 HOUR, "
        "end_datetime = end_datetime + INTERVAL 1 HOUR WHERE start_datetime >= '2026-12-01'",
    )
    report = clinic.run("2026-11-30T10:01:00Z")
    counts = {"new": 12, "changed": 1, "canceled": 12, "missing": 0, "bad": 0}  # the one is in March
    assert report["sources"]["clinic"] == {"state": "ok", **counts}
    clinic.run("2026-12-01T16:00:00Z")
    assert not clinic.outbox()
    clinic.run("2026-12-01T17:00:00Z")
    assert len(subjects(clinic)) == 2, "an hour later, each of them once"


@needs_mariadb
def test_a_service_that_becomes_a_class_keeps_its_bookings(clinic: Clinic, shop: str, maria: DatabaseServer) -> None:
    clinic.run("2026-11-23T10:00:00Z")
    maria.run(shop, "UPDATE ea_services SET attendants_number = 4")
    report = clinic.run("2026-11-23T10:01:00Z")
    assert report["sources"]["clinic"]["missing"] == 0
    clinic.run("2026-11-24T08:00:00Z")
    assert subjects(clinic) == ["lucia@mail.example: booking 101"]


@needs_mariadb
def test_who_canceled_a_seat_and_booked_it_again_is_reminded(clinic: Clinic, shop: str, maria: DatabaseServer) -> None:
    """The new seat has no location, as where it was booked on the phone."""
    maria.run(
        shop,
        "UPDATE ea_appointments SET status = 'Cancelled' WHERE id = 107; "
        "INSERT INTO ea_appointments (id, start_datetime, end_datetime, status, id_users_provider, id_users_customer, "
        "id_services) VALUES (207, '2026-11-25 18:00', '2026-11-25 19:00', 'Booked', 2, 10, 2)",
    )
    clinic.run("2026-11-25T15:00:00Z")
    clinic.run("2026-11-25T16:00:00Z")
    assert sorted(subjects(clinic)) == ["john@mail.example: booking 108", "lucia@mail.example: booking 207"]
