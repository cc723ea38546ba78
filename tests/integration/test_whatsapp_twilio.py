"""WhatsApp by Twilio against a scripted server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reminderctl.channels.whatsapp import twilio
from reminderctl.errors import ChannelDown, Rejected
from reminderctl.model import Receipt
from tests.http_server import Server, answer, serve
from tests.texting import CONTENT, SID, TAKEN, deliver, envelope, form, message, send, settings

WHATSAPP = "whatsapp.twilio"
TEMPLATE: dict[str, Any] = {"body": "", "content_sid": CONTENT, "variables": {"1": "Núria & Ana", "2": "10:00"}}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        running.script(answer(*TAKEN[WHATSAPP]))
        yield running


@pytest.mark.parametrize("sender", ["+1 415 523 8886", "whatsapp:+14155238886"])
def test_a_template_goes_out_with_all_its_variables(server: Server, sender: str) -> None:
    account = settings(WHATSAPP, server, **{"from": sender})
    assert send(WHATSAPP, message(WHATSAPP, **TEMPLATE), account) == Receipt(provider_id="MM1")
    assert server.requests[0].path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    sent = form(server)
    assert json.loads(sent.pop("ContentVariables")) == {"1": "Núria & Ana", "2": "10:00"}
    assert sent == {
        "To": "whatsapp:+34600111222",
        "From": "whatsapp:+14155238886",
        "ContentSid": CONTENT,
        "ValidityPeriod": "3600",
    }


def test_a_text_goes_out_from_a_messaging_service(server: Server) -> None:
    deliver(WHATSAPP, server, **{"from": None, "messaging_service_sid": "MG1"})
    assert form(server) == {
        "To": "whatsapp:+34600111222",
        "MessagingServiceSid": "MG1",
        "Body": "Hola",
        "ValidityPeriod": "3600",
    }


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"content_sid": CONTENT}, "give either content_sid, the template, or body"),
        ({"body": ""}, "the message has no text"),
        ({"variables": {"1": "a"}}, "variables: only a template has them"),
        ({"body": "", "content_sid": "HX1"}, "content_sid: 'HX1' is none"),
        ({"to": "Ana"}, "'Ana' is not a valid phone number"),
    ],
)
def test_nothing_is_asked_for_a_message_that_cannot_be_one(server: Server, fields: dict[str, Any], what: str) -> None:
    error = send(WHATSAPP, message(WHATSAPP, **fields), settings(WHATSAPP, server))
    assert isinstance(error, Rejected)
    assert what in str(error)
    assert server.requests == []


@pytest.mark.parametrize(("code", "kind"), [(63016, Rejected), (63015, ChannelDown), (63007, ChannelDown)])
def test_what_whatsapp_refuses_through_twilio(server: Server, code: int, kind: type[Exception]) -> None:
    server.script(answer(400, {"code": code, "message": "no", "status": 400}))
    assert type(deliver(WHATSAPP, server)) is kind


def test_check_tells_what_is_wrong_with_a_message_in_each_language() -> None:
    assert twilio.validate_message({"content_sid": {"es": CONTENT, "en": "{custom.template}"}, "variables": {}}) == []
    assert len(twilio.validate_message({"content_sid": {"es": CONTENT, "en": "HX1"}})) == 1


def test_the_outbox_shows_the_template_or_the_text() -> None:
    account = settings(WHATSAPP)
    shown = twilio.preview(message(WHATSAPP, **TEMPLATE), account, envelope=envelope())
    assert shown == {
        "to": "+34600111222",
        "from": "+15005550006",
        "content_sid": CONTENT,
        "variables": {"1": "Núria & Ana", "2": "10:00"},
    }
    shown = twilio.preview(message(WHATSAPP), None, envelope=envelope())
    assert shown == {"to": "600 111 222", "from": None, "body": "Hola"}
