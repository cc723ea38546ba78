"""A ledger of many deliveries, listed: piece by piece for programs, the last ones for people."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.measure import finish
from reminderctl.cli import main
from reminderctl.cli.console import print_json, print_json_array
from tests.clinic import Clinic, at
from tests.end_to_end.test_command_line import on_a_terminal as printed
from tests.end_to_end.test_when_it_fires import reminder
from tests.statements import watch

MANY = 20_000
FORMS = [
    ("list", "--json"),
    ("list",),
    ("export",),
    ("export", "--format", "json"),
]


@pytest.fixture
def long(clinic: Clinic) -> Clinic:
    """Many that were sent a minute apart, the last of them failed."""
    clinic.write(reminder())
    clinic.run("2026-06-01T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-09T10:00Z")
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(deliveries)")]
        same = ", ".join(name for name in columns if name not in ("id", "key", "due_at"))
        connection.execute(
            f"""
            WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {MANY})
            INSERT INTO deliveries (key, due_at, {same})
            SELECT number, STRFTIME('%Y-%m-%dT%H:%M:%SZ', due_at, (number || ' minutes')), {same}
            FROM numbers, deliveries
            """  # noqa: S608 - names of columns
        )
        connection.execute("UPDATE deliveries SET state = 'failed' WHERE id = (SELECT MAX(id) FROM deliveries)")
    return clinic


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_however_many_there_are_they_need_no_more_memory(long: Clinic, form: tuple[str, ...]) -> None:
    program = [sys.executable, "-m", "reminderctl", "-c", str(long.folder / "workflows.yaml"), "deliveries", *form]
    few, many = finish([*program, "--limit", "1000"]), finish(program)
    assert many.output.count("ana@example.com") > 10 * few.output.count("ana@example.com") > 0
    assert many.memory < few.memory + 8, "MB"


@pytest.mark.parametrize("number", [0, 1, 2, 2500])
def test_an_array_that_is_printed_piece_by_piece_is_as_one_that_is_printed_whole(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    values = [
        {"id": each, "text": "line\n  \u202e\x1b", "nested": [{}, [each]], "none": None} for each in range(number)
    ]
    print_json(values)
    whole = capsys.readouterr().out
    print_json_array(iter(values))
    assert capsys.readouterr().out == whole


def on_a_terminal(clinic: Clinic, *arguments: str) -> list[str]:
    environment = {"COLUMNS": "200", "FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}
    command = ["--config", str(clinic.folder / "workflows.yaml"), "deliveries", "list", *arguments]
    result = CliRunner(env=environment).invoke(main, command)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_a_person_sees_the_last_ones_and_how_to_see_others(long: Clinic) -> None:
    lines = on_a_terminal(long)
    assert "the last 100 deliveries" in lines[-1]
    assert lines[0].split() == ["id", "state", "due", "sent", "message", "reason"]
    due = [line for line in lines if re.match(r"\d+ +(sent|failed) ", line)]
    assert len(due) == 100
    assert "failed" in due[-1], "the newest is the last"
    (line,) = (line for line in on_a_terminal(long, "--state", "failed") if re.match(r"\d+ +(sent|failed) ", line))
    assert line.split() == due[-1].split()
    shown = [line for line in on_a_terminal(long, "--limit", "101") if re.match(r"\d+ +(sent|failed) ", line)]
    assert shown[-100:] == due, "the last ones, too"
    assert len(shown) == 101


@pytest.mark.parametrize("state", ["failed", "unknown", "pending", "sending", "held", "missing", "expired", "canceled"])
def test_what_is_in_a_state_is_listed(long: Clinic, state: str) -> None:
    assert len(long.deliveries("--state", state)) == (state == "failed")
    assert len(long.deliveries("--state", state, "--state", "sent", "--limit", "3")) == 3


def test_status_counts_what_there_is(long: Clinic) -> None:
    found = json.loads(long.command("status", "--json", "--now", "2026-06-09T10:01Z").stdout)
    counts = {state: each["all"] for state, each in found["deliveries"].items() if each["all"]}
    assert counts == {"sent": MANY, "failed": 1}
    assert found["deliveries"]["sent"]["last_24_hours"] == MANY


# --- what is to come --------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """Two workflows that are alike but for what they filter, and a visit every 97 seconds of a day."""
    colour = reminder(more="filters: {status: approved}").replace("id: reminder", "id: other")
    clinic.write(reminder() + colour + reminder("2 hours before start").replace("id: reminder", "id: late"))
    clinic.run("2026-06-01T08:00Z")
    first = at("2026-06-10T10:00:31Z")
    clinic.insert((f"b{number}", first + timedelta(seconds=97 * number)) for number in range(800))
    return clinic


def upcoming(clinic: Clinic, *options: str) -> list[dict[str, Any]]:
    result = clinic.command("upcoming", "--json", "--now", "2026-06-09T10:00:20Z", *options)
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("options", [(), ("--workflow", "other"), ("--booking", "b300"), ("--within", "30h")])
def test_the_first_of_what_is_to_come_are_the_first_of_all_of_it(busy: Clinic, options: tuple[str, ...]) -> None:
    whole = upcoming(busy, *options)
    assert len(whole) > 1
    for number in (1, 7, 250):
        assert upcoming(busy, *options, "--limit", str(number)) == whole[:number]


def test_a_person_sees_the_first_that_are_to_come_and_that_there_are_more(busy: Clinic) -> None:
    command = ["-c", str(busy.folder / "workflows.yaml"), "upcoming", "--now", "2026-06-09T10:00:20Z"]
    shown = printed(*command, folder=busy.folder, COLUMNS="160", NO_COLOR="1")
    assert "100 messages until Tuesday 13:1" in shown
    assert "what follows is not shown" in shown
    shown = printed(*command, "--within", "10m", folder=busy.folder, COLUMNS="160", NO_COLOR="1")
    assert "what follows is not shown" not in shown


def test_workflows_with_the_same_trigger_read_the_bookings_once(busy: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    watch(monkeypatch, lambda file, statement: statements.append(statement) if file == "bookings.db" else None)
    upcoming(busy)
    whole_day = [each for each in statements if "b.starts_at <= '2026-06-11T10:00:20Z'" in each]
    assert len(whole_day) == 1
