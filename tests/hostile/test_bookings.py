"""Bookings that another program wrote with too much of something: one of them never concerns the others."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.clinic import Clinic
from tests.hostile.hostile_clinic import DUE, TIMES, arm, insert
from tests.hostile.values import TEXTS

LATER = ("2026-06-09T10:01Z", "2026-06-09T10:02Z")
TWO_WORKFLOWS = """\
{send: sms, to: customer, body: "{customer_full_name}"}
- id: hook
  when: 1 day before start
  actions: [{send: webhook, url: "https://example.com/x?id={appointment_id}", json: {who: "{customer_full_name}"}}]
"""
ONE_SMS = "{send: sms, to: customer, body: 'Hola {customer_full_name} {custom.key}'}"
OUTBOX = "{}\noutbox: outbox"


def add(clinic: Clinic, booking: str, fields: str = "{}", **columns: Any) -> None:
    """A booking with one customer; its `fields` are written as they are."""
    insert(
        clinic,
        {
            "bookings": [{"id": booking, **TIMES, "fields": fields, **columns}],
            "customers": [{"id": booking, "full_name": "Ana", "phone": "+34600111222"}],
            "participants": [{"booking_id": booking, "customer_id": booking}],
        },
    )


@pytest.mark.parametrize(
    "identity", ["a/b", "a?b#c", "a\nb", "*", "%", "a\x00b", "..", "-1", "'", "007", " ", "\u202e", "é\u0301"]
)
def test_an_id_is_only_a_name(clinic: Clinic, identity: str) -> None:
    arm(clinic, TWO_WORKFLOWS, channels=OUTBOX)
    for each in (identity, "other", "7", f"{identity}x"):
        add(clinic, each)
    ran = clinic.run(DUE)
    assert ran == {"planned": 8, "sent": 8}
    of_it = clinic.deliveries(f"--booking={identity}")
    assert [each["booking"] for each in of_it] == [identity] * 2
    for command in ("explain", "bookings show"):
        assert clinic.command("--now", LATER[0], *command.split(), "--", identity).exit_code == 0
    clinic.execute("DELETE FROM bookings WHERE id = ?", (identity,))
    assert clinic.run(LATER[0]) == {}


DEEP = 990  # SQLite takes JSON no deeper than 1,000
FIELDS = {
    "deep maps": '{"x":' * DEEP + "1" + "}" * DEEP,
    "deep lists": '{"key":' + "[" * DEEP + "]" * DEEP + "}",
    "not so deep": '{"key":' + "[" * 200 + "]" * 200 + "}",
    "half a character": '{"key": "caf\\u00e9 \\ud83d"}',
    "a long number": '{"key": ' + "9" * 5_000 + "}",
    "infinity": '{"key": 1e999, "other": -1e999}',
    "a long text": json.dumps({"key": "x" * 1_000_000, "other": "x"}),
    "many keys": json.dumps({f"k{number}": number for number in range(20_000)}),
    "the same key": '{"key": 1, "key": 2}',
    "keys of ours": '{"appointment_id": {}, "customer_full_name": [], "_here": 1, "custom": 2, "": 3, "__class__": 4}',
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_fields_of_any_shape_concern_their_booking_only(clinic: Clinic, fields: str) -> None:
    arm(clinic, ONE_SMS, channels=OUTBOX)
    add(clinic, "odd", fields)
    add(clinic, "good")
    result = clinic.command("run", "--now", DUE)
    assert result.exit_code in (0, 1)
    assert "Traceback" not in result.output
    states = {each["booking"]: each["state"] for each in clinic.deliveries()}
    assert states["good"] == "sent"
    if states.get("odd") != "sent":  # then it is named
        assert "booking odd" in result.stderr
        assert len(result.stderr) < 1_000
    for command in ("explain", "bookings show", "test --booking", "upcoming --booking"):
        shown = clinic.command("--now", DUE, *command.split(), "odd")
        assert shown.exit_code in (0, 1, 2), (command, shown.exception)
        assert "Traceback" not in shown.output


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"caf\u00e9 \ud83d", "café \ufffd"),
        (r"\uDE00\ud83d\ud83d\ude00", "\ufffd\ufffd😀"),
        (r"\\ud83d \\\ud83d \ud83d\n", "\\ud83d \\\ufffd \ufffd"),
    ],
)
def test_half_a_character_costs_nobody_a_reminder(clinic: Clinic, written: str, read: str) -> None:
    """Programs that cut texts by UTF-16 units leave half an emoji at their end."""
    arm(clinic, ONE_SMS, channels=OUTBOX)
    add(clinic, "odd", f'{{"key": "{written}", "\\ud83d": 12.50}}')
    assert clinic.run(DUE) == {"planned": 1, "sent": 1}
    assert json.loads(clinic.outbox()[0].read_bytes())["body"].strip() == f"Hola Ana {read}"
    shown = json.loads(clinic.command("bookings", "show", "odd", "--json").stdout)
    assert (shown["fields"]["key"].strip(), shown["fields"]["\ufffd"]) == (read, 12.5)


@pytest.mark.parametrize("name", ["x" * 300, "x" * 100_000, "\x00", "../secret"])
def test_a_file_that_cannot_be_attached_fails_for_its_booking_alone(clinic: Clinic, name: str) -> None:
    (clinic.folder / "prep-good.pdf").write_bytes(b"%PDF")
    arm(
        clinic,
        "{send: email, to: admin, subject: x, body: x, attach: ['prep-{custom.key}.pdf']}",
        channels=f"{OUTBOX}\nadmin: {{email: a@example.com}}",
    )
    add(clinic, "odd", json.dumps({"key": name}))
    add(clinic, "good", json.dumps({"key": "good"}))
    assert clinic.run(DUE, exits=1) == {"planned": 2, "sent": 1, "failed": 1}
    [failed] = clinic.deliveries("--state", "failed")
    assert failed["error"].startswith("cannot attach 'prep-")
    assert len(failed["error"]) < 100_200


@pytest.mark.parametrize(
    "text", [TEXTS["long"], "a/" * 1_000 + "a", *map(TEXTS.get, ("path", "control characters", "template", "sql"))]
)
def test_a_zone_that_is_none_fails_its_booking_alone(clinic: Clinic, text: str) -> None:
    arm(clinic, ONE_SMS, channels=OUTBOX)
    add(clinic, "odd", timezone=text)
    add(clinic, "good")
    assert clinic.run(DUE, exits=1) == {"planned": 2, "sent": 1, "failed": 1}
    [failed] = clinic.deliveries("--state", "failed")
    assert "there is no time zone" in failed["error"]
    assert len(failed["error"]) < 500


def test_a_view_over_a_table_of_a_misleading_name_is_no_lock(clinic: Clinic) -> None:
    arm(clinic, ONE_SMS, channels=OUTBOX)
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection:
        connection.execute("ALTER TABLE bookings RENAME TO blocked_slots")
        connection.execute("CREATE VIEW bookings AS SELECT * FROM blocked_slots")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE blocked_slots")
    result = clinic.command("run", "--now", DUE)
    assert result.exit_code == 2
    assert "no such table" in result.stderr
