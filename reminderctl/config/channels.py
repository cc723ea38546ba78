"""The channels of the YAML: the provider that carries the messages, with its settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from yaml.nodes import MappingNode, Node

from reminderctl import channels, file_permissions
from reminderctl.channels import ChannelModule
from reminderctl.config.env import fill_in
from reminderctl.config.settings import read_text
from reminderctl.config.struct_reader import (
    check_keys,
    encoded_names,
    fields_of,
    fill_required,
    note_at,
    read_struct,
    valid_values,
)
from reminderctl.config.suggestions import choices_of, depends_on, nearest, one_of, suggest
from reminderctl.config.variables import Variables
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_mapping
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


def module_names(channel: str) -> tuple[str, ...]:
    """Return the modules that can carry a channel: `email`; `sms.http`, `sms.twilio`, ..."""
    return tuple(f"{channel}.{name}" for name in channels.providers(channel)) or (channel,)


def explain_absence(channel: str) -> str:
    """Return what to add to `channels` for a channel that it lacks."""
    providers = channels.providers(channel)
    if providers:
        return f"`channels` has no `{channel}`; add it with its `provider`: {one_of(providers)}"
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
    return Configured(
        module=module_name, settings=_read_settings(file, node, module=module, path=path, variables=variables)
    )


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


def _read_settings(file: YamlFile, node: MappingNode, *, module: ChannelModule, path: str, variables: Variables) -> Any:
    """Return the channel's settings, or None with the mistakes noted.

    Where variables are optional and one is not set, the settings are what can be made without it, or None.
    """
    kind = module.Settings
    filled = {
        name: fill_in(file, value, path=path, variables=variables)
        for name, value in entries(node).items()
        if name != "provider" or name in encoded_names(kind)
    }
    incomplete = {name for name, (_, _, complete) in filled.items() if not complete}
    values = {name: value for name, (value, _, _) in filled.items()}
    settings = read_struct(
        file,
        node,
        kind=kind,
        path=path,
        values=values,
        sources={name: references for name, (_, references, _) in filled.items() if references},
        leave_out=incomplete | (entries(node).keys() - filled.keys()),
        hide=variables.hide,
    )
    if settings is not None and not incomplete:
        mistakes: Iterable[str] = module.validate_settings(settings)
    else:
        known = {name: value for name, value in values.items() if name not in incomplete | _empty(node)}
        good = valid_values(known, kind, folder=file.path.parent)
        mistakes = _mistakes_of_good(module.validate_settings, kind, good=good, given=values.keys())
    for what in (*mistakes, *_untrusted(file, settings, module=module, variables=variables)):
        note_at(file, variables.hide(what), node=node, path=path)
    return settings if variables.optional or not incomplete else None


def _untrusted(file: YamlFile, settings: Any, *, module: ChannelModule, variables: Variables) -> Iterator[str]:
    """Yield why a program of the settings must not be run: others may change it, or the YAML that names it."""
    if settings is None or variables.optional:
        return
    for name, files in module.programs(settings).items():
        for path in [*files, file.path] if files else []:
            if stranger := file_permissions.find_stranger(path):
                us = file_permissions.owner_name(os.geteuid())
                yield f"{name}: {us} would run a program that others can change: {stranger}"
                break


def _empty(node: MappingNode) -> set[str]:
    return {name for name, value in entries(node).items() if is_empty(value)}


def _mistakes_of_good(
    find: Callable[[Any], list[str]], kind: Any, *, good: Mapping[str, Any], given: Iterable[str]
) -> Iterator[str]:
    """Return what is wrong with the good settings together, whatever the others that were given should have been."""
    fields = fields_of(kind)
    uncertain = {name if name in fields else nearest(name, fields) for name in given}
    uncertain |= {name for name, field in fields.items() if field.required}
    uncertain -= good.keys()
    choices = {name: choices_of(fields[name].type) for name in sorted(uncertain & fields.keys())}
    open_ones = {name: each for name, each in choices.items() if each}
    found = [
        find(fill_required({**good, **dict(zip(open_ones, chosen, strict=True))}, kind))
        for chosen in product(*open_ones.values())
    ]
    return (what for what in found[0] if all(what in each for each in found) and not depends_on(what, uncertain))
