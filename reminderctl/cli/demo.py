"""`reminderctl demo`: the whole story in a scratch folder."""

from __future__ import annotations

import importlib.resources
import os
import shlex
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from reminderctl import bookings, ledger
from reminderctl.cli.context import PathArgument, program_name
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.config import load_with_credentials
from reminderctl.credentials import Credentials
from reminderctl.model import Config

if TYPE_CHECKING:
    from rich.table import Table

    from reminderctl.cli.terminal import Terminal
    from reminderctl.demo.play import TimelineEntry

STYLES = {"sent": "green", "withheld": "magenta", "event": "bold yellow"}


@click.command(cls=DocumentedCommand)
@click.argument("folder", type=PathArgument(), required=False)
def command(*, folder: Path | None) -> None:
    """Simulate two days of a small clinic, minute by minute.

    The demo shows which messages are sent, when, to whom and why, with a moved booking, a canceled booking and half an
    hour without cron. Nothing is really sent: messages become files in FOLDER (default: a new temporary folder).
    """
    from reminderctl.demo.play import minutes_of, play
    from reminderctl.demo.story import Story

    folder = folder or Path(tempfile.mkdtemp(prefix="reminderctl-demo-"))
    config, credentials = _prepare(folder)
    story = Story(datetime.now(UTC), config.timezone)
    story.write_bookings(config.bookings)
    _show(play(story, config, credentials=credentials, minutes=minutes_of(story)), config)


def _prepare(folder: Path) -> tuple[Config, Credentials]:
    """Write the files of the demonstration where there are none."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "workflows.yaml"
    if path.exists():
        raise click.UsageError(f"{folder} already contains a workflows.yaml; use an empty folder")
    path.write_bytes((importlib.resources.files("reminderctl.demo") / "workflows.yaml").read_bytes())
    bookings.create(folder / "bookings.db")
    ledger.create(folder / "ledger.db")
    return load_with_credentials(path, os.environ)


def _show(lines: Iterable[TimelineEntry], config: Config) -> None:
    """Print each line of the timeline at the moment at which it is played."""
    from reminderctl.cli.terminal import Terminal

    terminal = Terminal(highlight=False)
    terminal.print("Two days of a small clinic, minute by minute. Messages become files; nothing is sent.\n")
    width = max(len(trigger.text) for workflow in config.workflows for trigger in workflow.triggers) + len(" (+99 min)")
    day, sent = "", 0
    for line in lines:
        local = line.at.astimezone(ZoneInfo(config.timezone))
        if day != f"{local:%A}":
            day = f"{local:%A}"
            terminal.print(_row("", why=day, words="", width=width), style="bold")
        words = f"{line.to}: {line.words}" if line.to else line.words
        terminal.print(_row(f"{local:%H:%M}", why=line.why, words=words, width=width), style=STYLES[line.kind])
        sent += line.kind == "sent"
    _show_what_next(terminal, config, sent=sent)


def _row(time: str, *, why: str, words: str, width: int) -> Table:
    """Lay one line of the timeline out under those before it."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(width=len("00:00"), no_wrap=True)
    table.add_column(width=width, no_wrap=True)
    table.add_column(ratio=1)
    table.add_row(time, why, words)
    return table


def _show_what_next(terminal: Terminal, config: Config, *, sent: int) -> None:
    terminal.print(
        f"\n{sent} messages, each sent once and saved as a file in [bold]{config.outbox}[/]. Look at one, then try:",
        soft_wrap=True,
    )
    for words in ("deliveries list", "bookings list", "shortcodes"):
        command = f"  {program_name()} -c {shlex.quote(str(config.files[0]))} {words}"
        terminal.print(command, markup=False, soft_wrap=True)
