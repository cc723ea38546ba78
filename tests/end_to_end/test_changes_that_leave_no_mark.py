"""Bookings that come late in ways that a file's size and time do not show: the overlap finds them all the same."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import Clinic

WORKFLOW = """\
- id: reminder
  when: 1 hour before start
  actions: [{send: sms, to: customer, body: "{appointment_id}"}]
"""


def copy_over(source: Path, target: Path) -> None:
    """Write into the file itself, and give it back its time, as `cp -p` and `rsync --inplace --times` do."""
    kept = target.stat()
    content = source.read_bytes()
    assert len(content) == kept.st_size
    target.write_bytes(content)
    os.utime(target, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def swap(source: Path, target: Path) -> None:
    """Delete the file, and make one that may get its inode."""
    kept = target.stat()
    target.unlink()
    target.write_bytes(source.read_bytes())
    os.utime(target, ns=(kept.st_atime_ns, kept.st_mtime_ns))


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
@pytest.mark.parametrize("change", [copy_over, swap])
def test_a_copy_with_the_size_and_the_time_of_the_file_before_is_a_change(
    tmp_path: Path, change: Callable[[Path, Path], None], journal: str
) -> None:
    clinic = Clinic(tmp_path / "clinic")
    clinic.write(WORKFLOW)
    clinic.execute(f"PRAGMA journal_mode = {journal}")
    clinic.book("first", "2026-06-10T10:59Z")
    database = clinic.folder / "bookings.db"
    export = tmp_path / "export.db"
    export.write_bytes(database.read_bytes())
    with closing(sqlite3.connect(export)) as connection, connection:
        connection.execute("UPDATE bookings SET id = 'later'")
        connection.execute("UPDATE participants SET booking_id = 'later'")
    clinic.written_long_ago(0)
    clinic.run("2026-06-10T09:50Z")
    clinic.run("2026-06-10T09:58Z")
    assert clinic.run("2026-06-10T10:00Z") == {"planned": 1, "sent": 1}
    assert clinic.run("2026-06-10T10:01Z") == {}
    change(export, database)
    assert clinic.run("2026-06-10T10:02Z") == {"planned": 1, "sent": 1}
    assert [each["booking"] for each in clinic.deliveries()] == ["first", "later"]
