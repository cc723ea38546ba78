"""`reminderctl run` as a process that dies at a named point.

It is forked from a process that has imported all that a run may need: it starts at once, and a kill at a random time
meets a run at its work instead of its imports.
"""

from __future__ import annotations

import itertools
import os
import signal
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from tests.crash import naive, points

NOWHERE = "nowhere"
IMPORTED = (
    "__main__",
    "tests.crash.killed_run",
    "tests.crash.naive",
    "reminderctl.cli.run",
    "reminderctl.channels._email.mime",
    "reminderctl.channels._email.smtp",
    "reminderctl.http_transport.transport",
    "reminderctl.channels.sms.infobip",
    "reminderctl.channels.sms.twilio",
    "reminderctl.channels.sms.vonage",
    "reminderctl.channels.telegram",
    "reminderctl.channels.whatsapp.meta",
    "phonenumbers",
    "requests",
)


class Orders(NamedTuple):
    """How a run is to be: what it is told, what becomes of it, and where it leaves its traces."""

    arguments: tuple[str, ...]
    folder: Path
    number: int  # of the process: its errors are in `stderr-NUMBER`, and `trace` says which number the ledger gave it
    point: str = NOWHERE  # it dies there...
    call: int = 1  # ... in this call
    variant: str | None = None


def start(orders: Orders) -> ForkServerProcess:
    """A process that runs, and dies as ordered; its exit code is that of `reminderctl`."""
    context = get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED])
    process = context.Process(target=_run, args=(orders,))
    process.start()
    return process


def _run(orders: Orders) -> None:
    """Put the hooks in their places, and be `reminderctl`."""
    from reminderctl.cli import main as reminderctl

    os.environ["XDG_CACHE_HOME"] = str(orders.folder / "cache")
    with (orders.folder / f"stderr-{orders.number}").open("wb") as file:
        os.dup2(file.fileno(), 2)
    _tell_the_number_of_the_run(orders)
    if orders.variant:
        naive.become(orders.variant)
    for point in points.INSIDE:
        if point.name == orders.point:
            _die_at(point, orders.call)
    reminderctl(list(orders.arguments), prog_name="reminderctl")


def _die_at(point: points.Point, call: int) -> None:
    calls = itertools.count(1)

    def strike() -> None:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)

    points.strike_at(point, strike)


def _tell_the_number_of_the_run(orders: Orders) -> None:
    """... while this process alone may write the ledger, so that the last line about a number is the true one."""
    from reminderctl.ledger import runs

    hooked: Any = runs.Run
    begin = runs.Run.begin

    def begin_and_tell(run: runs.Run, *arguments: Any) -> None:
        begin(run, *arguments)
        with (orders.folder / "trace").open("a", encoding="utf-8") as file:
            file.write(f"{orders.number} {run.id}\n")

    hooked.begin = begin_and_tell
