"""What `run` makes of the answers of SMS gateways, from the YAML to the state in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clinic import Clinic
from tests.http_server import Body, Server, answer, close_after, serve

WORKFLOW = """\
- id: text
  when: 1 day before start
  actions: [{send: sms, to: customer, body: Hola}]
"""
SETTINGS = """\
timezone: Europe/Madrid
channels:
  sms: {{provider: http, preset: "{preset}", {account}, from: "+34911234567", base_url: "{url}"}}
"""
ACCOUNTS = {
    "labsmobile": "username: u, password: s3cret",
    "46elks": "username: u, password: s3cret",
    "seven": "token: t0ken",
    "clicksend": "username: u, password: s3cret",
    "bird": "token: bk_eu1_t0ken",
    "messagebird": "token: t0ken",
    "sinch": "username: plan, token: t0ken",
    "plivo": "username: u, password: s3cret",
    "smsapi": "token: t0ken",
}
DUE = "2026-06-09T10:00Z"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def clicksend(status: str) -> Body:
    return {"response_code": "SUCCESS", "data": {"messages": [{"status": status, "message_id": "B1"}]}}


STATES: list[tuple[str, int, Body, str, int]] = [
    ("labsmobile", 200, {"code": "0", "subid": "63bd"}, "sent", 0),
    ("labsmobile", 200, {"code": "23"}, "failed", 1),
    ("labsmobile", 200, {"code": "401"}, "pending", 1),
    ("labsmobile", 200, {"code": "500"}, "unknown", 1),
    ("46elks", 200, {"id": "s1", "status": "created"}, "sent", 0),
    ("46elks", 403, "Not enough credits", "pending", 1),
    ("seven", 200, {"success": "100", "messages": [{"success": True}]}, "sent", 0),
    ("seven", 200, '"900"', "pending", 1),
    ("seven", 200, {"success": "201"}, "pending", 1),
    ("seven", 200, {"success": "101", "messages": [{"success": False, "error": "202"}]}, "failed", 1),
    ("seven", 200, {"success": "901"}, "pending", 1),
    ("clicksend", 200, clicksend("SUCCESS"), "sent", 0),
    ("clicksend", 200, clicksend("INVALID_RECIPIENT"), "failed", 1),
    ("clicksend", 200, clicksend("INVALID_CREDENTIALS"), "pending", 1),
    ("clicksend", 200, clicksend("COUNTRY_NOT_ENABLED"), "pending", 1),
    ("clicksend", 200, clicksend("INTERNAL_ERROR"), "unknown", 1),
    ("messagebird", 201, {"id": "1"}, "sent", 0),
    ("messagebird", 422, {"errors": [{"code": 25}]}, "pending", 1),
    ("sinch", 201, {"id": "1"}, "sent", 0),
    ("sinch", 403, {"code": "illegal_number_type"}, "failed", 1),
    ("sinch", 403, {"code": "blocked_account"}, "pending", 1),
    ("plivo", 202, {"message_uuid": [], "invalid_number": ["34600111222"]}, "failed", 1),
    ("smsapi", 200, {"error": 59}, "failed", 1),
    ("smsapi", 200, {"error": 74}, "pending", 0),
    ("smsapi", 200, {"error": 98}, "pending", 1),
    ("smsapi", 200, {"error": 999}, "pending", 0),
    ("smsapi", 200, {"error": 53}, "sent", 0),
    ("bird", 202, {"id": "sms_1", "status": "accepted"}, "sent", 0),
    ("bird", 422, {"error": {"type": "validation_error", "name": "SMSInvalidRecipient"}}, "failed", 1),
    ("bird", 402, {"error": {"type": "billing_error"}}, "pending", 1),
    ("bird", 500, {"error": {"type": "internal_error"}}, "pending", 0),
]  # fmt: skip


def prepare(clinic: Clinic, server: Server, preset: str) -> None:
    """A clinic that is about to send one SMS by this gateway."""
    clinic.write(WORKFLOW, settings=SETTINGS.format(preset=preset, account=ACCOUNTS[preset], url=server.url))
    clinic.run("2026-06-08T10:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")


@pytest.mark.parametrize(("preset", "status", "body", "state", "exits"), STATES)
def test_an_answer_ends_in_its_state(
    clinic: Clinic, server: Server, preset: str, status: int, body: Body, state: str, exits: int
) -> None:
    prepare(clinic, server, preset)
    server.script(answer(status, body))
    clinic.run(DUE, exits=exits)
    [delivery] = clinic.deliveries()
    assert (delivery["state"], len(server.requests)) == (state, 1)


TAKEN: dict[str, tuple[int, dict[str, Any]]] = {
    "smsapi": (200, {"error": 53, "message": "Not unique idx"}),
    "bird": (202, {"id": "sms_1", "status": "accepted"}),
}


@pytest.mark.parametrize("preset", TAKEN)
def test_an_sms_whose_fate_nobody_knows_is_sent_again_where_the_gateway_takes_a_key_once(
    clinic: Clinic, server: Server, preset: str
) -> None:
    prepare(clinic, server, preset)
    server.script(close_after, answer(*TAKEN[preset]))
    clinic.run(DUE)
    assert [each["state"] for each in clinic.deliveries()] == ["pending"]
    clinic.run("2026-06-09T10:02Z")
    [delivery] = clinic.deliveries()
    assert (delivery["state"], delivery["attempts"]) == ("sent", 2)
    first, second = server.requests
    assert first.body == second.body
    assert first.headers.get("idempotency-key") == second.headers.get("idempotency-key")


def test_an_sms_is_held_where_the_settings_take_the_guard_away(clinic: Clinic, server: Server) -> None:
    account = 'token: t0ken, form: {check_idx: "0"}'
    clinic.write(WORKFLOW, settings=SETTINGS.format(preset="smsapi", account=account, url=server.url))
    clinic.run("2026-06-08T10:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    server.script(answer(200, {"error": 999}))
    clinic.run(DUE, exits=1)
    assert clinic.states() == {"unknown": 1}
