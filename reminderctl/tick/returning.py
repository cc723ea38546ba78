"""Canceled deliveries that are owed again, and whom a message for one of a group goes to instead."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

import msgspec

from reminderctl import planning
from reminderctl.bookings import Bookings
from reminderctl.ledger import Ledger, missing, sources
from reminderctl.model import Config, Delivery, Workflow
from reminderctl.timing import instant_text, parse_trigger

BOOKINGS_AT_ONCE = 500


def find_owed_again(
    config: Config,
    ledger: Ledger,
    bookings: Bookings,
    *,
    now: datetime,
    known: sources.Source | None,
    fingerprint: str | None,
) -> dict[str, list[Delivery]]:
    """Return what was canceled and is owed again before its deadline, by workflow, whatever window it is in.

    It is looked for only where the bookings, of this `fingerprint`, or the workflows have changed since a run looked.

    1. What a person canceled, or whose workflow was switched off since, does not come back.
    2. Where the first participant dropped out before being told, the next one's message is owed instead.
    """
    canceled = missing.may_come_back(ledger, now)
    if not canceled:
        return {}
    rules = fingerprint_of(config)
    if known and fingerprint and (known.fingerprint, known.workflows) == (fingerprint, rules):
        return {}
    sources.note_workflows(ledger, rules)
    workflows = {workflow.id: workflow for workflow in config.workflows}
    off = {workflow.id for workflow in config.workflows if not workflow.enabled}
    missing.close(ledger, (delivery for delivery in canceled if delivery.workflow in off))
    stream = (delivery for delivery in canceled if delivery.workflow not in off)
    found = defaultdict[str, list[Delivery]](list)
    while some := list(islice(stream, BOOKINGS_AT_ONCE)):
        there = bookings.find_all({delivery.booking for delivery in some})
        for delivery in some:
            workflow, booking = workflows.get(delivery.workflow), there.get(delivery.booking)
            for current in planning.owed_instead(delivery, workflow, booking, config=config):
                if current.due_at <= now <= current.expires_at:
                    found[current.workflow].append(current)
    return found


def leave_out_told(workflow: Workflow, deliveries: Iterable[Delivery], ledger: Ledger) -> Iterator[Delivery]:
    """Yield deliveries, but none to a customer where the workflow is for the first one, and has told another."""
    if workflow.for_each_customer is not False:
        yield from deliveries
        return
    stream = iter(deliveries)
    while some := list(islice(stream, BOOKINGS_AT_ONCE)):
        told = missing.told(ledger, workflow.id, {delivery.booking for delivery in some})
        for delivery in some:
            event_at = instant_text(delivery.event_at)
            name = (parse_trigger(delivery.trigger).identity, delivery.action, delivery.booking, event_at)
            already = told.get(name, delivery.recipient)
            if already == delivery.recipient or not planning.is_for_the_first(delivery, workflow):
                yield delivery


def fingerprint_of(config: Config) -> str:
    """Return a text that changes with what the workflows owe."""
    content = (config.timezone, config.language, config.workflows)
    return f"{zlib.crc32(msgspec.msgpack.encode(content, enc_hook=str)):08x}"
