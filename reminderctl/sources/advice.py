"""Advice to the person who sets up a database as a source: rights, an index, names that its tables do not have."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError
from reminderctl.sources.query_tables import QueryTables, bare, find_tables
from reminderctl.sources.readers.sql import Session

MANY = 2_000  # rows of which the search without an index is worth a word
MOST = 1_000_000  # that are counted
SHOWN = 30  # columns, or tables
_DIALECTS = {"mysql": "mysql_rights", "postgresql": "postgres_rights"}


class Advice(Struct, kw_only=True):
    """The advice: `warnings` in words, `statements` for the administrator of the database to run."""

    warnings: list[str] = []
    statements: list[str] = []


def advise(settings: SourceSettings, session: Session, *, error: SourceError | None) -> Advice:
    """Return what can be said of an open database, whose reading ended with an `error` or well."""
    advice = Advice()
    dialect = _load_dialect(settings)
    if dialect is None:
        return advice
    tables = find_tables(settings.query, settings.window)
    try:
        if error is None:
            advice.warnings += _judge_rights(dialect, session)
            advice.warnings += _judge_index(dialect, session, tables=tables)
        elif error.code in dialect.TABLE_DENIED:
            advice.statements += _list_lacking(dialect, session, tables=tables)
        elif error.code in (*dialect.NO_COLUMN, *dialect.NO_TABLE):
            advice.warnings += _find_names(dialect, session, tables=tables, error=error)
    except SourceError:  # advice is all that is lost
        session.end_snapshot()
    return advice


def advise_refused(settings: SourceSettings, error: SourceError, *, url: str) -> Advice:
    """Return the statements that let us connect and read, where the server has refused us."""
    dialect = _load_dialect(settings)
    if dialect is None or not (error.code in dialect.CONNECT_DENIED or not error.code):
        return Advice()
    parts = urlsplit(url)
    account = dialect.find_refused_account(error, unquote(parts.username or ""))
    if not account or (settings.kind == "mysql" and not error.code):
        return Advice()
    database = unquote(parts.path.lstrip("/"))
    names = find_tables(settings.query, settings.window).names
    grants = [dialect.grant(each, account=account, database=database) for each in names]
    return Advice(statements=[*dialect.create_account(account, database), *grants])


def _load_dialect(settings: SourceSettings) -> ModuleType | None:
    name = _DIALECTS.get(settings.kind)
    return importlib.import_module(f"reminderctl.sources.{name}") if name else None


def _judge_rights(dialect: ModuleType, session: Session) -> Iterator[str]:
    if where := dialect.find_writable(session):
        yield f"this user may write ({where}); GRANT SELECT on the tables that are read is enough"


def _judge_index(dialect: ModuleType, session: Session, *, tables: QueryTables) -> Iterator[str]:
    """Yield how to find the bookings of the window without reading all of them."""
    if tables.start is None:
        return
    table, column = tables.start
    if dialect.is_indexed(session, table, column=column) is not False:
        return
    _, rows = session.execute(f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT {MOST + 1}) AS q", {})  # noqa: S608
    count = int(rows[0][0])
    if count < MANY:
        return
    shown = f"{count:,}" if count <= MOST else f"more than {MOST:,}"
    quote = '"' if column != column.lower() and dialect.__name__.endswith("postgres_rights") else ""
    yield (
        f"no index on {column}: {shown} rows scanned; CREATE INDEX reminders_start ON {table} ({quote}{column}{quote})"
    )


def _list_lacking(dialect: ModuleType, session: Session, *, tables: QueryTables) -> Iterator[str]:
    """Yield a GRANT for each table that we may not read."""
    account = dialect.find_account(session)
    database = str(session.execute(_DATABASE[dialect.__name__.rpartition(".")[2]], {})[1][0][0])
    for each in tables.names:
        try:
            session.execute(f"SELECT * FROM {each} LIMIT 0", {})  # noqa: S608 - from the query
        except SourceError as error:
            session.end_snapshot()
            if error.code in dialect.TABLE_DENIED:
                yield dialect.grant(each, account=account, database=database)


_DATABASE = {"mysql_rights": "SELECT DATABASE()", "postgres_rights": "SELECT current_database()"}


def _find_names(dialect: ModuleType, session: Session, *, tables: QueryTables, error: SourceError) -> Iterator[str]:
    """Yield what the database has in the place of a table or a column that it does not have."""
    from reminderctl.config.suggestions import nearest

    session.end_snapshot()
    if error.code in dialect.NO_COLUMN:
        column = _name_in(str(error), before="column")
        place = tables.find(column)
        if place is None:
            return
        table, name = place
        columns = dialect.list_columns(session, table)
        near = nearest(name, columns)
        others = f"; it has {', '.join(columns[:SHOWN])}{', ...' if len(columns) > SHOWN else ''}" if columns else ""
        yield f"{table} has no column {name}{f', perhaps it is {near} now' if near else ''}{others}"
        return
    known = dialect.list_tables(session)
    for table in tables.names:
        name = bare(table.rpartition(".")[2])
        if name in known or "." in table:
            continue
        alike = [each for each in known if name.partition("_")[2] and each.endswith(f"_{name.partition('_')[2]}")]
        near = alike[0] if alike else nearest(name, known)
        prefix = near.removesuffix(name.partition("_")[2]) if alike else ""
        said = f"; there is {near}{f': write `prefix: {prefix}`' if prefix else ''}" if near else ""
        yield f"there is no table {name}, or this user may not see it{said}"


def _name_in(text: str, *, before: str) -> str:
    """Return the name that follows a word in what a server says, without quotes."""
    rest = text.lower().partition(f"{before} ")[2]
    return text[len(text) - len(rest) :].split(" ")[0].strip("'\"`")
