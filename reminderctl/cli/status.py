"""`reminderctl status`: is all well, for people and for monitoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, PathArgument, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import find_refusal
from reminderctl.core import timing
from reminderctl.errors import ConfigError, ReminderctlError, UsageError
from reminderctl.files import atomic_write
from reminderctl.model import Config
from reminderctl.reports import health
from reminderctl.reports.health.models import CircuitStatus, Facts
from reminderctl.text import WEEKDAY_SORTABLE, describe_size, local_time, rough_length

LEVEL_STYLES = {"ok": "bold green", "warning": "bold yellow", "critical": "bold red"}
CIRCUIT_STYLES = {"ok": "green", "idle": "dim", "failing": "yellow", "throttled": "yellow", "down": "bold red"}


@click.command(cls=DocumentedCommand)
@click.option(
    "--max-lag",
    default="5m",
    show_default=True,
    metavar="TIME",
    help="Report critical if the last run, or planning, is longer ago than this.",
)
@click.option("--deep", is_flag=True, help="Also check the integrity of the whole ledger; reads all of it.")
@click.option(
    "--prometheus",
    "metrics_file",
    type=PathArgument(dir_okay=False),
    metavar="FILE",
    help="Also write FILE, in one step, for the textfile collector of the Prometheus node exporter.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing if all is well.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def command(
    app: AppContext, *, max_lag: str, deep: bool, metrics_file: Path | None, quiet: bool, as_json: bool
) -> None:
    """Show whether all is well: first the verdict, with the worst finding, then everything else.

    Exit status, as for monitoring plugins: 0 ok, 1 warning, 2 critical. Critical: no run for --max-lag, a channel that
    is down, problems in the configuration, a ledger or bookings that cannot be read, a full disk. Warning: deliveries
    that are held or unknown, that failed or expired in the last 24 hours, or that have been retried for half an hour;
    bookings that cannot be read, or many that have disappeared; a throttled channel; one broken file of several; a
    clock that was set back.
    """
    try:
        longest = timing.parse_duration(max_lag)
    except ValueError as error:
        raise UsageError(f"--max-lag: {error}") from None
    config, mistakes = _load(app)
    now = app.now(config.timezone if config else "UTC")
    refusal = find_refusal(app, config) if config else None
    report = health.examine(config, mistakes, now=now, max_lag=longest, deep=deep, refusal=refusal)
    failure = _write(metrics_file, report) if metrics_file else None
    if as_json:
        print_json(report.as_json())
    elif not (quiet and report.level is health.Level.OK):
        _show(report, path=_path(app))
    if failure:
        raise UsageError(failure)
    raise SystemExit(report.level.number)


def _load(app: AppContext) -> tuple[Config | None, list[str]]:
    """Load the configuration and its mistakes as the runs see it: their environment may hold secrets that ours lacks.

    Where it has mistakes, what can be read without secrets.
    """
    try:
        return app.load_cached() or app.load(deep=True), []
    except ConfigError as error:
        mistakes = [str(problem) for problem in error.problems]
    except ReminderctlError as error:
        return None, [str(error)]
    try:
        return app.load_settings(), mistakes
    except ReminderctlError:
        return None, mistakes


def _write(path: Path, report: health.Health) -> str | None:
    """Write the metrics, readable by the collector; return what went wrong."""
    from reminderctl.reports.health.prometheus import write_metrics

    try:
        with atomic_write(path, mode=0o644) as file:
            file.write(write_metrics(report).encode())
    except OSError as error:
        return f"{path}: cannot write: {error.strerror}"
    return None


# --- on the terminal --------------------------------------------------------------------------------------------------


def _path(app: AppContext) -> str:
    """Return where the configuration is; an empty text where there is none."""
    try:
        return str(app.find().absolute())
    except ReminderctlError:
        return ""


def _show(report: health.Health, *, path: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from reminderctl.cli.terminal import Terminal

    terminal = Terminal()
    lines = [(report.level, report.verdict)]
    lines += [(each.level, f"{each.level.upper()}: {each.what}") for each in report.findings[1:]]
    facts = [(name, value) for name, value in (*_facts(report.facts), ("config", path)) if value]
    if not terminal.is_terminal:
        for _, line in lines:
            say(line)
        circuits = [(circuit.channel, _in_words(circuit, report.facts)) for circuit in report.facts.channels]
        for name, value in [*facts, *circuits]:
            say(f"{name}\t{value}")
        return
    for level, line in lines:
        word, _, rest = line.partition(" ")
        terminal.print(Text.assemble((f"{word} ", LEVEL_STYLES[level]), rest))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(value))
    for circuit in report.facts.channels:
        table.add_row(circuit.channel, Text(_in_words(circuit, report.facts), style=CIRCUIT_STYLES[circuit.state]))
    terminal.print()
    terminal.print(table)


def _facts(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the table: a name and what to say, which is empty where nothing is known."""
    run = facts.last_run
    if run:
        age = "in the future" if run.at > facts.now else f"{_length(facts.last_run_age_seconds or 0)} ago"
        yield "last run", f"{_local(run.at, facts)}, {age}"
    if run and run.report:
        done = [f"{count} {name}" for name, count in run.report.items() if name != "now" and count]
        yield "result", ", ".join(done)
    if facts.lag_seconds is not None:
        yield "lag", _length(facts.lag_seconds)
    for title, counts in _counts(facts):
        yield title, ", ".join(f"{number} {state}" for state, number in counts if number)
    if facts.waiting and facts.waiting.deliveries:
        yield "waiting", f"{facts.waiting.deliveries}, the oldest due {_local(facts.waiting.first_due_at, facts)}"
    for source in facts.sources:
        read = f"read {_length(source.age_seconds)} ago" if source.age_seconds is not None else "not read yet"
        failing = f"failing since {_local(source.failing_since, facts)}" if source.failing_since else ""
        missing = f"{source.missing} missing" if source.missing else ""
        yield f"source {source.source}", ", ".join(filter(None, (read, failing, missing)))
    yield "due now", str(facts.due_now or "")
    yield "next due", _local(facts.next_due_at, facts)
    if facts.clock and facts.clock.timezone:
        version = f"time zones {facts.clock.tzdata or 'an unknown version'} from {facts.clock.tzdata_from}"
        yield "clock", f"{timing.instant_text(facts.now)}, {facts.clock.timezone} {_local(facts.now, facts)}; {version}"
    if facts.space:
        taken = f"{describe_size(facts.space.ledger)} and {describe_size(facts.space.wal)} in its -wal"
        yield "ledger", f"{taken}; {describe_size(facts.space.free)} free on the disk"
    yield "outbox", f"{facts.outbox}: dry mode, messages go to this folder" if facts.outbox else ""
    yield "versions", ", ".join(f"{name} {version}" for name, version in facts.versions.items())


def _counts(facts: Facts) -> Sequence[tuple[str, list[tuple[str, int]]]]:
    counts = sorted(facts.deliveries.items())
    return (
        ("last 24 hours", [(state, each.last_24_hours) for state, each in counts]),
        ("in the ledger", [(state, each.all) for state, each in counts]),
    )


def _in_words(circuit: CircuitStatus, facts: Facts) -> str:
    parts: list[str] = [circuit.state]
    if circuit.state == "down":
        parts[0] += f" since {_local(circuit.down_since, facts)}"
    if circuit.rests:
        parts.append(f"paused until {_local(circuit.rests_until, facts)}")
    if circuit.waiting:
        parts.append(f"{circuit.waiting} waiting")
    parts.append(f"last sent {_local(circuit.last_sent_at, facts)}" if circuit.last_sent_at else "nothing sent yet")
    parts += [circuit.error] if circuit.error else []
    return ", ".join([circuit.circuit.partition(" ")[2], *parts] if " " in circuit.circuit else parts)


def _length(seconds: int) -> str:
    return rough_length(timedelta(seconds=seconds))


def _local(instant: datetime | None, facts: Facts) -> str:
    """Return an instant as the clocks of the configured zone show it, to the minute."""
    zone = ZoneInfo(facts.clock.timezone) if facts.clock and facts.clock.timezone else None
    return local_time(instant, zone, form=WEEKDAY_SORTABLE) if instant and zone else ""
