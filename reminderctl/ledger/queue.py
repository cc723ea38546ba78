"""The queue: deliveries, from planned to settled.

Every change is one statement that names the state it starts from, so that of two runs that want the same delivery one
gets it and the other sees that it came too late.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from reminderctl import timing
from reminderctl.ledger.opening import Ledger
from reminderctl.model import Delivery, State
from reminderctl.outcome import Outcome

CHUNK = 1000
_COLUMNS = (
    "key",
    "workflow",
    "trigger",
    "action",
    "channel",
    "lane",
    "booking",
    "recipient",
    "participant",
    "address",
    "event_at",
    "due_at",
    "expires_at",
    "id",
    "attempts",
    "doubtful",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM deliveries"  # noqa: S608 - names of columns
_INSTANTS = ("event_at", "due_at", "expires_at")

# A delivery that nobody sent comes back when it is owed again: a booking called off and confirmed anew, or moved away
# and back; and one that a wrong clock let expire before its time, unlike one that was given up because its provider
# wants to wait longer than it lives. What a person cancelled stays so; what was purged is over for good.
_ENQUEUE = """
INSERT INTO deliveries (key, workflow, trigger, action, channel, lane, booking, recipient, participant, address,
    event_at, due_at, expires_at, planned_by, state, next_attempt_at, settled_at, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
ON CONFLICT (key) DO UPDATE SET
    state = 'pending', next_attempt_at = excluded.next_attempt_at, settled_at = NULL, error = NULL, held = 0,
    expires_at = excluded.expires_at, planned_by = excluded.planned_by
WHERE excluded.state = 'pending' AND deliveries.settled_by IS NULL AND deliveries.doubtful = 0
  AND (deliveries.state = 'canceled' OR (deliveries.state = 'expired'
       AND deliveries.expires_at >= ?19 AND deliveries.settled_at > deliveries.expires_at))
"""


def enqueue(ledger: Ledger, deliveries: Iterable[Delivery], *, run: int, now: datetime) -> tuple[int, int]:
    """Record what is owed, each once: how many are new to send, and how many are new but too late already."""
    instant = timing.instant_text(now)
    on_time = (run, State.PENDING.value, instant, None, None, instant)
    too_late = (run, State.EXPIRED.value, None, instant, f"not planned before {instant}, after its deadline", instant)
    counts = [0, 0]
    stream = iter(deliveries)
    while chunk := list(islice(stream, CHUNK)):
        purged = _purged(ledger, chunk)
        chunk = [each for each in chunk if each.key not in purged]
        rows = [[_row(each) + on_time for each in chunk if each.expires_at >= now]]
        rows += [[_row(each) + too_late for each in chunk if each.expires_at < now]]
        for kind in (0, 1):
            before = ledger.connection.total_changes
            ledger.connection.executemany(_ENQUEUE, rows[kind])
            counts[kind] += ledger.connection.total_changes - before
    return counts[0], counts[1]


def _purged(ledger: Ledger, deliveries: Iterable[Delivery]) -> set[str]:
    """Which of these keys are over for good: asked once for many, as in each INSERT it would double its cost."""
    keys = msgspec.json.encode([delivery.key for delivery in deliveries]).decode()
    rows = ledger.connection.execute(
        "SELECT purged.key FROM json_each(:keys) AS wanted JOIN purged ON purged.key = wanted.value", {"keys": keys}
    )
    return {key for (key,) in rows}


def _row(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.key,
        delivery.workflow,
        delivery.trigger,
        delivery.action,
        delivery.channel,
        delivery.lane,
        delivery.booking,
        delivery.recipient,
        delivery.participant,
        delivery.address,
        timing.instant_text(delivery.event_at),
        timing.instant_text(delivery.due_at),
        timing.instant_text(delivery.expires_at),
    )


def hold(ledger: Ledger, workflow: str, *, run: int) -> int:
    """Keep back what this run planned for a workflow until a person releases it; how many that are."""
    return ledger.connection.execute(
        "UPDATE deliveries SET held = 1 WHERE workflow = :workflow AND planned_by = :run AND state = 'pending'",
        {"workflow": workflow, "run": run},
    ).rowcount


def release(ledger: Ledger, workflow: str) -> int:
    """Let go what was held back; how many deliveries that are."""
    return ledger.connection.execute(
        "UPDATE deliveries SET held = 0 WHERE workflow = :workflow AND held = 1 AND state = 'pending'",
        {"workflow": workflow},
    ).rowcount


def expire(ledger: Ledger, now: datetime) -> list[tuple[str, State]]:
    """End what waits beyond its deadline: each workflow and state that it ended in.

    What may have gone out ends as `unknown`: nobody can say that it did not.
    """
    rows = ledger.connection.execute(
        """
        UPDATE deliveries SET state = CASE WHEN doubtful THEN 'unknown' ELSE 'expired' END, next_attempt_at = NULL,
            settled_at = :now, held = 0, error = COALESCE(error || '; ', '') || 'its deadline passed'
                || CASE WHEN held THEN ' while it was held back' ELSE '' END
        WHERE state = 'pending' AND expires_at < :now
        RETURNING workflow, state
        """,
        {"now": timing.instant_text(now)},
    )
    return [(workflow, State(state)) for workflow, state in rows.fetchall()]


def waiting(ledger: Ledger) -> Iterator[Delivery]:
    """Every pending delivery, oldest first."""
    rows = ledger.connection.execute(f"{_SELECT} WHERE state = 'pending' ORDER BY id")
    return map(_delivery, rows.fetchall())


def to_send(ledger: Ledger, now: datetime) -> list[Delivery]:
    """What waits for nothing but its turn, oldest first."""
    rows = ledger.connection.execute(
        f"{_SELECT} WHERE state = 'pending' AND held = 0 AND next_attempt_at <= :now ORDER BY id",
        {"now": timing.instant_text(now)},
    )
    return list(map(_delivery, rows.fetchall()))


def workflows_waiting(ledger: Ledger) -> set[str]:
    """The workflows that have pending deliveries."""
    rows = ledger.connection.execute("SELECT DISTINCT workflow FROM deliveries WHERE state = 'pending'")
    return {workflow for (workflow,) in rows}


def wake(ledger: Ledger, now: datetime) -> None:
    """Let everything pending be attempted now, or when it falls due: a clock that was ahead may have planned it."""
    ledger.connection.execute(
        "UPDATE deliveries SET next_attempt_at = MAX(due_at, :now) WHERE state = 'pending' AND next_attempt_at > :now",
        {"now": timing.instant_text(now)},
    )


def cancel(ledger: Ledger, delivery: Delivery, reason: str, now: datetime) -> State | None:
    """End a pending delivery that is no longer owed: the state it ended in, None where it was not pending any more.

    What may have gone out ends as `unknown`, as in `expire`.
    """
    row = ledger.connection.execute(
        f"""
        UPDATE deliveries SET {_WITHDRAWN}, next_attempt_at = NULL, settled_at = :now, held = 0
        WHERE id = :id AND state = 'pending'
        RETURNING state
        """,  # noqa: S608 - a constant
        {"id": delivery.id, "reason": reason, "now": timing.instant_text(now)},
    ).fetchone()
    return State(row[0]) if row else None


_WITHDRAWN = """
    state = CASE WHEN doubtful > 0 THEN 'unknown' ELSE 'canceled' END,
    error = CASE WHEN doubtful > 0 THEN COALESCE(error || '; ', '') ELSE '' END || :reason
"""


def doubt_what_is_under_way(ledger: Ledger, since: datetime, reason: str, now: datetime) -> list[str]:
    """End as `unknown` what fell due until `since` and is being sent: the workflow of each."""
    values = {"since": timing.instant_text(since), "reason": reason, "now": timing.instant_text(now)}
    ledger.connection.execute(
        """
        UPDATE attempts SET ended_at = :now, outcome = 'unknown', error = :reason
        WHERE ended_at IS NULL
          AND delivery IN (SELECT id FROM deliveries WHERE state = 'sending' AND due_at <= :since)
        """,
        values,
    )
    rows = ledger.connection.execute(
        """
        UPDATE deliveries SET state = 'unknown', run = NULL, settled_at = :now, error = :reason, doubtful = doubtful + 1
        WHERE state = 'sending' AND due_at <= :since
        RETURNING workflow
        """,
        values,
    )
    return [workflow for (workflow,) in rows.fetchall()]


def claim(
    ledger: Ledger, lane: str, *, run: int, now: datetime, limit: int, leave: Collection[str] = ()
) -> list[Delivery]:
    """Take some of a lane's deliveries for this run, earliest deadline first, but none of the workflows to `leave`."""
    marks = ", ".join("?" * len(leave))
    rows = ledger.connection.execute(
        f"""
        UPDATE deliveries SET state = 'sending', run = ?, attempts = attempts + 1, next_attempt_at = NULL
        WHERE id IN (
            SELECT id FROM deliveries
            WHERE state = 'pending' AND lane = ? AND held = 0 AND next_attempt_at <= ? AND expires_at >= ?
              AND workflow NOT IN ({marks})
            ORDER BY expires_at, id LIMIT ?
        )
        RETURNING {", ".join(_COLUMNS)}
        """,  # noqa: S608 - names of columns and question marks
        (run, lane, timing.instant_text(now), timing.instant_text(now), *leave, limit),
    )
    claimed = sorted(map(_delivery, rows.fetchall()), key=lambda delivery: (delivery.expires_at, delivery.id))
    ledger.connection.executemany(
        "INSERT INTO attempts (delivery, run, started_at) VALUES (?, ?, ?)",
        [(delivery.id, run, timing.instant_text(now)) for delivery in claimed],
    )
    return claimed


def settle(
    ledger: Ledger, delivery: Delivery, outcome: Outcome, *, run: int, now: datetime, address: str | None = None
) -> bool:
    """Record how an attempt ended; False where the delivery is no longer this run's."""
    instant = timing.instant_text(now)
    settled = ledger.connection.execute(
        """
        UPDATE deliveries SET state = :state, run = NULL, error = :error,
            attempts = attempts - :forgiven, doubtful = doubtful + :doubtful,
            provider_id = COALESCE(:provider_id, provider_id), address = COALESCE(:address, address),
            next_attempt_at = :next_attempt_at, settled_at = CASE WHEN :state = 'pending' THEN NULL ELSE :now END
        WHERE id = :id AND state = 'sending' AND run = :run AND attempts = :attempts
        """,
        {
            "id": delivery.id,
            "run": run,
            "attempts": delivery.attempts,
            "state": outcome.state,
            "error": outcome.error,
            "forgiven": int(not outcome.counted),
            "doubtful": int(outcome.doubtful),
            "provider_id": outcome.provider_id,
            "address": address,
            "next_attempt_at": timing.instant_text(outcome.next_attempt_at) if outcome.next_attempt_at else None,
            "now": instant,
        },
    ).rowcount
    if settled:
        ledger.connection.execute(
            """
            UPDATE attempts SET ended_at = :now, outcome = :outcome, error = :error
            WHERE delivery = :id AND run = :run AND ended_at IS NULL
            """,
            {"id": delivery.id, "run": run, "outcome": outcome.name, "error": outcome.error, "now": instant},
        )
    return bool(settled)


def give_back(ledger: Ledger, delivery: Delivery, reason: str | None, *, run: int, now: datetime) -> State | None:
    """Undo a claim of which nothing was sent; pending again, but with a reason it ends as in `cancel`."""
    values = {"id": delivery.id, "run": run, "now": timing.instant_text(now)}
    ledger.connection.execute("DELETE FROM attempts WHERE delivery = :id AND run = :run AND ended_at IS NULL", values)
    ledger.connection.execute(
        """
        UPDATE deliveries SET state = 'pending', run = NULL, attempts = attempts - 1, next_attempt_at = :now
        WHERE id = :id AND state = 'sending' AND run = :run
        """,
        values,
    )
    return cancel(ledger, delivery, reason, now) if reason else None


def left_behind(ledger: Ledger, run: int) -> list[Delivery]:
    """What a dead run was sending."""
    rows = ledger.connection.execute(f"{_SELECT} WHERE state = 'sending' AND run = ?", (run,))
    return [_delivery(row) for row in rows.fetchall()]


def _delivery(row: Sequence[object]) -> Delivery:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in _INSTANTS:
        values[name] = timing.parse_instant(str(values[name]))
    return Delivery(**values)  # type: ignore[arg-type]  # the table's CHECKs vouch for the types
