"""`late_booking: send`: until when a booking may come late, and which of several messages it gets then."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.clinic import SETTINGS, Clinic, at

CLOSED = SETTINGS.replace("outbox: outbox\n", "") + (
    "channels: {email: {host: 127.0.0.1, port: 1, security: none, from: a@example.com}}\n"
)


def workflow(when: str, *, more: str = "late_booking: send") -> str:
    return f"""\
- id: w
  when: {when}
  {more}
  actions:
    - send: email
      to: customer
      subject: s
      body: b
"""


def sent(clinic: Clinic) -> list[str]:
    return [each["trigger"] for each in clinic.deliveries("--state", "sent")]


@pytest.mark.parametrize(
    ("when", "booked_at", "is_sent"),
    [
        ("2 hours before start", "2026-06-10T11:59Z", True),
        ("2 hours before start", "2026-06-10T12:00Z", False),
        ("1 week before start", "2026-06-10T11:59Z", True),
        ("1 week before start at 07:00", "2026-06-10T11:59Z", True),
        ("2 hours before end", "2026-06-10T14:59Z", True),
        ("2 hours before end", "2026-06-10T15:00Z", False),
        ("at start", "2026-06-10T14:59Z", True),
        ("at start", "2026-06-10T15:00Z", False),
        ("30 minutes after start", "2026-06-10T14:59Z", True),
        ("1 hour after end", "2026-06-11T16:00Z", True),
        ("1 hour after end", "2026-06-11T16:01Z", False),
    ],
)
def test_a_late_booking_is_in_time_until_its_event_its_end_or_a_day(
    clinic: Clinic, when: str, booked_at: str, *, is_sent: bool
) -> None:
    """A visit from twelve to three, booked after the instant had passed."""
    clinic.write(workflow(when))
    clinic.run("2026-06-01T08:00Z")
    clinic.run(at(booked_at) - timedelta(minutes=6))
    clinic.book("b1", "2026-06-10T12:00Z", minutes=180)
    assert clinic.run(booked_at) == ({"planned": 1, "sent": 1} if is_sent else {})
    assert len(sent(clinic)) == is_sent


def test_a_late_booking_has_until_then_for_all_of_its_attempts(clinic: Clinic) -> None:
    clinic.write(workflow("2 hours before start"), settings=CLOSED)
    clinic.run("2026-06-10T09:00Z")
    clinic.run("2026-06-10T10:10Z")
    clinic.book("b1", "2026-06-10T12:00Z")
    clinic.run("2026-06-10T10:11Z")
    (delivery,) = clinic.deliveries()
    assert delivery["expires_at"] == "2026-06-10T11:59:59Z"
    clinic.run("2026-06-10T11:40Z")
    (delivery,) = clinic.deliveries()
    assert (delivery["state"], delivery["expires_at"]) == ("pending", "2026-06-10T11:59:59Z")
    assert clinic.run("2026-06-10T11:58Z", "--outbox", str(clinic.folder / "outbox")) == {"sent": 1}


@pytest.mark.parametrize("late", ["booked", "moved", "approved"])
def test_of_several_messages_that_a_late_booking_has_passed_only_the_last_one_goes(clinic: Clinic, late: str) -> None:
    clinic.write(workflow("[1 day before start, 3 hours before start, 1 hour before start]"))
    clinic.run("2026-06-01T08:00Z")
    if late == "moved":
        clinic.book("b1", "2026-06-20T12:00Z")
    elif late == "approved":
        clinic.book("b1", "2026-06-10T12:00Z", status="rejected")
    clinic.run("2026-06-10T09:58Z")
    if late == "booked":
        clinic.book("b1", "2026-06-10T12:00Z")
    elif late == "moved":
        clinic.move("b1", "2026-06-10T12:00Z")
    else:
        clinic.set_status("b1", "approved")
    assert clinic.run("2026-06-10T09:59Z") == {"planned": 1, "sent": 1}
    assert sent(clinic) == ["3 hours before start"]
    said = json.loads(clinic.command("explain", "b1", "--json", "--now", "2026-06-10T10:00Z").stdout)
    reasons = {each["trigger"]: each["reason"] for each in said}
    assert reasons["1 day before start"] == (
        "the booking was made after this was due, at 2026-06-09T12:00:00Z, and after `3 hours before start` was due: "
        "only the last one is sent"
    )
    assert reasons["1 hour before start"] == "due at 2026-06-10T11:00:00Z"
    clinic.every_minute("2026-06-10T10:58Z", "2026-06-10T11:08Z")
    assert sent(clinic) == ["3 hours before start", "1 hour before start"]


def test_the_last_one_is_on_time_where_it_falls_due_with_the_booking(clinic: Clinic) -> None:
    clinic.write(workflow("[1 day before start, 1 hour before start]"))
    clinic.run("2026-06-01T08:00Z")
    clinic.run("2026-06-10T10:59Z")
    clinic.book("b1", "2026-06-10T12:00Z")
    assert clinic.run("2026-06-10T11:00Z") == {"planned": 1, "sent": 1}
    assert sent(clinic) == ["1 hour before start"]


def test_a_booking_that_is_entered_after_its_visit_is_no_trouble(clinic: Clinic) -> None:
    clinic.write(workflow("[1 day before start, at start]"))
    clinic.run("2026-06-01T08:00Z")
    clinic.run("2026-06-10T13:30Z")
    clinic.book("b1", "2026-06-10T12:00Z")
    assert clinic.run("2026-06-10T13:31Z") == {}
    assert clinic.deliveries() == []
    (told, *_) = json.loads(clinic.command("explain", "b1", "--json", "--now", "2026-06-10T13:32Z").stdout)
    assert told["reason"].endswith("booked, moved or approved after its deadline")


def test_a_booking_that_was_in_time_is_not_late_because_we_were(clinic: Clinic) -> None:
    """No run for fourteen hours: a default grace measures how late we are."""
    clinic.write(workflow("1 day before start"))
    clinic.run("2026-06-01T08:00Z")
    clinic.book("b1", "2026-06-10T12:00Z")
    clinic.run("2026-06-09T11:59Z")
    assert clinic.run("2026-06-10T02:00Z", exits=1) == {"planned": 1, "expired": 1}
    clinic.book("b2", "2026-07-10T12:00Z")
    assert clinic.run("2026-06-10T02:01Z") == {}
    assert clinic.states() == {"expired": 1}
