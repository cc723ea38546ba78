"""Fixtures that tests of every kind share."""

from pathlib import Path

import pytest

from tests.clinic import Clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    """An empty business."""
    return Clinic(tmp_path / "clinic")
