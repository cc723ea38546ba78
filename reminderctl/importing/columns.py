"""The names that the columns of an imported file may have."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UnsetType

Text = str | None | UnsetType  # UNSET: the file does not say; None: it says that there is none
Texts = tuple[Text, ...]  # of one noun, in the order of TEXTS

# Each table's columns, by the name that they have in a flat row.
NOUNS = {
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
TEXTS = {table: tuple(name for name in columns if name != "id") for table, columns in NOUNS.items()}
PARTICIPANT_STATUS = "participant_status"
BOOKING = frozenset({"id", "starts_at", "ends_at", "duration", "timezone", "status"})
REQUIRED = ("id", "starts_at")
KNOWN = BOOKING.union({PARTICIPANT_STATUS}, *(columns.values() for columns in NOUNS.values()))

# The shortcodes call these by other names, so a file may do so too.
_ALSO = {
    "service_name": "service",
    "staff_name": "staff",
    "location_name": "location",
    "customer_full_name": "customer_name",
    "customer_language": "language",
    "customer_status": PARTICIPANT_STATUS,
}


class Names(dict[str, str]):
    """What each column of a file is called here, worked out when it is first seen.

    `renames` goes first; known names are found in any case, with blanks or hyphens for `_`. Every other name stays as
    it is, and names a key of `fields`.
    """

    def __init__(self, renames: Mapping[str, str]) -> None:
        super().__init__()
        self._renames = {_folded(column): (column, name) for column, name in renames.items()}
        self._seen: set[str] = set()

    def __missing__(self, column: str) -> str:
        folded = _folded(column)
        self._seen.add(folded)
        name = self._renames[folded][1] if folded in self._renames else column
        self[column] = known = _known(name)
        return known

    def sources(self) -> list[str]:
        """The columns that `renames` names, in upper case."""
        return [column.upper() for column, _ in self._renames.values()]

    def mapped(self, column: str) -> str | None:
        """What `renames` calls a column, if it does."""
        renamed = _folded(column) in self._renames
        return self[column] if renamed else None

    def unused(self) -> list[str]:
        """The columns that `renames` names and that the file, as far as it was read, does not have."""
        return sorted(column for folded, (column, _) in self._renames.items() if folded not in self._seen)


def _known(name: str) -> str:
    standard = _folded(name).replace(" ", "_").replace("-", "_")
    standard = _ALSO.get(standard, standard)
    return standard if standard in KNOWN else name.strip()


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
