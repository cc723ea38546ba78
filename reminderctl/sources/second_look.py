"""The second look at bookings, in the moment before their messages go."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from queue import Empty, SimpleQueue

from reminderctl.bookings.mirror import prefix_of
from reminderctl.core.timing import instant_text
from reminderctl.errors import ReminderctlError
from reminderctl.import_lock import IMPORTING
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError
from reminderctl.sources.outcome import SyncedSource
from reminderctl.sources.readers import Reader, open_reader
from reminderctl.sources.reading import Taken, take_some

Reveal = Callable[[SourceSettings], SourceSettings]  # with what its variables hold
FRESH = timedelta(minutes=1)  # an address that was read no longer ago is not asked again
SPARE_SECONDS = 1.0  # beyond its own time-out, for a driver that does not keep to it


def look_again(booking_ids: Collection[str], sources: Mapping[str, SyncedSource], *, reveal: Reveal) -> dict[str, str]:
    """Read some bookings again, and return those that are not there, each with the reason.

    A source that this run did not read is connected to now: what it says every ten minutes may have changed since.
    What cannot be read stays as it is known: how old that may be was decided before. Such a source is asked no more in
    this run, so that a silent one keeps it waiting once.
    """
    wanted = defaultdict[str, list[str]](list)
    for booking_id in booking_ids:
        name, _, own_id = booking_id.partition(":")
        wanted[name].append(own_id)
    absent: dict[str, str] = {}
    for name, ids in wanted.items():
        source = sources.get(name)
        if source is None or source.error is not None or source.is_silent or _is_fresh(source):
            continue
        try:
            taken, gone = _ask_in_time(source, ids, reveal=reveal)
            if taken and taken.changed:
                with IMPORTING:
                    from reminderctl.sources.writer import write

                write(taken)
            reason = f"{name} no longer lists it since {instant_text(source.plan.now)}"
            absent |= {prefix_of(name) + each: reason for each in gone}
        except ReminderctlError:
            source.is_silent = True
    return absent


def _is_fresh(source: SyncedSource) -> bool:
    """Return True for an address that this run has not read, because an earlier one has, a moment ago."""
    read_at = source.before.read_at
    if source.plan.settings.kind != "http" or source.reader is not None or read_at is None:
        return False
    return source.plan.now - read_at <= FRESH


def _ask_in_time(source: SyncedSource, ids: Collection[str], *, reveal: Reveal) -> tuple[Taken | None, set[str]]:
    """Ask a source in a thread, as a driver may wait for a silent server for ever; raises `SourceError`."""
    answers: SimpleQueue[tuple[Taken | None, set[str]] | ReminderctlError] = SimpleQueue()

    def ask() -> None:
        try:
            reader = source.reader = source.reader or _open(source, reveal=reveal)
            answers.put(take_some(reader, source.plan, ids=ids) if reader.is_worth_reading_again() else (None, set()))
        except ReminderctlError as error:
            answers.put(error)
        except Exception as error:  # what is known is sent, and the other sources are asked
            answers.put(SourceError(f"a bug in reminderctl ({type(error).__name__})"))

    threading.Thread(target=ask, name=source.name, daemon=True).start()
    try:
        answer = answers.get(timeout=source.plan.settings.timeout.total_seconds() + SPARE_SECONDS)
    except Empty:
        source.reader = None  # its thread has it, and nobody can close it
        raise SourceError("it took longer than its timeout") from None
    if isinstance(answer, ReminderctlError):
        raise answer
    return answer


def _open(source: SyncedSource, *, reveal: Reveal) -> Reader:
    reader = open_reader_of(source, reveal=reveal).__enter__()
    reader.end_reading()  # what has just been begun: each look begins one of its own
    return reader


def open_reader_of(source: SyncedSource, *, reveal: Reveal) -> Reader:
    """Return the reader of a source, which connects when it is entered."""
    plan = source.plan
    return open_reader(reveal(plan.settings), timezone=plan.settings.timezone or plan.timezone, now=plan.now)
