"""Whether bookings.db has changed since a run read it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reminderctl import bookings
from reminderctl.bookings.fingerprint import UNSETTLED_COARSE_NS, UNSETTLED_NS, fingerprint
from reminderctl.bookings.sqlite import KEPT

LATER_NS = 2**62  # long after anything that a test writes
AT = {"at": "2026-06-10T10:00:00Z"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    bookings.create(tmp_path / "bookings.db")
    return tmp_path / "bookings.db"


def insert(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO bookings (id, starts_at, ends_at) VALUES (HEX(RANDOMBLOB(4)), :at, :at)",
            {"at": "2026-06-10T10:00:00Z"},
        )


def set_time(path: Path, seconds: int) -> None:
    os.utime(path, times=(seconds, seconds))


def replace_with_a_copy(path: Path) -> None:
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
    copy.replace(path)


def test_a_file_that_nobody_writes_keeps_its_fingerprint(path: Path) -> None:
    before = fingerprint(path, now_ns=LATER_NS)
    with bookings.SqliteBookings(path) as opened:
        assert list(opened.latest_ids(most=1)) == []
    assert before is not None
    assert fingerprint(path, now_ns=LATER_NS) == before


@pytest.mark.parametrize("change", [insert, lambda path: set_time(path, 5), replace_with_a_copy])
def test_a_write_changes_it(path: Path, change: Callable[[Path], None]) -> None:
    set_time(path, 4)
    before = fingerprint(path, now_ns=LATER_NS)
    change(path)
    assert fingerprint(path, now_ns=LATER_NS) != before


def test_a_write_that_only_the_write_ahead_log_has_changes_it(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT 1 FROM bookings").fetchone()  # it has the log open, and so nobody else removes it
        insert(path)
        set_time(path, 4)
        before = fingerprint(path, now_ns=LATER_NS)
        insert(path)
        set_time(path, 4)
        assert fingerprint(path, now_ns=LATER_NS) != before


def test_a_link_is_followed_to_the_file_and_its_log(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT 1 FROM bookings").fetchone()  # it has the log open, and so nobody else removes it
        insert(path)
        assert fingerprint(link, now_ns=LATER_NS) == fingerprint(path, now_ns=LATER_NS)


@pytest.mark.parametrize(
    ("written_ns", "unsettled_ns"),
    [
        (100 * 10**9 + 1, UNSETTLED_NS),
        (100 * 10**9, UNSETTLED_COARSE_NS),  # by the clock of a server, in whole seconds, maybe
    ],
)
def test_one_that_was_written_a_moment_ago_has_none(path: Path, written_ns: int, unsettled_ns: int) -> None:
    os.utime(path, ns=(written_ns, written_ns))
    assert fingerprint(path, now_ns=written_ns + unsettled_ns - 1) is None
    assert fingerprint(path, now_ns=written_ns + unsettled_ns) is not None
    assert fingerprint(path.with_name("missing.db"), now_ns=LATER_NS) is None


@pytest.mark.parametrize(
    ("asked", "has_one"),
    [
        ("datetime('now')", False),
        ("CURRENT_TIMESTAMP", False),
        ("julianday()", False),
        ("julianday(\n)", False),
        ("julianday(/* at */)", False),
        ("strftime('%s')", False),
        ("strftime ( '%H,%M' )", False),
        ("unixepoch('subsec')", False),
        ("strftime('%Y-%m-%dT%H:%M:%SZ', starts_at)", True),
        ("strftime('%s', starts_at, '+1 day')", True),
        ("upper(id)", True),
    ],
)
def test_a_file_whose_views_ask_for_the_time_of_day_has_none(path: Path, asked: str, *, has_one: bool) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE VIEW asked AS SELECT {asked} FROM bookings")  # noqa: S608 - no SQL but ours
    set_time(path, 4)
    with bookings.SqliteBookings(path) as opened:
        assert (opened.fingerprint() is not None) == has_one


def test_a_booking_that_was_read_before_is_read_again_once_somebody_writes(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, bookings.SqliteBookings(path) as opened:
        connection.execute("INSERT INTO bookings (id, starts_at, ends_at, service_id) VALUES ('b', :at, :at, 's')", AT)
        connection.execute("INSERT INTO services (id, name) VALUES ('s', 'Haircut')")
        connection.commit()
        before = opened.find("b")
        assert before
        assert opened.find("b") is before
        assert opened.find("other") is None
        connection.execute("UPDATE services SET name = 'Colour'")
        connection.execute("INSERT INTO bookings (id, starts_at, ends_at) VALUES ('other', :at, :at)", AT)
        connection.commit()
        after = opened.find("b")
        assert after
        assert after.service
        assert after.service.name == "Colour"
        assert opened.find("other")


def test_a_view_that_follows_the_clock_is_read_each_time(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE bookings RENAME TO visits")
        connection.execute("CREATE VIEW bookings AS SELECT * FROM visits WHERE random() IS NOT NULL")
        connection.execute("INSERT INTO visits (id, starts_at, ends_at) VALUES ('b', :at, :at)", AT)
    with bookings.SqliteBookings(path) as opened:
        assert opened.find("b") is not opened.find("b")


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_many_bookings_that_are_asked_for_one_after_the_other_are_not_all_kept(path: Path, journal: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        rows = [{"id": f"b{number}"} | AT for number in range(KEPT + 2)]
        connection.executemany("INSERT INTO bookings (id, starts_at, ends_at) VALUES (:id, :at, :at)", rows)
    with bookings.SqliteBookings(path) as opened:
        first = opened.find("b0")
        assert len(opened.find_all([row["id"] for row in rows])) == KEPT + 2
        again = opened.find("b0")
        assert again == first
        assert again is not first
