"""Circuits: the ways to a provider that are paused when it fails, over many runs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from reminderctl.core.timing import instant_text, parse_instant
from reminderctl.ledger.store import Ledger, errors_of
from reminderctl.model import State

if TYPE_CHECKING:
    from reminderctl.core.retry import Outcome


class ReadyCircuit(Struct, frozen=True):
    """One circuit with work to do."""

    name: str
    channel: str


def ready(ledger: Ledger, now: datetime) -> list[ReadyCircuit]:
    """Return the circuits that have deliveries to attempt now and are not paused, earliest deadline first.

    From the name of each circuit straight to the next one: what waits behind a pause is not looked at.
    """
    with errors_of(ledger.path):
        rows = ledger.execute(
            """
            WITH RECURSIVE waiting (circuit) AS (
                SELECT MIN(circuit) FROM deliveries WHERE state = 'pending' AND held = 0 AND circuit > ''
                UNION ALL
                SELECT (
                    SELECT MIN(circuit) FROM deliveries
                    WHERE state = 'pending' AND held = 0 AND deliveries.circuit > waiting.circuit
                ) FROM waiting WHERE waiting.circuit IS NOT NULL
            )
            SELECT circuit, (
                SELECT channel FROM deliveries
                WHERE state = 'pending' AND held = 0 AND deliveries.circuit = waiting.circuit LIMIT 1
            )
            FROM waiting LEFT JOIN circuits USING (circuit)
            WHERE (paused_until IS NULL OR paused_until <= :now)
              AND EXISTS (
                  SELECT 1 FROM deliveries
                  WHERE state = 'pending' AND held = 0 AND deliveries.circuit = waiting.circuit
                    AND next_attempt_at <= :now
              )
            ORDER BY (
                SELECT MIN(expires_at) FROM deliveries
                WHERE state = 'pending' AND held = 0 AND deliveries.circuit = waiting.circuit
            )
            """,
            now=instant_text(now),
        )
        return [ReadyCircuit(*row) for row in rows]


class OpenCircuit(Struct, frozen=True):
    """The end of the pause of a circuit, and the error that it began with."""

    until: datetime
    error: str


def open_circuits(ledger: Ledger, now: datetime) -> dict[str, OpenCircuit]:
    """Return the circuits that are paused at this instant."""
    with errors_of(ledger.path):
        rows = ledger.execute(
            "SELECT circuit, paused_until, error FROM circuits WHERE paused_until > :now", now=instant_text(now)
        )
        return {circuit: OpenCircuit(parse_instant(until), error or "") for circuit, until, error in rows}


def close_all(ledger: Ledger) -> None:
    """End every pause."""
    ledger.execute("UPDATE circuits SET paused_until = NULL WHERE paused_until IS NOT NULL")


def record_result(ledger: Ledger, circuit: str, *, outcome: Outcome, now: datetime) -> None:
    """Record what the end of an attempt says of its circuit."""
    if outcome.state is State.SENT or outcome.name == "rejected":
        # An answer, whatever it says of one message, shows that the way to the provider is open.
        sent_at = instant_text(now) if outcome.state is State.SENT else None
        ledger.execute(_RECORD_ANSWER, circuit=circuit, sent_at=sent_at, now=instant_text(now))
    elif outcome.circuit_failed or outcome.pause_circuit_until:
        pause = outcome.pause_circuit_until
        ledger.execute(
            _RECORD_FAILURE,
            circuit=circuit,
            failed=int(outcome.circuit_failed),
            throttled=int(outcome.name == "throttled"),
            pause=instant_text(pause) if pause else None,
            now=instant_text(now),
            error=outcome.error,
        )


# Where the provider asked us to wait, what was answered now was on its way already: the wait goes on.
_WAITS = "throttles > 0 AND paused_until > :now"
_RECORD_ANSWER = f"""
INSERT INTO circuits (circuit, last_sent_at) VALUES (:circuit, :sent_at)
ON CONFLICT (circuit) DO UPDATE SET failures = 0, down_since = NULL,
    throttles = CASE WHEN {_WAITS} THEN throttles ELSE 0 END,
    paused_until = CASE WHEN {_WAITS} THEN paused_until END, error = CASE WHEN {_WAITS} THEN error END,
    last_sent_at = COALESCE(:sent_at, last_sent_at)
"""  # noqa: S608 - a constant
_RECORD_FAILURE = """
INSERT INTO circuits (circuit, failures, throttles, paused_until, down_since, error)
VALUES (:circuit, :failed, :throttled, :pause, CASE WHEN :failed = 1 THEN :now END, :error)
ON CONFLICT (circuit) DO UPDATE SET failures = failures + :failed,
    throttles = throttles + CASE WHEN paused_until > :now THEN 0 ELSE :throttled END,
    paused_until = CASE WHEN paused_until > :pause OR :pause IS NULL THEN paused_until ELSE :pause END,
    down_since = CASE WHEN :failed = 1 THEN COALESCE(down_since, :now) ELSE down_since END, error = :error
"""


def closes_soon(ledger: Ledger, now: datetime, *, until: datetime) -> bool:
    """Return True where what a provider asked to wait may be attempted after `now`, and not later than `until`."""
    return bool(
        ledger.execute(
            """
            SELECT 1 FROM circuits JOIN deliveries USING (circuit)
            WHERE throttles > 0 AND state = 'pending' AND held = 0
              AND (paused_until > :now OR next_attempt_at > :now)
              AND paused_until <= :until AND next_attempt_at <= :until
              AND expires_at > :now
            LIMIT 1
            """,
            now=instant_text(now),
            until=instant_text(until),
        ).fetchone()
    )


def any_down(ledger: Ledger) -> bool:
    """Return True where a circuit that is down keeps something waiting."""
    row = ledger.execute(
        """
        SELECT 1 FROM circuits
        WHERE down_since IS NOT NULL AND EXISTS (
            SELECT 1 FROM deliveries WHERE state = 'pending' AND held = 0 AND circuit = circuits.circuit
        )
        LIMIT 1
        """
    ).fetchone()
    return row is not None


class FailureCounts(NamedTuple):
    """Counts of how often in a row a circuit has failed, and was asked to go slower."""

    failures: int = 0
    throttles: int = 0


def failure_counts(ledger: Ledger, circuit: str) -> FailureCounts:
    """Count the failures of a circuit since it last worked."""
    row = ledger.execute(
        "SELECT failures, throttles FROM circuits WHERE circuit = :circuit", circuit=circuit
    ).fetchone()
    return FailureCounts(*row) if row else FailureCounts()


def is_paused(ledger: Ledger, circuit: str, *, now: datetime) -> bool:
    """Return True where a circuit is paused at this instant."""
    row = ledger.execute("SELECT paused_until FROM circuits WHERE circuit = :circuit", circuit=circuit).fetchone()
    return bool(row and row[0] and row[0] > instant_text(now))
