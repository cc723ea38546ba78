"""The alerts of `reminderctl run`: what its end says in a chat room."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from reminderctl.cli.console import say
from reminderctl.cli.context import AppContext
from reminderctl.config.alerts import find_alert_room
from reminderctl.errors import ExitCode, ReminderctlError
from reminderctl.tick.alerts import Cause, say_failure, say_recovery

ALERTING = (ExitCode.NEEDS_A_PERSON, ExitCode.CONFIGURATION)


def cause_of(text: str, kind: str | None = None) -> Cause:
    """Return a line as a cause; its `kind` is what is the same of lines about other deliveries."""
    return Cause(text, text if kind is None else kind)


def alert_of_error(error: ReminderctlError, app: AppContext, *, outbox: Path | None) -> None:
    """Say an error that ended a run, as far as the YAML can be read for it."""
    if error.exit_code in ALERTING:
        alert([cause_of(line) for line in str(error).splitlines()], app, outbox=outbox, now=app.now("UTC"))


def alert(causes: Sequence[Cause], app: AppContext, *, outbox: Path | None, now: datetime) -> None:
    """Say the causes in the room, or, where there are none, that all is well again.

    Whatever becomes of that is no failure of the run.
    """
    try:
        place = find_alert_room(app.find(), os.environ, outbox=outbox)
    except ReminderctlError:  # there is no YAML
        place = None
    if place is None:
        return
    failure = say_failure(place, causes, now=now) if causes else say_recovery(place, now=now)
    if failure and causes:
        say(failure, err=True)
