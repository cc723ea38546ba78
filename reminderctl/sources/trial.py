"""A trial of a source for the person who sets it up; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from reminderctl.errors import ReminderctlError
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.readers import open_reader
from reminderctl.sources.reading import Plan, Taken, take_reading
from reminderctl.text import pluralize

SHOWN = 3
NOWHERE = Path("/nonexistent/sources.db")  # nothing is known there, so every booking is new


class SourceTrial(Struct, kw_only=True):
    """The result of a trial; `bookings` are the first ones, as they would be stored."""

    source: str
    described: list[str] = []
    milliseconds: int = 0
    seen: int = 0
    bookings: list[dict[str, Any]] = []
    bad: list[str] = []
    warnings: list[str] = []
    error: str | None = None

    def lines(self) -> Iterator[str]:
        """Yield all of it for people."""
        yield from self.described
        if self.error:
            yield self.error
            return
        yield f"{pluralize(self.seen, 'booking')} in {self.milliseconds} ms"
        for each in self.bookings:
            yield ", ".join(f"{name} {value}" for name, value in each.items() if value not in (None, ""))
        yield from self.bad
        yield from self.warnings


def try_source(plan: Plan, *, reveal: Callable[[SourceSettings], tuple[str, str]]) -> SourceTrial:
    """Read a source as if for the first time, and return what was seen."""
    trial = SourceTrial(source=plan.settings.name)
    plan = replace(plan, mirror=NOWHERE, stored=None)
    try:
        url, password = reveal(plan.settings)
        timezone = plan.settings.timezone or plan.timezone
        with open_reader(plan.settings, url=url, password=password, timezone=timezone, now=plan.now) as reader:
            trial.described = reader.describe()
            began = time.monotonic()
            taken = take_reading(reader, plan)
            trial.milliseconds = round((time.monotonic() - began) * 1000)
    except ReminderctlError as error:
        trial.error = str(error)
        return trial
    trial.seen, trial.bad = taken.seen, taken.bad
    trial.bookings = [*_show(taken)]
    rows = [row for _, rows in taken.changed.values() for row in rows]
    trial.warnings = [f"booking {row.booking_id}: {warning}" for row in rows for warning in row.warnings][:SHOWN]
    return trial


def _show(taken: Taken) -> Iterator[dict[str, Any]]:
    """Yield the first bookings, without what is nobody's business on a terminal."""
    first = sorted(taken.changed.items(), key=lambda each: (each[1][1][0].details.starts_at, each[0]))[:SHOWN]
    for name, (booking, rows) in first:
        details, record = rows[0].details, booking.records[0]
        yield {
            "id": f"{taken.plan.settings.name}:{name}",
            "starts_at": details.starts_at,
            "ends_at": details.ends_at,
            "timezone": details.timezone or None,
            "status": details.status or None,
            "service": record.get("service"),
            "staff": record.get("staff"),
            "customers": len(rows),
            "language": record.get("language"),
        }
