"""The settings of one channel, or of one room of it, as the YAML gives them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from msgspec import structs
from yaml.nodes import MappingNode

from reminderctl import file_permissions
from reminderctl.channels import ChannelModule
from reminderctl.config import schema
from reminderctl.config.env import fill_in
from reminderctl.config.struct_reader import (
    EMPTY,
    encoded_names,
    fields_of,
    fill_required,
    note_at,
    read_struct,
    valid_values,
)
from reminderctl.config.suggestions import choices_of, depends_on, nearest
from reminderctl.config.variables import Variables
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_mapping, key_node, plain
from reminderctl.core.recipients import RECIPIENTS

_NAME = re.compile(schema.IDENTIFIER)


def read_rooms(file: YamlFile, node: MappingNode, *, module: ChannelModule, path: str, variables: Variables) -> Any:
    """Return the settings of a channel with rooms by their names; note mistakes in rooms, which are left out then."""
    of_one = structs.replace(module, Settings=module.Room, validate_settings=module.validate_room)
    rooms = {}
    for name, below in entries(node).items():
        what = f"{name}: {EMPTY}" if is_empty(below) else _name_mistake(name)
        if what:
            file.note(key_node(node, name), what, path=path)
        elif not is_mapping(below):
            file.note(below, "expected a mapping of keys and values", path=f"{path}.{name}")
        else:
            room = read_settings(file, below, module=of_one, path=f"{path}.{name}", variables=variables)
            rooms[name] = room or _without_secrets(file, below, kind=module.Room)
    if not rooms and not entries(node):
        file.note(node, "there is no room; add one, such as `team: {kind: slack, url: ...}`", path=path)
    return module.Settings(rooms=rooms)


def _name_mistake(name: str) -> str:
    if not _NAME.fullmatch(name):
        return "the name of a room has letters, digits, `.`, `_` and `-` only, at most 100"
    if name in RECIPIENTS:
        return f"`{name}` is the word for a recipient; give the room another name"
    return ""


def _without_secrets(file: YamlFile, node: MappingNode, *, kind: Any) -> Any:
    """Return what is known of a room whose address is not: enough to show a message as it would arrive there."""
    given = {name: plain(each) for name, each in entries(node).items() if name in encoded_names(kind)}
    return fill_required(valid_values(given, kind, folder=file.path.parent), kind)


def read_settings(file: YamlFile, node: MappingNode, *, module: ChannelModule, path: str, variables: Variables) -> Any:
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
