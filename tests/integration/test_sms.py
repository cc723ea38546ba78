"""SMS by Twilio, Vonage and Infobip against a scripted server: what arrives, and what each answer means."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from reminderctl import channels
from reminderctl.channels import OnUnknown
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Receipt
from tests.clinic import Clinic, at
from tests.http_server import Server, answer, serve
from tests.texting import CANARY, SID, TAKEN, deliver, envelope, form, message, mistakes, send, settings

PROVIDERS = ["sms.twilio", "sms.vonage", "sms.infobip", "sms.http"]


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


# --- what arrives ---------------------------------------------------------------------------------------------------


def test_twilio_gets_a_form_with_the_numbers_pluses_encoded(server: Server) -> None:
    server.script(answer(*TAKEN["sms.twilio"]))
    assert deliver("sms.twilio", server) == Receipt(provider_id="SM1")
    [arrived] = server.requests
    assert (arrived.method, arrived.path) == ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json")
    assert arrived.headers["authorization"] == basic(SID, CANARY)
    assert b"To=%2B34600111222&From=%2B15005550006&Body=Hola" in arrived.body
    assert form(server) == {"To": "+34600111222", "From": "+15005550006", "Body": "Hola", "ValidityPeriod": "3600"}


def test_twilio_takes_an_api_key_and_a_messaging_service(server: Server) -> None:
    server.script(answer(*TAKEN["sms.twilio"]))
    changes = {"auth_token": None, "api_key_sid": "SK1", "api_key_secret": CANARY}
    deliver("sms.twilio", server, **changes, **{"from": None, "messaging_service_sid": "MG1"})
    [arrived] = server.requests
    assert (arrived.path, arrived.headers["authorization"]) == (
        f"/2010-04-01/Accounts/{SID}/Messages.json",
        basic("SK1", CANARY),
    )
    assert form(server)["MessagingServiceSid"] == "MG1"
    assert "From" not in form(server)


def test_vonage_gets_a_form_with_bare_digits(server: Server) -> None:
    server.script(answer(*TAKEN["sms.vonage"]))
    assert deliver("sms.vonage", server) == Receipt(provider_id="0A1")
    [arrived] = server.requests
    assert (arrived.method, arrived.path) == ("POST", "/sms/json")
    assert form(server) == {
        "api_key": "abcd1234",
        "api_secret": CANARY,
        "from": "ClinicaSol",
        "to": "34600111222",
        "text": "Hola",
        "ttl": "3600000",
        "client-ref": "5f0c1d9e",
    }


def test_infobip_gets_our_key_as_its_message_id(server: Server) -> None:
    server.script(answer(*TAKEN["sms.infobip"]))
    assert deliver("sms.infobip", server, **{"from": "+34 911 22 23 33"}) == Receipt(provider_id="m1")
    [arrived] = server.requests
    assert (arrived.method, arrived.path) == ("POST", "/sms/3/messages")
    assert arrived.headers["authorization"] == f"App {CANARY}"
    assert arrived.json() == {
        "messages": [
            {
                "sender": "34911222333",
                "destinations": [{"to": "34600111222", "messageId": "5f0c1d9e"}],
                "content": {"text": "Hola"},
                "options": {"validityPeriod": {"amount": 60, "timeUnit": "MINUTES"}},
            }
        ]
    }


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("text", ["Ávila, ñ & ü = 100 % + 5 €", "¡Hasta mañana! 👋", "largo " * 100, "a\nb;c&d=e"])
def test_every_text_arrives_as_it_was_written(server: Server, provider: str, text: str) -> None:
    server.script(answer(*TAKEN[provider]))
    assert isinstance(send(provider, message(provider, body=f" {text}\n"), settings(provider, server)), Receipt)
    [arrived] = server.requests
    if provider == "sms.infobip":
        assert arrived.json()["messages"][0]["content"]["text"] == text.strip()
    else:
        assert text.strip() in form(server).values()


@pytest.mark.parametrize(("text", "kind"), [("Hola, ñ €", None), ("Ávila", "unicode"), ("👋", "unicode")])
def test_vonage_is_told_when_a_text_needs_unicode(server: Server, text: str, kind: str | None) -> None:
    server.script(answer(*TAKEN["sms.vonage"]))
    send("sms.vonage", message("sms.vonage", body=text), settings("sms.vonage", server))
    assert form(server).get("type") == kind


@pytest.mark.parametrize(
    ("left", "twilio", "vonage", "infobip"),
    [
        (timedelta(seconds=-5), "1", "20000", 1),
        (timedelta(seconds=90), "90", "90000", 1),
        (timedelta(hours=3), "10800", "10800000", 180),
        (timedelta(days=9), "36000", "604800000", 2880),
    ],
)
def test_providers_stop_trying_when_the_appointment_begins(
    server: Server, left: timedelta, twilio: str, vonage: str, infobip: int
) -> None:
    server.script(answer(500))
    for provider in ("sms.twilio", "sms.vonage", "sms.infobip"):
        send(provider, message(provider), settings(provider, server), left=left)
    first, second, third = server.requests
    assert first.body.endswith(f"ValidityPeriod={twilio}".encode())
    assert f"ttl={vonage}&".encode() in second.body
    assert third.json()["messages"][0]["options"]["validityPeriod"]["amount"] == infobip


@pytest.mark.parametrize(
    ("when", "now", "validity"),
    [("2 hours before start", "2026-06-10T08:00Z", "7200"), ("1 hour after start", "2026-06-10T11:00Z", "1800")],
)
def test_an_sms_may_arrive_as_long_as_it_is_of_use(
    clinic: Clinic, server: Server, when: str, now: str, validity: str
) -> None:
    server.script(answer(*TAKEN["sms.twilio"]))
    account = f"account_sid: {SID}, auth_token: '{CANARY}', from: '+15005550006', base_url: '{server.url}'"
    clinic.write(
        f"- {{id: reminder, when: {when}, actions: [{{send: sms, to: '+34600111222', body: Hola}}]}}\n",
        settings=f"timezone: Europe/Madrid\nchannels:\n  sms: {{provider: twilio, {account}}}\n",
    )
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run(at(now) - timedelta(minutes=1))
    assert clinic.run(now) == {"planned": 1, "sent": 1}
    assert form(server)["ValidityPeriod"] == validity


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fields", [{"to": "not a number"}, {"to": "123"}, {"body": " \n"}])
def test_nothing_is_asked_for_a_message_that_cannot_be_one(
    server: Server, provider: str, fields: dict[str, str]
) -> None:
    assert isinstance(send(provider, message(provider, **fields), settings(provider, server)), Rejected)
    assert server.requests == []


# --- the outbox -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_outbox_shows_the_sms_and_what_it_takes(provider: str) -> None:
    shown = channels.module(provider).preview(
        message(provider, body="¡Ávila! 👋\n"), settings(provider), envelope=envelope()
    )
    sender = "+15005550006" if provider == "sms.twilio" else "ClinicaSol"
    assert shown == {"to": "+34600111222", "from": sender, "body": "¡Ávila! 👋", "encoding": "UCS-2", "segments": 1}
    without = channels.module(provider).preview(message(provider), None, envelope=envelope())
    assert without == {"to": "600 111 222", "from": None, "body": "Hola", "encoding": "GSM-7", "segments": 1}


# --- what an answer means -------------------------------------------------------------------------------------------

ALONE = "unavailable, and it speaks of one recipient only"
DOWN_ALONE = "a person has to do something, but not for everybody"


def means(error: object) -> type | str:
    """The kind of an error, as the tables name it."""
    if isinstance(error, Unavailable) and error.recipient_only:
        return DOWN_ALONE if isinstance(error, ChannelDown) else ALONE
    return type(error)


TWILIO_CODES = [
    (400, 21211, Rejected),
    (400, 21610, Rejected),
    (400, 21617, Rejected),
    (400, 21408, DOWN_ALONE),  # a country that somebody has to enable
    (400, 14111, DOWN_ALONE),  # the numbers of a trial account
    (400, 21219, DOWN_ALONE),
    (400, 21608, DOWN_ALONE),
    (400, 21212, ChannelDown),
    (400, 21606, ChannelDown),
    (400, 21705, ChannelDown),
    (401, 20003, ChannelDown),
    (404, 20404, ChannelDown),
    (400, 63007, ChannelDown),
    (400, 63040, ChannelDown),  # the template
    (400, 63041, ChannelDown),
    (400, 63042, ChannelDown),
    (429, 20429, Throttled),
    (400, 21611, Throttled),
    (429, 14107, ALONE),
    (400, 30003, ALONE),  # the phone is off
    (400, 30017, ALONE),  # its carrier is
    (400, 63012, Unavailable),
    (400, 12345, Rejected),  # a code that nobody told us about: its HTTP status
    (403, 12345, ChannelDown),
    (500, 20500, Unknown),
    (503, 20503, Unknown),
]


@pytest.mark.parametrize(("status", "code", "kind"), TWILIO_CODES)
def test_a_code_of_twilio_goes_before_the_http_status(
    server: Server, status: int, code: int, kind: type[DeliveryError] | str
) -> None:
    server.script(answer(status, {"code": code, "message": f"says why\n to {CANARY}", "status": status}))
    error = deliver("sms.twilio", server)
    assert isinstance(error, DeliveryError)
    assert means(error) == kind
    assert str(error) == f"Twilio answered with code {code}: says why to ***"
    assert error.provider_code == str(code)


@pytest.mark.parametrize(("code", "kind"), [(30002, ChannelDown), (30003, ALONE), (30005, Rejected), (None, Rejected)])
def test_a_message_of_twilio_that_has_failed_at_once_is_not_sent(
    server: Server, code: int | None, kind: type[DeliveryError] | str
) -> None:
    server.script(answer(201, {"sid": "SM1", "status": "failed", "error_code": code, "error_message": "no"}))
    assert means(deliver("sms.twilio", server)) == kind


VONAGE_CODES = [
    (["1"], Throttled),
    (["10"], Throttled),
    (["2"], Rejected),
    (["7"], Rejected),
    (["29"], DOWN_ALONE),  # a trial account's list of numbers
    (["33"], Rejected),
    (["99"], Rejected),
    (["4"], ChannelDown),
    (["9"], ChannelDown),
    (["15"], ChannelDown),
    (["5"], Unknown),
    (["9", "9"], ChannelDown),
    (["9", "5"], Unknown),  # the second part may be on its way
]


@pytest.mark.parametrize(("statuses", "kind"), VONAGE_CODES)
def test_vonage_refuses_in_answers_of_status_200(
    server: Server, statuses: list[str], kind: type[DeliveryError]
) -> None:
    parts = [{"status": status, "error-text": f"No {CANARY}"} for status in statuses]
    server.script(answer(200, {"message-count": str(len(parts)), "messages": parts}))
    error = deliver("sms.vonage", server)
    assert means(error) == kind
    assert str(error) == f"Vonage answered with code {'5' if kind is Unknown else statuses[0]}: No ***"


def test_vonage_says_in_milliseconds_how_long_to_wait(server: Server) -> None:
    text = "Throughput Rate Exceeded - please wait [ 2500 ] and retry"
    server.script(answer(200, {"messages": [{"status": "1", "error-text": text}]}))
    error = deliver("sms.vonage", server)
    assert isinstance(error, Throttled)
    assert error.retry_after == timedelta(seconds=2.5)


@pytest.mark.parametrize(
    ("statuses", "which"), [("10", "part 1 of 2 was refused"), ("01", "part 2 of 2 was"), ("1011", "3 of 4 parts were")]
)
def test_a_long_sms_of_which_vonage_took_a_part_is_sent_with_a_warning(
    server: Server, statuses: str, which: str
) -> None:
    told = {"0": {"message-id": "0B2"}, "1": {"error-text": "Throttled"}}
    parts = [{"status": each, **told[each]} for each in statuses]
    server.script(answer(200, {"message-count": str(len(parts)), "messages": parts}))
    receipt = deliver("sms.vonage", server)
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.note) == ("0B2", None)
    assert receipt.warning is not None
    assert receipt.warning.startswith(which)
    assert "Vonage answered with code 1: Throttled; tell the recipient by other means" in receipt.warning


INFOBIP_CODES = [
    (5, 6, Rejected),
    (5, 52, Rejected),
    (5, 18, DOWN_ALONE),  # the one number of a trial account
    (5, 999, Rejected),
    (2, 9, Rejected),
    (4, 15, Rejected),
    (5, 11, ChannelDown),
    (5, 12, ChannelDown),
    (5, 19, ChannelDown),
    (5, 20, ALONE),  # the flood is one number's
    (5, 21, ALONE),
    (9, 26, Unknown),
]


@pytest.mark.parametrize(("group", "number", "kind"), INFOBIP_CODES)
def test_infobip_refuses_in_answers_of_status_200(
    server: Server, group: int, number: int, kind: type[DeliveryError] | str
) -> None:
    status = {"groupId": group, "id": number, "name": "NO", "description": f"Not with {CANARY}"}
    server.script(answer(200, {"messages": [{"messageId": "m1", "status": status}]}))
    error = deliver("sms.infobip", server)
    assert means(error) == kind
    assert str(error) == f"Infobip answered with code {number}: NO: Not with ***"


def test_infobip_tells_a_repetition_by_its_id_so_that_unknown_sms_are_sent_again(server: Server) -> None:
    status = {"groupId": 5, "id": 23, "name": "REJECTED_DUPLICATE_MESSAGE_ID"}
    server.script(answer(200, {"messages": [{"messageId": "5f0c1d9e", "status": status}]}))
    receipt = deliver("sms.infobip", server)
    assert isinstance(receipt, Receipt)
    assert receipt.provider_id == "5f0c1d9e"
    assert "earlier attempt" in (receipt.note or "")
    assert {name: channels.module(name).POLICY.on_unknown for name in PROVIDERS} == {
        "sms.twilio": OnUnknown.HOLD,
        "sms.vonage": OnUnknown.HOLD,
        "sms.http": OnUnknown.HOLD,
        "sms.infobip": OnUnknown.RESEND,
    }


def test_an_error_of_infobip_says_what_is_wrong_with_the_request(server: Server) -> None:
    violations = [{"property": "sender", "violation": "must not be blank"}]
    server.script(answer(400, {"errorCode": "E400", "description": "Bad request.", "violations": violations}))
    error = deliver("sms.infobip", server)
    assert isinstance(error, Rejected)
    assert str(error) == "Infobip answered with code E400: Bad request.: must not be blank"


# --- mistakes in settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "changes", "what"),
    [
        ("sms.twilio", {}, ""),
        ("sms.twilio", {"auth_token": None}, "give either auth_token, or api_key_sid"),
        ("sms.twilio", {"api_key_sid": "SK1"}, "belong together"),
        ("sms.twilio", {"auth_token": "a\nb"}, "auth_token: contains a line break"),
        ("sms.twilio", {"account_sid": "SK1"}, "account_sid: begins with AC"),
        ("sms.twilio", {"messaging_service_sid": "MG1"}, "give either from or messaging_service_sid"),
        ("sms.twilio", {"from": None}, "give either from or messaging_service_sid"),
        ("sms.twilio", {"from": "ClinicaSolMadrid"}, "from: 'ClinicaSolMadrid' has 16 characters"),
        ("sms.twilio", {"region": "España"}, "region: 'España' is not a country"),
        ("sms.twilio", {"base_url": "api.twilio.com"}, "base_url: must begin with https://"),
        ("sms.vonage", {}, ""),
        ("sms.vonage", {"from": "?"}, "from: must be a number"),
        ("sms.infobip", {}, ""),
        ("sms.infobip", {"base_url": "xyz123.api.infobip.com"}, "base_url: must begin with https://"),
        ("whatsapp.twilio", {}, ""),
        ("whatsapp.twilio", {"from": "whatsapp:+14155238886"}, ""),
        ("whatsapp.twilio", {"from": "ClinicaSol"}, "from: 'ClinicaSol' is not a number"),
    ],
)
def test_a_mistake_in_the_settings_is_told_without_a_secret(provider: str, changes: dict[str, Any], what: str) -> None:
    told = mistakes(provider, **changes)
    assert len(told) == (1 if what else 0)
    assert what in "".join(told)
    assert CANARY not in f"{told}{settings(provider)!r}"
