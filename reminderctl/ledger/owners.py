"""Owners: which configuration a ledger belongs to, by the path at which it was found."""

from __future__ import annotations

import os
from pathlib import Path

from reminderctl.ledger.store import Ledger, errors_of


def find(ledger: Ledger) -> Path | None:
    """Return the path of the ledger's configuration, None where no command has written to it yet."""
    with errors_of(ledger.path):
        row = ledger.execute("SELECT path FROM owner").fetchone()
    return Path(os.fsdecode(row[0])) if row else None


def record(ledger: Ledger, path: Path) -> None:
    """Let a ledger belong to the configuration at this path."""
    with ledger.transaction():
        ledger.execute("INSERT OR REPLACE INTO owner (id, path) VALUES (1, :path)", path=os.fsencode(path))
