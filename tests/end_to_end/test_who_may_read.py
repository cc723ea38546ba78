"""What names people is readable for its owner only, whatever the umask; and nobody can place a link in its way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clinic import Clinic

REMIND = "- {id: w, when: 1 day before start, actions: [{send: email, to: customer, subject: s, body: b}]}\n"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to another")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=["umask 000", "umask 022", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def remind(clinic: Clinic) -> None:
    clinic.write(REMIND)
    clinic.run("2026-06-09T09:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-09T10:00Z")


@pytest.mark.usefixtures("umask")
def test_an_outbox_is_for_its_owner_only(clinic: Clinic) -> None:
    remind(clinic)
    assert mode(clinic.folder / "outbox") == 0o700
    assert [mode(path) for path in clinic.outbox()] == [0o600]


@pytest.mark.usefixtures("umask")
def test_an_outbox_that_others_may_enter_stays_so_and_its_messages_are_for_its_owner_only(clinic: Clinic) -> None:
    (clinic.folder / "outbox").mkdir()
    (clinic.folder / "outbox").chmod(0o750)
    remind(clinic)
    assert mode(clinic.folder / "outbox") == 0o750
    assert [mode(path) for path in clinic.outbox()] == [0o600]


@pytest.mark.usefixtures("umask")
def test_everything_else_that_names_people_is_for_its_owner_only(clinic: Clinic) -> None:
    remind(clinic)
    for arguments in (["deliveries", "export", "-o", "export.csv"], ["test", "--html", "page.html"]):
        arguments[-1] = str(clinic.folder / arguments[-1])
        assert clinic.command(*arguments).exit_code == 0, arguments
    private = ["ledger.db", "ledger.db.lock", "ledger.db.stamp", "export.csv", "page.html"]
    assert {name: mode(clinic.folder / name) for name in private} == dict.fromkeys(private, 0o600)


@pytest.mark.usefixtures("umask")
def test_metrics_name_nobody_and_can_be_collected(clinic: Clinic) -> None:
    remind(clinic)
    path = clinic.folder / "metrics.prom"
    clinic.command("status", "--now", "2026-06-09T10:00Z", "--prometheus", str(path))
    assert mode(path) == 0o644
    assert "ana" not in path.read_text()


@AS_ROOT
def test_no_link_of_another_is_followed_to_write(clinic: Clinic, tmp_path: Path) -> None:
    remind(clinic)
    shared, victim = tmp_path / "shared", tmp_path / "victim"
    shared.mkdir()
    shared.chmod(0o1777)
    victim.write_text("precious")
    (shared / "page.html").symlink_to(victim)
    os.lchown(shared / "page.html", 4242, -1)
    result = clinic.command("test", "--html", str(shared / "page.html"))
    assert result.exit_code == 2
    assert "page.html is a link or a pipe owned by user 4242" in result.output
    assert victim.read_text() == "precious"


@AS_ROOT
def test_nothing_is_written_into_a_pipe_of_another(clinic: Clinic, tmp_path: Path) -> None:
    remind(clinic)
    os.mkfifo(tmp_path / "export.csv")
    os.chown(tmp_path / "export.csv", 4242, -1)
    result = clinic.command("deliveries", "export", "-o", str(tmp_path / "export.csv"))
    assert result.exit_code == 2
    assert "export.csv is a link or a pipe owned by user 4242" in result.output
