"""The message of every SMS provider."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any

from msgspec import Meta, Struct

from reminderctl.channels.addresses import e164
from reminderctl.channels.sms._segments import count_segments
from reminderctl.errors import Rejected
from reminderctl.model import Envelope
from reminderctl.text_types import Plain

SenderSetting = Annotated[
    str, Meta(description="Sender of the SMS: a number such as +34911234567, or a name of at most 11 characters.")
]

LONGEST_TEXT = 1600  # characters: Twilio takes no more, and others would bill a hundred parts
_LONGEST_NAME = 11  # characters: what the networks carry
_SPANISH_ZONES = frozenset({"Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"})
_SHORT_CODE = 8  # digits: a number of so few, without +, belongs to one country's networks


class Message(Struct, frozen=True, kw_only=True):
    """One SMS to one recipient."""

    to: Annotated[str, Meta(description="The recipient's number; filled in for each.")]
    body: Annotated[Plain, Meta(description="The text. Characters outside GSM 03.38 make it longer.")]


def preview(message: Message, settings: Any, *, envelope: Envelope) -> dict[str, Any]:  # noqa: ARG001 - the seam's
    """Return the SMS as it would leave; raises `Rejected` where it could not."""
    return describe(message, settings, sender=read_sender(settings.from_) if settings else None)


def describe(message: Message, settings: Any, *, sender: str | None) -> dict[str, Any]:
    """Return the fields of an SMS, and what it takes; without settings the number stays as it is written."""
    body = read_body(message)
    encoding, segments = count_segments(body)
    to = e164(message.to, region=settings.region) if settings else message.to
    return {"to": to, "from": sender or None, "body": body, "encoding": encoding, "segments": segments}


def read_body(message: Message) -> str:
    """Return the text without the blanks around it. Raises `Rejected` where nothing is left, or too much."""
    body = message.body.strip()
    if not body:
        raise Rejected("the SMS has no text: every shortcode in its body is empty")
    if len(body) > LONGEST_TEXT:
        raise Rejected(f"the text has {len(body):,} characters; an SMS has at most {LONGEST_TEXT:,}")
    return body


def read_sender(written: str) -> str:
    """Return a sender as providers take it: a name as it is, a number without blanks and with its +."""
    written = written.strip()
    if re.search(r"[^\W\d_]", written):
        return written
    number = re.sub(r"\D", "", written)
    return f"+{number}" if written.startswith("+") or len(number) > _SHORT_CODE else number


def sender_mistakes(written: str) -> list[str]:
    """Return the mistake in the `from` of a channel's settings."""
    sender = read_sender(written)
    if not sender:
        return ["from: must be a number such as +34911234567, or a name"]
    if not sender.startswith("+") and len(sender) > _LONGEST_NAME:
        return [f"from: {sender!r} has {len(sender)} characters; a sender's name has at most {_LONGEST_NAME}"]
    return []


def warn_of_settings(texts: Mapping[str, str], *, today: date, zone: str) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    """Yield a warning of a sender that the networks of Spain do not carry (Orden TDF/149/2025)."""
    sender = read_sender(texts.get("from", ""))
    in_spain = texts.get("region", "").strip().upper() == "ES" or zone in _SPANISH_ZONES
    if in_spain and re.search(r"[^\W\d_]", sender):
        what = "the networks of Spain block each that is not in the register of the CNMC for your provider"
        instead = "have it registered, or send from a number"
        yield "from", f"{sender!r} is a name: since 2026-06-07 {what}, and nothing says so; {instead}"
