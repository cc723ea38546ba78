"""SMS by Vonage (the SMS API, formerly Nexmo).

    channels:
      sms:
        provider: vonage
        api_key: "${VONAGE_KEY}"
        api_secret: "${VONAGE_SECRET}"
        from: "+34911234567"            # or a name, where the networks carry it
        region: ES                      # the country of numbers without +

    actions:
      - send: sms
        to: customer
        body: "{customer_first_name}, we expect you on {appointment_date} at {appointment_start_time}."

This is Vonage's SMS API, which goes on for those who have it. The newer one is Messages v1, for which new accounts are
set up: choose the SMS API as the default in the account's settings.

Vonage stops trying when the appointment begins; what follows one, at the reminder's deadline. It does not tell
repetitions, so an SMS whose fate nobody knows is held until a person has looked into Vonage's log.

Sources: https://developer.vonage.com/api-errors/sms (the statuses), github.com/Nexmo/api-specification,
definitions/sms.yml (request and answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._http import provider, responses
from reminderctl.channels.addresses import Region, digits, e164, region_mistakes
from reminderctl.channels.sms import _message
from reminderctl.channels.sms._message import Message, SenderSetting, preview, read_body, read_sender, sender_mistakes
from reminderctl.channels.sms._segments import count_segments
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unknown
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret

__all__ = ["POLICY", "Channel", "Message", "Settings", "classify", "preview", "validate_settings", "warn_of_settings"]

POLICY = Policy(on_unknown=OnUnknown.HOLD, workers=4)

_SHORTEST_TTL, _LONGEST_TTL = 20, 604_800  # seconds
_LONGEST_REFERENCE = 40  # characters
_ACCEPTED = "0"

# What a part's status means. One that is not listed here is a refusal, too: only 0 is none.
MEANINGS: Mapping[str, type[DeliveryError]] = {
    **dict.fromkeys(("1", "10"), Throttled),  # too fast; too many connections
    # Missing or invalid parameters, invalid message, barred or deactivated number, too long, network code, callback.
    **dict.fromkeys(("2", "3", "6", "7", "12", "22", "23", "33"), Rejected),
    # Credentials, account barred, no credit, no REST access, signature, sender, a trial account whose list of numbers
    # somebody has to extend, signature and secret both.
    **dict.fromkeys(("4", "8", "9", "11", "14", "15", "29", "32"), ChannelDown),
    "5": Unknown,  # an error inside Vonage, at a point that nobody knows
}
RECIPIENT_ONLY = frozenset({"29"})  # those that speak of one recipient


class Settings(Struct, frozen=True, kw_only=True):
    """Whose account sends, and whom the SMS come from."""

    api_key: Annotated[str, Meta(description="The account's API key.")]
    api_secret: Annotated[Secret, Meta(description="The account's API secret.")]
    from_: SenderSetting = field(name="from")
    region: Region = None
    base_url: provider.BaseUrl = "https://rest.nexmo.com"
    timeout: provider.Timeout = 30.0


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    return [
        *provider.url_mistakes(settings.base_url),
        *region_mistakes(settings.region),
        *sender_mistakes(settings.from_),
    ]


def warn_of_settings(texts: Mapping[str, str], *, today: date, zone: str) -> Iterator[tuple[str, str]]:
    """Yield a warning of a sender that is not carried, and what is good to know of the API."""
    yield from _message.warn_of_settings(texts, today=today, zone=zone)
    older = "Vonage has a newer API for SMS, Messages v1; the SMS API, used here, goes on for those who have it"
    yield "", f"{older}. Where a new account refuses it, choose the SMS API as the default in its settings at Vonage"


class Channel(provider.HttpProvider):
    """Sends the SMS of one thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one SMS; raises a `DeliveryError` unless Vonage took it, or a part of it."""
        answer = self.request(
            "POST",
            f"{self._settings.base_url.rstrip('/')}/sms/json",
            form=_form(message, self._settings, envelope=envelope),
            timeout=self._settings.timeout,
        )
        return _read_answer(answer, hide=provider.encodings_of(self._settings.api_secret))


def _form(message: Message, settings: Settings, *, envelope: Envelope) -> dict[str, str]:
    body = read_body(message)
    form = {
        "api_key": settings.api_key,
        "api_secret": settings.api_secret.reveal(),
        "from": digits(read_sender(settings.from_)),
        "to": digits(e164(message.to, region=settings.region)),
        "text": body,
        "ttl": str(provider.seconds_left(envelope, least=_SHORTEST_TTL, most=_LONGEST_TTL) * 1000),
        "client-ref": envelope.key[:_LONGEST_REFERENCE],
    }
    if count_segments(body).encoding != "GSM-7":
        form["type"] = "unicode"
    return form


def _read_answer(answer: responses.Response, *, hide: list[str]) -> Receipt:
    """Return the receipt of an SMS that Vonage took; each part of a long one has a status of its own."""
    if refusal := responses.classify_status(
        answer.status, answer.retry_after, text=responses.describe(answer, hide=hide)
    ):
        raise refusal
    parts = answer.json.get("messages") if isinstance(answer.json, dict) else None
    if (
        not isinstance(parts, list)
        or not parts
        or not all(isinstance(each, dict) and "status" in each for each in parts)
    ):
        raise provider.not_understood(answer, "Vonage", hide=hide)
    refused = [number for number, each in enumerate(parts, 1) if str(each["status"]) != _ACCEPTED]
    taken = [each for each in parts if str(each["status"]) == _ACCEPTED]
    said = [parts[number - 1] for number in refused]
    errors = [classify(str(each["status"]), each.get("error-text"), hide=hide) for each in said]
    if taken:
        warning = _warn_of_a_gap(refused, errors, of=len(parts)) if errors else None
        return Receipt(provider_id=str(taken[0].get("message-id") or "") or None, warning=warning)
    # Where one part may have gone out, repeating the others might repeat it.
    raise next((each for each in errors if isinstance(each, Unknown)), errors[0])


def _warn_of_a_gap(refused: list[int], errors: list[DeliveryError], *, of: int) -> str:
    """Return a warning of a text that arrives with a gap: sending it again would repeat the rest."""
    which = f"part {refused[0]} of {of} was" if len(refused) == 1 else f"{len(refused)} of {of} parts were"
    return f"{which} refused: {errors[0]}; tell the recipient by other means, the rest of the text has been sent"


def classify(status: str, words: Any = None, *, hide: list[str] | None = None) -> DeliveryError:
    """Return the error for the status of a part that was not taken; `words` are Vonage's own."""
    text = provider.describe_code("Vonage", status, words=words, hide=hide or [])
    wait = re.search(r"\[\s*(\d{1,9})\s*\]", str(words))  # "... please wait [ 250 ] and retry": milliseconds
    retry_after = timedelta(milliseconds=int(wait[1])) if wait else None
    meaning = MEANINGS.get(status, Rejected)
    return provider.error(meaning, text, code=status, retry_after=retry_after, recipient_only=status in RECIPIENT_ONLY)
