"""Claims: deliveries that a run has taken to send, from claimed to settled or given back.

As in the queue, every change is one statement that names the state it starts from.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from reminderctl.core import timing
from reminderctl.ledger.queue import COLUMNS, SELECT, cancel, read, term
from reminderctl.ledger.store import Ledger
from reminderctl.model import Delivery, State

if TYPE_CHECKING:
    from reminderctl.core.retry import Outcome


LONGEST_ATTEMPT = timedelta(minutes=10)


def claim(
    ledger: Ledger,
    circuit: str,
    *,
    run: int,
    now: datetime,
    limit: int,
    leave: Collection[str] = (),
    half_open: bool = False,
) -> list[Delivery]:
    """Take some of a circuit's deliveries for this run, earliest deadline first, but none of the workflows to `leave`.

    `half_open` takes first what has been put off for longest: one message that the provider dislikes, which would be
    the first again and again, must not keep the others from being tried.
    """
    order = "next_attempt_at, expires_at, id" if half_open else "expires_at, id"
    rows = ledger.execute(
        f"""
        UPDATE deliveries SET state = 'sending', run = :run, attempts = attempts + 1, next_attempt_at = NULL
        WHERE id IN (
            SELECT id FROM deliveries
            WHERE state = 'pending' AND circuit = :circuit AND held = 0 AND next_attempt_at <= :now
              AND expires_at >= :now AND workflow NOT IN (SELECT value FROM json_each(:leave))
            ORDER BY {order} LIMIT :limit
        )
        RETURNING {", ".join(COLUMNS)}
        """,  # noqa: S608 - names of columns
        run=run,
        circuit=circuit,
        now=timing.instant_text(now),
        leave=msgspec.json.encode(list(leave)).decode(),
        limit=limit,
    )
    claimed = sorted(map(read, rows.fetchall()), key=lambda delivery: (delivery.expires_at, delivery.id))
    ledger.execute_many(
        "INSERT INTO attempts (delivery, run, started_at) VALUES (:delivery, :run, :now)",
        [{"delivery": delivery.id, "run": run, "now": timing.instant_text(now)} for delivery in claimed],
    )
    return claimed


def stuck(ledger: Ledger, now: datetime) -> list[Delivery]:
    """Return what has been on its way for longer than any attempt takes, earliest deadline first."""
    rows = ledger.execute(
        f"""
        {SELECT}
        WHERE state = 'sending' AND id IN (
            SELECT a.delivery FROM attempts AS a
            WHERE a.delivery = deliveries.id AND a.ended_at IS NULL AND a.started_at < :before
        )
        ORDER BY expires_at, id
        """,  # noqa: S608 - constants
        before=timing.instant_text(now - LONGEST_ATTEMPT),
    )
    return [read(row) for row in rows]


def settle(
    ledger: Ledger, delivery: Delivery, *, outcome: Outcome, run: int, now: datetime, address: str | None = None
) -> bool:
    """Record how an attempt ended; False where the delivery is no longer this run's."""
    instant = timing.instant_text(now)
    settled = ledger.execute(
        """
        UPDATE deliveries SET state = :state, run = NULL, error = :error,
            attempts = attempts - :forgiven, uncertain_attempts = uncertain_attempts + :uncertain_attempts,
            provider_id = COALESCE(:provider_id, provider_id), address = COALESCE(:address, address),
            next_attempt_at = :next_attempt_at, settled_at = CASE WHEN :state = 'pending' THEN NULL ELSE :now END
        WHERE id = :id AND state = 'sending' AND run = :run AND attempts = :attempts
        """,
        id=delivery.id,
        run=run,
        attempts=delivery.attempts,
        state=outcome.state,
        error=outcome.error,
        forgiven=int(not outcome.counted),
        uncertain_attempts=int(outcome.uncertain_attempts),
        provider_id=outcome.provider_id,
        address=address,
        next_attempt_at=timing.instant_text(outcome.next_attempt_at) if outcome.next_attempt_at else None,
        now=instant,
    ).rowcount
    if settled:
        ledger.execute(
            """
            UPDATE attempts SET ended_at = :now, outcome = :outcome, error = :error
            WHERE delivery = :id AND run = :run AND ended_at IS NULL
            """,
            id=delivery.id,
            run=run,
            outcome=outcome.name,
            error=outcome.error,
            now=instant,
        )
    return bool(settled)


def release_claim(
    ledger: Ledger,
    delivery: Delivery,
    *,
    run: int,
    now: datetime,
    reason: str | None = None,
    until: datetime | None = None,
) -> State | None:
    """Undo a claim of which nothing was sent; pending again, not before `until`, but with a reason it is canceled."""
    values = {"id": delivery.id, "run": run, **term(delivery)}
    ledger.execute("DELETE FROM attempts WHERE delivery = :id AND run = :run AND ended_at IS NULL", **values)
    ledger.execute(
        """
        UPDATE deliveries SET state = 'pending', run = NULL, attempts = attempts - 1, due_at = :due_at,
            send_at = :send_at, expires_at = :expires_at, next_attempt_at = :at
        WHERE id = :id AND state = 'sending' AND run = :run
        """,
        at=timing.instant_text(max(until or now, delivery.begins_at)),
        **values,
    )
    return cancel(ledger, delivery, reason=reason, now=now) if reason else None


def in_flight_of(ledger: Ledger, run: int) -> list[Delivery]:
    """Return what a run, which is dead now, was sending."""
    rows = ledger.execute(f"{SELECT} WHERE state = 'sending' AND run = :run", run=run)
    return [read(row) for row in rows.fetchall()]


def mark_in_flight_unknown(ledger: Ledger, since: datetime, *, reason: str, now: datetime) -> list[str]:
    """End as `unknown` what fell due until `since` and is being sent: the workflow of each."""
    values = {"since": timing.instant_text(since), "reason": reason, "now": timing.instant_text(now)}
    ledger.execute(
        """
        UPDATE attempts SET ended_at = :now, outcome = 'unknown', error = :reason
        WHERE ended_at IS NULL
          AND delivery IN (SELECT id FROM deliveries WHERE state = 'sending' AND COALESCE(send_at, due_at) <= :since)
        """,
        **values,
    )
    rows = ledger.execute(
        """
        UPDATE deliveries SET state = 'unknown', run = NULL, settled_at = :now, error = :reason,
            uncertain_attempts = uncertain_attempts + 1
        WHERE state = 'sending' AND COALESCE(send_at, due_at) <= :since
        RETURNING workflow
        """,
        **values,
    )
    return [workflow for (workflow,) in rows.fetchall()]
