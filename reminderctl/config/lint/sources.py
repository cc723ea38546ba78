"""Warnings about sources of bookings that no run can read here."""

from __future__ import annotations

import importlib.util

from reminderctl.config.loading import ParsedConfig
from reminderctl.config.yaml_nodes import is_mapping, key_node

_DRIVERS = {"mysql": ("pymysql", "mysql"), "postgresql": ("psycopg", "postgres")}  # the module, and our extra


def warn_of_sources(parsed: ParsedConfig) -> None:
    """Warn of a source whose driver is not installed."""
    for source in parsed.fields.get("sources", ()):
        module, extra = _DRIVERS.get(source.kind, ("", ""))
        if module and importlib.util.find_spec(module) is None:
            file, node = parsed.given["sources"]
            what = f"the driver is not installed; install `reminderctl[{extra}]`"
            if is_mapping(node):
                file.warn(key_node(node, source.name), what, path=f"sources.{source.name}")
