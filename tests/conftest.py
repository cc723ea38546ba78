"""Fixtures that tests of every kind share."""

from pathlib import Path

import pytest

from tests.clinic import Clinic
from tests.statements import Statements, watch


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    """An empty business."""
    return Clinic(tmp_path / "clinic")


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Every statement that this process has SQLite execute from now on."""
    found: Statements = []
    watch(monkeypatch, lambda file, statement: found.append((file, statement)))
    return found


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run remembers stays inside its test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
