"""Every channel against every fault, through the real command line: docs/reference/failures.md is the table."""

from __future__ import annotations

import json
import os
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import smtp_server
from tests.clinic import Clinic, at
from tests.faults import ASKED, DUE, MEANINGS, NOWHERE, Case, failing_server, free_port, read_cases
from tests.providers import CANARY, EMAIL, HTTP_PROVIDERS, SECRETS, SEND_EMAIL, USER, spellings, write_secrets
from tests.smtp_server import CLOSE, SILENCE

CASES = [*read_cases("## HTTP"), *read_cases("## SMTP")]


# --- what goes wrong ------------------------------------------------------------------------------------------------


DIALOGUES: dict[str, dict[str, smtp_server.Answer]] = {
    "the port does not speak TLS": {},
    "the server offers no STARTTLS": {},
    "the server offers no login": {"EHLO": "250 mx.test"},
    "cut after the final dot": {"dot": CLOSE},
    "silence after the final dot": {"dot": SILENCE},
    "a greeting that drips": {"greeting": b"2"},
    "a drip after the final dot": {"dot": b"2"},
}
PASSWORD = SECRETS["SMTP_PASSWORD"]
WHAT_IT_KNOWS = " ".join(
    [PASSWORD, *(b64encode(each.encode()).decode() for each in (PASSWORD, f"\0{USER}\0{PASSWORD}"))]
)
SECURITY = {"the port does not speak TLS": "tls", "the server offers no STARTTLS": "starttls"}


def read_dialogue(fault: str) -> dict[str, smtp_server.Answer]:
    """What an SMTP server answers otherwise than usual: `cut at RCPT`, `RCPT 550 5.1.1 User unknown`."""
    usual: dict[str, smtp_server.Answer] = {"EHLO": "250-mx.test\n250 AUTH PLAIN"}
    if fault in DIALOGUES:
        return usual | DIALOGUES[fault]
    if found := re.fullmatch(r"(cut|silence) at (?:the )?(\w+)", fault):
        return usual | {found[2]: CLOSE if found[1] == "cut" else SILENCE}
    point, _, answer = fault.partition(" ")
    assert point in smtp_server.PLAYS_ALONG, fault
    return usual | {point: answer if point == "greeting" else f"{answer} {WHAT_IT_KNOWS}"}


# --- one delivery, one fault ----------------------------------------------------------------------------------------


class Played(NamedTuple):
    """What the ledger says after one run; all that was printed or stored; what the next run remembers of the YAML."""

    delivery: dict[str, Any]
    attempts: list[dict[str, Any]]
    traces: bytes
    memory: bytes


@contextmanager
def failing_web(case: Case) -> Iterator[tuple[str, str, list[Any]]]:
    """The settings, the action and what arrives of a provider that fails in this way."""
    provider = HTTP_PROVIDERS[case.provider]
    with failing_server(case.fault, provider) as (url, timeout, arrived):
        yield provider.settings.format(url=url, timeout=timeout), provider.action.replace("URL", url), arrived


@contextmanager
def failing_mail(case: Case) -> Iterator[tuple[str, str, list[Any]]]:
    """The same of a mail server."""
    timeout = 0.4 if "silence" in case.fault or "drip" in case.fault else 20
    with smtp_server.serve(**({} if case.fault in NOWHERE else read_dialogue(case.fault))) as server:
        setting = EMAIL.format(
            host="nobody.invalid" if case.fault == "the name does not resolve" else "127.0.0.1",
            port=free_port() if case.fault in NOWHERE else server.port,
            security=SECURITY.get(case.fault, "none"),
            timeout=timeout,
        )
        yield setting, SEND_EMAIL, server.contents


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """A clinic with one booking, of which each test has a copy: making one takes as long as all the rest."""
    clinic = Clinic(tmp_path_factory.mktemp("booked"))
    write_secrets(clinic.folder)
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def move_in(clinic: Clinic, folder: Path) -> Clinic:
    moved = copy(clinic)
    moved.folder = shutil.copytree(clinic.folder, folder)
    return moved


def run_once(clinic: Clinic, setting: str, action: str) -> Played:
    clinic.write(
        f"- {{id: reminder, when: 1 day before start, actions: [{action}]}}\n",
        settings=f"timezone: Europe/Madrid\nchannels:\n{setting}",
    )
    clinic.run(DUE - timedelta(minutes=1))
    ran = clinic.command("run", "-v", "--now", DUE.isoformat())
    assert ran.exit_code in (0, 1), (ran.output, ran.exception)
    listed = clinic.command("deliveries", "list", "--json")
    shown = [clinic.command("deliveries", "show", "1", *options) for options in ((), ("--json",))]
    stored = [path for path in clinic.folder.iterdir() if path.name not in ("secrets.env", "workflows.yaml")]
    traces = [(result.stdout + result.stderr).encode() for result in (ran, listed, *shown)]
    traces += [path.read_bytes() for path in stored]
    memory = [path.read_bytes() for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("*.*")]
    delivery, history = json.loads(listed.stdout)[0], json.loads(shown[1].stdout)["history"]
    return Played(delivery, history, b"\n".join(traces), b"\n".join(memory))


# --- what must follow -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider}: {case.fault}")
def test_a_fault_ends_as_the_table_says_and_brings_no_secret_to_light(
    case: Case, booked: Clinic, tmp_path: Path
) -> None:
    failing = failing_mail if case.provider == "email" else failing_web
    with failing(case) as (setting, action, seen):
        played = run_once(move_in(booked, tmp_path / "clinic"), setting, action)
    assert len(seen) == case.arrived
    assert_as_told(case, played)
    assert [each for each in (CANARY.encode(), *spellings()) if each in played.traces] == [], played.delivery["error"]
    assert [each for each in spellings() if each in played.memory] == []


def assert_as_told(case: Case, played: Played) -> None:
    """That the ledger says what the word of the table means."""
    delivery, expected = played.delivery, MEANINGS[case.word]
    [attempt] = played.attempts
    assert (attempt["outcome"], delivery["state"]) == (expected.outcome, expected.state), delivery["error"]
    assert delivery["attempts"] == int(expected.counts)
    assert (delivery["error"] is None) is (case.word == "sent")
    earliest, latest = when_again(case, at(attempt["ended_at"]))
    again = delivery["next_attempt_at"]
    assert (again is None) is (earliest is None)
    if again and earliest and latest:
        assert earliest <= at(again) <= latest
    if case.word == "expired":
        assert "after the deadline" in delivery["error"]


def when_again(case: Case, ended: datetime) -> tuple[datetime, datetime] | tuple[None, None]:
    """The first and last instant that the next attempt may be set for, as the words of the page say."""
    if case.word == "paused":
        return ended + timedelta(minutes=2), ended + timedelta(minutes=2)
    if case.word not in ("retried", "repeated", "waits", "put off"):
        return None, None
    if case.fault.endswith("Retry-After as a date"):
        return DUE + ASKED, DUE + ASKED
    if case.fault.endswith("Retry-After in seconds"):
        return ended + ASKED, ended + ASKED
    return ended + timedelta(seconds=15), ended + timedelta(seconds=30)
