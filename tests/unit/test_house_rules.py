"""The rules of the house: each is kept everywhere but where the list of today says otherwise (tests/house)."""

from __future__ import annotations

import importlib

import pytest

from tests.house import sins
from tests.house.rules import CALLED_BY_ORDER, RULES, many_positionals


@pytest.mark.parametrize("rule", RULES)
def test_nothing_new_breaks_a_rule(rule: str) -> None:
    new = [each for each in sins.find(rule) if each not in sins.read()]
    assert not new, f"{RULES[rule].advice} (moved or renamed, and not new? run `python -m tests.house`)"


@pytest.mark.parametrize("rule", RULES)
def test_the_list_names_only_what_still_breaks_a_rule(rule: str) -> None:
    listed = {each for each in sins.read() if each.startswith(f"{rule}: ")}
    assert not listed - {*sins.find(rule)}, "these keep the rule now: run `python -m tests.house`, and commit the list"


def test_only_functions_with_many_arguments_are_excused_for_them() -> None:
    assert CALLED_BY_ORDER.keys() <= {*many_positionals()}


@pytest.mark.parametrize("excused", [each for each, by in CALLED_BY_ORDER.items() if "." in by and " " not in by])
def test_a_method_is_excused_for_the_arguments_of_the_one_that_it_overrides(excused: str) -> None:
    path, _, name = excused.partition(": ")
    module = importlib.import_module(f"reminderctl.{path.removesuffix('.py').replace('/', '.')}")
    kind, _, method = name.partition(".")
    overridden = [each for each in getattr(module, kind).__mro__[1:] if method in vars(each)]
    assert CALLED_BY_ORDER[excused] in {f"{each.__module__}.{each.__qualname__}" for each in overridden}


def test_the_list_names_only_rules_that_there_are() -> None:
    assert {each.partition(": ")[0] for each in sins.read()} <= RULES.keys()


@pytest.mark.parametrize(
    ("listed", "found", "left"),
    [
        pytest.param("a b", "a", "a", id="what keeps the rule now goes"),
        pytest.param("a", "a b", "a", id="what is new is not added"),
        pytest.param("a b", "a c", "a c", id="what has another name stays"),
        pytest.param("a b", "a c d", "a", id="what may be new is not added, whatever went"),
    ],
)
def test_a_renewed_list_is_never_longer(listed: str, found: str, left: str) -> None:
    def entries(names: str) -> list[str]:
        return [f"docstring: model.py: {name}" for name in names.split()]

    assert sins.renewed({*entries(listed)}, entries(found)) == {*entries(left)}


def test_a_renewed_list_follows_a_file_that_moved() -> None:
    listed = {"docstring: gone.py: a", "docstring: gone.py: b", "docstring: gone.py: c", "docstring: model.py: a"}
    found = ["docstring: model.py: a", "docstring: text_types.py: a", "docstring: text_types.py: b"]
    assert sins.renewed(listed, found) == {*found}
