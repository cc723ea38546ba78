"""The values of tables as programs and people write them: what is read as it is meant, what a person hears of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.clinic import SETTINGS, Clinic
from tests.imports import import_file, list_bookings

CASES = Path(__file__).parents[1] / "tables" / "cases"
WITH_SMS = f"""{SETTINGS}channels:
  sms: {{provider: twilio, account_sid: AC1, auth_token: secret, from: "+15005550006", region: ES}}
"""
BY_MAIL_AND_SMS = """
  - id: reminder
    when: 1 hour before start
    actions:
      - {send: email, to: customer, subject: Hi, body: Hi}
      - {send: sms, to: customer, body: Hi}
"""
Import = Callable[..., Result]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = Clinic(tmp_path / "clinic")
    clinic.write(BY_MAIL_AND_SMS, settings=WITH_SMS)
    return clinic


def load_one(clinic: Clinic, **cells: Any) -> Result:
    """Import one booking, of a customer Ana who has these cells."""
    row = {"id": "1", "starts_at": "2026-12-01T10:00", "duration": 60, "customer_name": "Ana"}
    return import_file(clinic, json.dumps([row | cells]), name="export.json")


def customer(clinic: Clinic) -> dict[str, Any]:
    [booking] = list_bookings(clinic)
    [participant] = booking["participants"]
    found: dict[str, Any] = participant["customer"]
    return found


# --- mail addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        *("mailto:ana@example.com", "MAILTO:ana@example.com?subject=Cut", "mailto:ana%40example.com"),
        *("Ana <ana@example.com>", '"Ruiz, Ana" <ana@example.com>', "<ana@example.com>", "ana@example.com (Ana)"),
        *("ana@example.com;", "ana@example.com,", "ana@example.com.", "ana @example.com", "'ana@example.com'"),
        *(
            "\u202aana@example.com\u202c",
            "ana@exa\u200bmple.com",
            "\ufeffana@example.com",
            "\u00a0ana@example.com\u00a0",
        ),
        *("ana\u00ad@example.com", "ana@example.com\u200d", "ana\uff20example.com", '="ana@example.com"'),
    ],
)
def test_what_surrounds_a_mail_address_is_no_part_of_it(clinic: Clinic, written: str) -> None:
    assert "warning" not in load_one(clinic, customer_email=written).output
    assert customer(clinic)["email"] == "ana@example.com"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("ana@@example.com", "'ana@@example.com' has two @"),
        ("ana.example.com", "'ana.example.com' has no @"),
        ("ana@example.com; luis@example.com", "contains more than one address"),
        ("ana@example.com luis@example.com", "contains more than one address"),
        ("ana@example..com", "cannot have 'example..com' after the @"),
        ("ana@", "cannot have '' after the @"),
        ("ana ruiz@example.com", "cannot have 'ana ruiz' before the @"),
        ("by phone", "'by phone' has no @"),
    ],
)
def test_what_is_no_mail_address_is_named_and_kept(clinic: Clinic, written: str, problem: str) -> None:
    result = load_one(clinic, customer_email=written)
    assert "line 1: customer_email: " in result.stderr
    assert f"{problem}; write one address such as ana@example.com" in result.stderr
    assert customer(clinic)["email"] == written


# --- phone numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        *("+34600123456", "tel:+34-600-123-456", "TEL:+34600123456;ext=1", "whatsapp:+34600123456", "sms:+34600123456"),
        *("https://wa.me/34600123456", "wa.me/34600123456?text=x", "'+34600123456", '="+34600123456"', "600123456;"),
        *(
            "600123456.0",
            "34600123456.0",
            "3.4600123456E+10",
            "3,4600123456E+10",
            "Tel. 600 123 456",
            "Móvil: 600123456",
        ),
        *("\u202a+34600123456", "600\u200d123456", "+34\u00a0600\u00a0123\u00a0456", "+34 600\u2011123\u2011456"),
        *(
            "\u2068600123456\u2069",
            "+34\ufe0f600123456",
            "0034 600 123 456",
            "+34 (0) 600 123 456",
            "600123456 (mother)",
        ),
    ],
)
def test_an_sms_goes_to_the_number_that_is_meant(clinic: Clinic, written: str) -> None:
    assert "warning" not in load_one(clinic, customer_phone=written).output
    clinic.run("2026-12-01T07:30Z")
    clinic.run("2026-12-01T08:10Z", exits=0 if customer(clinic)["email"] else 1)
    sent = [json.loads(path.read_text()) for path in clinic.outbox() if path.suffix == ".json"]
    assert [each["address"] for each in sent] == [customer(clinic)["phone"]]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("600 12 34", "the phone number '600 12 34' does not exist in ES; write it like +34600123456"),
        ("+34 600 12 34", "the phone number '+34 600 12 34' does not exist; write it like +34600123456"),
        ("3.46E+10", "'3.46E+10' was rounded by a spreadsheet; export that column as text"),
        ("3,46E+10", "'3,46E+10' was rounded by a spreadsheet"),
        ("600123456 / 600654321", "'600123456 / 600654321' is not a valid phone number"),
        ("ask her", "'ask her' is not a valid phone number"),
        ("+346001234567890", "the phone number '+346001234567890' does not exist"),
    ],
)
def test_what_is_no_phone_number_is_named_and_kept(clinic: Clinic, written: str, problem: str) -> None:
    assert f"line 1: customer_phone: {problem}" in load_one(clinic, customer_phone=written).stderr
    assert customer(clinic)["phone"] == written


def test_without_a_region_a_number_needs_its_country(clinic: Clinic) -> None:
    clinic.write(BY_MAIL_AND_SMS, settings=WITH_SMS.replace(", region: ES", ""))
    assert "has no country code; write it like +34600123456" in load_one(clinic, customer_phone="600123456").stderr


@pytest.mark.parametrize(
    ("written", "is_named"), [("600 12 34", True), ("600123456", False), ("0044 20 7946 0958", False), ("12", True)]
)
def test_without_a_channel_the_country_of_the_zone_is_the_measure(
    clinic: Clinic, written: str, *, is_named: bool
) -> None:
    clinic.write("  []\n")
    assert ("customer_phone: " in load_one(clinic, customer_phone=written).stderr) is is_named


def test_characters_that_nobody_sees_cost_no_reminder(clinic: Clinic) -> None:
    import_file(clinic, (CASES / "phone-with-invisible-characters.json").read_bytes(), name="export.json")
    clinic.run("2026-12-01T07:30Z")
    clinic.run("2026-12-01T08:10Z", exits=1)  # three have no mail address, one no number
    sent = {each["booking"]: each["address"] for each in clinic.deliveries("--state", "sent")}
    assert sent == {"1": "+34600123456", "2": "+1-310-820-7129", "3": "600123456", "4": "sol@example.com"}


# --- languages, zones, chats ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(
            (word, "es")
            for word in ("Español", "ESPAÑOL", "Spanish", "castellano", "spa", "Spanisch", "es", "\u200bes")
        ),
        *((word, "en") for word in ("English", "Inglés", "English (UK)", "English - United States", "eng", "Anglès")),
        *(("Català", "ca"), ("Deutsch", "de"), ("Français", "fr"), ("Polski", "pl"), ("pt_BR", "pt_BR"), ("ES", "ES")),
    ],
)
def test_a_language_may_be_there_by_its_name(clinic: Clinic, written: str, code: str) -> None:
    assert "warning" not in load_one(clinic, language=written).output
    assert customer(clinic)["language"] == code


@pytest.mark.parametrize("written", ["xx", "Spain", "Español;Inglés", "native"])
def test_what_is_no_language_is_named_and_kept(clinic: Clinic, written: str) -> None:
    result = load_one(clinic, language=written)
    assert f"line 1: language: {written!r} is no language; texts are in the default one; write es" in result.stderr
    assert customer(clinic)["language"] == written


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("Romance Standard Time", "Europe/Paris"),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "Europe/Brussels"),
        ("europe/madrid", "Europe/Madrid"),
        ("Europe/Madrid\u200b", "Europe/Madrid"),
    ],
)
def test_the_zone_of_a_customer_may_be_there_by_another_name(clinic: Clinic, written: str, zone: str) -> None:
    assert "warning" not in load_one(clinic, customer_timezone=written).output
    assert customer(clinic)["timezone"] == zone


@pytest.mark.parametrize("written", ["GMT+2", "Central Time - US & Canada", "CEST", "Spain"])
def test_a_zone_of_a_customer_that_is_none_is_named(clinic: Clinic, written: str) -> None:
    result = load_one(clinic, customer_timezone=written)
    assert f"line 1: customer_timezone: {written!r} is not an IANA name such as Europe/Madrid" in result.stderr


def test_the_handed_zone_of_a_customer_is_named(clinic: Clinic) -> None:
    result = import_file(clinic, (CASES / "customer-timezone-unknown.csv").read_bytes())
    assert "line 2: customer_timezone: 'Central Time - US & Canada' is not an IANA name" in result.stderr


def test_a_link_to_a_chat_is_its_name(clinic: Clinic) -> None:
    assert "warning" not in load_one(clinic, customer_telegram="https://t.me/ana_ruiz").output
    assert customer(clinic)["telegram"] == "@ana_ruiz"
    assert "customer_telegram: 'ana' is not a valid Telegram chat" in load_one(clinic, customer_telegram="ana").stderr


# --- cells that say nothing, rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["-", "--", "n/a", "N/A", "NULL", "none", "NaN", "\\N", "\u2014"])
def test_a_cell_that_says_that_it_is_empty_is_empty(clinic: Clinic, written: str) -> None:
    cells = dict.fromkeys(("customer_email", "customer_phone", "customer_telegram", "language"), written)
    assert "warning" not in load_one(clinic, **cells).output
    assert [customer(clinic)[name] for name in ("email", "phone", "telegram", "language")] == [None] * 4


def test_each_row_of_a_group_is_looked_at(clinic: Clinic) -> None:
    header = "id,starts_at,duration,customer_name,customer_email,staff,staff_phone\n"
    rows = [f"1,2026-12-01T10:00,60,C{number},c{number}@@example.com,Eva,12\n" for number in (1, 2)]
    result = import_file(clinic, header + "".join(rows))
    assert [line.partition("export.csv: ")[2][:23] for line in result.stderr.splitlines()] == [
        "line 2: staff_phone: th",  # once: it is the same in each row
        "line 2: customer_email:",
        "line 3: customer_email:",
    ]


def test_the_blanks_of_unicode_in_a_name_are_blanks(clinic: Clinic) -> None:
    load_one(clinic, service="Corte\u00a0de\u202fpelo")
    assert list_bookings(clinic)[0]["service"]["name"] == "Corte de pelo"


@pytest.mark.parametrize("header", ["\u200bid,starts_at,duration", "id\u00a0,starts\u00a0at,duration\u200b"])
def test_the_name_of_a_column_may_hold_what_nobody_sees(clinic: Clinic, header: str) -> None:
    import_file(clinic, f"{header}\n1,2026-12-01T10:00,60\n")
    assert [each["id"] for each in list_bookings(clinic)] == ["1"]
