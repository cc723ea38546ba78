"""`reminderctl demo`: the whole story in a scratch folder."""

from __future__ import annotations

import importlib.resources
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from reminderctl import bookings, config, ledger
from reminderctl.cli.calling import called
from reminderctl.cli.invocation import Written
from reminderctl.model import Config

if TYPE_CHECKING:
    from reminderctl.demo.play import Line

STYLES = {"sent": "green", "withheld": "magenta", "event": "bold yellow"}


@click.command()
@click.argument("folder", type=Written(), required=False)
def command(*, folder: Path | None) -> None:
    """Play two days of a small clinic, minute by minute.

    It shows what is sent when, to whom, and why, through a moved booking, a canceled one and half an hour without cron.
    Nobody gets anything: the messages become files in FOLDER (a new scratch folder if none is given).
    """
    from reminderctl.demo.play import minutes_of, play
    from reminderctl.demo.story import Story

    folder = folder or Path(tempfile.mkdtemp(prefix="reminderctl-demo-"))
    house = _prepare(folder)
    story = Story(datetime.now(UTC), house.timezone)
    story.write_bookings(house.bookings)
    with click.progressbar(minutes_of(story), label="playing two days of cron", file=sys.stderr) as minutes:
        lines = list(play(story, house, minutes))
    _show(lines, house)


def _prepare(folder: Path) -> Config:
    """Write the files of the demonstration where there are none."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "workflows.yaml"
    if path.exists():
        raise click.UsageError(f"{folder} holds a workflows.yaml already; name an empty folder")
    path.write_bytes((importlib.resources.files("reminderctl.demo") / "workflows.yaml").read_bytes())
    bookings.create(folder / "bookings.db")
    ledger.create(folder / "ledger.db")
    return config.load(path, os.environ)


def _show(lines: Iterable[Line], house: Config) -> None:
    from rich.table import Table

    from reminderctl.cli.terminal import Terminal

    console = Terminal()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    day = ""
    for line in lines:
        local = line.at.astimezone(ZoneInfo(house.timezone))
        if day != f"{local:%A}":
            day = f"{local:%A}"
            table.add_row("", day, style="bold")
        words = f"{line.to}: {line.words}" if line.to else line.words
        table.add_row(f"{local:%H:%M}", line.why, words, style=STYLES[line.kind])
    console.print(table)
    sent = sum(line.kind == "sent" for line in lines)
    folder = house.files[0].parent
    console.print(
        f"\n{sent} messages, each once: every one is a file in [bold]{house.outbox}[/]. Look at one, then try:",
        highlight=False,
        soft_wrap=True,
    )
    for words in ("deliveries list", "bookings list", "shortcodes"):
        command = f"  {called()} -c {shlex.quote(str(folder / 'workflows.yaml'))} {words}"
        console.print(command, highlight=False, markup=False, soft_wrap=True)
