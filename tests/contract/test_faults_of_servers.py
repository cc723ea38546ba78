"""What a run does when MariaDB and PostgreSQL fail in the ways in which servers and networks fail.

Each time: what is said names the server and no secret, what was known is sent, the other source is read as ever.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from tests.clinic import SETTINGS, Clinic, at
from tests.database_servers import PASSWORD, READER, DatabaseServer, mariadb, needs_mariadb, needs_postgres, postgres
from tests.model.killing import POINTS, meet_at
from tests.wire import Wire, wire_to

pytestmark = [pytest.mark.contract, pytest.mark.slow]
HOUR = """\
- id: hour
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: "booking {appointment_id}", body: "{customer_full_name}"}]
"""
QUERY = """\
    query: |
      SELECT id, start_at AS starts_at, end_at AS ends_at, 'UTC' AS timezone, state AS status, id AS customer_id,
             name AS customer_name, mail AS customer_email
      FROM visits WHERE start_at < :until AND end_at > :since
"""
TABLE = """\
CREATE TABLE visits (
    id INT PRIMARY KEY, start_at TIMESTAMP NULL, end_at TIMESTAMP NULL, state VARCHAR(20), name VARCHAR(200),
    mail VARCHAR(200)
);
"""
TIMEOUT = 2  # seconds, of the source
LONGEST = 20.0  # seconds that a run may take on a busy machine, whatever a server does: not for each of its messages


@pytest.fixture(scope="module")
def maria() -> Iterator[DatabaseServer]:
    with mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[DatabaseServer]:
    with postgres() as server:
        yield server


@dataclasses.dataclass
class Practice:
    """A business whose visits are in a database behind a wire, and in the export of a desk."""

    clinic: Clinic
    server: DatabaseServer
    wire: Wire
    database: str

    def execute(self, sql: str) -> None:
        self.server.run(self.database, sql)

    def book(self, number: int, starts: str) -> None:
        first = at(starts)
        times = "', '".join(f"{each:%Y-%m-%d %H:%M:%S}" for each in (first, first + timedelta(minutes=30)))
        self.execute(f"INSERT INTO visits VALUES ({number}, '{times}', 'approved', 'Ann', 'a{number}@example.com')")  # noqa: S608 - ours

    def run(self, now: str) -> tuple[int, str, dict[str, str]]:
        """The exit code of a run, what it said, and the state of each source."""
        began = time.monotonic()
        result = self.clinic.command("run", "--json", "--now", now)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert time.monotonic() - began < LONGEST, "one source kept the run waiting"
        assert PASSWORD not in result.output
        assert "Traceback" not in result.output
        sources = json.loads(result.stdout)["sources"]
        return result.exit_code, result.stderr, {name: each["state"] for name, each in sources.items()}

    def reminded(self) -> list[str]:
        texts = (path.read_text(encoding="utf-8") for path in self.clinic.outbox())
        return sorted(
            line.removeprefix("Subject: booking ")
            for text in texts
            for line in text.splitlines()
            if line.startswith("Subject: booking ")
        )


def _make(clinic: Clinic, server: DatabaseServer, wire: Wire) -> Practice:
    database = f"f{time.monotonic_ns()}"
    server.make(database, TABLE)
    (clinic.folder / "secrets.env").write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    (clinic.folder / "secrets.env").chmod(0o600)
    (clinic.folder / "bookings.db").unlink()
    (clinic.folder / "desk.csv").write_text(
        "id,starts_at,ends_at,customer_name,customer_email\n"
        + "".join(f"D{n},2026-11-24T{n:02}:00:00Z,2026-11-24T{n:02}:30:00Z,Bo,b{n}@example.com\n" for n in (9, 10, 11))
    )
    url = f"{server.scheme}://{READER}@127.0.0.1:{wire.port}/{database}"
    keys = (f"url: {url}", 'password: "${DATABASE_PASSWORD}"', f"timeout: {TIMEOUT}s")
    source = "sources:\n  clinic:\n" + "".join(f"    {each}\n" for each in keys) + QUERY
    clinic.write(HOUR, settings=f"{SETTINGS}{source}  desk:\n    url: desk.csv\n")
    return Practice(clinic, server, wire, database)


@pytest.fixture(params=[pytest.param("maria", marks=needs_mariadb), pytest.param("postgresql", marks=needs_postgres)])
def practice(clinic: Clinic, request: pytest.FixtureRequest) -> Iterator[Practice]:
    """Visits at 9, 10 and 11 of which a run has read at 7, and that are in the desk's export, too, with other ids."""
    server: DatabaseServer = request.getfixturevalue(request.param)
    with wire_to(server.port) as wire:
        practice = _make(clinic, server, wire)
        for number, hour in enumerate(("09", "10", "11"), start=1):
            practice.book(number, f"2026-11-24T{hour}:00Z")
        assert practice.run("2026-11-24T07:00:00Z") == (0, "", {"clinic": "ok", "desk": "ok"})
        yield practice


def assert_what_is_known_is_sent(practice: Practice, *said: str) -> None:
    """One run through the trouble, one after it: the same messages as ever, and the trouble in one line."""
    code, stderr, states = practice.run("2026-11-24T08:00:00Z")
    assert (code, states) == (1, {"clinic": "failing", "desk": "unchanged"}), stderr
    assert len(stderr.splitlines()) == 1
    assert "sources.clinic: " in stderr
    assert "bookings of 08:00 are used (1 h 0 min old), until 14:00" in stderr
    assert not [each for each in said if each not in stderr], stderr
    assert practice.reminded() == ["1", "D9"]


# --- the network ------------------------------------------------------------------------------------------------------


def test_refused(practice: Practice) -> None:
    practice.wire.refuse()
    assert_what_is_known_is_sent(practice, f"cannot connect to 127.0.0.1:{practice.wire.port}: ")


def test_silent_after_accepting(practice: Practice) -> None:
    practice.wire.be_silent()
    assert_what_is_known_is_sent(practice, f"cannot connect to 127.0.0.1:{practice.wire.port}: ")
    practice.wire.work()
    code, stderr, states = practice.run("2026-11-24T09:00:00Z")
    assert (code, states["clinic"]) == (0, "unchanged")
    assert "is read again since 10:00" in stderr
    assert practice.reminded() == ["1", "2", "D10", "D9"]


@pytest.mark.parametrize("after", [1, 60, 400, 1500])
def test_cut_amid_an_answer(practice: Practice, after: int) -> None:
    """The rows are read, as every visit has another name by now; or not even the greeting came."""
    practice.execute(
        "UPDATE visits SET name = 'A long name of somebody that comes again and again and again and again'"
    )
    for number in range(100, 150):
        practice.book(number, "2026-11-25T09:00Z")
    practice.wire.cut_after = after
    assert_what_is_known_is_sent(practice)


def test_slower_than_its_timeout(practice: Practice) -> None:
    slow = "SLEEP(30)" if practice.server.scheme == "mysql" else "(pg_sleep(30) IS NULL)::int"
    text = (practice.clinic.folder / "workflows.yaml").read_text(encoding="utf-8")
    (practice.clinic.folder / "workflows.yaml").write_text(text.replace("SELECT id,", f"SELECT id, {slow} AS slow,"))
    assert_what_is_known_is_sent(practice)


def test_silent_when_it_is_asked_again_right_before_a_message(practice: Practice) -> None:
    """It keeps the run waiting once, and what was read a moment ago is sent, all of it."""
    for number in range(4, 30):
        practice.book(number, "2026-11-24T09:00Z")
    with meet_at(POINTS["stamped"], practice.wire.be_silent):
        code, stderr, states = practice.run("2026-11-24T08:00:00Z")
    assert (code, stderr, states) == (0, "", {"clinic": "ok", "desk": "unchanged"})
    assert len(practice.reminded()) == 28


def test_stopped_when_it_is_asked_again_right_before_a_message(practice: Practice) -> None:
    with meet_at(POINTS["stamped"], practice.wire.refuse):
        assert practice.run("2026-11-24T08:00:00Z") == (0, "", {"clinic": "unchanged", "desk": "unchanged"})
    assert practice.reminded() == ["1", "D9"]


def test_a_booking_that_moves_between_the_reading_and_the_message(practice: Practice) -> None:
    times = "start_at = '2026-11-24 12:00:00', end_at = '2026-11-24 12:30:00'"
    move = partial(practice.execute, f"UPDATE visits SET {times} WHERE id = 1")  # noqa: S608 - ours
    with meet_at(POINTS["stamped"], move):
        practice.run("2026-11-24T08:00:00Z")
    assert practice.reminded() == ["D9"]
    practice.run("2026-11-24T11:00:00Z")
    assert "1" in practice.reminded()


# --- the server -------------------------------------------------------------------------------------------------------


def test_a_wrong_password(practice: Practice) -> None:
    (practice.clinic.folder / "secrets.env").write_text("DATABASE_PASSWORD='n0t-the-one'\n")
    assert_what_is_known_is_sent(practice, "cannot connect to 127.0.0.1:")
    stderr = practice.clinic.command("sources", "sync", "clinic", "--now", "2026-11-24T08:00:30Z").output
    assert "n0t-the-one" not in stderr


def test_the_server_has_no_room_for_one_more(practice: Practice) -> None:
    if practice.server.scheme == "mysql":
        practice.server.run("", f"ALTER USER {READER}@'127.0.0.1' WITH MAX_CONNECTIONS_PER_HOUR 1")
        full, empty = "max_connections_per_hour", "WITH MAX_CONNECTIONS_PER_HOUR 0"
        practice.clinic.command("sources", "test", "clinic", "--now", "2026-11-24T07:30:00Z")
    else:
        practice.server.run("postgres", f"ALTER ROLE {READER} CONNECTION LIMIT 0")
        full = "too many connections for role"
    try:
        assert_what_is_known_is_sent(practice, full)
    finally:
        if practice.server.scheme == "mysql":
            practice.server.run("", f"ALTER USER {READER}@'127.0.0.1' {empty}")
        else:
            practice.server.run("postgres", f"ALTER ROLE {READER} CONNECTION LIMIT -1")


# --- the program, updated ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        pytest.param("ALTER TABLE visits RENAME TO visitors", "visits", id="table"),
        pytest.param("ALTER TABLE visits RENAME COLUMN mail TO email", "mail", id="column"),
        pytest.param("DROP TABLE visits", "visits", id="dropped"),
    ],
)
def test_a_renamed_table_or_column(practice: Practice, sql: str, said: str) -> None:
    practice.execute(sql)
    assert_what_is_known_is_sent(practice, "the query failed: ", said)


def test_no_rights_any_more(practice: Practice) -> None:
    if practice.server.scheme == "mysql":
        practice.server.run("", f"REVOKE SELECT ON `{practice.database}`.* FROM {READER}@'127.0.0.1'")  # noqa: S608 - ours
    else:
        practice.execute(f"REVOKE SELECT ON visits FROM {READER}")  # noqa: S608 - ours
    assert_what_is_known_is_sent(practice)


def test_times_in_another_format(practice: Practice) -> None:
    for number in range(4, 51):
        practice.book(number, "2026-11-25T09:00Z")
    practice.run("2026-11-24T07:01:00Z")
    text = (practice.clinic.folder / "workflows.yaml").read_text(encoding="utf-8")
    times = "CASE WHEN id > 39 THEN 'soon' ELSE CAST(start_at AS char(19)) END AS starts_at"
    (practice.clinic.folder / "workflows.yaml").write_text(text.replace("start_at AS starts_at", times))
    code, stderr, states = practice.run("2026-11-24T08:00:00Z")
    assert (code, states["clinic"]) == (1, "failing")
    assert "11 of 50 bookings cannot be read, the first: booking 4" in stderr
    assert practice.reminded() == ["1", "D9"]


def test_one_broken_row(practice: Practice) -> None:
    for number in range(4, 9):
        practice.book(number, "2026-11-24T10:00Z")
    practice.run("2026-11-24T07:01:00Z")
    practice.execute("UPDATE visits SET start_at = NULL WHERE id = 2")
    practice.execute("UPDATE visits SET state = 'canceled' WHERE id = 4")
    text = (practice.clinic.folder / "workflows.yaml").read_text(encoding="utf-8")
    (practice.clinic.folder / "workflows.yaml").write_text(
        text.replace("start_at < :until", "(start_at IS NULL OR start_at < :until)")
    )
    code, stderr, _ = practice.run("2026-11-24T08:00:00Z")
    assert code == 1
    assert "sources.clinic: booking 2 is left out: " in stderr
    practice.run("2026-11-24T09:00:00Z")
    assert practice.reminded() == ["1", "2", "5", "6", "7", "8", "D10", "D9"]


# --- what is gone -----------------------------------------------------------------------------------------------------


def _fill(practice: Practice) -> None:
    for number in range(4, 51):
        practice.book(number, f"2026-11-25T{number % 12 + 8:02}:00Z")
    practice.run("2026-11-24T07:01:00Z")


def test_emptied_for_two_ticks(practice: Practice) -> None:
    _fill(practice)
    practice.execute("CREATE TABLE hidden AS SELECT * FROM visits; DELETE FROM visits;")
    code, stderr, states = practice.run("2026-11-24T07:59:00Z")
    assert (code, states["clinic"]) == (1, "missing")
    assert "50 of its 50 coming bookings are no longer there" in stderr
    assert practice.run("2026-11-24T08:00:00Z")[:2] == (1, "")
    assert practice.reminded() == ["D9"]
    assert practice.clinic.states() == {"pending": 1, "sent": 1}
    practice.execute("INSERT INTO visits SELECT * FROM hidden")
    assert practice.run("2026-11-24T08:01:00Z")[2]["clinic"] == "ok"
    assert practice.reminded() == ["1", "D9"]


def test_thirty_of_fifty_deleted_accepted_and_restored(practice: Practice) -> None:
    _fill(practice)
    practice.execute("CREATE TABLE hidden AS SELECT * FROM visits; DELETE FROM visits WHERE id <= 30;")
    assert practice.clinic.run("2026-11-24T08:00Z", exits=1)["sources"]["clinic"]["missing"] == 30
    practice.clinic.command("sources", "accept", "clinic", "--yes", "--now", "2026-11-24T08:01Z")
    assert practice.clinic.run("2026-11-24T08:02Z")["sources"]["clinic"]["canceled"] == 30
    assert practice.clinic.states() == {"canceled": 1, "sent": 1}
    practice.execute("INSERT INTO visits SELECT * FROM hidden WHERE id <= 30")
    assert practice.clinic.run("2026-11-24T08:03Z")["sources"]["clinic"]["new"] == 30
    assert practice.reminded() == ["1", "D9"]


def test_one_deleted_one_moved_out_of_the_window_and_in(practice: Practice) -> None:
    _fill(practice)
    practice.execute("DELETE FROM visits WHERE id = 1")
    practice.execute("UPDATE visits SET start_at = '2027-11-24 10:00:00', end_at = '2027-11-24 10:30:00' WHERE id = 2")
    found = practice.clinic.run("2026-11-24T08:00Z")["sources"]["clinic"]
    assert (found["canceled"], found["changed"], found["missing"]) == (1, 1, 0)
    practice.execute("UPDATE visits SET start_at = '2026-11-24 10:00:00', end_at = '2026-11-24 10:30:00' WHERE id = 2")
    assert practice.clinic.run("2026-11-24T08:30Z")["sources"]["clinic"]["changed"] == 1
    practice.run("2026-11-24T09:00:00Z")
    assert practice.reminded() == ["2", "D10", "D9"]


def test_the_window_of_the_next_day_writes_nothing(practice: Practice) -> None:
    practice.run("2026-11-24T07:01:00Z")
    found = practice.clinic.run(at("2026-11-24T07:00Z") + timedelta(days=1), exits=1)["sources"]["clinic"]
    assert (found["new"], found["changed"], found["canceled"], found["missing"]) == (0, 0, 0, 0)


def test_an_old_snapshot_of_a_replica_and_the_new_one_again(practice: Practice) -> None:
    """What was booked is gone for two runs, and its reminder is sent when it is back."""
    _fill(practice)
    practice.execute("CREATE TABLE hidden AS SELECT * FROM visits; DELETE FROM visits WHERE id = 1;")
    for minute in ("07:58", "08:00"):
        practice.run(f"2026-11-24T{minute}:00Z")
    assert practice.reminded() == ["D9"]
    practice.execute("INSERT INTO visits SELECT * FROM hidden WHERE id = 1")
    practice.run("2026-11-24T08:02:00Z")
    assert practice.reminded() == ["1", "D9"]
