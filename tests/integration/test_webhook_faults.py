"""Webhooks against a scripted server: what each answer, or its absence, means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from reminderctl.channels import webhook
from reminderctl.channels._http import client, responses
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Receipt
from reminderctl.secret import Secret
from tests import http_server
from tests.certificates import certificate_by_common_name
from tests.http_server import Exchange, Server, answer, drip_body, half_an_answer, serve
from tests.webhooks import NOON, SECRET, message, send


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


# --- what answers mean ----------------------------------------------------------------------------------------------

WEB_PAGE = answer(200, "<!DOCTYPE html><title>Login</title>", headers={"Content-Type": "text/html"})

ANSWERS = [
    (answer(200, "ok"), Receipt),
    (answer(202), Receipt),
    (answer(204), Receipt),
    (answer(200, "x" * 1_000_000), Receipt),
    (WEB_PAGE, Receipt),
    (answer(301, headers={"Location": "/elsewhere"}), ChannelDown),
    (answer(302, headers={"Location": "http://[broken"}), ChannelDown),
    (answer(307, headers={"Location": "/elsewhere"}), ChannelDown),
    (answer(400, "invalid_payload"), Rejected),
    (answer(400, "Queue is full."), Unavailable),
    (answer(401), ChannelDown),
    (answer(402), ChannelDown),
    (answer(403), ChannelDown),
    (answer(404), Rejected),
    (answer(405), Rejected),
    (answer(407), ChannelDown),
    (answer(408), Unavailable),
    (answer(409), Unavailable),
    (answer(410), Rejected),
    (answer(413), Rejected),
    (answer(415), Rejected),
    (answer(422), Rejected),
    (answer(425), Throttled),
    (answer(429), Throttled),
    (answer(500), Unavailable),
    (answer(502), Unavailable),
    (answer(503), Unavailable),
    (answer(504), Unavailable),
    (answer(520), Unavailable),
]


def case(given: Any) -> str | None:
    return given.__name__ if isinstance(given, type) else None


@pytest.mark.parametrize(("step", "ending"), ANSWERS, ids=case)
def test_an_answer_is_told_by_its_status(server: Server, step: http_server.Step, ending: type) -> None:
    server.script(step, answer())
    result = send(message(url=server.url, json={"a": "b"}))
    assert type(result) is ending
    assert len(server.requests) == 1
    if isinstance(result, DeliveryError):
        assert str(result).startswith("127.0.0.1 answered ")


@pytest.mark.parametrize(
    ("status", "header", "body", "wait"),
    [
        (429, "120", {}, timedelta(seconds=120)),
        (503, "120", {}, timedelta(seconds=120)),
        (429, "1.5", {}, timedelta(seconds=2)),
        (429, "0", {}, timedelta(seconds=1)),
        (429, "Mon, 23 Nov 2026 12:00:30 GMT", {}, NOON + timedelta(seconds=30)),
        (429, "Monday, 23-Nov-26 12:00:30 GMT", {}, NOON + timedelta(seconds=30)),
        (429, "Mon, 23 Nov 2026 13:00:00 +0100", {}, NOON),
        (429, "Mon, 99 Nov 2026 12:00:30 GMT", {}, None),
        (429, "-5", {}, None),
        (429, "soon", {}, None),
        (429, "", {}, None),
        (429, "9" * 400, {}, timedelta(days=7)),
        (429, "2", {"retry_after": 64.57}, timedelta(seconds=65)),
        (429, "", {"retry_after": 0.3}, timedelta(seconds=1)),
        (429, "", {"retry_after": "x"}, None),
    ],
)
def test_the_wait_that_a_receiver_asks_for_is_known(
    server: Server, status: int, header: str, body: dict[str, Any], wait: timedelta | datetime | None
) -> None:
    server.script(answer(status, body, headers={"Retry-After": header} if header else {}))
    result = send(message(url=server.url))
    assert isinstance(result, Unavailable)
    assert result.retry_after == wait


@pytest.mark.parametrize(
    ("status", "retry_after", "ending"),
    [
        (201, None, None),
        (302, None, ChannelDown),
        (408, None, Unknown),
        (409, None, Rejected),
        (429, None, Throttled),
        (500, timedelta(seconds=9), Unknown),
        (503, None, Unknown),
        (503, timedelta(seconds=9), Unavailable),
        (999, None, Unknown),
    ],
)
def test_where_repetitions_do_harm_a_server_that_broke_may_have_sent(
    status: int, retry_after: timedelta | None, ending: type[DeliveryError] | None
) -> None:
    error = responses.classify_status(status, retry_after)
    assert (type(error) if error else None) is ending


# --- what failures mean ---------------------------------------------------------------------------------------------


def speak_plainly(exchange: Exchange) -> None:
    """Answer a TLS hello in plain HTTP."""
    exchange.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    exchange.hang_up()


FAULTS: list[tuple[http_server.Step, type, int]] = [
    (http_server.reset_before, Unknown, 0),
    (http_server.reset_after, Unknown, 1),
    (http_server.close_after, Unknown, 1),
    (http_server.half_a_head, Unknown, 1),
    (http_server.garbage, Unknown, 1),
    (http_server.silence, Unknown, 1),
    (http_server.drip_headers, Unknown, 1),
    (half_an_answer(200), Receipt, 1),
    (half_an_answer(404), Rejected, 1),
    (drip_body(200), Receipt, 1),
    (drip_body(500), Unavailable, 1),
]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(("step", "ending", "arrived"), FAULTS)
def test_only_what_may_have_arrived_is_unknown(
    step: http_server.Step,
    ending: type,
    arrived: int,
    secure: bool,  # noqa: FBT001 - pytest passes parameters by name
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with serve(authority=authority if secure else None) as server:
        server.script(step)
        result = send(message(url=f"{server.url}/tok3n", json={"a": "b"}), timeout=0.5)
        assert type(result) is ending
        assert len(server.requests) == arrived
        assert server.connections == 1
        assert "tok3n" not in str(result)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/tok3n", "no connection to 127.0.0.1: Connection refused"),
        ("http://nobody.invalid/tok3n", "the name nobody.invalid cannot be resolved"),
        ("https://nobody.invalid/tok3n", "the name nobody.invalid cannot be resolved"),
    ],
)
def test_what_never_reached_a_server_is_unavailable(url: str, words: str) -> None:
    result = send(message(url=url))
    assert type(result) is Unavailable
    assert str(result).startswith(words)


def test_tls_with_a_server_that_speaks_none_is_unavailable(server: Server) -> None:
    server.script(speak_plainly)
    result = send(message(url=server.url.replace("http:", "https:")))
    assert (type(result), str(result)) == (Unavailable, "no TLS with 127.0.0.1: wrong version number")


def test_a_proxy_that_lets_nothing_through_has_sent_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", server.url)
    server.script(answer(407))
    result = send(message(url="https://example.com/tok3n"))
    assert type(result) is Unavailable
    assert str(result).endswith("Tunnel connection failed: 407 Proxy Authentication Required")
    assert [(request.method, request.path) for request in server.requests] == [("CONNECT", "example.com:443")]


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "socks://127.0.0.1:1", "http://", "http://[::1"])
def test_a_proxy_that_is_none_pauses_the_channel(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    result = send(message(url="http://example.com/tok3n"))
    words = "the environment names a proxy for example.com that is no URL of one"
    assert (type(result), str(result)) == (ChannelDown, words)


@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h", "socks4"])
def test_a_proxy_that_is_not_there_has_sent_nothing(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if scheme.startswith("socks"):
        pytest.importorskip("socks")
    monkeypatch.setenv("http_proxy", f"{scheme}://user:s3cret@127.0.0.1:1")
    result = send(message(url="http://127.0.0.2/tok3n"))
    assert type(result) is Unavailable
    assert "s3cret" not in str(result)


@pytest.mark.parametrize("name", ["127.0.0.1", "another.example"])
def test_a_server_whose_certificate_cannot_be_trusted_gets_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    if name != "127.0.0.1":  # the authority is right, the name is wrong
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with serve(authority=authority, name=name) as server:
        result = send(message(url=server.url))
        assert type(result) is ChannelDown
        assert str(result).startswith("the certificate of 127.0.0.1 cannot be trusted")
        assert server.requests == []


def test_a_certificate_that_names_its_server_as_its_subject_only_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with serve(context=certificate_by_common_name(authority, "localhost", folder=tmp_path)) as server:
        result = send(message(url=server.url.replace("127.0.0.1", "localhost")))
        assert type(result) is ChannelDown
        assert str(result).startswith("the certificate of localhost cannot be trusted")
        assert server.requests == []


def test_authorities_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    result = send(message(url="https://127.0.0.1:1"))
    assert type(result) is ChannelDown
    assert "ca.pem" in str(result)


def test_no_error_shows_more_of_the_request_than_its_host(server: Server) -> None:
    def echo(exchange: Exchange) -> None:
        got = exchange.read()
        exchange.answer(404, f"Cannot {got.method} {got.path}: {got.headers}")

    server.script(echo)
    sent = message(
        url=f"{server.url}/hooks/p4th-tok3n?key=qu3ry%2Dtok3n",
        params={"sig": "p4ram tok3n"},
        headers={"Authorization": "Bearer h3ader-tok3n"},
        json={"text": "hello"},
    )
    result = send(sent, secret=f"s3cret {SECRET}")
    assert type(result) is Rejected
    assert "Cannot POST" in str(result)
    assert "tok3n" not in str(result)
    assert "tok3n" not in repr(result)
    assert "s3cret" not in repr(webhook.Settings(secret=Secret("s3cret")))


# --- redirects ------------------------------------------------------------------------------------------------------

SCRIPT = "http://script.google.com/macros/s/AK/exec"
SCRIPT_ANSWERS = "http://script.googleusercontent.com/macros/echo?lib=1"


@pytest.mark.parametrize(
    ("steps", "ending", "paths"),
    [
        ([answer(302, headers={"Location": SCRIPT_ANSWERS}), answer(200, {"ok": True})], Receipt, 2),
        ([answer(302, headers={"Location": SCRIPT_ANSWERS}), answer(500)], Receipt, 2),
        ([answer(302, headers={"Location": SCRIPT_ANSWERS}), http_server.close_after], Receipt, 2),
        ([answer(302, headers={"Location": SCRIPT_ANSWERS}), answer(302, headers={"Location": "/"})], Receipt, 2),
        ([answer(302, headers={"Location": SCRIPT_ANSWERS}), WEB_PAGE], Rejected, 2),
        ([answer(200, {"ok": True})], Receipt, 1),
        ([WEB_PAGE], ChannelDown, 1),
        ([answer(302, headers={"Location": "http://accounts.google.com/ServiceLogin"})], ChannelDown, 1),
        ([answer(302, headers={"Location": "http://127.0.0.1/private"})], ChannelDown, 1),
        ([answer(307, headers={"Location": SCRIPT_ANSWERS})], ChannelDown, 1),
    ],
)
def test_a_google_script_runs_once_and_its_answer_is_fetched(
    server: Server, monkeypatch: pytest.MonkeyPatch, steps: list[http_server.Step], ending: type, paths: int
) -> None:
    monkeypatch.setenv("http_proxy", server.url)  # so that Google's names lead here
    server.script(*steps)
    assert type(send(message(url=SCRIPT, headers={"X-Api-Key": "k"}, json={"a": "b"}), timeout=1)) is ending
    assert [request.path for request in server.requests] == [SCRIPT, SCRIPT_ANSWERS][:paths]
    if paths == 2:
        fetched = server.requests[1]
        assert (fetched.method, fetched.body) == ("GET", b"")
        assert not {"x-api-key", "webhook-id", "idempotency-key", "content-type"} & fetched.headers.keys()


@pytest.mark.parametrize(
    ("url", "status", "ending"),
    [
        ("http://hooks.slack.com/services/T/B/X", 404, ChannelDown),
        ("http://hooks.slack.com/services/T/B/X", 410, ChannelDown),
        ("http://api.hsforms.com/submissions", 404, ChannelDown),
        ("http://example.com/", 404, Rejected),
    ],
)
def test_receivers_whose_not_found_means_the_integration_pause_their_circuit(
    server: Server, monkeypatch: pytest.MonkeyPatch, url: str, status: int, ending: type
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.script(answer(status, "no_service"))
    assert type(send(message(url=url))) is ending


def test_a_request_for_public_hosts_only_never_reaches_a_private_address(server: Server) -> None:
    session = client.session()
    with pytest.raises(Unavailable, match="not a public address"):
        client.request(session, "GET", url=server.url, public_only=True)
    session.close()
    assert server.connections == 0
