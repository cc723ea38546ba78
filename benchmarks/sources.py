"""A tick with sources of which nothing has changed, against the idle tick without any."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import clinic
from benchmarks.measure import Row, best_of, cpu_of_commands, finish
from tests.database_servers import PASSWORD, DatabaseServer, mariadb, postgres

TICKS = 9
MOST = 5_000_000  # bookings, where they are wanted: five minutes to make them, and 2 GB
DAYS = 1_000  # over which the bookings are spread, half of them before now
DATABASES = Path(__file__).parents[1] / "tests" / "databases"
LONG_AGO = 1_700_000_000  # seconds since 1970
FIRST = f"{clinic.NOW - timedelta(days=DAYS / 2):%Y-%m-%d %H:%M:%S}"

# One customer, provider and service for each hundred, ten and ten bookings; visits of half an hour.
FILL_MARIADB = """
SET unique_checks = 0, foreign_key_checks = 0;
INSERT INTO ea_roles (id, name, slug) VALUES (1, 'Provider', 'provider'), (2, 'Customer', 'customer');
INSERT INTO ea_users (id, first_name, last_name, email, phone_number, timezone, language, id_roles)
SELECT seq, CONCAT('Name', seq), 'García', CONCAT('u', seq, '@example.com'), CONCAT('+34600', 100000 + seq),
    'Europe/Madrid', 'spanish', IF(seq <= 10, 1, 2) FROM seq_1_to_{people};
INSERT INTO ea_services (id, name, duration, price, currency)
SELECT seq, CONCAT('Service ', seq), 30, 40, 'EUR' FROM seq_1_to_10;
INSERT INTO ea_appointments (id, book_datetime, start_datetime, end_datetime, location, notes, hash, status,
    id_users_provider, id_users_customer, id_services)
SELECT seq, '{first}', '{first}' + INTERVAL FLOOR(seq * {step}) SECOND,
    '{first}' + INTERVAL FLOOR(seq * {step}) + 1800 SECOND,
    'Room 1', 'Please bring the documents', MD5(seq), 'Booked', 1 + seq % 10, 11 + seq % ({people} - 10), 1 + seq % 10
FROM seq_1_to_{number};
ANALYZE TABLE ea_appointments, ea_users;
"""
INDEX_MARIADB = "CREATE INDEX start ON ea_appointments (start_datetime); ANALYZE TABLE ea_appointments;"
FILL_POSTGRES = """
INSERT INTO users (username, name, email, "timeZone", locale)
SELECT 'host' || n, 'Name ' || n, 'host' || n || '@example.com', 'Europe/Madrid', 'es' FROM generate_series(1, 10) AS n;
INSERT INTO "EventType" (title, slug, length, "userId", "timeZone")
SELECT 'Service ' || n, 's' || n, 30, n, 'Europe/Madrid' FROM generate_series(1, 10) AS n;
INSERT INTO "Booking"
    (id, uid, "userId", "eventTypeId", title, description, responses, "startTime", "endTime", metadata)
SELECT n, 'uid' || n, 1 + n % 10, 1 + n % 10, 'Visit ' || n, 'Please bring the documents',
    '{{"name": "Lucia", "notes": "none"}}', start, start + interval '30 minutes',
    '{{"videoCallUrl": "https://meet.example.com/1"}}'
FROM (
    SELECT n, timestamp '{first}' + floor(n * {step}) * interval '1 second' AS start
    FROM generate_series(1, {number}) AS n
) AS s;
INSERT INTO "Attendee" (email, name, "timeZone", "phoneNumber", locale, "bookingId")
SELECT 'u' || n % {people} || '@example.com', 'Name' || n % {people} || ' García', 'Europe/Madrid', '+34600100000',
    'es', n
FROM generate_series(1, {number}) AS n;
ANALYZE;
"""

SELECT = "SELECT id, starts_at, ends_at FROM bookings WHERE starts_at < :until AND ends_at > :since"
CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\n{}END:VCALENDAR\r\n"
EVENT = (
    "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:{1:%Y%m%dT%H%M%SZ}\r\nDTEND:{2:%Y%m%dT%H%M%SZ}\r\n"
    "SUMMARY:Visit\r\nEND:VEVENT\r\n"
)


class Case(NamedTuple):
    """A source to be measured: its keys in the YAML, the goal of an unchanged tick, how one booking is changed."""

    what: str
    keys: str
    goal: str = ""
    change: tuple[DatabaseServer, str, str] | None = None


def run(room: Path, *, large: bool = False) -> Iterator[Row]:
    """Against the idle tick with 50 workflows and 100,000 bookings, in seconds of CPU, without the servers' own."""
    idle = clinic.build(room / "idle", triggers=clinic.mixed_triggers(50))
    clinic.add_bookings(idle.parent, 100_000)
    os.utime(idle.parent / "bookings.db", times=(LONG_AGO, LONG_AGO))
    _run(idle)
    with ExitStack() as servers:
        for number, case in enumerate(_cases(room, servers, large=large)):
            yield from _measure(case, room / f"source{number}", idle)


def _cases(room: Path, servers: ExitStack, *, large: bool) -> Iterator[Case]:
    maria, postgresql = servers.enter_context(mariadb()), servers.enter_context(postgres())
    for number in (1_000, 100_000, *([MOST] if large else [])):
        words = {"number": number, "people": max(number // 100, 20), "first": FIRST, "step": DAYS * 86_400 / number}
        shop, calendar = f"shop{number}", f"calendar{number}"
        maria.make(shop, DATABASES / "easyappointments" / "schema.sql", FILL_MARIADB.format(**words))
        postgresql.make(calendar, DATABASES / "calcom" / "schema.sql", FILL_POSTGRES.format(**words))
        more = "    timeout: 60s\n    ahead: 14d\n    behind: 2d\n" + ("    longest: 1d\n" if number == MOST else "")
        touch = f"UPDATE ea_appointments SET notes = CONCAT(notes, '.') WHERE id = {number // 2 + number // 300}"  # noqa: S608
        keys = _server_keys(maria, shop, "easyappointments") + more
        yield Case(f"MariaDB, {number:,}", keys, "<= 1.35", (maria, shop, touch))
        if number > 1_000:
            maria.run(shop, INDEX_MARIADB)
            yield Case(f"MariaDB, {number:,}, index on start", keys, "<= 1.35", (maria, shop, touch))
        touch = f"UPDATE \"Booking\" SET description = description || '.' WHERE id = {number // 2 + number // 300}"  # noqa: S608
        keys = _server_keys(postgresql, calendar, "calcom") + more
        yield Case(f"PostgreSQL, {number:,}", keys, "<= 2.2", (postgresql, calendar, touch))
    yield from _file_cases(room)


def _file_cases(room: Path) -> Iterator[Case]:
    """Files, of which an unchanged one is not even opened: so many bookings cost what one does."""
    app = room / "app"
    clinic.build(app, triggers=())
    clinic.add_bookings(app, 100_000, first=clinic.NOW, spread=timedelta(days=DAYS))
    desk, diary = room / "desk", room / "diary"
    desk.mkdir()
    diary.mkdir()
    starts = [clinic.NOW + timedelta(minutes=30 * each, seconds=7) for each in range(500)]
    half = timedelta(minutes=30)
    lines = [f"{number},{clinic.written(at)},{clinic.written(at + half)}" for number, at in enumerate(starts)]
    (desk / "visits.csv").write_text("\n".join(["id,starts_at,ends_at", *lines]), encoding="utf-8")
    events = "".join(EVENT.format(number, at, at + half) for number, at in enumerate(starts))
    (diary / "visits.ics").write_text(CALENDAR.format(events), encoding="utf-8", newline="")
    for path in (app / "bookings.db", desk / "visits.csv", diary / "visits.ics"):
        os.utime(path, times=(LONG_AGO, LONG_AGO))
    yield Case("SQLite, 100,000", f"    url: sqlite://{app / 'bookings.db'}\n    query: {SELECT}\n")
    yield Case("a folder of CSV, 500", f"    url: {desk}\n")
    yield Case("a folder of ICS, 500", f"    url: {diary}\n")


def _server_keys(server: DatabaseServer, database: str, preset: str) -> str:
    return f'    preset: {preset}\n    url: {server.url(database)}\n    password: "${{DATABASE_PASSWORD}}"\n'


def _measure(case: Case, folder: Path, idle: Path) -> Iterator[Row]:
    """Yield the first reading, an unchanged one and, in a database, one in which a booking has changed."""
    path = clinic.build(folder, triggers=clinic.mixed_triggers(50))
    (folder / "bookings.db").unlink()
    (folder / "secrets.env").write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    (folder / "secrets.env").chmod(0o600)
    path.write_text(f"{path.read_text(encoding='utf-8')}sources:\n  clinic:\n{case.keys}", encoding="utf-8")
    for each in (path, folder / "secrets.env"):
        os.utime(each, times=(LONG_AGO, LONG_AGO))
    before = cpu_of_commands()
    first = finish(clinic.command(path, "run"))
    used = cpu_of_commands() - before
    yield Row(f"{case.what}: first reading", f"{used:.2f} s", f"{first.memory:.0f} MB", used, "")
    took, baseline = best_of(TICKS, partial(_run, path), partial(_run, idle), clock=cpu_of_commands)
    yield _compare(f"{case.what}: unchanged tick", took, baseline, goal=case.goal)
    if case.change:
        server, database, statement = case.change
        server.run(database, statement)
        before = cpu_of_commands()
        changed = finish(clinic.command(path, "run"))
        took = cpu_of_commands() - before
        yield _compare(f"{case.what}: one booking changed ({changed.memory:.0f} MB)", took, baseline, goal="")


def _compare(what: str, took: float, baseline: float, *, goal: str) -> Row:
    return Row(what, f"{took * 1000:.0f} ms", f"{baseline * 1000:.0f} ms", took / baseline, goal)


def _run(path: Path) -> None:
    """Let a minute pass without news: it is the same minute, so that nothing falls due."""
    subprocess.run(clinic.command(path, "run"), check=True, capture_output=True)
