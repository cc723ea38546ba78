"""What is kept of sources: a person who is erased, bookings long past, a file that is no longer what it was."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import Clinic
from tests.end_to_end.test_sources import Practice, reminded, run

MORNING, NOON = "2026-11-24T07:00Z", "2026-11-24T08:00Z"


@pytest.fixture
def practice(clinic: Clinic) -> Practice:
    """Bookings 1 to 3, at nine, ten and eleven."""
    practice = Practice(clinic)
    practice.book_many((1, 2, 3), first="2026-11-24T09:00Z")
    return practice


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


def customer_of(clinic: Clinic, booking: str) -> str:
    shown = json.loads(clinic.command("bookings", "show", booking, "--json").stdout)
    found: str = shown["participants"][0]["customer"]["id"]
    return found


# --- a file that is no longer what it was -----------------------------------------------------------------------------


def spoil(path: Path, how: str) -> None:
    good = path.read_bytes()
    path.unlink()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(good[:5000])
    elif how == "no database":
        path.write_bytes(b"these are no bookings\n" * 400)
    elif how == "of another program":
        sql(path, "CREATE TABLE invoices (number)")
    else:
        path.write_bytes(good)
        sql(path, "PRAGMA user_version = 99")


HOWS = ["empty", "cut", "no database", "of another program", "of a newer version"]


@pytest.mark.parametrize("how", HOWS)
def test_a_spoilt_mirror_is_made_again_and_nothing_is_sent_twice(practice: Practice, how: str) -> None:
    clinic, mirror = practice.clinic, practice.clinic.folder / "sources.db"
    run(clinic, MORNING)
    run(clinic, NOON)
    assert reminded(clinic) == ["1"]
    spoil(mirror, how)
    spoilt = mirror.read_bytes()
    result = run(clinic, "2026-11-24T09:00Z")
    assert result.exit_code == 0
    assert "it is made again" in result.stderr
    assert (clinic.folder / "sources.db.unusable").read_bytes() == spoilt
    assert mirror.stat().st_mode & 0o777 == 0o600
    assert reminded(clinic) == ["1", "2"]
    result = run(clinic, "2026-11-24T10:00Z")
    assert (result.exit_code, result.stderr) == (0, "")
    assert reminded(clinic) == ["1", "2", "3"]


@pytest.mark.parametrize("how", HOWS)
def test_who_only_looks_leaves_a_spoilt_mirror_and_says_what_helps(practice: Practice, how: str) -> None:
    clinic, mirror = practice.clinic, practice.clinic.folder / "sources.db"
    run(clinic, MORNING)
    spoil(mirror, how)
    spoilt = mirror.read_bytes()
    for words in (["sources", "list"], ["sources", "sync", "--dry-run"]):
        result = clinic.command(*words, "--now", MORNING)
        assert result.exit_code == 1
        assert "sources.db: " in result.stderr
        assert "delete the file: the next run makes it again" in result.stderr
    if how != "of a newer version":  # which may be readable all the same
        result = clinic.command("bookings", "list", "--now", MORNING)
        assert result.exit_code != 0
        assert "delete the file: the next run makes it again" in result.stderr
    assert mirror.read_bytes() == spoilt


@pytest.mark.parametrize("how", HOWS)
def test_a_spoilt_mirror_hurts_nobody_who_has_no_sources(clinic: Clinic, how: str) -> None:
    practice = Practice(clinic)
    run(clinic, MORNING)
    spoil(clinic.folder / "sources.db", how)
    (clinic.folder / "sources.db").rename(clinic.folder / "kept")
    clinic.command("init")
    (clinic.folder / "kept").rename(clinic.folder / "sources.db")
    del practice
    clinic.write(
        "- {id: hour, when: 1 hour before start, actions: [{send: email, to: customer, body: x, subject: y}]}\n"
    )
    result = run(clinic, NOON)
    assert (result.exit_code, result.stderr) == (0, "")


# --- forgetting -------------------------------------------------------------------------------------------------------


def test_a_person_who_is_erased_is_in_no_file_of_ours(practice: Practice) -> None:
    clinic = practice.clinic
    run(clinic, MORNING)
    run(clinic, NOON)
    customer = customer_of(clinic, "practice:1")
    practice.execute("DELETE FROM visits WHERE id = 1")
    found = json.loads(clinic.command("erase", customer, "--yes", "--json", "--now", NOON).stdout)
    assert (found["deliveries"], found["bookings"], found["listed_by"]) == (1, 1, "practice")
    for name in ("sources.db", "ledger.db"):
        assert b"Person 1" not in (clinic.folder / name).read_bytes()
        assert b"p1@example.com" not in (clinic.folder / name).read_bytes()
    run(clinic, "2026-11-24T08:01Z")
    assert b"p1@example.com" not in (clinic.folder / "sources.db").read_bytes()
    assert sql(clinic.folder / "sources.db", "SELECT id FROM bookings ORDER BY 1") == [("practice:2",), ("practice:3",)]
    run(clinic, "2026-11-24T09:00Z")
    assert reminded(clinic) == ["1", "2"]


def test_a_person_who_is_still_in_the_source_comes_back_and_is_not_reminded_twice(practice: Practice) -> None:
    clinic = practice.clinic
    run(clinic, MORNING)
    run(clinic, NOON)
    customer = customer_of(clinic, "practice:1")
    result = clinic.command("erase", customer, "--yes", "--now", NOON)
    assert (
        "sources.practice listed this customer when it was last read, at 2026-11-24T08:00:00Z: delete them there"
        in (result.stdout)
    )
    run(clinic, "2026-11-24T08:01Z")
    assert customer_of(clinic, "practice:1") == customer
    assert reminded(clinic) == ["1"]


def test_a_person_without_a_message_can_be_erased_too(practice: Practice) -> None:
    clinic = practice.clinic
    run(clinic, MORNING)
    customer = customer_of(clinic, "practice:3")
    dry = json.loads(clinic.command("erase", customer, "--dry-run", "--json", "--now", MORNING).stdout)
    assert (dry["deliveries"], dry["bookings"]) == (0, 1)
    assert clinic.command("erase", customer, "--yes", "--now", MORNING).exit_code == 0
    assert b"p3@example.com" not in (clinic.folder / "sources.db").read_bytes()


def test_others_of_a_group_keep_their_booking(clinic: Clinic) -> None:
    practice = Practice(clinic)
    practice.book(1, "2026-11-24T09:00Z")
    practice.execute("CREATE TABLE seats (visit, name, mail)")
    practice.execute("INSERT INTO seats VALUES (1, 'Person 1', 'p1@example.com'), (1, 'Person 2', 'p2@example.com')")
    text = (clinic.folder / "workflows.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "name AS customer_name, mail AS customer_email", "s.name AS customer_name, s.mail AS customer_email"
    )
    text = text.replace("FROM visits WHERE", "FROM visits JOIN seats AS s ON s.visit = id WHERE")
    (clinic.folder / "workflows.yaml").write_text(text, encoding="utf-8")
    run(clinic, MORNING)
    customer = customer_of(clinic, "practice:1")
    assert clinic.command("erase", customer, "--yes", "--now", MORNING).exit_code == 0
    shown = json.loads(clinic.command("bookings", "show", "practice:1", "--json").stdout)
    assert [each["customer"]["email"] for each in shown["participants"]] == ["p2@example.com"]


def test_the_id_of_the_source_is_suggested(practice: Practice) -> None:
    clinic = practice.clinic
    run(clinic, MORNING)
    customer = customer_of(clinic, "practice:1")
    result = clinic.command("erase", customer.partition(":")[2], "--yes", "--now", MORNING)
    assert result.exit_code == 2
    assert f"did you mean `{customer}`?" in result.stderr
    for words in (["explain", "1"], ["bookings", "show", "1"], ["deliveries", "list", "--booking", "1"]):
        result = clinic.command(*words, "--now", MORNING)
        assert result.exit_code == 2
        assert "did you mean `practice:1`?" in result.stderr


def test_purge_forgets_what_is_long_past_and_what_was_known_of_sources_that_left(clinic: Clinic) -> None:
    practice = Practice(clinic)
    practice.book_many((1, 2), first="2026-11-24T09:00Z")
    run(clinic, MORNING)
    practice.execute("DELETE FROM visits")
    practice.book(3, "2027-03-01T09:00Z")
    run(clinic, "2027-02-28T08:00Z")
    dry = json.loads(
        clinic.command("purge", "--older-than", "30d", "--dry-run", "--json", "--now", "2027-03-01").stdout
    )
    assert dry["bookings"] == 2
    done = json.loads(clinic.command("purge", "--older-than", "30d", "--json", "--now", "2027-03-01").stdout)
    assert done["bookings"] == 2
    assert sql(clinic.folder / "sources.db", "SELECT id FROM bookings") == [("practice:3",)]
    assert len(sql(clinic.folder / "sources.db", "SELECT id FROM customers")) == 1
    assert sql(clinic.folder / "ledger.db", "SELECT source FROM readings") == [("practice",)]
    clinic.command("init")
    clinic.write(
        "- {id: hour, when: 1 hour before start, actions: [{send: email, to: customer, body: x, subject: y}]}\n"
    )
    clinic.command("purge", "--older-than", "30d", "--now", "2027-05-01")
    assert sql(clinic.folder / "sources.db", "SELECT id FROM bookings") == []
    assert sql(clinic.folder / "ledger.db", "SELECT source FROM readings") == []


def test_purge_keeps_what_the_workflows_still_read(practice: Practice) -> None:
    clinic = practice.clinic
    run(clinic, MORNING)
    found = json.loads(clinic.command("purge", "--older-than", "1h", "--json", "--now", "2026-11-24T20:00Z").stdout)
    assert found["bookings"] == 0
