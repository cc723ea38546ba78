"""Turning a mapping of the YAML into a struct, field by field where something is wrong."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import structs
from yaml.nodes import MappingNode, Node

from reminderctl.config.suggestions import allows, explain_mistake, suggest
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_lines import INVISIBLE
from reminderctl.config.yaml_nodes import entries, is_empty, is_mapping, plain, unquoted
from reminderctl.secret import Secret

T = TypeVar("T")
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
NOTHING_BEHIND = "there is nothing after this dash; remove it, or add a mapping"
EMPTY = "is empty; give it a value or remove it"


class FieldMistake(NamedTuple):
    """A mistake in one field; `field` is empty where they are right one by one but not together."""

    field: str
    what: str


def read_struct(
    file: YamlFile,
    node: Node,
    *,
    kind: type[T],
    path: str,
    values: Mapping[str, Any] | None = None,
    sources: Mapping[str, str] | None = None,
    leave_out: Iterable[str] = (),
    hide: Callable[[str], str] = str,
) -> T | None:
    """Return the mapping at `node` as a struct, or None with every mistake noted.

    `values` replace the node's own values where something was filled in; `sources` says through what: `${PORT}`.
    Such values are never shown, and `hide` takes them out of what the struct itself says. Keys to `leave_out` are
    neither looked at nor missed.
    """
    if not is_mapping(node):
        file.note(node, f"expected a mapping of keys and values{unquoted(node)}", path=path)
        return None
    before = len(file.problems)
    nodes = {name: value for name, value in entries(node).items() if name not in leave_out}
    nodes = check_keys(file, node, nodes=nodes, known=encoded_names(kind), path=path)
    given = {name: plain(value) if values is None else values[name] for name, value in nodes.items()}
    made, mistakes = make_struct(given, kind, folder=file.path.parent, sources=sources or {})
    for field, what in mistakes:
        if field in nodes or field not in entries(node):
            advice = unquoted(nodes[field]) if field in nodes else ""
            note_at(file, (what if field else hide(what)) + advice, node=node, path=path, field=field)
    return made if len(file.problems) == before else None


def check_keys(
    file: YamlFile, node: MappingNode, *, nodes: Mapping[str, Node], known: Iterable[str], path: str, noun: str = "key"
) -> dict[str, Node]:
    """Return the keys that may be here and have a value; note the others."""
    good, keys = {}, {key.value: key for key, _ in node.value}
    for name, value in nodes.items():
        if name not in known:
            file.note(keys[name], unknown_key(name, known, noun=noun), path=path)
        elif is_empty(value):
            file.note(keys[name], f"{name}: {EMPTY}", path=path)
        else:
            good[name] = value
    return good


def unknown_key(name: str, known: Iterable[str], *, noun: str = "key") -> str:
    """Return that a key is none of those known; nothing behind a colon in it, which may be a secret, is shown."""
    if strange := INVISIBLE.search(name):
        return f"unknown {noun} {name!a}: take out the character U+{ord(strange[0]):04X}, which nobody sees"
    word, colon, value = name.partition(":")
    if colon and value and word in known:
        return f"a space is missing after the colon of `{word}:`; write `{word}: ...`"
    return f"unknown {noun} `{name}`{suggest(name, known)}"


def note_at(file: YamlFile, what: str, *, node: MappingNode, path: str, field: str = "") -> None:
    """Note a mistake at the field given, or at the one that its text begins with; else at the mapping."""
    nodes = entries(node)
    file.note(nodes.get(field) or nodes.get(what.partition(":")[0]) or node, what, path=path)


def make_struct(
    given: Mapping[str, Any], kind: type[T], *, folder: Path, sources: Mapping[str, str]
) -> tuple[T | None, list[FieldMistake]]:
    """Return the struct of these values, or what is wrong with each."""
    given = read_booleans(given, kind)
    try:
        return convert(given, kind, folder=folder), []
    except msgspec.ValidationError as error:
        whole = str(error)
    good, mistakes = {}, []
    for name, field in fields_of(kind).items():
        if name in given:
            try:
                good[name] = convert(given[name], field.type, folder=folder)
            except msgspec.ValidationError:
                texts = _mistakes_in(given[name], field.type, folder=folder, source=sources.get(name, ""))
                mistakes += [FieldMistake(name, f"{name}: {what}") for what in texts]
        elif field.required:
            mistakes.append(FieldMistake(name, f"`{name}` is missing"))
    if not mistakes:
        return None, [FieldMistake("", whole)]
    try:
        fill_required(good, kind)
    except ValueError as error:  # what the struct itself says of the good ones
        mistakes.append(FieldMistake("", str(error)))
    return None, mistakes


def fill_required(good: Mapping[str, Any], kind: type[T]) -> T:
    """Return the struct of these values, with something in the place of those that it cannot do without."""
    fields = {name: field for name, field in fields_of(kind).items() if name in good or field.required}
    stand_ins = {name: Secret("") if allows(field.type, Secret) else "" for name, field in fields.items()}
    return kind(**{field.name: {**stand_ins, **good}[name] for name, field in fields.items()})


def valid_values(given: Mapping[str, Any], kind: Any, *, folder: Path) -> dict[str, Any]:
    """Return those of the values that are as their fields want them."""
    good = {}
    for name, value in read_booleans(given, kind).items():
        with contextlib.suppress(msgspec.ValidationError, KeyError):
            good[name] = convert(value, fields_of(kind)[name].type, folder=folder)
    return good


def _mistakes_in(value: Any, kind: Any, *, folder: Path, source: str) -> list[str]:
    """Return what is wrong with one value: with each of its parts that is wrong, or with all of it."""
    try:
        convert(value, kind, folder=folder)
    except msgspec.ValidationError as error:
        whole = explain_mistake(str(error), kind=kind, value=value, source=source)
    else:
        return []
    below = _type_of_values(kind)
    parts = value.items() if isinstance(value, dict) and below else ()
    of_parts = ((name, _mistakes_in(part, below, folder=folder, source=source)) for name, part in parts)
    return [f"{name}: {what}" for name, texts in of_parts for what in texts] or [whole]


def _type_of_values(kind: Any) -> Any:
    """Return the type of a mapping's values; None where the type is no mapping of names that anyone may choose."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is dict:
        return arguments[1]
    inner = arguments[:1] if origin is Annotated else arguments if origin in (Union, types.UnionType) else ()
    return next(filter(None, map(_type_of_values, inner)), None)


def convert(given: Any, kind: Any, *, folder: Path) -> Any:
    """Return text, dicts and lists as `kind`, paths relative to `folder`; raises msgspec.ValidationError."""

    def read_text(wanted: type[Any], value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError(f"expected text, got {'a list' if isinstance(value, list) else 'a mapping'}")
        if wanted is Secret:
            return Secret(value)
        if wanted is Path:
            return folder / Path(value).expanduser()
        raise TypeError(f"text cannot be read as {wanted.__name__}")

    return msgspec.convert(given, kind, strict=False, dec_hook=read_text)


def read_booleans(given: Mapping[str, Any], kind: Any) -> Mapping[str, Any]:
    """Return the values, with `yes`, `off` ... as booleans where a field is one."""
    meant = {
        name: boolean
        for name in _boolean_fields(kind)
        if name in given and (boolean := read_boolean(given[name])) is not None
    }
    return {**given, **meant} if meant else given


@cache
def _boolean_fields(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, field in fields_of(kind).items() if allows(field.type, bool))


def read_boolean(text: Any) -> bool | None:
    """Return the boolean that `yes`, `off`, `true` ... mean; None for anything else."""
    return BOOLEANS.get(text.lower()) if isinstance(text, str) and len(text) <= len("false") else None


def fields_of(kind: Any) -> dict[str, structs.FieldInfo]:
    """Return a struct's fields by their names in the YAML."""
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> dict[str, structs.FieldInfo]:
    return {field.encode_name: field for field in structs.fields(kind)}


def encoded_names(kind: type[Any]) -> tuple[str, ...]:
    """Return a struct's keys in the YAML."""
    names: tuple[str, ...] = kind.__struct_encode_fields__
    return names
