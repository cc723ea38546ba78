"""The ledger's schema, version by version.

Each function is one version; SQLite's `user_version` counts them, so that an ordinary run sees with one read that there
is nothing to do. A landed function is never edited: a change is a new function.
"""

from __future__ import annotations

import re

from sqlite_utils import Database, Migrations

from reminderctl.ledger.first_schema import FIRST, SECOND

ledger = Migrations("ledger")


@ledger()
def deliveries_watermarks_and_runs(db: Database) -> None:
    """Make the tables that the first release needs; their CHECKs refuse what the state machine does not know."""
    for statement in FIRST:
        db.execute(statement)


@ledger()
def purged_keys_and_decisions(db: Database) -> None:
    """Keep the key of a delivery that `purge` deletes; and the decisions of people."""
    for statement in SECOND:
        db.execute(statement)


@ledger()
def states_without_a_list(db: Database) -> None:
    """Write the CHECK of the states as comparisons: of a longer list SQLite makes a table, anew in each statement.

    A CHECK cannot be altered, so the table is copied, as https://sqlite.org/lang_altertable.html#otheralter says.
    """
    found = re.search(r"CHECK \(state IN \((.*)\)\)", FIRST[0])
    assert found, "the first version does not change"  # noqa: S101
    comparisons = " OR ".join(f"state = {state}" for state in found[1].split(", "))
    copy = FIRST[0].replace(found[0], f"CHECK ({comparisons})")
    db.execute(copy.replace("CREATE TABLE deliveries", "CREATE TABLE deliveries_anew"))
    db.execute("INSERT INTO deliveries_anew SELECT * FROM deliveries")
    db.execute("DROP TABLE deliveries")
    db.execute("ALTER TABLE deliveries_anew RENAME TO deliveries")
    for statement in FIRST:
        if statement.startswith("CREATE INDEX deliveries_"):
            db.execute(statement)


@ledger()
def sources_of_bookings(db: Database) -> None:
    """Keep the state in which a run last planned with a source of bookings: has it changed since?"""
    db.execute(
        """
        CREATE TABLE sources (name TEXT PRIMARY KEY, fingerprint TEXT, seen_at TEXT NOT NULL) WITHOUT ROWID
        """
    )


@ledger()
def what_is_missing(db: Database) -> None:
    """Keep why a delivery is held, and until when a source or a workflow was there: what is gone for a moment."""
    for statement in _MISSING:
        db.execute(statement)


@ledger()
def checks_in_rounds(db: Database) -> None:
    """Keep how far the checks have come; make an index that holds all that a lane's next claim asks for."""
    db.execute(
        """
        CREATE TABLE checks (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            bookings TEXT,
            workflows TEXT NOT NULL,
            expires_at TEXT,
            delivery INTEGER
        )
        """
    )
    db.execute("DROP INDEX deliveries_open")
    db.execute(
        """
        CREATE INDEX deliveries_open ON deliveries (lane, expires_at, id, next_attempt_at)
        WHERE state = 'pending' AND held = 0
        """
    )
    db.execute("CREATE INDEX deliveries_missing ON deliveries (missing) WHERE state = 'pending' AND missing > ''")


@ledger()
def late_bookings(db: Database) -> None:
    """Keep the deadline that a delivery would have if its booking had not come late; NULL where it had not."""
    db.execute("ALTER TABLE deliveries ADD COLUMN grace_ends_at TEXT")


@ledger()
def watermarks_of_actions(db: Database) -> None:
    """Keep a watermark for each action, with a fingerprint of whom it reaches; find runs by their instant.

    Which actions there are only the YAML says: the next run makes one watermark for each out of that of its trigger,
    which has no action.
    """
    for statement in _WATERMARKS_OF_ACTIONS:
        db.execute(statement)


@ledger()
def owner_and_restores(db: Database) -> None:
    """Keep which configuration the ledger belongs to, and the times of which it knows nothing, being restored."""
    db.execute("CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 1), path BLOB NOT NULL)")
    db.execute(
        """
        CREATE TABLE restores (id INTEGER PRIMARY KEY, found_at TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL)
        """
    )


@ledger()
def settled_by_state(db: Database) -> None:
    """Make an index of what is settled: how many of each state there are, and which are of a rare one."""
    db.execute("CREATE INDEX deliveries_settled ON deliveries (state, settled_at) WHERE settled_at IS NOT NULL")


@ledger()
def workflows_left_out(db: Database) -> None:
    """Keep since when a workflow cannot be planned, because its file is broken or away."""
    db.execute("ALTER TABLE watermarks ADD COLUMN left_out_since TEXT")
    db.execute("UPDATE watermarks SET left_out_since = missing_since")


@ledger()
def circuits_and_uncertain_attempts(db: Database) -> None:
    """Rename lanes to circuits, and attempts that were doubtful to uncertain ones, as the field calls them."""
    db.execute("ALTER TABLE deliveries RENAME COLUMN lane TO circuit")
    db.execute("ALTER TABLE deliveries RENAME COLUMN doubtful TO uncertain_attempts")
    db.execute("ALTER TABLE lanes RENAME TO circuits")
    db.execute("ALTER TABLE circuits RENAME COLUMN lane TO circuit")


@ledger()
def acknowledgements(db: Database) -> None:
    """Keep who has seen that a delivery failed, and when; make an index of those, which `status` leaves out."""
    db.execute("ALTER TABLE deliveries ADD COLUMN acknowledged_at TEXT")
    db.execute("ALTER TABLE deliveries ADD COLUMN acknowledged_by TEXT")
    db.execute(
        """
        CREATE INDEX deliveries_acknowledged ON deliveries (state, settled_at) WHERE acknowledged_at IS NOT NULL
        """
    )


@ledger()
def readings_of_sources(db: Database) -> None:
    """Keep when each source of the YAML was last read, and since when that fails or something of it is missing."""
    db.execute(
        """
        CREATE TABLE readings (
            source TEXT PRIMARY KEY,
            read_at TEXT, planned_at TEXT, tried_at TEXT, failing_since TEXT, accepted_at TEXT, told_at TEXT,
            failures INTEGER NOT NULL DEFAULT 0, slow INTEGER NOT NULL DEFAULT 0, error TEXT,
            missing INTEGER NOT NULL DEFAULT 0, coming INTEGER NOT NULL DEFAULT 0, bad INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID
        """
    )


@ledger()
def unreadable_bookings(db: Database) -> None:
    """Keep which bookings could not be read when something may have fallen due for them, and since when."""
    db.execute(
        """
        CREATE TABLE unreadable (
            booking TEXT PRIMARY KEY, since TEXT NOT NULL, noticed_at TEXT NOT NULL, seen_at TEXT NOT NULL,
            reason TEXT, ended_at TEXT
        ) WITHOUT ROWID
        """
    )


@ledger()
def readings_armed(db: Database) -> None:
    """Keep since when a source is planned with, before which nothing of it is."""
    db.execute("ALTER TABLE readings ADD COLUMN armed_at TEXT")


@ledger()
def quiet_hours(db: Database) -> None:
    """Keep when a delivery is sent that quiet hours concern, and which one a person sends out of hours."""
    db.execute("ALTER TABLE deliveries ADD COLUMN send_at TEXT")
    db.execute("ALTER TABLE deliveries ADD COLUMN at_once INTEGER NOT NULL DEFAULT 0")


_MISSING = (
    "ALTER TABLE deliveries ADD COLUMN missing TEXT",  # what a held delivery lacks; NULL where a burst is held
    # A canceled delivery may come back until its deadline, unless a person canceled it.
    "CREATE INDEX deliveries_canceled ON deliveries (expires_at) WHERE state = 'canceled' AND settled_by IS NULL",
    "ALTER TABLE watermarks ADD COLUMN missing_since TEXT",  # since when its workflow is in no file
    "ALTER TABLE sources ADD COLUMN whole_until TEXT",  # the last run that saw all of it; NULL while that is every run
    "ALTER TABLE sources ADD COLUMN census TEXT",  # how many bookings that run saw, as JSON
    "ALTER TABLE sources ADD COLUMN workflows TEXT",  # which workflows canceled deliveries were last looked at with
)

_WATERMARKS_OF_ACTIONS = (
    """
    CREATE TABLE watermarks_anew (
        workflow TEXT NOT NULL,
        trigger TEXT NOT NULL,
        action TEXT NOT NULL,
        armed_at TEXT NOT NULL,
        armed_by INTEGER NOT NULL,
        planned_until TEXT NOT NULL,
        audience TEXT NOT NULL,
        missing_since TEXT,
        PRIMARY KEY (workflow, trigger, action)
    ) WITHOUT ROWID
    """,
    """
    INSERT INTO watermarks_anew
    SELECT workflow, trigger, '', armed_at, (SELECT COALESCE(MAX(id), 0) FROM runs), planned_until, '', missing_since
    FROM watermarks
    """,
    "DROP TABLE watermarks",
    "ALTER TABLE watermarks_anew RENAME TO watermarks",
    "CREATE INDEX runs_started ON runs (started_at)",
)
