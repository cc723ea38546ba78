"""The statements that SQLite executes for this process: what was searched, and what was left alone."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

Statements = list[tuple[str, str]]  # each behind the name of the database's file


def watch(monkeypatch: pytest.MonkeyPatch, hear: Callable[[str, str], None]) -> None:
    """Let `hear` have every statement that is executed from now on, and the name of the file before it."""
    connect = sqlite3.connect

    def connect_and_trace(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(database, *arguments, **options)
        file = re.split(r"[/?]", re.sub(r"\?.*", "", str(database)))[-1]
        connection.set_trace_callback(lambda statement: hear(file, statement))
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_and_trace)


def checked(statements: Statements) -> int:
    """Return how many times bookings were read by their ids since the last time that this was asked."""
    count = sum("b.id IN (" in each for file, each in statements if file == "bookings.db")
    statements.clear()
    return count


def searched(statements: Statements) -> list[tuple[str, str]]:
    """Return the ranges of starts in which bookings were searched since the last time that this was asked."""
    found = [
        match.groups()
        for file, each in statements
        if file == "bookings.db"
        for match in re.finditer(r"b\.starts_at > '([^']+)' AND b\.starts_at <= '([^']+)'", each)
    ]
    statements.clear()
    return [(since, until) for since, until in found]
