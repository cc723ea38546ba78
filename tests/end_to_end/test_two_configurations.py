"""A ledger belongs to one configuration; another one beside it is refused, one that was moved goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderctl.cli import main
from tests.clinic import SETTINGS, Clinic, at

REMINDER = """\
- id: reminder
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: s, body: "{appointment_id}"}]
"""
STAGING = REMINDER.replace("reminder", "staging")
NOW = "2026-06-10T09:00Z"


@pytest.fixture
def owned(clinic: Clinic) -> Clinic:
    """A clinic that has run, with a message that waits because it is held."""
    clinic.write(REMINDER.replace("  when", "  max_burst: 0\n  when"))
    clinic.run("2026-06-10T08:50Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run(NOW, exits=1)
    assert clinic.states() == {"pending": 1}
    return clinic


def beside(clinic: Clinic, *, settings: str = SETTINGS) -> Path:
    path = clinic.folder / "staging.yaml"
    path.write_text(f"{settings}workflows:\n{STAGING}")
    return path


def call(path: Path | str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(path), *arguments])


WRITING = [
    ("run", "--now", NOW),
    ("run", "--outbox", "elsewhere", "--now", NOW),
    ("backfill", "staging", "--since", "2026-06-01T00:00Z", "--yes", "--now", NOW),
    ("release", "staging"),
    ("deliveries", "cancel", "1"),
    ("deliveries", "retry", "1"),
    ("deliveries", "resolve", "1", "--sent"),
    ("purge", "--older-than", "90d"),
    ("erase", "ana", "--yes"),
]


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_what_would_write_is_refused_and_says_whose_it_is(owned: Clinic, arguments: tuple[str, ...]) -> None:
    before = owned.deliveries()
    refused = call(beside(owned), *arguments)
    assert refused.exit_code == 2, refused.output
    assert f"{owned.folder / 'ledger.db'}: this ledger belongs to {owned.folder / 'workflows.yaml'}" in refused.stderr
    assert "give this one a ledger of its own: `ledger: other.db`" in refused.stderr
    assert owned.deliveries() == before
    assert owned.command("release", "reminder").exit_code == 0
    assert owned.run("2026-06-10T09:01Z") == {"sent": 1}, "and its owner goes on"


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--dry-run", "--now", NOW),
        ("upcoming", "--now", NOW),
        ("explain", "b1", "--now", NOW),
        ("deliveries", "list"),
        ("deliveries", "show", "1"),
        ("deliveries", "export"),
        ("test", "--sample", "short"),
    ],
    ids=" ".join,
)
def test_what_only_reads_still_works(owned: Clinic, arguments: tuple[str, ...]) -> None:
    assert "belongs to" not in call(beside(owned), *arguments).output


def test_check_and_status_say_it_too(owned: Clinic) -> None:
    path = beside(owned, settings=f"{SETTINGS}ledger: ./ledger.db\n")
    line = len(SETTINGS.splitlines()) + 1
    checked = call(path, "check")
    assert checked.exit_code == 2
    assert f"{path}:{line}:1: ledger: this ledger belongs to {owned.folder / 'workflows.yaml'}" in checked.output
    assert json.loads(call(path, "check", "--json").stdout)["ok"] is False
    status = call(path, "status", "--now", NOW)
    assert status.exit_code == 2
    assert "this ledger belongs to" in status.output
    assert "belongs to" not in owned.command("check").output + owned.command("status", "--now", NOW).output


def test_the_advice_helps(owned: Clinic) -> None:
    path = beside(owned, settings=f"{SETTINGS}ledger: other.db\n")
    assert call(path, "init").exit_code == 0
    assert (owned.folder / "other.db").is_file()
    assert call(path, "run", "--now", NOW).exit_code == 0
    assert owned.run("2026-06-10T09:01Z") == {}


def test_a_folder_that_was_moved_goes_on_without_a_word(owned: Clinic, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(owned.folder, elsewhere)
    moved = call(elsewhere / "workflows.yaml", "run", "--now", "2026-06-10T09:01Z")
    assert (moved.exit_code, moved.output) == (0, "")
    owned.folder = elsewhere
    assert owned.states() == {"pending": 1}, "what waits still waits"


def test_a_copied_folder_has_a_ledger_of_its_own(owned: Clinic, tmp_path: Path) -> None:
    shutil.copytree(owned.folder, tmp_path / "copy")
    assert call(tmp_path / "copy" / "workflows.yaml", "run", "--now", "2026-06-10T09:01Z").output == ""
    assert owned.run("2026-06-10T09:01Z") == {}


def test_a_file_that_was_renamed_goes_on_without_a_word(owned: Clinic) -> None:
    renamed = (owned.folder / "workflows.yaml").rename(owned.folder / "reminders.yaml")
    assert call(renamed, "run", "--now", "2026-06-10T09:01Z").output == ""


def test_a_configuration_that_took_another_ledger_leaves_this_one(owned: Clinic) -> None:
    owned.write(REMINDER, settings=f"{SETTINGS}ledger: another.db\n")
    assert call(beside(owned), "run", "--now", "2026-06-10T09:01Z").exit_code == 0


def test_another_path_to_the_same_configuration_is_the_same_one(owned: Clinic, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(owned.folder)
    (tmp_path / "file.yaml").symlink_to(owned.folder / "workflows.yaml")
    for path in (tmp_path / "link" / "workflows.yaml", owned.folder, f"{owned.folder}/../clinic/workflows.yaml"):
        assert call(path, "run", "--now", "2026-06-10T09:01Z").output == "", path


def test_a_link_that_moves_from_release_to_release_stays_the_same_configuration(clinic: Clinic, tmp_path: Path) -> None:
    """Called by the link, or from inside the folder that it leads to, as `cd current && reminderctl run` does."""
    current = tmp_path / "current"
    for number in (1, 2):
        release = tmp_path / f"release-{number}"
        release.mkdir()
        settings = f"{SETTINGS}ledger: {clinic.folder}/ledger.db\nbookings: {clinic.folder}/bookings.db\n"
        (release / "workflows.yaml").write_text(f"{settings}workflows:\n{REMINDER}")
        current.unlink(missing_ok=True)
        current.symlink_to(release)
        assert call(current / "workflows.yaml", "run", "--now", NOW).output == ""
        ran = subprocess.run(
            [sys.executable, "-m", "reminderctl", "run", "--now", NOW],
            cwd=current,
            env=os.environ | {"PWD": str(current)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
    refused = call(tmp_path / "release-1" / "workflows.yaml", "run", "--now", NOW)
    assert refused.exit_code == 2
    current.unlink()
    current.symlink_to(tmp_path / "not yet unpacked")
    refused = call(tmp_path / "release-1" / "workflows.yaml", "run", "--now", NOW)
    assert refused.exit_code == 2, "a link that leads nowhere for a moment has not been removed"


def test_a_directory_owns_its_ledger_too(owned: Clinic) -> None:
    """One of its files is another configuration: it would cancel what the other files have planned."""
    more = owned.folder / "more.yaml"
    more.write_text(f"workflows:\n{STAGING}")
    os.utime(more, times=(1_700_000_000, 1_700_000_000))
    before = call(owned.folder, "run", "--now", "2026-06-10T09:01Z")
    assert before.exit_code == 0, before.output  # `workflows.yaml` was all of the directory so far
    refused = call(owned.folder / "workflows.yaml", "run", "--now", "2026-06-10T09:02Z")
    assert refused.exit_code == 2
    assert f"this ledger belongs to {owned.folder}" in refused.stderr


def test_an_owner_that_cannot_be_read_keeps_its_ledger(owned: Clinic) -> None:
    (owned.folder / "workflows.yaml").write_text("timezone: [\n")
    assert call(beside(owned), "run", "--now", "2026-06-10T09:01Z").exit_code == 2


@pytest.mark.parametrize("number", [3, 12])
def test_what_another_configuration_did_while_the_owner_was_away_loses_and_repeats_nothing(
    clinic: Clinic, number: int
) -> None:
    clinic.write(REMINDER)
    clinic.run("2026-06-10T08:50Z")
    clinic.insert((f"b{each}", at("2026-06-10T10:00Z") + each * timedelta(minutes=1)) for each in range(number))
    clinic.run("2026-06-10T09:00Z")
    yaml = clinic.folder / "workflows.yaml"
    other = beside(clinic)
    yaml.rename(clinic.folder / "away")
    for minute in (1, 2):
        assert call(other, "run", "--now", f"2026-06-10T09:0{minute}Z").exit_code in (0, 1)
    (clinic.folder / "away").rename(yaml)
    refused = clinic.command("run", "--now", "2026-06-10T09:20Z")
    assert refused.exit_code == 2
    assert f"this ledger belongs to {other}" in refused.stderr
    assert clinic.command("status", "--now", "2026-06-10T09:20Z").exit_code == 2
    other.write_text(other.read_text().replace("outbox:", "ledger: other.db\noutbox:"))
    clinic.run("2026-06-10T09:21Z")
    lines = [line for each in clinic.outbox() for line in each.read_text().splitlines()]
    # The other one began at 09:01, and sent what fell due at 09:02 for its own workflow.
    assert sorted(line for line in lines if line.startswith("To: ")) == sorted(
        f"To: b{each}@example.com" for each in (2, *range(number))
    )
