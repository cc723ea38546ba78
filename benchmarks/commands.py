"""What people wait for: `upcoming` and `explain` of a busy business, and the import of a large file."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks import clinic
from benchmarks.measure import Row, best_of, finish

ROWS = 100_000
SERVICES = 10
IMPORT_SECONDS, IMPORT_MEMORY = 20, 300
COLUMNS = (
    "id",
    "starts_at",
    "ends_at",
    "service",
    "staff",
    "staff_email",
    "customer_name",
    "customer_email",
    "customer_phone",
    "room",
)


def run(room: Path) -> Iterator[Row]:
    """Against the time that a person does not notice, one second; the import, against the bare libraries."""
    yield from _look(room)
    yield from _import(room)


def _look(room: Path) -> Iterator[Row]:
    """Of 10,000 bookings in a year; once each of 100 workflows is for one of ten services, once for them all."""
    for services in (SERVICES, 0):
        path = clinic.build(room / f"busy-{services}", triggers=clinic.mixed_triggers(100), services=services)
        clinic.add_bookings(path.parent, 10_000, first=clinic.NOW + timedelta(minutes=1), spread=timedelta(days=365))
        with closing(sqlite3.connect(path.parent / "bookings.db")) as connection, connection:
            connection.execute("UPDATE bookings SET service_id = 's' || (rowid % :services)", {"services": SERVICES})
        subprocess.run(clinic.command(path, "run"), check=True)
        for arguments in (("upcoming",), ("explain", "b5000")):
            yield _answer(path, arguments, goal="<= 1" if services else "-")


def _answer(path: Path, arguments: tuple[str, ...], *, goal: str) -> Row:
    command = clinic.command(path, *arguments)
    answered = subprocess.run([*command, "--json"], check=True, capture_output=True)
    told = json.loads(answered.stdout)
    (took,) = best_of(5, partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL))
    what = f"`{arguments[0]}`, 10,000 bookings, 100 workflows: {len(told):,} messages"
    return Row(what, f"{took * 1000:.0f} ms", "1,000 ms", took, goal)


def _import(room: Path) -> Iterator[Row]:
    path = clinic.build(room / "import", triggers=["1 day before start"])
    file = room / "bookings.csv"
    _write(file)
    began = time.perf_counter()
    _import_bare(file, room / "bare.db")
    bare = time.perf_counter() - began
    imported = finish(clinic.command(path, "bookings", "import", str(file)))
    with closing(sqlite3.connect(path.parent / "bookings.db")) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM bookings").fetchone()
    assert count == ROWS, imported.output
    ratio = imported.seconds / bare
    goal = f"<= {IMPORT_SECONDS} s"
    yield Row(f"import of {ROWS:,} rows, csv and sqlite3", f"{imported.seconds:.1f} s", f"{bare:.1f} s", ratio, goal)
    used = f"{imported.memory:.0f} MB"
    yield Row("the same: peak memory", used, f"{IMPORT_MEMORY} MB", imported.memory / IMPORT_MEMORY, "<= 1")


def _write(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        for number in range(ROWS):
            starts = clinic.NOW + timedelta(minutes=number)
            ends = starts + timedelta(hours=1)
            customer = number % 20_000
            who = (f"Ana García {customer}", f"ana{customer}@example.com", f"+346{customer:08}")
            staff = number % 50
            what = (f"Service {number % 30}", f"Staff {staff}", f"staff{staff}@example.com")
            writer.writerow(
                (f"n{number}", clinic.written(starts), clinic.written(ends), *what, *who, f"room {number % 9}")
            )


def _import_bare(file: Path, database: Path) -> None:
    """The same rows into one table, as text, with the same two indexes."""
    with file.open(encoding="utf-8", newline="") as opened, closing(sqlite3.connect(database)) as connection:
        rows = csv.reader(opened)
        names = next(rows)
        with connection:
            connection.execute(f"CREATE TABLE bookings ({', '.join(names)}, PRIMARY KEY (id))")
            for column in ("starts_at", "ends_at"):
                connection.execute(f"CREATE INDEX {column}_index ON bookings ({column})")
            marks = ", ".join("?" * len(names))
            connection.executemany(f"INSERT INTO bookings VALUES ({marks})", rows)  # noqa: S608 - question marks
