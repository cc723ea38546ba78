"""Programs that a YAML names, and its secrets, are used only where nobody else can choose what they are."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from tests.clinic import Clinic

ROOT = os.geteuid() == 0
AS_ROOT = pytest.mark.skipif(not ROOT, reason="only root meets files of others that it could run")
US = pwd.getpwuid(os.geteuid()).pw_name
OTHER = 4242  # a user and a group of that number need not exist
REFUSED = f"{US} would run a program that others can change: "
SETTINGS = "timezone: Europe/Madrid\nchannels: {{email: {{from: citas@example.test, {0}}}}}\n"
REMIND = "- {id: w, when: 1 day before start, actions: [{send: email, to: customer, subject: s, body: b}]}\n"


def write(clinic: Clinic, *, named: str = "sendmail: bin/mailer") -> Path:
    """Name a program, which leaves a file where it ran, in a folder of its own."""
    (clinic.folder / "bin").mkdir(mode=0o755)
    program = clinic.folder / "bin" / "mailer"
    program.write_text(f'#!/bin/sh\ntouch "{clinic.folder}/ran"\necho token\n')
    program.chmod(0o755)
    clinic.write(REMIND, settings=SETTINGS.format(named.replace("BIN", str(program))))
    return program


def refusals(clinic: Clinic) -> str:
    """What `check` and `run` say alike, with a reminder due; the program was not run."""
    clinic.book("b1", "2026-06-10T10:00Z")
    checked, ran = clinic.command("check"), clinic.command("run", "--now", "2026-06-09T10:05Z")
    assert (checked.exit_code, ran.exit_code) == (2, 2), (checked.output, ran.output)
    assert not (clinic.folder / "ran").exists()
    lines = checked.output.splitlines()
    assert lines[0] in ran.output
    return lines[0]


def sends(clinic: Clinic) -> bool:
    """Whether a run hands its reminder to the program."""
    assert clinic.command("check").exit_code == 0
    clinic.run("2026-06-09T09:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-09T10:00Z")
    return (clinic.folder / "ran").exists() and clinic.states() == {"sent": 1}


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o002])
def test_a_program_of_ours_is_run_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        clinic = Clinic(tmp_path / "clinic")
        write(clinic)
        assert sends(clinic)
    finally:
        os.umask(before)


def test_a_program_that_everybody_may_write_is_not_run(clinic: Clinic) -> None:
    program = write(clinic)
    program.chmod(0o777)
    assert f"email: sendmail: {REFUSED}everybody can write to {program} (mode 0777); run: chmod o-w" in refusals(clinic)


def test_a_program_in_a_folder_that_everybody_may_write_is_not_run(clinic: Clinic) -> None:
    program = write(clinic)
    program.parent.chmod(0o777)
    assert f"{REFUSED}everybody can write to {program.parent} (mode 0777)" in refusals(clinic)


def test_the_sticky_bit_keeps_others_from_replacing_a_program(clinic: Clinic) -> None:
    program = write(clinic)
    program.parent.chmod(0o1777)
    assert sends(clinic)


def test_a_link_in_a_folder_that_everybody_may_write_names_no_program(clinic: Clinic) -> None:
    write(clinic, named="sendmail: shared/mailer")
    (clinic.folder / "shared").mkdir()
    (clinic.folder / "shared").chmod(0o777)
    (clinic.folder / "shared" / "mailer").symlink_to("../bin/mailer")
    assert f"{REFUSED}everybody can write to {clinic.folder / 'shared'}" in refusals(clinic)


@pytest.mark.parametrize("command", ["BIN", "[BIN, x]", "[/bin/sh, BIN]"])
def test_a_command_for_a_token_and_its_script_are_looked_at_alike(clinic: Clinic, command: str) -> None:
    program = write(clinic, named=f"host: localhost, username: u, token_command: {command}")
    program.chmod(0o757)
    assert f"email: token_command: {REFUSED}everybody can write to {program} (mode 0757)" in refusals(clinic)


def test_a_yaml_that_everybody_may_write_names_no_program(clinic: Clinic) -> None:
    write(clinic)
    yaml = clinic.folder / "workflows.yaml"
    yaml.chmod(0o666)
    assert f"workflows.yaml:2:56: channels.email: sendmail: {REFUSED}everybody can write to {yaml}" in refusals(clinic)


def test_with_an_outbox_no_program_is_looked_at(clinic: Clinic) -> None:
    write(clinic).chmod(0o777)
    outbox = str(clinic.folder / "outbox")
    ran = clinic.command("run", "--now", "2026-06-09T09:00Z", "--outbox", outbox)
    assert (ran.exit_code, ran.output) == (0, "")


@AS_ROOT
@pytest.mark.parametrize("part", ["bin/mailer", "bin", "workflows.yaml", ""])
def test_root_runs_nothing_that_belongs_to_another(clinic: Clinic, part: str) -> None:
    write(clinic)
    path = clinic.folder / part
    os.chown(path, OTHER, -1)
    assert f"{REFUSED}{path} is owned by user {OTHER}; run: chown root {path}" in refusals(clinic)


@AS_ROOT
def test_root_follows_no_link_of_another_to_a_program(clinic: Clinic) -> None:
    program = write(clinic, named="sendmail: shared/mailer")
    link = clinic.folder / "shared" / "mailer"
    link.parent.mkdir()
    link.parent.chmod(0o1777)
    link.symlink_to(program)
    os.lchown(link, OTHER, -1)
    assert f"{REFUSED}{link} is owned by user {OTHER}; run: chown -h root {link}" in refusals(clinic)


@AS_ROOT
@pytest.mark.parametrize("part", ["bin/mailer", "bin", "workflows.yaml"])
def test_root_runs_nothing_that_a_group_with_members_may_write(clinic: Clinic, part: str) -> None:
    write(clinic)
    path = clinic.folder / part
    os.chown(path, -1, OTHER)
    path.chmod(0o775)
    assert f"{REFUSED}the group {OTHER} can write to {path} (mode 0775); run: chmod g-w {path}" in refusals(clinic)


@AS_ROOT
def test_a_group_without_members_may_write_as_in_usr_local_of_debian(clinic: Clinic) -> None:
    used = {each.pw_gid for each in pwd.getpwall()}
    empty = next(each.gr_gid for each in grp.getgrall() if not each.gr_mem and each.gr_gid not in used)
    program = write(clinic)
    os.chown(program.parent, -1, empty)
    program.parent.chmod(0o2775)
    assert sends(clinic)


@AS_ROOT
def test_root_takes_no_secrets_of_another(clinic: Clinic) -> None:
    write(clinic, named='host: localhost, username: u, password: "${PASSWORD}"')
    secrets = clinic.folder / "secrets.env"
    secrets.write_text("PASSWORD=hunter22\n")
    secrets.chmod(0o600)
    os.chown(secrets, OTHER, -1)
    owned = f"{secrets}:1:1: it is owned by user {OTHER}, who can read and change it"
    said = f"{owned}, and this process runs as root, so it is not used"
    assert refusals(clinic) == f"{said}; run: chown root {secrets}"


def test_secrets_are_not_waited_for_in_a_pipe(clinic: Clinic) -> None:
    write(clinic, named='host: localhost, username: u, password: "${PASSWORD}"')
    os.mkfifo(clinic.folder / "secrets.env", 0o600)
    assert "secrets.env:1:1: is not a regular file" in refusals(clinic)
