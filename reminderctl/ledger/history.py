"""Records of deliveries for people and programs (docs/reference/ledger.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, structs

from reminderctl.core.timing import instant_text
from reminderctl.errors import UsageError
from reminderctl.ledger import queue
from reminderctl.ledger.store import Ledger, errors_of
from reminderctl.model import Delivery, State


class Record(Struct, frozen=True, kw_only=True):
    """One delivery; every instant is a text, as in `2026-11-23T08:00:00Z`.

    What the ledger does not know has no `id`; what no run will plan either has no `state`. `missing` is what it is held
    for; what is held without is a burst. `send_at` is when it is sent by its quiet hours, if any concern it.
    """

    id: int | None
    key: str
    workflow: str
    trigger: str
    action: str
    channel: str
    booking: str
    recipient: str
    address: str | None
    event_at: str
    due_at: str
    expires_at: str
    state: State | None
    held: bool = False
    missing: str | None = None
    attempts: int = 0
    next_attempt_at: str | None = None
    provider_id: str | None = None
    error: str | None = None
    settled_at: str | None = None
    settled_by: str | None = None
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None
    send_at: str | None = None
    at_once: bool = False


class Attempt(Struct, frozen=True):
    """One try of a delivery; without an end while it is under way."""

    started_at: str
    ended_at: str | None
    outcome: str | None
    error: str | None


class Decision(Struct, frozen=True):
    """The decision of a person about a delivery."""

    decided_at: str
    decided_by: str
    decision: str


class FullRecord(Record, frozen=True, kw_only=True):
    """One delivery with all that happened to it, oldest first."""

    history: tuple[Attempt, ...] = ()
    decisions: tuple[Decision, ...] = ()


COLUMNS = Record.__struct_fields__
HELD = "held"  # no state of its own: what is held is pending
MISSING = "missing"  # of what is held, that for which something is missing
_LISTED = "(SELECT value FROM json_each(:recipients))"
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM deliveries"  # noqa: S608 - names of columns


def find(
    ledger: Ledger,
    *,
    states: Sequence[str] = (),
    workflow: str | None = None,
    booking: str | None = None,
    channel: str | None = None,
    recipients: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    acknowledged: bool | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> Iterator[Record]:
    """The deliveries that match all that is asked for, oldest due first, read one by one.

    One of the `states` may be `HELD` or `MISSING`. `since` and `until` look at when they fell due; each of `recipients`
    is an identity or an address.
    """
    conditions = {
        _in_states(states): bool(states),
        "workflow = :workflow": workflow is not None,
        "booking = :booking": booking is not None,
        "channel = :channel": channel is not None,
        f"(recipient IN {_LISTED} OR address IN {_LISTED})": recipients is not None,
        "due_at >= :since": since is not None,
        "due_at <= :until": until is not None,
        "acknowledged_at IS NOT NULL": acknowledged is True,
        "acknowledged_at IS NULL": acknowledged is False,
    }
    where = " AND ".join(text for text, asked in conditions.items() if asked) or "TRUE"
    values: dict[str, Any] = {"workflow": workflow, "booking": booking, "channel": channel}
    values["recipients"] = msgspec.json.encode(recipients).decode()
    values |= {"since": instant_text(since) if since else None, "until": instant_text(until) if until else None}
    values["limit"] = -1 if limit is None else limit
    with errors_of(ledger.path):
        order = "due_at DESC, id DESC" if newest_first else "due_at, id"
        for row in ledger.execute(f"{_SELECT} WHERE {where} ORDER BY {order} LIMIT :limit", **values):
            yield _record(row)


# In the words of the indexes, which know a state only where it is written out.
_OPEN_STATES = {
    State.PENDING.value: "state = 'pending'",
    State.SENDING.value: "state = 'sending'",
    HELD: "state = 'pending' AND held = 1",
    MISSING: "state = 'pending' AND missing > ''",
}


def _in_states(states: Sequence[str]) -> str:
    """Return the condition that a delivery is in one of some states, each of which has an index of its own.

    Most of what there is was sent: it is not gathered and sorted, but met in the order that is asked for.
    """
    wanted = {_OPEN_STATES.get(state) or f"state = '{State(state)}' AND settled_at IS NOT NULL" for state in states}
    if State.SENT.value in states:
        return f"({' OR '.join(f'(+{each})' for each in sorted(wanted))})"
    every = (f"SELECT id FROM deliveries WHERE {each}" for each in sorted(wanted))  # noqa: S608 - of our own words
    return f"id IN ({' UNION ALL '.join(every)})"


def knows(ledger: Ledger, column: str, *, value: str) -> bool:
    """Return True if any delivery has this value: of `workflow`, `booking`, `channel`, `recipient` or `address`."""
    sql = f"SELECT EXISTS (SELECT 1 FROM deliveries WHERE {column} = :value)"  # noqa: S608 - names of columns
    with errors_of(ledger.path):
        (found,) = ledger.execute(sql, value=value).fetchone()
    return bool(found)


def distinct(ledger: Ledger, column: str) -> list[str]:
    """Return every value of a column; reads all of the ledger."""
    with errors_of(ledger.path):
        rows = ledger.execute(f"SELECT DISTINCT {column} FROM deliveries WHERE {column} <> ''")  # noqa: S608 - likewise
        return [value for (value,) in rows]


def show(ledger: Ledger, delivery_id: int) -> FullRecord:
    """Return a delivery with its history; raises `UsageError` where there is none."""
    with errors_of(ledger.path):
        row = ledger.execute(f"{_SELECT} WHERE id = :id", id=delivery_id).fetchone()
    if row is None:
        raise UsageError(f"there is no delivery {delivery_id}; `reminderctl deliveries list` lists them")
    return _with_history(ledger, _record(row))


def of_booking(ledger: Ledger, booking: str) -> list[FullRecord]:
    """Return every delivery of a booking with its history, oldest due first."""
    return [_with_history(ledger, record) for record in find(ledger, booking=booking)]


def _with_history(ledger: Ledger, record: Record) -> FullRecord:
    with errors_of(ledger.path):
        attempts = ledger.execute(
            "SELECT started_at, ended_at, outcome, error FROM attempts WHERE delivery = :id ORDER BY id", id=record.id
        ).fetchall()
        decisions = ledger.execute(
            "SELECT decided_at, decided_by, decision FROM decisions WHERE delivery = :id ORDER BY id", id=record.id
        ).fetchall()
    return FullRecord(
        **structs.asdict(record),
        history=tuple(Attempt(*each) for each in attempts),
        decisions=tuple(Decision(*each) for each in decisions),
    )


class Coming(NamedTuple):
    """A delivery that is still to come: its record, and what a run would attempt."""

    record: Record
    delivery: Delivery


def coming(ledger: Ledger, *, now: datetime, until: datetime) -> list[Coming]:
    """Return what is under way, waits for an attempt until then, or fell due since `now`."""
    values = {"now": instant_text(now), "until": instant_text(until)}
    sql = f"""
        SELECT {", ".join((*COLUMNS, *queue.COLUMNS))} FROM deliveries
        WHERE id IN (
            SELECT id FROM deliveries WHERE state = 'pending' AND next_attempt_at <= :until
            UNION ALL SELECT id FROM deliveries WHERE state = 'sending'
            UNION ALL SELECT id FROM deliveries WHERE due_at > :now AND due_at <= :until
        )
        ORDER BY due_at, id
    """  # noqa: S608 - names of columns
    with errors_of(ledger.path):
        rows = ledger.execute(sql, **values).fetchall()
    return [Coming(_record(row[: len(COLUMNS)]), queue.read(row[len(COLUMNS) :])) for row in rows]


def newest(ledger: Ledger) -> int:
    """Return the highest id of any delivery."""
    (found,) = ledger.execute("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetchone()
    return int(found)


def unrecorded(delivery: Delivery) -> FullRecord:
    """Return the record of a delivery that the ledger knows nothing of."""
    same = ("key", "workflow", "trigger", "action", "channel", "booking", "recipient", "address")
    return FullRecord(
        **{name: getattr(delivery, name) for name in same},
        event_at=instant_text(delivery.event_at),
        due_at=instant_text(delivery.due_at),
        expires_at=instant_text(delivery.expires_at),
        send_at=instant_text(delivery.send_at) if delivery.send_at else None,
        id=None,
        state=None,
    )


def _record(row: Sequence[Any]) -> Record:
    values = dict(zip(COLUMNS, row, strict=True))
    flags = {name: bool(values[name]) for name in (HELD, "at_once")}
    return Record(**values | flags | {"state": State(values["state"])})
