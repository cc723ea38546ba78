"""A run may remember what the YAML said, but never longer than it says so."""

import os
from pathlib import Path

import pytest

from tests.clinic import WRITTEN_AT, Clinic

WORKFLOW = """\
- id: w
  when: 1 hour before start
  actions:
    - send: email
      to: customer
      subject: s
      body_file: text.txt
"""
SETTINGS = """\
timezone: Europe/Madrid
channels:
  email: {host: 127.0.0.1, port: 1, security: none, from: a@example.com, username: u, password: "${CANARY}"}
"""


def memories() -> list[Path]:
    return list(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.msgpack"))


def age(path: Path, *, seconds: int = 0) -> None:
    os.utime(path, times=(WRITTEN_AT + seconds, WRITTEN_AT + seconds))


@pytest.fixture
def remembered(clinic: Clinic) -> Clinic:
    """A clinic whose configuration has been read and remembered."""
    text, secrets = clinic.folder / "text.txt", clinic.folder / "secrets.env"
    text.write_text("Hello {customer_full_name}")
    secrets.write_text("CANARY=s3cret-canary\n")
    secrets.chmod(0o600)
    age(text)
    age(secrets)
    clinic.write(WORKFLOW, settings=SETTINGS)
    clinic.run("2026-06-10T08:00Z")
    assert len(memories()) == 1
    return clinic


def test_what_is_remembered_holds_no_secret_and_is_for_its_owner_only(remembered: Clinic) -> None:
    (memory,) = memories()
    assert b"customer_full_name" in memory.read_bytes()
    assert b"canary" not in memory.read_bytes()
    assert memory.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["workflows.yaml", "text.txt"])
def test_a_mistake_is_seen_by_the_next_run_whichever_file_it_is_in(remembered: Clinic, name: str) -> None:
    path = remembered.folder / name
    path.write_text(path.read_text() + "{apointment_id}")
    age(path, seconds=60)
    result = remembered.command("run", "--now", "2026-06-10T08:01Z")
    assert result.exit_code == 2
    assert name == "workflows.yaml" or "unknown shortcode {apointment_id}" in result.stderr


def test_a_secret_that_is_gone_is_told_by_the_next_run(remembered: Clinic) -> None:
    (remembered.folder / "secrets.env").unlink()
    result = remembered.command("run", "--now", "2026-06-10T08:01Z")
    assert result.exit_code == 2
    assert "CANARY" in result.stderr


def test_a_file_that_has_just_been_written_is_read_again(remembered: Clinic) -> None:
    (memory,) = memories()
    memory.unlink()
    (remembered.folder / "workflows.yaml").touch()
    remembered.run("2026-06-10T08:01Z")
    assert memories() == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x81\xa1a\x01"])
def test_a_damaged_memory_is_no_trouble(remembered: Clinic, content: bytes) -> None:
    (memory,) = memories()
    memory.write_bytes(content)
    assert remembered.run("2026-06-10T08:01Z") == {}


def test_a_run_does_without_a_place_to_remember(
    remembered: Clinic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert remembered.run("2026-06-10T08:01Z") == {}


def test_a_run_that_remembers_sends_with_the_settings_of_the_files(remembered: Clinic) -> None:
    remembered.book("b1", "2026-06-10T10:00Z")
    assert remembered.run("2026-06-10T09:00Z") == {"planned": 1, "retrying": 1}
    (delivery,) = remembered.deliveries()
    assert "127.0.0.1" in delivery["error"]


def misspell_unseen(clinic: Clinic) -> None:
    """Make a mistake in the YAML that no time, size or inode shows: only what is remembered has none."""
    path = clinic.folder / "workflows.yaml"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(path.read_text().replace("Europe/Madrid", "Europe/Madrix"))
    os.utime(path, ns=times)


def test_what_is_remembered_is_used(remembered: Clinic) -> None:
    misspell_unseen(remembered)
    assert remembered.command("run", "--now", "2026-06-10T08:01Z").exit_code == 0


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_could_have_written_is_not_used(remembered: Clinic, mode: int) -> None:
    (memory,) = memories()
    memory.chmod(mode)
    misspell_unseen(remembered)
    assert remembered.command("run", "--now", "2026-06-10T08:01Z").exit_code == 2


def test_a_link_to_what_is_remembered_is_not_used(remembered: Clinic, tmp_path: Path) -> None:
    (memory,) = memories()
    memory.symlink_to(memory.rename(tmp_path / "elsewhere"))
    misspell_unseen(remembered)
    assert remembered.command("run", "--now", "2026-06-10T08:01Z").exit_code == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_another_user_wrote_is_not_used(remembered: Clinic) -> None:
    (memory,) = memories()
    os.chown(memory, 4242, -1)
    misspell_unseen(remembered)
    assert remembered.command("run", "--now", "2026-06-10T08:01Z").exit_code == 2


def test_nothing_is_remembered_where_others_may_write(remembered: Clinic) -> None:
    (memory,) = memories()
    memory.unlink()
    memory.parent.chmod(0o777)
    assert remembered.run("2026-06-10T08:01Z") == {}
    assert memories() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_root_leaves_no_memory_in_the_home_of_another(
    remembered: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 4242, -1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    assert remembered.run("2026-06-10T08:01Z") == {}
    assert [*home.iterdir()] == []
