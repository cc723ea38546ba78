"""Every channel against every fault, through the real command line: docs/reference/failures.md is the table."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from tests import http_server, smtp_server
from tests.clinic import Clinic, at
from tests.http_server import Exchange, Step
from tests.providers import CANARY, EMAIL, HTTP_PROVIDERS, SECRETS, SEND_EMAIL, USER, Provider, spellings, write_secrets
from tests.smtp_server import CLOSE, SILENCE

PAGE = Path(__file__).parents[2] / "docs/reference/failures.md"
DUE = at("2026-06-09T10:00Z")  # a day before the booking; the deadline is twelve hours later
ASKED = timedelta(minutes=3)


class Case(NamedTuple):
    """One cell of a table: who is asked to send, what goes wrong, how much arrives, and the word for what follows."""

    provider: str
    fault: str
    arrived: int
    word: str


class Meaning(NamedTuple):
    """What a word of the tables stands for."""

    outcome: str
    state: str
    counts: bool


def read_table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, the names of its columns first."""
    text = f"\n{PAGE.read_text(encoding='utf-8')}".partition(f"\n{heading}\n")[2]
    rows = re.findall(r"^\|(.*)\|$", text.partition("\n#")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows if "---" not in row]


def read_cases(heading: str) -> list[Case]:
    (_, _, *providers), *rows = read_table(heading)
    return [
        Case(provider, fault, int(arrived), word)
        for fault, arrived, *words in rows
        for provider, word in zip(providers, words, strict=True)
    ]


MEANINGS = {row[0].strip("`"): Meaning(row[1], row[2], row[3] == "yes") for row in read_table("# Failures")[1:]}
CASES = [*read_cases("## HTTP"), *read_cases("## SMTP")]


# --- what goes wrong ------------------------------------------------------------------------------------------------


def refuse(status: int, **headers: str) -> Callable[[Provider], Step]:
    """Answer with a status, and with words that repeat all of the request, secrets included."""

    def scripted(provider: Provider) -> Step:
        def step(exchange: Exchange) -> None:
            words = repeat(exchange)
            exchange.answer(
                status,
                provider.errors(status, words),
                headers={each.replace("_", "-"): headers[each] for each in headers},
            )

        return step

    return scripted


def repeat(exchange: Exchange) -> str:
    got = exchange.read()
    return f"Wrong: {got.path} {got.headers.get('authorization')} {got.headers} {got.body.decode()}"


def refuse_within_success(provider: Provider) -> Step:
    status, say = provider.refused
    return lambda exchange: exchange.answer(status, say(repeat(exchange)))


def accept(provider: Provider) -> Step:
    return http_server.answer(*provider.accepted)


def accept_by_halves(provider: Provider) -> Step:
    status, body = provider.accepted
    content = body if isinstance(body, str) else json.dumps(body)

    def step(exchange: Exchange) -> None:
        exchange.read()
        half = content[: len(content) // 2]
        exchange.answer(status, half, headers={"Content-Length": str(len(content))})
        exchange.hang_up()

    return step


def say_more(before: bytes, words: str, after: bytes = b"") -> Callable[[Provider], Step]:
    """Send something before and after an answer, in one write."""

    def scripted(provider: Provider) -> Step:
        status, body = provider.accepted if words == "an acceptance" else (500, provider.errors(500, "no"))

        def step(exchange: Exchange) -> None:
            exchange.read()
            exchange.write(before + http_server.head_and_body(status, body) + after)

        return step

    return scripted


def speak_plainly(exchange: Exchange) -> None:
    exchange.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    exchange.hang_up()


def switch_protocols(exchange: Exchange) -> None:
    exchange.read()
    exchange.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x00")


def hint_for_ever(exchange: Exchange) -> None:
    exchange.read()
    while exchange.write(INTERIM):
        pass


INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
)
WEB_PAGE = http_server.answer(200, "<!DOCTYPE html><title>Wi-Fi</title>", headers={"Content-Type": "text/html"})
NOWHERE = {"nobody listens at the port", "the name does not resolve"}
UNTRUSTED = "the certificate is not to be trusted"
STEPS: dict[str, Callable[[Provider], Step]] = {
    "the port does not speak TLS": lambda _: speak_plainly,
    UNTRUSTED: accept,
    "reset before the request was read": lambda _: http_server.reset_before,
    "reset after the request": lambda _: http_server.reset_after,
    "closed after half a head": lambda _: http_server.half_a_head,
    "closed after half an acceptance": accept_by_halves,
    "silence": lambda _: http_server.silence,
    "a head that drips": lambda _: http_server.drip_headers,
    "an acceptance that drips": lambda provider: http_server.drip_body(provider.accepted[0]),
    "something that is not HTTP": lambda _: http_server.garbage,
    "an acceptance": accept,
    "an acceptance after 100, 102 and 103": say_more(INTERIM, "an acceptance"),
    "500 after 100, 102 and 103": say_more(INTERIM, "500"),
    "an acceptance, then a 500 nobody asked for": say_more(b"", "an acceptance", http_server.head_and_body(500, "no")),
    "500, then an acceptance nobody asked for": lambda provider: say_more(
        b"", "500", http_server.head_and_body(*provider.accepted)
    )(provider),
    "an acceptance with a body longer than announced": say_more(b"", "an acceptance", b"and more"),
    "101": lambda _: switch_protocols,
    "100, 102 and 103 without end": lambda _: hint_for_ever,
    "200 with the provider's refusal in it": refuse_within_success,
    "200 with a web page": lambda _: WEB_PAGE,
    "302": refuse(302, Location="/elsewhere"),
    **{str(status): refuse(status) for status in (400, 401, 403, 404, 408, 410, 429, 500, 503)},
    "429, Retry-After in seconds": refuse(429, Retry_After=str(int(ASKED.total_seconds()))),
    "429, Retry-After as a date": refuse(429, Retry_After=format_datetime(DUE + ASKED, usegmt=True)),
    "429, Retry-After that makes no sense": refuse(429, Retry_After="soon"),
    "429, Retry-After beyond the deadline": refuse(429, Retry_After=str(13 * 3600)),
    "503, Retry-After in seconds": refuse(503, Retry_After=str(int(ASKED.total_seconds()))),
}
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
    timeout = 0.4 if case.fault == "silence" or "drips" in case.fault else 20
    authority = trustme.CA() if case.fault == UNTRUSTED else None
    with http_server.serve(authority=authority) as server:
        url = server.url
        if case.fault in NOWHERE:
            url = "http://nobody.invalid" if "name" in case.fault else f"http://127.0.0.1:{free_port()}"
        else:
            server.script(STEPS[case.fault](provider))
        if case.fault == "the port does not speak TLS":
            url = url.replace("http:", "https:")
        yield provider.settings.format(url=url, timeout=timeout), provider.action.replace("URL", url), server.requests


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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


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
