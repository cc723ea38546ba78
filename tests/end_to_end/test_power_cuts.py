"""Files that must outlast a power cut: on disk before they take their name, and their name before anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from reminderctl.cli import main
from tests.clinic import Clinic

# Root may read everything, unless it gives that up.
GIVEN_UP = "-dac_override,-dac_read_search"
UNPRIVILEGED = ["setpriv", f"--bounding-set={GIVEN_UP}", f"--inh-caps={GIVEN_UP}"] if os.geteuid() == 0 else []
_recording: list[list[tuple[str, Path]]] = []


def _note_renames(event: str, arguments: tuple[object, ...]) -> None:
    if event == "os.rename" and _recording:
        _recording[0].append(("renamed to", Path(os.fsdecode(arguments[1]))))  # type: ignore[arg-type]


sys.addaudithook(_note_renames)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Path]]]:
    """What was asked of the disk, in order; each request goes on to the system."""
    found: list[tuple[str, Path]] = []
    fsync = os.fsync

    def note_and_sync(descriptor: int) -> None:
        found.append(("synced", Path(f"/proc/self/fd/{descriptor}").resolve()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note_and_sync)
    _recording.append(found)
    yield found
    _recording.clear()


def assert_lasts(events: list[tuple[str, Path]], path: Path) -> None:
    """That a file was complete on disk before it took its name, and the name was on disk before the command ended."""
    renamed = events.index(("renamed to", path))
    what, draft = events[renamed - 1]
    assert (what, draft.parent, draft.suffix) == ("synced", path.parent, ".tmp")
    assert ("synced", path.parent) in events[renamed:]


@pytest.fixture
def due(clinic: Clinic) -> Clinic:
    clinic.write("- {id: w, when: 1 day before start, actions: [{send: sms, to: customer, body: Hola}]}\n")
    clinic.run("2026-06-09T09:59Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def test_the_stamp_lasts_before_a_message_goes_out(due: Clinic, events: list[tuple[str, Path]]) -> None:
    assert due.run("2026-06-09T10:00Z") == {"planned": 1, "sent": 1}
    stamp = due.folder / "ledger.db.stamp"
    assert_lasts(events, stamp)
    [message] = due.outbox()
    assert events.index(("renamed to", stamp)) < events.index(("renamed to", message))


def test_a_run_that_sends_nothing_leaves_a_whole_stamp(due: Clinic, events: list[tuple[str, Path]]) -> None:
    due.run("2026-06-09T09:59Z")
    renamed = events.index(("renamed to", due.folder / "ledger.db.stamp"))
    assert events[renamed - 1][0] == "synced"


def test_a_message_in_the_outbox_lasts_before_it_is_recorded_as_sent(
    due: Clinic, events: list[tuple[str, Path]]
) -> None:
    due.run("2026-06-09T10:00Z")
    [message] = due.outbox()
    renamed = events.index(("renamed to", message))
    assert events[renamed + 1 :] == [("synced", message), ("synced", message.parent)]
    assert ("synced", due.folder) in events[:renamed], "the new folder's own name"


@pytest.mark.parametrize(
    "command",
    [
        ("deliveries", "export", "-o", "FILE"),
        ("status", "--prometheus", "FILE"),
        ("test", "--html", "FILE"),
    ],
)
def test_what_a_command_writes_lasts(due: Clinic, events: list[tuple[str, Path]], command: tuple[str, ...]) -> None:
    path = due.folder / "written"
    result = due.command(*[str(path) if each == "FILE" else each for each in command])
    assert path.exists(), result.output
    assert_lasts(events, path)


def test_what_init_writes_lasts(tmp_path: Path, events: list[tuple[str, Path]]) -> None:
    folder = tmp_path / "new"
    assert CliRunner().invoke(main, ["init", str(folder)]).exit_code == 0
    for name in ("workflows.yaml", "secrets.env", "bookings.db", "ledger.db"):
        written = events.index(("synced", folder / name))
        assert events[written + 1] == ("synced", folder)


def test_a_folder_that_may_be_written_but_not_listed_will_do(due: Clinic) -> None:
    """Its name cannot be synced then, as SQLite cannot either; that is no reason to send nothing."""
    due.folder.chmod(0o300)
    yaml = str(due.folder / "workflows.yaml")
    words = [*UNPRIVILEGED, sys.executable, "-m", "reminderctl", "-c", yaml, "run", "--now", "2026-06-09T10:00Z"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    due.folder.chmod(0o700)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert due.states() == {"sent": 1}
