"""The sources of one run: read before it plans, recorded as it plans, asked again before its messages go."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import Self
from zoneinfo import ZoneInfo

from reminderctl.bookings import BookingSource
from reminderctl.bookings.mirror import MADE_AGAIN, mirror_path, prefix_of
from reminderctl.bookings.mirrored import MirroredBookings
from reminderctl.core.source_windows import reading_window
from reminderctl.core.timing import parse_instant
from reminderctl.errors import ReminderctlError
from reminderctl.import_lock import IMPORTING
from reminderctl.ledger import Ledger, clocks, missing, readings
from reminderctl.ledger.readings import SourceReading
from reminderctl.model import Config
from reminderctl.source_settings import SourceSettings
from reminderctl.sources import trouble
from reminderctl.sources.errors import SourceError
from reminderctl.sources.outcome import SyncedSource
from reminderctl.sources.readers import Reader
from reminderctl.sources.reading import Plan, Taken, take_reading
from reminderctl.sources.second_look import Reveal, look_again, open_reader_of
from reminderctl.sources.stored import StoredState, UnusableMirrorError, create, read_states, set_aside

EACH_RUN = timedelta(minutes=1)
SLACK = timedelta(seconds=30)  # cron does not call to the second
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=5)
LONGEST_MISSED = timedelta(days=7)
SLOW_SECONDS = 1.0  # a failure that takes longer keeps each run waiting
SPARE_SECONDS = 5.0  # beyond its own time-out, for a reader that does not keep to it


class SyncedSources:
    """The sources of a configuration, open until the run ends; a source that fails leaves the others alone."""

    def __init__(
        self, config: Config, ledger: Ledger, *, reveal: Reveal, now: datetime, may_write: bool = True
    ) -> None:
        self._config, self._reveal, self.now = config, reveal, now
        self._mirror = mirror_path(config.ledger)
        self.news: list[str] = []
        stored = self._read_states(may_write=may_write)
        self._known = readings.find_all(ledger)
        self._ledger = ledger
        self.all = {
            each.name: self._plan(each, stored=stored.get(each.name)) for each in config.sources if each.enabled
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.all.values():
            if each.reader:
                each.reader.__exit__()

    def _read_states(self, *, may_write: bool) -> dict[str, StoredState]:
        """Return what is known of each source; a file that cannot be used is renamed, and made again by this run."""
        try:
            return read_states(self._mirror)
        except UnusableMirrorError as error:
            if not may_write:
                raise
            other, said = set_aside(self._mirror), str(error).removesuffix(f"; {MADE_AGAIN}")
            self.news.append(f"{said}; it is made again, and the old file is now {other.name}: delete it")
            return {}

    def _plan(self, settings: SourceSettings, *, stored: StoredState | None) -> SyncedSource:
        before = self._known.get(settings.name, SourceReading())
        plan = plan_reading(self._config, settings, now=self.now, stored=stored, accepted_at=before.accepted_at)
        return SyncedSource(plan=plan, before=before)

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(self, names: Iterable[str], *, dry_run: bool = False) -> None:
        """Read some sources at once, and write what differs, one after the other; in a dry run only count it."""
        results: SimpleQueue[tuple[SyncedSource, Reader | None, Taken | ReminderctlError]] = SimpleQueue()
        waiting = {name: self.all[name] for name in names}
        if waiting and not dry_run and not self._mirror.exists():
            create(self._mirror)
        longest = max((each.plan.settings.timeout.total_seconds() for each in waiting.values()), default=0.0)
        for each in waiting.values():
            threading.Thread(target=self._take, args=(each, results), name=each.name, daemon=True).start()
        until = time.monotonic() + longest + SPARE_SECONDS
        while waiting:
            try:
                source, reader, result = results.get(timeout=max(until - time.monotonic(), 0))
            except Empty:
                break
            del waiting[source.name]
            self._finish(source, reader, result=result, dry_run=dry_run)
        for each in waiting.values():
            each.error, each.is_slow = "it took longer than its timeout", True
        # A driver's modules live to the end: at the end, nobody has to look for garbage among them.
        gc.freeze()

    def _take(
        self,
        source: SyncedSource,
        results: SimpleQueue[tuple[SyncedSource, Reader | None, Taken | ReminderctlError]],
    ) -> None:
        """Read a source in a thread of its own."""
        reader, began = None, time.monotonic()
        try:
            reader = open_reader_of(source, reveal=self._reveal)
            results.put((source, reader.__enter__(), take_reading(reader, source.plan)))
        except ReminderctlError as error:
            source.is_slow = time.monotonic() - began > SLOW_SECONDS
            results.put((source, reader, error))
        except Exception as error:  # the other sources, and all that is due, go on
            results.put((source, reader, SourceError(f"a bug in reminderctl ({type(error).__name__})")))

    def _finish(
        self, source: SyncedSource, reader: Reader | None, *, result: Taken | ReminderctlError, dry_run: bool
    ) -> None:
        source.reader = reader
        if isinstance(result, ReminderctlError):
            source.error = str(result)
            return
        source.taken = result
        if result.unchanged:
            return
        with IMPORTING:
            from reminderctl.sources.writer import count_changes, write

        try:
            source.written = count_changes(result) if dry_run else write(result)
        except ReminderctlError as error:
            source.error = str(error)

    def due(self) -> list[str]:
        """Return the sources that this run reads: those that were read long enough ago.

        One that fails is tried again by each run; one that takes its time to fail after 1, 2, 4, then 5 minutes, and
        whenever something of it waits. An address is read by each run while something of it waits.
        """
        return [name for name, each in self.all.items() if self._is_due(each)]

    def _is_due(self, source: SyncedSource) -> bool:
        before, every, now = source.before, source.plan.settings.every, self.now
        if before.tried_at is None or before.tried_at > now or source.plan.stored is None:
            return True
        if before.failures:
            pause = pause_after(before.failures) if before.slow else EACH_RUN
            return now - before.tried_at >= pause - SLACK or missing.waits(self._ledger, prefix_of(source.name))
        if every <= EACH_RUN or before.read_at is None or now - before.read_at >= every - SLACK:
            return True
        is_old = source.plan.settings.kind == "http" and now - before.read_at >= EACH_RUN - SLACK
        return is_old and missing.waits(self._ledger, prefix_of(source.name))

    # --- planning and sending -----------------------------------------------------------------------------------------

    def begin(self, bookings: BookingSource) -> None:
        """Say how old the bookings of each source are, and from when on this run sees its news first."""
        after = {name: each.after for name, each in self.all.items()}
        last_run = clocks.last_instant(self._ledger, run=clocks.NO_RUN)
        for name, each in self.all.items():
            last = each.before.planned_at
            is_news = each.written.new or each.written.changed or _was_written_after(each.plan.stored, last)
            # The runs since then planned without it: it failed, was not due, or was not in the YAML.
            was_left_out = last is not None and last_run is not None and last < last_run
            if each.taken is not None and each.error is None and last is not None and (is_news or was_left_out):
                bookings.note_missed(name, max(min(last, self.now), self.now - LONGEST_MISSED))
        bookings.judge(
            {name: each.read_at for name, each in after.items() if each.read_at},
            counts={name: (each.missing, each.coming) for name, each in after.items()},
            begins={name: begins for name, each in self.all.items() if (begins := each.before.begins(self.now))},
            now=self.now,
        )
        if isinstance(bookings, MirroredBookings):
            bookings.ask_with(partial(look_again, sources=self.all, reveal=self._reveal))

    def record(self, ledger: Ledger, report: trouble.RunReport, *, is_planned: bool = True) -> None:
        """Record in the caller's transaction how each reading went, and add what a person has to know to the report.

        `is_planned` unless it was read by itself: then the next run has still to plan what is new.
        """
        zone = ZoneInfo(self._config.timezone)
        trouble.record(self.all.values(), ledger, zone=zone, now=self.now, report=report, is_planned=is_planned)
        report.sources = self.as_json()
        report.news += self.news

    def as_json(self) -> dict[str, dict[str, object]]:
        """Return what happened to each source, for a program."""
        return {name: each.as_json() for name, each in self.all.items()}


def plan_reading(
    config: Config,
    settings: SourceSettings,
    *,
    now: datetime,
    stored: StoredState | None = None,
    accepted_at: datetime | None = None,
) -> Plan:
    """Return the reading of a source that the workflows need now."""
    return Plan(
        settings=settings,
        mirror=mirror_path(config.ledger),
        window=reading_window(config.workflows, now=now, ahead=settings.ahead, behind=settings.behind),
        timezone=config.timezone,
        now=now,
        stored=stored,
        accepted_at=accepted_at,
    )


def pause_after(failures: int) -> timedelta:
    """Return how long a source is left alone that took its time to fail, so often in a row."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 8), LONGEST_PAUSE)
    return pause


def _was_written_after(stored: StoredState | None, last: datetime | None) -> bool:
    """Return True where a run that ended before it planned has written what it read."""
    return stored is not None and last is not None and parse_instant(stored.written_at) > last
