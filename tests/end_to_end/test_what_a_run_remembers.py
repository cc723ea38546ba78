"""A run may remember what the YAML said, but never longer than it says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clinic import WRITTEN_AT, Clinic
from tests.http_server import answer, serve
from tests.providers import HTTP_PROVIDERS, write_secrets

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


# --- what is read when ------------------------------------------------------------------------------------------------

READING = """
import sys

read = []

def watch(event, given):
    if event == "open" and str(given[0]).endswith(("workflows.yaml", "secrets.env")):
        read.append(str(given[0]).rpartition("/")[2])

sys.addaudithook(watch)
from reminderctl.cli import main

main(sys.argv[1:], standalone_mode=False)
print(*sorted(read), "yaml" in sys.modules)
"""

EDITING = """
import pathlib, sys

def edit(event, given):
    if event == "sqlite3.connect" and "bookings.db" in str(given[0]):
        pathlib.Path("edited.yaml").replace("workflows.yaml")

sys.addaudithook(edit)
from reminderctl.cli import main

main()
"""


def run(clinic: Clinic, program: str, now: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, "-c", str(clinic.folder / "workflows.yaml"), "run", "--now", now]
    return subprocess.run(command, cwd=clinic.folder, capture_output=True, text=True, check=False)


def test_an_idle_run_reads_no_yaml_and_no_secret(remembered: Clinic) -> None:
    assert run(remembered, READING, "2026-06-10T08:01Z").stdout == "False\n"


@pytest.mark.parametrize("is_remembered", [True, False])
def test_a_run_that_sends_reads_the_yaml_and_the_secrets_once(remembered: Clinic, *, is_remembered: bool) -> None:
    if not is_remembered:
        memories()[0].unlink()
    remembered.book("b1", "2026-06-10T10:00Z")
    ran = run(remembered, READING, "2026-06-10T09:00Z")
    assert ran.stdout == "secrets.env workflows.yaml True\n", ran.stderr
    assert remembered.states() == {"pending": 1}
    assert remembered.deliveries()[0]["attempts"] == 1


# --- the YAML is edited between planning and sending ------------------------------------------------------------------

EDITED = "the YAML was edited during this run"
SMS = "- {id: w, when: 1 hour before start, actions: [{send: sms, to: customer, body: Hola}]}\n"


def settings_of(provider: str, url: str) -> str:
    return f"timezone: Europe/Madrid\nchannels:\n{HTTP_PROVIDERS[provider].settings.format(url=url, timeout=5)}"


def edit_after_planning(clinic: Clinic, *, settings: str) -> subprocess.CompletedProcess[str]:
    """Run, with what the cache holds; other settings come while the bookings are being opened."""
    (clinic.folder / "edited.yaml").write_text(f"{settings}workflows:\n{SMS}")
    return run(clinic, EDITING, "2026-06-10T09:00Z")


@pytest.mark.parametrize("later", ["sms twilio", "sms vonage"])
def test_no_message_goes_with_the_settings_of_another_provider(clinic: Clinic, later: str) -> None:
    with serve() as before, serve() as after:
        after.script(answer(*HTTP_PROVIDERS[later].accepted))
        write_secrets(clinic.folder)
        age(clinic.folder / "secrets.env")
        clinic.write(SMS, settings=settings_of("sms twilio", before.url))
        clinic.run("2026-06-10T08:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        ran = edit_after_planning(clinic, settings=settings_of(later, after.url))
        assert ran.returncode == 0
        if later == "sms twilio":
            assert ran.stderr == ""
        else:
            assert ran.stderr == f"warning: {EDITED}: the provider of sms changed; the next run sends\n"
            assert clinic.states() == {"pending": 1}
            clinic.run("2026-06-10T09:01Z")
        assert clinic.states() == {"sent": 1}
        assert (len(before.requests), len(after.requests)) == (0, 1)


def test_an_outbox_that_comes_in_between_is_for_the_next_run(clinic: Clinic) -> None:
    write_secrets(clinic.folder)
    age(clinic.folder / "secrets.env")
    clinic.write(SMS, settings=settings_of("sms twilio", "http://127.0.0.1:9"))
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    settings = settings_of("sms twilio", "http://127.0.0.1:9").replace("TWILIO_TOKEN", "NOT_SET") + "outbox: outbox\n"
    ran = edit_after_planning(clinic, settings=settings)
    assert ran.stderr == f"warning: {EDITED}: `outbox` changed; the next run sends\n"
    assert clinic.states() == {"pending": 1}
    clinic.run("2026-06-10T09:01Z")
    assert (clinic.states(), len(clinic.outbox())) == ({"sent": 1}, 1)
