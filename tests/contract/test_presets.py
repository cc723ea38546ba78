"""One contract for every preset with a SELECT: of made-up rows, on a real server, comes what is expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from reminderctl.config.presets import FOLDER, preset_names, read_preset
from reminderctl.importing.columns import ALIASES, KNOWN_COLUMNS
from reminderctl.model import Window
from reminderctl.secret import Secret
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.readers import Reader, open_reader
from tests.clinic import Clinic, at
from tests.database_servers import PASSWORD, DatabaseServer, needs_mariadb, needs_postgres
from tests.seeded_databases import NOW, as_expected, connect, expected, seed, settings_of, stored

pytestmark = [pytest.mark.contract, pytest.mark.slow]
OWN_COLUMNS = ("appointment_", "customer_", "service_", "staff_", "location_", "custom_field")
OTHERS = {"meeting_link", "zoom_meeting_url", "google_meet_url", "custom_fields", "root_booking_uid", "responses"} | {
    *("booking_code", "title", "resource_contact"),
}
WINDOW = Window(datetime(2026, 9, 24, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC))


def _queries() -> list[Any]:
    """Return each preset that asks a database, with the fixture of its server."""
    found = []
    for name in preset_names():
        preset, problem = read_preset(FOLDER / f"{name}.yaml")
        assert preset, f"{name}: {problem}"
        if preset.query:
            server, mark = ("maria", needs_mariadb) if preset.engine == "mysql" else ("postgresql", needs_postgres)
            found.append(pytest.param(name, server, marks=mark, id=name))
    return found


every_query = pytest.mark.parametrize(("name", "where"), _queries())


@every_query
def test_a_preset_gives_exactly_what_is_expected(
    clinic: Clinic, request: pytest.FixtureRequest, name: str, where: str
) -> None:
    server: DatabaseServer = request.getfixturevalue(where)
    connect(clinic, server, seed(server, name), preset=name)
    like = {each["id"]: each for each in expected(name)}
    first = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)
    assert first["clinic"] == {"state": "ok", "new": len(like), "changed": 0, "canceled": 0, "missing": 0, "bad": 0}
    found = {each["id"].removeprefix("clinic:"): each for each in stored(clinic)}
    assert found.keys() == like.keys()
    for key, each in found.items():
        assert as_expected(each, like[key]) == like[key]
    mirror = (clinic.folder / "sources.db").read_bytes()
    again = json.loads(clinic.command("sources", "sync", "clinic", "--json", "--now", NOW).stdout)
    assert (again["clinic"]["state"], again["clinic"]["new"]) == ("unchanged", 0)
    assert (clinic.folder / "sources.db").read_bytes() == mirror
    assert (clinic.folder / "sources.db").stat().st_mode & 0o777 == 0o600


@every_query
def test_asking_by_key_finds_the_rows_that_the_window_finds(
    clinic: Clinic, request: pytest.FixtureRequest, name: str, where: str
) -> None:
    server: DatabaseServer = request.getfixturevalue(where)
    connect(clinic, server, seed(server, name), preset=name)
    with _open(settings_of(clinic)) as reader:
        records = reader.read(WINDOW, None).records
        assert records
        keys = [str(each["appointment_id"]) for each in records]
        assert _as_texts(reader.read_again(keys=keys, ids=(), window=WINDOW).records) == _as_texts(records)
        one = [each for each in records if str(each["appointment_id"]) == keys[0]]
        assert _as_texts(reader.read_again(keys=keys[:1], ids=(), window=WINDOW).records) == _as_texts(one)
        assert not reader.read_again(keys=["987654"], ids=(), window=WINDOW).records


@every_query
def test_the_columns_are_those_of_an_import_or_shortcodes(
    clinic: Clinic, request: pytest.FixtureRequest, name: str, where: str
) -> None:
    """Another name would become a field that nobody knows of, and what it was meant for would stay empty."""
    server: DatabaseServer = request.getfixturevalue(where)
    connect(clinic, server, seed(server, name), preset=name)
    with _open(settings_of(clinic)) as reader:
        columns = {*reader.read(WINDOW, None).records[0]}
    unknown = {each for each in columns if ALIASES.get(each, each) not in KNOWN_COLUMNS and each not in OTHERS}
    assert not {each for each in unknown if not each.startswith(OWN_COLUMNS)}
    assert {"id", "starts_at", "ends_at", "timezone", "status", "customer_id", "customer_email"} <= columns


def _open(settings: SourceSettings) -> Reader:
    return open_reader(replace(settings, password=Secret(PASSWORD)), timezone="Europe/Madrid", now=at(NOW))


def _as_texts(records: Any) -> list[str]:
    rows: list[Mapping[str, Any]] = list(records)
    return sorted(json.dumps(each, sort_keys=True, default=str) for each in rows)
