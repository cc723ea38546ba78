"""Servers that are set otherwise than most, and tables with old or mixed character sets: the bookings are the same."""

from __future__ import annotations

import json

import pytest

from tests.clinic import Clinic
from tests.database_servers import READER, DatabaseServer, mariadb, needs_mariadb, needs_postgres
from tests.seeded_databases import NOW, as_expected, connect, expected, seed, stored

pytestmark = [pytest.mark.contract, pytest.mark.slow]
OF_MARIADB = [
    "sql_mode='ANSI_QUOTES'",
    "sql_mode='ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO'",
    "sql_mode='NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION'",
    "sql_mode='EMPTY_STRING_IS_NULL,ANSI_QUOTES'",
    "sql_mode='ORACLE'",
    "sql_mode=''",
    "time_zone='+09:00'",
    "character_set_server='latin1'",
    "sql_select_limit=3",
    "max_join_size=5",
    "init_connect='SET sql_mode=ANSI, sql_select_limit=2, time_zone=\\'-11:00\\''",
    "completion_type='CHAIN'",
    "tx_isolation='READ-UNCOMMITTED'",
]
OF_POSTGRESQL = [
    "timezone='Asia/Tokyo'",
    "datestyle='German, DMY'",
    "client_encoding='LATIN1'",
    "client_encoding='SQL_ASCII'",
    "standard_conforming_strings=off",
    "default_transaction_isolation='serializable'",
    "statement_timeout=1",
    "extra_float_digits=-3",
]


def assert_as_expected(clinic: Clinic, name: str, **other: str) -> None:
    """Read a source, and compare it with what is expected, in whose texts `other` words are written for some."""
    synced = clinic.command("sources", "sync", "clinic", "--json", "--now", NOW)
    assert synced.exit_code == 0, synced.output
    text = json.dumps(expected(name), ensure_ascii=False)
    for old, new in other.items():
        text = text.replace(old, new)
    like = {each["id"]: each for each in json.loads(text)}
    found = {each["id"].removeprefix("clinic:"): each for each in stored(clinic)}
    assert found.keys() == like.keys()
    for key, each in found.items():
        assert as_expected(each, like[key]) == like[key]
    again = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)
    assert again["clinic"]["state"] == "unchanged"


@needs_mariadb
@pytest.mark.parametrize("setting", OF_MARIADB)
def test_what_mariadb_sets_for_all_sessions_changes_no_booking(
    clinic: Clinic, maria: DatabaseServer, setting: str
) -> None:
    databases = {name: seed(maria, name) for name in ("easyappointments", "latepoint")}
    name = setting.partition("=")[0]
    before = maria.run("", f"SELECT QUOTE(@@GLOBAL.{name})").splitlines()[1].strip("'")
    maria.run("", f"SET GLOBAL {setting}")
    try:
        for preset, database in databases.items():
            connect(clinic, maria, database, preset=preset)
            assert_as_expected(clinic, preset)
            (clinic.folder / "sources.db").unlink()
    finally:
        maria.run("", f"SET GLOBAL {name} = {before if before.isdecimal() else repr(before)}")


@needs_mariadb
def test_a_server_of_another_zone_that_answers_in_latin_1_changes_no_booking(clinic: Clinic) -> None:
    options = ("--lower-case-table-names=1", "--default-time-zone=-08:00", "--skip-character-set-client-handshake")
    with mariadb(*options, "--character-set-server=latin1") as server:
        connect(clinic, server, seed(server, "amelia"), preset="amelia")
        assert_as_expected(clinic, "amelia")


@needs_mariadb
def test_tables_in_latin_1_and_with_mixed_collations_keep_their_accents(clinic: Clinic, maria: DatabaseServer) -> None:
    database = seed(maria, "easyappointments")
    maria.run(
        database,
        """
        UPDATE ea_users SET first_name = 'Zoë' WHERE id = 13;
        ALTER TABLE ea_users CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci;
        ALTER TABLE ea_services CONVERT TO CHARACTER SET utf8mb3 COLLATE utf8mb3_bin;
        ALTER TABLE ea_appointments CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
        """,
    )
    connect(clinic, maria, database, preset="easyappointments")
    assert_as_expected(clinic, "easyappointments", **{"Zoë 😀": "Zoë"})


@needs_postgres
@pytest.mark.parametrize("setting", OF_POSTGRESQL)
def test_what_postgresql_sets_for_a_user_changes_no_booking(
    clinic: Clinic, postgresql: DatabaseServer, setting: str
) -> None:
    database = seed(postgresql, "calcom")
    postgresql.run(database, f"ALTER ROLE {READER} SET {setting}")
    try:
        connect(clinic, postgresql, database, preset="calcom")
        assert_as_expected(clinic, "calcom")
    finally:
        postgresql.run(database, f"ALTER ROLE {READER} RESET ALL")


@needs_postgres
@pytest.mark.parametrize("schema", ["booking", 'Our "old" cal.com'])
def test_tables_of_another_schema_are_found_where_the_address_names_it(
    clinic: Clinic, postgresql: DatabaseServer, schema: str
) -> None:
    database = seed(postgresql, "calcom")
    quoted = schema.replace('"', '""')
    postgresql.run(database, f'ALTER SCHEMA public RENAME TO "{quoted}"; GRANT USAGE ON SCHEMA "{quoted}" TO {READER}')
    connect(clinic, postgresql, database, preset="calcom")
    failed = clinic.command("sources", "sync", "clinic", "--now", NOW)
    assert failed.exit_code == 1
    assert 'relation "Booking" does not exist; if its schema is not `public`, write `?schema=NAME`' in failed.output
    written = schema.replace(" ", "%20").replace('"', "%22")
    connect(clinic, postgresql, f"{database}?schema={written}", preset="calcom")
    assert_as_expected(clinic, "calcom")
