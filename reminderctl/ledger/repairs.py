"""What a person decides about a delivery; who decided is written down, and no run undoes it."""

from __future__ import annotations

from datetime import datetime

from reminderctl.errors import UsageError
from reminderctl.ledger import records
from reminderctl.ledger.opening import Ledger
from reminderctl.model import State
from reminderctl.timing import instant_text


def resolve(ledger: Ledger, delivery_id: int, *, sent: bool, by: str, now: datetime) -> None:
    """Say of a delivery whose outcome nobody could know that it was sent, or let it be sent again."""
    _require(ledger, delivery_id, (State.UNKNOWN,), verb="resolve")
    if sent:
        _settle(ledger, delivery_id, State.SENT, f"resolved as sent by {by}", by=by, now=now)
    else:
        _reopen(ledger, delivery_id, by=by, now=now)


def retry(ledger: Ledger, delivery_id: int, *, by: str, now: datetime) -> None:
    """Let the next run attempt again what failed, under the same key."""
    _require(ledger, delivery_id, (State.FAILED,), verb="retry")
    _reopen(ledger, delivery_id, by=by, now=now)


def cancel(ledger: Ledger, delivery_id: int, *, by: str, now: datetime) -> None:
    """Let a delivery that waits never be sent."""
    _require(ledger, delivery_id, (State.PENDING,), verb="cancel")
    _settle(ledger, delivery_id, State.CANCELED, f"canceled by {by}", by=by, now=now)


def _require(ledger: Ledger, delivery_id: int, states: tuple[State, ...], *, verb: str) -> None:
    record = records.show(ledger, delivery_id)
    if record is None:
        raise UsageError(f"there is no delivery {delivery_id}; `reminderctl deliveries list` shows what there is")
    if record["state"] not in states:
        raise UsageError(f"delivery {delivery_id} is {record['state']}; {verb} is for what is {' or '.join(states)}")


def _settle(ledger: Ledger, delivery_id: int, state: State, words: str, *, by: str, now: datetime) -> None:
    with ledger.transaction() as connection:
        settled = connection.execute(
            """
            UPDATE deliveries SET state = :state, next_attempt_at = NULL, held = 0, settled_at = :now, settled_by = :by,
                error = COALESCE(error || '; ', '') || :words
            WHERE id = :id AND state IN ('pending', 'unknown')
            """,
            {"id": delivery_id, "state": state.value, "now": instant_text(now), "by": by, "words": words},
        ).rowcount
    if not settled:
        raise UsageError(f"delivery {delivery_id}: a run has just begun to send it; look again in a moment")


def _reopen(ledger: Ledger, delivery_id: int, *, by: str, now: datetime) -> None:
    """Pending again, as if nothing had been tried; raises `UsageError` where its deadline leaves no time for it."""
    with ledger.transaction() as connection:
        reopened = connection.execute(
            """
            UPDATE deliveries SET state = 'pending', next_attempt_at = :now, settled_at = NULL, settled_by = NULL,
                attempts = 0, doubtful = 0, error = COALESCE(error || '; ', '') || 'reopened by ' || :by
            WHERE id = :id AND state IN ('failed', 'unknown') AND expires_at >= :now
            """,
            {"id": delivery_id, "now": instant_text(now), "by": by},
        ).rowcount
    if not reopened:
        raise UsageError(f"delivery {delivery_id}: its deadline has passed; it would come too late to be of use")
