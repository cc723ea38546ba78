"""The reading of bookings before the transaction begins: slow ones would keep other runs from the ledger.

docs/explanation/how-a-tick-works.md says why a transaction may decide by what was read before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from msgspec import Struct

from reminderctl.bookings import BookingSource, note_misplaced
from reminderctl.core import planning, timing
from reminderctl.ledger import Ledger, readings, runs, watermarks
from reminderctl.ledger.sources import Source
from reminderctl.ledger.store import errors_of
from reminderctl.ledger.watermarks import Key, Watermark
from reminderctl.model import Booking, Config, Delivery, Trigger, Window, Workflow
from reminderctl.tick import lookback
from reminderctl.tick.early import EarlySearch
from reminderctl.tick.lookback import Sight
from reminderctl.tick.pending_rounds import Checked, check_waiting, checksum_of
from reminderctl.tick.reinstate import Returning, read_owed_again
from reminderctl.tick.unreadable import Noted, read_noted


class Due(Struct, frozen=True):
    """The deliveries of one trigger that fall due in a window; `unchanged` and `late_until` as in `watermarks`.

    `unchanged` says it of each action by its id.
    """

    window: Window
    unchanged: Mapping[str, bool]
    late_until: datetime | None
    deliveries: list[Delivery]

    def covers(self, window: Window) -> bool:
        """Return True where all that falls due in another window has been read."""
        return window.since >= window.until or (self.window.since <= window.since and window.until <= self.window.until)


class Reading(Struct, frozen=True):
    """The state that a run which began at `now` has read, when `newest_run` was the newest that had planned."""

    now: datetime
    newest_run: int
    fingerprint: str | None  # of the bookings, from before they were read
    workflows: str  # a checksum
    checked: Checked
    returning: Returning
    due: Mapping[tuple[str, str], Due]  # by workflow, and the identity of a trigger of it
    whole_until: datetime | None  # the last run that saw all bookings, where it is not the last one
    sight: Sight
    noted: Noted  # what earlier runs could not read


def read(config: Config, ledger: Ledger, *, bookings: BookingSource, now: datetime) -> Reading:
    """Read what has fallen due by the ledger's watermarks, and check what waits."""
    enabled = [workflow for workflow in config.workflows if workflow.enabled]
    with errors_of(ledger.path):
        _judge(bookings, ledger, now=now)
        newest_run, marks, known = runs.newest(ledger), watermarks.read(ledger, now), lookback.find(ledger, now)
        fingerprint, workflows = bookings.fingerprint(), checksum_of(config)
        if known is None or known.fingerprint != fingerprint:
            note_misplaced(bookings, now)
        emptied = lookback.find_emptied(bookings, known=known, fingerprint=fingerprint)
        checked = check_waiting(
            config, ledger, bookings=bookings, fingerprint=fingerprint, workflows=workflows, emptied=emptied, now=now
        )
        returning = read_owed_again(
            config,
            ledger,
            bookings=bookings,
            now=now,
            known=known,
            fingerprint=fingerprint,
            workflows=workflows,
            withdrawn=(each for each in checked.found if each.current is None),
        )
    whole_until = lookback.whole_until(known, now)
    read_due = partial(
        _read_due,
        marks=marks,
        known=known,
        fingerprint=fingerprint,
        whole_until=whole_until,
        bookings=bookings,
        zones=_zones(config, enabled, bookings=bookings),
        early=EarlySearch(config, bookings),
        config=config,
        now=now,
    )
    due = {(each.id, trigger.identity): read_due(trigger, each) for each in enabled for trigger in each.triggers}
    sight = lookback.look(config, bookings, known=known, fingerprint=fingerprint, emptied=emptied, now=now)
    noted = read_noted(ledger, bookings, whole_until=whole_until, now=now)
    return Reading(now, newest_run, fingerprint, workflows, checked, returning, due, whole_until, sight, noted)


def _read_due(
    trigger: Trigger,
    workflow: Workflow,
    *,
    marks: Mapping[Key, Watermark],
    known: Source | None,
    fingerprint: str | None,
    whole_until: datetime | None,
    bookings: BookingSource,
    zones: list[ZoneInfo],
    early: EarlySearch,
    config: Config,
    now: datetime,
) -> Due:
    """Read what of a trigger has fallen due since it was planned."""
    unchanged = {
        action.id: known is not None and known.is_unchanged(fingerprint, since=mark.planned_until)
        for action in workflow.actions
        if (mark := marks.get(Key(workflow.id, trigger.identity, action.id)))
    }
    since = planned_after_each(
        trigger, workflow, marks=marks, now=now, unchanged=unchanged, whole_until=whole_until, bookings=bookings
    )
    window = Window(earliest(since, now), now)
    late = watermarks.late_until(workflow, trigger, marks=marks, now=now)
    deliveries = _due(
        trigger, window, workflow=workflow, bookings=bookings, zones=zones, early=early, config=config, late_until=late
    )
    return Due(window, unchanged, late, list(deliveries))


def _judge(bookings: BookingSource, ledger: Ledger, *, now: datetime) -> None:
    """Say how old the bookings of each source are, where no run has just read them."""
    if bookings.is_judged:
        return
    known = readings.find_all(ledger)
    bookings.judge(
        {name: each.read_at for name, each in known.items() if each.read_at},
        counts={name: (each.missing, each.coming) for name, each in known.items()},
        begins={name: begins for name, each in known.items() if (begins := each.begins(now))},
        now=now,
    )


def planned_after(
    trigger: Trigger,
    workflow: Workflow,
    *,
    marks: Mapping[Key, Watermark],
    now: datetime,
    unchanged: Mapping[str, bool],
    whole_until: datetime | None,
) -> dict[str, datetime]:
    """Return after which instant each action of a trigger, by its id, is to be planned; what is new begins at now."""
    found = {}
    for action in workflow.actions:
        mark = marks.get(Key(workflow.id, trigger.identity, action.id)) or Watermark(now, now)
        window = watermarks.window(
            mark,
            workflow,
            trigger=trigger,
            now=now,
            unchanged=unchanged.get(action.id, False),
            whole_until=whole_until,
        )
        found[action.id] = window.since
    return found


def planned_after_each(
    trigger: Trigger,
    workflow: Workflow,
    *,
    marks: Mapping[Key, Watermark],
    now: datetime,
    unchanged: Mapping[str, bool],
    whole_until: datetime | None,
    bookings: BookingSource,
) -> dict[str | None, dict[str, datetime]]:
    """Return what `planned_after` does, for the bookings of each source that was not read for a while.

    Under None for all others.

    Of such a source all is new that came after it was last read: what fell due since is late because of us.
    """
    found: dict[str | None, dict[str, datetime]] = {}
    for source, since in ((None, None), *bookings.missed.items()):
        until = min(filter(None, (since, whole_until)), default=None)
        found[source] = planned_after(trigger, workflow, marks=marks, now=now, unchanged=unchanged, whole_until=until)
    return found


def earliest(since: Mapping[str | None, Mapping[str, datetime]], now: datetime) -> datetime:
    """Return the first of these instants; now where there is none."""
    return min((each for actions in since.values() for each in actions.values()), default=now)


def owed_in(
    window: Window, workflows: list[Workflow], *, bookings: BookingSource, config: Config
) -> Iterator[Delivery]:
    """Yield everything of these workflows that falls due in a window, whether it was planned before or not."""
    zones = _zones(config, workflows, bookings=bookings)
    every = [(workflow, trigger) for workflow in workflows for trigger in workflow.triggers]
    early = EarlySearch(config, bookings)
    ranges = [
        (trigger.anchor, timing.event_range(trigger, early.widen(window, workflow), zones=zones))
        for workflow, trigger in every
    ]
    uses, shared = Counter(ranges), dict[object, list[Booking]]()
    for (workflow, trigger), (anchor, events) in zip(every, ranges, strict=True):
        if events is None:
            continue
        found: Iterable[Booking] = bookings.starting(events) if anchor == "start" else bookings.ending(events)
        if uses[anchor, events] > 1:  # triggers of several workflows that are alike: read once for all
            if (anchor, events) not in shared:
                shared[anchor, events] = list(found)
            found = shared[anchor, events]
        yield from planning.due(workflow, trigger, bookings=found, window=window, config=config)


def due_of(
    trigger: Trigger, window: Window, *, workflow: Workflow, reading: Reading, bookings: BookingSource, config: Config
) -> Iterator[Delivery]:
    """Return what of a trigger falls due in a window; only what has not been read is read now."""
    read_before = reading.due[workflow.id, trigger.identity]
    if read_before.covers(window):
        return (each for each in read_before.deliveries if window.since < each.planned_at <= window.until)
    zones = _zones(config, [workflow], bookings=bookings)
    return _due(
        trigger,
        window,
        workflow=workflow,
        bookings=bookings,
        zones=zones,
        early=EarlySearch(config, bookings),
        config=config,
        late_until=read_before.late_until,
    )


def _zones(config: Config, enabled: list[Workflow], *, bookings: BookingSource) -> list[ZoneInfo]:
    if all(trigger.days is None for workflow in enabled for trigger in workflow.triggers):
        return []  # minutes and hours need none
    names = bookings.timezones() | {config.timezone}
    return [zone for name in sorted(names) if (zone := timing.find_zone(name))]


def _due(
    trigger: Trigger,
    window: Window,
    *,
    workflow: Workflow,
    bookings: BookingSource,
    zones: list[ZoneInfo],
    early: EarlySearch,
    config: Config,
    late_until: datetime | None = None,
) -> Iterator[Delivery]:
    if window.since >= window.until:
        return
    events = timing.event_range(trigger, early.widen(window, workflow), zones=zones)
    if events is None:
        return
    found = bookings.starting(events) if trigger.anchor == "start" else bookings.ending(events)
    yield from planning.due(workflow, trigger, bookings=found, window=window, config=config, late_until=late_until)
