"""Webhooks against a scripted server: what arrives."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from standardwebhooks import Webhook

from reminderctl.channels import addresses, webhook
from reminderctl.channels._http import client
from reminderctl.errors import DeliveryError, Rejected, Unavailable
from reminderctl.model import Receipt
from reminderctl.secret import Secret
from tests import http_server
from tests.http_server import Exchange, Server, answer, serve
from tests.webhooks import ENVELOPE, NOON, SECRET, SECRETS, message, send


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


# --- what arrives ---------------------------------------------------------------------------------------------------

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}

ARRIVALS = [
    ({"method": "GET"}, "/", b"", {}),
    ({"method": "GET", "params": {"name": "Ana & Bea", "at": "5+1"}}, "/?name=Ana+%26+Bea&at=5%2B1", b"", {}),
    ({"method": "GET", "json": {"a": "1"}}, "/", b'{"a":"1"}', JSON),
    ({"json": {"ñ": "<", "list": ["1", {"b": ""}]}}, "/", '{"ñ":"<","list":["1",{"b":""}]}'.encode(), JSON),
    ({"json": {}}, "/", b"{}", JSON),
    ({"json": [], "headers": {"content-type": "text/x"}}, "/", b"[]", {"content-type": "text/x"}),
    ({"form": {"name": "Peña", "plus": "+34 600"}}, "/", b"name=Pe%C3%B1a&plus=%2B34+600", FORM),
    ({"body": "Grüße 👋\n"}, "/", "Grüße 👋\n".encode(), TEXT),
    ({"method": "PUT", "path": "/a/b?x=1", "params": {"y": "2"}, "json": {}}, "/a/b?x=1&y=2", b"{}", JSON),
    ({"method": "DELETE", "path": "/a?", "params": {"y": ""}}, "/a?y=", b"", {}),
    ({"method": "DELETE", "body": "x"}, "/", b"x", TEXT),
    ({"method": "PATCH", "path": "/añadir/100%/%2F#top", "form": {}}, "/a%C3%B1adir/100%25/%2F", b"", FORM),
    ({"headers": {"X-Name": " José ", "Authorization": "a b"}}, "/", b"", {"X-Name": "José", "Authorization": "a b"}),
    ({"headers": {"X-Name": "Łukasz 👋"}}, "/", b"", {"X-Name": "Łukasz 👋"}),
    ({"headers": {"User-Agent": "ours/1"}}, "/", b"", {"User-Agent": "ours/1"}),
    ({"body": ' {"a": "ñ"}'}, "/", ' {"a": "ñ"}'.encode(), TEXT),  # JSON by its template, which is gone here
    ({"body": "{a: b}"}, "/", b"{a: b}", TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path", "body", "headers"), ARRIVALS)
def test_a_request_arrives_byte_for_byte(
    server: Server, fields: dict[str, Any], path: str, body: bytes, headers: dict[str, str]
) -> None:
    fields = dict(fields)
    url = server.url + fields.pop("path", "")
    assert send(message(url=url, **fields)) == Receipt()
    [arrived] = server.requests
    assert (arrived.method, arrived.path, arrived.body) == (fields.get("method", "POST"), path, body)
    for name, value in headers.items():
        assert arrived.headers[name.lower()] == value
    assert arrived.headers["webhook-id"] == arrived.headers["idempotency-key"] == "5f0c1d9e"
    assert "webhook-signature" not in arrived.headers
    if "User-Agent" not in headers:
        assert arrived.headers["user-agent"].startswith("reminderctl/")


@pytest.mark.parametrize("fields", [fields for fields, *_ in ARRIVALS])
def test_the_outbox_shows_the_request_that_would_arrive(server: Server, fields: dict[str, Any]) -> None:
    fields = dict(fields)
    sent = message(url=server.url + fields.pop("path", ""), **fields)
    shown = webhook.preview(sent, webhook.Settings(secret=Secret(SECRET)), envelope=ENVELOPE)
    assert list(shown) == ["method", "url", "headers", "body"]
    send(sent, secret=SECRET)
    [arrived] = server.requests
    parts = urlsplit(shown["url"])
    assert (shown["method"], (shown["body"] or "").encode()) == (arrived.method, arrived.body)
    assert f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}" == arrived.path
    assert shown["headers"].pop("webhook-signature") == "v1,***"
    assert shown["headers"].pop("webhook-timestamp") == str(int(NOON.timestamp()))
    assert shown["headers"].items() <= {name: arrived.headers[name.lower()] for name in shown["headers"]}.items()


def test_without_a_body_and_settings_the_outbox_shows_neither_body_nor_signature() -> None:
    shown = webhook.preview(message(url="https://example.com/a"), None, envelope=ENVELOPE)
    assert shown == {
        "method": "POST",
        "url": "https://example.com/a",
        "headers": {"Idempotency-Key": "5f0c1d9e", "webhook-id": "5f0c1d9e"},
        "body": None,
    }


@pytest.mark.parametrize(
    "fields", [{"json": {"text": "Peña"}}, {"form": {"a": "b c"}}, {"body": "ñ"}, {"method": "GET"}]
)
def test_a_receiver_can_verify_the_signature_of_the_old_and_the_new_secret(
    server: Server, fields: dict[str, Any]
) -> None:
    send(message(url=server.url, **fields), secret=" ".join(SECRETS))
    [arrived] = server.requests
    at = datetime.fromtimestamp(int(arrived.headers["webhook-timestamp"]), UTC)
    as_a_receiver_would = [Webhook(secret).sign("5f0c1d9e", at, arrived.body.decode()) for secret in SECRETS]
    assert arrived.headers["webhook-signature"].split() == as_a_receiver_would
    if "json" in fields:
        assert [Webhook(secret).verify(arrived.body, arrived.headers) for secret in SECRETS] == [fields["json"]] * 2


def test_the_time_in_a_signature_is_the_real_one_in_a_rehearsal_too(server: Server) -> None:
    before = datetime.now(UTC).timestamp()
    send(message(url=server.url, json={}), secret="any text will do")
    assert int(server.requests[0].headers["webhook-timestamp"]) >= int(before)


def test_several_webhooks_share_a_connection_and_no_cookie(server: Server) -> None:
    server.script(answer(headers={"Set-Cookie": "a=b"}))
    channel = webhook.Channel(webhook.Settings())
    for _ in range(3):
        channel.send(message(url=server.url), ENVELOPE)
    channel.close()
    assert server.connections == 1
    assert not any("cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("interim", [False, True])
def test_a_connection_with_a_surplus_answer_is_closed_and_its_receiver_trusted_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, encrypted: bool, interim: bool
) -> None:
    before = b"HTTP/1.1 103 Early Hints\r\n\r\n" if interim else b""

    def refuse_and_accept(exchange: Exchange) -> None:
        exchange.read()
        exchange.write(before + http_server.head_and_body(500) + http_server.head_and_body(200))

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with http_server.serve(authority=authority if encrypted else None) as server:
        server.script(answer(), refuse_and_accept, answer(500), answer(), answer(500))
        assert send_several(server, 5) == [Receipt, Unavailable, Unavailable, Receipt, Unavailable]
        assert (len(server.requests), server.connections) == (5, 4)
        assert [request.headers["connection"] for request in server.requests] == [*["keep-alive"] * 2, *["close"] * 3]


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_kept_connection_on_which_bytes_wait_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, encrypted: bool
) -> None:
    late = threading.Event()

    def accept_and_refuse_later(exchange: Exchange) -> None:
        exchange.read()
        exchange.answer(200)
        exchange.server.released.wait(0.1)
        exchange.write(http_server.head_and_body(500))
        late.set()

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with http_server.serve(authority=authority if encrypted else None) as server:
        server.script(accept_and_refuse_later, answer())
        assert send_several(server, 2, wait=late.wait) == [Receipt, Receipt]
        assert (len(server.requests), server.connections) == (2, 2)


def send_several(server: Server, count: int, *, wait: Callable[[], object] = lambda: None) -> list[type]:
    """What became of several messages to one receiver, sent by one thread."""
    channel = webhook.Channel(webhook.Settings(timeout=5.0))
    results: list[type] = []
    for _ in range(count):
        try:
            results.append(type(channel.send(message(url=server.url), ENVELOPE)))
        except DeliveryError as error:
            results.append(type(error))
        wait()
    channel.close()
    return results


def test_a_provider_without_ids_gets_a_connection_for_each_request(server: Server) -> None:
    session = client.session()
    for number in range(3):
        answered = client.request(session, "POST", url=server.url, form={"n": str(number)}, auth=("ana", "geheim"))
        assert (answered.status, answered.complete) == (200, True)
    session.close()
    assert server.connections == 3
    assert server.requests[2].headers["authorization"] == "Basic YW5hOmdlaGVpbQ=="
    assert server.bodies == [b"n=0", b"n=1", b"n=2"]


def test_a_password_in_netrc_is_not_sent(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ana password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    send(message(url=server.url))
    assert "authorization" not in server.requests[0].headers


# --- mistakes -------------------------------------------------------------------------------------------------------

OK = {"url": "https://example.com/{appointment_id}?x={{ staff_name }}"}


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (OK, []),
        (OK | {"json": {}, "headers": {"X-A": {"es": "{service_name}", "en": "é"}}}, []),
        (OK | {"json": {}, "form": {}}, ["json and form exclude each other"]),
        (OK | {"json": {}, "form": {}, "body": ""}, ["json and form and body exclude each other"]),
        ({"url": "ftp://example.com"}, ["url: must begin with http:// or https://"]),
        ({"url": "example.com/x"}, ["url: must begin with"]),
        ({"url": "https:///x"}, ["url: must begin with"]),
        ({"url": "https://example.com:99999"}, ["url: must begin with"]),
        ({"url": "https://[::1"}, ["url: must begin with"]),
        ({"url": "https://example .com/"}, ["url: must begin with"]),
        ({"url": "https://{custom.host}/x"}, ["url: shortcodes work in its path and query"]),
        ({"url": {"es": "https://example.com", "en": "https://{x}"}}, ["url: shortcodes work"]),
        ({"url": "{custom.url}"}, ["url: must begin with"]),
        (OK | {"headers": {"X A": "b"}}, ["headers: 'X A' is not a header name"]),
        (OK | {"headers": {"Host": "b"}}, ["headers: Host cannot be set here"]),
        (OK | {"headers": {"content-length": "1"}}, ["headers: content-length cannot be set here"]),
        (OK | {"headers": {"Webhook-Id": "1"}}, ["headers: Webhook-Id cannot be set here"]),
        (OK | {"headers": {"X-A": "a\r\nX-B: b"}}, ["headers: X-A contains a line break"]),
    ],
)  # fmt: skip
def test_mistakes_in_a_message_are_found_before_it_is_sent(tree: dict[str, Any], words: list[str]) -> None:
    found = webhook.validate_message(tree)
    assert len(found) == len(words)
    assert all(one.startswith(expected) for one, expected in zip(found, words, strict=True))


def test_a_message_with_a_mistake_is_rejected_unsent(server: Server) -> None:
    assert type(send(message(url=server.url, json={"a": "b"}, body="c"))) is Rejected
    assert server.connections == 0


@pytest.mark.parametrize(
    ("secret", "count"), [(None, 0), ("plain text", 0), (SECRET, 0), (f"{SECRET} whsec_?", 1), ("whsec_", 1)]
)
def test_a_secret_that_cannot_be_one_is_a_mistake(secret: str | None, count: int) -> None:
    found = webhook.validate_settings(webhook.Settings(secret=Secret(secret) if secret else None))
    assert len(found) == count
    if found:
        assert "whsec_?" not in found[0]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Hooks.Example.com/x/{a}?b={{ c }}", "https://hooks.example.com"),
        ("https://ana:geheim@example.com:443/", "https://example.com"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("mailto:ana@example.com", ""),
    ],
)
def test_webhooks_to_one_origin_are_paused_together(url: str, origin: str) -> None:
    assert addresses.origin(url) == origin
    assert webhook.circuit({"url": url}) == origin


def test_importing_the_channel_loads_no_client_library() -> None:
    code = "import sys, reminderctl.channels.webhook; print({'requests', 'ssl', 'email', 'hashlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
