"""Exports of other programs, imported by the real command line into a small business, and what is there afterwards."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result

from tests.clinic import Clinic

NOW = "2026-11-20T09:00Z"


def import_file(
    clinic: Clinic, content: str | bytes, *options: str, name: str = "export.csv", code: int = 0, now: str = NOW
) -> Result:
    """Import a file of this content; it must end with this exit code."""
    file = clinic.folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    result = clinic.command("bookings", "import", str(file), "--now", now, *options)
    assert result.exit_code == code, (result.output, result.exception)
    return result


def list_bookings(clinic: Clinic, *options: str) -> list[dict[str, Any]]:
    """Return the bookings as `bookings list --json` prints them."""
    result = clinic.command("bookings", "list", "--json", *options)
    assert result.exit_code == 0, (result.output, result.exception)
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found
