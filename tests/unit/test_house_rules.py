"""The rules of the house: each is kept everywhere but where the list of today says otherwise (tests/house)."""

from __future__ import annotations

import pytest

from tests.house import sins
from tests.house.rules import RULES


@pytest.mark.parametrize("rule", RULES)
def test_nothing_new_breaks_a_rule(rule: str) -> None:
    new = [each for each in sins.find(rule) if each not in sins.read()]
    assert not new, f"{RULES[rule].advice} (moved or renamed, and not new? run `python -m tests.house`)"


@pytest.mark.parametrize("rule", RULES)
def test_the_list_names_only_what_still_breaks_a_rule(rule: str) -> None:
    listed = {each for each in sins.read() if each.startswith(f"{rule}: ")}
    assert not listed - {*sins.find(rule)}, "these keep the rule now: run `python -m tests.house`, and commit the list"


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
