"""Every provider in the folder of channels, with the account and the message that its docstring shows.

Nothing here is kept by hand: a new file in `reminderctl/channels/`, or a new preset of a gateway, is found.
"""

from __future__ import annotations

import functools
import pkgutil
import re
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from reminderctl import channels, config
from reminderctl.channels.sms._presets import PRESETS
from reminderctl.core import planning
from reminderctl.errors import ConfigError
from reminderctl.messages.templates import transform
from reminderctl.model import Booking, Config, Customer, Delivery, Location, Participant, Staff
from reminderctl.secret import Secret
from reminderctl.text_types import TextType
from reminderctl.tick.attempt import Composed, compose
from tests.clinic import at

FOLDER = Path(channels.__file__).parent
NO_CHANNELS = {"addresses", "masking"}  # what other rooms use of this one
CANARY = "cAnArY"
STARTS = at("2026-06-10T10:00Z")
HEADER = """\
timezone: Europe/Madrid
language: es
company: {name: Clinic, phone: "+34911234567", email: hello@example.com}
admin: {email: admin@example.com, phone: "+34600000000", telegram: "-100123"}
"""
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_ORIGIN = re.compile(r"https?://[\w.-]+(?::\d+)?")


class Account(NamedTuple):
    """A provider, or a preset of one, and what its docstring shows: settings and actions, in YAML."""

    name: str
    module: str
    channels: str
    actions: str

    @property
    def channel(self) -> str:
        return self.module.partition(".")[0]

    @property
    def is_preset(self) -> bool:
        return self.name != self.module


class Opened(NamedTuple):
    """An account as the configuration reads it, and the secrets in it, by the names of their variables."""

    config: Config
    settings: Any
    secrets: Mapping[str, str]


# --- what there is --------------------------------------------------------------------------------------------------


def find_modules() -> list[str]:
    """Return the name of every provider's module: `email`, `sms.twilio`."""
    return sorted(_walk(FOLDER, ""))


def _walk(folder: Path, before: str) -> Iterator[str]:
    for each in pkgutil.iter_modules([str(folder)]):
        if each.name.startswith("_") or f"{before}{each.name}" in NO_CHANNELS:
            continue
        if each.ispkg:
            yield from _walk(folder / each.name, f"{before}{each.name}.")
        else:
            yield f"{before}{each.name}"


def find_accounts() -> list[Account]:
    """Return an account with every provider, and one with each preset."""
    return [*map(_of_docstring, find_modules()), *map(_of_preset, sorted(PRESETS))]


def _of_docstring(module: str) -> Account:
    docstring = channels.module(module).description
    code = "".join(f"{line}\n" for line in textwrap.dedent(docstring).splitlines() if line.startswith("    "))
    written = textwrap.dedent(code)
    settings, found, actions = written.partition("actions:\n")
    assert settings.startswith("channels:\n"), f"the docstring of {module} shows its `channels:`, then its `actions:`"
    assert found, f"the docstring of {module} shows its `channels:`, then its `actions:`"
    return Account(module, module, settings.removeprefix("channels:\n"), actions)


def _of_preset(name: str) -> Account:
    given = {"username": "u1", "password": '"${PASSWORD}"', "token": '"${TOKEN}"'}
    needs = "".join(f", {each}: {given[each]}" for each in PRESETS[name].needs)
    needs += ", api_region: eu1" if PRESETS[name].api_regions == ("*",) else ""
    settings = f'  sms: {{provider: http, preset: "{name}", from: ClinicaSol, region: ES{needs}}}\n'
    return Account(f"sms.http {name}", "sms.http", settings, "  - {send: sms, to: customer, body: Hola}\n")


# --- an account, opened ---------------------------------------------------------------------------------------------


def write_yaml(account: Account, folder: Path, *, url: str = "") -> Path:
    """Write the account as a whole configuration; with a URL, what it names is there, and not on the internet."""
    yaml = (
        f"{HEADER}channels:\n{account.channels}\nworkflows:\n- id: w\n  when: 1 hour before start\n  actions:\n"
        f"{textwrap.indent(textwrap.dedent(account.actions), '  ')}"
    )
    path = folder / "workflows.yaml"
    path.write_text(_ORIGIN.sub(url, yaml) if url else yaml, encoding="utf-8")
    return path


def open_account(account: Account, folder: Path, *, url: str = "http://127.0.0.1:9", timeout: float = 20) -> Opened:
    """Read the account, its providers being at `url`, with values in it that are recognised wherever they are."""
    path = write_yaml(account, folder, url=url)
    values = {name: _ORIGIN.sub(url, value) for name, value in find_values(account).items()}
    read, credentials = config.load_with_credentials(path, values)
    settings = credentials.channels[account.channel].settings
    secrets = {name: value for name, value in values.items() if CANARY in value}
    if hasattr(settings, "rooms"):
        rooms = {name: structs.replace(room, timeout=timeout) for name, room in settings.rooms.items()}
        return Opened(read, structs.replace(settings, rooms=rooms), secrets)
    changes: dict[str, Any] = {"timeout": timeout}
    if "base_url" in settings.__struct_fields__:
        changes["base_url"] = url
    return Opened(read, structs.replace(settings, **changes), secrets)


@functools.cache
def find_values(account: Account) -> Mapping[str, str]:
    """Return a value for each variable of the account; those of secrets are recognised by the word CANARY."""
    names = _VARIABLE.findall(account.channels)
    for pattern in ("{}/+&=", "123456789:{}"):  # the tokens of some hold few characters
        canaries = {name: f"{CANARY}-{name}" for name in names}
        values = {
            name: f"https://rooms.example.com/{word}/x?k={word}" if name.endswith("_URL") else pattern.format(word)
            for name, word in canaries.items()
        }
        with TemporaryDirectory() as folder, suppress(ConfigError):
            _, credentials = config.load_with_credentials(write_yaml(account, Path(folder)), values)
            secrets = [secret.reveal() for secret in secrets_in(credentials.channels[account.channel].settings)]
            return {
                name: value if any(value in each for each in secrets) else f"AC-{name}"
                for name, value in values.items()
            }
    raise AssertionError(f"{account.name}: its example takes none of the secrets that tests put into it")


def secrets_in(value: Any) -> Iterator[Secret]:
    """Yield every secret in settings, however deep."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, msgspec.Struct):
        yield from secrets_in([getattr(value, name) for name in value.__struct_fields__])
    elif isinstance(value, Mapping):
        yield from secrets_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from secrets_in(each)


# --- its message ----------------------------------------------------------------------------------------------------


def make_message(account: Account, opened: Opened, *, empty: bool = False) -> Composed:
    """Compose the first message of the account's actions; `empty`: every text in it comes out empty."""
    message_type: Any = channels.module(account.module).Message
    workflow = opened.config.workflows[0]
    if empty:
        actions = tuple(
            structs.replace(each, message=transform(message_type, each.message, change=_empty))
            for each in workflow.actions
        )
        workflow = structs.replace(workflow, actions=actions)
    read = structs.replace(opened.config, workflows=(workflow,))
    [delivery, *_] = _deliveries(read)
    return compose(delivery, BOOKING, config=read, at=delivery.due_at)


def _deliveries(read: Config) -> list[Delivery]:
    workflow = read.workflows[0]
    return planning.owed(workflow, workflow.triggers[0], booking=BOOKING, config=read)


def _empty(path: object, text: Any, *, text_type: TextType) -> Any:
    return text if text_type in (TextType.ATTACHMENT, TextType.URL) else "{{ '' }}"


_ANA = Customer(
    id="ana", full_name="Ana", first_name="Ana", email="ana@example.com", phone="+34600111222", telegram="1"
)
BOOKING = Booking(
    id="b1",
    starts_at=STARTS,
    ends_at=STARTS + timedelta(hours=1),
    staff=Staff(id="s", name="Eva", email="eva@example.com", phone="+34600111333", telegram="2"),
    location=Location(id="l", name="Sol", email="sol@example.com", phone="+34911234567"),
    participants=(Participant(customer=_ANA),),
)
