"""Every code that the gateways of the presets document, wherever it may be in an answer, and the state it ends in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reminderctl.channels.sms._presets import PRESETS
from reminderctl.errors import ChannelDown, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Receipt
from tests.http_server import Body, Server, answer, serve
from tests.texting import CANARY, deliver

HTTP = "sms.http"
KINDS: dict[str, tuple[type, bool]] = {  # and whether it speaks of some recipients only
    "sent": (Receipt, False),
    "rejected": (Rejected, False),
    "of this number": (Unavailable, True),
    "of this country": (ChannelDown, True),
    "unavailable": (Unavailable, False),
    "throttled": (Throttled, False),
    "channel down": (ChannelDown, False),
    "unknown": (Unknown, False),
}
# The tables of the vendors, with what each code should mean: written from their texts, not from ours.
LABSMOBILE = {
    "rejected": "10 11 20 21 22 23 24 25 26 27 28 29 31 32 33 34 36 37 38 39 40 41 52 400",
    "channel down": "35 401 403",
    "unknown": "30 500",
}
SEVEN = {
    "rejected": "101 202 301 302 303 304 305 307 400 401 403 801 802 803",
    "channel down": "201 300 306 500 900 901 902 903",
    "of this number": "600",
    "unknown": "700",
    "sent": "402",
}
CLICKSEND = {
    "channel down": "MISSING_CREDENTIALS INVALID_CREDENTIALS ACCOUNT_NOT_ACTIVATED INVALID_SENDER_ID "
    "INSUFFICIENT_CREDIT REGISTRATION_NEEDED NOT_ENOUGH_PERMISSION_TO_LIST_ID UNAUTHORIZED FORBIDDEN",
    "of this country": "COUNTRY_NOT_ENABLED",
    "rejected": "INVALID_RECIPIENT ALREADY_EXISTS MISSING_REQUIRED_FIELDS TOO_MANY_RECIPIENTS EMPTY_MESSAGE "
    "INVALID_SCHEDULE INVALID_LANG INVALID_VOICE SUBJECT_REQUIRED INVALID_MEDIA_FILE BAD_REQUEST NOT_FOUND A_NEW_ONE",
    "of this number": "THROTTLED",
    "throttled": "TOO_MANY_REQUESTS",
    "unknown": "INTERNAL_ERROR INTERNAL_SERVER_ERROR SOMETHING_IS_WRONG",
}
SMSAPI = {
    "rejected": "7 8 11 12 13 17 18 19 20 25 27 28 30 40 41 50 54 56 57 59 70 72 76 93 104 106 301 400 409 "
    "998 1001 4242",
    "of this number": "52",
    "of this country": "112",
    "unavailable": "74 200",
    "throttled": "202 203",
    "channel down": "14 94 98 101 102 103 105 110 401 997 1000",
    "unknown": "201 999",
    "sent": "53",
}
MESSAGEBIRD = {
    "rejected": "9 10 12 21",
    "channel down": "2 20 25 98",
    "unknown": "99",
}
SINCH = {
    "rejected": "syntax_invalid_json syntax_invalid_parameter_format syntax_constraint_violation illegal_number_type "
    "unknown_group unknown_campaign",
    "channel down": "blocked_account missing_callback_url",
}
BIRD = {
    "rejected": "bad_request_error validation_error payload_too_large_error precondition_error SMSInvalidRecipient "
    "SMSUnsupportedFeature",
    "channel down": "auth_error billing_error permission_error not_found_error misdirected_error not_implemented_error "
    "SMSSenderNotConfigured SenderCategoryNotPermitted",
    "throttled": "rate_limit_error",
    "unknown": "internal_error service_unavailable_error conflict_error",
}
IN_A_MESSAGE = {
    "rejected": "invalid_destination recipient_opted_out landline_unreachable content_rejected blocked_by_carrier "
    "blocked_by_fraud_protection blocked_by_recipient",
    "of this number": "unreachable provider_unavailable",
    "channel down": "sender_unregistered insufficient_balance",
}

Place = Callable[[str], Body]

PLACES: list[tuple[str, dict[str, str], str, int, Place]] = [
    ("labsmobile", LABSMOBILE, "a text", 200, lambda code: {"code": code, "message": "no", "subid": "63bd"}),
    ("labsmobile", LABSMOBILE, "a number", 200, lambda code: {"code": int(code)}),
    ("seven", SEVEN, "success", 200, lambda code: {"success": code, "messages": []}),
    ("seven", SEVEN, "the whole answer, a text", 200, lambda code: f'"{code}"'),
    ("seven", SEVEN, "the whole answer, a number", 200, lambda code: code),
    ("seven", SEVEN, "the message", 200, lambda code: {"success": "101", "messages": [{"error": code}]}),
    ("seven", SEVEN, "the message, a number", 200, lambda code: {"success": 101, "messages": [{"error": int(code)}]}),
    ("clicksend", CLICKSEND, "the message", 200, lambda code: clicksend(status=code)),
    ("clicksend", CLICKSEND, "the whole answer", 200, lambda code: {"response_code": code, "data": None}),
    ("smsapi", SMSAPI, "error", 200, lambda code: {"error": int(code), "message": "no"}),
    ("smsapi", SMSAPI, "a text", 200, lambda code: {"error": code, "message": "no"}),
    ("smsapi", SMSAPI, "the message", 200, lambda code: {"count": 0, "list": [{"id": "1", "error": int(code)}]}),
    ("messagebird", MESSAGEBIRD, "errors", 422, lambda code: {"errors": [{"code": int(code), "description": "no"}]}),
    ("messagebird", MESSAGEBIRD, "errors of 200", 200, lambda code: {"id": "1", "errors": [{"code": int(code)}]}),
    ("sinch", SINCH, "code", 403, lambda code: {"code": code, "text": "no"}),
    ("bird", BIRD, "the type or name of an error", 422, lambda code: bird_error(code)),  # noqa: PLW0108 - defined below
    ("bird", BIRD, "an error without an envelope", 422, lambda code: {**bird_error(code)["error"]}),
    ("bird", IN_A_MESSAGE, "a message", 200, lambda code: {"id": "1", "status": "failed", "error": {"code": code}}),
]  # fmt: skip


def clicksend(**first: str) -> dict[str, Any]:
    return {"http_code": 200, "response_code": "SUCCESS", "data": {"messages": [first]}}


def bird_error(code: str) -> dict[str, Any]:
    known = {"type": code} if code.endswith("_error") else {"type": "validation_error", "name": code}
    return {"error": {**known, "code": "E01001", "message": "no"}}


CASES = [
    (preset, place, status, code, body(code), kind)
    for preset, table, place, status, body in PLACES
    for kind, codes in table.items()
    for code in codes.split()
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def judge(server: Server, preset: str, status: int, body: Body) -> tuple[type, bool]:
    server.script(answer(status, body))
    got = deliver(HTTP, server, preset=preset, username="u", token=CANARY, api_region=REGIONS.get(preset))
    return type(got), bool(getattr(got, "recipient_only", False))


REGIONS = {"sinch": "eu", "bird": "eu1"}


@pytest.mark.parametrize(
    ("preset", "place", "status", "code", "body", "kind"),
    CASES,
    ids=[f"{preset} {code} in {place}" for preset, place, _, code, *_ in CASES],
)
def test_each_code_of_each_gateway_means_what_its_vendor_says(
    server: Server, preset: str, place: str, status: int, code: str, body: Body, kind: str
) -> None:
    assert judge(server, preset, status, body) == KINDS[kind], f"{code} as {place}"


ODD: list[tuple[str, int, Body, str]] = [
    ("labsmobile", 200, {"code": "0", "message": "no id"}, "unknown"),
    ("labsmobile", 401, "", "channel down"),
    ("46elks", 200, {"id": "s1", "status": "delivered"}, "sent"),
    ("46elks", 200, {"id": "s1", "status": "failed"}, "rejected"),
    ("46elks", 400, "Invalid value for to", "rejected"),
    ("46elks", 401, "API access requires Basic HTTP authentication", "channel down"),
    ("46elks", 403, "Not enough credits", "channel down"),
    ("46elks", 404, "No such resource", "rejected"),
    ("46elks", 429, "", "throttled"),
    ("46elks", 500, "", "unknown"),
    ("seven", 200, {"success": "100", "messages": [{"success": True, "error": None}]}, "sent"),
    ("seven", 200, {"success": "100", "messages": [{"success": False}]}, "unknown"),
    ("seven", 200, {"success": "101", "messages": [{"success": False, "error": None}]}, "rejected"),
    ("seven", 200, "OK", "unknown"),
    ("seven", 200, {"balance": 3}, "unknown"),
    ("seven", 200, "<html>900</html>", "unknown"),
    ("clicksend", 200, clicksend(status="SUCCESS"), "unknown"),
    ("clicksend", 401, {"http_code": 401, "response_code": "UNAUTHORIZED", "data": None}, "channel down"),
    ("clicksend", 500, {"http_code": 500, "response_code": "INTERNAL_SERVER_ERROR", "data": None}, "unknown"),
    ("smsapi", 200, {"count": 1, "list": [{"id": "1", "status": "QUEUE", "error": None}]}, "sent"),
    ("smsapi", 200, {"count": 1, "list": [{"id": "1", "status": "UNDELIVERED"}]}, "rejected"),
    ("smsapi", 200, {"count": 1, "list": [{"status": "QUEUE"}]}, "unknown"),
    ("smsapi", 200, {"count": 0, "list": []}, "unknown"),
    ("smsapi", 401, {"message": "Authorization failed", "error": "authorization_failed", "code": 401}, "channel down"),
    ("messagebird", 201, {"id": "1", "recipients": {"items": [{"status": "sent"}]}}, "sent"),
    ("messagebird", 201, {"id": "1", "recipients": {"items": [{"status": "delivery_failed"}]}}, "rejected"),
    ("messagebird", 422, {"errors": [{"code": 10, "parameter": "originator"}]}, "channel down"),
    ("messagebird", 422, {"errors": [{"code": 9, "parameter": "recipients"}]}, "rejected"),
    ("messagebird", 401, {"errors": [{"code": 2, "parameter": "access_key"}, {"code": 9}]}, "channel down"),
    ("messagebird", 200, {"errors": [{"code": 77}]}, "rejected"),
    ("messagebird", 201, {"recipients": {"items": [{"status": "sent"}]}}, "unknown"),
    ("sinch", 200, {"code": "one_that_is_new", "text": "no"}, "rejected"),
    ("sinch", 201, {"canceled": False}, "unknown"),
    ("sinch", 400, {"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}, "rejected"),
    ("sinch", 401, "", "channel down"),
    ("sinch", 403, {"code": "one_that_is_new", "text": "no"}, "channel down"),
    ("sinch", 404, "", "rejected"),
    ("sinch", 429, "", "throttled"),
    ("sinch", 500, "", "unknown"),
    ("plivo", 202, {"message": "message(s) queued", "message_uuid": ["db3c"], "invalid_number": []}, "sent"),
    ("plivo", 202, {"message": "message(s) queued", "message_uuid": [], "invalid_number": ["12345"]}, "rejected"),
    ("plivo", 400, {"error": "123 is not a valid phone number"}, "rejected"),
    ("plivo", 401, "", "channel down"),
    ("plivo", 402, {"error": "insufficient credit"}, "channel down"),
    ("plivo", 403, {"error": "geo permission"}, "of this country"),
    ("plivo", 405, "", "rejected"),
    ("plivo", 422, {"error": "no"}, "rejected"),
    ("plivo", 429, "", "throttled"),
    ("plivo", 500, {"error": "internal"}, "unknown"),
    ("bird", 202, {"id": "sms_1", "status": "accepted"}, "sent"),
    ("bird", 200, {"id": "sms_1", "status": "rejected"}, "rejected"),
    ("bird", 200, {"id": "sms_1"}, "unknown"),
    ("bird", 401, "", "channel down"),
    ("bird", 403, {"error": {"type": "permission_error"}}, "channel down"),
    ("bird", 429, {"error": {"type": "rate_limit_error"}}, "throttled"),
    ("bird", 500, "", "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("preset", "status", "body", "kind"), ODD)
def test_answers_with_a_status_alone_and_odd_ones_are_understood(
    server: Server, preset: str, status: int, body: Body, kind: str
) -> None:
    assert judge(server, preset, status, body) == KINDS[kind]


STATUSES = {
    "bird": "rejected failed undelivered canceled expired",
    "messagebird": "delivery_failed not_sent expired",
    "smsapi": "UNDELIVERED FAILED REJECTED EXPIRED STOP",
    "46elks": "failed",
}
OF_STATUSES = [(preset, status) for preset, statuses in STATUSES.items() for status in statuses.split()]


@pytest.mark.parametrize(("preset", "status"), OF_STATUSES)
def test_an_id_makes_no_success_of_a_message_that_was_not_taken(server: Server, preset: str, status: str) -> None:
    item = {"id": "1", "status": status}
    body = {**item, "list": [item], "recipients": {"items": [item]}}
    assert judge(server, preset, 200, body) == KINDS["rejected"]


OF_MEANINGS = {"rejected": "rejected", "channel_down": "channel down", "throttled": "throttled", "unknown": "unknown"}
OF_HTTP = [
    (name, int(code), OF_MEANINGS[meaning]) for name, preset in PRESETS.items() for code, meaning, _ in preset.statuses
]


@pytest.mark.parametrize(("preset", "status", "kind"), OF_HTTP)
def test_a_status_that_a_gateway_documents_means_what_the_table_says(
    server: Server, preset: str, status: int, kind: str
) -> None:
    assert judge(server, preset, status, "") == KINDS[kind]


def test_no_code_of_a_preset_is_without_a_test() -> None:
    for name, preset in PRESETS.items():
        parameters = {"originator", "access_key", "?????", "403"}
        tried = {code for of, _, _, code, *_ in CASES if of == name} | set(STATUSES.get(name, "").split()) | parameters
        untried = [code for code, *_ in preset.table if not any(each.startswith(code.rstrip("*")) for each in tried)]
        assert untried == [], name


def test_every_code_of_a_preset_says_what_its_vendor_says_of_it_and_where() -> None:
    for name, preset in PRESETS.items():
        assert preset.source, name
        assert all(each.says for each in preset.table), name
