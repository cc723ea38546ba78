"""PostgreSQL, by psycopg 3 (the extra `reminderctl[postgres]`)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError, first_line
from reminderctl.sources.target import Target, parse_target

if TYPE_CHECKING:
    from reminderctl.sources.readers.sql import Rows

CONNECT_SECONDS = 3
LOCK_SECONDS = 5
NO_TABLE = "42P01"
OTHER_SCHEMA = "; if its schema is not `public`, write `?schema=NAME` at the end of `url`"
NO_DRIVER = "the driver is not installed; install `reminderctl[postgres]`"


class PostgresSession:
    """A connection inside a read-only snapshot."""

    def __init__(self, connection: Any, target: Target) -> None:
        self._connection, self._target = connection, target

    def execute(self, statement: str, values: Mapping[str, Any]) -> Rows:
        """Return the columns and rows of a SELECT."""
        try:
            cursor = self._connection.execute(statement, dict(values))
            return [column.name for column in cursor.description or ()], cursor.fetchall()
        except Exception as error:  # whatever a driver raises is a failure of the source
            said = first_line(error, self._target.password.reveal())
            code = _code_of(error)
            hint = OTHER_SCHEMA if code == NO_TABLE else ""
            raise SourceError(f"the query failed: {said}{hint}", code=code) from None

    def begin_again(self) -> None:
        """Do nothing: the next query begins a transaction."""

    def end_snapshot(self) -> None:
        """End the transaction: as long as it is open, no table can be altered."""
        try:
            self._connection.rollback()
        except Exception as error:  # whatever a driver raises is a failure of the source
            raise SourceError(f"the connection failed: {first_line(error, self._target.password.reveal())}") from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def parameter(self, name: str) -> str:
        """Return `%(name)s`."""
        return f"%({name})s"

    def escape(self, statement: str) -> str:
        """Return a statement with each % doubled."""
        return statement.replace("%", "%%")

    def checksum(self, query: str, columns: list[str]) -> str:
        """Return the SELECT that counts the rows, and adds up the hash of each."""
        return f"SELECT count(*), coalesce(sum(hashtextextended(q::text, 0)), 0) FROM ({query}) AS q"  # noqa: S608

    def stamp(self) -> None:
        """Return None: only a query tells."""

    def describe(self) -> list[str]:
        """Return the server's version, and TLS."""
        _, version = self.execute("SELECT current_setting('server_version')", {})
        _, tls = self.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", {})
        return [f"server PostgreSQL {version[0][0]}", "TLS" if tls and tls[0][0] else "no TLS"]


def _code_of(error: Exception) -> str:
    """Return the SQLSTATE of an error, where the server has given one."""
    return str(getattr(error, "sqlstate", None) or "")


def connect(settings: SourceSettings, *, url: str, password: str) -> PostgresSession:
    """Open a connection, in which each transaction is a read-only snapshot; raises `SourceError`."""
    try:
        psycopg: Any = importlib.import_module("psycopg")
    except ImportError:
        raise SourceError(NO_DRIVER) from None
    target = parse_target(settings, url=url, password=password)
    milliseconds = max(int(settings.timeout.total_seconds() * 1000), 1000)
    options = {
        "statement_timeout": milliseconds,
        "lock_timeout": LOCK_SECONDS * 1000,
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "default_transaction_read_only": "on",
        "default_transaction_isolation": "repeatable read",
    }
    if target.schema:
        quoted = target.schema.replace('"', '""')
        options["search_path"] = f'"{quoted}"'
    try:
        connection = psycopg.connect(
            host=target.host,
            port=target.port,
            user=target.user or None,
            password=target.password.reveal() or None,
            dbname=target.database,
            connect_timeout=CONNECT_SECONDS,
            options=" ".join(f"-c {name}={_escape(value)}" for name, value in options.items()),
            client_encoding="UTF8",  # a server may have set another one for all sessions, which lacks some characters
            tcp_user_timeout=milliseconds,
            application_name="reminderctl",
            cursor_factory=psycopg.ClientCursor,
            **_security(settings, target),
        )
    except Exception as error:  # whatever a driver raises is a failure of the source
        said = first_line(error, target.password.reveal())
        raise SourceError(f"cannot connect to {target.place}: {said}", code=_code_of(error)) from None
    return PostgresSession(connection, target)


def _escape(value: object) -> str:
    return str(value).replace("\\", r"\\").replace(" ", r"\ ")


def _security(settings: SourceSettings, target: Target) -> dict[str, str]:
    if settings.tls == "off" or (settings.tls == "auto" and target.is_local):
        # Here, TLS is for a server that wants it, not for one that only offers it; likewise the one of Kerberos.
        return {"sslmode": "allow" if settings.tls != "off" else "disable", "gssencmode": "disable"}
    return {"sslmode": "verify-full", "sslrootcert": str(settings.ca_file) if settings.ca_file else "system"}
