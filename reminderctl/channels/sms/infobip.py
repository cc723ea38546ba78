"""SMS by Infobip.

    channels:
      sms:
        provider: infobip
        base_url: https://xyz123.api.infobip.com   # your own, from Infobip's portal
        api_key: "${INFOBIP_KEY}"
        from: "+34911234567"            # or a name, where the networks carry it
        region: ES                      # the country of numbers without +

    actions:
      - send: sms
        to: customer
        body: "{customer_first_name}, we expect you on {appointment_date} at {appointment_start_time}."

Infobip stops trying when the appointment begins; what follows one, at the reminder's deadline. Every SMS carries the
delivery's key as its message id, and Infobip refuses an id that it has already taken; so an SMS whose fate nobody knows
is sent again, which cannot make two of it.

Sources: Infobip's OpenAPI 3.210 (github.com/api-evangelist/infobip) for request and answer,
https://www.infobip.com/docs/essentials/api-essentials/response-status-and-error-codes for the statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._http import provider, responses
from reminderctl.channels.addresses import Region, digits, e164, region_mistakes
from reminderctl.channels.sms._message import (
    Message,
    SenderSetting,
    preview,
    read_body,
    read_sender,
    sender_mistakes,
    warn_of_settings,
)
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Unavailable, Unknown
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret

__all__ = ["POLICY", "Channel", "Message", "Settings", "classify", "preview", "validate_settings", "warn_of_settings"]

# RESEND, because our message id lets Infobip tell a repetition (status 23).
POLICY = Policy(on_unknown=OnUnknown.RESEND, workers=4)

_LONGEST_VALIDITY = 48 * 60  # minutes
_TAKEN_BEFORE = 23  # REJECTED_DUPLICATE_MESSAGE_ID
_ON_THE_WAY = (0, 1, 3)  # the groups of statuses: OK, PENDING, DELIVERED
_OVER = (2, 4, 5)  # UNDELIVERABLE, EXPIRED, REJECTED

# What a status of the groups that mean no means; one that is not listed here is a refusal for good.
MEANINGS: Mapping[int, type[DeliveryError]] = {
    # Network, prefix, do-not-disturb list, blocked sender or recipient, header, length, no or wrong recipient.
    **dict.fromkeys((6, 8, 10, 13, 14, 24, 25, 51, 52), Rejected),
    # SenderSetting not registered, no credit, package over, a trial account and not its own number, no route at all.
    **dict.fromkeys((11, 12, 17, 18, 19), ChannelDown),
    20: Unavailable,  # too fast, for this number: it has had too many in this hour
    21: Unavailable,  # a system error before this one was sent: "retry the submission"
}
RECIPIENT_ONLY = frozenset({18, 20, 21})  # those that speak of one message or its recipient


class Settings(Struct, frozen=True, kw_only=True):
    """Whose account sends, and whom the SMS come from."""

    base_url: Annotated[
        str, Meta(description="The account's own address, from Infobip's portal: https://xyz123.api.infobip.com")
    ]
    api_key: Annotated[Secret, Meta(description="An API key with the scope sms:message:send.")]
    from_: SenderSetting = field(name="from")
    region: Region = None
    timeout: provider.Timeout = 30.0


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    return [
        *provider.url_mistakes(settings.base_url),
        *provider.secret_mistakes(api_key=settings.api_key),
        *region_mistakes(settings.region),
        *sender_mistakes(settings.from_),
    ]


class Channel(provider.HttpProvider):
    """Sends the SMS of one thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one SMS; raises a `DeliveryError` unless Infobip took it, now or before."""
        key = self._settings.api_key.reveal()
        answer = self.request(
            "POST",
            f"{self._settings.base_url.rstrip('/')}/sms/3/messages",
            headers={"Authorization": f"App {key}", "Content-Type": "application/json", "Accept": "application/json"},
            body=msgspec.json.encode({"messages": [_compose(message, self._settings, envelope=envelope)]}),
            timeout=self._settings.timeout,
        )
        return _read_answer(answer, key=envelope.key, hide=provider.encodings_of(self._settings.api_key))


def _compose(message: Message, settings: Settings, *, envelope: Envelope) -> dict[str, Any]:
    recipient = digits(e164(message.to, region=settings.region))
    minutes = min(
        max(provider.seconds_left(envelope, least=60, most=_LONGEST_VALIDITY * 60) // 60, 1), _LONGEST_VALIDITY
    )
    return {
        "sender": digits(read_sender(settings.from_)),
        "destinations": [{"to": recipient, "messageId": envelope.key}],
        "content": {"text": read_body(message)},
        "options": {"validityPeriod": {"amount": minutes, "timeUnit": "MINUTES"}},
    }


def _read_answer(answer: responses.Response, *, key: str, hide: list[str]) -> Receipt:
    """Return the receipt of an SMS that Infobip took; raises a `DeliveryError` for any other answer."""
    if refusal := responses.classify_status(answer.status, answer.retry_after, text=_describe(answer, hide=hide)):
        raise refusal
    said: Any = answer.json
    try:
        sent = said["messages"][0]
        status = sent["status"]
        group, number = int(status["groupId"]), int(status["id"])
    except (LookupError, TypeError, ValueError):
        raise provider.not_understood(answer, "Infobip", hide=hide) from None
    message_id = str(sent.get("messageId") or key)
    if number == _TAKEN_BEFORE:
        return Receipt(provider_id=message_id, note="Infobip took it in an earlier attempt, and did not take it twice")
    words = ": ".join(str(status[each]) for each in ("name", "description") if status.get(each))
    if error := classify(group, number, text=provider.describe_code("Infobip", number, words=words, hide=hide)):
        raise error
    return Receipt(provider_id=message_id)


def classify(group: int, number: int, *, text: str = "") -> DeliveryError | None:
    """Return the error for a message's status; None for accepted. 23, a repetition, is none of these."""
    if group in _ON_THE_WAY:
        return None
    meaning = MEANINGS.get(number, Rejected) if group in _OVER else Unknown
    return provider.error(meaning, text, code=number, recipient_only=number in RECIPIENT_ONLY)


def _describe(answer: responses.Response, *, hide: list[str]) -> str:
    """Return an answer that is no success, in one line; Infobip says what is wrong in one of two ways."""
    said = answer.json if isinstance(answer.json, dict) else {}
    if said.get("errorCode"):
        violations = said.get("violations")
        details = (
            [each.get("violation") for each in violations if isinstance(each, dict)]
            if isinstance(violations, list)
            else []
        )
        words = ": ".join(str(each) for each in (said.get("description"), *details) if each)
        return provider.describe_code("Infobip", str(said["errorCode"]), words=words, hide=hide)
    return responses.describe(answer, hide=hide)
