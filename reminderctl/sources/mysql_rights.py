"""The system catalog of MySQL: our rights, columns, indexes."""

from __future__ import annotations

import re

from reminderctl.sources.errors import SourceError
from reminderctl.sources.query_tables import bare
from reminderctl.sources.readers.sql import Session

TABLE_DENIED = frozenset({"1142", "1143"})
CONNECT_DENIED = frozenset({"1044", "1045", "1698"})
NO_TABLE, NO_COLUMN = frozenset({"1146"}), frozenset({"1054"})
_GRANT = re.compile(r"GRANT (.+?) ON (\S+) TO ", re.IGNORECASE)
_READS = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REPLICATION CLIENT"})
_ACCOUNT = re.compile(r"'([^']*)'@'([^']*)'")


def find_account(session: Session) -> str:
    """Return the account that we are, as a GRANT names it."""
    _, rows = session.execute("SELECT CURRENT_USER()", {})
    user, _, host = str(rows[0][0]).rpartition("@")
    return f"'{user}'@'{host}'"


def find_refused_account(error: SourceError, user: str) -> str:
    """Return the account that a server has refused, with the address that it saw."""
    found = _ACCOUNT.search(str(error))
    return f"'{found[1]}'@'{found[2]}'" if found else f"'{user}'@'%'"


def create_account(account: str, database: str) -> list[str]:
    """Return the statements that an administrator runs first."""
    del database
    return [f"CREATE USER {account} IDENTIFIED BY '...'"]


def grant(table: str, *, account: str, database: str) -> str:
    """Return the statement that lets us read a table."""
    name = table if "." in table else f"{_quoted(database)}.{table}"
    return f"GRANT SELECT ON {name} TO {account}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"`{name}`"


def find_writable(session: Session) -> str:
    """Return where we may do more than read, and what; an empty text where nowhere."""
    _, rows = session.execute("SHOW GRANTS", {})
    for (text,) in rows:
        found = _GRANT.match(str(text))
        if found is None:  # a role, whose rights have a line of their own
            continue
        rights = {each.strip().upper() for each in re.sub(r"\([^)]*\)", "", found[1]).split(",")}
        if others := sorted(rights - _READS):
            return f"{', '.join(others[:3])}{', ...' if len(others) > 3 else ''} on {found[2].replace('`', '')}"
    return ""


def is_indexed(session: Session, table: str, *, column: str) -> bool | None:
    """Return True where an index of a table begins with a column; None where it is no table, but a view."""
    values = _place(table) | {"column": column}
    where = "table_schema = COALESCE(%(schema)s, DATABASE()) AND table_name = %(table)s"
    _, kinds = session.execute(f"SELECT table_type FROM information_schema.tables WHERE {where}", values)  # noqa: S608
    if not kinds or kinds[0][0] != "BASE TABLE":
        return None
    _, rows = session.execute(
        f"SELECT 1 FROM information_schema.statistics WHERE {where} AND column_name = %(column)s AND seq_in_index = 1",  # noqa: S608
        values,
    )
    return bool(rows)


def list_columns(session: Session, table: str) -> list[str]:
    """Return the columns of a table that we may see."""
    _, rows = session.execute(
        """
        SELECT column_name FROM information_schema.columns
        WHERE table_schema = COALESCE(%(schema)s, DATABASE()) AND table_name = %(table)s ORDER BY ordinal_position
        """,
        _place(table),
    )
    return [str(name) for (name,) in rows]


def list_tables(session: Session) -> list[str]:
    """Return the tables of the database that we may see."""
    _, rows = session.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1", {}
    )
    return [str(name) for (name,) in rows]


def _place(table: str) -> dict[str, str | None]:
    schema, dot, name = table.rpartition(".")
    return {"schema": bare(schema) if dot else None, "table": bare(name)}
