"""The trouble with sources, as people hear of it.

A person is told after three failed readings in a row or five minutes, at once when a message waits for what was read
before, then each hour, and when it is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from reminderctl.bookings.mirror import prefix_of
from reminderctl.core.timing import parse_instant
from reminderctl.ledger import Ledger, missing, readings
from reminderctl.ledger.readings import SourceReading
from reminderctl.sources.outcome import SyncedSource
from reminderctl.text import compact_length, length_in_two_units, local_time, pluralize

FAILURES, MINUTES = 3, timedelta(minutes=5)
AGAIN = timedelta(hours=1)
MOST_BAD = 5  # that are named


class RunReport(Protocol):
    """The report of a run, as far as sources concern it: what it says needs a person, `news` do not."""

    news: list[str]
    a_source_is_in_trouble: bool
    sources: dict[str, dict[str, object]]

    def say(self, text: str) -> None:
        """Add a line that a person has to read."""


def record(
    sources: Iterable[SyncedSource],
    ledger: Ledger,
    *,
    zone: ZoneInfo,
    now: datetime,
    report: RunReport,
    is_planned: bool,
) -> None:
    """Record in the caller's transaction how each reading went, and say what a person has to know."""
    for source in sources:
        if source.taken is None and source.error is None:
            report.a_source_is_in_trouble |= source.before.told_at is not None
            if is_planned and source.before.planned_at is None:  # only read by itself until now
                readings.record(ledger, source.name, reading=source.before.planned_by(now))
            continue
        after = source.after
        if moved := source.describe_move():
            report.news.append(f"sources.{source.name}: {moved}")
        trouble = list(_describe(source, after, ledger=ledger, zone=zone, now=now))
        told_at = source.before.told_at
        if trouble and _is_time_to_tell(source, after, ledger=ledger, now=now):
            for line in trouble:
                report.say(line)
            told_at = now
        elif not trouble and told_at:
            if source.before.failing_since:
                report.news.append(_describe_end(source, zone=zone, now=now))
            told_at = None
        report.a_source_is_in_trouble |= told_at is not None
        reading = after.planned_by(now) if is_planned else after
        readings.record(ledger, source.name, reading=reading._replace(told_at=told_at))


def _is_time_to_tell(source: SyncedSource, after: SourceReading, *, ledger: Ledger, now: datetime) -> bool:
    before = source.before
    if before.told_at is not None and now - before.told_at < AGAIN and before.told_at <= now:
        grew = after.missing > before.missing or after.bad > before.bad
        return grew or (source.error is not None and _is_old(source, after, now=now) and not _was_old(source))
    if source.error is None or before.told_at is not None:
        return True
    is_lasting = after.failures >= FAILURES or bool(after.failing_since and now - after.failing_since >= MINUTES)
    return is_lasting or missing.waits(ledger, prefix_of(source.name))


def _is_old(source: SyncedSource, after: SourceReading, *, now: datetime) -> bool:
    age, most = after.age(now), source.plan.settings.max_age
    return age is not None and most is not None and age > most


def _was_old(source: SyncedSource) -> bool:
    return source.before.tried_at is not None and _is_old(source, source.before, now=source.before.tried_at)


def _describe(
    source: SyncedSource, after: SourceReading, *, ledger: Ledger, zone: ZoneInfo, now: datetime
) -> Iterator[str]:
    """Yield what is wrong with a source now."""
    name = f"sources.{source.name}"
    if source.error is not None:
        yield f"{name}: {source.error}{_advise(source)}; {_describe_what_is_used(source, zone=zone, now=now)}"
        held, expires = missing.held_of_source(ledger, prefix_of(source.name))
        if held and after.read_at and _is_old(source, after, now=now):
            age = length_in_two_units(now - after.read_at)
            verb = "is" if held == 1 else "are"
            first = f"; the first expires at {_clock(parse_instant(expires), zone=zone, now=now)}" if expires else ""
            limit = compact_length(source.plan.settings.max_age or timedelta())
            yield (
                f"{name}: was last read {age} ago, longer than max_age ({limit}): {pluralize(held, 'message')} {verb} "
                f"held until it is read{first}"
            )
        return
    if source.taken and source.taken.absence.is_guarded:
        yield (
            f"{name}: {after.missing} of its {after.coming} coming bookings are no longer there; they are held, "
            f"neither sent nor canceled. If that is right: `reminderctl sources accept {source.name}`"
        )
    bad = source.taken.bad if source.taken else []
    yield from (f"{name}: {each}" for each in bad[:MOST_BAD])
    if len(bad) > MOST_BAD:
        yield f"{name}: and {len(bad) - MOST_BAD} more cannot be read"


def _advise(source: SyncedSource) -> str:
    """Return what may help where the database does not know what the query names."""
    settings = source.plan.settings
    if not source.error or not source.error.startswith("the query"):
        return ""
    preset = (
        f"; the preset is for {f'{settings.title} {settings.verified}'.partition(' (')[0].strip()}"
        if settings.title
        else ""
    )
    return f"{preset}; `reminderctl sources test {source.name}` shows more"


def _describe_what_is_used(source: SyncedSource, *, zone: ZoneInfo, now: datetime) -> str:
    last, most = source.before.read_at, source.plan.settings.max_age
    if last is None:
        return "it was never read, so nothing is known of its bookings"
    if source.plan.stored is None:
        return "sources.db was deleted since it was read, so nothing is known of its bookings"
    said = f"bookings of {_clock(last, zone=zone, now=now)} are used ({length_in_two_units(now - last)} old)"
    if most is None:
        return said
    if now - last > most:
        return f"bookings of {_clock(last, zone=zone, now=now)} are too old, nothing of them is sent"
    return f"{said}, until {_clock(last + most, zone=zone, now=now)}"


def _describe_end(source: SyncedSource, *, zone: ZoneInfo, now: datetime) -> str:
    changed = source.written.new + source.written.changed + source.written.canceled
    return (
        f"sources.{source.name}: is read again since {_clock(now, zone=zone, now=now)}; "
        f"{pluralize(changed, 'booking')} changed meanwhile"
    )


def _clock(instant: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """Return an instant as the clocks of a zone show it, with the day where that is another one."""
    same_day = instant.astimezone(zone).date() == now.astimezone(zone).date()
    return local_time(instant, zone, form="%H:%M") if same_day else local_time(instant, zone)
