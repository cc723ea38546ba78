"""The options that choose deliveries, of which a value that names nothing is refused, with what is near."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from reminderctl.bookings import open_bookings
from reminderctl.cli import lookup
from reminderctl.cli.completions import complete
from reminderctl.cli.context import read_instant
from reminderctl.config.suggestions import suggest
from reminderctl.core.recipients import CHANNELS, TABLES
from reminderctl.errors import UsageError
from reminderctl.ledger import Ledger, history
from reminderctl.model import Config, State

MOST = 2**63 - 1  # as large as SQLite's integers
CHOOSING = ("states", "held", "missing", "acknowledged", "workflow", "booking", "channel", "recipient", "customer")

_OPTIONS = (
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice([*map(str, State), history.HELD, history.MISSING]),
        help="Only these states; may be repeated. What is `held` is pending, too.",
    ),
    click.option("--held", is_flag=True, help="Only held deliveries: the same as `--state held`."),
    click.option("--missing", is_flag=True, help="Only what is held while its booking or its workflow is missing."),
    click.option(
        "--acknowledged/--unacknowledged",
        default=None,
        help="Only what somebody has acknowledged with `deliveries acknowledge`, or what nobody has.",
    ),
    click.option("--workflow", shell_complete=complete("workflow"), help="Only this workflow."),
    click.option("--booking", shell_complete=complete("booking"), help="Only this booking."),
    click.option("--channel", shell_complete=complete("channel"), help="Only this channel."),
    click.option(
        "--recipient", help="Only to this recipient: a name or the beginnings of one, an address, or `customer:7`."
    ),
    click.option("--customer", help="Only to this customer: a name or the beginnings of one, an address, or an id."),
    click.option(
        "--since",
        metavar="T",
        help="Only deliveries due at or after this time (ISO 8601, a day, or `2d` ago).",
    ),
    click.option("--until", metavar="T", help="Only deliveries due at or before this time (a day includes all of it)."),
)
LIMIT = click.option("--limit", type=click.IntRange(1, MOST), help="At most this many.")


def filters(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose deliveries, as they were written: see `read_filters`."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), function)


def choose_any(options: dict[str, Any]) -> bool:
    """Return True where any of the options chooses."""
    return any(options[name] not in (None, False, ()) for name in (*CHOOSING, "since", "until"))


def read_filters(options: dict[str, Any], config: Config, *, ledger: Ledger, now: datetime) -> dict[str, Any]:
    """Return the keywords of `history.find` that the options mean; raises `UsageError` for a value that names nothing.

    What the YAML or the bookings know names something, and so does what only the ledger remembers.
    """
    also = [name for name in (history.HELD, history.MISSING) if options[name]]
    words: dict[str, Any] = {"states": (*options["states"], *also), "acknowledged": options["acknowledged"]}
    if (workflow := options["workflow"]) is not None:
        words["workflow"] = _known_workflow(workflow, config, ledger=ledger)
    if (channel := options["channel"]) is not None:
        words["channel"] = _known_channel(channel, ledger)
    if (booking := options["booking"]) is not None:
        words["booking"] = _known_booking(booking, config, ledger=ledger)
    found = [
        set(_known_recipients(options[option], kinds, config=config, ledger=ledger))
        for option, kinds in (("recipient", tuple(TABLES)), ("customer", ("customer",)))
        if options[option] is not None
    ]
    if found:
        words["recipients"] = sorted(set.intersection(*found))
    for name, is_end in (("since", False), ("until", True)):
        if text := options[name]:
            words[name] = read_instant(text, config.timezone, option=f"--{name}", now=now, is_end=is_end)
    return words


def _known_workflow(workflow: str, config: Config, *, ledger: Ledger) -> str:
    if not history.knows(ledger, "workflow", value=workflow):
        known = {each.id for each in config.workflows}
        also = [] if workflow in known else history.distinct(ledger, "workflow")
        lookup.find_workflow(config, workflow, also=also)
    return workflow


def _known_channel(channel: str, ledger: Ledger) -> str:
    if channel not in CHANNELS and not history.knows(ledger, "channel", value=channel):
        raise UsageError(f"there is no channel {channel}{suggest(channel, CHANNELS, of='there are')}")
    return channel


def _known_booking(booking: str, config: Config, *, ledger: Ledger) -> str:
    if not history.knows(ledger, "booking", value=booking):
        with open_bookings(config) as bookings:
            lookup.find_booking(bookings, booking)
    return booking


def _known_recipients(text: str, kinds: tuple[str, ...], *, config: Config, ledger: Ledger) -> list[str]:
    """Return the identities that a text may mean, or the address that it is; raises `UsageError` for nobody."""
    literal = [text] if "staff" in kinds or text.startswith("customer:") else []
    for candidate in (*literal, f"customer:{text}"):
        if history.knows(ledger, "recipient", value=candidate) or history.knows(ledger, "address", value=candidate):
            return [candidate]
    return lookup.find_recipients(text, kinds, config=config)
