"""WhatsApp by Meta against a scripted server."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reminderctl.channels.whatsapp import _meta_answers, meta
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.messages.render import render_message
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret
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
    reset_before,
    serve,
    silence,
)
from tests.message_samples import context

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ENVELOPE = Envelope(key="5f0c1d9e", delivery_id=7, at=NOON, useful_until=LATER)
CANARY = "EAABcanary-tok3n"
HEAD = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "34600111222"}
TEXT = {"body": "Hola"}


def taken(**status: str) -> Step:
    contacts = [{"input": "34600111222", "wa_id": "34600111222"}]
    messages = [{"id": "wamid.HBg", **status}]
    return answer(200, {"messaging_product": "whatsapp", "contacts": contacts, "messages": messages})


def refused(status: int, code: int, **more: Any) -> Step:
    details = {"messaging_product": "whatsapp", "details": "the details."}
    error = {"message": f"(#{code}) a title", "type": "OAuthException", "code": code, "error_data": details, **more}
    return answer(status, {"error": {**error, "fbtrace_id": "Az8"}})


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        running.script(taken(message_status="accepted"))
        yield running


def message(**fields: Any) -> meta.Message:
    return msgspec.convert({"to": "600 111 222", **fields}, meta.Message)


def settings(base_url: str = "https://graph.facebook.com", **changes: Any) -> meta.Settings:
    given = {"phone_number_id": "1234", "access_token": Secret(CANARY), "region": "ES", **changes}
    return meta.Settings(base_url=base_url, **given)


def send(server: Server, sent: meta.Message | None = None, **changes: Any) -> Receipt | DeliveryError:
    """The receipt, or the error that came instead."""
    channel = meta.Channel(settings(server.url, **changes))
    try:
        return channel.send(sent or message(**TEXT), ENVELOPE)
    except DeliveryError as error:
        return error
    finally:
        channel.close()


# --- what arrives ---------------------------------------------------------------------------------------------------

REMINDER: dict[str, Any] = {"template": "appointment_reminder", "language": "es"}
SPANISH = {"policy": "deterministic", "code": "es"}


def test_a_text_arrives(server: Server) -> None:
    assert send(server, message(body="Hola, Núria 👋\n¿Vienes?\n")) == Receipt(provider_id="wamid.HBg")
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v25.0/1234/messages")
    assert request.headers["authorization"] == f"Bearer {CANARY}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].count(".") == 2, "Meta refuses a version of fewer than three numbers"
    assert request.json() == HEAD | {
        "type": "text",
        "text": {"preview_url": False, "body": "Hola, Núria 👋\n¿Vienes?"},
    }


def test_a_text_may_be_as_long_as_meta_takes_it(server: Server) -> None:
    assert isinstance(send(server, message(body="á" * 4096), version="v24.0"), Receipt)
    assert server.requests[0].path == "/v24.0/1234/messages"
    error = send(server, message(body="á" * 4097))
    assert type(error) is Rejected
    assert str(error) == "the text has 4,097 characters; a WhatsApp message has at most 4,096"
    assert len(server.requests) == 1


def text(words: str, **name: str) -> dict[str, str]:
    return {"type": "text", **name, "text": words}


def button(place: str, end: str) -> dict[str, Any]:
    return {"type": "button", "sub_type": "url", "index": place, "parameters": [text(end)]}


LOGO = "https://sol.example/logo.png"
TEMPLATES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    ({}, []),
    ({"parameters": ["Núria 👋", "10:00"]}, [{"type": "body", "parameters": [text("Núria 👋"), text("10:00")]}]),
    ({"parameters": ["á" * 1024]}, [{"type": "body", "parameters": [text("á" * 1024)]}]),
    (
        {"header": {"text": "Corte"}, "parameters": ["Ana"], "buttons": ["tok123", "a b/ñ?x=1"]},
        [
            {"type": "header", "parameters": [text("Corte")]},
            {"type": "body", "parameters": [text("Ana")]},
            button("0", "tok123"),
            button("1", "a%20b/%C3%B1?x=1"),
        ],
    ),
    (
        {"header": {"text": "Corte", "name": "service"}, "parameters": {"first_name": "Ana", "day": "lunes"}},
        [
            {"type": "header", "parameters": [text("Corte", parameter_name="service")]},
            {
                "type": "body",
                "parameters": [text("Ana", parameter_name="first_name"), text("lunes", parameter_name="day")],
            },
        ],
    ),
    ({"buttons": {"2": "tok123"}}, [button("2", "tok123")]),
    (
        {"header": {"image": LOGO}},
        [{"type": "header", "parameters": [{"type": "image", "image": {"link": LOGO}}]}],
    ),
    (
        {"header": {"document": LOGO, "filename": "cita.pdf"}},
        [
            {
                "type": "header",
                "parameters": [{"type": "document", "document": {"link": LOGO, "filename": "cita.pdf"}}],
            }
        ],
    ),
]


@pytest.mark.parametrize(("fields", "components"), TEMPLATES)
def test_a_template_arrives_with_what_fills_it(
    server: Server, fields: dict[str, Any], components: list[dict[str, Any]]
) -> None:
    sent = message(**REMINDER, **fields)
    assert send(server, sent) == Receipt(provider_id="wamid.HBg")
    template: dict[str, Any] = {"name": "appointment_reminder", "language": SPANISH}
    if components:
        template["components"] = components
    assert server.requests[0].json() == HEAD | {"type": "template", "template": template}
    shown = {"to": "+34600111222", "template": "appointment_reminder", "language": "es", **fields}
    assert meta.preview(sent, settings(), envelope=ENVELOPE) == shown
    assert meta.preview(sent, None, envelope=ENVELOPE) == shown | {"to": "600 111 222"}


@pytest.mark.parametrize(("language", "code"), [("es", "es_ES"), ("en-GB", "en_US"), ("de", "en_US")])
def test_each_customer_gets_the_template_in_a_language_of_theirs(server: Server, language: str, code: str) -> None:
    tree = {
        "template": "appointment_reminder",
        "language": {"en": "en-us", "es": "es_ES"},
        "parameters": ["{customer_first_name}", {"es": "a  las\n{appointment_start_time}", "en": "at noon"}],
    }
    rendered = render_message(
        tree, meta.Message, context=context(language=language), base=Path(), extra={"to": "+34600111222"}
    )
    send(server, rendered.message)
    template = server.requests[0].json()["template"]
    assert template["language"]["code"] == code
    words = "a las 17:30" if code == "es_ES" else "at noon"
    assert template["components"][0]["parameters"] == [text("Ana"), text(words)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"body": " "}, "the message has no text"),
        ({"to": "Ana", **TEXT}, "'Ana' is not a valid phone number"),
        (REMINDER | {"language": ""}, "the template's language came out empty"),
        (REMINDER | {"language": "Spanish"}, "language: 'Spanish' is not a language code"),
        (REMINDER | {"parameters": ["Ana", " "]}, "parameters: number 2 is empty, which WhatsApp refuses"),
        (REMINDER | {"parameters": {"day": ""}}, "parameters: day is empty"),
        (REMINDER | {"parameters": ["á" * 1025]}, "parameters: number 1 has 1,025 characters"),
        (REMINDER | {"buttons": ["tok123", ""]}, "buttons: the one at 1 is empty"),
        (REMINDER | {"header": {"text": ""}}, "header: its text is empty"),
        (REMINDER | TEXT, "give either template, which can start a conversation, or body"),
    ],
)
def test_what_whatsapp_would_refuse_is_rejected_unsent(server: Server, fields: dict[str, Any], words: str) -> None:
    error = send(server, message(**fields))
    assert type(error) is Rejected
    assert str(error).startswith(words)
    assert server.connections == 0


# --- what answers mean ----------------------------------------------------------------------------------------------

PAGE = answer(200, "<!DOCTYPE html><title>Wi-Fi</title>", headers={"Content-Type": "text/html"})
ANSWERS: list[tuple[Step, type[DeliveryError], str]] = [
    (refused(400, 131026), Rejected, "Meta answered with code 131026: (#131026) a title: the details"),
    (refused(400, 131047), Rejected, "the details; free text reaches only"),
    (refused(404, 132001), ChannelDown, "approved in"),
    (refused(400, 100), Rejected, "code 100"),
    (refused(400, 100, error_subcode=33), ChannelDown, "is phone_number_id right?"),
    (refused(401, 190), ChannelDown, "put a new access_token"),
    (refused(403, 299), ChannelDown, "code 299"),
    (refused(500, 3), ChannelDown, "code 3"),
    (refused(429, 130429), Throttled, "code 130429"),
    (refused(400, 130429, is_transient=True), Throttled, "code 130429"),
    (refused(500, 131000), Unavailable, "code 131000"),
    (refused(400, 999999, is_transient=True), Unavailable, "code 999999"),
    (refused(400, 999999), Rejected, "code 999999"),
    (refused(403, 999999), ChannelDown, "code 999999"),
    (refused(500, 999999), Unknown, "code 999999"),
    (refused(200, 131026), Rejected, "code 131026"),
    (refused(200, 999999), Unknown, "may or may not have accepted the message"),
    (answer(400, "what?"), Rejected, "answered 400 Bad Request: what?"),
    (answer(401), ChannelDown, "answered 401"),
    (answer(403), ChannelDown, "answered 403"),
    (answer(404), Rejected, "answered 404"),
    (answer(429), Throttled, "answered 429"),
    (answer(307, headers={"Location": "/again"}), ChannelDown, "answered 307"),
    (answer(500, {"error": "oops"}), Unknown, "answered 500"),
    (answer(503), Unknown, "answered 503"),
    (answer(503, headers={"Retry-After": "9"}), Unavailable, "answered 503"),
    (answer(200, {"messages": [{}]}), Unknown, "may or may not have accepted the message"),
    (answer(200, {"messages": "?"}), Unknown, "may or may not have accepted the message"),
    (answer(200, []), Unknown, "may or may not have accepted the message"),
    (answer(200), Unknown, "may or may not have accepted the message"),
    (PAGE, Unknown, "a web page"),
    (half_an_answer(200), Unknown, "half an answer"),
    (reset_before, Unknown, "broke off"),
    (reset_after, Unknown, "broke off"),
    (close_after, Unknown, "broke off"),
    (half_a_head, Unknown, "broke off"),
    (garbage, Unknown, "broke off"),
    (silence, Unknown, "no answer within 0.3 s"),
]


@pytest.mark.parametrize(("step", "ending", "words"), ANSWERS)
def test_an_answer_or_its_absence_has_one_meaning_after_one_request(
    server: Server, step: Step, ending: type[DeliveryError], words: str
) -> None:
    server.script(step, taken())
    result = send(server, timeout=0.3 if step is silence else 5.0)
    assert type(result) is ending
    assert words in str(result)
    assert len(server.requests) == (step is not reset_before)
    assert server.connections == 1
    assert CANARY not in f"{result} {result!r}"


CODES = {
    Rejected: "100 130472 130497 131021 131026 131030 131047 131050 131051 131052 131053 131062 132000 132005 132008 "
    "132012 132018 137000",
    ChannelDown: "0 3 10 33 190 200 250 299 368 131005 131008 131009 131031 131037 131042 131045 131063 132001 132007 "
    "132015 132016 133010",
    Throttled: "4 80007 130429 131048 131064",
    Unavailable: "1 2 131000 131016 131049 131056 131057 133004",
}
OF_ONE_RECIPIENT = (131049, 131056)


@pytest.mark.parametrize(
    ("code", "meaning"), [(int(code), meaning) for meaning, codes in CODES.items() for code in codes.split()]
)
def test_metas_code_decides_whatever_its_http_status(code: int, meaning: type[DeliveryError]) -> None:
    for status in (200, 400, 403, 429, 500):
        error = _meta_answers.classify(status, {"code": code})
        assert type(error) is meaning
        assert error.provider_code == str(code)
        assert getattr(error, "recipient_only", False) is (code in OF_ONE_RECIPIENT)


@pytest.mark.parametrize(
    ("status", "code", "header", "wait"),
    [
        (400, 131056, "", timedelta(seconds=6)),
        (400, 131048, "", timedelta(minutes=15)),
        (400, 131049, "", timedelta(hours=24)),
        (429, 130429, "", None),
        (429, 130429, "20", timedelta(seconds=20)),
        (400, 131056, "20", timedelta(seconds=20)),
        (500, 2, "", None),
    ],
)
def test_meta_or_its_limits_say_how_long_to_wait(
    server: Server, status: int, code: int, header: str, wait: timedelta | None
) -> None:
    step = refused(status, code)

    def told(exchange: Exchange) -> None:
        exchange.read()
        exchange.answer(status, {"error": {"code": code}}, headers={"Retry-After": header})

    server.script(told if header else step)
    error = send(server)
    assert isinstance(error, Unavailable)
    assert error.retry_after == wait


@pytest.mark.parametrize("status", ["paused", "held_for_quality_assessment"])
def test_an_accepted_message_that_is_held_back_is_told(server: Server, status: str) -> None:
    server.script(taken(message_status=status))
    note = f"accepted, but {status.replace('_', ' ')}"
    assert send(server) == Receipt(provider_id="wamid.HBg", note=note)


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert type(send(Server(f"http://127.0.0.1:{port}"))) is Unavailable


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_token_shows_nowhere_whatever_a_server_says_of_it(server: Server, status: int) -> None:
    def echo(exchange: Exchange) -> None:
        said = f"cannot take {exchange.read().headers['authorization']}"
        exchange.answer(status, {"error": {"code": 999999, "message": said, "error_data": {"details": said}}})

    server.script(echo)
    error = send(server)
    assert "cannot take Bearer ***" in str(error)
    assert CANARY not in f"{error} {error!r} {settings()}"


# --- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"access_token": Secret(f"{CANARY}\n")}, ["access_token: contains a line break"]),
        ({"base_url": "graph.facebook.com"}, ["base_url: must begin with https://"]),
        ({"region": "Spain"}, ["region: 'Spain' is not a country"]),
        ({"phone_number_id": "+34600111222"}, ["phone_number_id: is not the number but its id"]),
        ({"version": "23"}, ["version: '23' is none of the Graph API"]),
    ],
)
def test_settings_that_can_never_work_are_mistakes(changes: dict[str, Any], words: list[str]) -> None:
    found = meta.validate_settings(settings(**changes))
    assert len(found) == len(words)
    assert all(one.startswith(expected) for one, expected in zip(found, words, strict=True))
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"body": "{staff_name}"}, []),
        (REMINDER | {"language": {"es": "es_MX", "en": "{custom.code}"}, "header": {"text": {"es": "x"}}}, []),
        ({}, ["give either template"]),
        (REMINDER | TEXT, ["give either template"]),
        ({"body": "x", "language": "es", "parameters": ["a"]}, ["language: only a", "parameters: only a"]),
        ({"template": "Cita 24h", "language": "es"}, ["template: 'Cita 24h' is not a template name"]),
        ({"template": "cita"}, ["language is missing"]),
        (REMINDER | {"language": {"es": "Spanish"}}, ["language: 'Spanish' is not a language code"]),
        (REMINDER | {"header": {"text": "a", "image": "b"}}, ["header: give one of text, image"]),
        (REMINDER | {"header": {"name": "a"}}, ["header: give one of text, image"]),
        (REMINDER | {"buttons": {"first": "a"}}, ["buttons: 'first' is not a button"]),
        (REMINDER | {"buttons": ["a"] * 11}, ["buttons: a template has at most 10"]),
    ],
)
def test_mistakes_in_a_message_are_found_before_it_is_sent(tree: dict[str, Any], words: list[str]) -> None:
    found = meta.validate_message(tree)
    assert len(found) == len(words)
    assert all(one.startswith(expected) for one, expected in zip(found, words, strict=True))


def test_importing_the_channel_loads_no_client_library() -> None:
    code = (
        "import sys, reminderctl.channels.whatsapp.meta; print({'requests', 'phonenumbers', 'ssl'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
