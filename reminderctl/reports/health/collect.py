"""The facts of `status`, each found once."""

from __future__ import annotations

import importlib
import platform
import shutil
import sqlite3
import time
import zoneinfo
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from reminderctl import __version__
from reminderctl.bookings import BookingSource
from reminderctl.core.recipients import circuits_of
from reminderctl.ledger import Ledger, claims, readings, stats, unreadable, watermarks
from reminderctl.ledger.readings import SourceReading
from reminderctl.ledger.stats import CircuitStats
from reminderctl.ledger.watermarks import OVERLAP
from reminderctl.model import Config, Delivery, Window
from reminderctl.reports.health.models import CircuitState, CircuitStatus, ClockFacts, Facts, SourceFacts, Space
from reminderctl.tick import lookback
from reminderctl.tick.reading import owed_in

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONG_RETRIED = timedelta(minutes=30)
SEARCH_SECONDS = 0.5


def without_ledger(now: datetime, config: Config | None) -> Facts:
    """Return the facts that are known without opening the ledger."""
    return Facts(
        now=now,
        config=str(config.files[0]) if config else None,
        outbox=str(config.outbox) if config and config.outbox not in (None, Path()) else None,
        clock=_clock(now, config.timezone if config else None),
        space=_space(config.ledger) if config else None,
        versions={
            "reminderctl": __version__,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
    )


def with_ledger(ledger: Ledger, config: Config, *, now: datetime, max_lag: timedelta) -> Facts:
    """Return all facts but those that only the bookings know."""
    import msgspec

    last = stats.last_run(ledger)
    facts = {
        "last_run": last,
        "last_run_age_seconds": _seconds(now - last.at) if last else None,
        "lag_seconds": _lag(ledger, config, now=now),
        "due_now": stats.overdue(ledger, now).deliveries,
        "waiting": stats.waiting(ledger),
        "overdue": stats.overdue(ledger, now - max_lag),
        "retried": stats.retried(ledger, now - LONG_RETRIED),
        "deliveries": stats.counts(ledger, now - DAY),
        "held": stats.held(ledger),
        "stuck": _stuck(claims.stuck(ledger, now), config),
        "missing": stats.missing(ledger),
        "unreadable": [each for each in unreadable.find(ledger, now).values() if each.reason],
        "incomplete_since": _incomplete_since(ledger, now),
        "sources": _sources(ledger, config, now=now),
        "channels": _channels(stats.circuits(ledger), config, now=now),
    }
    return msgspec.structs.replace(without_ledger(now, config), **facts)


def find_next_due(bookings: BookingSource, config: Config, *, now: datetime) -> datetime | None:
    """Find when the next delivery falls due, if that is within a day: hour by hour, as it is mostly near.

    Where a hundred triggers look at thousands of bookings of which none matches, the search is given up.
    """
    until = time.monotonic() + SEARCH_SECONDS
    enabled = [workflow for workflow in config.workflows if workflow.enabled]
    for hour in range(24):
        window = Window(now + hour * HOUR, now + (hour + 1) * HOUR)
        owed = owed_in(window, enabled, bookings=bookings, config=config)
        next_due = min((each.begins_at for each in owed if not each.refusal), default=None)
        if next_due or time.monotonic() > until:
            return next_due
    return None


def _incomplete_since(ledger: Ledger, now: datetime) -> datetime | None:
    """Return the last run that saw all bookings, None where that is the last one or the search has ended."""
    known = lookback.find(ledger, now)
    until = known.whole_until if known else None
    return until if until and until < now - OVERLAP and now - until < lookback.LONGEST else None


def _stuck(deliveries: list[Delivery], config: Config) -> list[str]:
    from reminderctl.bookings.people import find_names

    names = find_names(config, {each.recipient for each in deliveries})
    return [
        f"{each.workflow}: {each.action} to {names.whom(each.recipient, each.address)} for booking {each.booking}"
        for each in deliveries
    ]


def _lag(ledger: Ledger, config: Config, *, now: datetime) -> int | None:
    """Return the lag of planning in seconds: the age of the oldest watermark of what is switched on."""
    enabled = {workflow.id: workflow for workflow in config.workflows if workflow.enabled}
    planned = [
        mark.planned_until
        for key, mark in watermarks.read(ledger, now).items()
        if key.workflow in enabled
        and any(trigger.identity == key.trigger for trigger in enabled[key.workflow].triggers)
    ]
    return max(_seconds(now - min(planned)), 0) if planned else None


def _sources(ledger: Ledger, config: Config, *, now: datetime) -> list[SourceFacts]:
    """Return the sources of the YAML that are switched on, as the last runs have read them."""
    known = readings.find_all(ledger)
    found = []
    for settings in config.sources:
        if settings.enabled:
            reading = known.get(settings.name, SourceReading())
            age = reading.age(now)
            found.append(
                SourceFacts(
                    source=settings.name,
                    read_at=reading.read_at,
                    age_seconds=_seconds(age) if age is not None else None,
                    is_too_old=age is not None and settings.max_age is not None and age > settings.max_age,
                    failing_since=reading.failing_since,
                    missing=reading.missing,
                    bad=reading.bad,
                    error=reading.error,
                )
            )
    return found


def _channels(counted: dict[str, CircuitStats], config: Config, *, now: datetime) -> list[CircuitStatus]:
    """Return the circuits that workflows use or in which something waits, and the channels that are set up."""
    used = {
        circuit: action.channel
        for workflow in config.workflows
        if workflow.enabled
        for action in workflow.actions
        for circuit in circuits_of(action, config)
    }
    known = used | {circuit: circuit.partition(" ")[0] for circuit, each in counted.items() if each.waiting.deliveries}
    known |= {channel: channel for channel in config.channels if channel not in known.values()}
    circuits = [
        CircuitStatus(
            channel=channel,
            circuit=circuit,
            state=_state(figures, now),
            used=circuit in used,
            down_since=figures.down_since,
            rests=figures.paused_until is not None and figures.paused_until > now,
            rests_until=figures.paused_until,
            last_sent_at=figures.last_sent_at,
            failures=figures.failures,
            waiting=figures.waiting.deliveries,
            first_expires_at=figures.waiting.first_expires_at,
            error=figures.error,
        )
        for circuit, channel in known.items()
        for figures in [counted.get(circuit, CircuitStats())]
    ]
    return sorted(circuits, key=lambda each: each.circuit)


def _state(circuit: CircuitStats, now: datetime) -> CircuitState:
    if circuit.failures:
        return "down" if circuit.paused_until else "failing"
    if circuit.paused_until and (circuit.paused_until > now or circuit.throttles):
        return "throttled"
    return "ok" if circuit.last_sent_at else "idle"


def _clock(now: datetime, timezone: str | None) -> ClockFacts:
    source = next((Path(each) for each in zoneinfo.TZPATH if Path(each, timezone or "UTC").is_file()), None)
    return ClockFacts(
        timezone=timezone,
        local=f"{now.astimezone(ZoneInfo(timezone)):%Y-%m-%dT%H:%M:%S%z}" if timezone else None,
        tzdata=_version_in(source) if source else _version_of_package(),
        tzdata_from=str(source) if source else "the tzdata package",
    )


def _space(ledger: Path) -> Space | None:
    """Measure the space of a ledger; None where it has not even a folder that we may enter."""
    try:
        return Space(free=shutil.disk_usage(ledger.parent).free, **stats.sizes(ledger))
    except OSError:
        return None


def _version_in(folder: Path) -> str | None:
    """Return the version of a system's zones, which the first line of one of its files names, if it has that file."""
    try:
        with (folder / "tzdata.zi").open(encoding="utf-8") as file:
            return file.readline().rpartition(" ")[2].strip() or None
    except OSError:
        return None


def _version_of_package() -> str | None:
    try:
        return str(importlib.import_module("tzdata").IANA_VERSION)
    except ImportError:
        return None


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
