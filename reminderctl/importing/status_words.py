"""The status of a row, which may be a word that nobody knows, or be in its subject."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from reminderctl.core.statuses import CANCELED, split_canceled, standard_status
from reminderctl.core.unasked import explain_unasked
from reminderctl.importing.row_options import RowOptions
from reminderctl.importing.values import Collector

_SWITCHES = frozenset({"canceled", "cancelled", "is_canceled", "is_cancelled", "deleted", "is_deleted"})
_YES = frozenset({"true", "yes", "y", "1", "x", "t", "si", "sí", "sì", "ja", "oui", "sim", "tak"})
_INSTANTS = frozenset({"canceled_at", "cancelled_at", "canceled_on", "cancelled_on", "deleted_at", "deleted_on"})
_SUBJECTS = ("service", "customer_name")  # the columns that the subject of an event becomes


def warn_of_status(column: str, status: object, *, options: RowOptions, collected: Collector) -> None:
    """Add a warning for a status that neither we know nor a workflow names."""
    known = options.known_statuses
    if known is not None and isinstance(status, str) and status and standard_status(status) not in known:
        collected.warnings.append(f"{column} is {explain_unasked(status, options.workflows)}")


def read_canceled_columns(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a row that says in a column of its own that it is canceled (`cancelled`, `deleted_at`)."""
    for column, value in values.items():
        kind = _find_kind(column)
        text = str("" if value is None else value).strip().casefold() if kind else ""
        if (kind is _SWITCHES and text in _YES) or (kind is _INSTANTS and text[:1].isdigit() and text.strip("0:- ")):
            return {**values, "status": CANCELED}
    return values


@lru_cache(maxsize=1024)
def _find_kind(column: str) -> frozenset[str] | None:
    """Return the names of columns that a column is one of; None where it says nothing of this."""
    name = "_".join(column.casefold().replace("-", " ").split())
    return next((names for names in (_SWITCHES, _INSTANTS) if name in names), None)


def read_canceled_subject(values: Mapping[str, Any], collected: Collector) -> Mapping[str, Any]:
    """Return the values of a row whose subject begins with `Canceled: ` without that, and with that status.

    Outlook writes it, in the language of its user, and leaves the rest of the event as it was.
    """
    for column in _SUBJECTS:
        word, subject = split_canceled(values.get(column))
        if word:
            collected.warnings.append(f"{column} begins with {word!r}, so the booking is canceled")
            return {**values, column: subject, "status": CANCELED}
    return values
