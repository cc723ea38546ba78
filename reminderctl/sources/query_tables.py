"""The tables of a query, as far as its text shows them."""

from __future__ import annotations

import re

from msgspec import Struct

_NAME = r"(?:[\w$]++|`[^`]+`|\"[^\"]+\")"
_QUOTED_OR_COMMENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_PART_OF = re.compile(r"\b\w+\s*\(\s*\w+\s+FROM\b", re.IGNORECASE)  # EXTRACT(YEAR FROM ...)
_COMMON = re.compile(rf"({_NAME})\s+AS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\(", re.IGNORECASE)
_TABLE = re.compile(
    rf"\b(?:FROM|JOIN)\s+({_NAME}(?:\.{_NAME})?)(?!\s*\()(?:\s+(?:AS\s+)?({_NAME}))?",
    re.IGNORECASE,
)
_NO_ALIAS = re.compile(
    "where|on|using|join|left|right|inner|outer|full|cross|natural|straight_join|order|group|having|limit|union",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    rf"({_NAME}(?:\.{_NAME})?)\s*(?:<=?\s*(?:\w+\s*\([^()]*)?:until|BETWEEN\s+:since\s+AND\s+:until)\b", re.IGNORECASE
)


class QueryTables(Struct, frozen=True, kw_only=True):
    """The tables of a query, as it writes them, by the names that it gives them; `start` is a table and its column."""

    by_alias: dict[str, str]
    start: tuple[str, str] | None = None

    @property
    def names(self) -> list[str]:
        """Each table once, in the order of the query."""
        return list(dict.fromkeys(self.by_alias.values()))

    def find(self, column: str) -> tuple[str, str] | None:
        """Return the table and the bare name of a column such as `a.start`; None where the query leaves it open."""
        alias, dot, name = column.rpartition(".")
        if not dot:
            return (self.names[0], bare(name)) if len(self.names) == 1 else None
        table = self.by_alias.get(bare(alias).casefold())
        return (table, bare(name)) if table else None


def find_tables(query: str, window: str) -> QueryTables:
    """Return what a query says of its tables."""
    text = _PART_OF.sub(" ", _QUOTED_OR_COMMENT.sub("''", query))
    common = {bare(found[1]).casefold() for found in _COMMON.finditer(text)}
    by_alias = {}
    for found in _TABLE.finditer(text):
        table, alias = found[1], found[2]
        if bare(table).casefold() in common:
            continue
        if alias is None or _NO_ALIAS.fullmatch(alias):
            alias = table.rpartition(".")[2]
        by_alias[bare(alias).casefold()] = table
    tables = QueryTables(by_alias=by_alias)
    until = _UNTIL.search(window or query)
    return QueryTables(by_alias=by_alias, start=tables.find(until[1]) if until else None)


def bare(name: str) -> str:
    """Return a name without its quotes."""
    return name.strip('`"')
