"""Channels: one file is one provider of one channel, and its file name is its name in the YAML.

A channel module defines

- `Settings`: what stands under `channels:` in the YAML;
- `Message`: what an action may say, once rendered; its field types name the place of each text (see `places`);
- `RULES`: what its failures allow;
- `Channel`: opened with the settings for a batch of messages, by one thread;
- `as_file`: the message as the outbox and `test` show it;
- optionally `mistakes(settings) -> list[str]`: what is wrong with settings whose fields are each right;
- optionally `message_mistakes(tree) -> list[str]`: the same for an action's keys, before they are rendered.

Importing such a module is light: a client library is imported where it is first used. A file whose name begins with an
underscore is a part of its neighbours and no channel.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from msgspec import Struct

from reminderctl.model import Envelope, OnUnknown, Receipt

__all__ = ["NAMES", "Channel", "ChannelModule", "OnUnknown", "Rules", "module", "providers"]

NAMES = ("email", "sms", "whatsapp", "telegram", "webhook")


class Rules(Struct, frozen=True, kw_only=True):
    """What the failures of a channel allow, and how many of its messages travel at once."""

    on_unknown: OnUnknown
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


@functools.cache  # each message asks, and the import system takes its time to say that nothing is to be done
def module(name: str) -> ChannelModule:
    """The module of `email`, or of `sms.twilio`."""
    return cast("ChannelModule", importlib.import_module(f"{__name__}.{name}"))


def providers(channel: str) -> tuple[str, ...]:
    """The providers of a channel that has several (`twilio`, `vonage`), sorted; empty where the file is the channel."""
    folder = Path(__file__).parent / channel
    found = [each.name for each in pkgutil.iter_modules([str(folder)])] if folder.is_dir() else []
    return tuple(sorted(name for name in found if not name.startswith("_")))
