"""SMS by Twilio.

    channels:
      sms:
        provider: twilio
        account_sid: "${TWILIO_SID}"
        auth_token: "${TWILIO_TOKEN}"   # or api_key_sid and api_key_secret
        from: "+15005550006"            # or messaging_service_sid: MG...
        region: ES                      # the country of numbers without +

    actions:
      - send: sms
        to: customer
        body: "{customer_first_name}, we expect you on {appointment_date} at {appointment_start_time}."

Twilio stops trying when the appointment begins; what follows one, at the reminder's deadline; at the latest after ten
hours. It does not tell repetitions, so an SMS whose fate nobody knows is held until a person has looked into Twilio's
log.
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from reminderctl.channels import OnUnknown, Policy, _twilio
from reminderctl.channels.addresses import e164
from reminderctl.channels.sms._message import (
    Message,
    SenderSetting,
    describe,
    read_body,
    read_sender,
    sender_mistakes,
    warn_of_settings,
)
from reminderctl.model import Envelope, Receipt

__all__ = ["POLICY", "Channel", "Message", "Settings", "preview", "validate_settings", "warn_of_settings"]

POLICY = Policy(on_unknown=OnUnknown.HOLD, workers=4)


class Settings(_twilio.Account, frozen=True, kw_only=True):
    """Whose account sends, and whom the SMS come from."""

    from_: SenderSetting = field(name="from", default="")


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    wrong_sender = sender_mistakes(settings.from_) if settings.from_ else []
    return [*_twilio.account_mistakes(settings, sender=settings.from_), *wrong_sender]


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> dict[str, Any]:  # noqa: ARG001
    """Return the SMS as it would leave; raises `Rejected` where it could not."""
    sender = (settings.messaging_service_sid or read_sender(settings.from_)) if settings else None
    return describe(message, settings, sender=sender)


class Channel:
    """Sends the SMS of one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = _twilio.AccountClient(settings)

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one SMS; raises a `DeliveryError` unless Twilio took it."""
        fields = {
            "To": e164(message.to, region=self._settings.region),
            **_twilio.sender_fields(self._settings, sender=read_sender(self._settings.from_)),
            "Body": read_body(message),
        }
        return self._http.post(fields, envelope)

    def close(self) -> None:
        """Let go of connections; never raises."""
        self._http.close()
