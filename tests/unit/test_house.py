"""How the house is built: floors and lazy doors (docs/explanation/architecture.md)."""

from __future__ import annotations

import ast
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import SETTINGS, WRITTEN_AT, Clinic
from tests.heavy import is_heavy
from tests.mutations import MUTATIONS, Mutation

PACKAGE = Path(__file__).parents[2] / "reminderctl"

FLOORS = {
    "text": 0,
    "credentials": 0,
    "errors": 0,
    "hiding": 0,
    "model": 0,
    "source_settings": 0,
    "quiet_settings": 0,
    "secret": 0,
    "import_lock": 0,
    "sqlite_errors": 0,
    "structured_text": 0,
    "text_types": 0,
    "core": 1,
    "bookings": 2,
    "channels": 2,
    "clocks": 2,
    "files": 2,
    "http_transport": 2,
    "dead_links": 2,
    "messages": 2,
    "outbox": 2,
    "file_permissions": 2,
    "config": 3,
    "importing": 3,
    "ledger": 3,
    "sources": 4,
    "demo": 5,
    "reports": 5,
    "tick": 5,
    "cli": 6,
}
WITHIN_ITS_FLOOR = {  # who may import a neighbour, and why
    ("model", "errors"),  # a configuration carries the problems of its broken files
    ("model", "source_settings"),  # a configuration carries the settings of its sources
    ("model", "quiet_settings"),  # a workflow carries its quiet hours
    ("source_settings", "secret"),  # an address may hold a password
    ("model", "secret"),  # a configuration carries the address of a heartbeat
    ("channels", "clocks"),  # an attempt ends by a clock that does not stand still
    ("channels", "http_transport"),  # a message is sent by a request with one deadline
    ("http_transport", "clocks"),  # so does a request
    ("outbox", "channels"),  # shows a message as its channel would send it
    ("bookings", "dead_links"),  # it says why its file is missing
    ("files", "file_permissions"),  # they follow no link of others
    ("outbox", "files"),  # its files appear whole
    ("demo", "tick"),  # it plays what `run` does
    ("reports", "tick"),  # they plan the next run dry, and show what `run` would send
}
IMPURE = {  # what nothing in core/ may import: decisions know no clock, no file and no network
    "fcntl",
    "io",
    "os",
    "pathlib",
    "requests",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The rooms of our own that a module imports, wherever in the file."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "reminderctl":
            rooms |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reminderctl."):
            rooms.add(node.module.split(".")[1])
    return rooms & FLOORS.keys()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_architecture_names_each_room_on_its_floor() -> None:
    page = (PACKAGE.parent / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| `(\w+)/?` \|", page, re.MULTILINE)
    assert {room: int(floor) for floor, room in rows} == FLOORS


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_lower_floors(path: Path) -> None:
    here = room(path)
    if here.startswith("__"):
        return
    for there in imported(path) - {here}:
        assert FLOORS[there] < FLOORS[here] or (here, there) in WITHIN_ITS_FLOOR, f"{here} imports {there}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")), ids=lambda path: path.name)
def test_core_decides_without_clock_file_or_network(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            assert name.split(".")[0] not in IMPURE, f"{path.name} imports {name}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_mutation_finds_the_safeguard_that_it_takes_away(mutation: Mutation) -> None:
    """`make mutations` takes minutes, and is run now and then; what it changes must still be there."""
    for file, old, _ in mutation.changes:
        assert (PACKAGE / file).read_text(encoding="utf-8").count(old) == 1, file


def modules_of_the_next_run(clinic: Clinic) -> set[str]:
    """Return the names of all modules that a run a minute after 08:00 has imported at its end."""
    program = (
        "import sys\n"
        "from reminderctl.cli import main\n"
        f"arguments = ['-c', {str(clinic.folder / 'workflows.yaml')!r}, 'run', '--now', '2026-06-01T08:01Z']\n"
        "main(arguments, standalone_mode=False)\n"
        "print(*sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_an_idle_tick_imports_nothing_heavy(clinic: Clinic) -> None:
    clinic.write(
        "- id: w\n  when: 1 day before start\n"
        "  actions: [{send: email, to: customer, subject: s, body: '{staff_name}'}]\n"
    )
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-01T08:00Z")  # reads the YAML, and remembers it
    loaded = modules_of_the_next_run(clinic)
    assert "reminderctl.tick" in loaded, "the tick ran"
    assert not {name for name in loaded if is_heavy(name) or name.startswith("reminderctl.sources")}


def test_an_unchanged_source_loads_no_reader_of_exports(clinic: Clinic) -> None:
    """Each minute asks each source; only what has changed is worth the libraries that read it."""
    export = clinic.folder / "export.csv"
    export.write_text("id,starts_at,ends_at\n1,2026-06-10T10:00:00Z,2026-06-10T10:30:00Z\n", encoding="utf-8")
    os.utime(export, (WRITTEN_AT, WRITTEN_AT + 0.5))
    clinic.write(
        "- id: w\n  when: 1 day before start\n"
        "  actions: [{send: email, to: customer, subject: s, body: '{staff_name}'}]\n",
        settings=f"{SETTINGS}sources: {{desk: {{url: export.csv}}}}\n",
    )
    clinic.run("2026-06-01T08:00Z")
    loaded = modules_of_the_next_run(clinic)
    assert "reminderctl.sources.readers.files" in loaded, "the source was asked"
    assert not {name for name in loaded if is_heavy(name) or name.startswith("reminderctl.importing")}


def test_a_changed_database_loads_no_reader_of_calendars(clinic: Clinic) -> None:
    """A booking changes many times a day, and is read and written within a minute's run."""
    app = clinic.folder / "app.db"
    with closing(sqlite3.connect(app)) as connection, connection:
        connection.execute("CREATE TABLE visits (id, starts_at, ends_at)")
        connection.execute("INSERT INTO visits VALUES (1, '2026-06-10T10:00:00Z', '2026-06-10T10:30:00Z')")
    os.utime(app, (WRITTEN_AT, WRITTEN_AT + 0.5))
    clinic.write(
        "- id: w\n  when: 1 day before start\n"
        "  actions: [{send: email, to: customer, subject: s, body: '{staff_name}'}]\n",
        settings=f"{SETTINGS}sources: {{desk: {{url: 'sqlite:app.db', query: SELECT * FROM visits}}}}\n",  # noqa: S608
    )
    clinic.run("2026-06-01T08:00Z")
    with closing(sqlite3.connect(app)) as connection, connection:
        connection.execute("UPDATE visits SET starts_at = '2026-06-10T09:45:00Z'")
    loaded = modules_of_the_next_run(clinic)
    assert "reminderctl.sources.writer" in loaded, "the change was written"
    assert not {name for name in loaded if is_heavy(name) and name != "hashlib"}
