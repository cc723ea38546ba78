"""Decisions of a person about deliveries: one by one, or about all that the options of a command choose."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

from reminderctl.bookings.people import Names, find_names
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, user_name
from reminderctl.cli.delivery_filters import read_filters
from reminderctl.cli.ownership import open_ledger
from reminderctl.core import timing
from reminderctl.errors import ExitCode, UsageError
from reminderctl.ledger import Ledger, history
from reminderctl.ledger.history import Record
from reminderctl.model import Config, State
from reminderctl.text import local_time, pluralize

SHOWN = 20  # deliveries that are named before and after a decision about many


class DecisionRule(NamedTuple):
    """A decision: its function, and what is said of each delivery then, of which `{until}` is the deadline.

    Options choose of the `states` that it is for; only what is `before_deadline`, and only what has been
    `acknowledged` or not, where that is given.
    """

    function: Callable[..., None]
    outcome: str
    states: tuple[State, ...] = ()
    before_deadline: bool = False
    acknowledged: bool | None = None


def choose(
    app: AppContext, config: Config, *, rule: DecisionRule, verb: str, options: dict[str, Any], ask: bool
) -> tuple[int, ...]:
    """Return the deliveries that the options choose, those alone that a decision can be about; raises `UsageError`.

    A person at a terminal sees them first, and is asked.
    """
    now = app.now(config.timezone)
    with Ledger(config.ledger, reading=True) as ledger:
        keywords = read_filters(options, config, ledger=ledger, now=now)
        keywords["states"] = _states(keywords["states"], rule, verb=verb)
        if rule.acknowledged is not None:
            keywords["acknowledged"] = rule.acknowledged
        found = list(history.find(ledger, **keywords))
    late = timing.instant_text(now) if rule.before_deadline else ""
    chosen = [record for record in found if record.expires_at >= late]
    if left_out := len(found) - len(chosen):
        say(f"left out: {pluralize(left_out, 'delivery')} whose deadline has passed", err=True)
    if not chosen:
        raise UsageError(f"there is nothing to {verb}")
    if ask and sys.stdin.isatty():
        _show(chosen, config, outcome=None)
        click.confirm(f"{verb} {'this' if len(chosen) == 1 else f'these {len(chosen)}'}?", abort=True, err=True)
    return tuple(record.id for record in chosen if record.id is not None)


def _states(given: tuple[str, ...], rule: DecisionRule, *, verb: str) -> tuple[str, ...]:
    """Return the states to choose from: of those given, those that the decision is for."""
    held = (history.HELD, history.MISSING) if State.PENDING in rule.states else ()
    possible = (*map(str, rule.states), *held)
    if wrong := [state for state in given if state not in possible]:
        raise UsageError(f"--state {wrong[0]}: {verb} is for what is {' or '.join(possible)}")
    return given or tuple(map(str, rule.states))


def decide(
    app: AppContext, config: Config, *, delivery_ids: tuple[int, ...], rule: DecisionRule, as_json: bool
) -> None:
    """Decide about each delivery; what cannot be decided about is named, and does not stop the others."""
    decided, refused = [], []
    with open_ledger(app, config) as ledger:
        now = app.now(config.timezone)
        for delivery_id in dict.fromkeys(delivery_ids):
            try:
                rule.function(ledger, delivery_id, by=user_name(), now=now)
            except UsageError as error:
                refused.append(error)
                continue
            decided.append(history.show(ledger, delivery_id))
    if as_json:
        print_json(decided)
    else:
        _show(decided, config, outcome=rule.outcome)
    for refusal in refused:
        say(refusal, err=True)
    if refused:
        raise SystemExit(ExitCode.CONFIGURATION)


def _show(records: list[Any], config: Config, *, outcome: str | None) -> None:
    """Name the first deliveries, with what became of them."""
    names, zone = find_names(config, (record.recipient for record in records[:SHOWN])), ZoneInfo(config.timezone)
    for record in records[:SHOWN]:
        until = local_time(timing.parse_instant(record.expires_at), zone)
        became = f": {outcome.format(until=until)}" if outcome else ""
        say(f"{_named(record, names)}{became}", err=outcome is None)
    if len(records) > SHOWN:
        became = f": {outcome.partition(',')[0]}" if outcome else ""
        say(f"and {len(records) - SHOWN} more{became}", err=outcome is None)


def _named(record: Record, names: Names) -> str:
    to = f"{record.action} to {names.whom(record.recipient, record.address)}"
    return f"delivery {record.id} ({record.workflow}: {to}, booking {record.booking})"
