"""Playing the demonstration: cron's minutes, one by one, through the tick that `run` uses."""

from __future__ import annotations

import email
import email.policy
import functools
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from reminderctl.bookings import BookingSource, open_bookings
from reminderctl.core import matching, timing
from reminderctl.credentials import Credentials
from reminderctl.demo.story import Story, happen
from reminderctl.ledger import Ledger, history
from reminderctl.model import Config, Window
from reminderctl.tick import tick

T = TypeVar("T")
MINUTE = timedelta(minutes=1)


class TimelineEntry(NamedTuple):
    """One line of the timeline. `kind` is `sent`, `withheld` or `event`."""

    at: datetime
    kind: str
    words: str
    to: str = ""
    why: str = ""


def minutes_of(story: Story) -> list[datetime]:
    """Every minute at which cron would call."""
    number = int((story.ends_at - story.begins_at) / MINUTE)
    return [story.begins_at + each * MINUTE for each in range(number + 1)]


def play(
    story: Story, config: Config, *, credentials: Credentials, minutes: Iterable[datetime]
) -> Iterator[TimelineEntry]:
    """Yield each event and each message that is sent because of it, in order."""
    pending = story.events()
    down_since, down_until = story.cron_is_down
    with Ledger(config.ledger) as ledger:
        for now in minutes:
            while pending and pending[0].at <= now:
                event = pending.pop(0)
                happen(config.bookings, event)
                yield TimelineEntry(now, "event", event.words)
            if now == down_since:
                yield TimelineEntry(now, "event", f"cron is down for {(down_until - down_since) // MINUTE} minutes")
            if down_since <= now < down_until:
                continue
            with open_bookings(config) as bookings:
                report = tick(
                    config,
                    ledger,
                    bookings=bookings,
                    load_credentials=functools.partial(_same, credentials),
                    clock=functools.partial(_same, now),
                    outbox=config.outbox,
                )
                if report.counts["sent"]:
                    yield from _sent(ledger, config, now=now)
                yield from _withheld(bookings, config, now=now)


def _same(thing: T) -> T:
    return thing


def _sent(ledger: Ledger, config: Config, *, now: datetime) -> Iterator[TimelineEntry]:
    for record in history.find(ledger, states=("sent",)):
        if record.settled_at == timing.instant_text(now):
            late = now - timing.parse_instant(record.due_at)
            why = record.trigger + (f" (+{late // MINUTE} min)" if late >= MINUTE else "")
            words = _summary((config.outbox or Path()) / (record.provider_id or ""))
            to = (record.address or record.recipient).removeprefix("https://")
            yield TimelineEntry(now, "sent", words, f"{record.channel} to {to}", why)


def _summary(path: Path) -> str:
    """The subject of a mail, or the text of a webhook."""
    if path.suffix == ".eml":
        return str(email.message_from_bytes(path.read_bytes(), policy=email.policy.default)["Subject"])
    body = msgspec.json.decode(msgspec.json.decode(path.read_bytes())["body"])
    return str(body["text"])


def _withheld(bookings: BookingSource, config: Config, *, now: datetime) -> Iterator[TimelineEntry]:
    """Yield each message that would have been due in this minute, had a filter not said no."""
    window = Window(now - MINUTE, now)
    zones = [zone for name in bookings.timezones() | {config.timezone} if (zone := timing.find_zone(name))]
    for workflow in config.workflows:
        for trigger in workflow.triggers:
            events = timing.event_range(trigger, window, zones=zones)
            if events is None:
                continue
            for booking in bookings.starting(events) if trigger.anchor == "start" else bookings.ending(events):
                zone = timing.find_zone(booking.timezone or config.timezone)
                due = zone and timing.due_at(trigger, timing.event_at(trigger, booking), zone=zone)
                reason = matching.why_not_matching(
                    workflow, booking, participant=None, default_language=config.language
                )
                if due and window.since < due <= window.until and reason:
                    yield TimelineEntry(now, "withheld", reason, f"no {workflow.id} for the {booking.id}", trigger.text)
