"""Moments of a run with a real server: bookings that move while it sends, a server that stops, many rows that go."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.clinic import Clinic, at, written
from tests.database_servers import DatabaseServer, mariadb, needs_mariadb, needs_postgres
from tests.http_server import Exchange, serve
from tests.seeded_databases import connect, seed, subjects

pytestmark = [pytest.mark.contract, pytest.mark.slow]
WORKERS = 8  # of webhooks: so many may be on their way at once
COLUMNS = (
    "id, start_datetime, end_datetime, status, is_unavailability, id_users_provider, id_users_customer, id_services"
)


def book(server: DatabaseServer, database: str, *, first: str, minutes: int, number: int) -> None:
    """Add bookings of John with Ana, numbered from 201 on, one after another or (0 minutes) all at once."""
    starts = [at(first) + place * timedelta(minutes=minutes) for place in range(number)]
    rows = [
        f"({201 + place}, '{each:%F %H:%M}', '{each + timedelta(minutes=30):%F %H:%M}', 'Booked', 0, 2, 11, 1)"
        for place, each in enumerate(starts)
    ]
    server.run(database, f"INSERT INTO ea_appointments ({COLUMNS}) VALUES {', '.join(rows)}")  # noqa: S608


@pytest.fixture
def shop(clinic: Clinic, maria: DatabaseServer) -> str:
    database = seed(maria, "easyappointments")
    connect(clinic, maria, database, preset="easyappointments")
    return database


@needs_mariadb
def test_what_moves_while_a_run_sends_is_not_sent_at_its_old_time(
    clinic: Clinic, maria: DatabaseServer, shop: str
) -> None:
    """When the first message arrives all others are moved; only what is on its way by then cannot be called back."""
    book(maria, shop, first="2026-11-24T10:00Z", minutes=0, number=40)
    move = (
        "UPDATE ea_appointments SET start_datetime = '2026-11-24 12:00', end_datetime = '2026-11-24 12:30' "
        "WHERE start_datetime = '2026-11-24 10:00'"
    )
    lock = threading.Lock()
    moved: list[str] = []

    def take(exchange: Exchange) -> None:
        exchange.read()
        with lock:
            if not moved:
                moved.append(maria.run(shop, move))
        exchange.answer(200)

    with serve() as receiver:
        receiver.script(take)
        settings = (clinic.folder / "workflows.yaml").read_text(encoding="utf-8").partition("workflows:")[0]
        clinic.write(
            f"""\
- id: hour
  when: 1 hour before start
  actions: [{{send: webhook, url: "{receiver.url}", json: {{booking: "{{appointment_id}}"}}}}]
""",
            settings=settings.replace("outbox: outbox\n", ""),
        )
        clinic.run("2026-11-24T07:00:00Z")
        clinic.run("2026-11-24T08:00:00Z")
        early = [request.json()["booking"] for request in receiver.requests]
        assert 1 <= len(early) <= WORKERS
        clinic.run("2026-11-24T10:00:00Z")
        late = [request.json()["booking"] for request in receiver.requests][len(early) :]
    assert len(late) == len({*late}), "each of them once"
    assert {*map(str, range(201, 241)), "101"} <= {*late}


@needs_mariadb
def test_the_trainer_of_a_class_gets_one_message(clinic: Clinic, maria: DatabaseServer, shop: str) -> None:
    settings = (clinic.folder / "workflows.yaml").read_text(encoding="utf-8").partition("workflows:")[0]
    clinic.write(
        """\
- id: hour
  when: 1 hour before start
  actions:
    - {send: email, to: customer, subject: customer, body: x}
    - {id: team, send: email, to: staff, subject: staff, body: x}
""",
        settings=settings,
    )
    clinic.run("2026-11-25T15:00:00Z")
    clinic.run("2026-11-25T16:00:00Z")
    assert sorted(subjects(clinic)) == [
        "ana@clinica.example: staff",
        "john@mail.example: customer",
        "lucia@mail.example: customer",
    ]
    maria.run(shop, "UPDATE ea_appointments SET status = 'Cancelled' WHERE id IN (107, 108)")
    maria.run(
        shop,
        "UPDATE ea_appointments SET start_datetime = start_datetime + INTERVAL 2 HOUR, "
        "end_datetime = end_datetime + INTERVAL 2 HOUR WHERE id_services = 2",
    )
    clinic.run("2026-11-25T18:00:00Z")
    assert len(clinic.outbox()) == 3, "nobody comes, so nobody is notified"


# --- servers that stop ------------------------------------------------------------------------------------------------


@pytest.fixture
def own_maria() -> Iterator[DatabaseServer]:
    """A server that a test may stop."""
    with mariadb() as server:
        yield server


@needs_mariadb
def test_a_server_that_stops_is_said_once_an_hour_and_what_is_known_is_sent(
    clinic: Clinic, own_maria: DatabaseServer
) -> None:
    database = seed(own_maria, "easyappointments")
    connect(clinic, own_maria, database, preset="easyappointments")
    clinic.run("2026-11-24T07:00:00Z")
    own_maria.stop()
    result = clinic.command("run", "--now", "2026-11-24T08:00:00Z")
    assert result.exit_code == 1
    assert subjects(clinic) == ["lucia@mail.example: booking 101"], "as it was known an hour ago"
    assert result.stderr.startswith(f"sources.clinic: cannot connect to 127.0.0.1:{own_maria.port}: ")
    assert result.stderr.endswith("; bookings of 08:00 are used (1 h 0 min old), until 14:00\n")
    lines = []
    for minute in range(1, 180):
        instant = written(at("2026-11-24T08:00Z") + minute * timedelta(minutes=1))
        lines += clinic.command("run", "--now", instant).stderr.splitlines()
    assert len(lines) <= 3
    own_maria.start()
    result = clinic.command("run", "--now", "2026-11-24T11:00:00Z")
    assert "sources.clinic: is read again since 12:00; 0 bookings changed meanwhile\n" in result.stderr


@needs_mariadb
def test_an_old_reading_of_a_server_that_stopped_holds_until_it_is_back(
    clinic: Clinic, own_maria: DatabaseServer
) -> None:
    database = seed(own_maria, "easyappointments")
    connect(clinic, own_maria, database, preset="easyappointments", more="    max_age: 30m\n")
    clinic.run("2026-11-24T07:20:00Z")
    own_maria.stop()
    assert clinic.command("run", "--now", "2026-11-24T08:00:00Z").exit_code == 1
    assert clinic.states() == {"pending": 1}
    explained = clinic.command("explain", "clinic:101", "--now", "2026-11-24T08:00:00Z").output
    assert "clinic was last read 40 min ago" in explained
    assert "(max_age 30m); it is sent once that is known again" in explained
    assert clinic.command("status", "--now", "2026-11-24T08:00:00Z").exit_code == 2
    own_maria.start()
    clinic.run("2026-11-24T08:10:00Z")
    assert subjects(clinic) == ["lucia@mail.example: booking 101"]


# --- many at once -----------------------------------------------------------------------------------------------------


@needs_mariadb
def test_many_that_are_deleted_wait_for_a_person_while_new_ones_arrive(
    clinic: Clinic, maria: DatabaseServer, shop: str
) -> None:
    maria.run(shop, "DELETE FROM ea_appointments")
    book(maria, shop, first="2026-11-24T12:00Z", minutes=60, number=50)
    clinic.run("2026-11-24T09:00:00Z")
    maria.run(shop, "DELETE FROM ea_appointments WHERE id > 220")
    book_one = "VALUES (300, '2026-11-24 11:30', '2026-11-24 12:00', '', 0, 2, 10, 1)"
    maria.run(shop, f"INSERT INTO ea_appointments ({COLUMNS}) {book_one}")
    report = clinic.run("2026-11-24T09:30:00Z", exits=1)
    assert (report["sources"]["clinic"]["missing"], report["sources"]["clinic"]["new"]) == (30, 1)
    assert subjects(clinic) == ["lucia@mail.example: booking 300"]
    assert clinic.command("sources", "accept", "clinic", "--yes", "--now", "2026-11-24T09:31:00Z").exit_code == 0
    report = clinic.run("2026-11-24T09:32:00Z")
    assert report["sources"]["clinic"]["canceled"] == 30


@needs_mariadb
def test_a_closed_clinic_is_obeyed_at_once(clinic: Clinic, maria: DatabaseServer, shop: str) -> None:
    maria.run(shop, "DELETE FROM ea_appointments")
    book(maria, shop, first="2026-11-24T12:00Z", minutes=60, number=50)
    clinic.run("2026-11-24T09:00:00Z")
    maria.run(shop, "UPDATE ea_appointments SET status = 'Cancelled' WHERE id <= 245")
    clinic.run("2026-11-24T09:01:00Z")
    listed = json.loads(clinic.command("bookings", "list", "--json", "--now", "2026-11-24T09:01:00Z").stdout)
    assert [each["status"] for each in listed].count("canceled") == 45
    clinic.run("2026-11-24T10:00:00Z")
    assert not clinic.outbox()


@needs_postgres
def test_a_row_of_postgresql_that_is_moved_or_deleted_is_seen_by_the_next_run(
    clinic: Clinic, postgresql: DatabaseServer
) -> None:
    database = seed(postgresql, "calcom")
    postgresql.run(
        database,
        """UPDATE "Booking" SET "startTime" = '2026-11-24 09:00', "endTime" = '2026-11-24 09:30' WHERE uid = 'uidB2'""",
    )
    connect(clinic, postgresql, database, preset="calcom")
    clinic.run("2026-11-24T07:00:00Z")
    postgresql.run(
        database,
        """UPDATE "Booking" SET "startTime" = '2026-11-24 11:00', "endTime" = '2026-11-24 11:30' WHERE uid = 'uidA1'""",
    )
    postgresql.run(database, """DELETE FROM "Booking" WHERE uid = 'uidB2'""")
    report = clinic.run("2026-11-24T08:00:00Z")["sources"]["clinic"]
    assert (report["changed"], report["canceled"]) == (1, 1)
    assert not clinic.outbox()
    clinic.run("2026-11-24T10:00:00Z")
    assert [each.rpartition(" ")[2] for each in subjects(clinic)] == ["uidA1"]
