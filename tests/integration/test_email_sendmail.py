"""Email through a program that stands for sendmail."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reminderctl.channels import email as channel
from reminderctl.channels._email import login
from reminderctl.channels._email.message import Message
from reminderctl.channels._email.settings import Settings
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Unavailable, Unknown
from reminderctl.model import Envelope

AROUND = Envelope(
    key="3f2a9c",
    delivery_id=7,
    at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    useful_until=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
)
MESSAGE = Message(to="ana@example.test", subject="Su cita", body="Hola Ana")


def a_channel(program: Path, *, timeout: float = 10) -> channel.Channel:
    return channel.Channel(Settings(sendmail=program, from_="citas@example.test", timeout=timeout))


def a_program(folder: Path, script: str) -> Path:
    path = folder / "sendmail"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_local_program_takes_the_mail(tmp_path: Path) -> None:
    program = a_program(tmp_path, f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/mail')
    receipt = a_channel(program).send(MESSAGE, AROUND)
    assert (tmp_path / "arguments").read_text() == "-i -f citas@example.test -- ana@example.test\n"
    assert b"\nSubject: Su cita\n" in (tmp_path / "mail").read_bytes()
    assert b"\r" not in (tmp_path / "mail").read_bytes()
    assert receipt.provider_id == "<3f2a9c@example.test>"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 65", Rejected),
        ("exit 75", Unavailable),
        ("exit 76", Unknown),
        ("exit 78", ChannelDown),
        ("kill -9 $$", Unknown),
        ("exec sleep 9", Unknown),
        ("echo 'x: recipient not accepted\nx: server message: 451 4.7.1 Greylisted' >&2; exit 69", Unavailable),
        ("echo 'x: recipient not accepted\nx: server message: 550 5.1.1 No such user' >&2; exit 65", Rejected),
        ("echo 'x: authentication failed\nx: server message: 535 5.7.8 Wrong' >&2; exit 77", ChannelDown),
    ],
)
def test_the_end_of_a_local_program_is_read(tmp_path: Path, script: str, expected: type[DeliveryError]) -> None:
    with pytest.raises(DeliveryError) as caught:
        a_channel(a_program(tmp_path, script), timeout=0.5 if "sleep" in script else 10).send(MESSAGE, AROUND)
    assert type(caught.value) is expected


def test_a_missing_local_program_stops_the_channel(tmp_path: Path) -> None:
    with pytest.raises(ChannelDown, match="cannot be started: No such file"):
        a_channel(tmp_path / "none").send(MESSAGE, AROUND)


# --- what a program leaves running ----------------------------------------------------------------------------------

QUEUE_RUNNER = 'sleep 120 {redirected} & echo $! >> "{folder}/pids"'


@pytest.fixture
def queue_runner(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """A line of shell that leaves a child behind, as msmtp's queue scripts do; the child is ended with the test."""
    yield lambda redirected="": QUEUE_RUNNER.format(redirected=redirected, folder=tmp_path)
    for pid in (tmp_path / "pids").read_text().split():
        os.kill(int(pid), signal.SIGKILL)


@pytest.mark.parametrize("redirected", ["", "0<&0"], ids=["holds its output", "holds its input too"])
@pytest.mark.parametrize(
    ("end", "expected"),
    [("exit 0", None), ("echo 'recipient refused' >&2; exit 65", Rejected), ("exit 75", Unavailable)],
)
def test_the_end_of_a_program_counts_and_not_that_of_what_it_leaves_running(
    tmp_path: Path, queue_runner: Callable[..., str], redirected: str, end: str, expected: type[DeliveryError] | None
) -> None:
    program = a_program(tmp_path, f"cat > {tmp_path}/mail; {queue_runner(redirected)}; {end}")
    sender = a_channel(program, timeout=3)  # it would be waited for three times as long
    if expected is None:
        assert sender.send(MESSAGE, AROUND).provider_id == "<3f2a9c@example.test>"
    else:
        with pytest.raises(expected, match=r"ended with status (65: recipient refused|75)"):
            sender.send(MESSAGE, AROUND)
    assert b"Hola Ana" in (tmp_path / "mail").read_bytes()


def test_a_program_that_reads_no_mail_and_leaves_its_input_open_is_not_waited_for(
    tmp_path: Path, queue_runner: Callable[..., str]
) -> None:
    long = Message(to="ana@example.test", subject="Su cita", body="Hola Ana. " * 100_000)
    program = a_program(tmp_path, f"{queue_runner('0<&0')}; exit 0")
    assert a_channel(program, timeout=3).send(long, AROUND).provider_id == "<3f2a9c@example.test>"


def test_a_token_is_taken_although_its_command_leaves_something_running(
    tmp_path: Path, queue_runner: Callable[..., str]
) -> None:
    program = a_program(tmp_path, f"{queue_runner()}; echo t0ken")
    settings = Settings(host="h", username="u", token_command=[str(program)], from_="citas@example.test", timeout=3)
    prepared = login.prepare(settings, ["XOAUTH2"], deadline=time.monotonic() + 3)
    assert "t0ken" in prepared.initial
