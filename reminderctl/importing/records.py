"""One record of an imported file: its line, with what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Record(Struct, frozen=True):
    """What stands from one line on: `values` by standard column name, unless there is a `problem`.

    A record of `whole` says that the file holds all instances of the series of that name: what is stored of it, and
    not in the file, is over. `is_instance`: the record is one of a series.
    """

    line: int
    values: Mapping[str, Any] = {}
    problem: str | None = None
    whole: str | None = None
    is_instance: bool = False
