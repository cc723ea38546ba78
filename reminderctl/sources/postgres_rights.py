"""The system catalog of PostgreSQL: our rights, columns, indexes."""

from __future__ import annotations

import re

from reminderctl.sources.errors import SourceError
from reminderctl.sources.readers.sql import Session

TABLE_DENIED = frozenset({"42501"})
CONNECT_DENIED = frozenset({"28P01", "28000", "42501"})
NO_TABLE, NO_COLUMN = frozenset({"42P01"}), frozenset({"42703"})
_REFUSED = re.compile(r"authentication failed|role .* does not exist|permission denied for database")


def find_account(session: Session) -> str:
    """Return the role that we are, as a GRANT names it."""
    _, rows = session.execute("SELECT quote_ident(current_user)", {})
    return str(rows[0][0])


def find_refused_account(error: SourceError, user: str) -> str:
    """Return the role that a server has refused; an empty text where it was refused for something else."""
    return _quoted(user) if _REFUSED.search(str(error)) else ""


def create_account(account: str, database: str) -> list[str]:
    """Return the statements that an administrator runs first."""
    return [
        f"CREATE ROLE {account} LOGIN PASSWORD '...'",
        f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {account}",
    ]


def grant(table: str, *, account: str, database: str) -> str:
    """Return the statement that lets us read a table."""
    del database  # a statement concerns the database in which it is run
    schema, dot, _ = table.rpartition(".")
    return f"GRANT SELECT ON {table} TO {account}" + (f"; GRANT USAGE ON SCHEMA {schema} TO {account}" if dot else "")


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else f'"{name}"'


def find_writable(session: Session) -> str:
    """Return a table into which we may write; an empty text where there is none."""
    _, rows = session.execute(
        """
        SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
            AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        ORDER BY 1 LIMIT 4
        """,
        {},
    )
    names = [str(name) for (name,) in rows]
    return f"into {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}" if names else ""


def is_indexed(session: Session, table: str, *, column: str) -> bool | None:
    """Return True where an index of a table begins with a column; None where it is no table, but a view."""
    _, rows = session.execute(
        """
        SELECT EXISTS (
            SELECT 1 FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = c.oid AND a.attname IN (%(column)s, lower(%(column)s))
        )
        FROM pg_class AS c WHERE c.oid = to_regclass(%(table)s) AND c.relkind IN ('r', 'p')
        """,
        {"table": table, "column": column},
    )
    return bool(rows[0][0]) if rows else None


def list_columns(session: Session, table: str) -> list[str]:
    """Return the columns of a table."""
    _, rows = session.execute(
        """
        SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass(%(table)s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """,
        {"table": table},
    )
    return [str(name) for (name,) in rows]


def list_tables(session: Session) -> list[str]:
    """Return the tables that can be named without their schema."""
    _, rows = session.execute(
        """
        SELECT relname FROM pg_class
        WHERE relkind IN ('r', 'p', 'v') AND pg_table_is_visible(oid)
            AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        ORDER BY 1
        """,
        {},
    )
    return [str(name) for (name,) in rows]
