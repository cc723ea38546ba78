"""The catalogue of shortcodes, and the value that each of them has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec import structs

from reminderctl.messages.render import render_text
from reminderctl.messages.shortcodes import CATALOGUE, is_known, suggest
from reminderctl.model import Booking, Customer, Participant
from reminderctl.text_types import TextType
from tests.message_samples import FULL, NOTHING, SOL, context

NAMES = [re.sub("<.*>", "x1", shortcode.name) for shortcode in CATALOGUE]


def show(text: str, **changes: Any) -> str:
    return render_text(text, TextType.PLAIN, context=context(**changes))


@pytest.mark.parametrize("booking", [FULL, NOTHING], ids=["full", "empty"])
def test_every_shortcode_of_the_catalogue_renders(booking: Booking) -> None:
    assert len(NAMES) == len(set(NAMES)) > 80
    for name in NAMES:
        assert is_known(name)
        assert "{" not in show(f"{{{name}}}", booking=booking, participant=None)
        assert "{" not in show(f"{{{name}}}", booking=booking)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("custmer_name", "customer_full_name"),
        ("custmer_first_nam", "customer_first_name"),
        ("Customer-Full-Name", "customer_full_name"),
        ("appointment_time", "appointment_start_time"),
        ("location_phone", "location_phone_number"),
        ("service", "service_name"),
        ("foo", None),
    ],
)
def test_a_misspelt_shortcode_gets_a_suggestion(name: str, meant: str | None) -> None:
    assert not is_known(name)
    assert suggest(name) == meant


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{appointment_id} {appointment_status}", "1042 approved"),
        ("{appointment_date}", "lunes, 23 de noviembre de 2026"),
        ("{appointment_start_date_time}", "lunes, 23 de noviembre de 2026, 17:30"),
        ("{appointment_start_time}-{appointment_end_time}", "17:30-19:00"),
        ("{appointment_start_time_client}", "10:30"),
        ("{appointment_created_date} {appointment_created_time}", "viernes, 20 de noviembre de 2026 9:02"),
        ("{appointment_duration} {appointment_total_attendees}", "1 h 30 min 2"),
        ("{customer_first_name}/{customer_last_name}", "Ana/García López"),
        ("{customer_notes}{coupon_code}.", "."),
        ("{service_price} {appointment_sum_price} {staff_about}", "30 35.25 Estilista"),
        ("{appointment_extras_list}", "Champú, name: Masaje, price: 5.5"),
        ("{appointment_custom_field_3} {appointment_payment_link_stripe}", "true https://example.com/p"),
        ("{link_to_change_appointment_status_to_canceled}", "https://example.com/c"),
        ("{zoom_url} {zoom_meeting_url}", "https://zoom.example/j/1?pwd=a&b https://zoom.example/j/1?pwd=a&b"),
        (
            "{location_google_maps_url}",
            "https://www.google.com/maps/search/?api=1&query=Calle%20Mayor%201%2C%20Madrid",
        ),
        ("{custom.parking} {custom.Año nuevo-1} {custom.no such}.", "booking 10000000000000000000000 ."),
        ("{{ custom.extras_list[2].price + 1 }} {{ custom.no.such.thing }}.", "6.5 ."),
        ("{{ 'parking' in custom }} {{ customer_full_name | upper }}", "true ANA GARCÍA LÓPEZ"),
        ('{{ appointment_date | date("d MMM") }} {{ appointment_start_time | time("HH:mm zzz") }}', "23 nov 17:30 CET"),
        ('{{ customer_birthday | date("d MMMM") }} {{ staff_name | date }}', "1 mayo Luis"),
        ("{{ customer_notes | default('none') }} {{ '' | default('x', true) }} {{ '' | d('y') }}.", "none x ."),
        ("{company_name}, {company_website}", "Clínica Sol, https://sol.example/"),
    ],
)
def test_a_shortcode_shows_what_the_booking_says(text: str, shown: str) -> None:
    assert show(text) == shown


def test_names_are_put_together_where_the_whole_one_is_missing() -> None:
    assert show("{customer_full_name}", participant=FULL.participants[1]) == "Bo Li"


def test_a_cancelled_booking_is_so_for_everyone_but_a_participant_may_cancel_alone() -> None:
    waiting = Participant(customer=Customer(id="7"), status="waiting")
    assert show("{appointment_status}", participant=waiting) == "waiting"
    cancelled = structs.replace(FULL, status="canceled")
    assert show("{appointment_status}", booking=cancelled, participant=waiting) == "canceled"


def test_the_narrower_fields_go_before_the_wider_ones() -> None:
    narrow = structs.replace(FULL.participants[0], fields={"parking": "participant", "appointment_sum_price": 12})
    assert show("{custom.parking} {appointment_sum_price}", participant=narrow) == "participant 12"
    assert show("{custom.parking}", booking=structs.replace(FULL, fields={})) == "staff"


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "Monday, November 23, 2026|5:30 PM|Monday, November 23, 2026, 5:30 PM"),
        ("es-MX", "lunes, 23 de noviembre de 2026|5:30 p.m.|lunes, 23 de noviembre de 2026, 5:30 p.m."),
        ("pt_br", "segunda-feira, 23 de novembro de 2026|17:30|segunda-feira, 23 de novembro de 2026 17:30"),
        ("es-XX", "lunes, 23 de noviembre de 2026|17:30|lunes, 23 de noviembre de 2026, 17:30"),
        ("klingon!", "Montag, 23. November 2026|17:30|Montag, 23. November 2026, 17:30"),
    ],
)
def test_dates_speak_the_language_with_ordinary_blanks(language: str, shown: str) -> None:
    text = "{appointment_date}|{appointment_start_time}|{appointment_date_time}"
    assert show(text, language=language, default_language="de") == shown


def test_a_customer_in_a_zone_that_is_none_reads_the_time_of_the_booking() -> None:
    strange = Participant(customer=Customer(id="7", timezone="Europe"))
    assert show("{appointment_start_time_client}", participant=strange) == "17:30"


def test_odd_values_in_fields_never_stop_a_message() -> None:
    deep: Any = "bottom"
    for _ in range(200):
        deep = [deep]
    odd = {"a": float("nan"), "b": deep, "c": {"x": [1, {"y": None}]}, "d": [], "e": "\ud800!", "duration": 5, "": 1}
    booking = structs.replace(FULL, fields=odd)
    assert show("{custom.a}{custom.b}{custom.d} {custom.c} {custom.e}", booking=booking) == " x: 1 \ufffd!"
    assert show("{company_name}", company=structs.replace(SOL, name="")) == ""
