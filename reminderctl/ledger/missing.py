"""What is gone for a moment: deliveries held because something is missing, and canceled ones that may come back.

As in the queue, every change is one statement that names the state it starts from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from reminderctl.ledger.opening import Ledger
from reminderctl.ledger.queue import SELECT, read
from reminderctl.model import Delivery
from reminderctl.timing import instant_text


def held(ledger: Ledger) -> dict[int, str]:
    """Return what each delivery lacks that is held for it, by the delivery's id."""
    rows = ledger.connection.execute("SELECT id, missing FROM deliveries WHERE state = 'pending' AND missing <> ''")
    return dict(rows.fetchall())


def hold(ledger: Ledger, reasons: Mapping[int, str]) -> int:
    """Hold deliveries for what they lack; return how many were not held before, for that or as a burst."""
    changed = ledger.connection.executemany(
        "UPDATE deliveries SET held = 1, missing = :reason WHERE id = :id AND state = 'pending' AND held = 0",
        [{"id": number, "reason": reason} for number, reason in reasons.items()],
    ).rowcount
    ledger.connection.executemany(
        "UPDATE deliveries SET missing = :reason WHERE id = :id AND state = 'pending' AND missing <> :reason",
        [{"id": number, "reason": reason} for number, reason in reasons.items()],
    )
    return max(changed, 0)


def let_go(ledger: Ledger, ids: Iterable[int]) -> None:
    """Let deliveries wait as others do, because what they lacked is back."""
    ledger.connection.executemany(
        "UPDATE deliveries SET held = 0, missing = NULL WHERE id = ? AND state = 'pending' AND missing <> ''",
        [(number,) for number in ids],
    )


def may_come_back(ledger: Ledger, now: datetime) -> Iterator[Delivery]:
    """Yield each canceled delivery whose deadline has not passed, but none that a person canceled, oldest first."""
    rows = ledger.connection.execute(
        f"""
        {SELECT} WHERE state = 'canceled' AND settled_by IS NULL AND expires_at >= :now ORDER BY id
        """,
        {"now": instant_text(now)},
    )
    return map(read, rows.fetchall())


def told(ledger: Ledger, bookings: Collection[str], *, workflow: str) -> set[tuple[str, str, str, str, str]]:
    """Return which customers have been sent what a workflow sends to one customer of each of these bookings.

    Each as trigger, action, booking, event and recipient; what may have gone out counts.
    """
    rows = ledger.connection.execute(
        """
        SELECT trigger, action, booking, event_at, recipient
        FROM json_each(:bookings) AS wanted JOIN deliveries ON deliveries.booking = wanted.value
        WHERE workflow = :workflow AND recipient GLOB 'customer:*' AND (state IN ('sent', 'sending', 'unknown')
            OR doubtful > 0)
        """,
        {"bookings": msgspec.json.encode(list(bookings)).decode(), "workflow": workflow},
    )
    return set(rows.fetchall())
