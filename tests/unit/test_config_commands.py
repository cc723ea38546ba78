"""`check`, `schema` and `init`, as a person at a terminal meets them."""

from __future__ import annotations

import copy
import functools
import json
import sqlite3
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from reminderctl import config
from reminderctl.cli import main

GOOD = """\
timezone: Europe/Madrid
max_burst: none
admin: {phone: +34600000000}
channels:
  email: {host: smtp.example.com, port: 587, security: none, from: hola@example.com, timeout: "${WAIT}"}
  whatsapp: {provider: meta, phone_number_id: "${META_ID}", access_token: "${META_TOKEN}"}
  webhook: {timeout: 20, headers: {"https://example.com": {X-Key: "${META_TOKEN}", X-Tenant: 7}}}
workflows:
  - id: 007
    enabled: yes
    when: [1 day before start, at end]
    filters: {status: approved, staff: [Ana, 7]}
    actions:
      - {send: email, to: [customer, staff], subject: {es: Hola, en: Hi}, body_file: hi.txt, attach: calendar}
      - {send: whatsapp, to: admin, template: t, language: es,
         header: {text: {es: Hola, en: Hi}}, parameters: [{en: a, es: b}]}
      - {send: webhook, url: "https://example.com/{appointment_id}", json: {text: ["{staff_name}", 1]}, params: {a: 1}}
"""
BAD = "timezone: Europe/Madird\nworkflows: [{id: w}]\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "hi.txt").write_text("Hi", encoding="utf-8")
    (tmp_path / "workflows.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "secrets.env").touch(mode=0o600)
    (tmp_path / "secrets.env").write_text("WAIT=20\nMETA_ID=1234\nMETA_TOKEN=t0ken\n", encoding="utf-8")
    return tmp_path / "workflows.yaml"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    return tmp_path / "bad.yaml"


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_says_in_one_line_that_all_is_well(good: Path) -> None:
    for result in (run("check", str(good)), run("--config", str(good), "check"), run("check", "-c", str(good))):
        assert (result.exit_code, result.stdout) == (0, f"{good}: 1 workflow, 3 actions, no problems\n")


def test_check_prints_every_mistake_and_exits_with_2(bad: Path) -> None:
    result = run("check", str(bad))
    assert result.exit_code == 2
    assert [line.split(" ")[0] for line in result.stdout.splitlines()] == [f"{bad}:1:11:"] + [f"{bad}:2:13:"] * 2 + [
        f"{bad}:"
    ]
    assert result.stdout.endswith(f"{bad}: 3 problems to fix\n")


def test_check_tells_programs_the_same(good: Path, bad: Path) -> None:
    result = run("check", str(bad), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"], len(told["problems"])) == (2, False, 3)
    assert told["problems"][0] == {
        "file": str(bad),
        "line": 1,
        "column": 11,
        "path": "timezone",
        "what": "there is no time zone 'Europe/Madird'; did you mean `Europe/Madrid`?",
    }
    assert json.loads(run("check", str(good), "--json").stdout)["ok"] is True


def test_check_of_a_directory_exits_with_2_when_one_file_is_broken(tmp_path: Path, good: Path) -> None:
    (tmp_path / "more.yaml").write_text("workflows: [{id: w}]\n", encoding="utf-8")
    result = run("check", str(tmp_path))
    assert result.exit_code == 2
    assert result.stdout.count("more.yaml:1:13: workflows[0] w: ") == 2


def test_check_names_a_path_that_is_not_there() -> None:
    result = run("check", "no/such.yaml")
    assert (result.exit_code, "no/such.yaml" in result.stderr) == (2, True)


@pytest.mark.slow
def test_no_value_however_odd_ends_in_a_traceback(good: Path) -> None:
    odd: list[Any] = [None, [], {}, [[]], {"es": ["x"]}, {"a": {"b": ["{c"]}}, "{{ x"]
    read = yaml.BaseLoader(GOOD).get_single_data()
    for path in list(paths(read)):
        for value in odd:
            changed = copy.deepcopy(read)
            place = functools.reduce(lambda part, key: part[key], path[:-1], changed)
            place[path[-1]] = value
            good.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
            config.check(good, {}, today=date(2026, 11, 23))


def paths(tree: Any) -> Iterator[tuple[Any, ...]]:
    """The way to each value in a tree."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (key,)
        if isinstance(value, (dict, list)):
            yield from ((key, *below) for below in paths(value))


# --- schema -----------------------------------------------------------------------------------------------------------


def test_the_schema_says_the_same_as_check(good: Path, bad: Path) -> None:
    schema = json.loads(run("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    as_editors_read = yaml.safe_load(good.read_text(encoding="utf-8"))
    as_we_read = yaml.load(good.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes texts only
    assert not list(validator.iter_errors(as_editors_read))
    assert not list(validator.iter_errors(as_we_read))
    assert not validator.is_valid(yaml.safe_load(bad.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("port: 587", "port: 70000"),
        ("security: none", "security: starttsl"),
        ("send: webhook", "send: pigeon"),
        ("body_file: hi.txt", "bdoy: hi"),
        ("subject: {es: Hola, en: Hi}, ", ""),
        ("staff: [Ana, 7]", "stuff: Ana"),
        ("timeout: 20", "tiemout: 20"),
        ("enabled: yes", "enabeld: yes"),
    ],
)
def test_the_schema_refuses_what_check_refuses(right: str, wrong: str, good: Path) -> None:
    text = GOOD.replace(right, wrong)
    assert text != GOOD
    assert not jsonschema.Draft202012Validator(config.describe()).is_valid(yaml.safe_load(text))
    good.write_text(text, encoding="utf-8")
    assert run("check", str(good)).exit_code == 2


def test_every_key_of_the_schema_is_described() -> None:
    undescribed = []

    def look(schema: object, path: str) -> None:
        if isinstance(schema, dict):
            for name, each in schema.get("properties", {}).items():
                if not isinstance(each, dict) or not (each.get("description") or "oneOf" in each or "$ref" in each):
                    undescribed.append(f"{path}.{name}")
            for name, each in schema.items():
                look(each, f"{path}.{name}")
        elif isinstance(schema, list):
            for index, each in enumerate(schema):
                look(each, f"{path}[{index}]")

    look(config.describe(), "")
    assert undescribed == []


def test_the_example_fits_the_schema(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    example = yaml.safe_load((tmp_path / "workflows.yaml").read_text(encoding="utf-8"))
    assert not list(jsonschema.Draft202012Validator(config.describe()).iter_errors(example))


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_writes_a_working_set(tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    result = run("init", str(folder))
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in folder.iterdir()) == [
        "bookings.db",
        "ledger.db",
        "secrets.env",
        "workflows.yaml",
    ]
    assert stat.S_IMODE((folder / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "ledger.db").stat().st_mode) == 0o600
    connection = sqlite3.connect(folder / "bookings.db")
    assert connection.execute("SELECT count(*) FROM bookings").fetchone() == (0,)
    connection.close()
    checked = run("--config", str(folder / "workflows.yaml"), "check")
    assert checked.exit_code == 0, checked.output


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    (tmp_path / "workflows.yaml").write_text(mine := "timezone: Europe/Madrid\noutbox: o\nworkflows: []\n")
    (tmp_path / "bookings.db").unlink()
    result = run("init", str(tmp_path))
    assert (tmp_path / "workflows.yaml").read_text() == mine
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["kept", "written", "kept", "kept"]
    assert "check" in result.stdout
    assert "test" in result.stdout


def test_init_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("init", str(tmp_path / "file"))
    assert (result.exit_code, "file: " in result.stderr) == (2, True)
