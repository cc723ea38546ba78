"""The recording of what is owed, each delivery once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

import msgspec

from reminderctl.core import timing
from reminderctl.ledger.store import Ledger
from reminderctl.model import Delivery, State

CHUNK = 1000

# A delivery that nobody sent comes back when it is owed again: a booking called off and confirmed anew, or moved away
# and back; and one whose deadline lies later than it did (but not because its booking seems late now: we were). What a
# person canceled stays so; what was purged is over for good.
# What comes back of a burst that still waits for a person waits with it; but not where a person asked for it (run 0).
# By order, not by name: looking up 19 names for each row took half as long again.
_ENQUEUE = """
INSERT INTO deliveries (key, workflow, trigger, action, channel, circuit, booking, recipient, participant, address,
    event_at, due_at, expires_at, grace_ends_at, planned_by, state, next_attempt_at, settled_at, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    state = 'pending', next_attempt_at = excluded.next_attempt_at, settled_at = NULL, error = NULL,
    missing = NULL, expires_at = excluded.expires_at, grace_ends_at = excluded.grace_ends_at,
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


def enqueue(ledger: Ledger, deliveries: Iterable[Delivery], *, run: int, now: datetime) -> tuple[int, int]:
    """Record what is owed, each once; return how many are new to send, and how many are new but too late already."""
    instant = timing.instant_text(now)
    error = f"first planned at {instant}, after its deadline"
    on_time = (run, State.PENDING.value, instant, None, None)
    too_late = (run, State.EXPIRED.value, None, instant, error)
    new = late = 0
    stream = iter(deliveries)
    while chunk := list(islice(stream, CHUNK)):
        purged = _purged(ledger, chunk)
        chunk = [each for each in chunk if each.key not in purged]
        new += ledger.execute_many(_ENQUEUE, (_row(each) + on_time for each in chunk if each.expires_at >= now))
        late += ledger.execute_many(_ENQUEUE, (_row(each) + too_late for each in chunk if each.expires_at < now))
    return new, late


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
    )
