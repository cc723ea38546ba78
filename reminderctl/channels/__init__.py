"""The providers: one file of this folder is one of them, its name the one in the YAML.

A channel module defines

- `Settings`: the keys under `channels:` in the YAML;
- `Message`: what an action may say, once rendered; its annotations name the type of each text (see `text_types`);
- `POLICY`: what its failures allow;
- `Channel`: opened with the settings for a batch of messages, by one thread;
- `preview`: the message as the outbox and `test` show it;

and, where the defaults of `ChannelModule` do not fit, its hooks: `Room`, `validate_room`, `validate_settings`,
`validate_message`, `programs`, `mark_as_test`, `circuit`, `secret_place`, `recognises_repetitions`,
`warn_of_settings`.

Importing such a module is light: a client library is imported where it is first used. A file whose name begins with an
underscore is a part of its neighbours and no channel. Which channels there are says the table
`reminderctl.core.recipients.CHANNELS`.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from reminderctl.channels import _marking
from reminderctl.model import Envelope, OnUnknown, Receipt

if TYPE_CHECKING:
    from reminderctl.channels._http.responses import Response

__all__ = ["Channel", "ChannelModule", "OnUnknown", "Policy", "fetch", "module", "providers"]


class Policy(Struct, frozen=True, kw_only=True):
    """The policy of a provider: what may follow its failures, and how many of its messages travel at once."""

    on_unknown: OnUnknown
    workers: int


class Channel(Protocol):
    """An open way to a provider."""

    def __init__(self, settings: Any) -> None: ...

    def send(self, message: Any, envelope: Envelope) -> Receipt:
        """Send one message with one network request; raises a `DeliveryError` unless the provider accepted it."""
        ...

    def close(self) -> None:
        """Let go of connections; never raises."""
        ...


class Preview(Protocol):
    """A function that gives a message as it would leave."""

    def __call__(self, message: Any, settings: Any, *, envelope: Envelope) -> bytes | dict[str, Any]:
        """Return the bytes of a mail, or the fields of anything else. Raises `Rejected` where it could not leave."""
        ...


# --- what a module need not say -------------------------------------------------------------------------------------


def _nothing_wrong(_: Any) -> list[str]:
    return []


def _no_programs(_: Any) -> dict[str, list[Path]]:
    return {}


def _nothing_to_warn_of(_: Mapping[str, str], **_about: Any) -> Iterator[tuple[str, str]]:
    return iter(())


def _never(_: Any) -> bool:
    return False


def _no_place(_message: Mapping[str, str], _path: tuple[str | int, ...] = ()) -> str:
    return ""


class ChannelModule(Struct, frozen=True, kw_only=True):
    """A provider, as its file in this folder offers it; what has a default here may be left out there.

    - `preview(message, settings, *, envelope)`: the message as it would leave, as the bytes of a mail or the fields of
      anything else; `settings` may be None. Raises `Rejected` where it could not leave.
    - `Room`: where the settings are rooms by their names, the settings of one; `Settings` has them as its `rooms`.
    - `validate_room(room)`: what is wrong with the settings of one whose fields are each right.
    - `validate_settings(settings)`: what is wrong with settings whose fields are each right.
    - `validate_message(tree)`: the same for an action's keys, before they are rendered.
    - `programs(settings)`: the files that each setting has us run.
    - `mark_as_test(message, address)`: the message, marked as a test, and a note for the person who sends it; on a
      channel without recipients it goes to the address. Raises `Rejected` where that is not possible.
    - `circuit(texts)`: what the attempts of an action share when they fail, beside their channel: the host of a
      webhook; an empty text where they share the whole channel.
    - `secret_place(texts, path)`: where in the settings a secret belongs that an action holds at this path; an empty
      text where the settings have no place for it.
    - `recognises_repetitions(settings)`: True where, with these settings, the provider takes each key once; then what
      nobody knows the fate of is sent again, whatever `POLICY` says.
    - `warn_of_settings(texts, *, today, zone)`: the settings, given as texts by their keys, that work and should be
      another all the same on that day, for bookings in that time zone: each key, and why. What has no key is only
      good to know.

    `circuit` and `secret_place` are given the texts of an action that are each one text, by their keys.
    """

    description: str
    Settings: type[Any]
    Message: type[Any]
    POLICY: Policy
    Channel: type[Channel]
    preview: Preview
    Room: type[Any] | None = None
    validate_room: Callable[[Any], list[str]] = _nothing_wrong
    validate_settings: Callable[[Any], list[str]] = _nothing_wrong
    validate_message: Callable[[Mapping[str, Any]], list[str]] = _nothing_wrong
    programs: Callable[[Any], dict[str, list[Path]]] = _no_programs
    mark_as_test: Callable[[Any, str], tuple[Any, str]] = _marking.mark_text
    circuit: Callable[[Mapping[str, str]], str] = _no_place
    secret_place: Callable[[Mapping[str, str], tuple[str | int, ...]], str] = _no_place
    recognises_repetitions: Callable[[Any], bool] = _never
    warn_of_settings: Callable[..., Iterator[tuple[str, str]]] = _nothing_to_warn_of


@functools.cache  # each message asks, and the import system takes its time to say that nothing is to be done
def module(name: str) -> ChannelModule:
    """Return the module of `email`, or of `sms.twilio`, with the defaults in the place of what it leaves out."""
    found = importlib.import_module(f"{__name__}.{name}")
    offered = {each: value for each, value in vars(found).items() if each in ChannelModule.__struct_fields__}
    return ChannelModule(description=found.__doc__ or "", **offered)


def fetch(url: str, *, timeout: float) -> Response:
    """Make one GET, as channels make their requests, and return the answer, whatever its status.

    `timeout` is the seconds that all of it may last. Raises a `DeliveryError`, which names the host only.
    """
    from reminderctl.channels._http import client

    with client.session() as session:
        return client.request(session, "GET", url=url, timeout=timeout)


def providers(channel: str) -> tuple[str, ...]:
    """Return the providers of a channel (`twilio`, `vonage`), sorted; none where the file is the channel."""
    folder = Path(__file__).parent / channel
    found = [each.name for each in pkgutil.iter_modules([str(folder)])] if folder.is_dir() else []
    return tuple(sorted(name for name in found if not name.startswith("_")))
