"""SMS by any gateway that takes HTTP requests.

    channels:
      sms:
        provider: http
        url: https://sms.example.com/v1/send
        token: "${SMS_TOKEN}"
        headers: {X-Api-Key: "{token}"}
        json: {recipient: "{to}", sender: "{from}", text: "{body}", reference: "{key}"}
        success: {status: [200, 201], values: {status: [queued, sent]}}
        id_path: id
        codes: {path: error.code, rejected: [bad_number], channel_down: [no_credit]}
        from: "+34911234567"
        region: ES                      # the country of numbers without +

    actions:
      - send: sms
        to: customer
        body: "{customer_first_name}, we expect you on {appointment_date} at {appointment_start_time}."

In braces: `to` and `from`, `to_digits` and `from_digits` (without +), `body`, `key` (the delivery's, the same in every
attempt), `username`, `password`, `token`. A password that is in no braces goes with the username as HTTP Basic,
such a token as a Bearer.

All that is known of some gateways: with `preset: labsmobile`, a `username`, a `password` and `from` are enough. So too
for 46elks, clicksend and plivo; bird, messagebird, seven and smsapi ask for a `token`, sinch for a `username` (the
service plan's id) and a `token`. Whatever else is given goes before the preset's. What their codes mean is in
[gateways.md](gateways.md).

An account with sinch is in one region, `api_region: eu` if nothing else is said; bird's keys name theirs. MessageBird's
classic API ends on 2026-12-31: take a key of Bird, and `preset: bird`.

A gateway may not recognize duplicates, so an SMS with an unknown outcome is held for a person. With the presets bird
and smsapi it is sent again with the delivery's key, so that they recognize a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._http import provider
from reminderctl.channels.addresses import region_mistakes
from reminderctl.channels.sms import _gateway, _gateway_answers, _message
from reminderctl.channels.sms._gateway import Settings, recognises_repetitions
from reminderctl.channels.sms._message import Message, preview, sender_mistakes
from reminderctl.channels.sms._presets import PRESETS
from reminderctl.model import Envelope, Receipt

__all__ = [
    "POLICY",
    "Channel",
    "Message",
    "Settings",
    "preview",
    "recognises_repetitions",
    "validate_settings",
    "warn_of_settings",
]

# HOLD, but where `recognises_repetitions` says that the gateway takes each key once.
POLICY = Policy(on_unknown=OnUnknown.HOLD, workers=4)


_END_OF_MESSAGEBIRD = date(2026, 12, 31)  # the last day: https://bird.com/en-us/migrate/from-messagebird-classic


class Channel(provider.HttpProvider):
    """Sends the SMS of one thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._gateway = _gateway.complete(settings)

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one SMS; raises a `DeliveryError` unless the gateway's answer shows that it took it."""
        asked = _gateway.compose(self._gateway, self._settings, message=message, envelope=envelope)
        answer = self.request(
            asked.method,
            asked.url,
            headers=asked.headers,
            form=asked.form,
            body=asked.body,
            auth=asked.auth,
            timeout=self._settings.timeout,
        )
        return _gateway_answers.read_answer(
            self._gateway, answer, hide=_gateway.secrets_in(self._gateway, self._settings)
        )


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    gateway = _gateway.complete(settings)
    found = [*_gateway.mistakes(gateway, settings), *region_mistakes(settings.region)]
    if settings.base_url:
        found += provider.url_mistakes(settings.base_url)
    if settings.from_:
        found += sender_mistakes(settings.from_)
    needs = PRESETS[settings.preset].needs if settings.preset else ()
    return [
        *found,
        *(f"{name} is missing: {settings.preset} asks for it" for name in needs if not getattr(settings, name)),
    ]


def warn_of_settings(texts: Mapping[str, str], *, today: date, zone: str) -> Iterator[tuple[str, str]]:
    """Yield a warning of a sender that is not carried, and of a gateway that ends."""
    yield from _message.warn_of_settings(texts, today=today, zone=zone)
    key = "preset" if texts.get("preset") == "messagebird" else "url"
    if key == "preset" or "rest.messagebird.com" in texts.get("url", ""):
        ends = "ends on" if today <= _END_OF_MESSAGEBIRD else "has ended on"
        what = f"MessageBird's classic API {ends} {_END_OF_MESSAGEBIRD}"
        yield key, f"{what}; make a key of Bird in the same account, and write `preset: bird` with it as the `token`"
