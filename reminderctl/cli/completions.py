"""Completion of names by the shell: workflows, bookings, samples, channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from reminderctl.model import Config

MOST = 200  # names that are offered
Completed = Literal["workflow", "booking", "sample", "channel"]
Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def complete(noun: Completed) -> Complete:
    """Return a function that offers the names of one kind of thing which begin as what is typed."""

    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        del param
        return [name for name in _names(ctx, noun) if name.startswith(incomplete)][:MOST]

    return offer


def _names(ctx: click.Context, noun: Completed) -> Iterable[str]:
    """Return all names; none where the configuration or the bookings cannot be read: a shell asks at every key."""
    from reminderctl.cli.context import AppContext
    from reminderctl.core.recipients import CHANNELS
    from reminderctl.errors import ReminderctlError

    if noun == "channel":
        return CHANNELS
    given = ctx.params.get("config_path") or ctx.find_root().params.get("config_path")
    try:
        config = AppContext(given).load_settings()
        return _read(config, noun)
    except (ReminderctlError, OSError):
        return ()


def _read(config: Config, noun: Completed) -> list[str]:
    from datetime import UTC, datetime

    from reminderctl.bookings import open_bookings
    from reminderctl.reports.preview.samples import read_samples

    if noun == "workflow":
        return [workflow.id for workflow in config.workflows]
    if noun == "sample":
        return list(read_samples(config, now=datetime.now(UTC)))
    with open_bookings(config) as bookings:
        return bookings.latest_ids(most=MOST)
