"""The channels of the YAML: the provider that carries the messages, with its settings."""

from __future__ import annotations

from collections.abc import Mapping

from yaml.nodes import MappingNode, Node

from reminderctl import channels
from reminderctl.config import channel_reader
from reminderctl.config.settings import read_text
from reminderctl.config.struct_reader import check_keys, encoded_names, fields_of
from reminderctl.config.suggestions import choices_of, nearest, one_of, suggest
from reminderctl.config.variables import Variables
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_mapping
from reminderctl.core.recipients import CHANNELS
from reminderctl.credentials import Configured


def read_channels(file: YamlFile, node: Node, *, variables: Variables) -> dict[str, Configured]:
    """Return every channel that the YAML names; note mistakes in settings, which are None then."""
    if not is_mapping(node):
        file.note(node, "expected a mapping such as `sms: {provider: twilio, ...}`", path="channels")
        return {}
    found = {}
    for name, below in check_keys(
        file, node, nodes=entries(node), known=CHANNELS, path="channels", noun="channel"
    ).items():
        found[name] = _read_channel(file, below, name=name, variables=variables)
    return found


def without_settings(channel: str, *, keys: frozenset[str]) -> Configured:
    """Return a channel of which only the messages matter: the first provider whose messages know all of these keys."""
    modules = module_names(channel)
    fitting = (name for name in modules if keys <= set(encoded_names(channels.module(name).Message)))
    module = next(fitting, modules[0])
    return Configured(
        module=module, settings=channels.module(module).Settings() if needs_no_settings(channel) else None
    )


def needs_no_settings(channel: str) -> bool:
    """Return True for a channel whose settings may all be left out."""
    fields = {} if channels.providers(channel) else fields_of(channels.module(channel).Settings)
    return bool(fields) and not any(each.required for each in fields.values())


def room_names(configured: Mapping[str, Configured]) -> tuple[str, ...] | None:
    """Return the names of all chat rooms; None where there is no telling, because nothing is sent."""
    chat = configured.get("chat")
    if chat is None:
        return ()
    return None if chat.settings is None else tuple(chat.settings.rooms)


def module_names(channel: str) -> tuple[str, ...]:
    """Return the modules that can carry a channel: `email`; `sms.http`, `sms.twilio`, ..."""
    return tuple(f"{channel}.{name}" for name in channels.providers(channel)) or (channel,)


def explain_absence(channel: str) -> str:
    """Return what to add to `channels` for a channel that it lacks."""
    providers = channels.providers(channel)
    if providers:
        return f"`channels` has no `{channel}`; add it with its `provider`: {one_of(providers)}"
    if room := channels.module(channel).Room:
        keys = ", ".join(f"{name}: ..." for name, each in fields_of(room).items() if each.required)
        return f"`channels` has no `{channel}`; add it with a room, such as `{channel}: {{team: {{{keys}}}}}`"
    needed = [name for name, each in fields_of(channels.module(channel).Settings).items() if each.required]
    return f"`channels` has no `{channel}`; add it with {one_of(needed).replace(' or ', ' and ')}"


def _read_channel(file: YamlFile, node: Node, *, name: str, variables: Variables) -> Configured:
    path = f"channels.{name}"
    if not is_mapping(node):
        file.note(node, "expected a mapping of keys and values", path=path)
        return without_settings(name, keys=frozenset())
    module_name = _chosen_module(file, node, name=name, path=path)
    if not module_name:
        return without_settings(name, keys=frozenset())
    module = channels.module(module_name)
    read = channel_reader.read_rooms if module.Room else channel_reader.read_settings
    return Configured(module=module_name, settings=read(file, node, module=module, path=path, variables=variables))


def _chosen_module(file: YamlFile, node: MappingNode, *, name: str, path: str) -> str:
    """Return the module that `provider` chooses, or, with a note, the one that it is a typing mistake for.

    An empty text, and a note, where it is neither.
    """
    providers = channels.providers(name)
    given = entries(node).get("provider")
    if not providers:
        return name
    if given is None:
        meant = next((key for key in entries(node) if nearest(key, ["provider"])), "")
        instead = f"; `{meant}` is not known here: write `provider`" if meant else ""
        file.note(node, f"`provider` is missing{instead}; {name} is sent by {one_of(providers)}", path=path)
        return ""
    provider = read_text(file, given, path=path, lead="provider: ")
    if provider in providers:
        return f"{name}.{provider}"
    if provider:
        instead = _as_preset(name, provider) or suggest(provider, providers, of="there are")
        file.note(given, f"unknown provider `{provider}`{instead}", path=path)
    meant = nearest(provider, providers) if provider else ""
    return f"{name}.{meant}" if meant else ""


def _as_preset(name: str, word: str) -> str:
    """Return what to write instead of a provider that is a preset of another; an empty text where it is none."""
    for provider in channels.providers(name):
        field = fields_of(channels.module(f"{name}.{provider}").Settings).get("preset")
        if field and word.lower() in choices_of(field.type):
            return f"; it is a preset: write `provider: {provider}` and `preset: {word.lower()}`"
    return ""
