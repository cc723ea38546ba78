"""The list of what does not keep the rules yet, which only becomes shorter.

`python -m tests.house` writes it anew: what keeps its rule now is dropped, what was moved or renamed stays under its
new name, and nothing is ever added, for what is new must keep the rules. Git takes the lines of both sides where two
people changed the list (.gitattributes); written anew, it is right again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.house.rules import RULES
from tests.house.source import PACKAGE

LIST = Path(__file__).with_name("sins.txt")


def find(rule: str) -> list[str]:
    """Return what does not keep a rule today, in the order of the files."""
    return [*dict.fromkeys(f"{rule}: {each}" for each in RULES[rule].find())]


def read() -> set[str]:
    """Return the list as it is."""
    return {line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def write(sins: Iterable[str]) -> None:
    """Write the list, one a line."""
    heading = "# What does not keep the rules yet. This list only becomes shorter: python -m tests.house\n"
    LIST.write_text(heading + "".join(f"{each}\n" for each in sorted(sins)), encoding="utf-8")


def renewed(listed: set[str], found: list[str]) -> set[str]:
    """Return what stays of a list, with the names that its entries have now.

    1. Where a file is gone, its entries may now be those of another: the one that most of their names are found in.
    2. Where a file has as many new entries as it lost, they are the old ones by other names.
    """
    kept = listed & {*found}
    lost, new = sorted(listed - kept), [each for each in found if each not in kept]
    homes = _new_homes(lost, new)
    lost_in, new_in = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for each in lost:
        rule, path, name = each.split(": ", 2)
        moved = f"{rule}: {homes.get(path, path)}: {name}"
        if moved in new:
            kept.add(moved)
            new.remove(moved)
        else:
            lost_in[moved.rpartition(": ")[0]].append(moved)
    for each in new:
        new_in[each.rpartition(": ")[0]].append(each)
    for place, entries in new_in.items():
        if len(entries) == len(lost_in[place]):
            kept |= {*entries}
    return kept


def _new_homes(lost: list[str], new: list[str]) -> dict[str, str]:
    votes = defaultdict[str, Counter[str]](Counter)
    for each in lost:
        rule, path, name = each.split(": ", 2)
        if not (PACKAGE / path).exists():
            for other in new:
                other_rule, other_path, other_name = other.split(": ", 2)
                if (rule, name) == (other_rule, other_name):
                    votes[path][other_path] += 1
    return {path: counts.most_common(1)[0][0] for path, counts in votes.items()}
