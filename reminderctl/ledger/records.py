"""What people and programs read from the ledger (docs/reference/ledger.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from reminderctl.ledger.opening import Ledger, errors_of
from reminderctl.model import Delivery
from reminderctl.timing import instant_text

COLUMNS = (
    "id",
    "key",
    "workflow",
    "trigger",
    "action",
    "channel",
    "booking",
    "recipient",
    "address",
    "event_at",
    "due_at",
    "expires_at",
    "state",
    "held",
    "attempts",
    "next_attempt_at",
    "provider_id",
    "error",
    "settled_at",
    "settled_by",
)
HELD = "held"  # no state of its own: what is held is pending
_OF_ATTEMPT = ("started_at", "ended_at", "outcome", "error")
_OF_DECISION = ("decided_at", "decided_by", "decision")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM deliveries"  # noqa: S608 - names of columns


def find(
    ledger: Ledger,
    *,
    states: Sequence[str] = (),
    workflow: str | None = None,
    booking: str | None = None,
    channel: str | None = None,
    recipient: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> Iterator[dict[str, Any]]:
    """The deliveries that match all that is asked for, oldest due first, read one by one.

    One of the `states` may be `HELD`. `since` and `until` look at when they fell due; `recipient` is an identity, a
    customer's id or an address.
    """
    marks = ", ".join(f":state{number}" for number in range(len(states)))
    conditions = {
        f"(state IN ({marks}) OR (held = 1 AND '{HELD}' IN ({marks})))": bool(states),
        "workflow = :workflow": workflow is not None,
        "booking = :booking": booking is not None,
        "channel = :channel": channel is not None,
        "(:recipient IN (recipient, address) OR recipient = 'customer:' || :recipient)": recipient is not None,
        "due_at >= :since": since is not None,
        "due_at <= :until": until is not None,
    }
    where = " AND ".join(text for text, asked in conditions.items() if asked) or "TRUE"
    values: dict[str, Any] = {f"state{number}": state for number, state in enumerate(states)}
    values |= {"workflow": workflow, "booking": booking, "channel": channel, "recipient": recipient}
    values |= {"since": instant_text(since) if since else None, "until": instant_text(until) if until else None}
    values["limit"] = -1 if limit is None else limit
    with errors_of(ledger.path):
        for row in ledger.connection.execute(f"{_SELECT} WHERE {where} ORDER BY due_at, id LIMIT :limit", values):
            yield _record(row)


def show(ledger: Ledger, delivery_id: int) -> dict[str, Any] | None:
    """One delivery with the history of its attempts, as well as what people decided about it; or None."""
    with errors_of(ledger.path):
        row = ledger.connection.execute(f"{_SELECT} WHERE id = ?", (delivery_id,)).fetchone()
        if row is None:
            return None
        attempts = ledger.connection.execute(
            "SELECT started_at, ended_at, outcome, error FROM attempts WHERE delivery = ? ORDER BY id", (delivery_id,)
        ).fetchall()
        decisions = ledger.connection.execute(
            "SELECT decided_at, decided_by, decision FROM decisions WHERE delivery = ? ORDER BY id", (delivery_id,)
        ).fetchall()
    return {
        **_record(row),
        "history": [dict(zip(_OF_ATTEMPT, attempt, strict=True)) for attempt in attempts],
        "decisions": [dict(zip(_OF_DECISION, decision, strict=True)) for decision in decisions],
    }


class Coming(NamedTuple):
    """A delivery that is still to come, and the lane that carries it."""

    record: dict[str, Any]
    lane: str


def coming(ledger: Ledger, *, now: datetime, until: datetime) -> list[Coming]:
    """What is under way, waits for an attempt until then, or fell due since `now`."""
    values = {"now": instant_text(now), "until": instant_text(until)}
    sql = f"""
        SELECT {", ".join(COLUMNS)}, lane FROM deliveries
        WHERE (state = 'pending' AND next_attempt_at <= :until) OR state = 'sending'
            OR (due_at > :now AND due_at <= :until)
        ORDER BY due_at, id
    """  # noqa: S608 - names of columns
    with errors_of(ledger.path):
        return [Coming(_record(row[:-1]), row[-1]) for row in ledger.connection.execute(sql, values)]


def newest(ledger: Ledger) -> int:
    """The highest id of any delivery."""
    (found,) = ledger.connection.execute("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetchone()
    return int(found)


def of_booking(ledger: Ledger, booking: str) -> list[dict[str, Any]]:
    """Every delivery of a booking with its history, oldest due first."""
    shown = (show(ledger, record["id"]) for record in find(ledger, booking=booking))
    return [record for record in shown if record]


def unrecorded(delivery: Delivery) -> dict[str, Any]:
    """A delivery that the ledger knows nothing of, under the same names."""
    known = {name: value for name, value in msgspec.structs.asdict(delivery).items() if name in COLUMNS}
    written = {name: instant_text(value) if isinstance(value, datetime) else value for name, value in known.items()}
    return {**dict.fromkeys(COLUMNS), **written, "id": None, "held": False, "history": [], "decisions": []}


def _record(row: Sequence[Any]) -> dict[str, Any]:
    record = dict(zip(COLUMNS, row, strict=True))
    record["held"] = bool(record["held"])
    return record
