"""The meaning of the facts for a person: nothing here looks at anything but them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from reminderctl.core import timing
from reminderctl.reports.health.models import CircuitStatus, Facts, HealthFinding, Level, SourceFacts
from reminderctl.text import WEEKDAY_OF_THIS_YEAR, describe_size, local_time, pluralize, rough_length

OK, WARNING, CRITICAL = Level
SPACE_CRITICAL, SPACE_WARNING = 50_000_000, 200_000_000  # bytes
RECENT = timedelta(days=1)
CLOCK_TOLERANCE = 60  # seconds that the last run may lie ahead of us: two machines' clocks, or a run's own second


def evaluate(facts: Facts, max_lag: timedelta) -> Iterator[HealthFinding]:
    """Yield every finding that is not `ok`, in no order."""
    yield from _evaluate_space(facts)
    if facts.waiting is None:
        return  # without a ledger nothing more can be said
    yield from _evaluate_runs(facts, max_lag)
    for circuit in sorted(facts.channels, key=lambda circuit: -circuit.waiting):
        yield from _evaluate_circuit(circuit, facts)
    for source in facts.sources:
        yield from _evaluate_source(source, facts)
    yield from _evaluate_held(facts)
    yield from _evaluate_bookings(facts)
    yield from _evaluate_deliveries(facts)
    yield from _evaluate_delays(facts, max_lag)


def _evaluate_runs(facts: Facts, max_lag: timedelta) -> Iterator[HealthFinding]:
    limit, age = max_lag.total_seconds(), facts.last_run_age_seconds
    if facts.last_run is None or age is None:
        what = "`reminderctl run` has never run with this ledger; `reminderctl cron install` adds it to cron"
        yield HealthFinding(CRITICAL, "run", what)
    elif age > limit:
        what = f"no run since {_when(facts.last_run.at, facts)}, {_length(age)} ago; check that cron still calls it"
        yield HealthFinding(CRITICAL, "run", what)
    elif age < -CLOCK_TOLERANCE:
        what = f"the clock is behind: the last run was at {_when(facts.last_run.at, facts)}, which is in the future"
        yield HealthFinding(WARNING, "clock", what)
    elif facts.lag_seconds is not None and facts.lag_seconds > limit:
        yield HealthFinding(CRITICAL, "run", f"planning is {_length(facts.lag_seconds)} behind, although runs start")


def _evaluate_circuit(circuit: CircuitStatus, facts: Facts) -> Iterator[HealthFinding]:
    waiting = ""
    if circuit.waiting:
        verb = "is waiting" if circuit.waiting == 1 else "are waiting"
        until = _when(circuit.first_expires_at, facts)
        waiting = f"; {pluralize(circuit.waiting, 'delivery')} {verb}, the first until {until}"
    error = _sentence(circuit.error)
    if circuit.state == "down":
        # With nothing to send nobody notices that it works again: a day later it is no alarm any more.
        recent = circuit.rests_until is not None and facts.now - circuit.rests_until < RECENT
        advice = f"fix that, or correct `channels.{circuit.channel}` and its secrets; runs keep trying"
        what = f"{circuit.circuit} is down since {_when(circuit.down_since, facts)}: {error}; {advice}{waiting}"
        yield HealthFinding(CRITICAL if circuit.waiting or recent else WARNING, circuit.circuit, what)
    elif circuit.state == "throttled" and circuit.waiting:
        until = f" until {_when(circuit.rests_until, facts)}" if circuit.rests else ""
        yield HealthFinding(WARNING, circuit.circuit, f"{circuit.circuit} is throttled{until}: {error}{waiting}")


def _evaluate_source(source: SourceFacts, facts: Facts) -> Iterator[HealthFinding]:
    name = f"sources.{source.source}"
    cannot = f": {_sentence(source.error)}" if source.error else ""
    if source.is_too_old:
        what = (
            f"{name} was last read {_length(source.age_seconds or 0)} ago, longer than max_age; its messages are held"
        )
        yield HealthFinding(CRITICAL, name, f"{what}{cannot}")
    elif source.failing_since:
        yield HealthFinding(WARNING, name, f"{name} cannot be read since {_when(source.failing_since, facts)}{cannot}")
    if source.missing:
        what = f"{pluralize(source.missing, 'booking')} of {name} no longer there, and held"
        yield HealthFinding(WARNING, name, f"{what}; if that is right: `reminderctl sources accept {source.source}`")
    if source.bad:
        yield HealthFinding(WARNING, name, f"{pluralize(source.bad, 'booking')} of {name} cannot be read")


def _evaluate_held(facts: Facts) -> Iterator[HealthFinding]:
    for held in facts.held:
        what = f"{pluralize(held.deliveries, 'delivery')} of {held.workflow} held: more than max_burst at once;"
        what += f" review them (`reminderctl deliveries list --held`), then run `reminderctl release {held.workflow}`;"
        yield HealthFinding(WARNING, "held", f"{what} the first expires at {_when(held.first_expires_at, facts)}")
    if (missing := facts.missing) and missing.deliveries:
        what = f"{pluralize(missing.deliveries, 'delivery')} held: {_sentence(missing.error)}; restore that, or cancel"
        what += " what `reminderctl deliveries list --missing` lists with `reminderctl deliveries cancel --missing`;"
        yield HealthFinding(WARNING, "missing", f"{what} the first expires at {_when(missing.first_expires_at, facts)}")


def _evaluate_bookings(facts: Facts) -> Iterator[HealthFinding]:
    if facts.unreadable:
        first = facts.unreadable[0]
        what = f"{pluralize(len(facts.unreadable), 'booking')} cannot be read since {_when(first.noticed_at, facts)};"
        what += f" correct it, and what fell due meanwhile is sent: {first.booking}: {_sentence(first.reason)}"
        yield HealthFinding(WARNING, "bookings", what)
    if facts.incomplete_since:
        what = "many bookings, or their participants, are gone or cannot be read since"
        what += f" {_when(facts.incomplete_since, facts)}; once they are back, what fell due meanwhile is sent; if they"
        yield HealthFinding(WARNING, "bookings", f"{what} were deleted on purpose, this ends after a day")


def _evaluate_deliveries(facts: Facts) -> Iterator[HealthFinding]:
    if facts.stuck:
        more = f" and {len(facts.stuck) - 1} more" if len(facts.stuck) > 1 else ""
        what = f"being sent for more than 10 minutes: {facts.stuck[0]}{more}; `reminderctl deliveries list --state"
        yield HealthFinding(
            WARNING, "sending", f"{what} sending`; stop the run that hangs, and the next one takes care of it"
        )
    unknown = facts.deliveries.get("unknown")
    if unknown and (number := unknown.all - unknown.acknowledged):
        what = f"{pluralize(number, 'delivery')} unknown: it may have been sent; `reminderctl deliveries list"
        yield HealthFinding(
            WARNING, "unknown", f"{what} --state unknown`, then `deliveries resolve ID --sent` or `--resend`"
        )
    for state, cause in (("failed", "refused"), ("expired", "not sent before the deadline")):
        count = facts.deliveries.get(state)
        if count and (number := count.last_24_hours - count.acknowledged_last_24_hours):
            what = f"{pluralize(number, 'delivery')} {state} in the last 24 hours, {cause}"
            what += f"; `reminderctl deliveries list --state {state} --unacknowledged` shows why"
            yield HealthFinding(WARNING, state, f"{what}, and `deliveries acknowledge` that you have seen it")


def _evaluate_delays(facts: Facts, max_lag: timedelta) -> Iterator[HealthFinding]:
    overdue, retried, age = facts.overdue, facts.retried, facts.last_run_age_seconds
    resting = any(circuit.state in ("down", "throttled") for circuit in facts.channels if circuit.waiting)
    if overdue and overdue.deliveries and not resting and (age or 0) <= max_lag.total_seconds():
        what = f"{pluralize(overdue.deliveries, 'delivery')} overdue: could have been sent since"
        what += f" {_when(overdue.first_attempt_at, facts)}, but no run did"
        yield HealthFinding(WARNING, "overdue", what)
    if retried and retried.deliveries and not resting:
        what = f"{pluralize(retried.deliveries, 'delivery')} tried again since {_when(retried.first_due_at, facts)}"
        what += f", the first until {_when(retried.first_expires_at, facts)}: {_sentence(retried.error)}"
        yield HealthFinding(WARNING, "retrying", what)


def _evaluate_space(facts: Facts) -> Iterator[HealthFinding]:
    if facts.space and facts.space.free < SPACE_WARNING:
        level = CRITICAL if facts.space.free < SPACE_CRITICAL else WARNING
        yield HealthFinding(
            level,
            "disk",
            f"only {describe_size(facts.space.free)} left on the disk with the ledger; free some space",
        )


def summarize(facts: Facts) -> str:
    """Return the sentence for a state in which nothing is wrong."""
    if facts.last_run is None:
        return "nothing is wrong"
    sent = facts.deliveries.get("sent")
    waiting = facts.waiting.deliveries if facts.waiting else 0
    parts = [
        f"last run {_length(facts.last_run_age_seconds or 0)} ago",
        f"{sent.last_24_hours if sent else 0} sent in the last 24 hours",
        f"{waiting or 'nothing'} waiting",
    ]
    return ", ".join([*parts, f"dry mode: messages go to folder {facts.outbox}"] if facts.outbox else parts)


# --- words ------------------------------------------------------------------------------------------------------------


def _length(seconds: int) -> str:
    return rough_length(timedelta(seconds=seconds))


def _when(instant: datetime | None, facts: Facts) -> str:
    """An instant as the clocks of the configured zone show it: Wed 14 Jan 10:00."""
    zone = timing.find_zone(facts.clock.timezone) if facts.clock and facts.clock.timezone else None
    if instant and zone:
        return local_time(instant, zone, form=WEEKDAY_OF_THIS_YEAR)
    return str(instant or "an unknown time")


def _sentence(error: str | None) -> str:
    """An error's text within another sentence, on one line; a monitoring plugin's `|` begins its figures."""
    return " ".join((error or "no reason was recorded").split()).replace("|", "/").rstrip(".;")
