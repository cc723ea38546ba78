"""What tests of SMS and WhatsApp share: an account with each provider, a message, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from reminderctl import channels
from reminderctl.config.struct_reader import convert
from reminderctl.errors import DeliveryError
from reminderctl.model import Envelope, Receipt
from tests.http_server import Server

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CANARY = "cAnArY/+&s3cret"
SID = "AC0123456789abcdef0123456789abcdef"
TWILIO = {"account_sid": SID, "auth_token": CANARY, "from": "+15005550006", "region": "ES"}
CONTENT = "HX0123456789abcdef0123456789abcdef"

Outcome = Receipt | DeliveryError

ACCOUNTS: dict[str, dict[str, Any]] = {
    "sms.twilio": TWILIO,
    "sms.vonage": {"api_key": "abcd1234", "api_secret": CANARY, "from": "ClinicaSol", "region": "ES"},
    "sms.infobip": {"api_key": CANARY, "from": "ClinicaSol", "region": "ES"},
    "sms.http": {"preset": "46elks", "username": "u1", "password": CANARY, "from": "ClinicaSol", "region": "ES"},
    "whatsapp.twilio": TWILIO,
}
TAKEN: dict[str, tuple[int, dict[str, Any]]] = {  # what each provider answers to a message that it takes, and its id
    "sms.twilio": (201, {"sid": "SM1", "status": "queued", "error_code": None}),
    "sms.vonage": (200, {"message-count": "1", "messages": [{"message-id": "0A1", "status": "0"}]}),
    "sms.infobip": (200, {"messages": [{"messageId": "m1", "status": {"groupId": 1, "id": 26, "name": "PENDING"}}]}),
    "sms.http": (200, {"id": "s1", "status": "created"}),
    "whatsapp.twilio": (201, {"sid": "MM1", "status": "queued", "error_code": None}),
}


def envelope(*, left: timedelta = timedelta(hours=1)) -> Envelope:
    """One whose appointment is so far off; its attempts end at half of that."""
    return Envelope(key="5f0c1d9e", delivery_id=7, at=NOON, useful_until=NOON + left)


def settings(provider: str, server: Server | None = None, **changes: Any) -> Any:
    """The settings of the account with a provider, as the YAML would give them; None takes one away."""
    where = {"base_url": server.url if server else "https://provider.example.com"}
    given = {**where, "timeout": "5", **ACCOUNTS[provider], **changes}
    given = {name: value for name, value in given.items() if value is not None}
    return convert(given, channels.module(provider).Settings, folder=Path())


def message(provider: str, **fields: Any) -> Any:
    """A message, as it is after rendering."""
    return channels.module(provider).Message(**({"to": "600 111 222", "body": "Hola"} | fields))


def send(provider: str, sent: Any, account: Any, *, left: timedelta = timedelta(hours=1)) -> Outcome:
    """The receipt, or the error that came instead."""
    channel = channels.module(provider).Channel(account)
    try:
        return channel.send(sent, envelope(left=left))
    except DeliveryError as error:
        return error
    finally:
        channel.close()


def deliver(provider: str, server: Server, **changes: Any) -> Outcome:
    """What becomes of a message that is sent to a scripted server with these settings."""
    return send(provider, message(provider), settings(provider, server, **changes))


def mistakes(provider: str, **changes: Any) -> list[str]:
    """What a provider's module finds wrong with settings."""
    module: Any = channels.module(provider)
    return list(module.validate_settings(settings(provider, **changes)))


def form(server: Server) -> dict[str, str]:
    """The form that arrived in the one request."""
    [arrived] = server.requests
    assert arrived.headers["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(arrived.body.decode(), keep_blank_values=True, strict_parsing=True))
