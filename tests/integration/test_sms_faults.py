"""What SMS and WhatsApp providers and the network can do wrong, and that no secret shows in any of it."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus, unquote_plus

import pytest

from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from tests.http_server import (
    Exchange,
    Server,
    Step,
    answer,
    close_after,
    garbage,
    half_a_head,
    half_an_answer,
    reset_after,
    serve,
    silence,
)
from tests.spellings import SPELLINGS
from tests.texting import ACCOUNTS, CANARY, SID, deliver

PROVIDERS = sorted(ACCOUNTS)
PAGE = "<!DOCTYPE html><html><body>Welcome to our Wi-Fi</body></html>"
HTML = {"Content-Type": "text/html"}
DATE = datetime(2026, 11, 23, 13, tzinfo=UTC)

FAULTS: list[tuple[str, Step, type[DeliveryError]]] = [
    ("reset", reset_after, Unknown),
    ("close", close_after, Unknown),
    ("half a head", half_a_head, Unknown),
    ("garbage", garbage, Unknown),
    ("half an answer", half_an_answer(200), Unknown),
    ("silence", silence, Unknown),
    ("a captive portal", answer(200, PAGE, headers=HTML), Unknown),
    ("an empty 200", answer(200), Unknown),
    ("strange JSON", answer(200, {"hello": [CANARY]}), Unknown),
    ("a JSON list", answer(200, [{"status": {"id": 1}}]), Unknown),
    ("another redirect", answer(307, headers={"Location": "/again"}), ChannelDown),
    ("400", answer(400, CANARY), Rejected),
    ("401", answer(401, {"detail": CANARY}), ChannelDown),
    ("403", answer(403, PAGE, headers=HTML), ChannelDown),
    ("404", answer(404, "no such thing"), Rejected),
    ("429", answer(429), Throttled),
    ("500", answer(500, "oops"), Unknown),
    ("502", answer(502, PAGE, headers=HTML), Unknown),
    ("503", answer(503), Unknown),
    ("503 and a time", answer(503, headers={"Retry-After": "30"}), Unavailable),
]


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("step", "kind"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_each_fault_has_its_outcome_after_exactly_one_request(
    server: Server, provider: str, step: Step, kind: type[DeliveryError]
) -> None:
    server.script(step)
    error = deliver(provider, server, timeout="0.3" if step is silence else "5")
    assert type(error) is kind
    assert len(server.requests) == 1
    assert_harmless(error)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_where_nobody_listens_nothing_was_sent(provider: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = deliver(provider, Server(f"http://127.0.0.1:{port}"))
    assert type(error) is Unavailable
    assert_harmless(error)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", timedelta(seconds=7)), ("Mon, 23 Nov 2026 13:00:00 GMT", DATE), ("soon", None)],
)
def test_a_provider_says_how_long_to_wait(
    server: Server, provider: str, header: str, wait: timedelta | datetime | None
) -> None:
    server.script(answer(429, {"code": 20429}, headers={"Retry-After": header}))
    error = deliver(provider, server)
    assert isinstance(error, Throttled)
    assert error.retry_after == wait


def echo(status: int) -> Step:
    """Take the request, and answer with what it held."""

    def step(exchange: Exchange) -> None:
        request = exchange.read()
        exchange.answer(status, f"wrong: {request.headers.get('authorization')} {unquote_plus(request.body.decode())}")

    return step


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_what_a_server_echoes_of_our_secret_does_not_show(server: Server, provider: str, status: int) -> None:
    server.script(echo(status))
    error = deliver(provider, server)
    assert "wrong: " in str(error)
    assert "***" in str(error)
    assert_harmless(error)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_our_secret_shows(server: Server, provider: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](CANARY)
    server.script(answer(401, f"wrong: {spelled}"))
    error = deliver(provider, server)
    assert "wrong: " in str(error)
    assert spelled not in str(error)
    assert_harmless(error)


def assert_harmless(error: object) -> None:
    """That an error has one line, of a length that people read, and holds nothing secret."""
    assert isinstance(error, DeliveryError)
    told = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
    for secret in (CANARY, quote_plus(CANARY), *(basic(user, CANARY) for user in (SID, "u1"))):
        assert secret not in told
    assert "\n" not in str(error)
    assert len(str(error)) < 450


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()
