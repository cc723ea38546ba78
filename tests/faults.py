"""What can go wrong between us and a provider, and what then follows: docs/reference/failures.md is the table."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import trustme

from tests import http_server
from tests.clinic import at
from tests.http_server import Exchange, Step
from tests.providers import Provider

PAGE = Path(__file__).parents[1] / "docs/reference/failures.md"
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


@contextmanager
def failing_server(fault: str, provider: Provider) -> Iterator[tuple[str, float, list[Any]]]:
    """Serve a provider that fails in this way: its URL, the seconds that an attempt may last, what arrives there."""
    timeout = 0.4 if fault == "silence" or "drips" in fault else 20
    with http_server.serve(authority=trustme.CA() if fault == UNTRUSTED else None) as server:
        url = server.url
        if fault in NOWHERE:
            url = "http://nobody.invalid" if "name" in fault else f"http://127.0.0.1:{free_port()}"
        else:
            server.script(STEPS[fault](provider))
        if fault == "the port does not speak TLS":
            url = url.replace("http:", "https:")
        yield url, timeout, server.requests


def free_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
