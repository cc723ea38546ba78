"""Bookings read from real MariaDB and PostgreSQL servers, with the presets that come with the program."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clinic import SETTINGS, Clinic
from tests.database_servers import PASSWORD, DatabaseServer, mariadb, needs_mariadb, needs_postgres, postgres

pytestmark = [pytest.mark.contract, pytest.mark.slow]
DATABASES = Path(__file__).parents[1] / "databases"
NOW = "2026-11-23T08:00:00Z"
HOUR = """\
- id: hour
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: "booking {appointment_id}", body: "{service_name}"}]
"""
WINDOW = "    ahead: 190d\n    behind: 60d\n"
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def maria() -> Iterator[DatabaseServer]:
    with mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[DatabaseServer]:
    with postgres() as server:
        yield server


def seed(server: DatabaseServer, name: str) -> str:
    """A database of its own with the tables and rows of a program."""
    database = f"d{next(_NUMBERS)}_{name}"
    server.make(database, DATABASES / name / "schema.sql", DATABASES / name / "seed.sql")
    return database


def connect(clinic: Clinic, server: DatabaseServer, database: str, *, preset: str, more: str = WINDOW) -> None:
    (clinic.folder / "secrets.env").write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    (clinic.folder / "secrets.env").chmod(0o600)
    (clinic.folder / "bookings.db").unlink(missing_ok=True)
    keys = (f"preset: {preset}", f"url: {server.url(database)}", 'password: "${DATABASE_PASSWORD}"')
    source = "sources:\n  clinic:\n" + "".join(f"    {each}\n" for each in keys)
    clinic.write(HOUR, settings=f"{SETTINGS}{source}{more}")


def expected(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DATABASES / name / "expected.json").read_text(encoding="utf-8"))[
        "bookings"
    ]
    return found


def stored(clinic: Clinic) -> list[dict[str, Any]]:
    result = clinic.command("bookings", "list", "--json", "--now", NOW, "--since", "2026-01-01T00:00Z")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def as_expected(booking: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """A booking as `bookings list --json` shows it, in the form of `expected.json`, with those fields that it names."""
    people = []
    for each, other in zip(booking["participants"], like["participants"], strict=True):
        customer = each["customer"]
        fields = {**booking["fields"], **(each["fields"] or {})}
        people.append(
            {
                "customer_id": customer["id"].removeprefix("clinic:"),
                "name": customer["full_name"],
                "email": customer["email"],
                "phone": customer["phone"],
                "language": each["language"] or customer["language"],
                "timezone": customer["timezone"],
                "status": each["status"],
                "appointment_id": other["appointment_id"] and str(fields["appointment_id"]),
            }
        )
        assert other.keys() == people[-1].keys()
    found = {name: booking[name] for name in ("starts_at", "ends_at", "timezone", "status")}
    for name in ("service", "staff", "location"):
        found[name] = (booking[name] or {}).get("name")
    fields = {**booking["fields"], **(booking["participants"][0]["fields"] if booking["participants"] else {})}
    found["id"] = booking["id"].removeprefix("clinic:")
    found["staff_email"] = (booking["staff"] or {}).get("email")
    found["participants"] = people
    found["fields"] = {name: fields.get(name) for name in like["fields"]}
    return {name: found[name] for name in like}


CASES = [
    pytest.param("easyappointments", "maria", 9, marks=needs_mariadb),
    pytest.param("booknetic", "maria", 8, marks=needs_mariadb),
    pytest.param("calcom", "postgresql", 10, marks=needs_postgres),
]


@pytest.mark.parametrize(("name", "where", "number"), CASES)
def test_a_preset_gives_exactly_what_is_expected(
    clinic: Clinic, request: pytest.FixtureRequest, name: str, where: str, number: int
) -> None:
    server: DatabaseServer = request.getfixturevalue(where)
    connect(clinic, server, seed(server, name), preset=name)
    first = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)
    assert first["clinic"] == {"state": "ok", "new": number, "changed": 0, "canceled": 0, "missing": 0, "bad": 0}
    like = {each["id"]: each for each in expected(name)}
    found = {each["id"].removeprefix("clinic:"): each for each in stored(clinic)}
    assert found.keys() == like.keys()
    for key, each in found.items():
        assert as_expected(each, like[key]) == like[key]
    mirror = (clinic.folder / "sources.db").read_bytes()
    again = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)
    assert (again["clinic"]["state"], again["clinic"]["new"]) == ("unchanged", 0)
    assert (clinic.folder / "sources.db").read_bytes() == mirror
    assert (clinic.folder / "sources.db").stat().st_mode & 0o777 == 0o600


# --- Easy!Appointments, through its days ------------------------------------------------------------------------------


@pytest.fixture
def shop(clinic: Clinic, maria: DatabaseServer) -> str:
    """The database of an Easy!Appointments whose bookings a clinic is reminded of; a run has armed its workflow."""
    database = seed(maria, "easyappointments")
    connect(clinic, maria, database, preset="easyappointments")
    return database


def subjects(clinic: Clinic) -> list[str]:
    found = []
    for path in clinic.outbox():
        text = path.read_text(encoding="utf-8")
        lines = dict(line.split(": ", 1) for line in text.partition("\n\n")[0].splitlines() if ": " in line)
        found.append(f"{lines['To'].rpartition('<')[2].rstrip('>')}: {lines['Subject']}")
    return found


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
    assert "Easy!Appointments 1.6.0" in result.stderr
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
