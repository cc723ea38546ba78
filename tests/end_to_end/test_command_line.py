"""The command line as a person meets it: paths, pipes, colours, folders that can only be read."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderctl.cli import main
from tests.clinic import SETTINGS, Clinic
from tests.privileges import without_privileges

WORKFLOW = """\
- id: w
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: s, body: b}]
"""
PROGRAM = Path(sys.executable).with_name("reminderctl")
EARLY = "2026-06-10T08:01Z"
ESCAPE = re.compile("\x1b\\[[0-9;]*m")


@pytest.fixture
def due(clinic: Clinic) -> Clinic:
    """A clinic with a mail due at 09:00."""
    clinic.write(WORKFLOW)
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def call(*words: str | Path, folder: Path, **environment: str) -> Result:
    """What a command says in a folder."""
    with chdir(folder):
        return CliRunner().invoke(main, list(map(str, words)), env=environment)


def memories() -> list[Path]:
    return list(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.msgpack"))


# --- paths ------------------------------------------------------------------------------------------------------------


def test_a_folder_whose_name_is_not_utf_8_is_as_good_as_any(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    said = call("init", folder, folder=tmp_path)
    assert (said.exit_code, said.stderr) == (0, "")
    for path in folder.iterdir():
        os.utime(path, times=(1_700_000_000, 1_700_000_000))
    for where, words in ((folder, ()), (tmp_path, ("-c", folder / "workflows.yaml")), (folder, ("-c", "."))):
        said = call("run", *words, folder=where)
        assert (said.exit_code, said.stdout, said.stderr) == (0, "", "")
        said = call("status", "--json", *words, folder=where)
        assert said.exit_code == 0, said.stderr
        assert json.loads(said.stdout)["level"] == "ok"
    assert all(path.stat().st_size for path in memories())


def test_a_configuration_named_from_the_root_needs_no_working_directory(due: Clinic, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = shlex.join([sys.executable, "-m", "reminderctl", "-c", str(due.folder / "workflows.yaml")])
    words = f"rmdir {shlex.quote(str(gone))}; exec {program} run --now {EARLY}"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run(["sh", "-c", words], cwd=gone, env=environment, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "", "run"),
        ("run", "--config", ""),
        ("check", ""),
        ("cron", "remove", "--config", ""),
        ("run", "--outbox", ""),
        ("init", ""),
        ("deliveries", "export", "--output", ""),
    ],
)
def test_an_empty_path_is_a_mistake_and_not_another_place(words: tuple[str, ...], due: Clinic) -> None:
    said = call(*words, folder=due.folder)
    assert said.exit_code == 2
    assert "path is empty" in said.stderr
    assert not list(due.folder.glob("[0-9]*"))


def test_a_link_that_leads_nowhere_is_named_before_another_configuration_is_taken(due: Clinic, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "reminderctl").symlink_to(due.folder)
    (tmp_path / "here").mkdir()
    own = str(tmp_path / "config")
    assert call("run", "--now", EARLY, folder=tmp_path / "here", XDG_CONFIG_HOME=own).exit_code == 0
    (tmp_path / "here" / "workflows.yaml").symlink_to("nowhere.yaml")
    said = call("run", "--now", EARLY, folder=tmp_path / "here", XDG_CONFIG_HOME=own)
    assert said.exit_code == 2
    assert "workflows.yaml: a broken symbolic link to nowhere.yaml" in said.stderr


# --- the outbox -------------------------------------------------------------------------------------------------------


def test_an_outbox_that_cannot_be_written_is_told_at_once_and_the_message_waits(due: Clinic) -> None:
    result = due.command("run", "--now", "2026-06-10T09:00Z", "--outbox", str(due.folder / "workflows.yaml"))
    assert result.exit_code == 1
    assert "workflows.yaml is a file, not a folder" in result.stderr
    assert result.stderr.count("\n") == 1
    odd = due.folder / os.fsdecode(b"\xe9")
    odd.touch()
    result = due.command("run", "--now", "2026-06-10T09:10Z", "--outbox", str(odd / "below"))
    assert result.exit_code == 1
    assert "cannot be written: Not a directory" in result.stderr
    assert due.run("2026-06-10T09:20Z") == {"sent": 1}


# --- what a run remembers ---------------------------------------------------------------------------------------------


def test_the_files_of_a_folder_are_remembered_until_one_is_added_or_gone(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    folder = str(clinic.folder)

    def run(now: str) -> int:
        return clinic.command("-c", folder, "run", "--now", now).exit_code

    assert run("2026-06-10T08:00Z") == 0
    (memory,) = memories()
    before = memory.stat()
    assert run("2026-06-10T08:01Z") == 0
    assert memory.stat().st_ino == before.st_ino, "the ledger in the folder has changed, the YAML has not"
    for name in ("samples.yaml", ".hidden.yaml", "notes.txt"):
        (clinic.folder / name).write_text("[")
    assert run("2026-06-10T08:02Z") == 0
    (clinic.folder / "other.yaml").write_text("[")
    os.utime(clinic.folder / "other.yaml", times=(1_700_000_000, 1_700_000_000))
    assert run("2026-06-10T08:03Z") == 2
    (clinic.folder / "other.yaml").unlink()
    assert run("2026-06-10T08:04Z") == 0


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_makes_what_a_yaml_that_is_there_names(tmp_path: Path) -> None:
    yaml = tmp_path / "workflows.yaml"
    yaml.write_text(f"{SETTINGS}ledger: state/memory.db\nbookings: booked.db\nworkflows:\n{WORKFLOW}")
    said = call("run", folder=tmp_path)
    assert said.exit_code == 2
    assert "`reminderctl init` in the YAML's folder" in said.stderr
    said = call("init", folder=tmp_path)
    assert said.exit_code == 0
    assert "written  state/memory.db" in said.stdout
    assert stat.S_IMODE((tmp_path / "state" / "memory.db").stat().st_mode) == 0o600
    assert not (tmp_path / "ledger.db").exists()
    assert call("run", folder=tmp_path).exit_code == 0


@pytest.mark.parametrize("name", ["memory.db", "disk/memory.db"])
def test_a_link_that_leads_nowhere_is_said_by_init_and_run_alike(tmp_path: Path, name: str) -> None:
    (tmp_path / "workflows.yaml").write_text(f"{SETTINGS}ledger: {name}\nworkflows:\n{WORKFLOW}")
    link = tmp_path / Path(name).parts[0]
    link.symlink_to("/nowhere/at-all")
    for command in ("init", "run", "status"):
        said = call(command, folder=tmp_path)
        assert said.exit_code == 2, command
        assert "is a broken symbolic link to /nowhere/at-all; restore the target" in said.output
        assert "kept     memory.db" not in said.output
        assert "reminderctl init" not in said.output
    link.unlink()
    assert call("init", folder=tmp_path).exit_code == 0
    assert call("run", folder=tmp_path).exit_code == 0


def test_a_link_to_bookings_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    assert call("init", folder=tmp_path).exit_code == 0
    (tmp_path / "bookings.db").unlink()
    (tmp_path / "bookings.db").symlink_to("/nowhere/at-all")
    for command in ("init", "run", "bookings list"):
        said = call(*command.split(), folder=tmp_path)
        assert said.exit_code == 2, command
        assert "bookings.db" in said.output
        assert "is a broken symbolic link to /nowhere/at-all; restore the target" in said.output


def test_init_in_the_folder_of_several_files_adds_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(f"{SETTINGS}ledger: memory.db\n")
    (tmp_path / "reminders.yaml").write_text(f"workflows:\n{WORKFLOW}")
    assert call("init", ".", folder=tmp_path).exit_code == 0
    assert call("-c", ".", "run", folder=tmp_path).exit_code == 0
    assert not (tmp_path / "workflows.yaml").exists()


def test_init_beside_a_yaml_that_cannot_be_read_says_so_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "workflows.yaml").write_text("timezone: Mars\n")
    said = call("init", folder=tmp_path)
    assert said.exit_code == 2
    assert "workflows.yaml:1:" in said.stderr
    assert "nothing was written" in said.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["workflows.yaml"]


def test_init_suggests_commands_that_can_be_given_as_they_stand(tmp_path: Path) -> None:
    for path, named in ((os.environ["PATH"], str(PROGRAM)), (f"{PROGRAM.parent}:{os.environ['PATH']}", "reminderctl")):
        folder = tmp_path / named.replace("/", "-")
        ran = subprocess.run(
            [PROGRAM if named == str(PROGRAM) else named, "init", folder],
            env={"PATH": path if named == "reminderctl" else "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        (line,) = [each for each in ran.stdout.splitlines() if "every message" in each]
        assert shlex.split(line.partition(": ")[2]) == [named, "--config", str(folder / "workflows.yaml"), "test"]


# --- what is printed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["shortcodes", "init written"])
def test_a_reader_that_has_read_enough_is_no_trouble(words: str, tmp_path: Path) -> None:
    begun = subprocess.Popen(
        [sys.executable, "-m", "reminderctl", *words.split()],
        cwd=tmp_path,
        stdout=(pipe := os.pipe())[1],
        stderr=subprocess.PIPE,
    )
    os.close(pipe[1])
    os.close(pipe[0])
    assert begun.communicate(timeout=30)[1] == b""
    if words != "shortcodes":
        assert len(list((tmp_path / "written").iterdir())) == 4


def test_a_dash_is_standard_output(due: Clinic) -> None:
    result = due.command("deliveries", "export", "--output", "-")
    assert result.exit_code == 0
    assert result.stdout.startswith("id,key,")


def test_a_standard_input_that_is_closed_is_said(clinic: Clinic) -> None:
    clinic.write("[]")
    command = f'"{sys.executable}" -m reminderctl -c "{clinic.folder}/workflows.yaml" bookings import - <&-'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, "standard input is closed" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


@pytest.mark.parametrize(
    "words", ["deliveries list", "deliveries export", "bookings list", "check", "release w", "cron show", "status"]
)
def test_every_command_refuses_an_instant_that_is_none(words: str, due: Clinic) -> None:
    result = due.command(*words.split(), "--now", "yesterday")
    assert result.exit_code == 2
    assert "--now 'yesterday' is not an ISO 8601 time" in result.stderr


def on_a_terminal(*words: str, folder: Path, **more: str) -> str:
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    begun = subprocess.Popen(
        [sys.executable, "-m", "reminderctl", *words],
        cwd=folder,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"} | more,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    printed = b""
    try:
        while part := os.read(ours, 65536):
            printed += part
    except OSError:  # that is how Linux says that the other side is closed
        pass
    os.close(ours)
    begun.wait(timeout=30)
    return printed.decode()


def test_lines_end_between_words_on_a_terminal(due: Clinic) -> None:
    due.write(WORKFLOW.replace("when: 1 hour before start", "when: twenty-four hours before the appointment begins"))
    shown = on_a_terminal("run", folder=due.folder, COLUMNS="60")
    piped = due.command("run").stderr
    assert max(map(len, shown.splitlines())) <= 60
    assert shown.split() == piped.replace(f"{due.folder}/", "").split()
    assert piped.count("\n") == 1


@pytest.mark.parametrize("words", ["status", "deliveries list", "bookings list"])
def test_no_color_means_no_escapes_at_all(words: str, due: Clinic) -> None:
    due.run("2026-06-10T09:00Z")
    assert ESCAPE.search(on_a_terminal(*words.split(), folder=due.folder, NO_COLOR=""))
    assert "\x1b" not in on_a_terminal(*words.split(), folder=due.folder, NO_COLOR="1")


def test_a_list_on_a_phone_loses_nothing(due: Clinic) -> None:
    due.execute("UPDATE customers SET email = 'somebody.with.a.long.name@a-long-domain.example.com'")
    due.run("2026-06-10T09:00Z")
    shown = on_a_terminal("deliveries", "list", folder=due.folder, COLUMNS="34", NO_COLOR="1")
    assert all(len(line) <= 34 for line in shown.splitlines())
    assert "1   sent   2026-06-10 11:00  11:00\n" in shown.replace("\r", "")
    assert "somebody.with.a.long.name@a-long-domain.example.com" in "".join(each.strip() for each in shown.split("\n"))
    assert "w, booking b1" in shown


# --- a folder that can only be read -----------------------------------------------------------------------------------


@pytest.fixture
def read_only(clinic: Clinic) -> Iterator[Clinic]:
    """A clinic with one mail sent and one to come, in a folder in which nothing can be written."""
    clinic.write(WORKFLOW)
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-10T09:00Z")
    clinic.book("b2", "2026-06-10T10:20Z")
    for path in clinic.folder.iterdir():
        path.chmod(0o555 if path.is_dir() else 0o444)
    clinic.folder.chmod(0o555)
    yield clinic
    clinic.folder.chmod(0o755)


def test_what_only_looks_needs_a_folder_only_to_read(read_only: Clinic) -> None:
    for words, says in (
        ("deliveries list", "b1"),
        ("deliveries show 1", "b1"),
        ("deliveries export", "b1"),
        ("bookings list", "b2"),
        ("bookings show b2", "b2"),
        ("status --max-lag 1h", "clinic: no permission to write"),  # it shows what it can, but no run could write
        ("status --max-lag 1h", "last run"),
        ("upcoming", "b2"),
        ("explain b2", "upcoming"),
        ("run --dry-run", "would be sent: 1"),
        ("run", ""),
    ):
        command = (*words.split(), "--now", "2026-06-10T09:20Z")
        with without_privileges():
            result = read_only.command(*command)
        only_looks = not words.startswith(("run", "status")) or "--dry-run" in words
        assert (result.exit_code == 0) is only_looks, (words, result.output, result.exception)
        assert says in result.stdout
    assert "cannot write the ledger" in result.stderr


@pytest.mark.parametrize("name", ["ledger", "bookings"])
def test_a_folder_is_neither_a_ledger_nor_bookings(due: Clinic, name: str) -> None:
    due.write(WORKFLOW, settings=f"{SETTINGS}{name}: .\n")
    result = due.command("run")
    assert result.exit_code == 2
    assert "is a folder" in result.stderr


@pytest.mark.parametrize(
    "command", ["release remindr", "backfill remindr --since 2026-06-01T08:00Z", "upcoming --workflow remindr"]
)
def test_a_mistyped_workflow_is_answered_with_the_one_meant(clinic: Clinic, command: str) -> None:
    clinic.write(WORKFLOW.replace("id: w", "id: reminder"))
    result = clinic.command(*command.split())
    assert (result.exit_code, result.stderr) == (2, "there is no workflow remindr; did you mean `reminder`?\n")


# --- work that is done once -------------------------------------------------------------------------------------------

READING = """
import sys

read = []
sys.addaudithook(lambda event, given: event == "open" and str(given[0]).endswith(".yaml") and read.append(given[0]))
from reminderctl.cli import main

main(["check"], standalone_mode=False)
print(len(read), file=sys.stderr)
"""


def test_check_reads_the_yaml_once(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    checked = subprocess.run(
        [sys.executable, "-c", READING], cwd=clinic.folder, capture_output=True, text=True, check=True
    )
    assert "no problems" in checked.stdout
    assert checked.stderr == "1\n"
