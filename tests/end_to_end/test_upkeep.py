"""The commands that look after a house (`status`, `purge`, `deliveries`, ...) where things are not as usual."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from reminderctl.reports.health.evaluate import evaluate
from reminderctl.reports.health.models import Facts, Space
from tests.clinic import Clinic, at
from tests.end_to_end.test_status import FINE, HALF_AN_HOUR
from tests.privileges import without_privileges

WORKFLOW = """\
- id: mail
  when: 1 day before start
  actions: [{send: email, to: customer, subject: s, body: b}]
"""


@pytest.fixture
def mailing(clinic: Clinic) -> Clinic:
    """A clinic that reminds a day before, and has looked on 9 June at 09:00."""
    clinic.write(WORKFLOW)
    clinic.run("2026-06-09T09:00Z")
    return clinic


def command(clinic: Clinic, *words: str, exits: int = 0) -> str:
    result = clinic.command(*words)
    assert result.exit_code == exits, (result.output, result.exception)
    return result.output


def command_on_a_full_disk(clinic: Clinic, *words: str, limit: int) -> subprocess.CompletedProcess[str]:
    """A command whose files may not grow beyond `limit` bytes."""
    return subprocess.run(
        [sys.executable, "-m", "reminderctl", "-c", str(clinic.folder / "workflows.yaml"), *words],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
        capture_output=True,
        text=True,
        check=False,
    )


# --- backfill ---------------------------------------------------------------------------------------------------------


def test_a_backfill_begins_with_what_fell_due_at_the_very_instant_that_it_names(mailing: Clinic) -> None:
    mailing.run("2026-06-10T12:00Z")
    mailing.book("at", "2026-06-11T10:00Z")
    mailing.book("before", "2026-06-11T09:59Z", customers=("ben",))
    said = command(mailing, "backfill", "mail", "--since", "2026-06-10T10:00Z", "--yes", "--now", "2026-06-10T12:00Z")
    assert "mail: 1 planned" in said
    assert [each["booking"] for each in mailing.deliveries()] == ["at"]


# --- status -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere/x.prom", "workflows.yaml/x.prom", "x" * 300])
def test_a_file_for_prometheus_that_cannot_be_written_hides_no_verdict(mailing: Clinic, name: str) -> None:
    path = str(mailing.folder / name)
    status = ("status", "--now", "2026-06-09T09:01Z", "--prometheus", path)
    result = mailing.command(*status)
    assert (result.exit_code, result.stdout[:3]) == (2, "OK:")
    assert result.stderr.startswith(f"{path}: cannot write: ")
    assert json.loads(mailing.command(*status, "--json").stdout)["level"] == "ok"
    assert mailing.command(*status, "--quiet").stdout == ""


def test_space_is_told_where_there_is_no_ledger_and_a_full_disk_is_told_first(mailing: Clinic) -> None:
    (mailing.folder / "ledger.db").unlink()
    told = json.loads(command(mailing, "status", "--json", exits=2))
    assert told["space"]["free"] > 0
    assert told["space"]["ledger"] == 0
    (full,) = evaluate(Facts(now=FINE["now"], space=Space(free=0, ledger=0, wal=0)), HALF_AN_HOUR)
    assert (full.level, full.about) == ("critical", "disk"), "a ledger that cannot be opened hides it not"


@pytest.mark.parametrize("file", ["ledger.db", "ledger.db.lock"])
def test_a_ledger_that_can_be_read_but_not_written_is_no_ok(mailing: Clinic, file: str) -> None:
    path = mailing.folder / file
    path.touch()
    path.chmod(0o400)
    with without_privileges():
        said = command(mailing, "status", "--now", "2026-06-09T09:01Z", exits=2)
    assert said.startswith(f"CRITICAL: {path}: no permission to write")


# --- purge, erase -----------------------------------------------------------------------------------------------------


def test_what_was_erased_or_purged_is_told_although_the_file_cannot_be_written_anew(mailing: Clinic) -> None:
    mailing.book("old", "2026-06-10T10:00Z")
    mailing.run("2026-06-09T10:00Z")
    mailing.insert((f"b{number}", at("2026-06-20T10:00Z")) for number in range(300))
    mailing.run("2026-06-19T10:00Z")
    limit = (mailing.folder / "ledger.db").stat().st_size * 3 // 4
    now = ("--now", "2026-06-19T10:01Z")
    erased = command_on_a_full_disk(mailing, "erase", "b7", "--yes", *now, limit=limit)
    assert erased.returncode == 1
    assert "1 delivery of customer b7 erased, 0 canceled" in erased.stdout
    assert erased.stdout.count("-email-") == 1, "the file in the outbox, which nobody could name any more"
    assert "`reminderctl purge --shrink`" in erased.stderr
    assert "`reminderctl purge --shrink`" in command(mailing, "erase", "b7", "--yes", exits=2)
    words = ("purge", "--older-than", "7d", "--shrink", "--json", *now)
    purged = command_on_a_full_disk(mailing, *words, limit=limit)
    assert purged.returncode == 1
    assert json.loads(purged.stdout)["deliveries"] == 1
    command(mailing, "purge", "--shrink")
    assert b"b7@example.com" not in b"".join(path.read_bytes() for path in mailing.folder.glob("ledger.db*"))


# --- deliveries, release ----------------------------------------------------------------------------------------------


def test_sent_and_to_be_resent_at_once_is_no_verdict(mailing: Clinic) -> None:
    for words in (("--sent", "--resend"), ("--resend", "--sent"), ()):
        assert "--sent or --resend" in command(mailing, "deliveries", "resolve", "1", *words, exits=2)


@pytest.mark.parametrize("name", ["nowhere/x.csv", "workflows.yaml/x.csv", "x" * 300])
def test_an_export_into_a_place_that_cannot_be_says_so(mailing: Clinic, name: str) -> None:
    path = str(mailing.folder / name)
    assert command(mailing, "deliveries", "export", "-o", path, exits=2).startswith(f"{path}: cannot write: ")


def test_a_release_promises_no_more_than_the_next_run_does(mailing: Clinic) -> None:
    assert command(mailing, "release", "mail") == "mail: there are no held messages\n"
    mailing.write(WORKFLOW.replace("when:", "max_burst: 0\n  when:"))
    mailing.book("b", "2026-06-10T10:00Z")
    mailing.run("2026-06-09T10:00Z", exits=1)
    assert command(mailing, "release", "mail") == "mail: 1 released; the next run sends those still in time\n"


# --- init -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [100, 20_000])
def test_an_init_that_the_disk_cut_short_leaves_nothing_that_the_next_one_keeps(
    clinic: Clinic, limit: int, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    cut_short = command_on_a_full_disk(clinic, "init", str(folder), limit=limit)
    assert cut_short.returncode in (1, 2)
    assert "Traceback" not in cut_short.stderr
    written = cut_short.stdout.count("written")
    assert len([*folder.iterdir()]) == written < 4
    assert command(clinic, "init", str(folder)).count("written") == 4 - written
    assert command(clinic, "--config", str(folder / "workflows.yaml"), "run") == ""
