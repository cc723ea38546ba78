"""Servers for all contract tests: one MariaDB and one PostgreSQL, started when the first test wants them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database_servers import DatabaseServer, mariadb, postgres


@pytest.fixture(scope="session")
def maria() -> Iterator[DatabaseServer]:
    with mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    with postgres() as server:
        yield server
