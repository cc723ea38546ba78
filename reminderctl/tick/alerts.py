"""Alerts: a failed run repeats in a chat room the lines of its standard error.

Each kind of line is said once in an hour, whatever numbers are in it. What was said is remembered in a file next to the
ledger, so that it works while the ledger does not; the file holds check sums, and no line.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from reminderctl import channels
from reminderctl.config.alerts import AlertRoom
from reminderctl.core.timing import instant_text
from reminderctl.errors import DeliveryError, Unknown
from reminderctl.files import atomic_write
from reminderctl.messages.escaping import escape
from reminderctl.model import Envelope
from reminderctl.outbox import Outbox
from reminderctl.text import shorten
from reminderctl.text_types import TextType
from reminderctl.tick import ALERTS

AGAIN = timedelta(hours=1)
PATIENCE_SECONDS = 10.0
MOST_LINES, LONGEST_LINE, LONGEST = 10, 300, 900  # characters: room enough in every service, escaped


class Cause(NamedTuple):
    """One line of standard error, and the part of it that is the same when the same thing fails again."""

    text: str
    kind: str


class _Memory(Struct):
    """The alerts until now: `said` are the check sums of kinds of lines, with the last time of each."""

    is_open: bool = False
    said: dict[str, datetime] = {}


def memory_of(ledger: Path) -> Path:
    """Return the file in which alerts are remembered."""
    return ledger.with_name(f"{ledger.name}{ALERTS}")


def say_failure(place: AlertRoom, causes: Sequence[Cause], *, now: datetime) -> str | None:
    """Say what was not said within the last hour; return why it could not be sent, or None."""
    before = _read(memory_of(place.ledger))
    recent = {kind: at for kind, at in before.said.items() if timedelta() <= now - at < AGAIN}
    new = [cause for cause in causes if _sum(cause.kind) not in recent]
    if not new:
        return None
    after = _Memory(is_open=True, said=recent | {_sum(cause.kind): now for cause in new})
    return _say(place, _describe(place, new), before=before, after=after, now=now)


def say_recovery(place: AlertRoom, *, now: datetime) -> str | None:
    """Say that all is well again, if a failure was said; return why it could not be sent, or None."""
    before = _read(memory_of(place.ledger))
    if not before.is_open:
        return None
    after = _Memory(is_open=False, said=before.said)
    return _say(place, f"{_heading(place)} works again", before=before, after=after, now=now)


def _sum(kind: str) -> str:
    return f"{zlib.crc32(re.sub('[0-9]+', '#', kind).encode('utf-8', 'replace')):08x}"


def _read(path: Path) -> _Memory:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Memory)
    except (OSError, msgspec.MsgspecError):
        return _Memory()


def _write(path: Path, memory: _Memory) -> bool:
    try:
        with atomic_write(path) as file:
            file.write(msgspec.json.encode(memory))
    except OSError:
        return False
    return True


def _describe(place: AlertRoom, causes: Sequence[Cause]) -> str:
    shown = [shorten(" ".join(cause.text.split()), LONGEST_LINE, end=" ...") for cause in causes[:MOST_LINES]]
    if len(causes) > MOST_LINES:
        shown.append(f"... and {len(causes) - MOST_LINES} more; see `reminderctl status`")
    return shorten("\n".join([f"{_heading(place)} needs attention:", *shown]), LONGEST, end=" ...")


def _heading(place: AlertRoom) -> str:
    return f"reminderctl on {os.uname().nodename} ({place.about})"


def _say(place: AlertRoom, text: str, *, before: _Memory, after: _Memory, now: datetime) -> str | None:
    """Remember first and send then: what cannot be remembered is said at the full hour only, not each minute."""
    path = memory_of(place.ledger)
    remembered = _write(path, after)
    if not remembered and now.minute:
        return None
    try:
        _send(place, text, now=now)
    except Unknown as error:  # it may be there
        return f"alerts: {error}"
    except DeliveryError as error:
        if remembered:
            _write(path, before)
        return f"alerts: {error}"
    return None


def _send(place: AlertRoom, text: str, *, now: datetime) -> None:
    module: Any = channels.module(place.configured.module)
    message = module.Message(to=place.room, body=escape(TextType.CHAT, text))
    at = instant_text(now)
    envelope = Envelope(
        key=f"alert {at}", delivery_id=0, at=now, useful_until=now + AGAIN, recipient="alerts", address=place.room
    )
    channel = (
        Outbox(place.outbox, channel="chat", configured=place.configured)
        if place.outbox
        else module.Channel(_impatient(place.configured.settings, place.room))
    )
    try:
        channel.send(message, envelope)
    finally:
        channel.close()


def _impatient(settings: Any, name: str) -> Any:
    """Return the settings with this room alone, which is waited for no longer than a run can afford."""
    room = settings.rooms[name]
    return structs.replace(settings, rooms={name: structs.replace(room, timeout=min(room.timeout, PATIENCE_SECONDS))})
