"""Email against Postfix's smtp-sink, which fails at any command it is told to."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.clinic import Clinic

SMTP_SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(SMTP_SINK is None, reason="not installed: smtp-sink (Debian: postfix)"),
]

NOW, LATER = "2026-06-09T10:00Z", "2026-06-09T10:15Z"
SETTINGS = """\
timezone: Europe/Madrid
language: es
channels:
  email: {{host: 127.0.0.1, port: {port}, security: none, from: citas@example.com, timeout: {timeout}}}
"""
WORKFLOWS = """\
- id: reminder
  when: 1 day before start
  actions: [{send: email, to: customer, subject: Cita, body: "Hola {customer_full_name}"}]
"""


class Sink(NamedTuple):
    """A running smtp-sink, and the folder with the mails whose final dot it has seen."""

    port: int
    folder: Path

    def message_ids(self) -> list[str]:
        lines = [line for mail in self.folder.glob("mail.*") for line in mail.read_text().splitlines()]
        return [line.partition(": ")[2] for line in lines if line.startswith("Message-ID: ")]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Callable[..., Sink]]:
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Sink:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
            folder = tmp_path / f"sink-{port}"
            folder.mkdir()
            as_user = []
            if os.geteuid() == 0:
                as_user = ["-u", "nobody"]
                os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
            command = [str(SMTP_SINK), *as_user, "-d", "mail.", *options, f"127.0.0.1:{port}", "20"]
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            stack.enter_context(process)
            stack.callback(process.kill)
            patience = time.monotonic() + 10
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                except ConnectionRefusedError:
                    assert process.poll() is None, process.stderr and process.stderr.read()
                    assert time.monotonic() < patience
                    time.sleep(0.01)
                else:
                    return Sink(port, folder)

        yield start


@pytest.fixture
def connect(clinic: Clinic) -> Callable[..., None]:
    """Write the workflows with a sink's port."""

    def write(port: int, *, timeout: float = 5) -> None:
        clinic.write(WORKFLOWS, settings=SETTINGS.format(port=port, timeout=timeout))

    write(1)
    clinic.run("2026-06-08T08:00Z")
    return write


def only_delivery(clinic: Clinic) -> dict[str, Any]:
    (found,) = clinic.deliveries()
    return found


DROPPED, HARD, SOFT, HUNG_UP, SLOW = "-q", "-f", "-r", "-Q", "-W"

# What each fault leads to: the state, the outcome of the attempt, and what the error says.
FAULTS = [
    (DROPPED, "connect", "pending", "unavailable", "cannot be reached"),
    (DROPPED, "ehlo", "pending", "unavailable", "lost at the greeting"),
    (DROPPED, "mail", "pending", "unavailable", "lost at the sender"),
    (DROPPED, "rcpt", "pending", "unavailable", "lost at the recipient"),
    (DROPPED, "data", "pending", "unavailable", "lost at the message"),
    (DROPPED, ".", "pending", "unknown", "it may have arrived"),
    (DROPPED, "quit", "sent", "sent", ""),
    (SOFT, "connect", "pending", "unavailable", "refused the connection: 450"),
    (SOFT, "ehlo", "sent", "sent", ""),  # HELO is enough for a server that asks for nothing more
    (SOFT, "ehlo,helo", "pending", "unavailable", "refused the greeting: 450"),
    (SOFT, "mail", "pending", "unavailable", "refused the sender: 450 4.3.0"),
    (SOFT, "rcpt", "pending", "unavailable", "refused the recipient: 450 4.3.0"),
    (SOFT, "data", "pending", "unavailable", "refused the message: 450 4.3.0"),
    (SOFT, ".", "pending", "unavailable", "refused the message: 450 4.3.0"),
    (SOFT, "quit", "sent", "sent", ""),
    (HARD, "connect", "pending", "channel down", "refused the connection: 500"),
    (HARD, "ehlo", "sent", "sent", ""),
    (HARD, "ehlo,helo", "pending", "channel down", "refused the greeting: 500"),
    (HARD, "mail", "pending", "channel down", "refused the sender: 500 5.3.0"),
    (HARD, "rcpt", "failed", "rejected", "refused the recipient: 500 5.3.0"),
    (HARD, "data", "failed", "rejected", "refused the message: 500 5.3.0"),
    (HARD, ".", "failed", "rejected", "refused the message: 500 5.3.0"),
    (HARD, "quit", "sent", "sent", ""),
    (HUNG_UP, "connect", "pending", "unavailable", "421"),
    (HUNG_UP, "rcpt", "pending", "unavailable", "421"),
    (HUNG_UP, ".", "pending", "unavailable", "421"),
    (SLOW, "ehlo:9", "pending", "unavailable", "lost at the greeting"),
    (SLOW, "rcpt:9", "pending", "unavailable", "lost at the"),  # it holds back its answer to MAIL, too
    (SLOW, "data:9", "pending", "unavailable", "lost at the message"),
    (SLOW, ".:9", "pending", "unknown", "it may have arrived"),
    (SLOW, "quit:9", "sent", "sent", ""),
]


@pytest.mark.parametrize(
    ("fault", "command", "state", "outcome", "words"), FAULTS, ids=[f"{each[0]} {each[1]}" for each in FAULTS]
)
def test_a_fault_ends_as_its_place_says_and_loses_nothing(
    clinic: Clinic,
    sink: Callable[..., Sink],
    connect: Callable[..., None],
    fault: str,
    command: str,
    state: str,
    outcome: str,
    words: str,
) -> None:
    faulty = sink(fault, command)
    connect(faulty.port, timeout=0.8 if fault == SLOW else 5)
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.command("run", "--now", NOW)
    delivery = only_delivery(clinic)
    assert (delivery["state"], words in (delivery["error"] or "")) == (state, True), delivery
    assert (delivery["next_attempt_at"] is not None) == (state == "pending")
    sound = sink()
    connect(sound.port)
    clinic.command("run", "--now", LATER)
    retried = state == "pending"
    assert only_delivery(clinic)["state"] == ("sent" if retried else state)
    shown = clinic.command("deliveries", "show", str(delivery["id"]), "--json").stdout
    assert [each["outcome"] for each in json.loads(shown)["history"]] == [outcome, *["sent"] * retried]
    message_id = f"<{delivery['key']}@example.com>"
    was_heard_out = state == "sent" or command.startswith(".")
    assert faulty.message_ids() == [message_id] * was_heard_out
    assert sound.message_ids() == [message_id] * retried
