"""The words that lines of our YAML begin with."""

from __future__ import annotations

from functools import cache
from typing import Any

from reminderctl import channels
from reminderctl.config import schema
from reminderctl.config.struct_reader import encoded_names
from reminderctl.core.recipients import CHANNELS
from reminderctl.model import Admin, Company, Filters


def is_known(word: str) -> bool:
    """Return whether a key of this name has a meaning somewhere in the YAML."""
    return word in _words()


@cache
def _words() -> frozenset[str]:
    modules = [
        channels.module(name)
        for channel in CHANNELS
        for name in [*(f"{channel}.{each}" for each in channels.providers(channel))] or [channel]
    ]
    structs: list[type[Any]] = [schema.File, schema.WorkflowKeys, schema.ActionKeys, Filters, Company, Admin]
    structs += [kind for module in modules for kind in (module.Settings, module.Message)]
    return frozenset({"provider", *CHANNELS, *(name for kind in structs for name in encoded_names(kind))})
