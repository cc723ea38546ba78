"""One record of an imported file: its line, with what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Record(Struct, frozen=True):
    """What stands from one line on: `values` by standard column name, unless there is a `problem`.

    `skipped` says why the record is understood but not imported; its `id` stays in `values`.
    """

    line: int
    values: Mapping[str, Any] = {}
    problem: str | None = None
    skipped: str | None = None
