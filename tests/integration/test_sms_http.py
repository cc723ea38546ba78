"""SMS by any gateway: presets, and gateways that somebody describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from reminderctl.channels.sms import _gateway
from reminderctl.channels.sms._presets import PRESETS
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Receipt
from tests.http_server import Body, Server, answer, serve
from tests.texting import CANARY, deliver, form, message, mistakes, send, settings

HTTP = "sms.http"
TOKEN = {"username": None, "password": None, "token": CANARY}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


# --- presets --------------------------------------------------------------------------------------------------------

JSON_REQUESTS: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    (
        "labsmobile",
        {},
        "/json/send",
        "Basic ",
        {"message": "Hola", "tpoa": "ClinicaSol", "recipient": [{"msisdn": "34600111222"}]},
    ),
    (
        "clicksend",
        {},
        "/v3/sms/send",
        "Basic ",
        {"messages": [{"to": "+34600111222", "from": "ClinicaSol", "body": "Hola"}]},
    ),
    (
        "messagebird",
        TOKEN,
        "/messages",
        f"AccessKey {CANARY}",
        {
            "originator": "ClinicaSol",
            "recipients": ["34600111222"],
            "body": "Hola",
            "datacoding": "auto",
            "reference": "5f0c1d9e",
        },
    ),
    (
        "sinch",
        {**TOKEN, "username": "plan 1"},
        "/xms/v1/plan%201/batches",
        f"Bearer {CANARY}",
        {"from": "ClinicaSol", "to": ["+34600111222"], "body": "Hola", "client_reference": "5f0c1d9e"},
    ),
    (
        "bird",
        {**TOKEN, "token": "bk_eu1_s3cret"},
        "/v1/sms/messages",
        "Bearer bk_eu1_s3cret",
        {"to": "+34600111222", "from": "ClinicaSol", "text": "Hola", "category": "transactional"},
    ),
    (
        "plivo",
        {"username": "MA1"},
        "/v1/Account/MA1/Message/",
        "Basic ",
        {"src": "ClinicaSol", "dst": "+34600111222", "text": "Hola"},
    ),
]


@pytest.mark.parametrize(("preset", "changes", "path", "credentials", "body"), JSON_REQUESTS)
def test_a_gateway_that_wants_json_gets_it(
    server: Server, preset: str, changes: dict[str, Any], path: str, credentials: str, body: dict[str, Any]
) -> None:
    assert mistakes(HTTP, preset=preset, **changes) == []
    deliver(HTTP, server, preset=preset, **changes)
    [arrived] = server.requests
    assert (arrived.method, arrived.path, arrived.json()) == ("POST", path, body)
    assert arrived.headers["authorization"].startswith(credentials)
    assert arrived.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("preset", "changes", "path", "header", "fields"),
    [
        ("46elks", {}, "/a1/sms", "authorization", {"from": "ClinicaSol", "to": "+34600111222", "message": "Hola"}),
        ("seven", TOKEN, "/api/sms", "x-api-key", {"to": "+34600111222", "text": "Hola", "json": "1"}),
        ("smsapi", TOKEN, "/sms.do", "authorization", {"to": "34600111222", "message": "Hola", "idx": "5f0c1d9e"}),
    ],
)
def test_a_gateway_that_wants_a_form_gets_it(
    server: Server, preset: str, changes: dict[str, Any], path: str, header: str, fields: dict[str, str]
) -> None:
    assert mistakes(HTTP, preset=preset, **changes) == []
    deliver(HTTP, server, preset=preset, **changes)
    [arrived] = server.requests
    assert (arrived.method, arrived.path) == ("POST", path)
    assert header in arrived.headers
    assert fields.items() <= form(server).items()


def clicksend(**first: str) -> dict[str, Any]:
    return {"response_code": "SUCCESS", "data": {"messages": [first]}}


ANSWERS: list[tuple[str, int, Body, type[DeliveryError] | str | None]] = [
    ("labsmobile", 200, {"subid": "63bd", "code": "0", "message": "ok"}, "63bd"),
    ("labsmobile", 200, {"subid": 63, "code": 0}, "63"),
    ("labsmobile", 200, {"code": "23", "message": "There are no recipients"}, Rejected),
    ("labsmobile", 200, {"code": "35", "message": "The account has no enough credit for this sending"}, ChannelDown),
    ("labsmobile", 400, {"code": 35, "message": "The account has no enough credit for this sending"}, ChannelDown),
    ("labsmobile", 200, {"code": "30", "message": "There was an error while sending the message"}, Unknown),
    ("labsmobile", 200, {"message": "no code at all"}, Unknown),
    ("46elks", 200, {"id": "s1", "status": "sent"}, "s1"),
    ("46elks", 200, {"id": "s1", "status": "failed"}, Rejected),
    ("46elks", 400, "Missing key to", Rejected),
    ("46elks", 403, "Not enough credits", ChannelDown),
    ("seven", 200, {"success": "100", "messages": [{"success": True}]}, None),
    ("seven", 200, {"success": "100", "messages": [{"success": False}]}, Unknown),
    ("seven", 200, {"success": "202"}, Rejected),
    ("seven", 200, {"success": "500"}, ChannelDown),
    ("seven", 200, {"success": "600"}, Unavailable),
    ("clicksend", 200, clicksend(status="SUCCESS", message_id="B1"), "B1"),
    ("clicksend", 200, clicksend(status="INSUFFICIENT_CREDIT"), ChannelDown),
    ("clicksend", 200, clicksend(status="COUNTRY_NOT_ENABLED"), ChannelDown),
    ("messagebird", 201, {"id": "mb1"}, "mb1"),
    ("messagebird", 422, {"errors": [{"code": 9, "description": "no (correct) recipients"}]}, Rejected),
    ("messagebird", 422, {"errors": [{"code": 25, "description": "not enough balance"}]}, ChannelDown),
    ("messagebird", 500, {"errors": [{"code": 99}]}, Unknown),
    ("sinch", 201, {"id": "01FC66621XXXXX119Z8PMV1QPQ"}, "01FC66621XXXXX119Z8PMV1QPQ"),
    ("plivo", 202, {"message": "message(s) queued", "message_uuid": ["db3c"]}, "db3c"),
    ("plivo", 202, {"message": "message(s) queued", "message_uuid": []}, Unknown),
    ("plivo", 402, {"error": "insufficient credit"}, ChannelDown),
    ("smsapi", 200, {"count": 1, "list": [{"id": "1460969715572091219", "status": "QUEUE"}]}, "1460969715572091219"),
    ("smsapi", 200, {"error": 13, "message": "No correct phone numbers"}, Rejected),
    ("smsapi", 200, {"error": 101, "message": "Authorization failed"}, ChannelDown),
    ("smsapi", 200, {"error": 103, "message": "Insufficient credits"}, ChannelDown),
    ("smsapi", 200, {"error": 203, "message": "Too many requests"}, Throttled),
]  # fmt: skip


@pytest.mark.parametrize(("preset", "status", "body", "expected"), ANSWERS)
def test_a_preset_knows_what_its_gateway_answers(
    server: Server, preset: str, status: int, body: Body, expected: type[DeliveryError] | str | None
) -> None:
    server.script(answer(status, body))
    got = deliver(HTTP, server, preset=preset, username="u", token=CANARY)
    if isinstance(expected, type):
        assert type(got) is expected
        assert str(got).startswith("127.0.0.1 answered")
    else:
        assert got == Receipt(provider_id=expected)


def test_a_carrier_that_fails_is_no_failure_of_the_gateway(server: Server) -> None:
    for said, alone in (("600", True), ("700", False)):
        server.script(answer(200, {"success": said}))
        codes = {"path": "success", "number_unavailable": ["600"], "unavailable": ["700"]}
        for changes in ({}, {"codes": codes}) if alone else ({"codes": codes},):
            error = deliver(HTTP, server, preset="seven", **TOKEN, **changes)
            assert isinstance(error, Unavailable)
            assert error.recipient_only is alone


@pytest.mark.parametrize(("preset", "body"), [("seven", {"success": "402"}), ("smsapi", {"error": 53})])
def test_a_repetition_that_the_gateway_recognises_is_sent_with_a_note(
    server: Server, preset: str, body: dict[str, Any]
) -> None:
    server.script(answer(200, body))
    receipt = deliver(HTTP, server, preset=preset, **TOKEN)
    assert isinstance(receipt, Receipt)
    assert "taken before" in (receipt.note or "")


def test_an_sms_by_bird_carries_its_key_in_every_attempt(server: Server) -> None:
    deliver(HTTP, server, preset="bird", **{**TOKEN, "token": "bk_eu1_s3cret"})
    [arrived] = server.requests
    assert arrived.headers["idempotency-key"] == "5f0c1d9e"
    assert arrived.headers["user-agent"].startswith("reminderctl/")


@pytest.mark.parametrize(
    ("preset", "changes", "host"),
    [
        ("sinch", {}, "eu.sms.api.sinch.com"),
        ("sinch", {"api_region": "us"}, "us.sms.api.sinch.com"),
        ("sinch", {"api_region": "BR"}, "br.sms.api.sinch.com"),
        ("bird", {"token": "bk_us1_s3cret"}, "us1.platform.bird.com"),
        ("bird", {"token": "bm_eu2_s3cret"}, "eu2.platform.bird.com"),
        ("bird", {"token": "bk_us1_s3cret", "api_region": "eu1"}, "eu1.platform.bird.com"),
    ],
)
def test_an_account_is_looked_for_in_its_region(preset: str, changes: dict[str, Any], host: str) -> None:
    gateway = _gateway.complete(settings(HTTP, preset=preset, **{**TOKEN, **changes}))
    assert gateway.url.startswith(f"https://{host}/")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        (
            {"preset": "sinch", "username": "plan", "token": "t0ken"} | {"api_region": "uk"},
            "none of eu, us, au, br, ca",
        ),
        ({"preset": "bird", "token": "t0ken"}, "api_region is missing: bird's key does not say where the account is"),
        ({"preset": "bird", "token": "bk_eu1_x", "api_region": "eu/x"}, "'eu/x' is no region such as eu1 or us1"),
        ({"preset": "smsapi", "token": "t0ken", "api_region": "eu"}, "api_region is for `preset: sinch`"),
    ],
)
def test_a_region_that_there_is_not_is_a_mistake(changes: dict[str, Any], what: str) -> None:
    assert any(what in each for each in mistakes(HTTP, **{"password": None, "username": None, **changes}))


def test_every_preset_says_what_it_needs() -> None:
    for name, preset in PRESETS.items():
        told = mistakes(HTTP, preset=name, username=None, password=None)
        assert told == [f"{each} is missing: {name} asks for it" for each in preset.needs]


def test_other_settings_go_before_the_presets(server: Server) -> None:
    server.script(answer(200, {"ok": "yes"}))
    changes = {
        "form": {"dryrun": "yes", "message": "[{key}] {body}"},
        "success": {"values": {"ok": "y*"}},
        "id_path": "ok",
    }
    assert deliver(HTTP, server, **changes) == Receipt(provider_id="yes")
    assert form(server) == {"from": "ClinicaSol", "to": "+34600111222", "message": "[5f0c1d9e] Hola", "dryrun": "yes"}


# --- a gateway that somebody describes ------------------------------------------------------------------------------

PLAIN: dict[str, Any] = {
    "preset": None,
    "method": "GET",
    "url": "https://gateway.example.com/send?kind=sms",
    "params": {"user": "{username}", "pass": "{password}", "to": "{to}", "text": "{body}", "sender": "{from}"},
    "success": {"values": {".": "OK*"}},
    "codes": {"path": ".", "rejected": ["ERR 1*"], "throttled": ["ERR 2*"]},
}


@pytest.mark.parametrize(
    ("said", "expected"),
    [("OK 17", Receipt()), ("ERR 12 bad number", Rejected), ("ERR 2", Throttled), ("what?", Unknown), ("", Unknown)],
)
def test_a_gateway_of_plain_words_can_be_described(server: Server, said: str, expected: Any) -> None:
    assert mistakes(HTTP, **PLAIN) == []
    server.script(answer(200, f"{said}\n"))
    got = deliver(HTTP, server, **PLAIN)
    assert got == expected or type(got) is expected
    [arrived] = server.requests
    assert (arrived.method, arrived.body) == ("GET", b"")
    assert "authorization" not in arrived.headers
    assert arrived.path == (
        "/send?kind=sms&user=u1&pass=cAnArY%2F%2B%26s3cret&to=%2B34600111222&text=Hola&sender=ClinicaSol"
    )


PLACES: dict[str, Any] = {
    **PLAIN,
    "success": {"values": {"ok": "yes"}, "without": {"error": "*"}},
    "codes": {
        "path": ["error.code", "error", "."],
        "rejected": ["7"],
        "country_down": ["8"],
        "channel_down": ["9*"],
        "otherwise": "unavailable",
    },
}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"ok": "yes"}, Receipt()),
        ({"ok": "yes", "error": "7"}, Rejected),
        ({"error": {"code": 7}}, Rejected),
        ({"error": "7"}, Rejected),
        ('"7"', Rejected),
        ("91", ChannelDown),
        ({"error": {"code": "8"}}, ChannelDown),
        ({"error": "another"}, Unavailable),
        ({"something": "else"}, Unknown),
        ("7 words", Unknown),
    ],
)
def test_a_code_may_be_in_several_places(server: Server, said: Body, expected: Any) -> None:
    assert mistakes(HTTP, **PLACES) == []
    server.script(answer(200, said))
    got = deliver(HTTP, server, **PLACES)
    assert got == expected or type(got) is expected
    assert getattr(got, "recipient_only", False) is (isinstance(got, ChannelDown) and "8" in str(said))


def test_a_text_in_braces_is_not_filled_in_a_second_time(server: Server) -> None:
    sent = message(HTTP, body='{password} {to} " \\ {')
    send(
        HTTP,
        sent,
        settings(
            HTTP,
            server,
            form=None,
            json={"text": "{body}", "to": ["{to}", {"n": "{x}"}]},
            preset=None,
            url="https://e.com/",
        ),
    )
    assert server.requests[0].json() == {"text": '{password} {to} " \\ {', "to": ["+34600111222", {"n": "{x}"}]}


def test_keys_that_people_write_into_templates_do_not_show(server: Server) -> None:
    key = "k3y-in-a-template"
    changes = {"headers": {"X-Key": key}, "form": {"api_key": key}, "url": f"https://gateway.example.com/?key={key}"}
    server.script(answer(400, f"{key} is no key"))
    error = deliver(HTTP, server, **changes)
    assert str(error) == "127.0.0.1 answered 400 Bad Request: *** is no key"
    assert key not in repr(settings(HTTP, None, **changes))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"url": None}, "url is missing: give the gateway's address, or a preset: labsmobile, 46elks"),
        ({"url": "gateway.example.com"}, "url: must begin with https://"),
        ({"base_url": "localhost"}, "base_url: must begin with https://"),
        ({"form": {"a": "b"}, "json": {"c": "d"}}, "form and json exclude each other"),
        ({"params": {"to": "{to}", "text": "{text}"}}, "unknown name {text}"),
        ({"params": {"to": "{to_digits}"}}, "{body} is missing"),
        ({"from": None}, "from is missing"),
        ({"success": None}, "success is missing"),
        ({"from": "ClinicaSolMadrid"}, "has 16 characters"),
        ({"token": "a "}, "token: contains a line break"),
        ({"region": "EU"}, "region: 'EU' is not a country"),
    ],
)
def test_a_gateway_that_cannot_work_is_told_by_check(changes: dict[str, Any], what: str) -> None:
    assert any(what in each for each in mistakes(HTTP, **{**PLAIN, **changes}))


def test_an_unknown_preset_is_a_mistake() -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid enum value 'labs'"):
        settings(HTTP, preset="labs")
