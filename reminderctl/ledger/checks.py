"""Rounds of checks: how far one has come of what waits.

In a round each pending delivery is checked once against its booking and its workflow, by deadline.
"""

from __future__ import annotations

from msgspec import Struct

from reminderctl.ledger.store import Ledger

Position = tuple[str, int]  # a deadline, and the id of a delivery that has it
START: Position = ("", 0)


class Round(Struct, frozen=True):
    """One round: fingerprint of the bookings and checksum of the workflows at its beginning; None `after` its end."""

    bookings: str | None
    workflows: str
    after: Position | None = START

    def covers(self, bookings: str | None, workflows: str) -> bool:
        """Return True where a check of anything would find what this round has found."""
        return self.after is None and bookings is not None and (self.bookings, self.workflows) == (bookings, workflows)


def find(ledger: Ledger) -> Round | None:
    """Return the round that is under way or was the last one, None where there has been none."""
    row = ledger.execute("SELECT bookings, workflows, expires_at, delivery FROM checks").fetchone()
    return Round(row[0], row[1], None if row[2] is None else (row[2], row[3])) if row else None


def forget(ledger: Ledger) -> None:
    """Let the next run check everything."""
    ledger.execute("DELETE FROM checks")


def record(ledger: Ledger, done: Round) -> None:
    """Record how far a round has come."""
    expires_at, delivery = done.after or (None, None)
    ledger.execute(
        """
        INSERT OR REPLACE INTO checks (id, bookings, workflows, expires_at, delivery)
        VALUES (1, :bookings, :workflows, :expires_at, :delivery)
        """,
        bookings=done.bookings,
        workflows=done.workflows,
        expires_at=expires_at,
        delivery=delivery,
    )
