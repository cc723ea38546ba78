"""Where a run meets what nobody expects: odd rows, wrong clocks, dead runs, damaged files; each once went wrong."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests import http_server
from tests.clinic import Clinic
from tests.privileges import without_privileges

REMINDER = """\
- id: reminder
  when: {when}
{more}  actions:
    - send: email
      to: [customer, admin]
      subject: "Your visit"
      body: "{{appointment_start_time}} {{appointment_status}} {{customer_full_name}}"
"""
HOOK = """\
- id: hook
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/h", json: {{a: b}}}}]
"""
NO_OUTBOX = "timezone: Europe/Madrid\n"


def reminder(when: str = "1 day before start", more: str = "") -> str:
    return REMINDER.format(when=when, more="".join(f"  {line}\n" for line in more.splitlines()))


@pytest.fixture
def armed(clinic: Clinic) -> Clinic:
    """A clinic whose reminder, one day before, has been armed on 1 June."""
    clinic.write(reminder())
    assert clinic.run("2026-06-01T08:00Z") == {}
    return clinic


# --- rows of views ----------------------------------------------------------------------------------------------------

BOOKING = {
    "id": "'odd'",
    "starts_at": "'2026-06-10T10:00:00Z'",
    "ends_at": "'2026-06-10T11:00:00Z'",
    "timezone": "NULL",
    "status": "'approved'",
    "service_id": "NULL",
    "staff_id": "NULL",
    "location_id": "NULL",
    "fields": "'{}'",
}
PARTICIPANT = {
    "booking_id": "'odd'",
    "customer_id": "'ana'",
    "position": "0",
    "status": "NULL",
    "language": "NULL",
    "fields": "'{}'",
}
CUSTOMER = dict.fromkeys(("id", "full_name", "first_name", "last_name", "email", "phone"), "NULL") | {
    "telegram": "NULL",
    "language": "NULL",
    "timezone": "NULL",
    "fields": "'{}'",
}
DEEP = "'{\"a\":' || printf('%.*c', 100000, '[') || printf('%.*c', 100000, ']') || '}'"


def show_through_views(clinic: Clinic, **rows: dict[str, str]) -> None:
    """Turn tables into views that have one more row, given as SQL expressions."""
    for table, row in rows.items():
        clinic.execute(f"ALTER TABLE {table} RENAME TO rows_of_{table}")
        values = ", ".join(row.values())
        clinic.execute(f"CREATE VIEW {table} AS SELECT * FROM rows_of_{table} UNION ALL SELECT {values}")  # noqa: S608


@pytest.mark.parametrize(
    ("booking", "participant", "says"),
    [
        ({"timezone": "5"}, {}, "there is no time zone '5'"),
        ({"timezone": "x'4142'"}, {}, "there is no time zone 'AB'"),
        ({"timezone": "printf('%.*c', 100000, 'x')"}, {}, "there is no time zone 'xxx"),
        ({"fields": DEEP}, {}, "booking odd is skipped: fields is"),
        ({"id": "NULL"}, {"booking_id": "NULL"}, "booking None is skipped: its id is None"),
        ({"id": "x'41'"}, {"booking_id": "x'41'"}, "is skipped: its id is b'A'"),
        ({"id": "CAST(x'ff41' AS TEXT)"}, {"booking_id": "CAST(x'ff41' AS TEXT)"}, "is skipped: its id is"),
        ({}, {"status": "x'41'"}, ""),
        ({}, {"status": "7", "language": "8"}, ""),
        ({"service_id": "CAST(x'ff' AS TEXT)"}, {}, ""),
        ({"ends_at": "'9999-12-31T23:59:59Z'"}, {}, ""),
    ],
)
def test_a_row_with_impossible_values_stops_nobody_else(
    armed: Clinic, booking: dict[str, str], participant: dict[str, str], says: str
) -> None:
    armed.book("fine", "2026-06-10T10:00Z")
    show_through_views(armed, bookings=BOOKING | booking, participants=PARTICIPANT | participant)
    result = armed.command("run", "--now", "2026-06-09T10:00Z")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert says in result.stderr
    assert len(result.stderr) < 2000
    assert result.exit_code == bool(says)
    assert {each["state"] for each in armed.deliveries("--booking", "fine")} == {"sent"}


def test_what_a_view_leaves_open_never_shows_in_a_message(armed: Clinic) -> None:
    customer = CUSTOMER | {"id": "'zoe'", "full_name": "CAST(x'5a6fff' AS TEXT)", "email": "'zoe@example.com'"}
    show_through_views(
        armed,
        bookings=BOOKING | {"status": "NULL"},
        participants=PARTICIPANT | {"customer_id": "'zoe'"},
        customers=customer,
    )
    armed.run("2026-06-09T10:00Z")
    text = armed.outbox()[0].read_text()
    assert "approved" in text
    assert "None" not in text


@pytest.mark.parametrize("expression", ["id", "id + 1000", "CAST(id AS TEXT)"])
def test_a_view_may_number_its_bookings(armed: Clinic, expression: str) -> None:
    for table in ("bookings", "participants", "customers"):
        armed.execute(f"DROP TABLE {table}")
    armed.execute("CREATE TABLE app (id INTEGER PRIMARY KEY, at TEXT)")
    armed.execute("INSERT INTO app VALUES (7, '2026-06-10T10:00:00Z')")
    others = {
        "bookings": ("starts_at", "ends_at", "timezone", "status", "service_id", "staff_id", "location_id", "fields"),
        "participants": ("customer_id", "position", "status", "language", "fields"),
    }
    for table, columns in others.items():
        key = "id" if table == "bookings" else "booking_id"
        values = {"starts_at": "at", "ends_at": "at", "customer_id": "id"}
        selected = ", ".join(f"{values.get(column, 'NULL')} AS {column}" for column in columns)
        armed.execute(f"CREATE VIEW {table} AS SELECT {expression} AS {key}, {selected} FROM app")  # noqa: S608
    missing = ", ".join(f"NULL AS {name}" for name in CUSTOMER if name not in ("id", "email"))
    armed.execute(f"CREATE VIEW customers AS SELECT id, 'a@example.com' AS email, {missing} FROM app")  # noqa: S608
    assert armed.run("2026-06-09T10:00Z") == {"planned": 2, "sent": 2}


def test_a_booking_that_never_ends_any_more_ends_what_waits_for_its_end(clinic: Clinic) -> None:
    clinic.write(reminder("1 day after end", "max_burst: 0"))
    clinic.run("2026-06-01T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", customers=())
    clinic.run("2026-06-11T11:00Z", exits=1)
    clinic.execute("UPDATE bookings SET ends_at = '9999-12-31T23:59:59Z'")
    assert clinic.run("2026-06-11T11:01Z") == {"canceled": 1}


def test_bookings_in_a_folder_that_may_not_be_entered_are_said_in_one_line(armed: Clinic) -> None:
    locked = armed.folder / "locked"
    locked.mkdir()
    (armed.folder / "bookings.db").rename(locked / "bookings.db")
    armed.write(reminder(), settings=f"bookings: locked/bookings.db\n{NO_OUTBOX}outbox: o\nadmin: {{email: a@b.c}}\n")
    locked.chmod(0)
    with without_privileges():
        result = armed.command("run", "--now", "2026-06-09T10:00Z")
    locked.chmod(0o700)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_a_circuit_that_a_wrong_clock_paused_is_open_again_when_the_clock_is_right(clinic: Clinic) -> None:
    with http_server.serve() as web:
        clinic.write(HOOK.format(url=web.url), settings=NO_OUTBOX)
        clinic.run("2026-06-10T08:00Z")
        web.script(http_server.answer(503, headers={"Retry-After": "300"}), *[http_server.answer(503)] * 7)
        for number in range(8):
            clinic.book(f"far{number}", "2027-06-10T10:00Z")
        clinic.run("2027-06-10T09:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        web.script(*[http_server.answer(200)] * 9)
        clinic.run("2026-06-10T08:59Z")
        assert clinic.run("2026-06-10T09:00Z")["sent"] >= 1
        assert clinic.deliveries("--booking", "b1")[0]["state"] == "sent"


def test_a_provider_that_wants_to_wait_beyond_the_deadline_is_not_asked_again(clinic: Clinic) -> None:
    with http_server.serve() as web:
        clinic.write(HOOK.format(url=web.url), settings=NO_OUTBOX)
        clinic.run("2026-06-10T08:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        web.script(*[http_server.answer(429, headers={"Retry-After": "7200"})] * 9)
        assert clinic.run("2026-06-10T09:00Z", exits=1) == {"planned": 1, "expired": 1}
        assert clinic.run("2026-06-10T09:01Z") == {}
        assert len(web.requests) == 1


def test_a_time_of_day_after_an_event_never_lies_before_it(clinic: Clinic) -> None:
    clinic.write(reminder("0 days after end at 18:00"))
    clinic.run("2026-06-09T08:00Z")
    clinic.book("ends-at-19", "2026-06-10T16:00Z")
    clinic.book("ends-at-17", "2026-06-10T14:00Z")
    clinic.run("2026-06-10T16:00Z")
    assert {each["booking"] for each in clinic.deliveries()} == {"ends-at-17"}


def test_a_booking_that_several_triggers_meet_is_left_out_in_one_line_and_shown_in_the_clinics_zone(
    clinic: Clinic,
) -> None:
    clinic.write(reminder("[1 day before start, 1 day before end, 24 hours before start]"))
    clinic.run("2026-06-01T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", timezone="Europe/Madird")
    assert "12:00" in clinic.command("bookings", "list").stdout
    show_through_views(clinic, bookings=BOOKING | {"fields": "'nonsense'"}, participants=PARTICIPANT)
    result = clinic.command("run", "--now", "2026-06-09T12:00Z")
    assert [line for line in result.stderr.splitlines() if "is skipped" in line] == [
        f"{clinic.folder / 'bookings.db'}: booking odd is skipped: fields is 'nonsense'; use a JSON object"
    ]


# --- what may have gone out -------------------------------------------------------------------------------------------


def under_way(clinic: Clinic) -> bytes:
    """As if the run that was sending what is pending had died; the ledger's content at that moment."""
    path = clinic.folder / "ledger.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE deliveries SET state = 'sending', run = 999, next_attempt_at = NULL, attempts = 1, held = 0 "
            "WHERE state = 'pending'"
        )
        connection.execute(
            "INSERT INTO attempts (delivery, run, started_at) "
            "SELECT id, 999, '2026-06-09T10:00:00Z' FROM deliveries WHERE state = 'sending'"
        )
    return path.read_bytes()


@pytest.fixture
def interrupted(armed: Clinic) -> Clinic:
    """A clinic with one email that a run was sending when it died."""
    armed.write(reminder(more="max_burst: 0").replace("[customer, admin]", "customer"))
    armed.book("b1", "2026-06-10T10:00Z")
    armed.run("2026-06-09T10:00Z", exits=1)
    return armed


def test_what_may_have_gone_out_for_a_booking_called_off_since_is_unknown_and_said(interrupted: Clinic) -> None:
    under_way(interrupted)
    interrupted.set_status("b1", "canceled")
    result = interrupted.command("run", "--now", "2026-06-09T10:01Z")
    assert result.exit_code == 1
    assert "unknown: an attempt may have succeeded; status is canceled" in result.stderr
    assert interrupted.states() == {"unknown": 1}


def test_what_a_dead_run_left_counts_for_what_becomes_of_it(interrupted: Clinic) -> None:
    under_way(interrupted)
    interrupted.set_status("b1", "canceled")
    assert interrupted.run("2026-06-09T10:01Z", exits=1) == {"unknown": 1}


def test_a_restored_ledger_does_not_send_again_what_it_holds_as_under_way(interrupted: Clinic) -> None:
    backup = under_way(interrupted)
    assert interrupted.run("2026-06-09T10:01Z") == {"sent": 1}
    for ending in ("", "-wal", "-shm"):
        (interrupted.folder / f"ledger.db{ending}").unlink(missing_ok=True)
    (interrupted.folder / "ledger.db").write_bytes(backup)
    assert interrupted.run("2026-06-09T10:02Z", exits=1) == {"unknown": 1}
    assert len(interrupted.outbox()) == 1


def test_what_a_dead_run_was_sending_for_a_broken_file_waits_for_it_to_be_mended(clinic: Clinic) -> None:
    with http_server.serve() as web:
        folder, hook = clinic.folder, "workflows:\n" + HOOK.format(url=web.url)
        (folder / "a.yaml").write_text(f"{NO_OUTBOX}workflows:\n" + hook[11:].replace("id: hook", "id: other"))
        (folder / "b.yaml").write_text(hook.replace("1 hour before start", "1 hour before start\n  max_burst: 0"))
        clinic.command("--config", str(folder), "run", "--now", "2026-06-10T08:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        clinic.command("--config", str(folder), "run", "--now", "2026-06-10T09:00Z")
        under_way(clinic)
        (folder / "b.yaml").write_text("workflows: [")
        clinic.command("--config", str(folder), "run", "--now", "2026-06-10T09:01Z")
        assert len(web.requests) == 1
        (folder / "b.yaml").write_text(hook)
        clinic.command("--config", str(folder), "run", "--now", "2026-06-10T09:02Z")
        assert len(web.requests) == 2


# --- files beside the ledger, pages inside it -------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["lock", "stamp"])
def test_a_file_beside_the_ledger_that_cannot_be_written_is_said_in_one_line(armed: Clinic, ending: str) -> None:
    path = armed.folder / f"ledger.db.{ending}"
    path.unlink()
    path.mkdir()
    armed.book("b1", "2026-06-10T10:00Z")
    result = armed.command("run", "--now", "2026-06-09T10:00Z")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}: ")
    assert result.stderr.count("\n") == 1
    assert armed.outbox() == []
    path.rmdir()
    assert armed.run("2026-06-09T10:01Z")["sent"] == 2


@pytest.mark.parametrize("at", ["2026-06-10T09:30:00Z", "2026-06-10T11:30:00+02:00", "2026-06-10T09:30Z"])
def test_a_stamp_that_a_person_writes_is_believed(clinic: Clinic, at: str) -> None:
    clinic.write(reminder("1 hour before start"))
    clinic.run("2026-06-10T08:00Z")
    (clinic.folder / "ledger.db.stamp").write_text(f'{{"token": "lost", "at": "{at}"}}')
    clinic.book("b1", "2026-06-10T10:29Z")
    assert "not sent again" in clinic.command("run", "--now", "2026-06-10T09:40Z").stderr
    assert clinic.outbox() == []


@pytest.mark.parametrize("stamp", [b"", b"\n", bytes(80)])
def test_a_stamp_that_a_power_cut_emptied_counts_as_missing_and_is_said_once(armed: Clinic, stamp: bytes) -> None:
    path = armed.folder / "ledger.db.stamp"
    path.write_bytes(stamp)
    armed.book("b1", "2026-06-10T10:00Z")
    result = armed.command("run", "--now", "2026-06-09T10:00Z")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1), result.stderr
    assert result.stderr.startswith(f"{path}: the file is empty, as after a power cut"), result.stderr
    assert armed.states() == {"sent": 2}
    assert armed.run("2026-06-09T10:01Z") == {}


@pytest.mark.parametrize("stamp", ["{", '{"at": "2026-06-10T09:30:00Z"}', '{"token": "x", "at": "2026-06-10 09:30"}'])
def test_a_stamp_that_says_nothing_is_refused(armed: Clinic, stamp: str) -> None:
    (armed.folder / "ledger.db.stamp").write_text(stamp)
    armed.book("b1", "2026-06-10T10:00Z")
    result = armed.command("run", "--now", "2026-06-09T10:00Z")
    assert result.exit_code == 2
    assert "cannot read the time of the last run; use" in result.stderr
    assert armed.outbox() == []


def test_a_run_of_a_ledger_that_was_replaced_takes_a_number_that_nobody_holds(armed: Clinic) -> None:
    """A restored ledger counts from where it was, while a run of the newer one, with the next number, still hangs."""
    holder = (
        "import fcntl, sys; locks = open(sys.argv[1], 'r+b'); fcntl.lockf(locks, fcntl.LOCK_EX, 1, 2); "
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(armed.folder / "ledger.db.lock")]
    armed.book("b1", "2026-06-10T10:00Z")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hanging:
        assert hanging.stdout
        assert hanging.stdout.readline() == b"held\n"
        assert armed.run("2026-06-09T10:00Z") == {"planned": 2, "sent": 2}


@pytest.mark.parametrize("page", range(1, 16))
def test_a_damaged_ledger_is_said_in_one_line(armed: Clinic, page: int) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    path = armed.folder / "ledger.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = random.Random(page).randbytes(4096)  # noqa: S311 - noise, no secret
    path.write_bytes(content[: 16 * 4096])
    result = armed.command("run", "--now", "2026-06-09T10:00Z")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.stderr.count("\n") <= 1


# --- commands ---------------------------------------------------------------------------------------------------------


def test_a_rehearsal_does_not_promise_what_is_held(armed: Clinic) -> None:
    armed.write(reminder(more="max_burst: 0"))
    armed.book("b1", "2026-06-10T10:00Z")
    for _ in range(2):
        assert "would be sent: 0" in armed.command("run", "--dry-run", "--now", "2026-06-09T10:00Z").stdout
        armed.command("run", "--now", "2026-06-09T10:00Z")


@pytest.mark.parametrize("since", ["0001-01-03", "0001-01-03T00:00:00Z", "1500-01-01"])
def test_backfill_since_for_ever_looks_no_further_back_than_a_grace(armed: Clinic, since: str) -> None:
    armed.book("b1", "2026-06-10T10:00Z")
    result = armed.command("backfill", "reminder", "--since", since, "--yes", "--now", "2026-06-09T12:00Z")
    assert result.exit_code == 0, (result.output, result.exception)
    assert "2 planned" in result.stdout


@pytest.mark.parametrize(
    "command",
    [("show", "9" * 20), ("list", "--limit", "9" * 20), ("cancel", "9" * 20), ("retry", "0"), ("resolve", "9" * 20)],
)
def test_a_number_too_large_for_the_ledger_is_a_usage_error(armed: Clinic, command: tuple[str, ...]) -> None:
    assert armed.command("deliveries", *command).exit_code == 2


def test_many_bookings_of_nobody_open_at_once(armed: Clinic) -> None:
    """Asking three tables in one SELECT whether they can be read went through every pair of their rows."""
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
    booking = "SELECT 'n' || i, '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z' FROM n"
    armed.execute(f"INSERT INTO bookings (id, starts_at, ends_at) {numbers}{booking}")
    nobody = "SELECT 'n' || i, 'nobody' FROM n"
    armed.execute(f"INSERT INTO participants (booking_id, customer_id) {numbers}{nobody}")
    command = [sys.executable, "-m", "reminderctl", "-c", str(armed.folder / "workflows.yaml"), "run"]
    ran = subprocess.run([*command, "--now", "2026-06-02T08:00Z"], capture_output=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
