"""Deliveries that lack something for a moment: those held until it is back, those canceled that may come back.

As in the queue, every change is one statement that names the state it starts from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from reminderctl.core.recheck import SWITCHED_OFF
from reminderctl.core.timing import instant_text, parse_trigger
from reminderctl.ledger.queue import SELECT, read
from reminderctl.ledger.store import Ledger
from reminderctl.model import Delivery

EMPTIED = "its recipient is unknown: the table {} is empty, and was not before"
RESTORED = "may have been sent before the ledger was restored"


def held(ledger: Ledger) -> dict[int, str]:
    """Return what each delivery lacks that is held for it, by the delivery's id."""
    rows = ledger.execute("SELECT id, missing FROM deliveries WHERE state = 'pending' AND missing > ''")
    return dict(rows.fetchall())


def hold(ledger: Ledger, reasons: Mapping[int, str]) -> int:
    """Hold deliveries for what they lack; return how many were not held before, for that or as a burst."""
    values = [{"id": number, "reason": reason} for number, reason in reasons.items()]
    changed = ledger.execute_many(
        "UPDATE deliveries SET held = 1, missing = :reason WHERE id = :id AND state = 'pending' AND held = 0",
        values,
    )
    ledger.execute_many(
        "UPDATE deliveries SET missing = :reason WHERE id = :id AND state = 'pending' AND missing <> :reason",
        values,
    )
    return changed


def hold_without_address(ledger: Ledger, kind: str, *, table: str, run: int) -> int:
    """Hold what a run has planned for recipients of a kind whose table was emptied; return how many that are."""
    return ledger.execute(
        """
        UPDATE deliveries SET held = 1, missing = :reason
        WHERE planned_by = :run AND state = 'pending' AND held = 0 AND address IS NULL AND recipient GLOB :kind || ':*'
        """,
        reason=EMPTIED.format(table),
        run=run,
        kind=kind,
    ).rowcount


def let_go(ledger: Ledger, ids: Iterable[int]) -> None:
    """Let deliveries wait as others do, because what they lacked is back."""
    ledger.execute_many(
        "UPDATE deliveries SET held = 0, missing = NULL WHERE id = :id AND state = 'pending' AND missing <> ''",
        [{"id": number} for number in ids],
    )


def may_come_back(ledger: Ledger, now: datetime) -> list[Delivery]:
    """Return what is canceled and inside its deadline, oldest first.

    Not what a person canceled, whose workflow was switched off, or that may have been sent before the ledger was
    restored.
    """
    rows = ledger.execute(
        f"""
        {SELECT} WHERE state = 'canceled' AND settled_by IS NULL AND expires_at >= :now
            AND error NOT LIKE '%' || :switched_off AND error <> :restored
        ORDER BY +id
        """,
        now=instant_text(now),
        switched_off=SWITCHED_OFF,
        restored=RESTORED,
    )
    return list(map(read, rows.fetchall()))


def close(ledger: Ledger, deliveries: Iterable[Delivery]) -> None:
    """Let canceled deliveries not come back: their workflow is switched off, and begins anew when it is on again."""
    ledger.execute_many(
        "UPDATE deliveries SET error = error || '; ' || :reason WHERE id = :id AND state = 'canceled'",
        [{"id": delivery.id, "reason": SWITCHED_OFF} for delivery in deliveries],
    )


def written_to(ledger: Ledger, workflow: str, *, bookings: Collection[str]) -> dict[tuple[str, str, str, str], str]:
    """Return which customer of each of these bookings a workflow has written to, by trigger, action, booking and event.

    What may have gone out counts.
    """
    rows = ledger.execute(
        """
        SELECT trigger, action, booking, event_at, recipient
        FROM json_each(:bookings) AS wanted JOIN deliveries ON deliveries.booking = wanted.value
        WHERE workflow = :workflow AND recipient GLOB 'customer:*'
          AND (state IN ('sent', 'sending', 'unknown') OR uncertain_attempts > 0)
        """,
        bookings=msgspec.json.encode(list(bookings)).decode(),
        workflow=workflow,
    )
    return {(parse_trigger(trigger).identity, *names): recipient for trigger, *names, recipient in rows}


def hold_of_source(ledger: Ledger, prefix: str, *, reason: str) -> int:
    """Hold what waits for the bookings whose ids begin so; return how many were not held before."""
    return ledger.execute(
        f"UPDATE deliveries SET held = 1, missing = :reason WHERE {_OF_SOURCE} AND held = 0",  # noqa: S608 - a constant
        reason=reason,
        **_range(prefix),
    ).rowcount


def hold_of_booking(ledger: Ledger, booking: str, *, reason: str) -> int:
    """Hold what waits for one booking; return how many were not held before."""
    return ledger.execute(
        """
        UPDATE deliveries SET held = 1, missing = :reason WHERE booking = :booking AND state = 'pending' AND held = 0
        """,
        reason=reason,
        booking=booking,
    ).rowcount


def waits(ledger: Ledger, prefix: str) -> bool:
    """Return True where anything waits for a booking whose id begins so."""
    found = ledger.execute(f"SELECT 1 FROM deliveries WHERE {_OF_SOURCE} LIMIT 1", **_range(prefix))  # noqa: S608
    return found.fetchone() is not None


def held_of_source(ledger: Ledger, prefix: str) -> tuple[int, str | None]:
    """Return how many deliveries are held for the bookings whose ids begin so, and the first deadline of them."""
    row = ledger.execute(
        f"SELECT COUNT(*), MIN(expires_at) FROM deliveries WHERE {_OF_SOURCE} AND missing > ''",  # noqa: S608
        **_range(prefix),
    ).fetchone()
    return row[0], row[1]


# A booking's id is behind its prefix, and before the same text with the character that follows `:`.
_OF_SOURCE = "booking > :prefix AND booking < :end AND state = 'pending'"


def _range(prefix: str) -> dict[str, str]:
    return {"prefix": prefix, "end": f"{prefix[:-1]};"}
