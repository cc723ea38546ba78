"""The lock file, by which runs know each other, goes away while a run sends."""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import http_server
from tests.clinic import Clinic

HOOKS = 16


class Receiver:
    """A server that holds its answers until it is told to go on, so that a run is in the middle of sending."""

    def __init__(self, server: http_server.Server) -> None:
        self.server = server
        self.busy = threading.Event()
        self.may_answer = threading.Event()
        server.script(self._answer)

    def _answer(self, exchange: http_server.Exchange) -> None:
        exchange.read()
        self.busy.set()
        self.may_answer.wait(60)
        exchange.answer(200)

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.server.requests]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_server.serve() as server:
        receiver = Receiver(server)
        yield receiver
        receiver.may_answer.set()


@pytest.fixture
def sending(clinic: Clinic, receiver: Receiver) -> Iterator[subprocess.Popen[str]]:
    """A run that is sending 16 webhooks, the first 8 of which have arrived and are not answered yet."""
    clinic.write(
        f"- {{id: hook, when: 1 hour before start, actions: [{{send: webhook, url: '{receiver.server.url}'}}]}}\n",
        settings="timezone: Europe/Madrid\n",
    )
    clinic.run("2026-06-10T08:00Z")
    for number in range(HOOKS):
        clinic.book(f"b{number}", "2026-06-10T10:00Z")
    yaml = str(clinic.folder / "workflows.yaml")
    command = [sys.executable, "-m", "reminderctl", "-c", yaml, "run", "--now", "2026-06-10T09:00Z"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert receiver.busy.wait(30)
        yield run
        receiver.may_answer.set()
        run.kill()


def delete(path: Path) -> None:
    path.unlink()


def replace_by_a_copy(path: Path) -> None:
    """As a backup does that is put back, or `git clean` and a deployment."""
    copy = shutil.copy(path, path.with_name("copy"))
    Path(copy).rename(path)


def wait_until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def is_held(path: Path, number: int) -> bool:
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            return True
    return False


def make_older(path: Path) -> None:
    """As if a minute had passed since the lock file was made."""
    inode, made_at, run = path.read_text().split()
    path.write_text(f"{inode} {float(made_at) - 60} {run}\n")


@pytest.mark.parametrize("lose", [delete, replace_by_a_copy])
def test_a_lock_file_that_is_lost_while_a_run_sends_repeats_nothing(
    clinic: Clinic, receiver: Receiver, sending: subprocess.Popen[str], lose: Callable[[Path], None]
) -> None:
    lock = clinic.folder / "ledger.db.lock"
    sending.send_signal(signal.SIGSTOP)  # before it can notice
    lose(lock)
    other = clinic.command("run", "--now", "2026-06-10T09:01Z")
    sending.send_signal(signal.SIGCONT)
    assert (other.exit_code, other.stderr.count("\n")) == (1, 1), other.stderr
    assert other.stderr.startswith(f"{lock}: the file was recreated while messages were being sent"), other.stderr
    receiver.may_answer.set()
    output, errors = sending.communicate(timeout=60)
    assert (sending.returncode, output, errors) == (0, "", "")
    assert sorted(receiver.ids) == sorted(each["key"] for each in clinic.deliveries())
    assert clinic.states() == {"sent": HOOKS}
    assert clinic.run("2026-06-10T09:02Z") == {}, "nothing is being sent any more, so there is nothing to wait for"


@pytest.mark.parametrize("lose", [delete, replace_by_a_copy])
def test_a_run_that_goes_on_holds_the_new_lock_file_too(
    clinic: Clinic, receiver: Receiver, sending: subprocess.Popen[str], lose: Callable[[Path], None]
) -> None:
    lock = clinic.folder / "ledger.db.lock"
    lose(lock)
    clinic.command("run", "--now", "2026-06-10T09:01Z")
    wait_until(lambda: is_held(lock, 2))
    make_older(lock)
    assert clinic.run("2026-06-10T09:02Z") == {}
    receiver.may_answer.set()
    sending.communicate(timeout=60)
    assert sending.returncode == 0
    assert len(receiver.ids) == len(set(receiver.ids)) == HOOKS


def test_a_run_that_died_is_found_once_the_new_lock_file_is_older(
    clinic: Clinic, receiver: Receiver, sending: subprocess.Popen[str]
) -> None:
    lock = clinic.folder / "ledger.db.lock"
    sending.kill()
    sending.wait()
    lock.unlink()
    receiver.may_answer.set()
    clinic.run("2026-06-10T09:01Z", exits=1)
    assert clinic.states()["sending"] == HOOKS
    make_older(lock)
    assert clinic.run("2026-06-10T09:02Z") == {"sent": HOOKS}


def test_a_ledger_that_is_replaced_while_a_run_sends_ends_that_run(
    clinic: Clinic, receiver: Receiver, sending: subprocess.Popen[str]
) -> None:
    """What it goes on to record would be lost, and the runs that come read the other file."""
    ledger = clinic.folder / "ledger.db"
    Path(shutil.copy(ledger, clinic.folder / "copy")).rename(ledger)
    time.sleep(2)  # the run looks twice a second
    receiver.may_answer.set()
    _, errors = sending.communicate(timeout=60)
    assert (sending.returncode, errors.count("\n")) == (1, 1), errors
    assert errors.startswith(f"{ledger}: the file was replaced or deleted while messages were being sent"), errors
    assert len(receiver.ids) < HOOKS
