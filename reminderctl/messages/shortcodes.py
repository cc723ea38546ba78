"""The catalogue of shortcodes: every `{name}` that a text may use."""

from __future__ import annotations

import functools
import re

from msgspec import Struct

CUSTOM = "custom."

# Names that templates use behind the scenes; no person writes them.
BY_NAME = "_shortcodes"
CARRIAGE_RETURN = "_carriage_return"


class Shortcode(Struct, frozen=True):
    """One name, or one family of names with the varying part as `<status>`, or KEY."""

    name: str
    group: str
    meaning: str
    example: str


_TIMES = (
    ("date", "date of the appointment", "Monday, November 23, 2026"),
    ("start_date", "date when it starts", "Monday, November 23, 2026"),
    ("end_date", "date when it ends", "Monday, November 23, 2026"),
    ("date_time", "date and time when it starts", "Monday, November 23, 2026, 5:30 PM"),
    ("start_date_time", "date and time when it starts", "Monday, November 23, 2026, 5:30 PM"),
    ("end_date_time", "date and time when it ends", "Monday, November 23, 2026, 6:15 PM"),
    ("start_time", "time when it starts", "5:30 PM"),
    ("end_time", "time when it ends", "6:15 PM"),
    ("created_date", "date when it was booked", "Friday, November 20, 2026"),
    ("created_time", "time when it was booked", "9:02 AM"),
)

_GROUPS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "appointment": (
        ("appointment_id", "id of the appointment", "1042"),
        *((f"appointment_{name}", meaning, example) for name, meaning, example in _TIMES),
        *(
            (f"appointment_{name}_client", f"{meaning}, customer's time zone", example)
            for name, meaning, example in _TIMES
        ),
        ("appointment_duration", "how long it takes", "45 min"),
        ("appointment_buffer_before", "free time before it", "10 min"),
        ("appointment_buffer_after", "free time after it", "10 min"),
        ("appointment_status", "status", "approved"),
        ("appointment_notes", "note on the booking", "Please ring twice"),
        ("appointment_service_price", "price of the service", "30.00"),
        ("appointment_extras_price", "price of the extras", "5.00"),
        ("appointment_extras_list", "booked extras", "Shampoo, Massage"),
        ("appointment_discount_price", "discount", "3.50"),
        ("appointment_sum_price", "price with extras and discount", "31.50"),
        ("appointment_paid_price", "amount paid", "10.00"),
        ("appointment_payment_method", "payment method", "Card"),
        ("appointment_brought_people", "number of people that the customer brings", "1"),
        ("appointment_total_attendees", "number of participants", "2"),
        ("appointment_tax_amount", "tax", "5.47"),
        ("appointment_custom_field_<id>", "answer to a question on the booking form", "No allergies"),
        ("appointment_payment_link_<gateway>", "payment link of one gateway", "https://example.com/pay/1042"),
        ("appointments_total_price", "price of all appointments of the group", "63.00"),
        ("total_appointments_in_group", "number of appointments booked together", "2"),
        ("recurring_appointments_date", "dates of a recurring booking", "2026-11-23, 2026-11-30"),
        (
            "recurring_appointments_date_time",
            "dates and times of a recurring booking",
            "2026-11-23 17:30, 2026-11-30 17:30",
        ),
        (
            "add_to_google_calendar_link",
            "link that adds it to Google Calendar",
            "https://calendar.google.com/calendar/render",
        ),
        (
            "link_to_change_appointment_status_to_<status>",
            "link that sets the status",
            "https://example.com/status/1042/canceled",
        ),
    ),
    "service": (
        ("service_name", "name of the service", "Haircut"),
        ("service_price", "price", "30.00"),
        ("service_duration", "usual duration", "45 min"),
        ("service_notes", "description", "Wash and cut"),
        ("service_color", "color in the calendar", "#53d56c"),
        ("service_image_url", "picture", "https://example.com/haircut.png"),
        ("service_category_name", "category", "Hair"),
        ("service_max_capacity", "places in a group", "1"),
    ),
    "customer": (
        ("customer_full_name", "full name", "Ana García"),
        ("customer_first_name", "first name", "Ana"),
        ("customer_last_name", "last name", "García"),
        ("customer_phone", "telephone", "+34600123456"),
        ("customer_email", "email address", "ana@example.com"),
        ("customer_birthday", "birthday", "1990-05-01"),
        ("customer_notes", "note about the customer", "Prefers mornings"),
        ("customer_profile_image_url", "picture", "https://example.com/ana.png"),
        ("customer_language", "language", "es"),
        ("customer_category", "category", "Regular"),
        ("customer_panel_url", "page of the customer", "https://example.com/panel"),
    ),
    "staff": (
        ("staff_name", "name of the member of staff", "Luis Pérez"),
        ("staff_email", "email address", "luis@example.com"),
        ("staff_phone", "telephone", "+34600654321"),
        ("staff_about", "description", "Stylist since 2010"),
        ("staff_profile_image_url", "picture", "https://example.com/luis.png"),
    ),
    "location": (
        ("location_name", "name of the location", "Centro"),
        ("location_address", "address", "Calle Mayor 1, Madrid"),
        ("location_image_url", "picture", "https://example.com/centro.png"),
        ("location_phone_number", "telephone", "+34911234567"),
        ("location_notes", "description", "Second floor"),
        (
            "location_google_maps_url",
            "link to a map",
            "https://www.google.com/maps/search/?api=1&query=Calle%20Mayor%201",
        ),
    ),
    "company": (
        ("company_name", "name of the business", "Clínica Sol"),
        ("company_image_url", "logo", "https://example.com/logo.png"),
        ("company_website", "website", "https://example.com"),
        ("company_phone", "telephone", "+34911234567"),
        ("company_address", "address", "Calle Mayor 1"),
    ),
    "online": (
        ("zoom_meeting_url", "link for joining by Zoom", "https://zoom.example/j/1042"),
        ("zoom_url", "the same as zoom_meeting_url", "https://zoom.example/j/1042"),
        ("zoom_meeting_host_url", "link for hosting by Zoom", "https://zoom.example/s/1042"),
        ("zoom_meeting_password", "password of the Zoom meeting", "sol-1042"),
        ("google_meet_url", "link for joining by Google Meet", "https://meet.example/abc-defg"),
    ),
    "other": (
        ("coupon_code", "coupon used", "SUMMER"),
        ("giftcard_code", "gift card used", "GIFT-7"),
        ("custom.KEY", "any key of `fields`", "Parking in the yard"),
    ),
}

CATALOGUE: tuple[Shortcode, ...] = tuple(
    Shortcode(name, group, meaning, example) for group, rows in _GROUPS.items() for name, meaning, example in rows
)

_NAMES = frozenset(shortcode.name for shortcode in CATALOGUE if shortcode.name.replace("_", "").isalnum())
_FAMILIES = tuple(shortcode.name.partition("<")[0] for shortcode in CATALOGUE if "<" in shortcode.name)
# What people write who have not read the list: other booking tools' names, and the columns of an import.
_ALSO_SAID = {
    "appointment_time": "appointment_start_time",
    "company_url": "company_website",
    "customer": "customer_full_name",
    "customer_name": "customer_full_name",
    "location": "location_name",
    "location_phone": "location_phone_number",
    "location_url": "location_google_maps_url",
    "service": "service_name",
    "service_category": "service_category_name",
    "staff": "staff_name",
    "staff_full_name": "staff_name",
}
_MEMBER = re.compile(r"[\w-]+")


def is_known(name: str) -> bool:
    """Does the catalogue hold this name, itself or as one of a family?"""
    if name in _NAMES:
        return True
    if name.startswith(CUSTOM):
        return bool(name[len(CUSTOM) :].strip())
    return any(name.startswith(family) and _MEMBER.fullmatch(name, len(family)) for family in _FAMILIES)


def also_said(name: str) -> str | None:
    """Return the known name that other programs call so; None where none does."""
    return _ALSO_SAID.get(name)


@functools.lru_cache(maxsize=1024)
def suggest(name: str) -> str | None:
    """The known name that was probably meant; None where none comes near."""
    import difflib

    candidates = sorted(_NAMES | _ALSO_SAID.keys())
    near = difflib.get_close_matches(name.casefold().replace("-", "_"), candidates, n=1, cutoff=0.7)
    return _ALSO_SAID.get(near[0], near[0]) if near else None


def unknown(name: str) -> str:
    """Return the message for a person who wrote an unknown name."""
    meant = None if name.startswith(CUSTOM) else suggest(name)
    if meant:
        return f"unknown shortcode {{{name}}}; did you mean {{{meant}}}?"
    key = name.removeprefix(CUSTOM) or "KEY"
    return f"unknown shortcode {{{name}}}; use {{{CUSTOM}{key}}}"
