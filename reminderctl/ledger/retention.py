"""Forgetting: the ledger deletes or blanks what is over without ever sending it again.

Whether something was sent is known by its key, and by nothing else: clocks are set back, a grace grows from a day to a
year, a backfill reaches far, a trigger may fire ten years after a visit, so no age makes a key safe to lose. That is
why `purge` leaves the key of each delivery in a table of its own, a twentieth of what the delivery took, and
`planned.enqueue` takes nothing whose key is there; why `erase` blanks columns and deletes no row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from reminderctl.core.timing import instant_text
from reminderctl.errors import LockedError
from reminderctl.ledger.spellings import pattern_of
from reminderctl.ledger.store import Ledger, errors_of

RUNS_LEFT = 1440  # a day of minutes: `status` and the stamp speak of the last ones
AT_ONCE = 5000  # deliveries in one transaction, so that a run need not wait for long

# Over for good: a canceled delivery comes back when its booking does, up to its deadline; a person decides about
# `unknown`, and before its event a reminder that was sent answers "was she reminded?". The newest one stays, so that no
# number is given twice.
_OVER = """
    state IN ('sent', 'failed', 'canceled', 'expired')
    AND due_at < :before AND event_at < :before AND expires_at < :before AND settled_at < :before
    AND id < (SELECT MAX(id) FROM deliveries)
"""


class Purged(NamedTuple):
    """Counts of what was deleted, or would be."""

    deliveries: int
    attempts: int
    runs: int


def purgeable(ledger: Ledger, before: datetime) -> Purged:
    """Count what `purge` would delete."""
    values = {"before": instant_text(before), "left": RUNS_LEFT}
    with errors_of(ledger.path):
        row = ledger.execute(
            f"""
            SELECT (SELECT COUNT(*) FROM deliveries WHERE {_OVER}),
                (SELECT COUNT(*) FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE {_OVER})),
                (SELECT COUNT(*) FROM runs WHERE {_OLD_RUN})
            """,  # noqa: S608 - constants
            **values,
        ).fetchone()
    return Purged(*row)


def purge(ledger: Ledger, before: datetime) -> Purged:
    """Delete deliveries that were over before this instant with their attempts, but for their keys; and old runs."""
    deliveries = attempts = 0
    values = {"before": instant_text(before), "left": RUNS_LEFT, "most": AT_ONCE}
    while True:
        with ledger.transaction():
            some = ledger.execute(
                f"SELECT id, key FROM deliveries WHERE {_OVER} ORDER BY due_at, id LIMIT :most",  # noqa: S608 - a constant
                **values,
            ).fetchall()
            rows = [{"id": number, "key": key} for number, key in some]
            ledger.execute_many("INSERT INTO purged (key) VALUES (:key)", rows)
            attempts += ledger.execute_many("DELETE FROM attempts WHERE delivery = :id", rows)
            ledger.execute_many("DELETE FROM deliveries WHERE id = :id", rows)
        deliveries += len(some)
        if len(some) < AT_ONCE:
            break
    with ledger.transaction():
        runs = ledger.execute(f"DELETE FROM runs WHERE {_OLD_RUN}", **values).rowcount  # noqa: S608 - a constant
    return Purged(deliveries, attempts, runs)


def was_purged(ledger: Ledger, key: str) -> bool:
    """Return True where a delivery was over, and its record has been deleted since."""
    with errors_of(ledger.path):
        return bool(ledger.execute("SELECT 1 FROM purged WHERE key = :key", key=key).fetchone())


_OLD_RUN = "started_at < :before AND id <= (SELECT MAX(id) FROM runs) - :left"


def shrink(ledger: Ledger) -> int:
    """Write the file anew without what was deleted; return how many bytes smaller it is.

    Raises `LockedError`, or `LedgerWriteError` where the disk has no room for a second copy; then all is as before.
    Deleted text stays in the free parts of a SQLite file, and in its -wal, until this is done.
    """
    before = ledger.path.stat().st_size
    with errors_of(ledger.path):
        ledger.execute("VACUUM")
        (busy, *_) = ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise LockedError(f"{ledger.path}: another program is reading the ledger, so its file could not be rewritten")
    return before - ledger.path.stat().st_size


# --- one person -------------------------------------------------------------------------------------------------------


class Traces(NamedTuple):
    """The deliveries to a customer that the ledger holds: their numbers, and the files that an outbox gave them."""

    deliveries: int
    waiting: int  # to them; these are canceled
    under_way: int  # being sent in this moment, which nothing can change
    files: tuple[str, ...]


def traces(ledger: Ledger, customer: str) -> Traces:
    """Find what `erase` would blank."""
    with errors_of(ledger.path):
        rows = ledger.execute(
            f"SELECT state, {_THEIRS}, provider_id FROM deliveries WHERE {_CONCERNED}",  # noqa: S608 - constants
            **_named(customer),
        ).fetchall()
    return Traces(
        deliveries=len(rows),
        waiting=sum(state == "pending" and bool(theirs) for state, theirs, _ in rows),
        under_way=sum(state == "sending" for state, _, _ in rows),
        files=tuple(file for _, theirs, file in rows if file),
    )


def erase(ledger: Ledger, customer: str, *, by: str, now: datetime) -> None:
    """Blank everything by which a customer could be known; what waits for them is canceled.

    1. Their deliveries keep key, booking, instants and state, so that nothing is sent again, to nobody of that id.
    2. What might come back when a booking does (canceled, expired) is settled by a person, and so stays.
    3. Their addresses, however a provider spells them, are taken out of other deliveries' and of channels' errors.

    `shrink` makes it final.
    """
    values = _named(customer) | {"by": by, "now": instant_text(now)}
    with ledger.transaction():
        rows = ledger.execute(
            f"SELECT DISTINCT address FROM deliveries WHERE {_CONCERNED} AND {_THEIRS}",  # noqa: S608 - constants
            **values,
        ).fetchall()
        ledger.execute(
            f"UPDATE attempts SET error = NULL WHERE delivery IN (SELECT id FROM deliveries WHERE {_ERASABLE})",  # noqa: S608
            **values,
        )
        ledger.execute(_ERASE, **values)
        _take_out(ledger, [address for (address,) in rows if address])


def _take_out(ledger: Ledger, addresses: list[str]) -> None:
    pattern = pattern_of(addresses)
    if pattern is None:
        return
    ledger.add_function("without", lambda text: pattern.sub("(erased)", text))
    for table in ("deliveries", "attempts", "circuits"):
        ledger.execute(
            f"UPDATE {table} SET error = without(error) WHERE error IS NOT NULL AND error <> without(error)"  # noqa: S608
        )


def _named(customer: str) -> dict[str, Any]:
    return {"customer": customer, "recipient": f"customer:{customer}"}


_THEIRS = "(recipient = :recipient OR recipient LIKE '%{%')"  # an address with shortcodes was filled with theirs
_CONCERNED = "(recipient = :recipient OR participant = :customer)"
_ERASABLE = f"{_CONCERNED} AND state <> 'sending'"
_ERASE = f"""
UPDATE deliveries SET
    state = CASE WHEN state = 'pending' AND {_THEIRS} THEN 'canceled' ELSE state END,
    next_attempt_at = CASE WHEN {_THEIRS} THEN NULL ELSE next_attempt_at END,
    held = CASE WHEN {_THEIRS} THEN 0 ELSE held END,
    settled_at = CASE WHEN state = 'pending' AND {_THEIRS} THEN :now ELSE settled_at END,
    settled_by = CASE WHEN state IN ('pending', 'canceled', 'expired') AND {_THEIRS} THEN :by ELSE settled_by END,
    address = CASE WHEN {_THEIRS} THEN NULL ELSE address END,
    error = CASE WHEN error IS NOT NULL OR {_THEIRS} THEN 'erased by ' || :by END,
    provider_id = NULL, participant = NULL,
    recipient = CASE WHEN recipient = :recipient THEN 'erased' ELSE recipient END
WHERE {_ERASABLE}
"""  # noqa: S608 - constants
