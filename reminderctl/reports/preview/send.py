"""Delivering tried messages for real, to one address only, marked as a test."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, structs

from reminderctl import channels
from reminderctl.channels import Channel
from reminderctl.config import addresses
from reminderctl.core import timing
from reminderctl.core.matching import matching_participants
from reminderctl.errors import DeliveryError, Unknown, UsageError
from reminderctl.model import Config, Delivery
from reminderctl.outbox import Outbox
from reminderctl.reports.preview.masking import MASK, is_secret_header, is_secret_parameter
from reminderctl.reports.preview.models import Trial
from reminderctl.reports.preview.run import as_file, deliveries
from reminderctl.tick.deliver import compose

MARK = "[test] "
HEADER = "X-Reminderctl-Test"
MAY_TRAVEL = timing.HOUR
UNMARKED = "a WhatsApp template cannot be marked as a test: it looks like the real one"
_CHANNELS = {"email": ("email",), "phone": ("sms", "whatsapp"), "telegram": ("telegram",), "url": ("webhook",)}
_RIGHT = "an email address, a phone number with +, a Telegram chat (a number, or @name) or a URL"


class Sent(Struct, frozen=True, kw_only=True):
    """What became of one test message; `error` is None where it was taken."""

    workflow: str
    sample: str
    action: str
    channel: str
    recipient: str
    to: str
    provider_id: str | None = None
    note: str | None = None
    error: str | None = None


def channels_for(address: str) -> tuple[str, ...]:
    """The channels that an address suits; raises `UsageError` where it is none."""
    if re.match(r"(?i)https?://", address):
        kind, wrong = "url", "" if channels.module("webhook").origin(address) else "has no valid host"  # type: ignore[attr-defined]  # a part of this channel only
        wrong = f"{address!r} {wrong}" if wrong else ""
    else:
        kind = "phone" if address.startswith("+") else "email" if "@" in address[1:] else "telegram"
        wrong = addresses.mistake(address, kind)
    if wrong:
        raise UsageError(f"--to: {wrong}; --to takes {_RIGHT}")
    return _CHANNELS[kind]


def send_all(trials: Iterable[Trial], address: str, *, config: Config, now: datetime) -> Iterator[Sent]:
    """Send every message of these trials that the address suits, one after the other; what became of each."""
    suited = channels_for(address)
    opened: dict[str, Channel] = {}
    try:
        for trial in trials:
            for delivery in _owed(trial, config=config):
                if delivery.channel in suited:
                    yield _send(delivery, trial, address, config=config, now=now, opened=opened)
    finally:
        for channel in opened.values():
            channel.close()


def _owed(trial: Trial, *, config: Config) -> list[Delivery]:
    booking = trial.sample.booking
    matching = matching_participants(trial.workflow, booking, default_language=config.language)
    return [] if matching is None else deliveries(trial.workflow, booking, matching, config=config)


def _send(
    delivery: Delivery, trial: Trial, address: str, *, config: Config, now: datetime, opened: dict[str, Channel]
) -> Sent:
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
    told = Sent(
        workflow=trial.workflow.id,
        sample=trial.sample.name,
        action=delivery.action,
        channel=delivery.channel,
        recipient=delivery.recipient,
        to=_shown(address),
    )
    try:
        composed = compose(delivery, trial.sample.booking, config=config, at=now)
        as_file(delivery.channel, composed, config=config)  # the mark must not hide that a text came out empty
        message, note = _MARKERS[delivery.channel](composed.message, address)
        channel = _open(delivery.channel, config=config, opened=opened)
        receipt = channel.send(message, composed.envelope)
    except Unknown as error:
        return structs.replace(told, error=f"{error}; it may have gone out")
    except DeliveryError as error:
        return structs.replace(told, error=str(error))
    notes = "; ".join(filter(None, (receipt.warning, receipt.note, note)))
    return structs.replace(told, provider_id=receipt.provider_id, note=notes or None)


def _open(name: str, *, config: Config, opened: dict[str, Channel]) -> Channel:
    if name not in opened:
        configured = config.channels[name]
        opened[name] = (
            Outbox(config.outbox, channel=name, configured=configured)
            if config.outbox
            else channels.module(configured.module).Channel(configured.settings)
        )
    return opened[name]


def _shown(address: str) -> str:
    """Of a URL only where it goes: the rest may open doors."""
    return channels.module("webhook").origin(address) or address  # type: ignore[attr-defined]  # a part of this channel only


# --- the mark ---------------------------------------------------------------------------------------------------------


def _mark_mail(message: Any, address: str) -> tuple[Any, str]:
    del address
    return structs.replace(message, subject=MARK + message.subject, headers=_marked_headers(message.headers)), ""


def _mark_text(message: Any, address: str) -> tuple[Any, str]:
    del address
    name = "html" if getattr(message, "html", "") else "body"
    if not getattr(message, name):
        return message, UNMARKED
    return structs.replace(message, **{name: MARK + getattr(message, name).lstrip()}), ""


def _mark_request(message: Any, address: str) -> tuple[Any, str]:
    """The request for another receiver, to whom the secrets of the real one are none."""
    withheld = [name for name in message.headers if is_secret_header(name)]
    withheld += [name for name in message.params if is_secret_parameter(name)]
    changed = structs.replace(
        message,
        url=address,
        headers=_marked_headers({name: _kept(name, value, withheld) for name, value in message.headers.items()}),
        params={name: _kept(name, value, withheld) for name, value in message.params.items()},
    )
    return changed, f"without the value of {', '.join(withheld)}" if withheld else ""


def _kept(name: str, value: str, withheld: list[str]) -> str:
    return MASK if name in withheld else value


def _marked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != HEADER.lower()} | {HEADER: "yes"}


_MARKERS: Mapping[str, Callable[[Any, str], tuple[Any, str]]] = {
    "email": _mark_mail,
    "sms": _mark_text,
    "whatsapp": _mark_text,
    "telegram": _mark_text,
    "webhook": _mark_request,
}
