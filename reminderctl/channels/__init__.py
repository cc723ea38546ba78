"""Channels: one file is one provider of one channel, and its file name is its name in the YAML.

A channel module defines

- `Settings`: what stands under `channels:` in the YAML;
- `Message`: what an action may say, once rendered; its field types name the place of each text (see `places`);
- `RULES`: what its failures allow;
- `Channel`: opened with the settings for a batch of messages, by one thread;
- `as_file`: the message as the outbox and `test` show it.

Importing such a module is light: a client library is imported where it is first used.
"""

from __future__ import annotations

import importlib
import pkgutil
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from msgspec import Struct

from reminderctl.model import Envelope, Receipt

NAMES = ("email", "sms", "whatsapp", "telegram", "webhook")


class OnUnknown(Enum):
    """What may follow an attempt whose outcome nobody can know."""

    RESEND = "resend"  # the receiver tells repetitions by their id
    RESEND_ONCE = "resend once"  # a repetition is recognisable and harmless, but not for ever
    HOLD = "hold"  # a person decides


class Rules(Struct, frozen=True, kw_only=True):
    """What the failures of a channel allow, and how many of its messages travel at once."""

    on_unknown: OnUnknown
    attempts: int
    workers: int
    address: (
        Literal["email", "phone", "telegram"] | None
    )  # which address of a recipient it uses; None: it has no recipients


class Channel(Protocol):
    """An open way to a provider."""

    def __init__(self, settings: Any) -> None: ...

    def send(self, message: Any, envelope: Envelope) -> Receipt:
        """Send one message with one network request; raises a `DeliveryError` unless the provider accepted it."""
        ...

    def close(self) -> None:
        """Let go of connections; never raises."""
        ...


class ChannelModule(Protocol):
    """What a file in this folder offers."""

    Settings: type[Any]
    Message: type[Any]
    RULES: Rules
    Channel: type[Channel]

    def as_file(self, message: Any, settings: Any, envelope: Envelope) -> bytes | dict[str, Any]:
        """The message as it would leave: bytes of a mail, or the fields of anything else. `settings` may be None."""
        ...


def module(name: str) -> ChannelModule:
    """The module of `email`, or of `sms.twilio`."""
    return cast("ChannelModule", importlib.import_module(f"{__name__}.{name}"))


def providers(channel: str) -> tuple[str, ...]:
    """The providers of a channel that has several (`twilio`, `vonage`), sorted; empty where the file is the channel."""
    folder = Path(__file__).parent / channel
    return tuple(sorted(found.name for found in pkgutil.iter_modules([str(folder)]))) if folder.is_dir() else ()
