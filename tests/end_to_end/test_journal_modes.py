"""bookings.db as its program left it: killed inside a transaction, or in WAL mode where we may only read."""

from __future__ import annotations

import os
import pwd
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.clinic import Clinic

# Root may write everything, unless it gives that up.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
PROGRAM = """\
import os, signal, sqlite3, sys
path, mode, end = sys.argv[1:]
connection = sqlite3.connect(path, isolation_level=None)
connection.execute("PRAGMA cache_size = 5")  # so that the file itself is written before the end
connection.execute(f"PRAGMA journal_mode = {mode}")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE customers SET full_name = full_name || 'x'")
connection.execute("DELETE FROM bookings")
if end == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
connection.execute("ROLLBACK")
connection.execute("UPDATE customers SET full_name = full_name || 'y'")
if end == "open":
    print("open", flush=True)
    sys.stdin.read()
connection.close()
"""


@pytest.fixture
def shared(clinic: Clinic) -> Iterator[Path]:
    """The folder of a bookings.db of its own, with a booking that is due."""
    clinic.write(
        "- {id: w, when: 1 day before start, actions: [{send: sms, to: customer, body: Hola}]}\n",
        settings="timezone: Europe/Madrid\noutbox: outbox\nbookings: shared/bookings.db\n",
    )
    clinic.book("b1", "2026-06-10T10:00Z")
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection, connection:
        customers = ((f"c{number}", "x" * 500) for number in range(2000))
        connection.executemany("INSERT INTO customers (id, full_name) VALUES (?, ?)", customers)
    folder = clinic.folder / "shared"
    folder.mkdir()
    (clinic.folder / "bookings.db").rename(folder / "bookings.db")
    clinic.run("2026-06-09T09:59Z")
    yield folder
    folder.chmod(0o700)


def program(folder: Path, mode: str, end: str) -> list[str]:
    """The command of a program that writes bookings.db; it is killed inside a transaction, closes it, or stays."""
    return [sys.executable, "-c", PROGRAM, str(folder / "bookings.db"), mode, end]


def let_only_read(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def let_write(folder: Path) -> None:
    for path in (folder, *folder.iterdir()):
        path.chmod(0o700 if path.is_dir() else 0o600)


def run(clinic: Clinic, minute: int, command: str = "run") -> subprocess.CompletedProcess[str]:
    """A command as a user who may not write everything."""
    yaml, now = str(clinic.folder / "workflows.yaml"), f"2026-06-09T10:{minute:02}Z"
    words = [*UNPRIVILEGED, sys.executable, "-m", "reminderctl", "-c", yaml, command, "--now", now]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("mode", ["DELETE", "TRUNCATE", "PERSIST", "WAL"])
def test_a_transaction_in_which_its_program_was_killed_is_rolled_back(clinic: Clinic, shared: Path, mode: str) -> None:
    assert subprocess.run(program(shared, mode, "killed"), check=False).returncode == -signal.SIGKILL
    ran = run(clinic, 0)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert clinic.states() == {"sent": 1}


@pytest.mark.parametrize("mode", ["DELETE", "TRUNCATE", "PERSIST"])
def test_where_it_may_not_be_rolled_back_a_run_says_whose_turn_it_is(clinic: Clinic, shared: Path, mode: str) -> None:
    subprocess.run(program(shared, mode, "killed"), check=False)
    let_only_read(shared)
    ran = run(clinic, 0)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (75, "", 1), ran.stderr
    assert ran.stderr.startswith(f"{shared / 'bookings.db'}: its program stopped in the middle of a transaction"), (
        ran.stderr
    )
    assert f"open it once as user {pwd.getpwuid(os.getuid()).pw_name}; " in ran.stderr
    soon, later = run(clinic, 0, "status"), run(clinic, 10, "status")
    assert "stopped in the middle of a transaction" in soon.stdout
    assert (soon.returncode, later.returncode) == (1, 2), "no run for more than --max-lag"
    assert clinic.states() == {}
    let_write(shared)
    subprocess.run(program(shared, mode, "closed"), check=True)  # its turn
    let_only_read(shared)
    assert (run(clinic, 1).returncode, clinic.states()) == (0, {"sent": 1})


def test_wal_mode_in_a_folder_that_may_only_be_read_is_named(clinic: Clinic, shared: Path) -> None:
    subprocess.run(program(shared, "WAL", "closed"), check=True)
    let_only_read(shared)
    ran = run(clinic, 0)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (75, "", 1), ran.stderr
    assert ran.stderr.startswith(
        f"{shared / 'bookings.db'}: it is in WAL mode, and without write permission in {shared}"
    )
    assert clinic.states() == {}
    let_write(shared)
    with subprocess.Popen(program(shared, "WAL", "open"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"open\n"
        let_only_read(shared)
        assert (run(clinic, 1).returncode, clinic.states()) == (0, {"sent": 1})
        shared.chmod(0o700)


def test_a_log_without_its_index_in_a_folder_that_may_only_be_read_is_named(clinic: Clinic, shared: Path) -> None:
    """As a backup or a snapshot leaves it."""
    subprocess.run(program(shared, "WAL", "killed"), check=False)
    (shared / "bookings.db-shm").unlink()
    let_only_read(shared)
    ran = run(clinic, 0)
    assert (ran.returncode, ran.stderr.count("\n")) == (75, 1), ran.stderr
    assert "it is in WAL mode" in ran.stderr
    shared.chmod(0o700)
    assert (run(clinic, 1).returncode, clinic.states()) == (0, {"sent": 1})
