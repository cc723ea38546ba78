"""The settings: everything at the top of the YAML but the channels and the workflows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yaml.nodes import Node

from reminderctl.config import addresses, schema
from reminderctl.config.struct_reader import EMPTY, encoded_names, read_struct, unknown_key
from reminderctl.config.suggestions import quote
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_list, is_mapping, is_text, plain, unquoted
from reminderctl.core import timing
from reminderctl.core.recipients import ADDRESS_KINDS
from reminderctl.errors import Problem
from reminderctl.model import Admin, Company
from reminderctl.secret import Secret

KEYS = encoded_names(schema.File)
LONGEST_NAME = 255  # bytes; no file system of ours takes more
NOT_SETTINGS = frozenset({"workflows", "channels", "sources", "quiet_hours"})  # which are read by files of their own
_ZONE = "add the zone of your bookings, such as `timezone: Europe/Madrid`"
_LANGUAGE = re.compile(schema.LANGUAGE)
_IDENTIFIER = re.compile(schema.IDENTIFIER)
_URL = re.compile(schema.URL)


class Setting(NamedTuple):
    """The value of a top-level key and the file that gives it."""

    file: YamlFile
    node: Node


def collect(files: Sequence[YamlFile]) -> dict[str, Setting]:
    """Return each settings key's value; note unknown keys, empty ones, and those that are in two files."""
    settings: dict[str, Setting] = {}
    for file in files:
        if file.root is None:
            continue
        for key, node in file.root.value:
            name = key.value
            if name not in KEYS:
                file.note(key, unknown_key(name, KEYS), path="")
            elif is_empty(node):
                file.note(key, EMPTY, path=name)
            elif name == "workflows":
                continue
            elif name in settings:
                there = settings[name]
                place = f"{there.file.name}:{there.node.start_mark.line + 1}"
                file.note(key, f"duplicate key, already in {place}; each setting belongs in one file only", path=name)
            else:
                settings[name] = Setting(file, node)
    return settings


def read(settings: Mapping[str, Setting], *, files: Sequence[YamlFile], folder: Path) -> dict[str, Any]:
    """Return the fields of `Config` that the settings give; the mistakes are noted in their files."""
    fields: dict[str, Any] = {"bookings": folder / "bookings.db", "ledger": folder / "ledger.db", "max_burst": 500}
    for name, setting in settings.items():
        if name not in NOT_SETTINGS:
            fields[name] = _READERS[name](setting.file, setting.node, path=name)
    if "timezone" not in settings and all(file.root for file in files):  # else it may stand where nobody can read it
        first = files[0]
        first.problems.append(Problem(first.name, 1, 1, "", f"`timezone` is missing; {_ZONE}"))
    return fields


def read_text(file: YamlFile, node: Node, *, path: str, lead: str = "") -> str:
    """Return the text at a node; an empty text, and a note, where there is none. `lead` begins the note: `name: `."""
    if is_text(node) and node.value.strip():
        return str(node.value)
    what = EMPTY if is_text(node) else f"expected text, got {quote(plain(node))}{unquoted(node)}"
    file.note(node, lead + what, path=path)
    return ""


def read_identifier(file: YamlFile, node: Node, *, path: str) -> str:
    """Return the `id` at a node; an empty text, and a note, where there is none."""
    text = read_text(file, node, path=path, lead="id: ")
    if text and not _IDENTIFIER.fullmatch(text):
        file.note(node, f"id: {quote(text)} may hold letters, digits, `.`, `_` and `-` only, at most 100", path=path)
    return text


def read_texts(
    file: YamlFile, node: Node, *, path: str, lead: str, instead: str = "remove the key, or give it a value"
) -> list[tuple[str, Node]]:
    """Return one text or a list of them, each with its node; at least one, or a note of what to do `instead`."""
    if not is_list(node):
        text = read_text(file, node, path=path, lead=lead)
        return [(text, node)] if text else []
    if not node.value:
        file.note(node, f"{lead}the list is empty; {instead}", path=path)
    return [(text, each) for each in node.value if (text := read_text(file, each, path=path, lead=lead))]


def read_max_burst(file: YamlFile, node: Node, *, path: str, lead: str = "") -> int | None:
    """Return how many new deliveries one run may make for a workflow; None for no limit."""
    text = node.value if is_text(node) else ""
    if text == "none":
        return None
    if text.isascii() and text.isdigit() and int(text) < 10**9:
        return int(text)
    given = quote(text) if is_text(node) else "a list or mapping"
    file.note(node, f"{lead}expected a whole number, or `none`, got {given}", path=path)
    return None


def _read_timezone(file: YamlFile, node: Node, *, path: str) -> str:
    name = read_text(file, node, path=path)
    if name and timing.find_zone(name) is None:
        from reminderctl.config import zone_guesses  # it reads tables that a right name does without

        file.note(node, f"there is no time zone {quote(name)}{zone_guesses.advise(name)}", path=path)
    return name


def _read_language(file: YamlFile, node: Node, *, path: str) -> str:
    tag = read_text(file, node, path=path)
    if tag and not is_language(tag):
        file.note(node, f"{quote(tag)} is not a language tag; use `es`, `en` or `pt-BR`", path=path)
    return tag


def is_language(tag: str) -> bool:
    """Return whether a tag has the form of a language: `es`, `pt-BR`."""
    return _LANGUAGE.fullmatch(tag) is not None


def _read_path(file: YamlFile, node: Node, *, path: str) -> Path:
    text = read_text(file, node, path=path)
    if "\0" in text or any(len(part.encode()) > LONGEST_NAME for part in Path(text).parts):
        file.note(node, f"{quote(text)} cannot be the name of a file", path=path)
        return Path()
    try:
        return file.path.parent / Path(text).expanduser()
    except RuntimeError:
        file.note(
            node, f"{quote(text)} begins with the home of a user who does not exist; use the full path", path=path
        )
        return Path()


def _read_heartbeat(file: YamlFile, node: Node, *, path: str) -> Secret | None:
    """Return the URL; a note does not repeat it, because it may hold a token."""
    url = read_text(file, node, path=path)
    if url and not _URL.fullmatch(url):
        file.note(node, "is not a URL; use a full URL that begins with http:// or https://", path=path)
    return Secret(url) if url else None


def _read_company(file: YamlFile, node: Node, *, path: str) -> Company:
    return Company(**_read_contact(file, node, kind=Company, path=path))


def _read_admin(file: YamlFile, node: Node, *, path: str) -> Admin:
    return Admin(**_read_contact(file, node, kind=Admin, path=path))


def _read_alerts(file: YamlFile, node: Node, *, path: str) -> str:
    read = read_struct(file, node, kind=schema.AlertKeys, path=path)
    return read.chat if read else ""


def _read_contact(file: YamlFile, node: Node, *, kind: type[Any], path: str) -> dict[str, str]:
    """Return the fields of a mapping of texts, those with mistakes left out; its addresses are looked at."""
    read_struct(file, node, kind=kind, path=path)
    if not is_mapping(node):
        return {}
    good = {name: each.value for name, each in entries(node).items() if name in encoded_names(kind) and is_text(each)}
    for name in good.keys() & ADDRESS_KINDS.keys():
        mistake = addresses.mistake(good[name], name) if good[name] else ""
        if mistake:
            file.note(entries(node)[name], f"{name}: {mistake}", path=path)
    return good


_READERS: Mapping[str, Callable[..., Any]] = {
    "timezone": _read_timezone,
    "language": _read_language,
    "bookings": _read_path,
    "ledger": _read_path,
    "outbox": _read_path,
    "heartbeat": _read_heartbeat,
    "company": _read_company,
    "admin": _read_admin,
    "alerts": _read_alerts,
    "max_burst": read_max_burst,
}
