"""The facts as a file for the textfile collector of Prometheus's node exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from reminderctl.ledger import decisions
from reminderctl.model import State
from reminderctl.reports.health.models import Facts, Health

HELD = "held"


class Metric(NamedTuple):
    """A gauge: its name without the prefix, what it measures, and a value for each set of labels."""

    name: str
    help: str
    values: list[tuple[dict[str, str], float | None]]


def write_metrics(health: Health) -> str:
    """The text of the file; what could not be found out has no line."""
    lines = []
    for metric in _metrics(health):
        name = f"reminderctl_{metric.name}"
        known = [(labels, value) for labels, value in metric.values if value is not None]
        if known:
            lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_written(labels)} {value:.15g}" for labels, value in known]
    return "".join(f"{line}\n" for line in lines)


def _metrics(health: Health) -> Iterator[Metric]:
    facts = health.facts
    yield _one("status", "0 ok, 1 warning, 2 critical.", value=health.level.number)
    yield Metric("info", "Versions.", [(facts.versions, 1)])
    yield _one(
        "last_run_timestamp_seconds",
        "Start of the last run.",
        value=_stamp(facts.last_run.at if facts.last_run else None),
    )
    yield _one("lag_seconds", "How far planning is behind the clock.", value=facts.lag_seconds)
    yield _one("due", "Deliveries that a run could send now.", value=facts.due_now)
    next_due = _stamp(facts.next_due_at)
    yield _one("next_due_timestamp_seconds", "When the next delivery is due, if within a day.", value=next_due)
    yield from _of_deliveries(facts)
    yield from _of_channels(facts)
    yield from _of_sources(facts)
    space = facts.space
    yield _one("ledger_bytes", "Size of the ledger and its -wal.", value=space.ledger + space.wal if space else None)
    yield _one("disk_free_bytes", "Free space on the disk with the ledger.", value=space.free if space else None)


def _of_deliveries(facts: Facts) -> Iterator[Metric]:
    if facts.waiting is None:
        return
    counts = {state: each.all for state, each in facts.deliveries.items()}
    states = [({"state": state}, float(counts.get(state, 0))) for state in (*map(str, State), HELD)]
    yield Metric("deliveries", "Deliveries in the ledger by state; held ones do not count as pending here.", [*states])
    yield _one("held", "Deliveries held as a burst, or because something is missing.", value=counts.get(HELD, 0))
    acknowledged = {state: each.acknowledged for state, each in facts.deliveries.items()}
    unknown = counts.get("unknown", 0) - acknowledged.get("unknown", 0)
    yield _one("unknown", "Deliveries that need `reminderctl deliveries resolve`.", value=unknown)
    seen = [({"state": state}, float(acknowledged.get(state, 0))) for state in map(str, decisions.ACKNOWLEDGEABLE)]
    yield Metric("acknowledged", "Deliveries of these states that a person has acknowledged.", [*seen])


def _of_channels(facts: Facts) -> Iterator[Metric]:
    circuits = [({"channel": each.channel, "circuit": each.circuit}, each) for each in facts.channels]
    up = [(labels, float(circuit.state != "down")) for labels, circuit in circuits]
    yield Metric("channel_up", "0 while a channel, or the host of a webhook, is down.", [*up])
    sent = [(labels, _stamp(circuit.last_sent_at)) for labels, circuit in circuits]
    yield Metric("channel_last_success_timestamp_seconds", "Time of the last accepted message.", sent)
    yield Metric(
        "channel_waiting", "Deliveries that are waiting.", [(labels, circuit.waiting) for labels, circuit in circuits]
    )


def _of_sources(facts: Facts) -> Iterator[Metric]:
    sources = [({"source": each.source}, each) for each in facts.sources]
    ages = [(labels, each.age_seconds) for labels, each in sources]
    yield Metric("source_age_seconds", "How long ago a source of bookings was last read.", [*ages])
    missing = [(labels, each.missing) for labels, each in sources]
    yield Metric("source_missing", "Coming bookings that a source no longer lists, and that are held.", [*missing])


def _one(name: str, words: str, *, value: float | None) -> Metric:
    return Metric(name, words, [({}, value)])


def _stamp(instant: datetime | None) -> float | None:
    return instant.timestamp() if instant else None


def _written(labels: Mapping[str, str]) -> str:
    return f"{{{','.join(f'{name}={_quoted(value)}' for name, value in labels.items())}}}" if labels else ""


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'
