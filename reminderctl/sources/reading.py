"""One reading of one source, compared with the last one; nothing is written."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from reminderctl.core.comparing import Absence, KnownBooking, judge_absence
from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.import_lock import IMPORTING
from reminderctl.model import Window
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError, UnreadableBookingError
from reminderctl.sources.readers import Reader
from reminderctl.sources.readers.answer import Answer, Previous
from reminderctl.sources.stored import StoredState, read_known

if TYPE_CHECKING:
    from reminderctl.importing.rows import Row
    from reminderctl.sources.records import SourcedBooking


class Plan(Struct, frozen=True, kw_only=True):
    """A source that is to be read: into which mirror, for which window, as of which instant."""

    settings: SourceSettings
    mirror: Path
    window: Window
    timezone: str
    now: datetime
    stored: StoredState | None
    accepted_at: datetime | None

    @property
    def window_text(self) -> str:
        """The window as it is stored."""
        return "/".join(map(instant_text, self.window))

    @property
    def settings_text(self) -> str:
        """A text that changes with all that decides what a reading gives."""
        shown = {name: str(getattr(self.settings, name)) for name in _DECIDING} | {"zone": self.timezone}
        return f"{zlib.crc32(msgspec.json.encode(shown)):08x}"


_DECIDING = ("kind", "query", "window", "key", "values", "columns", "timezone", "language", "items", "each")


class Taken(Struct, kw_only=True):
    """The result of a reading: bookings that are stored otherwise, with their rows, and what is absent.

    `bad` names the bookings that cannot be read, which stay as they are. `seen` counts all that were read. `is_whole`
    unless only some bookings were asked for.
    """

    plan: Plan
    unchanged: bool = False
    is_whole: bool = True
    previous: Previous = Previous()
    changed: Mapping[str, Any] = {}  # a `SourcedBooking` and its `Row`s each, of modules that are loaded when needed
    known: Mapping[str, KnownBooking] = {}
    absence: Absence = Absence()
    bad: list[str] = []
    seen: int = 0

    @property
    def is_as_stored(self) -> bool:
        """Was the source read before, and is everything as it was then?"""
        absence = self.absence
        news = [name for name in absence.held if self.known[name].missing_since is None]
        return self.plan.stored is not None and not (self.changed or absence.canceled or news)


def take_reading(reader: Reader, plan: Plan) -> Taken:
    """Read a source that is open, and let go of it; raises `SourceError`, and then nothing is changed."""
    try:
        return _take_reading(reader, plan)
    finally:
        with suppress(SourceError):  # a connection that broke has ended by itself, and why is said already
            reader.end_reading()


def _take_reading(reader: Reader, plan: Plan) -> Taken:
    """Read a source that is open.

    1. Where the checksum is that of the last reading, nothing has changed. 2. Else all rows are read, and grouped by
    booking; bad ones are left out, and too many of them are a failure. 3. What is no longer there is asked for by its
    key, where that can be done: it may have been moved out of the window. 4. What is still absent is judged.
    """
    answer = reader.read(plan.window, _comparable(plan))
    if answer.unchanged:
        return Taken(plan=plan, unchanged=True, bad=plan.stored.bad if plan.stored else [])
    with IMPORTING:
        from reminderctl.sources.records import group_records, refuse_too_many

    bad = list(answer.bad)
    groups, nameless = group_records(answer.records, plan.settings, bad=bad)
    known = read_known(plan.mirror, plan.settings.name)
    absent = {name for name, each in known.items() if name not in groups and _overlaps(each, plan.window)}
    there = _ask_for(reader, absent, known=known, plan=plan) if absent and reader.asks_by_key else {}
    moved = {name: there[name] for name in there.keys() & known.keys()}
    changed = _read_changed({**moved, **groups}, known, plan=plan, bad=bad)
    refuse_too_many(bad, good=len(groups) - len(bad) + nameless + answer.nameless)
    if plan.settings.kind == "http":  # a filter of the server's may be ignored
        outside = {name for name, (_, rows) in changed.items() if name not in known and _lies_outside(rows, plan)}
        changed = {name: each for name, each in changed.items() if name not in outside}
        groups = {name: each for name, each in groups.items() if name not in outside}
    absence = judge_absence(
        known,
        absent - moved.keys(),
        now=plan.now,
        accepted_at=plan.accepted_at,
        max_missing=plan.settings.max_missing,
        asked_by_key=reader.asks_by_key,
        lists_nothing=not groups,
        is_sure=not (nameless or answer.nameless),
        renamed=_find_renamed(absent, known=known, there=there),
    )
    # What is held has to be looked at again, although nothing else may have changed by then.
    previous = answer.previous if not absence.held and not bad else Previous()
    seen = len(groups)
    return Taken(plan=plan, previous=previous, changed=changed, known=known, absence=absence, bad=bad, seen=seen)


def take_some(reader: Reader, plan: Plan, *, ids: Collection[str]) -> tuple[Taken, set[str]]:
    """Read some bookings again, by their own ids; return what has changed, and which of them are not there now."""
    with IMPORTING:
        from reminderctl.sources.records import group_records

    known = read_known(plan.mirror, plan.settings.name, ids=ids)
    keys = [key for name in ids if name in known for key in known[name].keys]
    reader.begin_again(plan.window, _comparable(plan))
    try:
        answer = reader.read_again(keys=keys, ids=ids, window=plan.window)
    finally:
        with suppress(SourceError):  # a connection that broke has ended by itself, and why is said already
            reader.end_reading()
    if answer.unchanged:
        return Taken(plan=plan, unchanged=True, is_whole=False), set()
    bad: list[str] = []
    groups, _ = group_records(answer.records, plan.settings, bad=bad)
    found = {name: booking for name, booking in groups.items() if name in ids and name in known}
    # A row of a group may have been added, which only a reading of everything finds: never fewer than asked for.
    changed = _read_changed(found, known, plan=plan, bad=bad)
    return Taken(plan=plan, is_whole=False, changed=changed, known=known, bad=bad), {*ids} - found.keys()


def _comparable(plan: Plan) -> Previous | None:
    """Return what the last reading left behind, unless this one has another window, other settings or a decision."""
    stored = plan.stored
    if stored is None or (stored.window, stored.settings) != (plan.window_text, plan.settings_text):
        return None
    is_decided = plan.accepted_at is not None and instant_text(plan.accepted_at) >= stored.began_at
    return None if is_decided else stored.previous


def _overlaps(booking: KnownBooking, window: Window) -> bool:
    return booking.starts_at < window.until and booking.ends_at > window.since


def _lies_outside(rows: list[Row], plan: Plan) -> bool:
    """Return True for a booking that is not in the window."""
    starts, ends = parse_instant(rows[0].details.starts_at), parse_instant(rows[0].details.ends_at)
    return starts >= plan.window.until or ends <= plan.window.since


def _was_absent(booking: KnownBooking) -> bool:
    return booking.missing_since is not None or booking.is_gone


def _ask_for(
    reader: Reader, absent: Collection[str], *, known: Mapping[str, KnownBooking], plan: Plan
) -> dict[str, SourcedBooking]:
    """Return what there is of some bookings wherever it lies, also where it has become part of another one."""
    with IMPORTING:
        from reminderctl.sources.records import group_records

    some = [name for name in absent if not known[name].is_gone or known[name].ends_at > plan.now]
    keys = [key for name in some for key in known[name].keys]
    answer: Answer = reader.read_again(keys=keys, ids=some, window=plan.window)
    return group_records(answer.records, plan.settings, bad=[])[0]


def _find_renamed(
    absent: Collection[str], *, known: Mapping[str, KnownBooking], there: Mapping[str, SourcedBooking]
) -> set[str]:
    """Return the absent bookings whose rows are all there under other ids: the id of a class changes with its hour."""
    keys = {key for booking in there.values() for key in booking.keys}
    return {name for name in absent if known[name].keys and keys.issuperset(known[name].keys)}


def _read_changed(
    groups: Mapping[str, SourcedBooking], known: Mapping[str, KnownBooking], *, plan: Plan, bad: list[str]
) -> dict[str, tuple[SourcedBooking, list[Row]]]:
    """Return the bookings that are stored otherwise, or not at all; what is wrong with the others goes to `bad`."""
    with IMPORTING:
        from reminderctl.sources.records import read_rows

    timezone = plan.settings.timezone or plan.timezone
    changed = {}
    for name, booking in groups.items():
        before = known.get(name)
        if before and before.checksum == booking.checksum and not _was_absent(before):
            continue
        try:
            changed[name] = booking, read_rows(name, booking, timezone=timezone)
        except UnreadableBookingError as error:
            bad.append(f"booking {name} is left out: {error}")
    return changed
