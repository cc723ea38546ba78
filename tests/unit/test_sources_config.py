"""Sources in the YAML: what is a mistake, and the presets that come with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reminderctl import config
from reminderctl.config import presets
from reminderctl.config.source_queries import find_query_mistake
from reminderctl.errors import ConfigError
from reminderctl.model import Config
from reminderctl.source_settings import host_of
from reminderctl.sources.query_tables import find_tables
from reminderctl.sources.readers.sql import plain_value

HEADER = "timezone: Europe/Madrid\noutbox: outbox\nsources:\n  clinic:\n"
GOOD = "    url: mysql://reminders@db.example.com/shop\n    preset: easyappointments\n"
SELECT = "SELECT id, start_at AS starts_at FROM visits"


def load(folder: Path, keys: str, **environ: str) -> Config:
    (folder / "workflows.yaml").write_text(f"{HEADER}{keys}", encoding="utf-8")
    return config.load(folder / "workflows.yaml", environ)


def test_a_source_takes_what_its_preset_says(tmp_path: Path) -> None:
    (source,) = load(tmp_path, GOOD + "    prefix: other_\n    longest: 2d\n    password: '${P}'\n", P="hidden").sources
    assert (source.kind, source.title) == ("mysql", "Easy!Appointments")
    assert "FROM other_appointments AS a" in source.query
    assert "INTERVAL 2 DAY" in source.window
    assert source.values["status"]["cancelled"] == "canceled"
    assert "hidden" not in repr(source), "a variable is filled in when it is needed"
    assert source.password.reveal() == "${P}"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        pytest.param("    preset: nothing\n    url: mysql://a@b/c\n", "there is no preset `nothing`", id="preset"),
        pytest.param("    preset: bookneti\n    url: mysql://a@b/c\n", "did you mean `booknetic`?", id="misspelt"),
        pytest.param("    preset: ./none.yaml\n    url: mysql://a@b/c\n", "there is no file", id="file"),
        pytest.param("    url: mysql://a@b/c\n", "a database needs a `preset` or a `query`", id="no query"),
        pytest.param(f"    url: mysql://a@b/c\n    query: {SELECT}\n", "names neither :since nor :until", id="window"),
        pytest.param(
            "    url: sqlite:a.db\n    query: UPDATE visits SET a = 1\n", "only a SELECT is read", id="update"
        ),
        pytest.param(
            "    url: sqlite:a.db\n    query: WITH x AS (DELETE FROM visits RETURNING 1) SELECT 1\n",
            "the query says 'DELETE FROM'",
            id="hidden",
        ),
        pytest.param(f"    url: sqlite:a.db\n    query: {SELECT}; SELECT 2\n", "several statements", id="two"),
        pytest.param("    url: oracle://a@b/c\n", "nothing reads 'oracle'", id="scheme"),
        pytest.param(GOOD + "    every: often\n", "every: cannot read 'often'", id="length"),
        pytest.param(GOOD + "    max_missing: half\n", "max_missing: cannot read 'half' as a share", id="share"),
        pytest.param(GOOD + "    timezone: Madrid\n", "there is no time zone 'Madrid'", id="zone"),
        pytest.param(GOOD + "    password: x\n    tls: off\n", "tls: off sends the password", id="tls"),
        pytest.param(GOOD + "    password: '${LACKS}'\n", "`${LACKS}` is not set", id="variable"),
        pytest.param(GOOD + "    prefix: '${LACKS}'\n", "works under `channels` and `sources` only", id="elsewhere"),
        pytest.param(GOOD + "    usr: x\n", "unknown key `usr`", id="key"),
        pytest.param("    url: a.csv\n    query: SELECT 1\n", "a file has no tables", id="file with a query"),
        pytest.param("    url: a.csv\n    items: data\n", "items: is for an address", id="file with items"),
        pytest.param(f"    url: https://a/b\n    query: {SELECT}\n", "an address has no tables", id="address, query"),
        pytest.param("    url: https://a/b.ics\n    items: data\n", "address of a .ics file", id="calendar, items"),
        pytest.param("    url: webcal://a/b\n    next: x\n", "address of a .ics file", id="webcal, next"),
        pytest.param("    url: https://\n", "must begin with https:// and a host", id="no host"),
        pytest.param("    url: https://a/{from}\n", "nothing is known by '{from}'; there are", id="name"),
        pytest.param("    url: http://a/b\n    password: x\n", "password: sends a secret", id="plain, password"),
        pytest.param("    url: http://u@a/b\n", "url: sends a secret", id="plain, user"),
        pytest.param("    url: http://a/b?k=${P}\n", "url: sends a secret", id="plain, variable"),
        pytest.param("    url: http://a/b\n    headers: {Authorization: x}\n", "headers: sends a", id="plain, header"),
        pytest.param("    url: https://a/b\n    tls: off\n    password: x\n", "tls: off sends", id="tls, address"),
        pytest.param("    url: https://a/b\n    headers: {a b: x}\n", "is no name of a header", id="header"),
        pytest.param("    url: https://a/b\n    headers: {Host: x}\n", "follows from the address", id="host"),
        pytest.param(
            "    url: https://a/b\n    password: x\n    headers: {Authorization: x}\n",
            "there is one already",
            id="two authorizations",
        ),
        pytest.param("    url: https://a/b\n    headers: {X: '${LACKS}'}\n", "`${LACKS}` is not set", id="lacks"),
        pytest.param(GOOD.replace("mysql", "https"), "this preset reads a database", id="database at an address"),
        pytest.param("    url: mysql://a/b\n    preset: acuity\n", "must begin with https://", id="API, mysql"),
    ],
)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, keys: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, keys, P="hidden")
    assert said in str(caught.value)
    assert re.search(r"workflows\.yaml:\d+:\d+: sources\.clinic: ", str(caught.value))


@pytest.mark.parametrize("name", ["a:b", "a b", "a.b"])
def test_the_name_of_a_source_can_begin_an_id(tmp_path: Path, name: str) -> None:
    (tmp_path / "workflows.yaml").write_text(f"timezone: UTC\nsources:\n  '{name}': {{url: a.csv}}\n")
    with pytest.raises(ConfigError, match="letters, digits"):
        config.load(tmp_path / "workflows.yaml", {}, outbox=tmp_path)


@pytest.mark.parametrize(
    "query", ["SELECT updated_at, 'update x set' FROM a", "(SELECT 1)", "WITH a AS (SELECT 1) SELECT 2"]
)
def test_what_only_reads_is_taken(query: str) -> None:
    assert find_query_mistake(query) == ""


@pytest.mark.parametrize("name", presets.preset_names())
def test_a_preset_is_complete(name: str) -> None:
    preset, problem = presets.read_preset(presets.FOLDER / f"{name}.yaml")
    assert preset is not None, problem
    if preset.engine == "http":
        assert preset.url.startswith("{url}/")
        assert {"starts_at", "status"} <= {*preset.columns.values(), "status"}
        assert "read; not asked" in preset.verified
        return
    assert find_query_mistake(preset.query) == ""
    assert preset.query.count("{where}") == 1
    assert {":since", ":until"} <= {*re.findall(r"(?<!:):\w+", preset.window)}
    assert "{longest}" in preset.window
    for column in ("id", "starts_at", "ends_at", "status", "customer_email", "appointment_id"):
        assert re.search(rf"(?:\bAS |\.){column}\b", preset.query), column
    names = {*re.findall(r"\{(\w+)\}", preset.query + preset.window)} - {"where", "longest"}
    assert names == preset.defaults.keys()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("mysql://u:p@db.example.com:3306/x", "db.example.com"),
        ("mysql://u@127.0.0.1/x", "127.0.0.1"),
        ("postgresql://[::1]/x", "::1"),
        ("mysql:///x", ""),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_value_that_is_no_text_is_written_as_an_export_would() -> None:
    assert plain_value(b"caf\xc3\xa9") == "café"


OF_APIS = {"acuity", "calcom-api", "easyappointments-api"}  # whose program has no table for us


@pytest.mark.parametrize("name", sorted(set(presets.preset_names()) - OF_APIS - {"amelia-events"}))
def test_the_page_of_a_program_grants_what_its_preset_reads(name: str) -> None:
    text = (Path(__file__).parents[2] / f"docs/how-to/sources-{name}.md").read_text(encoding="utf-8")
    preset, problem = presets.read_preset(presets.FOLDER / f"{name}.yaml")
    assert preset is not None, problem
    query = preset.query.replace("{zone}", "(SELECT option_value FROM reminders_zone)")
    tables = find_tables(query.replace("{prefix}", preset.defaults.get("prefix", "")), preset.window).names
    granted = re.findall(r"GRANT SELECT ON (?:\w+\.)?(\S+) TO", text)
    assert sorted(granted) == sorted(tables)


def test_the_zone_of_a_wordpress_may_be_left_unread(tmp_path: Path) -> None:
    keys = "    url: mysql://reminders@127.0.0.1/wordpress\n    preset: booknetic\n    timezone: Europe/Lisbon\n"
    for zone, is_read in (("", True), ("    zone: NULL\n", False)):
        (source,) = load(tmp_path, keys + zone).sources
        assert ("wp_options" in source.query) is is_read
        assert "{" not in source.query.replace("{where}", "")
