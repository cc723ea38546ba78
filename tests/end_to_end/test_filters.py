"""Every filter of the table, seen through the commands that know filters: a new one is tested when it has its entry."""

from __future__ import annotations

import json

import pytest

from reminderctl.core.filters import FILTERS
from reminderctl.model import Filters
from tests.clinic import Clinic

NOW = "2026-06-01T08:00:00Z"
ACTIONS = 'actions: [{send: sms, to: customer, body: "Hola {customer_first_name}"}]'
VALUES = {name: "is" if name == "language" else "somewhat other" for name in FILTERS}


def test_the_table_of_filters_has_an_entry_for_each_field_and_no_other() -> None:
    assert set(FILTERS) == set(Filters.__struct_fields__)
    assert {name: each.name for name, each in FILTERS.items()} == {name: name for name in FILTERS}


@pytest.mark.parametrize("name", FILTERS)
def test_the_schema_describes_a_filter(name: str, clinic: Clinic) -> None:
    schema = json.loads(clinic.command("schema").stdout)
    assert schema["$defs"]["Filters"]["properties"][name]["description"] == FILTERS[name].description


@pytest.mark.parametrize("name", FILTERS)
def test_check_finds_a_filter_that_except_excludes(name: str, clinic: Clinic) -> None:
    value = VALUES[name]
    for unwanted, excluded in ((value, True), ("de", False)):
        filters = f"filters: {{{name}: {value}}}\n  except: {{{name}: {unwanted}}}"
        clinic.write(f"- id: w\n  when: at start\n  {filters}\n  {ACTIONS}\n")
        printed = clinic.command("check").stdout
        assert (f"except: {name}: excludes everything that `filters` selects ({value})" in printed) is excluded


@pytest.mark.parametrize("name", FILTERS)
def test_test_makes_a_booking_that_a_filter_lets_through(name: str, clinic: Clinic) -> None:
    clinic.write(f"- id: w\n  when: at start\n  filters: {{{name}: {VALUES[name]}}}\n  {ACTIONS}\n")
    *others, adapted = json.loads(clinic.command("test", "--now", NOW, "--json").stdout)
    assert not any(trial["matches"] for trial in others)
    assert adapted["matches"]
    assert f"made to match: {name} {VALUES[name]}" in adapted["notes"][0]


@pytest.mark.parametrize("name", FILTERS)
def test_a_booking_without_what_a_filter_asks_for_gets_nothing_and_explain_says_why(name: str, clinic: Clinic) -> None:
    clinic.write(f"- id: w\n  when: 1 day before start\n  filters: {{{name}: {VALUES[name]}}}\n  {ACTIONS}\n")
    clinic.book("b1", "2026-06-10T10:00Z")
    assert clinic.run("2026-06-01T08:00Z") == {}
    explained = clinic.command("explain", "b1", "--now", NOW).stdout
    assert f"but the filter requires {VALUES[name]}" in explained
