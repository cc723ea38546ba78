"""Lint of settings that work, but not for long, or not in one country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import structs
from yaml.nodes import Node

from reminderctl import channels
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.yaml_nodes import entries, is_mapping, is_text


def warn_of_providers(parsed: ParsedConfig, *, today: date) -> Iterator[str]:
    """Leave a warning at each setting that its provider's module warns of; yield what is only good to know."""
    if "channels" not in parsed.given:
        return
    file, node = parsed.given["channels"]
    zone = str(parsed.fields.get("timezone") or "")
    for name, below in entries(node).items() if is_mapping(node) else ():
        configured = parsed.fields["channels"].get(name)
        if configured is None or not is_mapping(below):
            continue
        nodes = entries(below)
        texts = _read_texts(nodes, configured.settings)
        for key, what in channels.module(configured.module).warn_of_settings(texts, today=today, zone=zone):
            if key:
                written = nodes[key].value  # not the value of a variable, which nobody wrote down here
                file.warn(nodes[key], f"{key}: {what.replace(texts[key], written)}", path=f"channels.{name}")
            else:
                yield what


def _read_texts(nodes: Mapping[str, Node], settings: Any) -> dict[str, str]:
    """Return the settings that are given as texts: as they are meant, or as they are written where one is missing."""
    written = {key: each.value for key, each in nodes.items() if is_text(each) and "${" not in each.value}
    if settings is None:
        return written
    fields = structs.fields(settings)
    meant = {each.encode_name: getattr(settings, each.name) for each in fields if each.encode_name in nodes}
    return written | {key: value for key, value in meant.items() if isinstance(value, str)}
