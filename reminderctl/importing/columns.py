"""One record of an export: its columns, under the names that they have here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, UnsetType

from reminderctl.text import remove_invisible

Text = str | None | UnsetType  # UNSET: the file has no such column; None: the cell is empty
EntityTexts = tuple[Text, ...]  # of one entity, in the order of TEXT_COLUMNS

# What a booking refers to: each table's columns, by the name that they have in a flat row.
ENTITIES = {
    "services": {"id": "service_id", "name": "service"},
    "staff": {
        "id": "staff_id",
        "name": "staff",
        "email": "staff_email",
        "phone": "staff_phone",
        "telegram": "staff_telegram",
    },
    "locations": {
        "id": "location_id",
        "name": "location",
        "address": "location_address",
        "phone": "location_phone",
        "email": "location_email",
    },
    "customers": {
        "id": "customer_id",
        "full_name": "customer_name",
        "first_name": "customer_first_name",
        "last_name": "customer_last_name",
        "email": "customer_email",
        "phone": "customer_phone",
        "telegram": "customer_telegram",
        "language": "language",
        "timezone": "customer_timezone",
    },
}
TEXT_COLUMNS = {table: tuple(name for name in columns if name != "id") for table, columns in ENTITIES.items()}
PARTICIPANT_STATUS = "participant_status"
BOOKING_COLUMNS = frozenset({"id", "starts_at", "ends_at", "duration", "timezone", "status"})
REQUIRED_COLUMNS = ("id", "starts_at")
KNOWN_COLUMNS = BOOKING_COLUMNS.union({PARTICIPANT_STATUS}, *(columns.values() for columns in ENTITIES.values()))

# Other names of a column. The shortcodes call these so, and a file may do so too.
ALIASES = {
    "service_name": "service",
    "staff_name": "staff",
    "location_name": "location",
    "customer_full_name": "customer_name",
    "customer_language": "language",
    "customer_status": PARTICIPANT_STATUS,
}


class ExportRecord(Struct, frozen=True):
    """One record of an export, which begins on `line`: `values` by column name, unless there is a `problem`.

    A record with `complete_series` has no values: it says that the file holds all instances of the series of that
    name, so that those that are stored and not in the file are over. `is_instance`: the record is one of a series. One
    with `remarks` has no values either: they are warnings about what was read otherwise than it is written.
    """

    line: int
    values: Mapping[str, Any] = {}
    problem: str | None = None
    complete_series: str | None = None
    is_instance: bool = False
    remarks: tuple[str, ...] = ()


class ColumnNames(dict[str, str]):
    """The name that each column of a file has here, looked up when it is first seen.

    `column_map` (--map) goes first; known names are recognised in any case, with blanks or hyphens for `_`. Every
    other name is kept, and names a key of `fields`.
    """

    def __init__(self, column_map: Mapping[str, str]) -> None:
        super().__init__()
        self._mapped = {_fold(column): (column, name) for column, name in column_map.items()}
        self._seen: set[str] = set()
        self.paths = [(path, _find_standard_name(name)) for path, name in column_map.items() if "." in path]

    def __missing__(self, column: str) -> str:
        folded = _fold(column)
        self._seen.add(folded)
        name = self._mapped[folded][1] if folded in self._mapped else column
        self[column] = standard = _find_standard_name(name)
        return standard

    def mapped_columns(self) -> list[str]:
        """Return the columns that --map names, in upper case."""
        return [column.upper() for column, _ in self._mapped.values()]

    def find_mapped(self, column: str) -> str | None:
        """Return the name that --map gives a column; None where it does not name it."""
        is_mapped = _fold(column) in self._mapped
        return self[column] if is_mapped else None

    def note_path(self, path: str) -> None:
        """Count a path that --map names as a column of the file."""
        self._seen.add(_fold(path))

    def unused_columns(self) -> list[str]:
        """Return the columns that --map names and that the file, as far as it was read, does not have."""
        return sorted(column for folded, (column, _) in self._mapped.items() if folded not in self._seen)


def _find_standard_name(name: str) -> str:
    standard = _fold(name).replace(" ", "_").replace("-", "_")
    standard = ALIASES.get(standard, standard)
    return standard if standard in KNOWN_COLUMNS else name.strip()


def _fold(name: str) -> str:
    return " ".join(remove_invisible(name).casefold().split())
