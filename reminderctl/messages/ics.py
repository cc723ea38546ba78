"""The appointment as a calendar file."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from reminderctl.core.filters import FOR_EVERYONE, own_status
from reminderctl.core.statuses import standard_status
from reminderctl.messages.context import Context
from reminderctl.messages.escaping import escape_plain
from reminderctl.messages.shortcode_values import value
from reminderctl.model import Attachment, Company
from reminderctl.text import as_text

_BEFORE_ALL = datetime(2020, 1, 1, tzinfo=UTC)


def appointment(context: Context) -> Attachment:
    """`appointment.ics` for one participant.

    The UID is the same in every message about this booking, and SEQUENCE grows with time, so a calendar moves its
    entry where a later message has another time. PUBLISH allows no ATTENDEE (RFC 5546): nobody sees another's
    address.
    """
    off = standard_status(own_status(context.booking, context.participant)) in FOR_EVERYONE
    method = "CANCEL" if off else "PUBLISH"
    calendar = Calendar()
    calendar.add("prodid", "-//reminderctl//reminderctl//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(_event(context, off=off))
    return Attachment(
        filename="appointment.ics",
        content_type=f"text/calendar; method={method}; charset=utf-8",
        content=calendar.to_ical(),
    )


def _event(context: Context, *, off: bool) -> Event:
    booking = context.booking
    event = Event()
    event.add("uid", f"{_identity(context)}@{_domain(context.company)}")
    event.add("dtstamp", context.at.astimezone(UTC))
    event.add("sequence", max(0, int((context.at - _BEFORE_ALL).total_seconds() // 60)))
    event.add("dtstart", booking.starts_at.astimezone(UTC))
    event.add("dtend", booking.ends_at.astimezone(UTC))
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    event.add("summary", _summary(context))
    place = ", ".join(filter(None, (_text("location_name", context), _text("location_address", context))))
    if place:
        event.add("location", place)
    link = _text("zoom_url", context) or _text("google_meet_url", context)
    if link:
        event.add("url", vUri("".join(link.split())))
    if "@" in context.company.email:
        organizer = vCalAddress(f"mailto:{context.company.email}")
        if context.company.name:
            organizer.params["CN"] = vText(context.company.name.replace('"', "'"))
        event.add("organizer", organizer)
    return event


def _summary(context: Context) -> str:
    service = _text("service_name", context)
    company = context.company.name
    return f"{service} ({company})" if service and company else service or company or "Appointment"


def _identity(context: Context) -> str:
    customer = context.participant.customer.id if context.participant else ""
    return hashlib.sha256("\0".join((context.booking.id, customer)).encode(errors="replace")).hexdigest()[:32]


def _domain(company: Company) -> str:
    """Return a name that no other business's bookings have in a person's calendar."""
    host = urlsplit(company.website).hostname if "://" in company.website else None
    own = host or company.email.rpartition("@")[2]
    return "".join(own.split()) or "reminderctl"


def _text(name: str, context: Context) -> str:
    return " ".join(escape_plain(as_text(value(name, context))).split())
