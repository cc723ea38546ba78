"""The recording of what is owed, each delivery once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from reminderctl.core import timing
from reminderctl.ledger.store import Ledger
from reminderctl.model import Delivery, State
from reminderctl.quiet_settings import OpenHours

CHUNK = 1000

# A delivery that nobody sent comes back when it is owed again: a booking called off and confirmed anew, or moved away
# and back; and one whose deadline lies later than it did (but not because its booking seems late now: we were). What a
# person canceled stays so; what was purged is over for good.
# What comes back of a burst that still waits for a person waits with it; but not where a person asked for it (run 0).
# By order, not by name: looking up 19 names for each row took half as long again.
_ENQUEUE = """
INSERT INTO deliveries (key, workflow, trigger, action, channel, circuit, booking, recipient, participant, address,
    event_at, due_at, expires_at, grace_ends_at, send_at, planned_by, state, next_attempt_at, settled_at, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    state = 'pending', next_attempt_at = excluded.next_attempt_at, settled_at = NULL, error = NULL,
    missing = NULL, expires_at = excluded.expires_at, grace_ends_at = excluded.grace_ends_at,
    send_at = excluded.send_at, at_once = 0,
    (held, planned_by) = (
        SELECT COUNT(id), COALESCE(MAX(planned_by), excluded.planned_by) FROM (
            SELECT id, planned_by FROM deliveries AS other
            WHERE other.state = 'pending' AND other.held = 1 AND other.missing IS NULL AND excluded.planned_by <> 0
              AND (other.workflow, other.planned_by) = (deliveries.workflow, deliveries.planned_by) LIMIT 1
    ))
WHERE excluded.state = 'pending' AND deliveries.settled_by IS NULL AND deliveries.uncertain_attempts = 0
  AND (deliveries.state = 'canceled'
       OR (deliveries.state = 'expired' AND COALESCE(excluded.grace_ends_at, excluded.expires_at)
           > COALESCE(deliveries.grace_ends_at, deliveries.expires_at)))
"""


class Enqueued(NamedTuple):
    """The numbers of new deliveries, by what becomes of them.

    Those that are to be sent, of which `due` have fallen due; those that come too late; those that quiet hours refuse.
    """

    on_time: int
    due: int
    too_late: int
    refused: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.on_time + self.too_late + self.refused


def enqueue(ledger: Ledger, deliveries: Iterable[Delivery], *, run: int, now: datetime) -> Enqueued:
    """Record what is owed, each once; return how many are new."""
    instant = timing.instant_text(now)
    too_late = (State.EXPIRED.value, None, instant, f"first planned at {instant}, after its deadline")
    at_once = (State.PENDING.value, instant, None, None)
    counts = Counter[str]()
    stream = iter(deliveries)
    while chunk := list(islice(stream, CHUNK)):
        purged = _purged(ledger, chunk)
        # What is to be sent goes before what quiet hours would have instead, where that is too late.
        kinds: dict[str, list[tuple[object, ...]]] = {"due": [], "early": [], "too_late": [], "refused": []}
        for each in chunk:
            if each.key in purged:
                continue
            kind = _kind_of(each, now)
            state: tuple[object, ...] = at_once
            if kind == "refused":
                state = (State.CANCELED.value, None, instant, each.refusal)
            elif kind == "too_late":
                state = too_late
            elif each.hours:
                state = (State.PENDING.value, _first_attempt(each, each.hours, now=now), None, None)
            kinds[kind].append((*_row(each), run, *state))
        for kind, rows in kinds.items():
            counts[kind] += ledger.execute_many(_ENQUEUE, rows) if rows else 0
    return Enqueued(counts["early"] + counts["due"], counts["due"], counts["too_late"], counts["refused"])


def _kind_of(delivery: Delivery, now: datetime) -> str:
    if delivery.refusal:
        return "refused"
    if delivery.expires_at < now:
        return "too_late"
    return "due" if delivery.due_at <= now else "early"


def _first_attempt(delivery: Delivery, hours: OpenHours, *, now: datetime) -> str:
    """Return when a delivery is attempted first: as soon as it may ring."""
    from reminderctl.core.open_hours import next_open

    return timing.instant_text(next_open(hours, max(now, delivery.begins_at)))


def _purged(ledger: Ledger, deliveries: Iterable[Delivery]) -> set[str]:
    """Return those of the keys that are over for good; once for many, as in each INSERT it would double its cost."""
    keys = msgspec.json.encode([delivery.key for delivery in deliveries]).decode()
    rows = ledger.execute(
        "SELECT purged.key FROM json_each(:keys) AS wanted JOIN purged ON purged.key = wanted.value", keys=keys
    )
    return {key for (key,) in rows}


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.key,
        delivery.workflow,
        delivery.trigger,
        delivery.action,
        delivery.channel,
        delivery.circuit,
        delivery.booking,
        delivery.recipient,
        delivery.participant,
        delivery.address,
        timing.instant_text(delivery.event_at),
        timing.instant_text(delivery.due_at),
        timing.instant_text(delivery.expires_at),
        timing.instant_text(delivery.grace_ends_at) if delivery.grace_ends_at else None,
        timing.instant_text(delivery.send_at) if delivery.send_at else None,
    )
