"""The state of everything, as `status` finds it.

- `models`: the facts, the findings, the verdict;
- `collect`: the facts, from ledger, bookings and machine;
- `evaluate`: which of them a person has to know, and in which words;
- `prometheus`: all of it as a file for a collector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from reminderctl.bookings import BookingCatalog, describe_misplaced, describe_zones_ahead, open_bookings
from reminderctl.core.recipients import shows_their_time
from reminderctl.core.timing import DAY
from reminderctl.core.unasked import describe_unasked
from reminderctl.errors import LockedError, ReminderctlError
from reminderctl.ledger import Ledger, runs, stats, store
from reminderctl.model import Config
from reminderctl.reports.health import collect
from reminderctl.reports.health.evaluate import evaluate, summarize
from reminderctl.reports.health.models import Facts, Health, HealthFinding, Level

MOST_BOOKINGS = 10_000  # whose times are looked at each time
__all__ = ["Health", "HealthFinding", "Level", "examine"]


def examine(
    config: Config | None,
    mistakes: Sequence[str],
    *,
    now: datetime,
    max_lag: timedelta,
    deep: bool = False,
    refusal: str | None = None,
) -> Health:
    """Return the state of everything, as far as it can be found out; raises nothing that a broken file can cause.

    `mistakes` are those of the configuration. `deep` reads the whole ledger to see whether it is sound. `refusal`
    says why nothing may be written to the ledger.
    """
    findings = list(_check_config(config, mistakes))
    findings += [HealthFinding(Level.CRITICAL, "ledger", f"nothing is sent: {refusal}")] if refusal else []
    facts = collect.without_ledger(now, config)
    if config:
        try:
            with Ledger(config.ledger, reading=True) as ledger:
                facts = collect.with_ledger(ledger, config, now=now, max_lag=max_lag)
                findings += _check_ledger(ledger, deep=deep)
        except ReminderctlError as error:
            findings.append(_unreadable("ledger", error))
        try:
            with open_bookings(config) as bookings:
                facts = replace(facts, next_due_at=collect.find_next_due(bookings, config, now=now))
                remarks = [*bookings.problems[:1], *_describe_bookings(bookings, config, now=now)]
                findings += [HealthFinding(Level.WARNING, "bookings", remark) for remark in remarks]
        except ReminderctlError as error:
            findings.append(_unreadable("bookings", error))
    findings += evaluate(facts, max_lag)
    # A full disk goes before what comes of it: a ledger that cannot be opened, runs that end at once.
    findings.sort(key=lambda finding: (-finding.level.number, finding.about != "disk"))
    return _sum_up(findings, facts)


def _sum_up(findings: list[HealthFinding], facts: Facts) -> Health:
    if not findings:
        return Health(level=Level.OK, verdict=f"OK: {summarize(facts)}", findings=[], facts=facts)
    worst = findings[0]
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    verdict = f"{worst.level.upper()}: {worst.what}{more}"
    return Health(level=worst.level, verdict=verdict, findings=findings, facts=facts)


def _check_config(config: Config | None, mistakes: Sequence[str]) -> list[HealthFinding]:
    if mistakes:
        more = f" (and {len(mistakes) - 1} more: `reminderctl check`)" if len(mistakes) > 1 else ""
        return [HealthFinding(Level.CRITICAL, "configuration", f"nothing is sent: {mistakes[0]}{more}")]
    broken = list(config.broken) if config else []
    if not broken:
        return []
    files = " and ".join(dict.fromkeys(problem.file for problem in broken))
    what = f"the workflows in {files} are paused until the file is fixed: {broken[0]}"
    return [HealthFinding(Level.WARNING, "configuration", what)]


def _describe_bookings(bookings: BookingCatalog, config: Config, *, now: datetime) -> Iterator[str]:
    """Yield what is written in another form than it is read; a customer's zone only where a text shows their time."""
    if misplaced := describe_misplaced(bookings, most=MOST_BOOKINGS):
        yield misplaced
    counts = bookings.count_statuses(now - DAY, most=MOST_BOOKINGS)
    yield from describe_unasked(counts, config.workflows, are_all=False)
    enabled = (action for each in config.workflows if each.enabled for action in each.actions)
    if shows_their_time(enabled) and (unknown := describe_zones_ahead(bookings, now, most=MOST_BOOKINGS)):
        yield unknown


def _check_ledger(ledger: Ledger, *, deep: bool) -> list[HealthFinding]:
    findings = []
    if unwritable := store.unwritable(ledger.path):
        what = f"{unwritable[0]}: no permission to write it; nothing is sent without the ledger and its files"
        findings.append(HealthFinding(Level.CRITICAL, "ledger", what))
    if runs.restored_since(ledger):
        what = f"{ledger.path} does not contain the last run: the file was restored or replaced"
        findings.append(
            HealthFinding(Level.WARNING, "ledger", f"{what}; messages due before that run will not be sent again")
        )
    if deep and (damage := stats.damage(ledger)):
        what = f"{ledger.path} is damaged: {damage[0]}; restore it from a backup"
        findings.append(HealthFinding(Level.CRITICAL, "ledger", what))
    return findings


def _unreadable(about: str, error: ReminderctlError) -> HealthFinding:
    level = Level.WARNING if isinstance(error, LockedError) else Level.CRITICAL
    return HealthFinding(level, about, str(error))
