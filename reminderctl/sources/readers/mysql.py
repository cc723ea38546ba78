"""MySQL and MariaDB, by PyMySQL (the extra `reminderctl[mysql]`)."""

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
SESSION = (  # what a server may have set for all sessions, and would give other rows, fewer, or none
    "time_zone='+00:00'",
    "optimizer_switch='derived_merge=off'",  # else STRAIGHT_JOIN gets lost in the derived table of the checksum
    f"lock_wait_timeout={LOCK_SECONDS}",
    "sql_select_limit=18446744073709551615",
    "sql_big_selects=1",
    "sql_mode=REPLACE(@@sql_mode, 'EMPTY_STRING_IS_NULL', '')",
)
_DATES = (7, 10, 12)  # the types of the protocol: TIMESTAMP, DATE, DATETIME
ZERO_DATE = "0000-00-00"  # how old programs write that there is none
NO_DRIVER = "the driver is not installed; install `reminderctl[mysql]`"


class MysqlSession:
    """A connection inside a read-only snapshot."""

    def __init__(self, connection: Any, target: Target) -> None:
        self._connection, self._target = connection, target

    def execute(self, statement: str, values: Mapping[str, Any]) -> Rows:
        """Return the columns and rows of a SELECT."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement, dict(values))
                return [column[0] for column in cursor.description or ()], list(cursor.fetchall())
        except Exception as error:  # PyMySQL also lets through what struct and the socket raise
            said = first_line(error, self._target.password.reveal())
            raise SourceError(f"the query failed: {said}", code=_code_of(error)) from None

    def begin_again(self) -> None:
        """Take a new snapshot."""
        self._run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def end_snapshot(self) -> None:
        """End the transaction: as long as it is open, no table can be altered."""
        self._run("ROLLBACK")

    def close(self) -> None:
        """Close the connection without a word to a server that may be gone."""
        self._connection._force_close()

    def parameter(self, name: str) -> str:
        """Return `%(name)s`."""
        return f"%({name})s"

    def escape(self, statement: str) -> str:
        """Return a statement with each % doubled."""
        return statement.replace("%", "%%")

    def checksum(self, query: str, columns: list[str]) -> str:
        """Return the SELECT that counts the rows, and adds up what MD5 makes of each."""
        names = [name.replace("`", "``").replace("%", "%%") for name in columns]
        cells = ", ".join(f"COALESCE(q.`{name}`, CHAR(0))" for name in names)
        digest = f"CAST(CONV(SUBSTRING(MD5(CONCAT_WS(CHAR(31), {cells})), 1, 15), 16, 10) AS UNSIGNED)"
        return f"SELECT COUNT(*), COALESCE(SUM({digest}), 0) FROM ({query}) AS q"  # noqa: S608 - columns of the query

    def stamp(self) -> None:
        """Return None: only a query tells."""

    def describe(self) -> list[str]:
        """Return the server's version, and TLS."""
        _, version = self.execute("SELECT VERSION()", {})
        _, cipher = self.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'", {})
        return [f"server {version[0][0]}", f"TLS {cipher[0][1]}" if cipher and cipher[0][1] else "no TLS"]

    def _run(self, *statements: str) -> None:
        try:
            with self._connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        except Exception as error:  # PyMySQL also lets through what struct and the socket raise
            raise SourceError(f"the connection failed: {first_line(error, self._target.password.reveal())}") from None


def connect(settings: SourceSettings, *, url: str, password: str) -> MysqlSession:
    """Open a connection, and a snapshot in it; raises `SourceError`."""
    try:
        pymysql: Any = importlib.import_module("pymysql")
    except ImportError:
        raise SourceError(NO_DRIVER) from None
    target = parse_target(settings, url=url, password=password)
    seconds = max(int(settings.timeout.total_seconds()), 1)
    try:
        connection = pymysql.connect(
            **_place_of(target),
            user=target.user,
            password=target.password.reveal().encode(),  # a text would be sent in Latin-1
            database=target.database,
            charset="utf8mb4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=CONNECT_SECONDS,
            write_timeout=seconds,
            conv=_as_texts(),
            autocommit=True,
            **_security(settings, target),
        )
        # The driver's time-out to connect ends with TCP: a server that is silent is met after it.
        connection._read_timeout = seconds
        session = MysqlSession(connection, target)
        is_mariadb = "MariaDB" in str(connection.server_version)
        limit = f"max_statement_time={seconds}" if is_mariadb else f"max_execution_time={seconds * 1000}"
        session._run(
            f"SET SESSION {', '.join((*SESSION, limit))}",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
    except SourceError:
        raise
    except Exception as error:  # PyMySQL also lets through what struct and the socket raise
        said = first_line(error, target.password.reveal())
        raise SourceError(f"cannot connect to {target.place}: {said}", code=_code_of(error)) from None
    return session


def _code_of(error: Exception) -> str:
    """Return the number of an error, as the manual of MySQL lists it."""
    return str(error.args[0]) if len(error.args) > 1 else ""


def _place_of(target: Target) -> dict[str, Any]:
    if target.host.startswith("/"):
        return {"unix_socket": target.host}
    return {"host": target.host, "port": target.port}


def _as_texts() -> dict[Any, Any]:
    """Return the driver's converters of what we send; what comes are texts, and no value where it is a zero date."""
    conversions: dict[Any, Any] = importlib.import_module("pymysql.converters").conversions
    sent = {kind: convert for kind, convert in conversions.items() if not isinstance(kind, int)}
    return sent | dict.fromkeys(_DATES, _date_or_nothing)


def _date_or_nothing(text: str) -> str | None:
    return None if text.startswith(ZERO_DATE) else text


def _security(settings: SourceSettings, target: Target) -> dict[str, Any]:
    """Return how the connection is protected; the driver's own way loads every authority and verifies nothing."""
    if settings.tls == "off" or (settings.tls == "auto" and target.is_local):
        return {"ssl_disabled": True}
    import ssl

    try:
        return {"ssl": ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)}
    except OSError as error:
        raise SourceError(f"ca_file: {settings.ca_file}: {error.strerror or 'cannot be read'}") from None
