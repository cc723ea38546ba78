"""What `sources test` says of real MariaDB and PostgreSQL servers: what may be done there, and what lacks."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clinic import SETTINGS, Clinic
from tests.database_servers import PASSWORD, READER, DatabaseServer, mariadb, needs_mariadb, needs_postgres, postgres

pytestmark = [pytest.mark.contract, pytest.mark.slow]
DATABASES = Path(__file__).parents[1] / "databases"
HOUR = """\
- id: hour
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: "booking {appointment_id}", body: "{service_name}"}]
"""
NOW = "2026-11-23T08:00:00Z"
_NUMBERS = itertools.count()
VISITS = """
CREATE TABLE visits (id INT PRIMARY KEY, start_at TIMESTAMP NULL, end_at TIMESTAMP NULL, name VARCHAR(50));
INSERT INTO visits VALUES (1, '2026-11-24 09:00', '2026-11-24 09:30', 'Lucía');
"""
QUERY = (
    "SELECT v.id, v.start_at AS starts_at, v.end_at AS ends_at, 'UTC' AS timezone, v.name AS customer_name "
    "FROM visits AS v WHERE v.start_at < :until AND v.end_at > :since"
)


@pytest.fixture(scope="module")
def maria() -> Iterator[DatabaseServer]:
    with mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[DatabaseServer]:
    with postgres() as server:
        yield server


@pytest.fixture(params=[pytest.param("maria", marks=needs_mariadb), pytest.param("postgresql", marks=needs_postgres)])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    """Each kind of server."""
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


def make_user(server: DatabaseServer, database: str) -> str:
    """A user who may connect, and nothing else."""
    user = f"u{next(_NUMBERS)}"
    if server.scheme == "mysql":
        server.run("", f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        server.run("", f"GRANT SHOW VIEW ON {database}.* TO {user}@'127.0.0.1'")
    else:
        server.run("postgres", f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
    return user


def name_of(server: DatabaseServer, user: str) -> str:
    return f"'{user}'@'127.0.0.1'" if server.scheme == "mysql" else user


def make_visits(server: DatabaseServer) -> str:
    database = f"v{next(_NUMBERS)}"
    server.make(database, VISITS)
    return database


def configure(clinic: Clinic, *keys: str) -> None:
    (clinic.folder / "secrets.env").write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    (clinic.folder / "secrets.env").chmod(0o600)
    lines = (*keys, 'password: "${DATABASE_PASSWORD}"', "ahead: 190d", "behind: 60d")
    clinic.write(HOUR, settings=f"{SETTINGS}sources:\n  clinic:\n" + "".join(f"    {each}\n" for each in lines))


def tried(clinic: Clinic, *, exits: int = 0) -> dict[str, Any]:
    result = clinic.command("sources", "test", "clinic", "--json", "--now", NOW)
    assert result.exit_code == exits, result.output
    found: dict[str, Any] = json.loads(result.stdout)["clinic"]
    shown = clinic.command("sources", "test", "clinic", "--now", NOW)
    assert PASSWORD not in shown.output + result.output
    assert all(each in shown.stdout for each in (*found["warnings"], *found["statements"]))
    return found


def run_all(server: DatabaseServer, database: str, statements: list[str]) -> None:
    server.run(database, ";\n".join(each.replace("'...'", f"'{PASSWORD}'") for each in statements))


def test_the_tables_that_may_not_be_read_are_granted_by_what_it_prints(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    user = make_user(server, database)
    configure(clinic, f"url: {server.url(database, user=user)}", f'query: "{QUERY}"')
    found = tried(clinic, exits=1)
    assert "denied" in found["error"]
    table = f"{database}.visits" if server.scheme == "mysql" else "visits"
    assert found["statements"] == [f"GRANT SELECT ON {table} TO {name_of(server, user)}"]
    run_all(server, database, found["statements"])
    found = tried(clinic)
    assert (found["seen"], found["statements"], found["warnings"]) == (1, [], [])


@needs_mariadb
def test_only_what_lacks_is_printed(clinic: Clinic, maria: DatabaseServer) -> None:
    database = f"e{next(_NUMBERS)}"
    maria.make(database, *(DATABASES / "easyappointments" / each for each in ("schema.sql", "seed.sql")))
    user = make_user(maria, database)
    maria.run("", f"GRANT SELECT ON {database}.ea_services TO {user}@'127.0.0.1'")
    configure(clinic, f"url: {maria.url(database, user=user)}", "preset: easyappointments")
    found = tried(clinic, exits=1)
    assert found["statements"] == [
        f"GRANT SELECT ON {database}.{table} TO '{user}'@'127.0.0.1'" for table in ("ea_appointments", "ea_users")
    ]
    run_all(maria, database, found["statements"])
    assert tried(clinic)["seen"] == 9


def test_a_user_that_does_not_exist_is_made_by_what_it_prints(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    user = f"u{next(_NUMBERS)}"
    configure(clinic, f"url: {server.url(database, user=user)}", f'query: "{QUERY}"')
    found = tried(clinic, exits=1)
    assert found["statements"][0].startswith("CREATE ")
    run_all(server, database, found["statements"])
    assert tried(clinic)["seen"] == 1


def test_a_server_that_is_not_there_asks_for_no_rights(clinic: Clinic, server: DatabaseServer) -> None:
    configure(clinic, f"url: {server.scheme}://{READER}@127.0.0.1:1/shop", f'query: "{QUERY}"')
    found = tried(clinic, exits=1)
    assert "cannot connect to 127.0.0.1:1" in found["error"]
    assert found["statements"] == []


def test_a_user_that_may_write_is_warned_of(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    configure(clinic, f"url: {server.url(database)}", f'query: "{QUERY}"')
    assert tried(clinic)["warnings"] == []
    place = f"{database}.visits" if server.scheme == "mysql" else "visits"
    server.run(database, f"GRANT DELETE ON {place} TO {name_of(server, READER)}")
    (warning,) = tried(clinic)["warnings"]
    assert warning.startswith("this user may write (")
    assert "visits" in warning
    server.run(database, f"REVOKE DELETE ON {place} FROM {name_of(server, READER)}")


@needs_mariadb
def test_a_column_that_is_called_like_a_right_is_none(clinic: Clinic, maria: DatabaseServer) -> None:
    database = make_visits(maria)
    user = make_user(maria, database)
    maria.run(database, "ALTER TABLE visits ADD COLUMN delete_update INT")
    maria.run(database, f"GRANT SELECT (id, start_at, end_at, name, delete_update) ON visits TO {user}@'127.0.0.1'")
    configure(clinic, f"url: {maria.url(database, user=user)}", f'query: "{QUERY}"')
    assert tried(clinic)["warnings"] == []


def test_an_index_that_lacks_is_named_where_there_is_much(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    configure(clinic, f"url: {server.url(database)}", f'query: "{QUERY}"')
    assert tried(clinic)["warnings"] == []
    rows = (f"({number}, '2020-01-01 09:00', '2020-01-01 09:30', 'x')" for number in range(2, 3_001))
    server.run(database, "INSERT INTO visits VALUES " + ", ".join(rows))  # noqa: S608
    (warning,) = tried(clinic)["warnings"]
    made = "CREATE INDEX reminders_start ON visits (start_at)"
    assert warning == f"no index on start_at: 3,000 rows scanned; {made}"
    server.run(database, made)
    assert tried(clinic)["warnings"] == []


def test_a_column_that_was_renamed_is_named(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    configure(clinic, f"url: {server.url(database)}", f'query: "{QUERY}"')
    server.run(database, "ALTER TABLE visits RENAME COLUMN start_at TO starting_at")
    (warning,) = tried(clinic, exits=1)["warnings"]
    assert warning == (
        "visits has no column start_at, perhaps it is starting_at now; it has id, starting_at, end_at, name"
    )


@needs_mariadb
def test_tables_with_another_prefix_are_named(clinic: Clinic, maria: DatabaseServer) -> None:
    database = f"e{next(_NUMBERS)}"
    maria.make(database, *(DATABASES / "easyappointments" / each for each in ("schema.sql", "seed.sql")))
    configure(clinic, f"url: {maria.url(database)}", "preset: easyappointments", "prefix: blog_")
    warnings = tried(clinic, exits=1)["warnings"]
    assert warnings[0].endswith("there is ea_appointments: write `prefix: ea_`")


def test_columns_with_other_names_are_named(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    query = "SELECT id, start_at, end_at FROM visits WHERE start_at < :until AND end_at > :since"
    configure(clinic, f"url: {server.url(database)}", f'query: "{query}"')
    assert tried(clinic, exits=1)["error"] == (
        "the query gives no column starts_at; it gives id, start_at, end_at; write `start_at AS starts_at`"
    )


@needs_mariadb
def test_a_wordpress_without_the_name_of_its_zone_is_named(clinic: Clinic, maria: DatabaseServer) -> None:
    database = f"b{next(_NUMBERS)}"
    maria.make(database, *(DATABASES / "booknetic" / each for each in ("schema.sql", "seed.sql")))
    configure(clinic, f"url: {maria.url(database)}", "preset: booknetic", "prefix: wp_")
    assert not any("time zone" in each for each in tried(clinic)["warnings"])
    maria.run(database, "UPDATE wp_options SET option_value = '' WHERE option_name = 'timezone_string'")
    warning = next(each for each in tried(clinic)["warnings"] if "time zone" in each)
    assert warning.startswith("8 of 8 bookings name no time zone; Europe/Madrid is used (this WordPress knows only")
    configure(clinic, f"url: {maria.url(database)}", "preset: booknetic", "prefix: wp_", "timezone: Europe/Lisbon")
    assert not any("time zone" in each for each in tried(clinic)["warnings"])


def test_a_status_that_no_workflow_knows_is_named_once(clinic: Clinic, server: DatabaseServer) -> None:
    database = make_visits(server)
    query = QUERY.replace("v.id,", "v.id, 'payment_pending' AS status,")
    configure(clinic, f"url: {server.url(database)}", f'query: "{query}"')
    (warning,) = tried(clinic)["warnings"]
    assert warning.startswith("1 booking is `payment_pending`; no workflow asks for that status")
