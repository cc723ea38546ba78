"""The chat room that hears of failed runs, as far as the YAML can be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from reminderctl import channels as modules
from reminderctl.config import channels, loading
from reminderctl.credentials import Configured
from reminderctl.errors import ReminderctlError


class AlertRoom(NamedTuple):
    """The room for alerts, its channel as the YAML sets it up, the folder of dry mode, and what they are about."""

    room: str
    configured: Configured
    outbox: Path | None
    ledger: Path
    about: str


def find_alert_room(path: Path, environ: Mapping[str, str], *, outbox: Path | None) -> AlertRoom | None:
    """Return where the alerts of the YAML at `path` go, whatever else is wrong with it; None where nobody can know."""
    try:
        parsed = loading.read(path, environ, outbox=outbox)
    except ReminderctlError:
        return None
    name = parsed.fields.get("alerts")
    folder = outbox or parsed.fields.get("outbox")
    configured = parsed.fields["channels"].get("chat")
    if folder and configured is None:
        configured = channels.without_settings("chat", keys=frozenset())
    if not name or configured is None or not (folder or _is_usable(configured, name)):
        return None
    return AlertRoom(name, configured, folder, parsed.fields["ledger"], path.name)


def _is_usable(configured: Configured, name: str) -> bool:
    room = configured.settings.rooms.get(name) if configured.settings else None
    return room is not None and not modules.module(configured.module).validate_room(room)
