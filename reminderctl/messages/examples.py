"""Texts filled with the catalogue's examples: how a message typically looks, before there is a booking."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from reminderctl.errors import Rejected
from reminderctl.messages.context import Context
from reminderctl.messages.limits import ExceededError
from reminderctl.messages.render import render_text
from reminderctl.messages.shortcodes import CATALOGUE, CUSTOM
from reminderctl.model import Booking, Company, Customer, Location, Participant, Service, Staff
from reminderctl.text_types import TextType

_STARTS_AT = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)


def excess(text: str) -> str | None:
    """Return how a template asks for more than a message may take, whatever the booking; None where it does not."""
    try:
        fill_in(text, language="en", company=Company(name="Sol"))
    except Rejected as error:
        return str(error.__cause__) if isinstance(error.__cause__, ExceededError) else None
    return None


def fill_in(text: str, *, language: str, company: Company, change: Callable[[str], str] = str) -> str:
    """Return the text with the catalogue's examples, each changed in this way; raises `Rejected`."""
    examples = _changed_examples(change)
    participant = Participant(
        customer=Customer(
            id="1",
            full_name=examples["customer_full_name"],
            email=examples["customer_email"],
            phone=examples["customer_phone"],
            language=language,
        )
    )
    context = Context(
        booking=_booking(text, examples),
        participant=participant,
        company=company,
        language=language,
        default_language=language,
        timezone="UTC",
        at=_STARTS_AT,
    )
    return render_text(text, TextType.PLAIN, context=context, field="body")


@functools.cache
def _changed_examples(change: Callable[[str], str]) -> Mapping[str, str]:
    """Return the catalogue's examples by name; they are the same for each of thousands of texts."""
    return {each.name: change(each.example) for each in CATALOGUE}


def _booking(text: str, examples: Mapping[str, str]) -> Booking:
    fields = {name: each for name, each in examples.items() if not name.startswith("company_")}
    return Booking(
        id=examples["appointment_id"],
        starts_at=_STARTS_AT,
        ends_at=_STARTS_AT + timedelta(minutes=45),
        service=Service(id="1", name=examples["service_name"]),
        staff=Staff(id="1", name=examples["staff_name"], email=examples["staff_email"], phone=examples["staff_phone"]),
        location=Location(
            id="1",
            name=examples["location_name"],
            address=examples["location_address"],
            phone=examples["location_phone_number"],
        ),
        fields=fields | dict(_of_families(text, examples)),
    )


def _of_families(text: str, examples: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The names in a text that the catalogue has as a family: `custom.KEY`, `appointment_custom_field_<id>`."""
    for key in re.findall(rf"{re.escape(CUSTOM)}([^{{}}|\r\n]+)", text):
        yield key.strip(), examples[f"{CUSTOM}KEY"]
    for name, example in examples.items():
        family = name.partition("<")[0]
        if family != name:
            yield from ((found, example) for found in re.findall(rf"{family}[\w-]+", text))
