"""The appointment as a calendar file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar
from msgspec import structs

from reminderctl.messages.context import Context
from reminderctl.messages.ics import appointment
from reminderctl.model import Company, Service
from tests.message_samples import FULL, NOTHING, context


def event(known: Context) -> Any:
    (found,) = Calendar.from_ical(appointment(known).content).walk("VEVENT")
    return found


def test_the_file_says_what_when_and_where_and_names_no_customer() -> None:
    attachment = appointment(context())
    assert attachment.content_type == "text/calendar; method=PUBLISH; charset=utf-8"
    assert b"\r\nMETHOD:PUBLISH\r\n" in attachment.content
    assert b"\r\nDTSTART:20261123T163000Z\r\nDTEND:20261123T180000Z\r\n" in attachment.content
    assert b"\r\nDTSTAMP:20261122T090000Z\r\n" in attachment.content
    assert b"ATTENDEE" not in attachment.content
    assert b"ana@example.com" not in attachment.content
    found = event(context())
    assert found["summary"] == "Corte (Clínica Sol)"
    assert found["location"] == "Centro, Calle Mayor 1, Madrid"
    assert found["uid"].endswith("@sol.example")


def test_a_moved_booking_changes_the_same_entry_and_another_participant_has_another() -> None:
    before = event(context())
    later = FULL.starts_at + timedelta(days=1)
    moved = structs.replace(FULL, starts_at=later, ends_at=later)
    after = event(context(moved, at=datetime(2026, 11, 22, 9, 1, tzinfo=UTC)))
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert event(context(participant=FULL.participants[1]))["uid"] != before["uid"]


def test_a_cancelled_booking_takes_its_entry_away() -> None:
    attachment = appointment(context(structs.replace(FULL, status="Cancelled")))
    assert attachment.content_type == "text/calendar; method=CANCEL; charset=utf-8"
    assert b"\r\nMETHOD:CANCEL\r\n" in attachment.content
    assert b"\r\nSTATUS:CANCELLED\r\n" in attachment.content


def test_hostile_and_missing_values_keep_the_file_whole() -> None:
    service = Service(id="s", name='x\r\nATTENDEE:mailto:x@y;"\\,\ud800' + "ñ" * 100)
    company = Company(name='a"\r\nb', email="c@d.example")
    found = event(context(structs.replace(FULL, service=service), company=company))
    assert "attendee" not in found
    assert found["summary"].startswith('x ATTENDEE:mailto:x@y;"\\,\ufffdñ')
    assert event(context(NOTHING, company=Company()))["summary"] == "Appointment"
