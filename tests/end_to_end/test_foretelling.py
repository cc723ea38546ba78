"""`upcoming`, `explain` and `check` say what `run` then does; here each once said something else."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import pytest

from tests.clinic import Clinic
from tests.providers import HTTP_PROVIDERS, write_secrets

CLOSED = """\
timezone: Europe/Madrid
channels: {email: {host: 127.0.0.1, port: 9, security: none, from: clinic@example.com}}
"""
REMINDER = """\
- id: {id}
  when: 1 hour before start
  {more}
  actions: [{{send: {channel}, to: [{to}], {subject}body: b}}]
"""
ARMED, DUE, SOON = "2026-06-10T08:00Z", "2026-06-10T09:00Z", "2026-06-10T09:00:30Z"


def reminder(workflow: str = "w", *, channel: str = "email", to: str = "customer", more: str = "enabled: true") -> str:
    subject = "subject: s, " if channel == "email" else ""
    return REMINDER.format(id=workflow, channel=channel, to=to, more=more, subject=subject)


def ask(clinic: Clinic, *words: str, exits: int = 0) -> list[dict[str, Any]]:
    result = clinic.command(*words, "--json")
    assert result.exit_code == exits, (result.output, result.exception)
    told: list[dict[str, Any]] = json.loads(result.stdout)
    return told


def explained(clinic: Clinic, now: str, booking: str = "b1") -> str:
    (told,) = ask(clinic, "explain", booking, "--now", now)
    return str(told["reason"])


@pytest.fixture
def retrying(clinic: Clinic) -> Clinic:
    """A clinic whose mail server did not answer when the reminder of b1 fell due."""
    clinic.write(reminder(), settings=CLOSED)
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z")
    assert clinic.run(DUE) == {"planned": 1, "retrying": 1}
    return clinic


# --- a crowd ----------------------------------------------------------------------------------------------------------


def test_who_asks_about_one_booking_of_a_crowd_hears_that_it_will_be_held(clinic: Clinic) -> None:
    clinic.write(reminder(more="max_burst: 1"))
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.book("b2", "2026-06-10T10:00Z", customers=("ben",))
    (told,) = ask(clinic, "upcoming", "--booking", "b1", "--now", ARMED)
    assert told["held"]
    assert "release w" in told["reason"]
    assert explained(clinic, DUE).startswith("the next run holds it")
    assert clinic.run(DUE, exits=1) == {"planned": 2, "held": 2}


@pytest.mark.parametrize("now", [ARMED, DUE])
@pytest.mark.parametrize("limit", [1, 2])
def test_upcoming_and_explain_tell_the_same_of_what_no_run_has_planned(clinic: Clinic, now: str, limit: int) -> None:
    clinic.write(
        reminder(more=f"max_burst: {limit}", to="customer, admin"),
        settings=f"{CLOSED}admin: {{email: a@example.com}}\n",
    )
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z")
    told = ask(clinic, "upcoming", "--now", now)
    of_each = {each["recipient"]: each for each in ask(clinic, "explain", "b1", "--now", now)}
    assert len(told) == len(of_each) == 2
    for each in told:
        assert each["state"] == "pending"
        same = each.keys() - {"reason"} - ({"held"} if now == ARMED else set())  # `explain` looks at one booking
        assert {name: of_each[each["recipient"]][name] for name in same} == {name: each[name] for name in same}


# --- messages that cannot be made -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("timezone", "customer", "reason"),
    [
        ("Nowhere/Land", {}, "there is no time zone 'Nowhere/Land'"),
        (None, {"phone": "12"}, "the phone number '12'"),
        (None, {"phone": None}, "has no phone number"),
    ],
)
def test_what_will_fail_is_foretold_with_the_reason(
    clinic: Clinic, timezone: str | None, customer: dict[str, str | None], reason: str
) -> None:
    write_secrets(clinic.folder)
    sms = HTTP_PROVIDERS["sms twilio"].settings.format(url="http://127.0.0.1:9", timeout=5)
    clinic.write(reminder(channel="sms"), settings=f"timezone: Europe/Madrid\nchannels:\n{sms}")
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "ana", **customer},), timezone=timezone)
    (told,) = ask(clinic, "upcoming", "--now", ARMED)
    assert reason in told["reason"]
    assert f"it will fail: {told['reason']}" in explained(clinic, ARMED)
    clinic.run(DUE, exits=1)
    (failed,) = clinic.deliveries("--state", "failed")
    assert failed["error"] == told["reason"]


@pytest.mark.parametrize(
    ("address", "reason"), [("new@example.com", None), (None, "customer:ana has no email address")]
)
def test_a_waiting_message_goes_to_the_address_of_now(
    retrying: Clinic, address: str | None, reason: str | None
) -> None:
    retrying.execute("UPDATE customers SET email = ?", (address,))
    (told,) = ask(retrying, "upcoming", "--now", SOON)
    assert (told["address"], told["reason"]) == (address, reason)
    (told,) = ask(retrying, "explain", "b1", "--now", SOON)
    assert told["address"] == address
    assert (reason or "sends it") in told["reason"]


# --- what waits, and what comes back ----------------------------------------------------------------------------------


def test_what_the_next_run_cancels_is_not_called_pending(retrying: Clinic) -> None:
    retrying.move("b1", "2026-06-11T10:00Z")
    for_new_time, for_old_time = ask(retrying, "explain", "b1", "--now", SOON)
    assert for_new_time["reason"] == "due at 2026-06-11T09:00:00Z"
    assert for_old_time["reason"] == "the next run cancels it: the booking was moved to 2026-06-11T10:00:00Z"
    retrying.execute("DELETE FROM bookings")
    assert explained(retrying, SOON) == "the next run cancels it: the booking was deleted or cannot be read"
    retrying.write(reminder("other"), settings=CLOSED)
    assert explained(retrying, SOON) == "the next run cancels it: the workflow was removed"
    assert retrying.run(SOON) == {"canceled": 1}


def test_a_booking_approved_anew_is_said_to_be_reminded_after_all(retrying: Clinic) -> None:
    retrying.set_status("b1", "canceled")
    assert retrying.run("2026-06-10T09:01Z") == {"canceled": 1}
    assert explained(retrying, "2026-06-10T09:01:30Z").startswith("canceled: status is canceled")
    retrying.set_status("b1", "approved")
    assert explained(retrying, "2026-06-10T09:01:30Z").endswith("but it is due again: the next run sends it")
    assert retrying.run("2026-06-10T09:02Z") == {"planned": 1, "retrying": 1}


def test_what_a_restored_ledger_will_not_send_again_is_not_promised(clinic: Clinic) -> None:
    clinic.write(reminder(more="late_booking: send"))
    clinic.run(ARMED)
    shutil.copy(clinic.folder / "ledger.db", clinic.folder / "backup.db")
    clinic.book("b1", "2026-06-10T10:00Z")
    assert clinic.run(DUE) == {"planned": 1, "sent": 1}
    for ending in ("", "-wal", "-shm"):
        (clinic.folder / f"ledger.db{ending}").unlink(missing_ok=True)
    shutil.copy(clinic.folder / "backup.db", clinic.folder / "ledger.db")
    uncertain = "may have been sent before the ledger was restored, so no run sends it"
    assert uncertain in explained(clinic, SOON)
    assert clinic.run(SOON, exits=1) == {}
    assert uncertain in explained(clinic, SOON), "after that run, too"


def test_what_waits_for_a_broken_file_is_not_counted_on(clinic: Clinic) -> None:
    folder = clinic.folder / "workflows.yaml"  # where the harness looks; a directory does as well
    folder.mkdir()
    (folder / "settings.yaml").write_text(f"bookings: ../bookings.db\nledger: ../ledger.db\n{CLOSED}")
    (folder / "other.yaml").write_text(f"workflows:\n{reminder('other', more='enabled: false')}")
    (folder / "w.yaml").write_text(f"workflows:\n{reminder()}")
    clinic.run(ARMED)
    clinic.book("b1", "2026-06-10T10:00Z")
    assert clinic.run(DUE) == {"planned": 1, "retrying": 1}
    (folder / "w.yaml").write_text("workflows: [{id: w, whn: x}]\n")
    (told,) = ask(clinic, "upcoming", "--now", SOON, exits=2)
    assert told["reason"] == "no run sends it while the file of its workflow, w, has problems"
    *_, told = ask(clinic, "explain", "b1", "--now", SOON, exits=2)
    assert told["reason"] == "it is waiting: no run sends it while the file of its workflow has problems"
    assert clinic.run(SOON, exits=2) == {}


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("each", ["true", "false", "null"])
def test_the_filters_shown_are_those_of_the_participant_who_matched(clinic: Clinic, each: str) -> None:
    more = f"filters: {{language: en}}\n  for_each_customer: {each}" if each != "null" else "filters: {language: en}"
    clinic.write(reminder(to="admin", more=more))
    clinic.run(ARMED)
    people = ({"id": "ana", "language": "es"}, {"id": "ben", "language": "en"})
    clinic.book("b1", "2026-06-10T10:00Z", customers=people)
    told = next(each for each in ask(clinic, "explain", "b1", "--now", ARMED) if each["reason"].startswith("due at"))
    assert [verdict["refusal"] for verdict in told["filters"]] == [None, None]


# --- words ------------------------------------------------------------------------------------------------------------


def test_an_empty_length_is_refused_in_its_own_words(clinic: Clinic) -> None:
    clinic.write(reminder())
    refused = clinic.command("upcoming", "--within", "0h")
    assert (refused.exit_code, refused.stderr) == (2, "--within 0h is no time at all\n")


def test_check_does_not_open_bookings_whose_path_is_a_mistake(clinic: Clinic) -> None:
    clinic.write(reminder(), settings="timezone: Europe/Madrid\noutbox: o\nbookings: {a: b}\n")
    found = json.loads(clinic.command("check", "--json").stdout)
    assert [each["what"] for each in found["problems"]] == ["expected text, got a mapping"]
    assert found["warnings"] == []


def test_the_command_that_explain_advises_works_as_it_stands(clinic: Clinic) -> None:
    clinic.write(reminder(), settings="timezone: Europe/Madrid\noutbox: outbox\n")
    clinic.run(ARMED)
    clinic.run(DUE)
    clinic.book("b1", "2026-06-10T09:50Z")
    now = "2026-06-10T09:05Z"
    said = clinic.command("explain", "b1", "--now", now).stdout
    (advised,) = re.findall("`reminderctl (backfill .*?)`", said)
    assert clinic.command(*advised.split(), "--yes", "--now", now).exit_code == 0
    assert clinic.run(now) == {"sent": 1}
