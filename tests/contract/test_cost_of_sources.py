"""An unchanged tick with sources in real databases: what it loads, what it writes; queries that would write."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import SETTINGS, Clinic
from tests.database_servers import PASSWORD, DatabaseServer, mariadb, needs_mariadb, needs_postgres, postgres
from tests.heavy import is_heavy

pytestmark = [pytest.mark.contract, pytest.mark.slow]
DATABASES = Path(__file__).parents[1] / "databases"
NOW, NEXT = "2026-11-23T08:00:00Z", "2026-11-23T08:01:00Z"
LONG_AGO = 1_700_000_000  # seconds since 1970
HOUR = """\
- id: hour
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: "booking {appointment_id}", body: "{service_name}"}]
"""
SELECT = "SELECT id, starts_at, ends_at FROM bookings WHERE starts_at < :until AND ends_at > :since"


@pytest.fixture(scope="module")
def maria() -> Iterator[DatabaseServer]:
    with mariadb() as server:
        server.make("shop", *(DATABASES / "easyappointments" / f"{each}.sql" for each in ("schema", "seed")))
        yield server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[DatabaseServer]:
    with postgres() as server:
        server.make("agenda", *(DATABASES / "calcom" / f"{each}.sql" for each in ("schema", "seed")))
        yield server


def write_password(clinic: Clinic) -> None:
    (clinic.folder / "secrets.env").write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    (clinic.folder / "secrets.env").chmod(0o600)


def source(name: str, url: str, *keys: str) -> str:
    return "".join([f"  {name}:\n    url: {url}\n", *(f"    {each}\n" for each in keys)])


def make_file_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE bookings (id, starts_at, ends_at)")
        connection.execute("INSERT INTO bookings VALUES (1, '2026-11-24T09:00:00Z', '2026-11-24T09:30:00Z')")
    os.utime(path, times=(LONG_AGO, LONG_AGO))


def modules_of_a_run(clinic: Clinic) -> set[str]:
    """Return the names of all modules that a run a minute later has imported at its end."""
    program = (
        "import sys\n"
        "from reminderctl.cli import main\n"
        f"main(['-c', {str(clinic.folder / 'workflows.yaml')!r}, 'run', '--now', {NEXT!r}], standalone_mode=False)\n"
        "print(*sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return {*ran.stdout.split()}


def state_of(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns


@needs_mariadb
@needs_postgres
def test_an_unchanged_tick_loads_no_reader_of_exports_and_writes_no_booking(
    clinic: Clinic, maria: DatabaseServer, postgresql: DatabaseServer
) -> None:
    write_password(clinic)
    make_file_of_another_program(clinic.folder / "app.db")
    password = 'password: "${DATABASE_PASSWORD}"'
    sources = (
        source("shop", maria.url("shop"), "preset: easyappointments", password),
        source("agenda", postgresql.url("agenda"), "preset: calcom", password),
        source("app", "sqlite:app.db", f"query: {SELECT}"),
    )
    clinic.write(HOUR, settings=f"{SETTINGS}sources:\n{''.join(sources)}")
    for name in ("workflows.yaml", "secrets.env"):  # old enough for what was read of them to be kept
        os.utime(clinic.folder / name, times=(LONG_AGO, LONG_AGO))
    first = clinic.run(NOW)["sources"]
    assert {name: each["state"] for name, each in first.items()} == dict.fromkeys(("shop", "agenda", "app"), "ok")
    assert all(each["new"] for each in first.values()), "there is something that can be unchanged"

    before = {name: state_of(clinic.folder / name) for name in ("sources.db", "bookings.db")}
    loaded = modules_of_a_run(clinic)
    assert {name: state_of(clinic.folder / name) for name in before} == before
    assert {"pymysql", "psycopg", "reminderctl.sources.readers.sqlite"} <= loaded, "each source was asked"
    from_drivers = ("email", "ssl", "hashlib", "importlib.metadata")  # which psycopg and PyMySQL import themselves
    assert not {name for name in loaded if is_heavy(name) and not name.startswith(from_drivers)}
    assert not {name for name in loaded if name.startswith(("reminderctl.importing", "reminderctl.sources.writer"))}
    again = clinic.run(NEXT)["sources"]
    assert {name: each["state"] for name, each in again.items()} == dict.fromkeys(first, "unchanged")


@pytest.mark.parametrize("statement", ["UPDATE visits SET a = 1", "SELECT 1; UPDATE visits SET a = 1"])
@pytest.mark.parametrize("scheme", ["mysql", "postgresql", "sqlite"])
def test_check_refuses_a_query_that_says_update(clinic: Clinic, scheme: str, statement: str) -> None:
    app = source("app", f"{scheme}://a@127.0.0.1/b", f"query: {statement}")
    clinic.write(HOUR, settings=f"{SETTINGS}sources:\n{app}")
    result = clinic.command("check")
    assert result.exit_code == 2
    assert "sources.app: the query" in result.stdout


@needs_postgres
def test_postgresql_refuses_a_query_that_hides_an_update_in_a_function(
    clinic: Clinic, postgresql: DatabaseServer
) -> None:
    """The reader may write here, and the function writes: the transaction does not let it."""
    postgresql.make(
        "visits",
        "CREATE TABLE visits (id int, starts_at text, ends_at text, state text);"
        "INSERT INTO visits VALUES (1, '2026-11-24T09:00:00Z', '2026-11-24T09:30:00Z', 'ok');"
        "CREATE FUNCTION spoil() RETURNS int LANGUAGE sql AS $$ UPDATE visits SET state = 'spoiled' RETURNING 1 $$;"
        "GRANT ALL ON visits TO reminders;",
    )
    write_password(clinic)
    query = "query: SELECT id, starts_at, ends_at, spoil() AS x FROM visits WHERE starts_at < :until"
    keys = (query, 'password: "${DATABASE_PASSWORD}"')
    clinic.write(HOUR, settings=f"{SETTINGS}sources:\n{source('app', postgresql.url('visits'), *keys)}")
    assert clinic.command("check").exit_code == 0, "the query does not say that it writes"
    result = clinic.command("sources", "sync", "--now", NOW)
    assert result.exit_code == 1
    assert "read-only transaction" in result.output
    assert postgresql.run("visits", "COPY (SELECT state FROM visits) TO STDOUT").split() == ["ok"]
