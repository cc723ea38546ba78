"""Decisions of people about a delivery, which no run undoes.

Each is written down with its instant and the name of who made it.
"""

from __future__ import annotations

from datetime import datetime

from reminderctl.core.timing import instant_text
from reminderctl.errors import UsageError
from reminderctl.ledger import history
from reminderctl.ledger.store import Ledger
from reminderctl.model import State

ACKNOWLEDGEABLE = (State.FAILED, State.EXPIRED, State.UNKNOWN)


def resolve(ledger: Ledger, delivery_id: int, *, sent: bool, by: str, now: datetime) -> None:
    """Say of a delivery whose outcome nobody could know that it was sent, or let it be sent again."""
    _require(ledger, delivery_id, state=State.UNKNOWN, verb="resolve")
    if sent:
        _settle(ledger, delivery_id, state=State.SENT, decision="resolved as sent", by=by, now=now)
    else:
        _reopen(ledger, delivery_id, decision="resolved as not sent", by=by, now=now)


def retry(ledger: Ledger, delivery_id: int, *, by: str, now: datetime, at_once: bool = False) -> None:
    """Let the next run attempt again what failed, under the same key; `at_once` also in quiet hours."""
    _require(ledger, delivery_id, state=State.FAILED, verb="retry")
    decision = "to be tried again at once" if at_once else "to be tried again"
    _reopen(ledger, delivery_id, decision=decision, by=by, now=now, at_once=at_once)


def cancel(ledger: Ledger, delivery_id: int, *, by: str, now: datetime) -> None:
    """Let a delivery that waits never be sent."""
    _require(ledger, delivery_id, state=State.PENDING, verb="cancel")
    _settle(ledger, delivery_id, state=State.CANCELED, decision="canceled", by=by, now=now)


def acknowledge(ledger: Ledger, delivery_id: int, *, by: str, now: datetime) -> None:
    """Say that a person has seen what did not go out, or may not have: `status` no longer warns of it.

    The delivery stays in its state. When it is attempted again, whatever comes of that is new.
    """
    found = history.show(ledger, delivery_id)
    if found.acknowledged_at:
        seen = f"{found.acknowledged_by} at {found.acknowledged_at}"
        raise UsageError(f"delivery {delivery_id} has been acknowledged already, by {seen}")
    if found.state not in ACKNOWLEDGEABLE:
        states = "failed, expired or unknown"
        raise UsageError(f"delivery {delivery_id} is {found.state}; acknowledge is for what is {states}")
    values = {"id": delivery_id, "now": instant_text(now), "by": by, "decision": "acknowledged"}
    with ledger.transaction():
        is_seen = ledger.execute(
            """
            UPDATE deliveries SET acknowledged_at = :now, acknowledged_by = :by
            WHERE id = :id AND state IN ('failed', 'expired', 'unknown') AND acknowledged_at IS NULL
            """,
            **values,
        ).rowcount
        if is_seen:
            ledger.execute(_WRITE_DOWN, **values)
    if not is_seen:
        raise UsageError(f"delivery {delivery_id}: it has just changed; look again in a moment")


def _require(ledger: Ledger, delivery_id: int, *, state: State, verb: str) -> None:
    found = history.show(ledger, delivery_id).state
    if found != state:
        raise UsageError(f"delivery {delivery_id} is {found}; `{verb}` applies to {state} deliveries only")


def _settle(ledger: Ledger, delivery_id: int, *, state: State, decision: str, by: str, now: datetime) -> None:
    values = {"id": delivery_id, "state": state.value, "now": instant_text(now), "by": by, "decision": decision}
    with ledger.transaction():
        settled = ledger.execute(
            """
            UPDATE deliveries SET state = :state, next_attempt_at = NULL, held = 0, settled_at = :now, settled_by = :by,
                acknowledged_at = NULL, acknowledged_by = NULL,
                error = COALESCE(error || '; ', '') || :decision || ' by ' || :by
            WHERE id = :id AND state IN ('pending', 'unknown')
            """,
            **values,
        ).rowcount
        if settled:
            ledger.execute(_WRITE_DOWN, **values)
    if not settled:
        raise UsageError(f"delivery {delivery_id}: a run has just started to send it; try again in a moment")


def _reopen(ledger: Ledger, delivery_id: int, *, decision: str, by: str, now: datetime, at_once: bool = False) -> None:
    """Let a delivery wait again, as if nothing had been tried; raises `UsageError` where its deadline has passed."""
    values = {"id": delivery_id, "now": instant_text(now), "by": by, "decision": decision, "at_once": at_once}
    with ledger.transaction():
        reopened = ledger.execute(
            """
            UPDATE deliveries SET state = 'pending', settled_at = NULL, at_once = :at_once,
                next_attempt_at = CASE WHEN :at_once THEN :now ELSE GREATEST(:now, COALESCE(send_at, due_at)) END,
                send_at = CASE WHEN :at_once THEN :now ELSE send_at END,
                settled_by = NULL, attempts = 0, uncertain_attempts = 0, missing = NULL,
                acknowledged_at = NULL, acknowledged_by = NULL,
                error = COALESCE(error || '; ', '') || 'reopened by ' || :by
            WHERE id = :id AND state IN ('failed', 'unknown') AND expires_at >= :now
            """,
            **values,
        ).rowcount
        if reopened:
            ledger.execute(_WRITE_DOWN, **values)
    if not reopened:
        raise UsageError(f"delivery {delivery_id}: its deadline has passed, so it can no longer be sent")


_WRITE_DOWN = """
    INSERT INTO decisions (delivery, decided_at, decided_by, decision) VALUES (:id, :now, :by, :decision)
"""
