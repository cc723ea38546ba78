"""Dates and times of day that a table has in columns of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from reminderctl.text import remove_invisible

_DATE = ("date", "start_date", "starts_on", "day", "booking_date", "appointment_date")
_TIME = ("time", "start_time", "booking_time", "appointment_time")
_END_DATE = ("end_date", "ends_on")
_END_TIME = ("end_time",)


def has_separate_start(columns: Collection[str]) -> bool:
    """Return True if some columns give a start by its date and its time of day, and none gives it as a whole."""
    names = _fold_all(columns)
    return "starts_at" not in names and bool(names & {*_DATE}) and bool(names & {*_TIME})


def has_separate_end(columns: Collection[str]) -> bool:
    """Return True if one of the columns gives the time of day at which a booking ends."""
    return bool(_fold_all(columns) & {*_END_TIME})


def join_times(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a row with `starts_at` and `ends_at` made of its date and times of day.

    Those that have `starts_at` are left alone: what they call `date` is a field of their own.
    """
    if "starts_at" in values or not has_separate_start(values):
        return values
    left = dict(values)
    date, time, end_date, end_time = (_take(left, names) for names in (_DATE, _TIME, _END_DATE, _END_TIME))
    left["starts_at"] = f"{date} {time}".strip() if time else date
    if "ends_at" not in left and (end_time or end_date):
        left["ends_at"] = f"{end_date} {end_time}".strip() if end_date else end_time
    return left


def _take(values: dict[str, Any], names: tuple[str, ...]) -> str:
    """Remove the first column that has one of some names, and return its text."""
    for key in values:
        if _fold(key) in names:
            value = values.pop(key)
            return str("" if value is None else value).strip()
    return ""


def _fold_all(columns: Collection[str]) -> set[str]:
    return {_fold(column) for column in columns}


def _fold(column: str) -> str:
    return "_".join(remove_invisible(column).casefold().replace("-", " ").replace("_", " ").split())
