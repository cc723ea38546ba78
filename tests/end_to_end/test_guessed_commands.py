"""The words that people guess: commands and options of other names, help, completion by the shell."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reminderctl import __version__
from reminderctl.cli import main
from reminderctl.cli.command_table import COMMANDS
from reminderctl.cli.examples import EXAMPLES
from tests.clinic import Clinic

WORKFLOWS = """\
- id: reminder
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: s, body: b}]
- id: follow-up
  when: 1 hour after end
  actions: [{send: sms, to: customer, body: b}]
"""
GUESSED = {
    **dict.fromkeys(("doctor", "health", "stats", "monitor"), "`status`"),
    **dict.fromkeys(("validate", "lint", "config"), "`check`"),
    **dict.fromkeys(("preview", "show", "render"), "`test`"),
    **dict.fromkeys(("logs", "history", "list"), "`deliveries list`"),
    **dict.fromkeys(("next", "simulate", "queue"), "`upcoming`"),
    **dict.fromkeys(("dry-run",), "`run --dry-run`"),
    **dict.fromkeys(("retry", "resend"), "`deliveries retry ID`"),
    **dict.fromkeys(("cancel",), "`deliveries cancel ID`"),
    **dict.fromkeys(("install", "crontab"), "`cron install`"),
    **dict.fromkeys(("import",), "`bookings import FILE`"),
    **dict.fromkeys(("send", "tick", "start"), "`run`"),
    **dict.fromkeys(("completion",), "_REMINDERCTL_COMPLETE=bash_source reminderctl"),
    **dict.fromkeys(("version",), "`reminderctl --version`"),
    **dict.fromkeys(("why", "debug"), "`explain BOOKING`"),
    **dict.fromkeys(("pause", "disable"), "`enabled: false`"),
    **dict.fromkeys(("forget",), "`erase CUSTOMER`"),
    "LOGS": "`deliveries list`",
    "chek": "did you mean `check`?",
    "statuss": "did you mean `status`?",
    "xyzzy": "`reminderctl help` lists the commands",
}


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, words, prog_name="reminderctl", terminal_width=80)
    return result.exit_code, result.output


@pytest.mark.parametrize(("word", "hint"), GUESSED.items(), ids=GUESSED)
def test_a_command_that_people_guess_gets_a_hint(word: str, hint: str) -> None:
    for code, said in (call(word), call("help", word)):
        assert code == 2
        assert f"there is no command `{word}`; " in said
        assert hint in said


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("check -v", "`explain BOOKING` gives every reason"),
        ("check --verbose", "`explain BOOKING` gives every reason"),
        ("run -q", "`run` is silent while all is well"),
        ("-q run", "`run` is silent while all is well"),
        ("check --quiet", "`run` is silent while all is well"),
        ("test --dry-run", "never send by themselves"),
        ("upcoming -n", "it is --dry-run"),
        ("run --dry-runn", "--dry-run"),
    ],
)
def test_an_option_that_people_guess_gets_a_hint(words: str, hint: str) -> None:
    code, said = call(*words.split())
    assert (code, hint in said) == (2, True), said


def test_n_is_a_dry_run(clinic: Clinic) -> None:
    clinic.write(WORKFLOWS)
    assert "nothing was sent or recorded" in clinic.command("run", "-n").stdout


def test_help_is_a_command_too() -> None:
    assert call("help") == call("--help")
    assert call("help", "run") == call("run", "--help")
    assert call("help", "deliveries", "retry") == call("deliveries", "retry", "--help")
    assert call("-V") == call("--version") == (0, f"reminderctl, version {__version__}\n")


def test_the_list_of_commands_imports_none_of_them() -> None:
    seen = "import sys; sys.argv = ['reminderctl', '--help']; from reminderctl.cli import main\ntry: main()\nfinally: "
    shown = f"{seen}print(*(m for m in sys.modules if m.startswith('reminderctl.cli.')), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("reminderctl.cli.") for name in ran.stderr.split()}
    assert loaded & {*COMMANDS} == set()
    assert "context" in loaded


def commands() -> list[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(main)
    found = [((name,), command) for name in COMMANDS if (command := main.get_command(context, name))]
    below = [
        ((*words, name), each)
        for words, command in found
        if isinstance(command, click.Group)
        for name, each in command.commands.items()
    ]
    return [*found, *below]


@pytest.mark.parametrize("words", [(), *(words for words, _ in commands())], ids=" ".join)
def test_help_fits_80_columns_and_cuts_nothing(words: tuple[str, ...]) -> None:
    code, said = call(*words, "--help")
    assert code == 0
    assert [line for line in said.splitlines() if len(line) > 80 and not line.startswith("  reminderctl ")] == []
    assert not re.search(r"[a-z,]\.\.\.$", said, re.MULTILINE)
    assert not words or "\nExamples:\n" in said


def test_each_example_is_a_command_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export.csv").touch()
    assert EXAMPLES.keys() == {" ".join(words) for words, _ in commands()}
    for name, examples in EXAMPLES.items():
        for example in examples:
            program, *words = shlex.split(re.split(r" > |\| ", example)[-1 if "|" in example else 0])
            assert program == "reminderctl"
            context, command = click.Context(main), main.get_command(click.Context(main), words[0])
            while isinstance(command, click.Group):
                words, command = words[1:], command.commands[words[1]]
            assert command is not None, (name, example)
            with command.make_context(name, words[1:], parent=context):
                pass  # it closes the files that it has opened


def complete(words: str, folder: Path) -> list[str]:
    """What the shell offers behind these words, the last of which is begun."""
    ran = subprocess.run(
        [sys.executable, "-c", "from reminderctl.cli import main; main(prog_name='reminderctl')"],
        env=os.environ
        | {
            "_REMINDERCTL_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.partition(",")[2] for line in ran.stdout.splitlines() if line]


def test_the_shell_completes_names(clinic: Clinic) -> None:
    clinic.write(WORKFLOWS)
    clinic.book("1042", "2026-06-10T10:00Z")
    assert complete("reminderctl dem", clinic.folder) == ["demo"]
    assert complete("reminderctl release ", clinic.folder) == ["reminder", "follow-up"]
    assert complete("reminderctl test f", clinic.folder) == ["follow-up"]
    assert complete("reminderctl explain 1", clinic.folder) == ["1042"]
    assert complete("reminderctl deliveries list --channel s", clinic.folder) == ["sms"]
    assert "group" in complete("reminderctl test --sample ", clinic.folder)
    assert complete("reminderctl -c nowhere.yaml release ", clinic.folder) == []


def test_status_names_the_configuration_and_the_version(clinic: Clinic) -> None:
    clinic.write(WORKFLOWS)
    said = clinic.command("status").stdout
    assert f"config\t{clinic.folder / 'workflows.yaml'}\n" in said
    assert f"reminderctl {__version__}" in said
