"""The sources of the YAML: other places of bookings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node

from reminderctl.config import schema
from reminderctl.config.env import fill_in, note_references
from reminderctl.config.presets import FOLDER, SourcePreset, find_preset, read_preset
from reminderctl.config.source_addresses import find_address_mistakes
from reminderctl.config.source_queries import find_query_mistake, names_the_window
from reminderctl.config.struct_reader import check_keys, encoded_names, read_struct
from reminderctl.config.suggestions import one_of, quote
from reminderctl.config.variables import REFERENCE, Variables
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_mapping, is_text
from reminderctl.core import timing
from reminderctl.secret import Secret
from reminderctl.source_settings import SourceKind, SourceSettings, host_of, is_local

SECRET_KEYS = ("url", "password", "headers")  # in which `${NAME}` is read
_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SECONDS = re.compile(r"(\d{1,4})\s*(?:s|seconds?)")
_PERCENT = re.compile(r"(\d{1,2}|100)\s*%")
_KINDS: Mapping[str, SourceKind] = {
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "sqlite": "sqlite",
    "http": "http",
    "https": "http",
    "webcal": "http",
    "webcals": "http",
    "": "files",
    "file": "files",
}
_SHOWN = ("mysql", "postgresql", "sqlite", "https")
EVERY_ADDRESS = timedelta(minutes=10)
READS_EVERYTHING = (
    "the query names neither :since nor :until, so it reads everything each minute; add "
    "`WHERE start_at < :until AND end_at > :since`"
)


class _SourceReader:
    """One source of the YAML while it is read; mistakes are noted at its keys."""

    def __init__(self, file: YamlFile, node: MappingNode, *, name: str, variables: Variables) -> None:
        self.file, self.node, self.name, self.variables = file, node, name, variables
        self.path = f"sources.{name}"
        self.mistakes = len(file.problems)

    def note(self, key: str, what: str) -> None:
        """Note a mistake at a key, or at the source where it lacks that key."""
        self.file.note(entries(self.node).get(key, self.node), what, path=self.path)


def read_sources(
    file: YamlFile, node: Node, *, variables: Variables, read_files: list[Path]
) -> tuple[SourceSettings, ...]:
    """Return every source that the YAML names; note mistakes, and add the files of presets to `read_files`."""
    if not is_mapping(node):
        file.note(node, "expected a mapping such as `clinic: {url: ...}`", path="sources")
        return ()
    found = []
    for key, below in node.value:
        if not _NAME.fullmatch(key.value):
            file.note(key, f"{quote(key.value)} may hold letters, digits, `_` and `-` only, at most 50", path="sources")
        elif not is_mapping(below):
            file.note(below, "expected a mapping of keys and values", path=f"sources.{key.value}")
        else:
            reader = _SourceReader(file, below, name=key.value, variables=variables)
            source = _read_source(reader, read_files=read_files)
            found += [source] if source else []
    return tuple(found)


def _read_source(reader: _SourceReader, *, read_files: list[Path]) -> SourceSettings | None:
    preset = _read_preset(reader, read_files)
    own_names = preset.defaults if preset else {}
    known = encoded_names(schema.SourceKeys)
    nodes = entries(reader.node)
    check_keys(reader.file, reader.node, nodes=nodes, known=(*known, *own_names), path=reader.path)
    others = [name for name in nodes if name not in known or is_empty(nodes[name])]
    keys = read_struct(reader.file, reader.node, kind=schema.SourceKeys, path=reader.path, leave_out=others)
    if keys is None or reader.mistakes != len(reader.file.problems):
        return None
    _note_variables(reader)
    kind = preset.engine if preset else _find_kind(reader, keys.url)
    names = {**own_names} | {name: node.value for name, node in nodes.items() if name in own_names}
    query = _fill_names(preset.query if preset else keys.query, names)
    window, key = (preset.window, preset.key) if preset else (keys.window, keys.key)
    _check_query(reader, keys, kind=kind, query=query, preset=preset)
    url = _check_address(reader, keys, kind=kind, preset=preset)
    lengths = ({"every": EVERY_ADDRESS} if kind == "http" else {}) | _read_lengths(reader, keys)
    if reader.mistakes != len(reader.file.problems):
        return None
    return SourceSettings(
        name=reader.name,
        kind=kind,
        url=Secret(url),
        password=Secret(keys.password),
        folder=reader.file.path.parent,
        title=preset.title if preset else "",
        verified=preset.verified if preset else "",
        query=query.strip().rstrip(";"),
        window=_fill_names(window, {**names, "longest": _whole_days(lengths["longest"])}),
        key=key,
        values=_join_words(preset, keys),
        **_describe_answer(preset, keys),
        language=keys.language if isinstance(keys.language, str) else "",
        timezone=keys.timezone,
        tls=keys.tls,
        ca_file=reader.file.path.parent / keys.ca_file if keys.ca_file else None,
        enabled=keys.enabled,
        **{name: value for name, value in lengths.items() if name != "longest"},
    )


def _read_preset(reader: _SourceReader, read_files: list[Path]) -> SourcePreset | None:
    node = entries(reader.node).get("preset")
    if node is None or not is_text(node) or not node.value:
        return None
    path, problem = find_preset(node.value, reader.file.path.parent)
    if path is None:
        reader.note("preset", problem)
        return None
    preset, problem = read_preset(path)
    if preset is None:
        reader.note("preset", f"{path}: {problem}")
    elif path.parent != FOLDER:
        read_files.append(path)
    return preset


def _note_variables(reader: _SourceReader) -> None:
    """Note each `${NAME}` that has no value, or stands where none is read."""
    for name, node in entries(reader.node).items():
        if name in SECRET_KEYS:
            fill_in(reader.file, node, path=reader.path, variables=reader.variables)
        elif "${" in reader.file.text:
            note_references(reader.file, node, path=reader.path)


def _find_kind(reader: _SourceReader, url: str) -> SourceKind:
    """Return the reader that the scheme of an address decides; what a variable holds decides it too."""
    found = _SCHEME.match(_fill_variables(reader, url))
    scheme = found[1].lower() if found else ""
    if scheme in _KINDS:
        return _KINDS[scheme]
    reader.note("url", f"url: nothing reads {quote(scheme)}; write {one_of([f'{each}:' for each in _SHOWN])} or a file")
    return "files"


def _fill_variables(reader: _SourceReader, text: str) -> str:
    return REFERENCE.sub(lambda found: reader.variables.find(found[1]) or "", text)


def _fill_names(text: str, names: Mapping[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _check_query(
    reader: _SourceReader, keys: schema.SourceKeys, *, kind: SourceKind, query: str, preset: SourcePreset | None
) -> None:
    if preset and keys.query:
        reader.note("query", "query: the preset has one already; leave out `preset` or `query`")
    if kind in ("files", "http"):
        if query:
            what = "a file" if kind == "files" else "an address"
            reader.note("query", f"query: {what} has no tables; leave it out, or write `url: sqlite:...`")
        return
    if not query.strip():
        reader.note("url", "a database needs a `preset` or a `query`")
        return
    if mistake := find_query_mistake(query):
        reader.note("query" if keys.query else "preset", mistake)
    elif kind != "sqlite" and not names_the_window(query):
        reader.note("query", READS_EVERYTHING)
    if "{where}" in query and not preset and not (keys.window and keys.key):
        reader.note("query", "query: `{where}` needs a `window` and a `key`, which take its place")


def _check_tls(reader: _SourceReader, keys: schema.SourceKeys, *, kind: SourceKind) -> None:
    """Refuse a password on a connection that others can read."""
    if keys.tls != "off" or kind not in ("mysql", "postgresql", "http"):
        return
    if not is_local(host_of(REFERENCE.sub("", keys.url))) and (keys.password or "@" in keys.url or keys.headers):
        reader.note("tls", "tls: off sends the password where others can read it; leave it out, or use a tunnel")


def _check_address(
    reader: _SourceReader, keys: schema.SourceKeys, *, kind: SourceKind, preset: SourcePreset | None
) -> str:
    """Return the address with what the preset of an API adds to it; note what is wrong with it."""
    url = preset.url.replace("{url}", keys.url.rstrip("/")) if preset and kind == "http" else keys.url
    for at, mistake in find_address_mistakes(keys, kind=kind, url=_fill_variables(reader, url)):
        reader.note(at, mistake)
    _check_tls(reader, keys, kind=kind)
    return url


def _describe_answer(preset: SourcePreset | None, keys: schema.SourceKeys) -> dict[str, Any]:
    """Return the settings of how an address lists bookings: the preset's, then those of the source."""
    columns, headers = (preset.columns, preset.headers) if preset else ({}, {})
    return {
        "columns": {**columns, **keys.map},
        "headers": {name: Secret(value) for name, value in {**headers, **keys.headers}.items()},
        "items": keys.items or (preset.items if preset else ""),
        "next_page": keys.next or (preset.next_page if preset else ""),
        "each": preset.each if preset else "",
        "most": preset.most if preset else None,
    }


def _join_words(preset: SourcePreset | None, keys: schema.SourceKeys) -> dict[str, dict[str, str]]:
    """Return the words to translate, in lower case, by column: the preset's, then those of the source."""
    words: dict[str, dict[str, str]] = {
        column: dict(each) for column, each in (preset.values if preset else {}).items()
    }
    words.setdefault("status", {}).update(keys.status)
    words.setdefault("language", {}).update(keys.language if isinstance(keys.language, dict) else {})
    return {column: {word.casefold(): text for word, text in each.items()} for column, each in words.items() if each}


# --- lengths and shares -----------------------------------------------------------------------------------------------


def _read_lengths(reader: _SourceReader, keys: schema.SourceKeys) -> dict[str, Any]:
    """Return the keys that are lengths of time or shares, those with a mistake left out."""
    found: dict[str, Any] = {"max_age": None} if keys.max_age == "none" else {}
    parsers = dict.fromkeys(("every", "timeout", "max_age", "ahead", "behind", "longest"), parse_length)
    for name, parse in (*parsers.items(), ("max_missing", parse_share)):
        text = getattr(keys, name)
        if text and not (name == "max_age" and text == "none"):
            try:
                found[name] = parse(text)
            except ValueError as error:
                reader.note(name, f"{name}: {error}")
    if keys.timezone and timing.find_zone(keys.timezone) is None:
        reader.note("timezone", f"timezone: there is no time zone {quote(keys.timezone)}; write `Europe/Madrid`")
    return found


def parse_length(text: str) -> timedelta:
    """Return a length of time such as `10s`, `10m` or `6h`; raises ValueError."""
    found = _SECONDS.fullmatch(text.strip().lower())
    return timedelta(seconds=int(found[1])) if found else timing.parse_duration(text)


def _whole_days(length: timedelta) -> str:
    """Return a length in days, the last one a whole one: what a window looks back for bookings that go on."""
    return str(-(-length // timedelta(days=1)))


def parse_share(text: str) -> float:
    """Return a share such as `20%`, between 0 and 1; raises ValueError."""
    found = _PERCENT.fullmatch(text.strip())
    if not found:
        raise ValueError(f"cannot read {quote(text)} as a share; write `20%`")
    return int(found[1]) / 100
