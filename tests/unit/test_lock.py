"""The locked versions in requirements/: they agree with pyproject.toml, and each file is known by its hash."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RENEW = "`make lock` renews the locked versions"


def wanted(groups: list[str]) -> Iterator[Requirement]:
    """What pyproject.toml asks for: the project's dependencies and those of some of its groups."""
    yield from map(Requirement, PROJECT["project"]["dependencies"])
    for group in groups:
        for entry in PROJECT["dependency-groups"][group]:
            if isinstance(entry, str):
                yield Requirement(entry)
            else:
                yield from wanted([entry["include-group"]])


def locked(name: str) -> dict[str, str]:
    """The version of each package that a file locks, by its normalised name."""
    entries = re.sub(r"\\\n", " ", (ROOT / "requirements" / name).read_text(encoding="utf-8")).splitlines()
    found: dict[str, str] = {}
    for entry in entries:
        if entry and not entry.lstrip().startswith("#"):
            pinned = re.match(r"([A-Za-z0-9._-]+)==(\S+)", entry)
            assert pinned, f"{name}: not one version: {entry[:80]}"
            assert "--hash=sha256:" in entry, f"{name}: {pinned[1]} has no hash"
            found[canonicalize_name(pinned[1])] = pinned[2]
    return found


@pytest.mark.parametrize(("name", "groups"), [("runtime.txt", ["editable"]), ("develop.txt", ["dev"])])
def test_what_the_project_asks_for_is_locked(name: str, groups: list[str]) -> None:
    found = locked(name)
    for requirement in wanted(groups):
        version = found.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in requirements/{name}; {RENEW}"
        assert requirement.specifier.contains(version), f"{requirement} excludes the locked {version}; {RENEW}"


def test_both_files_lock_the_same_versions_and_name_no_address() -> None:
    runtime, develop = locked("runtime.txt"), locked("develop.txt")
    assert runtime.items() <= develop.items()
    for name in ("runtime.txt", "develop.txt"):
        assert "://" not in (ROOT / "requirements" / name).read_text(encoding="utf-8")


def test_each_upper_bound_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    bound = [line for line in lines if re.match(r'\s+"[a-z0-9-]+>=[\d.]+,<\d+"', line)]
    assert bound
    assert [line for line in bound if "#" not in line] == []
