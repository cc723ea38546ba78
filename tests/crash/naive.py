"""Two ways to send that a crash finds out: they show that the harness can fail."""

from __future__ import annotations

from typing import Any

from reminderctl.errors import DeliveryError
from reminderctl.ledger import Ledger, queue
from reminderctl.model import Delivery
from reminderctl.tick import send

SEND_FIRST, MARK_FIRST = "send-first", "mark-first"  # the one repeats, the other loses


def become(variant: str) -> None:
    """Let runs send in this way: no claim, one loop over what is pending."""
    sender: Any = send.Sender
    sender.work = _WAYS[variant]


def _send_first(sender: send.Sender, _: object) -> None:
    for delivery in queue.ready(sender._ledger, sender._clock()):
        if _sent(sender, delivery):
            _mark(sender._ledger, delivery)


def _mark_first(sender: send.Sender, _: object) -> None:
    for delivery in queue.ready(sender._ledger, sender._clock()):
        _mark(sender._ledger, delivery)
        _sent(sender, delivery)


_WAYS = {SEND_FIRST: _send_first, MARK_FIRST: _mark_first}


def _sent(sender: send.Sender, delivery: Delivery) -> bool:
    booking = sender._precheck._bookings.find_all([delivery.booking]).get(delivery.booking)
    assert booking
    deliverer = sender._workers._deliverer
    try:
        deliverer.deliver(delivery, booking)
    except DeliveryError:
        return False
    finally:
        deliverer.close()
    return True


def _mark(ledger: Ledger, delivery: Delivery) -> None:
    with ledger.transaction():
        ledger.execute(
            """
            UPDATE deliveries SET state = 'sent', next_attempt_at = NULL, settled_at = :now
            WHERE id = :id AND state = 'pending'
            """,
            id=delivery.id,
            now="2026-01-01T00:00:00Z",
        )
