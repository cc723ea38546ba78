"""WhatsApp messages by Twilio.

    channels:
      whatsapp:
        provider: twilio
        account_sid: "${TWILIO_SID}"
        auth_token: "${TWILIO_TOKEN}"   # or api_key_sid and api_key_secret
        from: "+14155238886"            # or messaging_service_sid: MG...
        region: ES                      # the country of numbers without +

    actions:
      - send: whatsapp
        to: customer
        content_sid: {es: HX0123456789abcdef0123456789abcdef, en: HXfedcba9876543210fedcba9876543210}
        variables: {1: "{customer_first_name}", 2: "{appointment_date}", 3: "{appointment_start_time}"}

WhatsApp lets a business begin a conversation with an approved template only: `content_sid` names it, and `variables`
fill it, all of them, because Twilio puts the template's sample values for those that are left out. A `body` instead
reaches only those who have written to you within the last 24 hours.

A message whose fate nobody knows is held until a person has looked into Twilio's log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from reminderctl.channels import OnUnknown, Policy, _twilio
from reminderctl.channels.addresses import e164
from reminderctl.channels.whatsapp._marking import mark_as_test
from reminderctl.errors import Rejected
from reminderctl.model import Envelope, Receipt
from reminderctl.text_types import Parameter, Plain

__all__ = [
    "POLICY",
    "Channel",
    "Message",
    "Settings",
    "mark_as_test",
    "preview",
    "validate_message",
    "validate_settings",
]

POLICY = Policy(on_unknown=OnUnknown.HOLD, workers=4)

_PREFIX = "whatsapp:"
_NUMBER = re.compile(r"\+[\d\s().-]{7,24}")
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")


class Settings(_twilio.Account, frozen=True, kw_only=True):
    """Whose account sends, and whom the messages come from."""

    from_: Annotated[str, Meta(description="The number that the messages come from, such as +14155238886.")] = field(
        name="from", default=""
    )


class Message(Struct, frozen=True, kw_only=True):
    """One message to one recipient: a template that WhatsApp has approved, or a text within the 24 hours."""

    to: Annotated[str, Meta(description="The recipient's number; filled in for each.")]
    content_sid: Annotated[Plain, Meta(description="The template's Content SID (HX...); one for each language.")] = ""
    variables: Annotated[
        dict[str, Parameter], Meta(description='What fills the template: {1: "{customer_first_name}", ...}.')
    ] = {}
    body: Annotated[Plain, Meta(description="Free text, for people who wrote within the last 24 hours.")] = ""


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    found = _twilio.account_mistakes(settings, sender=settings.from_)
    if settings.from_ and not _NUMBER.fullmatch(settings.from_.removeprefix(_PREFIX).strip()):
        found.append(f"from: {settings.from_!r} is not a number with a country code; write it like +14155238886")
    return found


def validate_message(message: Message | Mapping[str, Any]) -> list[str]:
    """Return the mistakes in a message, rendered or still full of shortcodes and language maps."""
    fields = message if isinstance(message, Mapping) else msgspec.structs.asdict(message)
    found = []
    if bool(fields.get("content_sid")) == bool(fields.get("body")):
        found.append("give either content_sid, the template, or body")
    if fields.get("variables") and not fields.get("content_sid"):
        found.append("variables: only a template has them; give its content_sid")
    given = fields.get("content_sid") or ""
    for sid in given.values() if isinstance(given, Mapping) else [given]:
        if sid and "{" not in str(sid) and not _CONTENT_SID.fullmatch(str(sid).strip()):
            found.append(
                f"content_sid: {sid!r} is none; it is HX and 32 digits, as Twilio's Content Template Builder shows"
            )
    return found


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> dict[str, Any]:  # noqa: ARG001
    """Return the message as it would leave; raises `Rejected` where it could not."""
    _check(message)
    said = {"content_sid": message.content_sid.strip(), "variables": message.variables}
    return {
        "to": e164(message.to, region=settings.region) if settings else message.to,
        "from": (settings.messaging_service_sid or _sender(settings)) if settings else None,
        **(said if message.content_sid else {"body": message.body.strip()}),
    }


class Channel:
    """Sends the messages of one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = _twilio.AccountClient(settings)

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one message; raises a `DeliveryError` unless Twilio took it."""
        _check(message)
        fields = {
            "To": _PREFIX + e164(message.to, region=self._settings.region),
            **_twilio.sender_fields(self._settings, sender=_PREFIX + _sender(self._settings)),
        }
        if message.content_sid:
            fields["ContentSid"] = message.content_sid.strip()
            if message.variables:
                fields["ContentVariables"] = msgspec.json.encode(message.variables).decode()
        else:
            fields["Body"] = message.body.strip()
        return self._http.post(fields, envelope)

    def close(self) -> None:
        """Let go of connections; never raises."""
        self._http.close()


def _check(message: Message) -> None:
    """Raises `Rejected` where nothing, or nothing that WhatsApp could read, has come out of the rendering."""
    if not message.content_sid and not message.body.strip():
        raise Rejected("the message has no text: every shortcode in its body is empty")
    if wrong := validate_message(message):
        raise Rejected("; ".join(wrong))


def _sender(settings: Settings) -> str:
    """Return the sender's number, however it is written: Twilio's console shows it as `whatsapp:+14155238886`."""
    return "+" + re.sub(r"\D", "", settings.from_)
