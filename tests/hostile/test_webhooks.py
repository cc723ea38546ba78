"""Webhooks whose receiver is hostile: it gets the one request that was meant for it, and leads us nowhere else."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from threading import Thread
from typing import Any

import pytest

from reminderctl.channels import addresses
from reminderctl.channels._http import client
from reminderctl.errors import ChannelDown, DeliveryError, Unavailable
from reminderctl.model import Receipt
from tests import http_server, texting, webhooks
from tests.clinic import Clinic
from tests.hostile.hostile_clinic import DUE, TIMES, arm, insert
from tests.http_server import Server, answer
from tests.providers import HTTP_PROVIDERS

ELSEWHERE = [
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://localhost.:{port}/x",
    "//127.0.0.1:{port}/x",
    "http://2130706433:{port}/x",
    "http://0177.0.0.1:{port}/x",
    "http://0x7f.1:{port}/x",
    "http://[::1]:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://0.0.0.0:{port}/x",
    "http://example.com@127.0.0.1:{port}/x",
    "http://①②⑦.0.0.1:{port}/x",
    "https://127.0.0.1:{port}/x",
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1:{port}/x",
    "http://[",
    "http://127.0.0.1:99999/",
    "\x01\x7f",
    "",
]


class Trap:
    """A port where nobody should ever come by."""

    def __init__(self, listening: socket.socket) -> None:
        self.port = listening.getsockname()[1]
        self.visits = 0
        self._listening = listening

    def watch(self) -> None:
        while True:
            try:
                self._listening.accept()[0].close()
            except OSError:
                return
            self.visits += 1


@pytest.fixture
def trap() -> Iterator[Trap]:
    with closing(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)) as listening:
        trap = Trap(listening)
        thread = Thread(target=trap.watch)
        thread.start()
        yield trap
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with http_server.serve() as server:
        yield server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(server: Server, trap: Trap, status: int) -> None:
    for place in ELSEWHERE:
        server.script(answer(status, headers={"Location": place.format(port=trap.port)}))
        assert isinstance(webhooks.send(webhooks.message(url=server.url, json={"a": "b"})), ChannelDown), place
    assert len(server.requests) == len(ELSEWHERE)
    assert trap.visits == 0


def test_a_run_follows_no_redirect_whoever_sends_it(clinic: Clinic, trap: Trap) -> None:
    with http_server.serve() as hook, http_server.serve() as gateway, http_server.serve() as bot:
        servers = (hook, gateway, bot)
        for each in servers:
            each.script(answer(307, headers={"Location": f"http://127.0.0.1:{trap.port}/x"}))
        channels = "".join(
            HTTP_PROVIDERS[name].settings.format(url=each.url, timeout=5)
            for name, each in (("sms twilio", gateway), ("telegram", bot))
        )
        actions = (
            f"{{send: webhook, url: '{hook.url}/x'}}\n  - {{send: sms, to: '+34600111222', body: x}}\n"
            "  - {send: telegram, to: '123', body: x}"
        )
        arm(clinic, actions, channels=channels.strip())
        insert(clinic, {"bookings": [{"id": "b", **TIMES}]})
        clinic.run(DUE, exits=1)
    assert [len(each.requests) for each in servers] == [1, 1, 1]
    assert clinic.states() == {"pending": 3}
    assert trap.visits == 0


PRIVATE = (
    "127.0.0.1",
    "localhost",
    "localhost.",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",  # noqa: S104 - nobody listens there
    "[::]",
)


@pytest.mark.parametrize("host", PRIVATE)
def test_where_only_public_hosts_may_be_asked_no_spelling_of_a_private_one_is(trap: Trap, host: str) -> None:
    with (
        closing(client.session()) as session,
        pytest.raises(Unavailable, match=r"not a public address|cannot be resolved"),
    ):
        client.request(session, "GET", url=f"http://{host}:{trap.port}/", public_only=True)
    assert trap.visits == 0


def test_a_name_is_looked_up_once_for_the_check_and_the_connection(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        place = "203.0.113.1" if len(looked_up) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with closing(client.session()) as session, pytest.raises(Unavailable, match="not a public address"):
        client.request(session, "GET", url=f"http://rebinding.example:{trap.port}/", public_only=True)
    assert (looked_up, trap.visits) == (["rebinding.example"], 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com@127.0.0.1:{port}/x",
        "http://user:p%40ss@127.0.0.1:{port}/x#@example.com/",
        "http://127.0.0.1:{port}?@example.com/",
        "http://127.0.0.1:{port}/\\@example.com/",
        "http://0x7f.0.0.1:{port}//example.com/",
    ],
)
def test_a_request_goes_to_the_host_that_its_pauses_are_kept_under(server: Server, url: str) -> None:
    port = server.url.rpartition(":")[2]
    written = url.format(port=port)
    assert isinstance(webhooks.send(webhooks.message(url=written)), Receipt)
    assert addresses.origin(written).replace("0x7f.0.0.1", "127.0.0.1") == f"http://127.0.0.1:{port}"
    [request] = server.requests
    assert request.headers["host"].rpartition(":")[2] == port
    assert ("authorization" in request.headers) == ("user" in url)


NESTED = "[" * 60_000
ANSWERS = {
    "nested JSON": answer(429, NESTED),
    "nested JSON, accepted": answer(200, NESTED),
    "terminal": answer(400, "\x1b]0;owned\x07\x9b2J\u202e" * 1000),
    "not text": answer(400, b"\xff\xfe\x00" * 1000),
    "ten megabytes": answer(400, b"x" * 10_000_000),
    "a bomb": answer(400, gzip.compress(b"x" * 100_000_000), headers={"Content-Encoding": "gzip"}),
    "a bomb in a bomb": answer(
        400, gzip.compress(gzip.compress(b"x" * 100_000_000)), headers={"Content-Encoding": "gzip, gzip"}
    ),
    "many headers": answer(200, headers={f"X-{number}": "x" for number in range(5_000)}),
    "a long header": answer(200, headers={"X-Long": "x" * 1_000_000}),
    "a wait": answer(429, {"retry_after": 1e300}, headers={"Retry-After": "9" * 10_000}),
    "a wait, dated": answer(503, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"}),
    "a status": answer(999, "x"),
}


@pytest.mark.parametrize("step", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_an_answer_whatever_stands_in_it(server: Server, step: http_server.Step) -> None:
    """One of the endings that a delivery knows, in a short line, with bounded memory."""
    server.script(step)
    tracemalloc.start()
    try:
        ending = webhooks.send(webhooks.message(url=server.url))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(ending, Receipt | DeliveryError)
    assert len(str(ending)) < 400
    assert str(ending).isprintable()
    assert most < 30_000_000
    for provider in ("sms.twilio", "sms.vonage", "sms.infobip", "sms.http", "whatsapp.twilio"):
        said = texting.deliver(provider, server)
        assert len(str(said)) < 600, provider
        assert str(said).isprintable(), provider
