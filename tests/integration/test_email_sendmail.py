"""Email through a program that stands for sendmail."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reminderctl.channels import email as channel
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Unavailable, Unknown
from reminderctl.model import Envelope

AROUND = Envelope(
    key="3f2a9c",
    delivery_id=7,
    at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    useful_until=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
)
MESSAGE = channel.Message(to="ana@example.test", subject="Su cita", body="Hola Ana")


def a_channel(program: Path, *, timeout: float = 10) -> channel.Channel:
    return channel.Channel(channel.Settings(sendmail=program, from_="citas@example.test", timeout=timeout))


def a_program(folder: Path, script: str) -> Path:
    path = folder / "sendmail"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_a_local_program_takes_the_mail(tmp_path):
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
def test_the_end_of_a_local_program_is_read(tmp_path, script, expected):
    with pytest.raises(DeliveryError) as caught:
        a_channel(a_program(tmp_path, script), timeout=0.5 if "sleep" in script else 10).send(MESSAGE, AROUND)
    assert type(caught.value) is expected


def test_a_missing_local_program_stops_the_channel(tmp_path):
    with pytest.raises(ChannelDown, match="cannot be started: No such file"):
        a_channel(tmp_path / "none").send(MESSAGE, AROUND)
