"""A ledger that was put back from a backup: what it does not know may have been sent, and nobody is told twice."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from reminderctl.cli import main
from tests.clinic import Clinic

REMINDER = """\
- id: reminder
  when: 1 day before start
  actions: [{send: email, to: customer, subject: s, body: "{appointment_id}"}]
"""
NOW = "2026-06-09T12:30Z"
BACKFILL = ("backfill", "reminder", "--since", "2026-06-09T00:00Z", "--now", NOW)


@pytest.fixture
def restored(clinic: Clinic) -> Clinic:
    """Backed up at 09:00; `sent` went out at 10:00 and is forgotten, `after` came too late for 12:20."""
    clinic.write(REMINDER)
    clinic.run("2026-06-09T09:00Z")
    shutil.copy(clinic.folder / "ledger.db", clinic.folder / "backup.db")
    clinic.book("sent", "2026-06-10T10:00Z")
    assert clinic.run("2026-06-09T10:00Z") == {"planned": 1, "sent": 1}
    clinic.run("2026-06-09T12:00Z")
    for ending in ("", "-wal", "-shm"):
        (clinic.folder / f"ledger.db{ending}").unlink(missing_ok=True)
    shutil.copy(clinic.folder / "backup.db", clinic.folder / "ledger.db")
    assert clinic.run("2026-06-09T12:10Z", exits=1) == {}
    clinic.book("after", "2026-06-10T12:11Z")
    clinic.run("2026-06-09T12:20Z", "--dry-run")
    clinic.write(REMINDER.replace("  when", "  enabled: false\n  when"))
    clinic.run("2026-06-09T12:20Z")
    clinic.write(REMINDER)
    assert clinic.run("2026-06-09T12:21Z") == {}
    return clinic


def ask(clinic: Clinic, *options: str, answers: str = "") -> tuple[int, str]:
    arguments = ["--config", str(clinic.folder / "workflows.yaml"), *BACKFILL, *options]
    result = CliRunner().invoke(main, arguments, input=answers)
    return result.exit_code, result.output


def reason(clinic: Clinic, booking: str) -> str:
    (explained,) = json.loads(clinic.command("explain", booking, "--json", "--now", NOW).stdout)
    return str(explained["reason"])


def test_explain_says_of_each_that_it_may_have_been_sent(restored: Clinic) -> None:
    assert "may have been sent before the ledger was restored" in reason(restored, "sent")
    assert "asks about it separately" in reason(restored, "sent")
    assert "restored:" not in reason(restored, "after"), "due after the last run of the forgotten time"


def test_backfill_names_what_may_have_gone_out_and_asks_apart(restored: Clinic) -> None:
    code, output = ask(restored, answers="y\nn\n")
    assert code == 0
    certain, _, uncertain = output.partition("These may have been sent before the ledger was restored")
    assert "after" in certain
    assert "\tsent\t" not in certain
    assert "\tsent\t" in uncertain
    assert "1 planned" in uncertain
    restored.run("2026-06-09T12:31Z")
    assert [each["booking"] for each in restored.deliveries("--state", "sent")] == ["after"]


@pytest.mark.parametrize(
    ("options", "answers", "sent"),
    [
        (("--yes",), "", ["after"]),
        (("--yes", "--may-repeat"), "", ["sent", "after"]),
        ((), "y\ny\n", ["sent", "after"]),
    ],
)
def test_only_who_says_so_sends_it_twice(
    restored: Clinic, options: tuple[str, ...], answers: str, sent: list[str]
) -> None:
    assert ask(restored, *options, answers=answers)[0] == 0
    restored.run("2026-06-09T12:31Z")
    assert [each["booking"] for each in restored.deliveries("--state", "sent")] == sent


def test_what_waited_in_the_backup_is_asked_for_apart_too(clinic: Clinic) -> None:
    clinic.write(REMINDER.replace("  when", "  max_burst: 0\n  when"))
    clinic.run("2026-06-09T09:00Z")
    clinic.book("waits", "2026-06-10T09:10Z")
    clinic.run("2026-06-09T09:10Z", exits=1)
    backup = (clinic.folder / "ledger.db").read_bytes()
    clinic.run("2026-06-09T09:11Z")
    (clinic.folder / "ledger.db").write_bytes(backup)
    clinic.run("2026-06-09T12:10Z", exits=1)
    assert clinic.states() == {"canceled": 1}
    assert "may have been sent before the ledger was restored" in reason(clinic, "waits")
    code, output = ask(clinic, "--yes")
    assert (code, "skipped: 1 that may have been sent" in output) == (0, True)
    clinic.run("2026-06-09T12:31Z")
    assert clinic.states() == {"canceled": 1}
