"""Wherever a person reads, people have names and addresses; the ids that an import makes are for programs."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import Clinic
from tests.end_to_end.test_command_line import on_a_terminal

WORKFLOWS = """\
- id: reminder
  when: 1 day before start
  actions:
    - {send: email, to: customer, subject: "{service_name}", body: "Hello {customer_first_name}"}
    - {send: sms, to: customer, body: "Hello {customer_first_name}, {appointment_start_time_client}"}
    - {send: email, id: staff-mail, to: staff, subject: s, body: b}
"""
EXPORT = """\
id,starts_at,ends_at,service,staff,staff_email,customer_name,customer_email,customer_phone,customer_timezone
1041,2026-06-10T12:00,2026-06-10T13:00,Haircut,Ana Gil,,Eva Ruiz,eva@example.com,,Mars/Base
1042,2026-06-10T12:30,2026-06-10T13:00,Haircut,,,,,+34600123456,
1043,2026-06-11T12:30,2026-06-11T13:00,Haircut,Ana Gil,,Luis Pérez,luis@example.com,+34600123457,
"""
AN_ID = re.compile(r"\b(customer|staff):\S")
COMMANDS = {
    "deliveries list": "eva@example.com",
    "deliveries list --state failed": "Eva Ruiz has no phone number",
    "deliveries show 2": "Eva Ruiz has no phone number",
    "deliveries show 3": "Ana Gil has no email address",
    "deliveries retry 2": "email to Eva Ruiz|sms to Eva Ruiz, booking 1041",
    "explain 1041": "sms to Eva Ruiz: ",
    "explain 1043": "email to Luis Pérez <luis@example.com>: due at",
    "upcoming --within 2d": "Luis Pérez\tluis@example.com",
    "run --dry-run --now 2026-06-10T12:30": "email to Luis Pérez <luis@example.com> for booking 1043",
    "run --now 2026-06-10T12:30 -v": "email to Luis Pérez <luis@example.com> for booking 1043",
    "backfill reminder --since 2026-06-09T14:00 --now 2026-06-10T13:00 --yes": "Luis Pérez <luis@example.com>",
    "bookings list": "Eva Ruiz",
    "bookings show 1041": "Eva Ruiz",
    "check": "Mars/Base' of customer Eva Ruiz",
    "status": "Mars/Base' of customer Eva Ruiz",
    "test --booking 1041": "sms to Eva Ruiz",
    "test --booking 1043": "email to Luis Pérez <luis@example.com>",
    "test --booking 1043 --send --to me@example.com": "as to Luis Pérez",
}


@pytest.fixture
def imported(clinic: Clinic, tmp_path: Path) -> Clinic:
    """The day after an import: Eva's SMS has failed, and the mail to Ana."""
    clinic.write(WORKFLOWS)
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-8")
    assert clinic.command("bookings", "import", str(tmp_path / "export.csv")).exit_code == 0
    clinic.run("2026-06-09T08:00Z")
    clinic.run("2026-06-09T10:00Z", exits=1)
    return clinic


@pytest.mark.parametrize("command", COMMANDS)
def test_people_have_names_in_text(imported: Clinic, command: str) -> None:
    now = () if "--now" in command else ("--now", "2026-06-09T10:01Z")
    result = imported.command(*command.split(), *now)
    assert result.exit_code in (0, 1), result.output
    assert re.search(COMMANDS[command], result.output), result.output
    if "bookings show" not in command:  # which is all that is known
        assert not AN_ID.search(result.output), result.output


def test_what_cron_mails_has_the_name_and_the_number_to_type(imported: Clinic) -> None:
    imported.execute("UPDATE customers SET email = NULL")
    result = imported.command("run", "--now", "2026-06-10T10:30Z")
    assert result.exit_code == 1
    said = "reminder: email to Luis Pérez <luis@example.com> for booking 1043 (Thu 2026-06-11 12:30), delivery "
    assert not AN_ID.search(result.output)
    assert said.replace(" <luis@example.com>", "") in result.stderr
    assert "Luis Pérez has no email address" in result.stderr


def test_json_has_the_ids(imported: Clinic) -> None:
    everything = imported.deliveries()
    assert all(AN_ID.search(each["recipient"]) for each in everything)
    (shown,) = (each for each in everything if each["error"] and "phone" in each["error"])
    assert shown["error"] == f"{shown['recipient']} has no phone number", "no name is kept in the ledger"
    with closing(sqlite3.connect(imported.folder / "ledger.db")) as connection:
        dumped = "\n".join(map(str, connection.iterdump()))
    assert "Eva Ruiz" not in dumped
    result = json.loads(imported.command("explain", "1041", "--json", "--now", "2026-06-09T10:01Z").stdout)
    assert all(AN_ID.search(each["recipient"]) for each in result)


def test_somebody_without_a_name_is_called_by_the_address(imported: Clinic) -> None:
    imported.run("2026-06-09T10:30Z", exits=1)
    listed = imported.command("deliveries", "list", "--booking", "1042").stdout
    assert "+34600123456" in listed
    assert not AN_ID.search(listed)


def test_a_name_outlasts_the_booking_and_the_address_the_customer(imported: Clinic) -> None:
    imported.execute("DELETE FROM participants")
    imported.execute("DELETE FROM bookings")
    assert "Eva Ruiz\teva@example.com" in imported.command("deliveries", "list").stdout
    assert "email to Eva Ruiz <eva@example.com>" in imported.command("explain", "1041").stdout
    imported.execute("DELETE FROM customers")
    listed = imported.command("deliveries", "list", "--channel", "email").stdout
    assert "\teva@example.com\teva@example.com\t" in listed
    (imported.folder / "bookings.db").unlink()
    assert imported.command("deliveries", "list", "--channel", "email").stdout == listed.replace(
        "Ana Gil", "staff:ana gil"
    )


def test_a_view_that_numbers_its_customers_knows_their_names(clinic: Clinic) -> None:
    clinic.write(WORKFLOWS)
    clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "7", "full_name": "Eva Ruiz"},))
    clinic.execute("ALTER TABLE customers RENAME TO people")
    clinic.execute(
        "CREATE VIEW customers AS SELECT CAST(id AS INTEGER) + 0 AS id, full_name, first_name, last_name, email, phone,"
        " telegram, language, timezone, fields FROM people"
    )
    clinic.run("2026-06-09T08:00Z")
    clinic.run("2026-06-09T10:00Z", exits=1)
    assert "Eva Ruiz\t7@example.com" in clinic.command("deliveries", "list").stdout
    assert {each["booking"] for each in clinic.deliveries("--customer", "eva")} == {"b1"}


LONG = (
    "Eva María de los Ángeles Ruiz-Giménez y Fernández de Córdoba",
    "eva.ruiz.gimenez.fernandez@clinica-sol.example.com",
)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_word_is_broken_and_no_name_cut_at_any_width(clinic: Clinic, width: int) -> None:
    clinic.write(WORKFLOWS)
    person = {"id": "c-1f", "full_name": LONG[0], "email": LONG[1], "phone": None}
    clinic.book("b1", "2026-06-10T10:00Z", customers=(person,))
    clinic.book("b2", "2026-06-11T10:00Z", customers=(person,))
    clinic.run("2026-06-09T08:00Z")
    clinic.run("2026-06-09T10:00Z", exits=1)
    for command in (["deliveries", "list"], ["upcoming", "--now", "2026-06-09T10:01Z", "--within", "3d"]):
        shown = on_a_terminal(*command, folder=clinic.folder, COLUMNS=str(width), NO_COLOR="1").replace("\r", "")
        assert all(len(line) <= width for line in shown.splitlines())
        for word in (*" ".join(LONG).split(), "cannot" if "upcoming" in command else "reminder,"):
            assert re.search(rf"(?<!\w){re.escape(word)}", shown), word
        assert f"<{LONG[1]}>" in shown


def test_a_look_ahead_says_what_the_next_run_will_do_not_what_one_has_done(imported: Clinic) -> None:
    """After a gap of a day in which nothing ran, nothing is in the ledger yet."""
    for number in range(3):
        imported.book(
            f"g{number}", "2026-06-10T14:00Z", customers=({"id": f"c-{number}", "full_name": f"Gap {number}"},)
        )
    before = imported.deliveries()
    for command in (("upcoming", "--now", "2026-06-10T13:59Z"), ("run", "--dry-run", "--now", "2026-06-10T13:59Z")):
        said = imported.command(*command).stderr
        assert "reminder: 12 found after their deadline: the next run sends none of them" in said
        assert "names them" not in said
        assert "not sent" not in said
    assert imported.deliveries() == before
    after = imported.command("run", "--now", "2026-06-10T13:59Z").stderr
    assert "reminder: 12 not sent: found after their deadline; `reminderctl deliveries list --state expired" in after
