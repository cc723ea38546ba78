"""Files that a message may carry: never one of our own, and never one that a customer chose."""

from __future__ import annotations

import email
import json
import os
from pathlib import Path

import pytest

from reminderctl.sources import stored
from tests.clinic import Clinic
from tests.hostile.hostile_clinic import BEFORE, DUE, TIMES, insert

SETTINGS = """\
timezone: Europe/Madrid
language: en
outbox: outbox
admin: {email: admin@example.com}
"""
OWN = (
    *("secrets.env", "ledger.db", "ledger.db.before-2", "ledger.db.lock", "bookings.db"),
    *("sources.db", "workflows.yaml"),
)
ONE_MAIL = "- id: w\n  when: 1 day before start\n  actions:\n  - {send: email, to: admin, subject: s, body: b, %s}\n"


@pytest.fixture
def lab(clinic: Clinic) -> Clinic:
    (clinic.folder / "secrets.env").write_text("SMTP_PASSWORD=hunter22", encoding="utf-8")
    (clinic.folder / "secrets.env").chmod(0o600)
    (clinic.folder / "files").mkdir()
    (clinic.folder / "files" / "map.pdf").write_bytes(b"%PDF")
    (clinic.folder / "prep.pdf").write_bytes(b"%PDF")
    return clinic


def send(clinic: Clinic, keys: str, name: str) -> tuple[list[str], str | None]:
    """The files in the mail, and why it failed, where a booking asks for a name."""
    clinic.write(ONE_MAIL % keys, settings=SETTINGS)
    assert clinic.command("run", "--now", BEFORE).exit_code == 0
    insert(clinic, {"bookings": [{"id": "b", **TIMES, "fields": {"file": name}}]})
    clinic.command("run", "--now", DUE)
    [delivery] = clinic.deliveries()
    mails = [email.message_from_bytes(each.read_bytes()) for each in clinic.outbox()]
    assert len(mails) == (delivery["state"] == "sent")
    files = [file for mail in mails for part in mail.walk() if (file := part.get_filename())]
    return files, delivery["error"]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("kind", ["link", "hard link", "link in a folder"])
def test_no_file_of_our_own_is_ever_attached(lab: Clinic, name: str, kind: str) -> None:
    stored.create(lab.folder / "sources.db")
    for each in OWN:
        (lab.folder / each).touch()
    inside = kind == "link in a folder"
    keys = "attach: ['files/{custom.file}']" if inside else "attach: ['{custom.file}.pdf']"
    link = lab.folder / ("files/letter" if inside else "letter.pdf")
    if kind == "hard link":
        os.link(lab.folder / name, link)
    else:
        link.symlink_to(lab.folder / name)
    files, error = send(lab, keys, "letter")
    assert files == []
    assert "belongs to the configuration" in str(error)


def test_a_message_that_waits_in_the_outbox_is_not_attached_to_another(lab: Clinic) -> None:
    (lab.folder / "outbox").mkdir()
    (lab.folder / "outbox" / "waiting.eml").write_text("To: eve", encoding="utf-8")
    files, error = send(lab, "attach: ['outbox/{custom.file}']", "waiting.eml")
    assert (files, "belongs to the configuration" in str(error)) == ([], True)


def test_a_value_may_choose_inside_a_folder(lab: Clinic) -> None:
    assert send(lab, "attach: ['files/{custom.file}']", "map.pdf") == (["map.pdf"], None)


REFUSED = (
    "{custom.file}",
    "./{custom.file}",
    "files/../{custom.file}",
    "{% if custom.file %}{custom.file}{% else %}prep.pdf{% endif %}",
    "{{ custom.file ~ '.pdf' }}",
    "prep-{custom.file}",
)


@pytest.mark.parametrize("written", REFUSED)
def test_a_value_alone_chooses_no_file(lab: Clinic, written: str) -> None:
    (lab.folder / "prep-prep.pdf").write_bytes(b"%PDF")
    keys = f"attach: [{json.dumps(written)}]"
    lab.write(ONE_MAIL % keys, settings=SETTINGS)
    right = "add a folder or a file extension"
    if right not in lab.command("check").output:  # what comes out shows it
        files, error = send(lab, keys, "prep.pdf")
        assert files == []
        assert right in str(error)


@pytest.mark.parametrize(
    "written",
    ["{% if custom.file %}prep.pdf{% else %}files/map.pdf{% endif %}", "calendar", "{custom.file}.pdf"],
)
def test_what_the_operator_wrote_is_attached(lab: Clinic, written: str) -> None:
    files, _ = send(lab, f"attach: [{json.dumps(written)}]", "prep")
    assert files == ["appointment.ics" if written == "calendar" else "prep.pdf"]


@pytest.mark.parametrize("name", OWN)
def test_check_refuses_a_file_of_our_own_by_its_name(lab: Clinic, name: str) -> None:
    (lab.folder / name).touch()
    for key in (f"attach: [{name}]", f"html_file: {name}"):
        lab.write(ONE_MAIL % key, settings=SETTINGS)
        found = lab.command("check")
        assert found.exit_code == 2
        assert "belongs to the configuration" in found.output


@pytest.mark.parametrize("how", ["above", "link", "absolute", "beside", "linked configuration"])
def test_a_text_file_lies_in_the_folder_of_the_yaml_or_is_named_absolutely(lab: Clinic, how: str) -> None:
    elsewhere = lab.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mail.html").write_text("<p>Hi", encoding="utf-8")
    (lab.folder / "files" / "mail.html").write_text("<p>Hi", encoding="utf-8")
    name = {
        "above": "../elsewhere/mail.html",
        "link": "linked.html",
        "absolute": str(elsewhere / "mail.html"),
        "beside": "files/mail.html",
        "linked configuration": "mail.html",
    }[how]
    (lab.folder / "linked.html").symlink_to(elsewhere / "mail.html")
    lab.write(ONE_MAIL % f"html_file: {name}", settings=SETTINGS)
    if how == "linked configuration":  # as under /nix/store, or in a volume of Kubernetes
        (lab.folder / "workflows.yaml").rename(elsewhere / "workflows.yaml")
        (lab.folder / "workflows.yaml").symlink_to(elsewhere / "workflows.yaml")
        (lab.folder / "mail.html").symlink_to(elsewhere / "mail.html")
    found = lab.command("check")
    refused = how in ("above", "link")
    assert found.exit_code == (2 if refused else 0), found.output
    assert ("is outside the folder of the YAML; use its full path" in found.output) == refused


def test_the_outbox_of_a_test_is_no_way_around(lab: Clinic, tmp_path: Path) -> None:
    (lab.folder / "x.pdf").symlink_to(lab.folder / "secrets.env")
    lab.write(ONE_MAIL % "attach: ['{custom.file}.pdf']", settings=SETTINGS)
    insert(lab, {"bookings": [{"id": "b", **TIMES, "fields": {"file": "x"}}]})
    shown = lab.command("test", "w", "--booking", "b", "--json")
    assert shown.exit_code == 1
    assert "belongs to the configuration" in shown.output
    assert "hunter22" not in shown.output
