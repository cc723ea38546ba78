"""Files that are locked, full, damaged or exchanged: never send what cannot be recorded, never send twice."""

from __future__ import annotations

import itertools
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from reminderctl import ledger
from tests import http_server
from tests.clinic import Clinic
from tests.privileges import WITHOUT_PRIVILEGES, without_privileges

SETTINGS = """\
timezone: Europe/Madrid
channels:
  sms:
    provider: http
    url: {url}/sms
    json: {{to: "{{to}}", text: "{{body}}"}}
    success: {{status: [200]}}
    from: Clinic
"""
WORKFLOWS = """\
- id: hook
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/hook", json: {{booking: "{{appointment_id}}"}}}}]
- id: text
  when: 1 hour before start
  actions: [{{send: sms, to: customer, body: "{{appointment_id}}"}}]
"""


@pytest.fixture
def web() -> Iterator[http_server.Server]:
    with http_server.serve() as server:
        server.script(http_server.answer(200, {}))
        yield server


@pytest.fixture
def due(clinic: Clinic, web: http_server.Server) -> Clinic:
    """A clinic with a webhook and an SMS due at 09:00."""
    clinic.write(WORKFLOWS.format(url=web.url), settings=SETTINGS.format(url=web.url))
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def start(clinic: Clinic, now: str, *, limit: int | None = None) -> subprocess.Popen[str]:
    """A run of its own whose files may not grow beyond `limit` bytes: to it, the disk is full."""
    fill = None
    if limit is not None:
        fill = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    command = [sys.executable, "-m", "reminderctl", "-c", str(clinic.folder / "workflows.yaml"), "run", "--now", now]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=fill,  # noqa: PLW1509 - the limit must be the child's alone
    )


# --- locked -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["bookings.db", "ledger.db"])
def test_a_file_that_is_locked_for_a_while_is_waited_for(due: Clinic, web: http_server.Server, file: str) -> None:
    connection = sqlite3.connect(due.folder / file, check_same_thread=False, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    threading.Timer(1.0, lambda: connection.execute("COMMIT")).start()
    result = due.command("run", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 0, result.output
    assert len(web.requests) == 2
    connection.close()


def test_a_file_that_stays_locked_ends_the_run_and_the_next_one_does_its_work(
    due: Clinic, web: http_server.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminderctl.bookings.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("reminderctl.ledger.store.BUSY_SECONDS", 0.2)
    for minute, file in enumerate(("bookings.db", "ledger.db")):
        connection = sqlite3.connect(due.folder / file, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        result = due.command("run", "--now", f"2026-06-10T09:0{minute}Z")
        connection.close()
        assert (result.exit_code, result.stderr.count("\n")) == (75, 1), result.stderr
        assert f"{due.folder / file}: another program has locked" in result.stderr
    assert web.requests == []
    assert due.run("2026-06-10T09:02Z") == {"planned": 2, "sent": 2}


def test_what_was_accepted_while_the_ledger_was_locked_is_recorded_and_not_sent_again(
    due: Clinic, web: http_server.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminderctl.ledger.store.BUSY_SECONDS", 0.2)
    monkeypatch.setattr("reminderctl.tick.send.DRAIN_SECONDS", 0.5)
    connection = sqlite3.connect(due.folder / "ledger.db", check_same_thread=False, isolation_level=None)

    def lock_and_accept(exchange: http_server.Exchange) -> None:
        exchange.read()
        with suppress(sqlite3.OperationalError):  # the other one has done it
            connection.execute("BEGIN IMMEDIATE")
            threading.Timer(2.0, lambda: connection.execute("ROLLBACK")).start()
        exchange.answer(200, {})

    web.script(lock_and_accept)
    assert due.command("run", "--now", "2026-06-10T09:00Z").exit_code == 75
    connection.close()
    assert due.states() == {"sent": 2}
    assert due.run("2026-06-10T09:01Z") == {}
    assert len(web.requests) == 2


def test_bookings_that_are_replaced_while_a_run_sends_are_looked_at_from_then_on(
    due: Clinic, web: http_server.Server
) -> None:
    for number in range(20):
        due.book(f"more-{number}", "2026-06-10T10:00Z")
    export = shutil.copy(due.folder / "bookings.db", due.folder / "export.db")
    with closing(sqlite3.connect(export)) as connection, connection:
        connection.execute("UPDATE bookings SET status = 'canceled'")

    def replace_and_accept(exchange: http_server.Exchange) -> None:
        exchange.read()
        with suppress(FileNotFoundError):  # the first of them has done it
            Path(export).rename(due.folder / "bookings.db")
        exchange.answer(200, {})

    web.script(replace_and_accept)
    counts = due.run("2026-06-10T09:00Z")
    assert counts["sent"] == len(web.requests)
    assert counts["sent"] + counts["canceled"] == counts["planned"] == 42
    texts = [each for each in due.deliveries("--channel", "sms") if each["state"] == "canceled"]
    assert len(texts) >= 10, "few SMS are claimed at a time"


# --- full, read-only --------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_before_a_claim_sends_nothing(due: Clinic, web: http_server.Server) -> None:
    full = start(due, "2026-06-10T09:00Z", limit=0)
    _, errors = full.communicate(timeout=30)
    assert full.returncode == 1
    assert "cannot write the ledger" in errors
    assert errors.count("\n") == 1
    assert web.requests == []
    assert due.run("2026-06-10T09:01Z") == {"planned": 2, "sent": 2}
    assert len(web.requests) == 2


def test_a_disk_that_fills_up_after_the_claim_sends_nothing_more_and_nothing_twice(
    due: Clinic, web: http_server.Server
) -> None:
    for number in range(80):
        due.book(f"more{number}", "2026-06-10T10:00Z")
    runs: list[subprocess.Popen[str]] = []

    def fill_the_disk(exchange: http_server.Exchange) -> None:
        exchange.read()
        resource.prlimit(runs[0].pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        exchange.answer(200, {})

    web.script(fill_the_disk)
    runs.append(start(due, "2026-06-10T09:00Z"))
    _, errors = runs[0].communicate(timeout=60)
    assert runs[0].returncode == 1
    assert "cannot write the ledger" in errors
    assert "Traceback" not in errors
    reached = len(web.requests)
    assert 0 < reached < 81, "nothing was claimed that could not be recorded"
    web.script(http_server.answer(200, {}))
    due.run("2026-06-10T09:01Z", exits=1)
    due.every_minute("2026-06-10T09:02Z", "2026-06-10T09:05Z")
    texts = [request.json()["text"] for request in web.requests if request.path == "/sms"]
    assert len(texts) == len(set(texts)), "an SMS whose fate the ledger does not know is not repeated"
    states = {each["booking"]: each["state"] for each in due.deliveries() if each["channel"] == "sms"}
    assert set(states.values()) == {"sent", "unknown"}
    assert {text for text in texts if states[text] == "sent"} | {
        booking for booking, state in states.items() if state == "unknown"
    } == states.keys()
    hooks = [request.headers["webhook-id"] for request in web.requests if request.path == "/hook"]
    assert set(hooks) == {each["key"] for each in due.deliveries() if each["channel"] == "webhook"}


@pytest.mark.parametrize(("channel", "workers"), [("webhook", 8), ("sms", 4)])
def test_once_the_ledger_cannot_be_written_nothing_that_was_claimed_is_begun(
    clinic: Clinic, web: http_server.Server, channel: str, workers: int
) -> None:
    """Each worker has sent one message whose end cannot be recorded, and is sending another one; no more begin."""
    infobip = f"  sms: {{provider: infobip, api_key: k, from: Clinica, base_url: '{web.url}'}}\n"
    action = f"{{send: webhook, url: '{web.url}'}}" if channel == "webhook" else "{send: sms, to: customer, body: Hola}"
    clinic.write(
        f"- {{id: many, when: 1 hour before start, actions: [{action}]}}\n",
        settings=f"timezone: Europe/Madrid\nchannels:\n{infobip}",
    )
    clinic.run("2026-06-10T08:00Z")
    for number in range(60):
        clinic.book(f"many{number}", "2026-06-10T10:00Z")
    runs: list[subprocess.Popen[str]] = []
    all_at_work = threading.Barrier(workers)
    turns = itertools.count()
    accepted = {"messages": [{"messageId": "m1", "status": {"groupId": 1, "id": 26, "name": "PENDING_ACCEPTED"}}]}

    def fill_the_disk(exchange: http_server.Exchange) -> None:
        exchange.read()
        if next(turns) < workers:
            resource.prlimit(runs[0].pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            all_at_work.wait(timeout=20)
        else:
            exchange.server.released.wait(0.4)  # until the ends of the first messages could not be recorded
        exchange.answer(200, accepted)

    web.script(fill_the_disk)
    runs.append(start(clinic, "2026-06-10T09:00Z"))
    _, errors = runs[0].communicate(timeout=60)
    begun = len(web.requests)
    assert runs[0].returncode == 1
    assert workers <= begun <= 2 * workers
    unrecorded = f"the result of {begun} attempts is not recorded"
    assert f"{unrecorded}, and the next run treats them as uncertain; " in errors
    assert "more were claimed but not started" in errors
    assert errors.count("\n") == 1
    web.script(http_server.answer(200, accepted))
    clinic.run("2026-06-10T09:01Z")
    clinic.every_minute("2026-06-10T09:02Z", "2026-06-10T09:03Z")
    assert clinic.states() == {"sent": 60}
    keys = [each["key"] for each in clinic.deliveries()]
    assert len(web.requests) == 60 + begun, "what may have gone out is repeated once, with the same id"
    if channel == "webhook":
        assert {request.headers["webhook-id"] for request in web.requests} == {*keys}


def test_a_ledger_that_may_not_be_written_is_said_in_one_line(due: Clinic, web: http_server.Server) -> None:
    path = due.folder / "ledger.db"
    path.chmod(0o400)
    command = [
        *WITHOUT_PRIVILEGES,
        sys.executable,
        "-m",
        "reminderctl",
        "-c",
        str(due.folder / "workflows.yaml"),
        "run",
    ]
    ran = subprocess.run([*command, "--now", "2026-06-10T09:00Z"], capture_output=True, text=True, check=False)
    assert ran.returncode in (1, 2), ran.stderr
    assert ran.stderr.startswith(f"{path}: cannot write the ledger"), ran.stderr
    assert ran.stderr.count("\n") == 1
    assert web.requests == []
    path.chmod(0o600)
    index = path.with_name("ledger.db-shm")  # made by SQLite with the mode that the ledger had
    with without_privileges():
        refused = due.command("run", "--now", "2026-06-10T09:01Z")
    assert (refused.exit_code, f"no permission to write {index}" in refused.stderr) == (1, True), refused.stderr
    for each in due.folder.glob("ledger.db*"):
        each.chmod(0o600)
    assert due.run("2026-06-10T09:01Z") == {"planned": 2, "sent": 2}


# --- damaged ----------------------------------------------------------------------------------------------------------


def overwrite_header(content: bytes) -> bytes:
    return b"\0" * 100 + content[100:]


def overwrite_pages(content: bytes) -> bytes:
    return content[:4096] + b"\xa5" * (len(content) - 4096)


def truncate(content: bytes) -> bytes:
    return content[: len(content) // 2 + 123]


def empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [overwrite_header, overwrite_pages, truncate, empty])
@pytest.mark.parametrize("file", ["ledger.db", "bookings.db"])
def test_a_damaged_file_is_named_left_as_it_is_and_nothing_goes_out(
    due: Clinic, web: http_server.Server, damage: Callable[[bytes], bytes], file: str
) -> None:
    path = due.folder / file
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sound = path.read_bytes()
    path.write_bytes(damage(sound))
    (due.folder / f"{file}-wal").unlink(missing_ok=True)
    (due.folder / f"{file}-shm").unlink(missing_ok=True)
    result = due.command("run", "--now", "2026-06-10T09:00Z")
    assert isinstance(result.exception, SystemExit), result.output
    assert result.exit_code in (1, 2)
    assert result.stderr.startswith(f"{path}: ")
    assert result.stderr.count("\n") == 1
    assert web.requests == []
    (due.folder / f"{file}-wal").unlink(missing_ok=True)
    (due.folder / f"{file}-shm").unlink(missing_ok=True)
    path.write_bytes(sound)
    assert due.run("2026-06-10T09:01Z") == {"planned": 2, "sent": 2}
    due.every_minute("2026-06-10T09:02Z", "2026-06-10T09:04Z")
    assert len(web.requests) == 2


# --- exchanged --------------------------------------------------------------------------------------------------------


def _copy(ledger: Path, copy: Path) -> None:
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _remove(folder: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        (folder / f"ledger.db{ending}").unlink(missing_ok=True)


def test_a_ledger_of_two_days_ago_sends_nothing_again(due: Clinic, web: http_server.Server, tmp_path: Path) -> None:
    _copy(due.folder / "ledger.db", tmp_path / "old.db")
    for day in (10, 11, 12):
        due.book(f"on-{day}", f"2026-06-{day}T12:00Z")
        due.run(f"2026-06-{day}T11:00Z", exits=1 if day == 10 else 0)
    seen = len(web.requests)
    assert seen == 6
    _remove(due.folder)
    shutil.copy(tmp_path / "old.db", due.folder / "ledger.db")
    result = due.command("run", "--now", "2026-06-12T11:01Z")
    assert (result.exit_code, "restored" in result.stderr) == (1, True), result.stderr
    due.every_minute("2026-06-12T11:02Z", "2026-06-12T11:10Z")
    assert len(web.requests) == seen
    due.book("next", "2026-06-12T12:30Z")
    assert due.run("2026-06-12T11:30Z") == {"planned": 2, "sent": 2}


def test_a_ledger_replaced_by_an_empty_one_sends_nothing_again(due: Clinic, web: http_server.Server) -> None:
    due.run("2026-06-10T09:00Z")
    _remove(due.folder)
    ledger.create(due.folder / "ledger.db")
    result = due.command("run", "--now", "2026-06-10T09:01Z")
    assert (result.exit_code, "does not contain the last run" in result.stderr) == (1, True), result.stderr
    due.every_minute("2026-06-10T09:02Z", "2026-06-10T09:10Z")
    assert len(web.requests) == 2
    due.book("next", "2026-06-10T10:30Z")
    assert due.run("2026-06-10T09:30Z") == {"planned": 2, "sent": 2}
