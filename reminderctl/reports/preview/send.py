"""Delivering tried messages for real, to one address only, marked as a test."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct, structs

from reminderctl import channels
from reminderctl.channels import Channel
from reminderctl.channels.addresses import origin
from reminderctl.config import addresses
from reminderctl.config.channels import room_names
from reminderctl.core import timing
from reminderctl.core.matching import matching_participants
from reminderctl.core.recipients import CHANNELS
from reminderctl.credentials import Credentials
from reminderctl.errors import DeliveryError, Unknown, UsageError
from reminderctl.model import Config, Delivery
from reminderctl.outbox import Outbox
from reminderctl.reports.preview.compose import imagine_deliveries, preview
from reminderctl.reports.preview.models import Trial
from reminderctl.tick.attempt import compose

MAY_TRAVEL = timing.HOUR
_RIGHT = "an email address, a phone number with +, a Telegram chat (a number, or @name), a chat room or a URL"


class Sent(Struct, frozen=True, kw_only=True):
    """The outcome of one test message; `error` is None where it was taken."""

    workflow: str
    sample: str
    action: str
    channel: str
    recipient: str
    to: str
    provider_id: str | None = None
    note: str | None = None
    error: str | None = None


class _Opened:
    """The channels that were opened for a row of tests."""

    def __init__(self, credentials: Credentials, *, outbox: Path | None) -> None:
        self.credentials = credentials
        self._outbox = outbox
        self._channels: dict[str, Channel] = {}

    def open(self, name: str) -> Channel:
        """Return the channel, which is opened at its first message."""
        if name not in self._channels:
            configured = self.credentials.channels[name]
            self._channels[name] = (
                Outbox(self._outbox, channel=name, configured=configured)
                if self._outbox
                else channels.module(configured.module).Channel(configured.settings)
            )
        return self._channels[name]

    def close(self) -> None:
        """Let go of all of them."""
        for channel in self._channels.values():
            channel.close()


def channels_for(address: str, *, credentials: Credentials) -> tuple[str, ...]:
    """Return the channels that an address, or a chat room's name, suits; raises `UsageError` where it is neither."""
    if address in (room_names(credentials.channels) or ()):
        kind, wrong = "chat", ""
    elif re.match(r"(?i)https?://", address):
        kind, wrong = None, "" if origin(address) else f"{address!r} has no valid host"
    else:
        kind = "phone" if address.startswith("+") else "email" if "@" in address[1:] else "telegram"
        wrong = addresses.mistake(address, kind)
    if wrong:
        raise UsageError(f"--to: {wrong}; --to takes {_RIGHT}")
    return tuple(name for name, facts in CHANNELS.items() if facts.address == kind)


def send_all(
    trials: Iterable[Trial], address: str, *, config: Config, credentials: Credentials, now: datetime
) -> Iterator[Sent]:
    """Send every message of these trials that the address suits, one after the other; yield what became of each."""
    suited = channels_for(address, credentials=credentials)
    opened = _Opened(credentials, outbox=config.outbox)
    try:
        for trial in trials:
            for delivery in _owed(trial, config=config):
                if delivery.channel in suited:
                    yield _send(delivery, trial, address=address, config=config, now=now, opened=opened)
    finally:
        opened.close()


def _owed(trial: Trial, *, config: Config) -> list[Delivery]:
    booking = trial.sample.booking
    matching = matching_participants(trial.workflow, booking, default_language=config.language)
    return [] if matching is None else imagine_deliveries(trial.workflow, booking, matching=matching, config=config)


def _send(delivery: Delivery, trial: Trial, *, address: str, config: Config, now: datetime, opened: _Opened) -> Sent:
    # A key of its own: no receiver may take the test for the real message, or the real one for its repetition.
    delivery = structs.replace(
        delivery,
        key=secrets.token_hex(16),
        address=address,
        event_at=now,  # the appointment of a sample is no reason for a provider to go on trying
        expires_at=now + MAY_TRAVEL,
        id=0,
        attempts=0,
    )
    sent = Sent(
        workflow=trial.workflow.id,
        sample=trial.sample.name,
        action=delivery.action,
        channel=delivery.channel,
        recipient=delivery.recipient,
        to=_shown(address),
    )
    try:
        composed = compose(delivery, trial.sample.booking, config=config, at=now)
        preview(
            delivery.channel, composed, credentials=opened.credentials
        )  # the mark must not hide that a text came out empty
        mark_as_test = channels.module(config.channels[delivery.channel]).mark_as_test
        message, note = mark_as_test(composed.message, address)
        channel = opened.open(delivery.channel)
        receipt = channel.send(message, composed.envelope)
    except Unknown as error:
        return structs.replace(sent, error=f"{error}; it may have been sent")
    except DeliveryError as error:
        return structs.replace(sent, error=str(error))
    notes = "; ".join(filter(None, (receipt.warning, receipt.note, note)))
    return structs.replace(sent, provider_id=receipt.provider_id, note=notes or None)


def _shown(address: str) -> str:
    """Return an address; of a URL only where it goes: the rest may open doors."""
    return origin(address) or address
