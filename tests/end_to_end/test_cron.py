"""`reminderctl cron`: what it does to a crontab, and what cron then does."""

from __future__ import annotations

import email.policy
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminderctl.cli import crontab_text
from tests.clinic import Clinic, written
from tests.crontab_program import write_crontab_program

WORKFLOWS = """\
- id: reminder
  when: 1 hour before start
  actions:
  - {send: email, to: customer, subject: "Señora {customer_full_name}", body: "¡A las {appointment_start_time}!"}
"""
BARE = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "ana"}  # what cron gives; HOME apart


class Cron:
    """A crontab, what is in it, and what cron makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._spool = folder / "spool"
        write_crontab_program(folder)

    @property
    def text(self) -> bytes | None:
        return self._spool.read_bytes() if self._spool.exists() else None

    @text.setter
    def text(self, text: bytes | None) -> None:
        if text is not None:
            self._spool.write_bytes(text)

    def jobs(self) -> list[tuple[str | None, str]]:
        """Whom each line mails, None for the owner of the crontab, and the command that it gives to sh."""
        mailto, found = None, []
        for line in (self.text or b"").decode().splitlines():
            if line.startswith("MAILTO="):
                mailto = line.removeprefix("MAILTO=")
            elif line.startswith("* * * * * "):
                command = line.removeprefix("* * * * * ")
                assert re.fullmatch(r"(?:[^%\\]|\\.)*", command), "a bare % ends the command"
                found.append((mailto, re.sub(r"\\(.)", lambda pair: "%" if pair[1] == "%" else pair[0], command)))
        return found

    def tick(self) -> list[str]:
        """One minute of cron: what each line printed, and cron would mail."""
        return [
            subprocess.run(
                ["/bin/sh", "-c", command],
                env=BARE | {"HOME": str(self.folder)},
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            for _, command in self.jobs()
        ]


@pytest.fixture
def cron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cron:
    """A machine on which `crontab` is the stand-in."""
    cron = Cron(tmp_path / "cron")
    monkeypatch.setenv("PATH", f"{cron.folder}:/usr/bin:/bin")
    return cron


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    clinic.write(WORKFLOWS)
    return clinic


OTHERS = {
    "none at all": None,
    "of somebody with taste": b'# mine\nMAILTO=me@example.com\n\n0 5 * * 1  tar -zcf "/b/$(date +\\%F)" /home\n\n',
    "with lines ended as on Windows": b"# a\r\n5 4 * * * true\r\n",
    "without an end of its last line": b"5 4 * * * true",
    "neither UTF-8 nor neat": b"\t# Cl\xednica \x0c\n\n\n  @daily true \\% \\\n",
    "of another program with marks": b"# BEGIN x\n@daily true\n# END x\n# reminderctl end:\n",
}


@pytest.mark.parametrize("before", OTHERS.values(), ids=OTHERS)
def test_install_adds_lines_and_remove_takes_just_those_away(clinic: Clinic, cron: Cron, before: bytes | None) -> None:
    cron.text = before
    for _ in range(2):
        installed = clinic.command("cron", "install")
        assert installed.exit_code == 0, installed.output
    assert cron.text is not None
    assert cron.text.startswith(before or b"")
    path = clinic.folder / "workflows.yaml"
    assert cron.text.count(b" run\n") == 1
    assert f" --config {path} run\n".encode() in cron.text
    assert "nothing to do" in installed.stderr
    for _ in range(2):
        removed = clinic.command("cron", "remove")
        assert removed.exit_code == 0, removed.output
    assert cron.text == before
    assert "nothing to do" in removed.stderr


LINES = st.sampled_from(
    ["", "MAILTO=x", "* * * * * a \\% b % c", "# reminderctl", "é\x0b\x85\u2028", "\r", "=", "\udced"]
)


@given(
    texts=st.one_of(st.text(), st.tuples(st.lists(LINES).map("\n".join), st.sampled_from(["", "\n"])).map("".join)),
    after=st.lists(LINES).map(lambda lines: "".join(f"{line}\n" for line in lines)),
    mailto=st.sampled_from([None, "ops"]),
)
def test_whatever_a_crontab_holds_it_is_kept(texts: str, after: str, mailto: str | None) -> None:
    for config in ("/a.yaml", "/Ñ %/b.yaml"):
        once = crontab_text.install(texts, config, command="one", owner="ana", mailto=mailto)
        again = crontab_text.install(once, config, command="two", owner="ana")
        assert (
            crontab_text.remove(once, config)
            == crontab_text.remove(again, config)
            == crontab_text.remove(texts, config)
            == texts
        )
        assert crontab_text.install(again, config, command="one", owner="ana", mailto=mailto) == once
        assert once.startswith(texts), "at the end"
        assert once.endswith("\n"), "cron refuses a last line without an end"
        assert crontab_text.block(once, config) != crontab_text.block(again, config)
        ended = texts if not texts or texts.endswith("\n") else f"{texts}\n"
        assert crontab_text.remove(once + after, config) == (ended + after if after else texts)
        texts = once  # the other configuration's block is a line like any other


def test_installing_again_brings_the_lines_up_to_date_where_they_stand(clinic: Clinic, cron: Cron) -> None:
    clinic.command("cron", "install", "--log", str(clinic.folder / "run.log"), "--mailto", "ops@example.com")
    assert cron.text is not None
    cron.text += b"5 4 * * * true\n"
    result = clinic.command("cron", "install", "--no-log", "--no-mailto")
    assert "brought up to date" in result.stderr
    assert cron.text.endswith(b"# reminderctl end: %s\n5 4 * * * true\n" % bytes(clinic.folder / "workflows.yaml"))
    assert b"MAILTO" not in cron.text
    assert b"run.log" not in cron.text


ODD_LOG = "100% \\% 'of it'.log"


def test_installing_again_keeps_the_log_and_the_mail_that_nothing_is_said_of(clinic: Clinic, cron: Cron) -> None:
    clinic.command("cron", "install", "--log", str(clinic.folder / ODD_LOG), "--mailto", "ops@example.com")
    first = cron.text
    again = clinic.command("cron", "install")
    assert "nothing to do" in again.stderr
    assert cron.text == first
    assert json.loads(clinic.command("cron", "show", "--json").stdout)["state"] == "installed"
    clinic.command("cron", "install", "--mailto", "boss@example.com")
    assert cron.text == (first or b"").replace(b"ops@", b"boss@")
    clinic.command("cron", "install", "--no-log")
    assert [(mailto, "--log" in command) for mailto, command in cron.jobs()] == [("boss@example.com", False)]


def test_the_log_of_a_line_that_version_0_1_wrote_is_kept(clinic: Clinic, cron: Cron) -> None:
    path, log = clinic.folder / "workflows.yaml", clinic.folder / "run.log"
    old = f"* * * * * {{ date -Is; reminderctl --config {path} run -v; }} 2>&1 >> {log} | tee -a {log}"
    cron.text = f"# reminderctl begin: {path}\n{old}\n# reminderctl end: {path}\n".encode()
    clinic.command("cron", "install")
    ((_, command),) = cron.jobs()
    assert command.endswith(f"run --log {log}")


def test_remove_prints_the_lines_that_it_took_out(clinic: Clinic, cron: Cron) -> None:
    clinic.command("cron", "install", "--mailto", "ops@example.com")
    lines = cron.text or b""
    assert clinic.command("cron", "remove").stdout == lines.decode() != ""


def test_a_log_grows_by_what_was_done_only(clinic: Clinic, cron: Cron) -> None:
    log = clinic.folder / "run.log"
    clinic.command("cron", "install", "--log", str(log))
    assert [cron.tick() for _ in range(3)] == [[""]] * 3
    assert log.read_text() == ""
    log.unlink()
    log.mkdir()
    (clinic.folder / "ledger.db").unlink()
    (mailed,) = cron.tick()
    assert mailed.startswith(f"--log {log}: Is a directory; this run is not in it\n")
    assert "the ledger is missing" in mailed


@pytest.mark.parametrize(
    ("above", "mailed"), [(b"", None), (b"MAILTO=a@example.com\n", "a@example.com"), (b'MAILTO = ""\n', None)]
)
def test_mail_of_two_businesses_goes_where_each_wants_it(
    tmp_path: Path, clinic: Clinic, cron: Cron, above: bytes, mailed: str | None
) -> None:
    other = Clinic(tmp_path / "other")
    other.write(WORKFLOWS)
    cron.text = above.replace(b" ", b"")
    clinic.command("cron", "install", "--mailto", "ops@example.com")
    result = other.command("cron", "install")
    owner = json.loads(clinic.command("cron", "show", "--json").stdout)["user"]
    assert [mailto for mailto, _ in cron.jobs()] == ["ops@example.com", mailed or ('""' if above else owner)]
    assert ("turns mail off" in result.stderr) == (above != b"" and mailed is None)
    assert clinic.command("cron", "remove").exit_code == 0
    assert other.command("cron", "remove").exit_code == 0
    assert cron.text == (above.replace(b" ", b"") or None)


ODD = ["100% of it", 'Doña Ana\'s "clinic"', "$HOME `id` \\% \\\\% & ; #", "日本 %%"]


@pytest.mark.parametrize(("name", "log"), [*((name, None) for name in ODD), (ODD[1], "log %d 'x'.txt")])
def test_cron_runs_the_line_wherever_the_files_are(tmp_path: Path, cron: Cron, name: str, log: str | None) -> None:
    clinic = Clinic(tmp_path / name)
    clinic.write(WORKFLOWS)
    now = datetime.now(UTC)
    clinic.run(now - timedelta(hours=2))
    clinic.book("b1", written(now + timedelta(minutes=59)), customers=({"id": "ana", "full_name": "Ana Núñez"},))
    installed = clinic.command("cron", "install", *(["--log", str(clinic.folder / log)] if log else []))
    assert installed.exit_code == 0, installed.output
    assert cron.tick() == [""], "cron has nothing to mail"
    (path,) = clinic.outbox()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "Señora Ana Núñez"
    assert clinic.states() == {"sent": 1}
    (clinic.folder / "ledger.db").rename(tmp_path / "elsewhere")
    (mailed,) = cron.tick()
    assert "the ledger is missing" in mailed
    if log:
        kept = (clinic.folder / log).read_text()
        assert re.match(r"20..-..-..T.*\n.*\n1 planned, 1 sent\n20..-..-..T.*\n.*the ledger is missing", kept), kept
        assert (clinic.folder / log).stat().st_mode & 0o077 == 0, "it names people"


def test_show_prints_lines_that_can_be_pasted_and_changes_nothing(clinic: Clinic, cron: Cron) -> None:
    shown = clinic.command("cron", "show")
    assert (shown.exit_code, cron.text) == (0, None)
    assert "not in the crontab of" in shown.stderr
    assert json.loads(clinic.command("cron", "show", "--json").stdout)["state"] == "absent"
    clinic.command("cron", "install")
    assert cron.text == shown.stdout.encode()
    found = json.loads(clinic.command("cron", "show", "--json").stdout)
    assert found["state"] == "installed"
    assert [f"* * * * * {found['command']}"] == found["lines"][1:-1]
    assert json.loads(clinic.command("cron", "show", "--json", "--log", "x").stdout)["state"] == "different"
    assert cron.text == shown.stdout.encode()


def test_a_path_given_from_where_one_is_means_the_same_lines(
    clinic: Clinic, cron: Cron, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.command("cron", "install")
    monkeypatch.chdir(clinic.folder)
    assert "nothing to do" in clinic.command("cron", "install", "-c", "../clinic/./workflows.yaml").stderr


def test_lines_of_a_configuration_that_is_gone_can_be_removed(clinic: Clinic, cron: Cron) -> None:
    clinic.command("cron", "install")
    shutil.rmtree(clinic.folder)
    mistaken = clinic.command("cron", "remove", "-c", str(clinic.folder))
    assert f"it has lines for {clinic.folder / 'workflows.yaml'}\n" in mistaken.stderr
    assert clinic.command("cron", "remove").exit_code == 0
    assert cron.text is None


def test_cron_is_given_a_program_that_lasts(tmp_path: Path, clinic: Clinic, cron: Cron) -> None:
    here = tmp_path / ".cache" / "uv" / "reminderctl"
    here.parent.mkdir(parents=True)
    here.symlink_to(Path(sysconfig.get_path("scripts"), "reminderctl"))
    arguments = ["-c", "clinic/workflows.yaml", "cron", "show"]
    passing = subprocess.run([here, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert passing.returncode == 2
    assert f"{here}: what `uvx` and `pipx run` install is swept away" in passing.stderr
    module = [sys.executable, "-m", "reminderctl", *arguments]
    lasting = subprocess.run(module, cwd=tmp_path, capture_output=True, text=True, check=False)
    program = shlex.join([str(here.readlink()), "--config", str(clinic.folder / "workflows.yaml")])
    assert f"* * * * * {program}" in lasting.stdout


# --- what is refused --------------------------------------------------------------------------------------------------


def break_yaml(clinic: Clinic, cron: Cron) -> None:
    clinic.write(WORKFLOWS.replace("customer_full_name", "custmer_name"))


def need_a_variable_of_the_shell(clinic: Clinic, cron: Cron) -> None:
    channel = "{host: localhost, from: a@example.com, username: a, password: '${SHELL_ONLY}'}"
    clinic.write(WORKFLOWS, settings=f"timezone: Europe/Madrid\nchannels: {{email: {channel}}}\n")


def lose_the_ledger(clinic: Clinic, cron: Cron) -> None:
    (clinic.folder / "ledger.db").unlink()


def lose_the_bookings(clinic: Clinic, cron: Cron) -> None:
    (clinic.folder / "bookings.db").unlink()


def forbid_it(clinic: Clinic, cron: Cron) -> None:
    (cron.folder / "refuses").write_text("You (ana) are not allowed to use this program (crontab)\n")


def uninstall_cron(clinic: Clinic, cron: Cron) -> None:
    os.environ["PATH"] = "/nowhere"  # `cron` puts it back


def halve_the_block(clinic: Clinic, cron: Cron) -> None:
    cron.text = b"# reminderctl begin: %s\n5 4 * * * true\n" % bytes(clinic.folder / "workflows.yaml")


def do_nothing(clinic: Clinic, cron: Cron) -> None:
    pass


REFUSED = [
    (
        break_yaml,
        (),
        "workflows.yaml:10:50: workflows[0] reminder: actions[0]: unknown shortcode {custmer_name}",
    ),
    (need_a_variable_of_the_shell, (), "SHELL_ONLY"),
    (lose_the_ledger, (), "the ledger is missing"),
    (lose_the_bookings, (), "bookings.db"),
    (forbid_it, (), "You (ana) are not allowed to use this program (crontab)\nThe lines for a crontab:\n# reminderctl"),
    (uninstall_cron, (), "on Debian it is in the package `cron`."),
    (halve_the_block, (), "nobody knows what is ours"),
    (do_nothing, ("--log", "/no/such/folder/log"), "--log /no/such/folder/log: No such file or directory"),
    (do_nothing, ("--log", "a\nb"), "cannot be used in a crontab"),
    (do_nothing, ("--log", "/" + "x" * 900), "File name too long"),
    (do_nothing, ("--mailto", "a b"), "plain addresses only"),
    (do_nothing, ("--mailto", ""), "plain addresses only"),
    (do_nothing, ("--mailto", "a\n* * * * * b"), "plain addresses only"),
]


@pytest.mark.parametrize(
    ("prepare", "options", "words"), REFUSED, ids=[f"{each[0].__name__} {each[1]!a:.30}" for each in REFUSED]
)
def test_what_would_fail_every_minute_is_not_installed(
    clinic: Clinic,
    cron: Cron,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Clinic, Cron], None],
    options: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.setenv("SHELL_ONLY", "secret")
    cron.text = b"5 4 * * * true\n"
    prepare(clinic, cron)
    before = cron.text
    result = clinic.command("cron", "install", *options)
    assert result.exit_code == 2, result.output
    assert words in result.stderr
    assert cron.text == before
    assert "secret" not in result.output.replace("secrets.env", "")


@pytest.mark.parametrize(("file", "words"), [("dislikes", '"-":3: bad minute'), ("forgets", "holds another one")])
def test_a_crontab_that_was_not_taken_is_an_error(clinic: Clinic, cron: Cron, file: str, words: str) -> None:
    (cron.folder / file).write_text('"-":3: bad minute\n')
    result = clinic.command("cron", "install")
    assert result.exit_code == 1
    assert words in result.stderr


# --- the real one -----------------------------------------------------------------------------------------------------


@pytest.fixture
def no_crontab() -> Iterator[None]:
    """The crontab of whoever runs the tests, if it is empty; it is afterwards, too."""
    program = shutil.which("crontab")
    if program is None:
        pytest.skip("not installed: crontab (Debian: cron)")
    before = subprocess.run([program, "-l"], capture_output=True, check=False, text=True)
    if before.returncode == 0 or "no crontab for" not in before.stderr:
        pytest.skip("the crontab here belongs to somebody, or is not for us")
    yield
    subprocess.run([program, "-r"], capture_output=True, check=False)


@pytest.mark.contract
@pytest.mark.usefixtures("no_crontab")
def test_the_real_crontab_takes_the_lines_and_gives_them_back(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path / ODD[1])
    clinic.write(WORKFLOWS)
    for options in ((), ("--log", str(tmp_path / "log"), "--mailto", "ops@example.com")):
        shown = clinic.command("cron", "show", *options).stdout
        installed = clinic.command("cron", "install", *options)
        assert installed.exit_code == 0, installed.output
        assert subprocess.run(["crontab", "-l"], capture_output=True, check=True, text=True).stdout == shown
    assert clinic.command("cron", "remove").exit_code == 0
    assert subprocess.run(["crontab", "-l"], capture_output=True, check=False).returncode == 1
