"""What a person can get wrong: each a clear line, no traceback, and the rest goes on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import SETTINGS, Clinic

GOOD = """\
- id: good
  when: 1 hour before start
  actions:
    - send: email
      to: customer
      subject: "At {appointment_start_time}"
      body: b
"""


@pytest.fixture
def good(clinic: Clinic) -> Clinic:
    clinic.write(GOOD)
    clinic.run("2026-06-10T08:00Z")
    return clinic


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("subject", "subjcet", 'actions[0]: unknown key "subjcet"; did you mean "subject"?'),
        ("body: b", "body: b\n      body: c", "body"),
        ("appointment_start_time", "apointment_start_time", "did you mean {appointment_start_time}?"),
        ("1 hour before start", "an hour before", "1 day before start"),
        ("Europe/Madrid", "Europe/Madird", "Europe/Madrid"),
        ("{appointment_start_time}", "{{ appointment_start_time | dat('H') }}", "dat"),
        ("{appointment_start_time}", "{% if zoom_url %}", "endif"),
    ],
)
def test_a_mistake_in_the_yaml_is_one_line_with_its_place(clinic: Clinic, old: str, new: str, says: str) -> None:
    clinic.write(GOOD.replace(old, new), settings=SETTINGS.replace(old, new))
    for command in (["check"], ["run", "--now", "2026-06-10T08:00Z"]):
        result = clinic.command(*command)
        assert result.exit_code == 2, result.output
        lines = (result.stdout + result.stderr).strip().splitlines()
        assert all("workflows.yaml:" in line for line in lines)
        assert any(says in line.replace("`", '"') for line in lines)


def test_an_unquoted_phone_number_keeps_its_text(good: Clinic) -> None:
    good.write(
        GOOD.replace("to: customer", "to: [customer, admin]"),
        settings=SETTINGS.replace('"+34911234567"', "+34911234567"),
    )
    assert good.command("check").exit_code == 0


def test_a_missing_ledger_is_refused_and_not_made(good: Clinic) -> None:
    (good.folder / "ledger.db").unlink()
    result = good.command("run")
    assert result.exit_code == 2
    assert "the ledger is missing" in result.stderr
    assert not (good.folder / "ledger.db").exists()


@pytest.mark.parametrize("name", ["ledger.db", "bookings.db"])
@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_untouched(good: Clinic, name: str, content: bytes) -> None:
    path = good.folder / name
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.write_bytes(content)
    result = good.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code in (1, 2)
    assert name in result.stderr
    assert result.stderr.count("\n") == 1
    assert path.read_bytes() == content


def test_missing_bookings_say_so(good: Clinic) -> None:
    (good.folder / "bookings.db").unlink()
    result = good.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 2
    assert "the bookings database is missing" in result.stderr


def test_a_booking_in_a_zone_that_does_not_exist_fails_alone(good: Clinic) -> None:
    good.book("mars", "2026-06-10T10:00Z", timezone="Mars/Olympus")
    good.book("earth", "2026-06-10T10:00Z", timezone="America/New_York")
    result = good.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 1
    assert "there is no time zone 'Mars/Olympus'" in result.stderr
    assert {each["booking"]: each["state"] for each in good.deliveries()} == {"mars": "failed", "earth": "sent"}
    assert "Subject: At 6:00" in good.outbox()[0].read_text()


def test_a_row_of_a_view_that_makes_no_sense_is_left_out_and_named(good: Clinic) -> None:
    good.book("fine", "2026-06-10T10:00Z")
    good.execute("ALTER TABLE bookings RENAME TO rows")
    good.execute(
        "CREATE VIEW bookings AS SELECT * FROM rows UNION ALL "
        "SELECT 'odd', '2026-06-10T09:59:99Z', 'later', NULL, 'approved', NULL, NULL, NULL, '{}'"
    )
    result = good.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 1
    assert "booking odd is skipped: starts_at is '2026-06-10T09:59:99Z'" in result.stderr
    assert good.states() == {"sent": 1}


def test_one_broken_file_of_a_folder_stops_only_itself(clinic: Clinic) -> None:
    folder = clinic.folder
    (folder / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "a.yaml").write_text("workflows:\n" + GOOD, encoding="utf-8")
    (folder / "b.yaml").write_text("workflows:\n" + GOOD.replace("good", "other"), encoding="utf-8")

    def run(now: str) -> int:
        return clinic.command("--config", str(folder), "run", "--now", now).exit_code

    assert run("2026-06-10T08:00Z") == 0
    (folder / "b.yaml").write_text("workflows: [", encoding="utf-8")
    clinic.book("b1", "2026-06-10T10:00Z")
    assert run("2026-06-10T09:00Z") == 2
    assert len(clinic.outbox()) == 1
    (folder / "b.yaml").write_text("workflows:\n" + GOOD.replace("good", "other"), encoding="utf-8")
    assert run("2026-06-10T09:10Z") == 0, "mended inside its grace: what fell due meanwhile goes out"
    assert len(clinic.outbox()) == 2


def test_bookings_may_be_views_and_may_be_replaced_between_runs(good: Clinic, tmp_path: Path) -> None:
    for table in ("bookings", "customers", "participants", "services", "staff", "locations"):
        good.execute(f"ALTER TABLE {table} RENAME TO app_{table}")
        good.execute(f"CREATE VIEW {table} AS SELECT * FROM app_{table}")  # noqa: S608 - names of this test
    good.execute(
        "INSERT INTO app_bookings (id, starts_at, ends_at) "
        "VALUES ('v1', '2026-06-10T10:00:00Z', '2026-06-10T11:00:00Z')"
    )
    good.execute("INSERT INTO app_customers (id, email) VALUES ('ana', 'ana@example.com')")
    good.execute("INSERT INTO app_participants (booking_id, customer_id) VALUES ('v1', 'ana')")
    assert good.run("2026-06-10T09:00Z") == {"planned": 1, "sent": 1}
    export = Clinic(tmp_path / "export")
    export.book("v1", "2026-06-10T10:00Z")
    export.book("v2", "2026-06-10T10:01Z")
    (export.folder / "bookings.db").replace(good.folder / "bookings.db")
    assert good.run("2026-06-10T09:01Z") == {"planned": 1, "sent": 1}


@pytest.mark.parametrize("now", ["", "yesterday", "2026-06-10T25:00Z", "0001-01-01", "9999-12-31T23:00-12:00"])
def test_an_instant_that_makes_no_sense_is_refused(good: Clinic, now: str) -> None:
    result = good.command("run", "--now", now)
    assert result.exit_code == 2
    assert "--now" in result.stderr


def test_a_rehearsal_tells_what_a_run_would_tell(good: Clinic) -> None:
    good.write(GOOD.replace("when:", "max_burst: 0\n  when:"))
    good.book("b1", "2026-06-10T10:00Z")
    result = good.command("run", "--dry-run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 1
    assert "max_burst" in result.stderr
    assert "would be sent: 0" in result.stdout
    assert good.deliveries() == []


@pytest.mark.parametrize(
    ("pragma", "says"),
    [("user_version = 99", "version 99 is newer"), ("application_id = 7", "not a reminderctl ledger")],
)
def test_a_ledger_of_the_future_or_of_another_program_is_refused(good: Clinic, pragma: str, says: str) -> None:
    with closing(sqlite3.connect(good.folder / "ledger.db")) as connection, connection:
        connection.execute(f"PRAGMA {pragma}")
    good.book("b1", "2026-06-10T10:00Z")
    result = good.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 2
    assert says in result.stderr
    assert good.outbox() == []


def test_a_locked_ledger_is_tried_again_later(good: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reminderctl.ledger.store.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(good.folder / "ledger.db")) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        result = good.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 75
    assert "another program has locked the ledger" in result.stderr
