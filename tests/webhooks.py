"""What tests of webhooks share: a message, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from reminderctl.channels import webhook
from reminderctl.errors import DeliveryError
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ENVELOPE = Envelope(key="5f0c1d9e", delivery_id=7, at=NOON, useful_until=LATER)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = [SECRET, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]  # while receivers change to the second


def message(**fields: Any) -> webhook.Message:
    return msgspec.convert(fields, webhook.Message)


def send(sent: webhook.Message, *, secret: str | None = None, timeout: float = 5.0) -> Receipt | DeliveryError:
    """The receipt, or the error that came instead."""
    channel = webhook.Channel(webhook.Settings(secret=Secret(secret) if secret else None, timeout=timeout))
    try:
        return channel.send(sent, ENVELOPE)
    except DeliveryError as error:
        return error
    finally:
        channel.close()
