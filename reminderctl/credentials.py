"""The channels with their settings, secrets included: enough to send with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Configured(Struct, frozen=True, kw_only=True):
    """A channel as the YAML sets it up: the module's name and its `Settings`; None where it has none."""

    module: str
    settings: Any


class Credentials(Struct, frozen=True, kw_only=True):
    """The channels as the YAML sets them up, each module together with its settings: enough to send with."""

    channels: Mapping[str, Configured] = {}

    def __repr__(self) -> str:
        """Return the names alone: what a variable filled in is no less secret for being a user name."""
        return f"Credentials({', '.join(f'{name}: {each.module}' for name, each in self.channels.items())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Return the names alone."""
        return [(name, each.module) for name, each in self.channels.items()]
