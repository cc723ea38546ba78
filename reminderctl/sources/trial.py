"""A trial of a source for the person who sets it up; nothing is written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from reminderctl.core.statuses import StatusCount
from reminderctl.core.unasked import describe_unasked
from reminderctl.errors import ReminderctlError
from reminderctl.model import Workflow
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.advice import Advice, advise, advise_refused
from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers import Reader, open_reader
from reminderctl.sources.readers.sql import SqlReader
from reminderctl.sources.reading import Plan, Taken, take_reading
from reminderctl.text import pluralize

SHOWN = 3
NOWHERE = Path("/nonexistent/sources.db")  # nothing is known there, so every booking is new


class SourceTrial(Struct, kw_only=True):
    """The result of a trial; `bookings` are the first ones, as they would be stored.

    `statements` are what the administrator of the database should run, so that it can be read.
    """

    source: str
    described: list[str] = []
    milliseconds: int = 0
    seen: int = 0
    bookings: list[dict[str, Any]] = []
    bad: list[str] = []
    warnings: list[str] = []
    error: str | None = None
    statements: list[str] = []

    def lines(self) -> Iterator[str]:
        """Yield all of it for people."""
        yield from self.described
        if self.error:
            yield self.error
        else:
            yield f"{pluralize(self.seen, 'booking')} in {self.milliseconds} ms"
        for each in self.bookings:
            yield ", ".join(f"{name} {value}" for name, value in each.items() if value not in (None, ""))
        yield from self.bad
        yield from (f"warning: {each}" for each in self.warnings)
        if self.statements:
            yield "an administrator of the database runs:"
            yield from (f"  {each};" for each in self.statements)


def try_source(
    plan: Plan, *, reveal: Callable[[SourceSettings], SourceSettings], workflows: Sequence[Workflow]
) -> SourceTrial:
    """Read a source as if for the first time, and return what was seen."""
    settings = plan.settings
    trial = SourceTrial(source=settings.name)
    plan = replace(plan, mirror=NOWHERE)
    url = ""
    try:
        revealed = reveal(settings)
        url = revealed.url.reveal()
        timezone = settings.timezone or plan.timezone
        with open_reader(revealed, timezone=timezone, now=plan.now) as reader:
            trial.described = reader.describe()
            began = time.monotonic()
            taken, error = _take(reader, plan)
            trial.milliseconds = round((time.monotonic() - began) * 1000)
            if isinstance(reader, SqlReader):
                _take_advice(trial, advise(settings, reader.session, error=error))
    except ReminderctlError as refused:
        trial.error = str(refused)
        if isinstance(refused, SourceError):
            _take_advice(trial, advise_refused(settings, refused, url=url))
        return trial
    if taken is None:
        trial.error = str(error)
        return trial
    trial.seen, trial.bad = taken.seen, taken.bad
    trial.bookings = [*_show(taken)]
    trial.warnings += _judge_zones(taken)
    rows = [row for _, rows in taken.changed.values() for row in rows]
    trial.warnings += describe_unasked(_count_statuses(taken), workflows)
    trial.warnings += [f"booking {row.booking_id}: {warning}" for row in rows for warning in row.warnings][:SHOWN]
    return trial


def _take(reader: Reader, plan: Plan) -> tuple[Taken | None, SourceError | None]:
    try:
        return take_reading(reader, plan), None
    except SourceError as error:
        return None, error


def _take_advice(trial: SourceTrial, advice: Advice) -> None:
    trial.warnings, trial.statements = advice.warnings, advice.statements


def _judge_zones(taken: Taken) -> Iterator[str]:
    """Yield in which zone the times are read, where the source should name one and does not."""
    settings = taken.plan.settings
    records = [booking.records[0] for booking, _ in taken.changed.values()]
    without = [each for each in records if not each.get("timezone")]
    if settings.timezone or not without or "timezone" not in without[0]:
        return
    said = f"{len(without)} of {pluralize(len(records), 'booking')} name no time zone; {taken.plan.timezone} is used"
    if "timezone_string" in settings.query:
        said += " (this WordPress knows only its offset from UTC; choose a city in its general settings)"
    yield f"{said}; if that is wrong, write `timezone:` for this source"


def _count_statuses(taken: Taken) -> list[StatusCount]:
    """Return how often each status is there."""
    statuses = Counter(rows[0].details.status or "approved" for _, rows in taken.changed.values())
    return [StatusCount("booking", status, number) for status, number in statuses.items()]


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
