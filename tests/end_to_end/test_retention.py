"""`purge`, `erase`, `deliveries export`, upgrades: what leaves the ledger, and that nothing is sent again for it."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminderctl.ledger import store
from tests.clinic import SETTINGS, Clinic, at, written

HOOK = "{send: webhook, url: 'https://example.com/x', json: {a: '{appointment_id}'}}"
WORKFLOW = f"""\
- id: hook
  when: [60 days before start, 1 day before start, 300 days after end]
  actions: [{HOOK}]
"""
MAIL = """\
- id: mail
  when: [1 day before start, 1 hour before start]
  actions:
    - {send: email, to: [customer, staff], subject: s, body: "{customer_full_name}"}
    - {send: email, id: again, to: "{customer_email}", subject: s, body: b}
"""


def rows(clinic: Clinic, sql: str) -> list[Any]:
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        return connection.execute(sql).fetchall()


def command(clinic: Clinic, *words: str, exits: int = 0) -> str:
    result = clinic.command(*words)
    assert result.exit_code == exits, (result.output, result.exception)
    return result.output


def sent_keys(clinic: Clinic) -> list[str]:
    """The key of every message that ever went out."""
    return [json.loads(path.read_text(encoding="utf-8"))["key"] for path in clinic.outbox()]


# --- purge ------------------------------------------------------------------------------------------------------------


def test_purge_deletes_what_is_over_and_nothing_else(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    clinic.run("2026-01-01T00:00Z")
    clinic.book("past", "2026-01-10T10:00Z")
    clinic.book("far", "2026-03-10T10:00Z")
    clinic.book("last", "2026-05-10T10:00Z")
    for instant in ("2026-01-09T10:00Z", "2026-01-10T10:00Z", "2026-03-09T10:00Z", "2026-03-11T11:00Z"):
        clinic.run(instant)
    before = {(each["booking"], each["trigger"]) for each in clinic.deliveries()}
    assert before == {
        ("past", "1 day before start"),
        ("far", "60 days before start"),
        ("far", "1 day before start"),
        ("last", "60 days before start"),
    }
    purge = ("purge", "--older-than", "30d", "--now")
    would = "1 delivery, 1 attempt and 0 runs from before 2026-02-09T11:00:00Z would be deleted\n"
    assert command(clinic, *purge, "2026-03-11T11:00Z", "--dry-run") == would
    assert len(clinic.deliveries()) == 4
    answer = json.loads(command(clinic, *purge, "2026-03-11T11:00Z", "--json"))
    assert (answer["deliveries"], answer["attempts"]) == (1, 1), "far is ahead, and was told 60 days before"
    assert {each["booking"] for each in clinic.deliveries()} == {"far", "last"}
    assert command(clinic, *purge, "2026-06-20T10:00Z").startswith("2 deliveries, 2 attempts")
    assert [each["booking"] for each in clinic.deliveries()] == ["last"], "its number is not given again"


def test_what_waits_for_a_person_stays_whatever_its_age(clinic: Clinic) -> None:
    clinic.write(WORKFLOW.replace("when:", "max_burst: 0\n  grace: 9 weeks\n  when:"))
    clinic.run("2026-01-01T00:00Z")
    for name in ("held", "unknown", "failed", "newest"):
        clinic.book(name, "2025-03-10T10:00Z")
    clinic.run("2026-01-04T11:00Z", exits=1)
    old = "event_at = '2020-01-01', due_at = '2020-01-01', expires_at = '2020-01-01'"
    for name, state in (("unknown", "unknown"), ("failed", "failed")):
        with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
            connection.execute(
                f"UPDATE deliveries SET state = ?, next_attempt_at = NULL, held = 0, settled_at = '2020', {old} "  # noqa: S608
                "WHERE booking = ?",
                (state, name),
            )
        connection.close()
    command(clinic, "purge", "--older-than", "1d", "--now", "2026-01-05T00:00Z")
    assert {each["booking"] for each in clinic.deliveries()} == {"held", "unknown", "newest"}


def test_purge_needs_a_length_of_time_and_shrink_gives_the_space_back(clinic: Clinic) -> None:
    clinic.write(WORKFLOW, settings=SETTINGS)
    assert "--older-than 90d" in command(clinic, "purge", exits=2)
    assert "cannot read 'soon'" in command(clinic, "purge", "--older-than", "soon", exits=2)
    clinic.run("2026-01-01T00:00Z")
    clinic.insert((f"b{number}", at("2026-01-10T10:00Z")) for number in range(400))
    clinic.run("2026-01-09T10:00Z")
    command(clinic, "purge", "--older-than", "1d", "--now", "2026-03-01T00:00Z")
    full = (clinic.folder / "ledger.db").stat().st_size
    assert "given back to the disk" in command(clinic, "purge", "--shrink")
    assert (clinic.folder / "ledger.db").stat().st_size < full / 2


HOURS = st.sampled_from([-1440, -1430, -24, -23, -1, 1, 24, 7201, 7300, 24_000])  # from the first start
STEPS = st.one_of(
    st.tuples(st.just("run"), HOURS),
    st.tuples(st.just("purge"), HOURS),
    st.tuples(st.just("backfill"), HOURS),
    st.tuples(st.just("move"), st.sampled_from(["2026-05-01T10:00Z", "2026-05-02T10:00Z", "2026-01-20T10:00Z"])),
    st.tuples(st.just("grace"), st.sampled_from(["1h", "30 days", "3000 days"])),
)
SEND_LATE = WORKFLOW.replace("when:", "late_booking: send\n  when:")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=3, max_size=7))
def test_whatever_happens_after_a_purge_nothing_is_sent_twice(steps: list[tuple[str, Any]]) -> None:
    """Clocks jump, bookings move away and back, a grace grows to years, backfills reach far: keys alone decide."""
    folder = Path(tempfile.mkdtemp())
    try:
        clinic = Clinic(folder / "clinic")
        clinic.write(SEND_LATE)
        clinic.run("2025-06-01T00:00Z")
        clinic.book("b", "2026-05-01T10:00Z")
        clinic.book("c", "2026-05-01T10:01Z")
        first = at("2026-05-01T10:00Z")
        for verb, value in [("run", -1440), ("run", -23), ("purge", 2400), *steps, ("run", -23)]:
            now = written(first + timedelta(hours=value)) if isinstance(value, int) else ""
            if verb == "move":
                clinic.move("b", value)
            elif verb == "grace":
                clinic.write(SEND_LATE.replace("when:", f"grace: {value}\n  when:"))
            else:
                options = {"purge": ["--older-than", "1h"], "backfill": ["hook", "--since", "2020-01-01", "--yes"]}
                result = clinic.command(verb, *options.get(verb, []), "--now", now)
                assert isinstance(result.exception, SystemExit | None), result.exception
        sent = sent_keys(clinic)
        assert len(sent) >= 2
        assert len(sent) == len(set(sent))
    finally:
        shutil.rmtree(folder)


def test_without_the_keys_that_purge_leaves_it_would_be_sent_again(clinic: Clinic) -> None:
    """That the test above can fail."""
    clinic.write(
        SEND_LATE.replace("[60 days before start, 1 day before start, 300 days after end]", "1 day before start")
    )
    clinic.run("2025-06-01T00:00Z")
    clinic.book("b", "2026-05-01T10:00Z")
    clinic.book("newest", "2026-05-01T10:01Z")
    clinic.run("2026-04-30T10:02Z")
    command(clinic, "purge", "--older-than", "1h", "--now", "2026-08-01T00:00Z")
    clinic.run("2026-04-30T10:03Z")
    assert len(sent_keys(clinic)) == 2
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        assert connection.execute("DELETE FROM purged").rowcount == 1
    clinic.run("2026-04-30T10:04Z")
    assert len(sent_keys(clinic)) == 3


# --- erase ------------------------------------------------------------------------------------------------------------

ANA = {"id": "ana-7", "full_name": "Ana Luz", "email": "ana.luz@example.com"}


@pytest.fixture
def mailed(clinic: Clinic) -> Clinic:
    """Ana got two mails about her visit, Ben one; of her next visit's some wait, held back."""
    clinic.write(MAIL)
    clinic.execute("INSERT INTO staff (id, email) VALUES ('s', 'staff@example.com')")
    clinic.run("2026-06-01T00:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", customers=(ANA, "ben"), staff_id="s")
    clinic.run("2026-06-09T10:00Z")
    clinic.write(MAIL.replace("when:", "max_burst: 0\n  when:"))
    clinic.book("b2", "2026-06-11T10:00Z", staff_id="s")
    clinic.execute("INSERT INTO participants (booking_id, customer_id) VALUES ('b2', 'ana-7')")
    clinic.execute("DELETE FROM participants WHERE booking_id = 'b2' AND customer_id = 'ana'")
    clinic.run("2026-06-10T10:00Z", exits=1)
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        connection.execute("INSERT INTO circuits (circuit, error) VALUES ('sms', 'refused for <ana.luz@example.com>')")
        connection.execute("UPDATE attempts SET error = 'told ana.luz@example.com'")
    return clinic


def bytes_of(clinic: Clinic) -> bytes:
    """Everything that the ledger's files hold."""
    return b"".join(path.read_bytes() for path in clinic.folder.glob("ledger.db*"))


def test_erasing_a_person_leaves_no_byte_of_them_and_nothing_is_sent_again(mailed: Clinic) -> None:
    assert b"ana.luz" in bytes_of(mailed)
    states = {each["key"]: each["state"] for each in mailed.deliveries()}
    out = len(mailed.outbox())
    copy = mailed.folder / "ledger.db.before-version-2-from-1"
    copy.write_bytes(b"")
    said = command(mailed, "erase", "customer:ana-7", "--yes", "--now", "2026-06-10T10:01Z")
    assert "9 deliveries of customer ana-7 erased, 2 canceled" in said
    assert str(copy) in said
    assert sum(str(path) in said for path in mailed.outbox()) == 3, "hers, and what the staff were told of her"
    assert b"ana" not in bytes_of(mailed).lower()
    assert {each["key"] for each in mailed.deliveries()} == states.keys()
    gone = [each for each in mailed.deliveries() if each["recipient"] == "erased"]
    assert {(each["booking"], states[each["key"]], each["state"]) for each in gone} == {
        ("b1", "sent", "sent"),
        ("b1", "expired", "expired"),
        ("b2", "pending", "canceled"),
    }
    assert {each["recipient"] for each in mailed.deliveries()} >= {"customer:ben", "staff:s"}
    mailed.write(MAIL.replace("when:", "late_booking: send\n  when:"))
    mailed.run("2026-06-10T09:31Z")
    mailed.run("2026-06-10T10:02Z")
    assert len(mailed.outbox()) == out, "the same id is there again, or still, and the keys know it"


@pytest.mark.parametrize("spelled", ["+34 600 12 34 56", "34600123456", "0034600123456", "(600) 123-456"])
def test_no_spelling_of_a_number_stays_in_what_providers_said(clinic: Clinic, spelled: str) -> None:
    clinic.write("- {id: w, when: 1 day before start, actions: [{send: sms, to: customer, body: x}]}\n")
    clinic.run("2026-06-01T00:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", customers=(ANA | {"phone": "+34600123456"},))
    clinic.book("b2", "2026-06-10T10:00Z", customers=("ben",))
    clinic.run("2026-06-09T10:00Z")
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        connection.execute("UPDATE deliveries SET error = ?", (f"21211: '{spelled}' is not valid",))
        connection.execute("UPDATE attempts SET error = ?", (f"21211: '{spelled}' is not valid",))
        connection.execute("INSERT INTO circuits (circuit, error) VALUES ('sms twilio', ?)", (f"blocked: {spelled}",))
    command(clinic, "erase", "ana-7", "--yes", "--now", "2026-06-10T10:01Z")
    assert spelled.encode() not in bytes_of(clinic)
    assert "(erased)" in " ".join(str(each["error"]) for each in clinic.deliveries())


def test_erase_asks_first_and_a_rehearsal_changes_nothing(mailed: Clinic) -> None:
    before = mailed.deliveries()
    assert "nothing was changed" in command(mailed, "erase", "ana-7", "--dry-run")
    assert "Erase their personal data" in command(mailed, "erase", "ana-7", exits=1)
    assert mailed.deliveries() == before
    assert "customer nobody is not in the ledger" in command(mailed, "erase", "nobody", "--yes", exits=2)
    answer = json.loads(command(mailed, "erase", "ana-7", "--json", "--yes"))
    assert answer["canceled"] == 2
    assert "is not in the ledger" in command(mailed, "erase", "ana-7", "--yes", exits=2)


# --- export, filters, decisions ---------------------------------------------------------------------------------------


def test_an_export_is_what_list_shows_in_every_format(mailed: Clinic, tmp_path: Path) -> None:
    with closing(sqlite3.connect(mailed.folder / "ledger.db")) as connection, connection:
        connection.execute("""UPDATE deliveries SET error = '=1+1, "quoted"' || char(10) || 'line two' WHERE id = 1""")
    listed = mailed.deliveries()
    export = ("deliveries", "export")
    assert json.loads(command(mailed, *export, "--format", "json")) == listed
    assert [json.loads(line) for line in command(mailed, *export, "--format", "ndjson").splitlines()] == listed
    path = tmp_path / "out.csv"
    assert command(mailed, *export, "-o", str(path)) == ""
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    empty = {None: "", True: "true", False: "false"}
    assert found == [
        {
            name: str(empty.get(value, value) if not isinstance(value, int) or isinstance(value, bool) else value)
            for name, value in each.items()
        }
        for each in listed
    ]
    assert found[0]["error"].startswith("=1+1"), "as it is"
    assert json.loads(command(mailed, *export, "--format", "json", "--state", "failed")) == []
    assert "cannot write: " in command(mailed, *export, "-o", str(tmp_path / "no" / "x"), exits=2)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--recipient", "customer:ben"), 2),
        (("--recipient", "ben"), 2),
        (("--recipient", "staff@example.com"), 3),
        (("--held",), 3),
        (("--until", "2026-06-09T10:00Z", "--channel", "email"), 4),
        (("--until", "2026-06-09T09:59:59Z"), 0),
        (("--since", "2026-06-10T10:00Z", "--state", "pending", "--workflow", "mail"), 3),
    ],
)
def test_a_list_is_filtered(mailed: Clinic, options: tuple[str, ...], count: int) -> None:
    assert len(mailed.deliveries(*options)) == count


def test_the_ledger_tells_who_decided_what_and_when(mailed: Clinic) -> None:
    held = str(mailed.deliveries("--held")[0]["id"])
    said = command(mailed, "deliveries", "cancel", held, "--now", "2026-06-10T10:01Z")
    assert said.startswith(f"delivery {held} (mail: email to ")
    shown = json.loads(command(mailed, "deliveries", "show", held, "--json"))
    (decision,) = shown["decisions"]
    assert (decision["decided_at"], decision["decision"]) == ("2026-06-10T10:01:00Z", "canceled")
    assert decision["decided_by"] == shown["settled_by"]
    assert shown["settled_at"] == "2026-06-10T10:01:00Z"
    assert f"canceled by {shown['settled_by']}" in command(mailed, "deliveries", "show", held)


# --- upgrades ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 1])
def test_an_older_ledger_is_copied_and_then_brought_up_to_date(clinic: Clinic, version: int) -> None:
    clinic.write(WORKFLOW)
    clinic.run("2026-01-01T00:00Z")
    path = clinic.folder / "ledger.db"
    younger = ["purged", "decisions"]
    with closing(sqlite3.connect(path)) as connection, connection:
        if not version:
            every = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
            younger = [name for (name,) in every]
        for table in younger:
            connection.execute(f"DROP TABLE {table}")
        if version:
            connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'purged_keys_and_decisions'")
        connection.execute(f"PRAGMA user_version = {version}")
    if not version:
        (clinic.folder / "ledger.db.stamp").unlink()
    was = set(rows(clinic, "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"))
    clinic.book("b", "2026-01-10T10:00Z")
    assert clinic.run("2026-01-09T10:00Z") == ({"planned": 1, "sent": 1} if version else {})
    copy = clinic.folder / f"ledger.db.before-version-{store.VERSION}-from-{version}"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection, connection:
        assert set(connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")) == was
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    assert rows(clinic, "PRAGMA user_version") == [(store.VERSION,)]
