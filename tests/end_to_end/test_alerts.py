"""Alerts: a chat room hears of failed runs, once, and of their end; whatever becomes of that, the run is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clinic import Clinic
from tests.http_server import Server, answer, serve, silence

SECRET = "s3cr3tpath"
CHAT = (
    "timezone: Europe/Madrid\nalerts: {{chat: team}}\nchannels:\n"
    "  chat: {{team: {{kind: slack, url: '{url}/" + SECRET + "'}}}}\n"
)
SMS = (
    "  sms: {{provider: twilio, account_sid: AC0123456789abcdef0123456789abcdef, auth_token: x, from: '+15005550006', "
    "base_url: '{sms}'}}\n"
)
SEND = "- {id: w, when: 1 day before start, actions: [{send: sms, to: customer, body: Hola}]}\n"


class Alerted:
    """A clinic, its provider of SMS, and the room that hears of failures."""

    def __init__(self, folder: Path, room: Server, sms: Server) -> None:
        self.clinic, self.room, self.sms = Clinic(folder / "clinic"), room, sms
        room.script(answer(200, "ok"))
        sms.script(answer(201, {"sid": "SM1", "status": "queued", "error_code": None}))
        self.write()

    def write(self, workflows: str = SEND, *, more: str = "") -> None:
        settings = CHAT.format(url=self.room.url) + SMS.format(sms=self.sms.url) + more
        self.clinic.write(workflows, settings=settings)

    def run(self, minute: str, *options: str) -> Any:
        return self.clinic.command("run", "--now", f"2026-06-09T{minute}:00Z", *options)

    def said(self) -> list[str]:
        return [str(request.json()["text"]) for request in self.room.requests]

    def refuse_sms(self) -> None:
        self.sms.script(answer(400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}))

    def lose_account(self) -> None:
        self.sms.script(answer(401, {"code": 20003, "message": "Authenticate", "status": 401}))


@pytest.fixture
def alerted(tmp_path: Path) -> Iterator[Alerted]:
    with serve() as room, serve() as sms:
        made = Alerted(tmp_path, room, sms)
        made.clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "l", "full_name": "<!channel> Luis"},))
        made.run("09:59")
        yield made


def test_a_run_without_failure_says_nothing(alerted: Alerted) -> None:
    assert alerted.run("10:00").exit_code == 0
    assert alerted.said() == []
    assert not (alerted.clinic.folder / "ledger.db.alerts").exists()


def test_a_failed_run_says_what_it_prints_and_names_mention_nobody(alerted: Alerted) -> None:
    alerted.refuse_sms()
    result = alerted.run("10:00")
    assert result.exit_code == 1
    [text] = alerted.said()
    first, line = text.split("\n")
    assert first.startswith("reminderctl on ")
    assert first.endswith("(workflows.yaml) needs attention:")
    assert line == result.stderr.strip().replace("<", "&lt;").replace(">", "&gt;")
    assert "&lt;!channel&gt; Luis" in line


def test_the_same_failure_is_said_once_in_an_hour(alerted: Alerted) -> None:
    alerted.write(SEND.replace("id: w", "id: w w"))
    for minute in ("10:00", "10:01", "10:30", "10:59"):
        assert alerted.run(minute).exit_code == 2
    [text] = alerted.said()
    assert "w w" in text
    alerted.run("11:00")
    assert len(alerted.said()) == 2


def test_numbers_make_no_other_failure_and_other_words_do(alerted: Alerted) -> None:
    alerted.refuse_sms()
    for number in (2, 3):
        alerted.clinic.book(f"b{number}", f"2026-06-10T10:0{number}Z")
    alerted.clinic.book("b4", "2026-06-10T10:04Z")
    for minute in ("10:00", "10:02", "10:03"):
        assert alerted.run(minute).exit_code == 1
    assert len(alerted.said()) == 1
    alerted.lose_account()
    assert alerted.run("10:04").exit_code == 1
    assert len(alerted.said()) == 2
    assert "sms is down" in alerted.said()[1]


def test_the_end_is_said_once_and_only_when_the_channel_works(alerted: Alerted) -> None:
    alerted.lose_account()
    assert alerted.run("10:00").exit_code == 1
    assert alerted.run("10:01").exit_code == 0, "nothing is tried while the channel is down"
    assert len(alerted.said()) == 1
    alerted.sms.script(answer(201, {"sid": "SM1", "status": "queued", "error_code": None}))
    for minute in ("10:05", "10:10", "10:11"):
        assert alerted.run(minute).exit_code == 0
    assert alerted.clinic.states() == {"sent": 1}
    assert len(alerted.said()) == 2
    assert alerted.said()[1].endswith("(workflows.yaml) works again")


def test_bookings_that_cannot_be_read_are_said_and_their_end(alerted: Alerted) -> None:
    there = alerted.clinic.folder / "bookings.db"
    away = there.rename(there.with_suffix(".away"))
    for minute in ("10:00", "10:01"):
        assert alerted.run(minute).exit_code == 2
    [text] = alerted.said()
    assert "bookings.db" in text
    away.rename(there)
    assert alerted.run("10:02").exit_code == 0
    assert len(alerted.said()) == 2


def test_a_broken_ledger_is_said(alerted: Alerted) -> None:
    (alerted.clinic.folder / "ledger.db").write_bytes(b"no database" * 500)
    for minute in ("10:00", "10:01"):
        assert alerted.run(minute).exit_code in (1, 2)
    assert len(alerted.said()) == 1


@pytest.mark.parametrize("trouble", ["404", "500", "429", "silence", "nobody"])
def test_an_alert_that_fails_changes_nothing_and_is_tried_again(trouble: str, alerted: Alerted) -> None:
    if trouble == "nobody":
        alerted.room.url = "http://127.0.0.1:9"
    elif trouble == "silence":
        alerted.room.script(silence)
    else:
        alerted.room.script(answer(int(trouble), f"/{SECRET}"))
    alerted.write(SEND.replace("id: w", "id: w w"))
    if trouble == "silence":
        path = alerted.clinic.folder / "workflows.yaml"
        path.write_text(path.read_text().replace(f"/{SECRET}'", f"/{SECRET}', timeout: 0.3"))
    result = alerted.run("10:00")
    assert result.exit_code == 2
    assert re.search(r"(?m)^alerts: ", result.stderr)
    assert SECRET not in result.output
    before = len(alerted.room.requests)
    alerted.run("10:01")
    expected = {"nobody": before, "silence": before}.get(trouble, before + 1)  # what may have arrived is not repeated
    assert len(alerted.room.requests) == expected


def test_dry_mode_writes_it_to_the_outbox(alerted: Alerted) -> None:
    alerted.write(more="outbox: outbox\n")
    (alerted.clinic.folder / "bookings.db").unlink()
    assert alerted.run("10:00").exit_code == 2
    assert alerted.said() == []
    [path] = alerted.clinic.outbox()
    shown = json.loads(path.read_text())
    assert (shown["channel"], shown["recipient"], shown["to"]) == ("chat", "alerts", "team")
    assert "needs attention" in shown["body"]
    assert SECRET not in path.read_text()


def test_a_dry_run_says_nothing(alerted: Alerted) -> None:
    alerted.write(SEND.replace("id: w", "id: w w"))
    assert alerted.run("10:00", "--dry-run").exit_code == 2
    assert alerted.said() == []


def test_an_outbox_on_the_command_line_is_where_it_goes(alerted: Alerted) -> None:
    alerted.write(SEND.replace("id: w", "id: w w"))
    alerted.run("10:00", "--outbox", str(alerted.clinic.folder / "elsewhere"))
    assert alerted.said() == []
    assert len([*(alerted.clinic.folder / "elsewhere").iterdir()]) == 1


def test_what_is_remembered_names_nobody(alerted: Alerted) -> None:
    alerted.refuse_sms()
    alerted.run("10:00")
    remembered = (alerted.clinic.folder / "ledger.db.alerts").read_text()
    assert "Luis" not in remembered
    assert "600111222" not in remembered


def test_many_lines_are_cut_for_the_smallest_room(alerted: Alerted) -> None:
    wrong = "".join(SEND.replace("id: w", f"id: {letter} {letter}") for letter in "abcdefghijklmno")
    alerted.write(wrong)
    assert alerted.run("10:00").exit_code == 2
    [text] = alerted.said()
    assert len(text) < 1_000, "half of what Discord takes: a backslash may be before each character"


def test_a_file_that_cannot_be_written_makes_it_the_full_hour(alerted: Alerted) -> None:
    (alerted.clinic.folder / "ledger.db.alerts").mkdir()
    alerted.write(SEND.replace("id: w", "id: w w"))
    for minute in ("09:59", "10:00", "10:01", "10:02"):
        assert alerted.run(minute).exit_code == 2
    assert len(alerted.said()) == 1
