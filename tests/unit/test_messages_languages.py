"""The language of dates and times, which is that of the text they stand in."""

from __future__ import annotations

import json

import pytest

from tests.clinic import SETTINGS, Clinic

PLAIN = "'{appointment_date}'"
TWO = "{es: 'ES {appointment_date}', en: 'EN {{ appointment_date | date(\"EEEE\") }}'}"
SPANISH, ENGLISH, FRENCH = "miércoles, 10 de junio de 2026", "Wednesday, June 10, 2026", "mercredi 10 juin 2026"


def told(clinic: Clinic, to: str, text: str, *, language: str | None) -> str:
    """The text that one recipient gets for a booking of a customer who speaks that language."""
    clinic.execute("INSERT INTO staff (id, name, phone) VALUES ('t1', 'Ana Ruiz', '+34600000001')")
    clinic.execute("INSERT INTO locations (id, name, phone) VALUES ('l1', 'Centro', '+34600000002')")
    clinic.book(
        "b1", "2026-06-10T10:00Z", staff_id="t1", location_id="l1", customers=({"id": "ana", "language": language},)
    )
    action = f"{{send: webhook, url: 'https://x.example', body: {text}}}"
    if to != "webhook":
        action = f"{{send: sms, to: '{to}', body: {text}}}"
    clinic.write(f"- id: w\n  when: 1 hour before start\n  actions: [{action}]\n", settings=SETTINGS)
    clinic.run("2026-06-10T08:00Z")
    assert clinic.run("2026-06-10T09:00Z") == {"planned": 1, "sent": 1}
    body: str = json.loads(clinic.outbox()[0].read_text(encoding="utf-8"))["body"]
    return body


OTHERS = ["staff", "admin", "company", "location", "+34600999888", "webhook", "{staff_phone}"]


@pytest.mark.parametrize(
    ("to", "language", "text", "expected"),
    [
        ("customer", "fr", PLAIN, FRENCH),
        ("customer", None, PLAIN, SPANISH),
        ("{customer_phone}", "fr", PLAIN, FRENCH),
        ("customer", "root", PLAIN, SPANISH),  # Babel knows it, and writes "2026 M06 10"
        ("customer", "C", PLAIN, SPANISH),
        ("customer", "fr", TWO, f"ES {SPANISH}"),
        ("customer", "en-GB", TWO, "EN Wednesday"),
        ("customer", "es-MX", "{es: '{appointment_start_time}', en: 'EN'}", "12:00 p.m."),
        ("customer", "fr", "{de: '{appointment_date}', en: 'EN'}", "Mittwoch, 10. Juni 2026"),
        *((to, "fr", PLAIN, SPANISH) for to in OTHERS),
        *((to, "en", TWO, "EN Wednesday") for to in OTHERS),
        ("staff", "fr", TWO, f"ES {SPANISH}"),
    ],
)
def test_dates_speak_the_language_of_their_text(
    clinic: Clinic, to: str, language: str | None, text: str, expected: str
) -> None:
    assert told(clinic, to, text, language=language) == expected
