"""`reminderctl sources`: where bookings come from, whether they can be read, what is missing there."""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from reminderctl.bookings.mirror import mirror_path
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.documented import DocumentedGroup
from reminderctl.cli.ownership import open_ledger
from reminderctl.config import reveal_source
from reminderctl.core import timing
from reminderctl.errors import ExitCode, UsageError
from reminderctl.ledger import Ledger, readings
from reminderctl.ledger.readings import SourceReading
from reminderctl.model import Config
from reminderctl.source_settings import SourceSettings
from reminderctl.text import pluralize, rough_length
from reminderctl.tick.report import Report

if TYPE_CHECKING:
    from reminderctl.sources.outcome import SyncedSource
    from reminderctl.sources.synced import SyncedSources

SHOWN_MISSING = 20


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """A source as `sources list` shows it."""

    source: str
    kind: str
    read_at: datetime | None
    bookings: int
    state: str
    missing: int
    bad: int
    error: str | None


@click.group(cls=DocumentedGroup)
def command() -> None:
    """Look at the sources of the YAML, read them, decide about what is missing there."""


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@shared_options
def list_sources(app: AppContext, *, as_json: bool) -> None:
    """Show each source: when it was last read, how many bookings are known of it, whether all is well."""
    from reminderctl.sources.stored import count_bookings

    config = app.load_settings()
    now = app.now(config.timezone)
    with Ledger(config.ledger, reading=True) as ledger:
        known = readings.find_all(ledger)
    states = [
        _state(
            each, known.get(each.name, SourceReading()), bookings=count_bookings(mirror_path(config.ledger), each.name)
        )
        for each in config.sources
    ]
    if as_json:
        print_json([{**msgspec.structs.asdict(each), "read_at": _instant(each.read_at)} for each in states])
        return
    for each in states:
        read = f"{rough_length(max(now - each.read_at, timedelta()))} ago" if each.read_at else "never"
        error = f"\t{each.error}" if each.error else ""
        say(f"{each.source}\t{each.kind}\tread {read}\t{pluralize(each.bookings, 'booking')}\t{each.state}{error}")
    if not states:
        say("the YAML names no source")


def _state(settings: SourceSettings, known: SourceReading, *, bookings: int) -> SourceState:
    if not settings.enabled:
        state = "switched off"
    elif known.failing_since:
        state = f"failing since {timing.instant_text(known.failing_since)}"
    elif known.missing:
        state = f"{known.missing} missing"
    else:
        state = "ok" if known.read_at else "not read yet"
    return SourceState(
        source=settings.name,
        kind=settings.kind,
        read_at=known.read_at,
        bookings=bookings,
        state=state,
        missing=known.missing,
        bad=known.bad,
        error=known.error,
    )


@command.command()
@click.argument("name", required=False)
@click.option("--dry-run", is_flag=True, help="Say what differs; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object: for each source state, new, changed, ...")
@shared_options
def sync(app: AppContext, *, name: str | None, dry_run: bool, as_json: bool) -> None:
    """Read the sources, or the one called NAME, now, and say what differs; nothing is sent.

    Exit status: 0 all well, 1 where one cannot be read, or where bookings are missing.
    """
    config = app.load_settings()
    now = app.now(config.timezone)
    with (
        open_ledger(app, config, reading=dry_run) as ledger,
        _open(config, ledger, now=now, may_write=not dry_run) as synced,
    ):
        wanted = _choose(synced.all, name)
        synced.read(wanted, dry_run=dry_run)
        if not dry_run:
            with ledger.transaction():
                synced.record(ledger, Report(now), is_planned=False)
        read = [synced.all[each] for each in wanted]
    if as_json:
        print_json({each.name: each.as_json() for each in read})
    else:
        for each in read:
            say(f"{each.name}: {_describe(each)}")
    if any(each.error is not None or each.after.missing or each.after.bad for each in read):
        raise SystemExit(ExitCode.NEEDS_A_PERSON)


def _describe(source: SyncedSource) -> str:
    if source.error is not None:
        return source.error
    written = source.written
    counts = (
        f"{written.new} new, {written.changed} changed, {written.canceled} canceled, {source.after.missing} missing"
    )
    bad = source.taken.bad if source.taken else []
    moved = source.describe_move()
    return "; ".join([counts, *([moved] if moved else []), *bad])


@command.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def test(app: AppContext, *, name: str | None, as_json: bool) -> None:
    """Connect to the sources, or to the one called NAME, and show what they give; nothing is written.

    The server, what this user may do there, how long the reading took, the first bookings as they would be stored, and
    what cannot be read; where rights are missing, the statements that grant them. Exit status 1 if anything is wrong.
    """
    from reminderctl.sources.synced import plan_reading
    from reminderctl.sources.trial import SourceTrial, try_source

    config = app.load_settings()
    now = app.now(config.timezone)
    wanted = {each.name: each for each in config.sources if each.enabled}
    tried: list[SourceTrial] = [
        try_source(
            plan_reading(config, wanted[each], now=now),
            reveal=functools.partial(reveal_source, environ=os.environ),
            workflows=config.workflows,
        )
        for each in _choose(wanted, name)
    ]
    if as_json:
        print_json({each.source: msgspec.to_builtins(each) for each in tried})
    else:
        for each in tried:
            for line in each.lines():
                say(f"{each.source}: {line}")
    if any(each.error or each.bad for each in tried):
        raise SystemExit(ExitCode.NEEDS_A_PERSON)


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
def accept(app: AppContext, *, name: str, yes: bool) -> None:
    """Take what is missing in the source NAME for gone: the next reading cancels it, unless it is back by then."""
    config = app.load_settings()
    now = app.now(config.timezone)
    with open_ledger(app, config) as ledger, _open(config, ledger, now=now) as synced:
        (source,) = _choose(synced.all, name)
        missing = sorted(_missing(config, source))
        if not missing:
            say(f"{name}: nothing is missing")
            return
        for line in missing[:SHOWN_MISSING]:
            say(line)
        if len(missing) > SHOWN_MISSING:
            say(f"... and {len(missing) - SHOWN_MISSING} more")
        if not yes:
            click.confirm(f"Take {pluralize(len(missing), 'booking')} of {name} for gone?", abort=True)
        with ledger.transaction():
            readings.accept(ledger, name, now=now)
    say(f"{name}: the next reading cancels {pluralize(len(missing), 'booking')}")


def _missing(config: Config, source: str) -> Iterator[str]:
    from reminderctl.sources.stored import read_known

    for booking_id, known in read_known(mirror_path(config.ledger), source).items():
        if known.missing_since is not None:
            yield f"{timing.instant_text(known.starts_at)}  {source}:{booking_id}"


@command.command()
@click.argument("name", required=False)
def preset(*, name: str | None) -> None:
    """Print a preset, to make one of your own of it; without NAME their names."""
    from reminderctl.config.presets import FOLDER, find_preset, preset_names

    if name is None:
        for each in preset_names():
            say(each)
        return
    path, problem = find_preset(name, FOLDER)
    if path is None or path.parent != FOLDER:
        raise UsageError(problem or f"there is no preset `{name}`")
    say(path.read_text(encoding="utf-8").rstrip("\n"))


def _open(config: Config, ledger: Ledger, *, now: datetime, may_write: bool = True) -> SyncedSources:
    from reminderctl.sources.synced import SyncedSources

    reveal = functools.partial(reveal_source, environ=os.environ)
    synced = SyncedSources(config, ledger, reveal=reveal, now=now, may_write=may_write)
    for line in synced.news:
        say(line, err=True)
    return synced


def _choose(sources: Collection[str], name: str | None) -> list[str]:
    """Return the sources that are meant; raises `UsageError` where there is none of that name."""
    if name is None:
        return [*sources]
    if name not in sources:
        known = ", ".join(sources) or "none"
        raise UsageError(f"the YAML has no source `{name}` that is switched on; there are: {known}")
    return [name]


def _instant(instant: datetime | None) -> str | None:
    return timing.instant_text(instant) if instant else None
