"""The demonstration: a story that is shown while it is played."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from reminderctl.cli import main

COMMAND = [sys.executable, "-c", "from reminderctl.cli import main; main()", "demo"]


def test_the_story_appears_while_it_is_played_and_each_message_is_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "a demo"
    environment = {**os.environ, "COLUMNS": "120"}
    with subprocess.Popen([*COMMAND, str(folder)], stdout=subprocess.PIPE, text=True, env=environment) as playing:
        assert playing.stdout
        lines = [playing.stdout.readline() for _ in range(4)]  # the heading, a blank line, the day, the first message
        assert playing.poll() is None, "the first message is shown before the last is made"
        assert "email to ana@example.com" in lines[-1]
        rest = playing.stdout.read()
    assert playing.returncode == 0
    story = "".join(lines) + rest
    assert "Ana moves her haircut" in story
    assert "no reminder for the consultation: status is canceled" in story
    assert "cron is down for 30 minutes" in story
    assert "(+20 min)" in story
    sent = [line for line in story.splitlines() if " email to " in line or " webhook to " in line]
    assert len(sent) == len(list((folder / "outbox").glob("[0-9]*")))
    assert f"{len(sent)} messages, each sent once and saved" in story
    commands = [shlex.split(line.rpartition(" -c ")[2]) for line in story.splitlines() if " -c " in line]
    assert [command[1:] for command in commands] == [["deliveries", "list"], ["bookings", "list"], ["shortcodes"]]
    for command in commands:
        assert CliRunner().invoke(main, ["-c", *command]).exit_code == 0
    again = CliRunner().invoke(main, ["demo", str(folder)])
    assert again.exit_code == 2
    assert "already contains a workflows.yaml; use an empty folder" in again.output
