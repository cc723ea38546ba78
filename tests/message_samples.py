"""Bookings that message tests are rendered with: one that says everything, one that says nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field, structs

from reminderctl.messages.context import Context
from reminderctl.model import Attachment, Booking, Company, Customer, Location, Participant, Service, Staff
from reminderctl.text_types import Body, Header, Html, Parameter, Plain, PlainTree, TelegramHtml, TextType, Url

ANA = Customer(
    id="7",
    full_name="Ana García López",
    email="ana@example.com",
    phone="+34600123456",
    language="es",
    timezone="America/Mexico_City",
    fields={"birthday": "1990-05-01", "notes": None},
)
FULL = Booking(
    id="1042",
    starts_at=datetime(2026, 11, 23, 16, 30, tzinfo=UTC),
    ends_at=datetime(2026, 11, 23, 18, 0, tzinfo=UTC),
    timezone="Europe/Madrid",
    service=Service(id="s", name="Corte", fields={"price": 30.0, "parking": "service"}),
    staff=Staff(id="l", name="Luis", phone="+34600654321", fields={"about": "Estilista", "parking": "staff"}),
    location=Location(id="c", name="Centro", address="Calle Mayor 1, Madrid", phone="+34911234567"),
    fields={
        "created_at": "2026-11-20T09:02:00+01:00",
        "extras_list": ["Champú", None, {"name": "Masaje", "price": 5.5}],
        "appointment_sum_price": 35.25,
        "zoom_meeting_url": "https://zoom.example/j/1?pwd=a&b",
        "parking": "booking",
        "Año nuevo-1": 1e22,
        "link_to_change_appointment_status_to_canceled": "https://example.com/c",
        "payment_link_stripe": "https://example.com/p",
        "custom_field_3": True,
    },
    participants=(Participant(customer=ANA), Participant(customer=Customer(id="8", first_name="Bo", last_name="Li"))),
)
NOTHING = Booking(id="", starts_at=FULL.starts_at, ends_at=FULL.ends_at)
SOL = Company(name="Clínica Sol", email="hola@sol.example", website="https://sol.example/")


def context(booking: Booking = FULL, **changes: Any) -> Context:
    """The first participant of a booking, in Spanish and in Madrid."""
    first = booking.participants[0] if booking.participants else None
    known = Context(
        booking=booking,
        participant=first,
        company=SOL,
        language="es",
        default_language="en",
        timezone="Europe/Madrid",
        at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    )
    return structs.replace(known, **changes)


def called(name: str) -> Context:
    """The full booking, its customer called by a name."""
    participant = Participant(customer=structs.replace(ANA, full_name=name))
    return context(structs.replace(FULL, participants=(participant,)))


class Button(Struct, frozen=True, kw_only=True):
    """A record inside a message."""

    label: Parameter


class Message(Struct, frozen=True, kw_only=True):
    """A message with a field for each place and shape."""

    to: str = ""
    subject: Annotated[Header, Meta(max_length=200)] = ""
    body: Plain | None = None
    html: Html = ""
    telegram: TelegramHtml = ""
    url: Url = ""
    raw: Body | None = field(name="data", default=None)
    headers: dict[str, Header] = {}
    params: dict[str, Plain] | None = None
    parameters: list[Parameter] | dict[str, Parameter] = []
    buttons: list[Button] = []
    json: PlainTree = None
    silent: bool = False
    attach: tuple[Annotated[Attachment | str, Meta(extra={"text_type": TextType.ATTACHMENT})], ...] = ()
