"""The configuration: YAML files in, a `model.Config` or every mistake in them out."""

from __future__ import annotations

from typing import Any

from reminderctl.config.finding import find
from reminderctl.config.loading import count, load

__all__ = ["count", "find", "load", "schema"]


def schema() -> dict[str, Any]:
    """The JSON Schema of the YAML."""
    from reminderctl.config.json_schema import build

    return build()
