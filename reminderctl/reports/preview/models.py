"""The models of a trial: a sample booking, the due times of a workflow, its messages, their problems."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from reminderctl.model import Booking, Workflow

WOULD_FAIL = "would fail: "  # how a problem begins that keeps a message from going


class Sample(Struct, frozen=True, kw_only=True):
    """A booking to try workflows with.

    `about` says in a few words what it is good for. `lacks_on_purpose` is True for a sample that comes with the
    package to show what a missing phone number does: what it lacks is a note, not a problem. `shows` is the language
    that another one is tried for once more, if it is; `is_booked` is True for a booking of the database.
    """

    name: str
    about: str
    booking: Booking
    lacks_on_purpose: bool = False
    shows: str = ""
    is_booked: bool = False


class DueTime(Struct, frozen=True, kw_only=True):
    """The time at which a trigger falls due for a booking, with the deadline of its messages.

    `send_at` is when the first of those is sent that quiet hours concern.
    """

    trigger: str
    due_at: datetime
    expires_at: datetime
    send_at: datetime | None = None


class TriedMessage(Struct, frozen=True, kw_only=True):
    """One message to one recipient, as its channel would send it.

    `fields` are the rendered ones, by the names that the channel gives them: a mail has `from`, `to`, `subject`,
    `body`, `html`, `headers` and `attachments` (names), an SMS `to`, `from`, `body`, `encoding` and `segments`, a
    webhook `method`, `url`, `headers` and `body`. They are empty where the message cannot be made; `problems` says why.
    """

    action: str
    channel: str
    provider: str
    recipient: str
    address: str | None
    language: str
    fields: Mapping[str, Any]
    empty: tuple[str, ...] = ()  # the shortcodes that came out empty
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Trial(Struct, frozen=True, kw_only=True):
    """One workflow tried with one sample.

    `reasons` say which filter excludes the booking, or which participants of it. `problems` and `notes` hold those of
    the messages too; a problem makes `test` fail, a note does not.
    """

    workflow: Workflow
    sample: Sample
    timezone: str  # the booking's own, else the configured one
    matches: bool
    reasons: tuple[str, ...] = ()
    due_times: tuple[DueTime, ...] = ()
    messages: tuple[TriedMessage, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
