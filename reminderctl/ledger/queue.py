"""The queue: deliveries that wait, from planned to claimed or withdrawn.

Every change is one statement that names the state it starts from, so that of two runs that want the same delivery one
gets it and the other sees that it came too late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reminderctl.core import timing
from reminderctl.ledger.checks import START, Position
from reminderctl.ledger.store import Ledger
from reminderctl.model import Delivery, State

CHUNK = 1000
COLUMNS = (
    "key",
    "workflow",
    "trigger",
    "action",
    "channel",
    "circuit",
    "booking",
    "recipient",
    "participant",
    "address",
    "event_at",
    "due_at",
    "expires_at",
    "grace_ends_at",
    "id",
    "attempts",
    "uncertain_attempts",
    "send_at",
    "at_once",
)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM deliveries"  # noqa: S608 - names of columns
_INSTANTS, _OPTIONAL_INSTANTS = ("event_at", "due_at", "expires_at"), ("grace_ends_at", "send_at")


def hold(ledger: Ledger, workflow: str, *, run: int, now: datetime) -> int:
    """Keep back what has fallen due and this run planned for a workflow, until a person releases it.

    Return how many that are. What quiet hours send before it falls due is no burst: it comes together every evening.
    """
    return ledger.execute(
        """
        UPDATE deliveries SET held = 1
        WHERE workflow = :workflow AND planned_by = :run AND state = 'pending' AND due_at <= :now
        """,
        workflow=workflow,
        run=run,
        now=timing.instant_text(now),
    ).rowcount


def release(ledger: Ledger, workflow: str) -> int:
    """Let go what was held back; return how many deliveries that are."""
    return ledger.execute(
        """
        UPDATE deliveries SET held = 0
        WHERE workflow = :workflow AND held = 1 AND missing IS NULL AND state = 'pending'
        """,
        workflow=workflow,
    ).rowcount


def expire(ledger: Ledger, now: datetime) -> list[tuple[Delivery, State, str]]:
    """End what waits beyond its deadline; return each delivery, the state it ended in and the error it ended with.

    What may have gone out ends as `unknown`: nobody can say that it did not.
    """
    rows = ledger.execute(
        f"""
        UPDATE deliveries SET state = CASE WHEN uncertain_attempts > 0 THEN 'unknown' ELSE 'expired' END,
            next_attempt_at = NULL, settled_at = :now, held = 0,
            error = COALESCE(error || '; ', '') || 'its deadline passed'
                || CASE WHEN held = 1 THEN ' while it was held' || COALESCE(': ' || missing, ' back') ELSE '' END
        WHERE state = 'pending' AND expires_at < :now
        RETURNING {", ".join(COLUMNS)}, state, error
        """,  # noqa: S608 - names of columns
        now=timing.instant_text(now),
    )
    return [(read(values), State(state), error) for *values, state, error in rows.fetchall()]


def anything_waits(ledger: Ledger) -> bool:
    """Return True where a delivery is pending."""
    found = ledger.execute("SELECT 1 FROM deliveries WHERE state = 'pending' AND expires_at > '' LIMIT 1")
    return found.fetchone() is not None


def pages(
    ledger: Ledger, *, after: Position = START, until: datetime | None = None, size: int = CHUNK
) -> Iterator[list[Delivery]]:
    """Return what is pending, earliest deadline first; `until` leaves out what has its deadline then or later."""
    values = {"until": timing.instant_text(until) if until else "~", "size": size}
    while True:
        rows = ledger.execute(
            f"""
            {SELECT} WHERE state = 'pending' AND (expires_at, id) > (:deadline, :id) AND expires_at < :until
            ORDER BY expires_at, id LIMIT :size
            """,
            **values,
            deadline=after[0],
            id=after[1],
        )
        page = [read(row) for row in rows.fetchall()]
        if page:
            yield page
        if len(page) < size:
            return
        after = position(page[-1])


def position(delivery: Delivery) -> Position:
    """Return the place of a delivery in `pages`."""
    return timing.instant_text(delivery.expires_at), delivery.id


def wait_again(ledger: Ledger, now: datetime) -> int:
    """Let wait what was ended after now although its deadline lies ahead; return how many deliveries that are.

    What was held is so again. An attempt that ended as `unknown` is no matter of deadlines.
    """
    return ledger.execute(
        """
        UPDATE deliveries SET state = 'pending', error = NULL,
            next_attempt_at = GREATEST(COALESCE(send_at, due_at), :now),
            held = COALESCE(missing > '' OR error GLOB '*its deadline passed while it was held back', 0),
            settled_at = NULL, acknowledged_at = NULL, acknowledged_by = NULL
        WHERE state IN ('expired', 'unknown') AND settled_at IS NOT NULL AND settled_at > :now
          AND expires_at >= :now AND settled_by IS NULL
          AND (state = 'expired'
               OR (state = 'unknown' AND (error GLOB '*its deadline passed*' OR error GLOB '*, after the deadline')))
        """,
        now=timing.instant_text(now),
    ).rowcount


def ready(ledger: Ledger, now: datetime) -> list[Delivery]:
    """Return what waits for nothing but its turn, oldest first."""
    rows = ledger.execute(
        f"{SELECT} WHERE state = 'pending' AND held = 0 AND next_attempt_at <= :now ORDER BY +id",
        now=timing.instant_text(now),
    )
    return list(map(read, rows.fetchall()))


def update(ledger: Ledger, delivery: Delivery, *, now: datetime) -> None:
    """Give a pending delivery the term and the way that it has now; it is not attempted before it is due.

    What quiet hours made wait for an opening may go now, if they are other ones: the next attempt asks.
    """
    ledger.execute(
        """
        UPDATE deliveries SET due_at = :due_at, expires_at = :expires_at, channel = :channel, circuit = :circuit,
            next_attempt_at = GREATEST(
                CASE WHEN send_at IS NULL AND :send_at IS NULL THEN next_attempt_at ELSE :now END, :begins_at
            ),
            send_at = :send_at
        WHERE key = :key AND state = 'pending'
        """,
        key=delivery.key,
        now=timing.instant_text(now),
        begins_at=timing.instant_text(delivery.begins_at),
        channel=delivery.channel,
        circuit=delivery.circuit,
        **term(delivery),
    )


def term(delivery: Delivery) -> dict[str, str | None]:
    """Return when a delivery falls due, is sent and expires, as the ledger writes it."""
    instants = {name: getattr(delivery, name) for name in ("due_at", "send_at", "expires_at")}
    return {name: timing.instant_text(each) if each else None for name, each in instants.items()}


def defer_siblings(ledger: Ledger, delivery: Delivery, *, until: datetime) -> None:
    """Let others of a circuit go first: what waits of this delivery's action waits until then.

    Not so where nothing else waits, nor beyond a deadline.
    """
    ledger.execute(
        """
        UPDATE deliveries SET next_attempt_at = :until
        WHERE state = 'pending' AND held = 0 AND circuit = :circuit AND workflow = :workflow AND action = :action
          AND next_attempt_at < :until AND expires_at >= :until
          AND EXISTS (
              SELECT 1 FROM deliveries AS other
              WHERE other.state = 'pending' AND other.held = 0 AND other.circuit = :circuit
                AND (other.workflow, other.action) <> (:workflow, :action)
          )
        """,
        circuit=delivery.circuit,
        workflow=delivery.workflow,
        action=delivery.action,
        until=timing.instant_text(until),
    )


def workflows_waiting(ledger: Ledger) -> set[str]:
    """Return the workflows that have pending deliveries."""
    rows = ledger.execute("SELECT DISTINCT workflow FROM deliveries WHERE state = 'pending'")
    return {workflow for (workflow,) in rows}


def reschedule_now(ledger: Ledger, now: datetime) -> None:
    """Let everything pending be attempted now, or when it falls due: a clock that was ahead may have planned it."""
    ledger.execute(
        """
        UPDATE deliveries SET next_attempt_at = GREATEST(COALESCE(send_at, due_at), :now)
        WHERE state = 'pending' AND next_attempt_at > :now
        """,
        now=timing.instant_text(now),
    )


def cancel(ledger: Ledger, delivery: Delivery, *, reason: str, now: datetime) -> State | None:
    """End a pending delivery that is no longer owed; return the state it ended in, None where it was not pending.

    What may have gone out ends as `unknown`, as in `expire`.
    """
    row = ledger.execute(
        """
        UPDATE deliveries SET state = CASE WHEN uncertain_attempts > 0 THEN 'unknown' ELSE 'canceled' END,
            next_attempt_at = NULL, settled_at = :now, held = 0,
            error = CASE WHEN uncertain_attempts > 0 THEN COALESCE(error || '; ', '') ELSE '' END || :reason
        WHERE id = :id AND state = 'pending'
        RETURNING state
        """,
        id=delivery.id,
        reason=reason,
        now=timing.instant_text(now),
    ).fetchone()
    return State(row[0]) if row else None


def read(row: Sequence[object]) -> Delivery:
    """Make a delivery of the columns of `SELECT`."""
    values = dict(zip(COLUMNS, row, strict=True))
    for name in _INSTANTS:
        values[name] = timing.parse_instant(str(values[name]))
    for name in _OPTIONAL_INSTANTS:
        values[name] = timing.parse_instant(str(values[name])) if values[name] else None
    values["at_once"] = bool(values["at_once"])
    return Delivery(**values)  # type: ignore[arg-type]  # the table's CHECKs vouch for the types
