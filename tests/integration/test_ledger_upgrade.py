"""Ledgers of older versions, brought up to date with what they hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from reminderctl import ledger
from reminderctl.ledger import circuits, history
from reminderctl.ledger import schema as versions
from reminderctl.ledger.store import APPLICATION_ID
from tests.clinic import Clinic

STATES = ("pending", "sending", "sent", "failed", "unknown", "canceled", "expired")
INSERT = """
INSERT INTO deliveries (key, workflow, trigger, action, channel, lane, booking, recipient, event_at, due_at,
    expires_at, planned_by, state, next_attempt_at, run, settled_at)
VALUES (:state, 'w', 'at start', 'email', 'email', 'email', 'b', 'admin', '2026-06-10T10:00:00Z',
    '2026-06-10T10:00:00Z', '2026-06-10T11:00:00Z', 1, :state, :next_attempt_at, :run, :settled_at)
"""


def row(state: str) -> dict[str, object]:
    """What the table asks of a delivery in a state."""
    at = "2026-06-10T10:00:00Z"
    return {
        "state": state,
        "next_attempt_at": at if state == "pending" else None,
        "run": 1 if state == "sending" else None,
        "settled_at": None if state in ("pending", "sending") else at,
    }


def ledger_of_version_2(path: Path) -> None:
    """One delivery in each state, each with an attempt."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        versions.ledger.apply(Database(connection), stop_before="states_without_a_list")
        connection.executemany(INSERT, map(row, STATES))
        connection.execute(
            "INSERT INTO attempts (delivery, run, started_at) SELECT id, 1, '2026-06-10T10:00:00Z' FROM deliveries"
        )
        connection.execute("PRAGMA user_version = 2")
        connection.commit()


def schema(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite%'"))


def test_an_upgraded_ledger_keeps_what_it_holds_and_is_as_a_new_one(tmp_path: Path) -> None:
    ledger_of_version_2(tmp_path / "old.db")
    ledger.create(tmp_path / "new.db")
    with ledger.Ledger(tmp_path / "old.db") as opened:
        kept = [history.show(opened, each.id) for each in history.find(opened) if each.id is not None]
        assert [(each.key, each.state, len(each.history)) for each in kept] == [(state, state, 1) for state in STATES]
        opened.execute("DELETE FROM deliveries WHERE key = 'sent'")
        assert opened.execute("SELECT COUNT(*) FROM attempts").fetchone() == (6,)
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db")


def test_watermarks_of_triggers_go_on_as_those_of_their_actions(clinic: Clinic) -> None:
    """What fell due while the new version was installed is sent, what came before the first run is not."""
    clinic.write(
        "- id: w\n  when: at start\n"
        "  actions: [{send: email, to: customer, subject: s, body: b},\n"
        "    {send: email, id: b, to: admin, subject: s, body: b}]\n"
    )
    for minute in (58, 59):
        clinic.book(f"before-{minute}", f"2026-06-10T07:{minute}Z")
    clinic.book("meanwhile", "2026-06-10T08:09Z")
    path = clinic.folder / "ledger.db"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        versions.ledger.apply(Database(connection), stop_before="watermarks_of_actions")
        connection.execute(
            "INSERT INTO watermarks (workflow, trigger, armed_at, planned_until) VALUES"
            " ('w', 'start+0m', '2026-06-10T07:59:00Z', '2026-06-10T08:00:00Z')"
        )
        connection.execute("PRAGMA user_version = 7")
        connection.commit()
    clinic.run("2026-06-10T08:10Z")
    assert [(each["booking"], each["action"]) for each in clinic.deliveries()] == [
        ("meanwhile", "email"),
        ("meanwhile", "b"),
    ]
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT action, armed_at, planned_until FROM watermarks").fetchall()
    assert rows == [(action, "2026-06-10T07:59:00Z", "2026-06-10T08:10:00Z") for action in ("b", "email")]


def test_what_was_paused_and_what_may_have_gone_out_is_known_by_the_new_names(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        versions.ledger.apply(Database(connection), stop_before="circuits_and_uncertain_attempts")
        connection.execute(INSERT, row("pending"))
        connection.execute("UPDATE deliveries SET lane = 'webhook example.com', doubtful = 2")
        connection.execute(
            "INSERT INTO lanes (lane, failures, throttles, paused_until, error)"
            " VALUES ('webhook example.com', 5, 1, '2026-06-10T10:05:00Z', 'refused')"
        )
        connection.execute("PRAGMA user_version = 11")
        connection.commit()
    ledger.create(tmp_path / "new.db")
    with ledger.Ledger(path) as opened:
        kept = opened.execute("SELECT circuit, uncertain_attempts FROM deliveries").fetchall()
        assert kept == [("webhook example.com", 2)]
        assert circuits.failure_counts(opened, "webhook example.com") == (5, 1)
        now = datetime(2026, 6, 10, 10, 4, tzinfo=UTC)
        assert circuits.open_circuits(opened, now)["webhook example.com"].error == "refused"
    assert schema(path) == schema(tmp_path / "new.db")


@pytest.mark.parametrize("state", ["posted", "", "SENT"])
def test_a_state_that_nobody_knows_is_refused(tmp_path: Path, state: str) -> None:
    ledger.create(tmp_path / "ledger.db")
    with (
        ledger.Ledger(tmp_path / "ledger.db") as opened,
        pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed: state"),
    ):
        opened.execute(INSERT.replace("lane", "circuit"), **row(state))
