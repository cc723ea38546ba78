"""The tables of the first two versions of the ledger's schema, which later versions change."""

from __future__ import annotations

FIRST = (
    """
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        workflow TEXT NOT NULL,
        trigger TEXT NOT NULL,
        action TEXT NOT NULL,
        channel TEXT NOT NULL,
        lane TEXT NOT NULL,
        booking TEXT NOT NULL,
        recipient TEXT NOT NULL,
        participant TEXT,
        address TEXT,
        event_at TEXT NOT NULL,
        due_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        planned_by INTEGER NOT NULL,
        state TEXT NOT NULL
            CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'canceled', 'expired')),
        held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
        attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        doubtful INTEGER NOT NULL DEFAULT 0 CHECK (doubtful >= 0),
        next_attempt_at TEXT CHECK ((next_attempt_at IS NOT NULL) = (state = 'pending')),
        run INTEGER CHECK ((run IS NOT NULL) = (state = 'sending')),
        provider_id TEXT,
        error TEXT,
        settled_at TEXT CHECK ((settled_at IS NULL) = (state IN ('pending', 'sending'))),
        settled_by TEXT
    )
    """,
    "CREATE INDEX deliveries_open ON deliveries (lane, expires_at, id) WHERE state = 'pending' AND held = 0",
    "CREATE INDEX deliveries_pending ON deliveries (expires_at) WHERE state = 'pending'",
    "CREATE INDEX deliveries_sending ON deliveries (run) WHERE state = 'sending'",
    "CREATE INDEX deliveries_booking ON deliveries (booking)",
    "CREATE INDEX deliveries_due ON deliveries (due_at)",
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        run INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        ended_at TEXT,
        outcome TEXT CHECK ((outcome IS NULL) = (ended_at IS NULL)),
        error TEXT
    )
    """,
    "CREATE INDEX attempts_delivery ON attempts (delivery)",
    """
    CREATE TABLE watermarks (
        workflow TEXT NOT NULL,
        trigger TEXT NOT NULL,
        armed_at TEXT NOT NULL,
        planned_until TEXT NOT NULL,
        PRIMARY KEY (workflow, trigger)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token TEXT NOT NULL,
        started_at TEXT NOT NULL,
        ended_at TEXT,
        report TEXT
    )
    """,
    """
    CREATE TABLE lanes (
        lane TEXT PRIMARY KEY,
        failures INTEGER NOT NULL DEFAULT 0,
        throttles INTEGER NOT NULL DEFAULT 0,
        paused_until TEXT,
        down_since TEXT,
        error TEXT,
        last_sent_at TEXT
    ) WITHOUT ROWID
    """,
)

SECOND = (
    "CREATE TABLE purged (key TEXT PRIMARY KEY) WITHOUT ROWID",
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY,
        delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        decided_at TEXT NOT NULL,
        decided_by TEXT NOT NULL,
        decision TEXT NOT NULL
    )
    """,
    "CREATE INDEX decisions_delivery ON decisions (delivery)",
)
