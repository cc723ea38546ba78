"""Hostile texts in whatever a booking carries: what arrives has the form that the operator gave it."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from reminderctl.messages.escaping import escape_plain
from tests import http_server, smtp_server
from tests.clinic import Clinic
from tests.hostile.hostile_clinic import DUE, TIMES, accept, arm, book, insert, phone
from tests.hostile.values import ANY_TEXT, TEXTS, few
from tests.http_server import Request, Server
from tests.providers import HTTP_PROVIDERS

MAIL = """\
send: email
    to: customer
    subject: "{service_name}: {customer_full_name}{custom.key}"
    headers: {X-Note: "Note: {appointment_notes}", List-Unsubscribe: "<https://example.com/{appointment_id}>"}
    body: "{customer_full_name} / {appointment_notes} / {appointment_extras_list}"
    html: "<p title='{custom.key}'>{customer_full_name}</p>"
    attach: [calendar]
"""
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Note"),
    *("List-Unsubscribe", "MIME-Version", "Content-Type"),
]
SENDERS = """\
send: email
    to: customer
    from: "{staff_name} <citas@example.com>"
    reply_to: "{custom.key} <hola@example.com>"
    subject: Su cita
    body: Hola
"""


@pytest.fixture
def web() -> Iterator[Server]:
    with http_server.serve() as server:
        server.script(accept)
        yield server


def email_settings(port: int) -> str:
    return f"email: {{host: 127.0.0.1, port: {port}, security: none, from: citas@example.com}}"


def tags(html: str) -> list[str]:
    """Every tag with the names of its attributes, and every comment."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(" ".join([tag, *(name for name, _ in attrs)]))

        def handle_endtag(self, tag: str) -> None:
            found.append(f"/{tag}")

        def handle_comment(self, data: str) -> None:
            found.append(data)

        def handle_decl(self, decl: str) -> None:
            found.append(decl)

        def unknown_decl(self, data: str) -> None:
            found.append(data)

        def handle_pi(self, data: str) -> None:
            found.append(data)

    reader = Reader()
    reader.feed(html)
    reader.close()
    return found


# --- mail -------------------------------------------------------------------------------------------------------------


def judge_mail(content: bytes) -> EmailMessage:
    """Its headers are those of the action, on lines of a decent length; its parts are two texts and a calendar."""
    mail = read_mail(content)
    assert mail.keys() == email.message_from_bytes(content).keys() == HEADERS
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"]
    *_, plain, html, calendar = mail.walk()
    assert tags(html.get_content()) == ["p title", "/p"]
    assert not set("\x00\x1b\u202e\x9b") & set(plain.get_content())
    read = Calendar.from_ical(calendar.get_content())
    assert [part.name for part in read.walk()] == ["VCALENDAR", "VEVENT"]
    assert "ATTENDEE" not in read.walk("VEVENT")[0]
    return mail


def read_mail(content: bytes) -> EmailMessage:
    """What the server was given, without the dots that SMTP adds."""
    content = re.sub(rb"^\.", b"", content.removesuffix(b".\r\n"), flags=re.MULTILINE)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.isascii()
    mail = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert isinstance(mail, EmailMessage)
    for name, raw in mail.raw_items():
        if len(raw) < 10_000:  # the parser needs seconds for a long one
            assert len(str(mail[name]).splitlines()) <= 1
    return mail


def judge_dialogue(server: smtp_server.Server, senders: set[str], recipients: list[str]) -> None:
    """Each recipient was named once, and nobody else."""
    said = [command for command in server.commands if command[:4].upper() not in ("EHLO", "DATA", "QUIT")]
    mails = {command for command in said if command.startswith("MAIL FROM:")}
    assert {command.split(" SIZE")[0].split(" BODY")[0] for command in mails} == {
        f"MAIL FROM:<{each}>" for each in senders
    }
    assert sorted(command for command in said if command not in mails) == sorted(f"RCPT TO:<{to}>" for to in recipients)
    assert len(server.contents) == len(recipients)


def test_no_text_gives_a_mail_another_header_part_or_recipient(clinic: Clinic) -> None:
    with smtp_server.serve() as server:
        arm(clinic, MAIL, channels=email_settings(server.port))
        book(clinic, TEXTS.values())
        clinic.run(DUE, exits=1)
    assert clinic.states() == {"sent": len(TEXTS) - 1, "failed": 1}
    fitting = {number: text for number, text in enumerate(TEXTS.values()) if text != TEXTS["long"]}  # for a subject
    mails = {str(mail["To"]): mail for mail in map(judge_mail, server.contents)}
    judge_dialogue(server, {"citas@example.com"}, [f"p{number}@example.com" for number in fitting])
    for number, text in fitting.items():
        body = mails[f"p{number}@example.com"].get_body(("plain",))
        assert body
        assert body.get_content().startswith(escape_plain(text).split("\n")[0][:50])


def test_a_text_in_the_name_of_a_sender_stays_a_name_or_is_refused(clinic: Clinic) -> None:
    with smtp_server.serve() as server:
        arm(clinic, SENDERS, channels=email_settings(server.port))
        book(clinic, TEXTS.values())
        clinic.run(DUE, exits=1)
    states = {each["booking"]: each["state"] for each in clinic.deliveries()}
    refused = {name for number, (name, text) in enumerate(TEXTS.items()) if states[f"{text}{number}"] == "failed"}
    assert refused == {name for name, text in TEXTS.items() if re.search(r"\S@\S|[<>]", text)}
    judge_dialogue(
        server, {"citas@example.com"}, [f"p{n}@example.com" for n, name in enumerate(TEXTS) if name not in refused]
    )
    for mail in map(read_mail, server.contents):
        assert [each.addr_spec for each in mail["From"].addresses] == ["citas@example.com"]
        assert [each.addr_spec for each in mail["Reply-To"].addresses] == ["hola@example.com"]
        assert mail.keys() == [
            *HEADERS[:2],
            "Reply-To",
            *HEADERS[2:7],
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding",
        ]


ADDRESSES = ("{}", "{}@example.com", "ana@{}", "ana@example.com{}", "{} <ana@example.com>", "<ana@example.com>{}")


def test_an_address_is_one_address_or_refused(clinic: Clinic) -> None:
    addresses = [form.format(text) for form in ADDRESSES for text in TEXTS.values()]
    action = "{send: email, to: [customer, '{custom.key} <list@example.com>'], subject: Su cita, body: Hola}"
    with smtp_server.serve() as server:
        arm(clinic, action, channels=email_settings(server.port))
        ids = [f"b{number}" for number in range(len(addresses))]
        tables: dict[str, list[dict[str, Any]]] = {
            "bookings": [{"id": i, **TIMES, "fields": {"key": text}} for i, text in zip(ids, addresses, strict=True)],
            "customers": [{"id": i, "email": text} for i, text in zip(ids, addresses, strict=True)],
            "participants": [{"booking_id": i, "customer_id": i} for i in ids],
        }
        insert(clinic, tables)
        clinic.run(DUE, exits=1)
    named = [command for command in server.commands if command.startswith("RCPT")]
    assert len(named) == len(server.contents) == clinic.states()["sent"]
    assert clinic.states().keys() == {"sent", "failed"}
    assert all(re.fullmatch(r"RCPT TO:<[^\s<>@,;]+@(example\.com|[^\s<>@,;]*)>", each) for each in named)
    assert not any("evil" in each for each in named)
    for mail in map(read_mail, server.contents):
        assert len(mail.get_all("To", [])) == len(mail["To"].addresses) == 1
        assert not {"Cc", "Bcc"} & set(mail.keys())


# --- webhooks ---------------------------------------------------------------------------------------------------------

WEBHOOKS = """\
send: webhook
    id: json
    url: "URL/json/{custom.number}/{appointment_id}/x?key={custom.key}&n=1#{custom.key}"
    params: {p: "{custom.key}"}
    json: {name: "{customer_full_name}", list: ["{custom.key}"]}
  - send: webhook
    id: text
    url: "URL/text/{custom.number}"
    body: '{"name": {customer_full_name}, "key": "C:\\{custom.key}", "n": {custom.number}}'
  - send: webhook
    id: form
    method: PUT
    url: "URL/form/{custom.number}"
    form: {name: "{customer_full_name}", n: "1"}
  - send: webhook
    id: xml
    url: "URL/xml/{custom.number}"
    headers: {Content-Type: text/xml}
    body: "<r a='{custom.key}'>{customer_full_name}</r>"
  - send: webhook
    id: path
    method: GET
    url: "URL/path/{custom.number}/{custom.key}/x"
    headers: {X-Name: "{{ customer_full_name[:200] }}", X-Two: "-{custom.number}"}
"""
ALWAYS = {"accept", "accept-encoding", "connection", "host", "idempotency-key", "user-agent", "webhook-id"}
WITH_BODY = ALWAYS | {"content-length", "content-type"}


@pytest.fixture
def told(clinic: Clinic, web: Server) -> Callable[[str], list[tuple[str, Request]]]:
    """What came to the webhooks of one kind: the hostile text, and the request."""
    arm(clinic, WEBHOOKS.replace("URL", web.url), channels="webhook: {}")
    book(clinic, TEXTS.values())
    clinic.run(DUE, exits=1)
    texts = list(TEXTS.values())

    def of_kind(kind: str) -> list[tuple[str, Request]]:
        found = (request for request in web.requests if request.path.startswith(f"/{kind}/"))
        return [(texts[int(re.split("[/?]", each.path)[2])], each) for each in found]

    return of_kind


def test_no_text_changes_the_form_of_a_webhook(
    clinic: Clinic, told: Callable[[str], list[tuple[str, Request]]]
) -> None:
    for text, request in told("json"):
        target, plain = urlsplit(request.path), escape_plain(text)
        assert re.fullmatch("[!-~]+", request.path)
        assert (request.method, target.fragment) == ("POST", "")
        assert [*map(unquote, target.path.split("/")[3:])] == [f"{text}{target.path.split('/')[2]}", "x"]
        assert parse_qsl(target.query, keep_blank_values=True) == [("key", text), ("n", "1"), ("p", plain)]
        assert request.headers.keys() == WITH_BODY
        assert request.json() == {"name": plain, "list": [plain]}
    for text, request in told("text"):
        assert request.json() == {"name": text, "key": f"C:\\{text}", "n": int(request.path.split("/")[2])}
        assert request.headers["content-type"] == "application/json"
    for text, request in told("form"):
        assert parse_qsl(request.body.decode(), keep_blank_values=True) == [("name", escape_plain(text)), ("n", "1")]
        assert request.method == "PUT"
    for _, request in told("xml"):
        root = ElementTree.fromstring(request.body)  # noqa: S314 - it came from ourselves
        assert (root.tag, list(root.attrib), len(root)) == ("r", ["a"], 0)
        assert request.headers["content-type"] == "text/xml"
    for text, request in told("path"):
        assert request.path.count("/") == 4
        assert unquote(request.path.split("/")[3]) == text
        assert request.headers.keys() == ALWAYS | {"x-name", "x-two"}
        assert len(request.headers["x-name"].splitlines()) <= 1
    counts = {kind: len(told(kind)) for kind in ("json", "text", "form", "xml", "path")}
    refused = [text for text in TEXTS.values() if text == ".." or not text.strip()]  # as a segment of the path
    # An address of more than a million characters is none.
    assert counts == dict.fromkeys(counts, len(TEXTS)) | {"json": len(TEXTS) - 1, "path": len(TEXTS) - len(refused)}
    assert clinic.states()["failed"] == 1 + len(refused)


# --- SMS, WhatsApp, Telegram ------------------------------------------------------------------------------------------

MESSENGERS = """\
{send: sms, to: customer, body: "{customer_full_name}: {custom.key}"}
  - {send: whatsapp, to: customer, template: cita, language: es, parameters: ["{customer_full_name}", "{custom.key}"]}
  - {send: telegram, to: customer, html: "<b>{customer_full_name}</b> <a href='https://example.com/?x={custom.key}'>x</a>"}
"""
PROVIDERS = ("sms twilio", "whatsapp meta", "telegram")


def test_no_text_changes_the_form_or_the_recipient_of_a_message(clinic: Clinic, web: Server) -> None:
    channels = "".join(HTTP_PROVIDERS[each].settings.format(url=web.url, timeout=5) for each in PROVIDERS)
    arm(clinic, MESSENGERS, channels=channels.strip())
    book(clinic, TEXTS.values())
    clinic.run(DUE, exits=1)
    failed = {each["booking"] for each in clinic.deliveries("--state", "failed")}
    assert [each.startswith(TEXTS["long"]) for each in failed] == [True]
    texts = dict(enumerate(TEXTS.values()))
    numbers = {phone(number): number for number in texts}
    by_path: dict[str, list[Request]] = {}
    for request in web.requests:
        by_path.setdefault(request.path.rpartition("/")[2], []).append(request)
    for kind, requests in by_path.items():
        assert len(requests) == len(TEXTS) - 1, kind
    for request in by_path["Messages.json"]:
        fields = parse_qsl(request.body.decode(), keep_blank_values=True)
        assert [name for name, _ in fields] == ["To", "From", "Body", "ValidityPeriod"]
        text = escape_plain(texts[numbers[dict(fields)["To"]]])
        assert dict(fields)["Body"] == f"{text}: {text}".strip()
    for request in by_path["messages"]:
        sent = request.json()
        text = " ".join(escape_plain(texts[numbers[f"+{sent['to']}"]]).split())
        [part] = sent["template"]["components"]
        assert sent.keys() == {"messaging_product", "recipient_type", "to", "type", "template"}
        assert part["parameters"] == [{"type": "text", "text": text}] * 2
    for request in by_path["sendMessage"]:
        sent = request.json()
        assert tags(sent["text"]) == ["b", "/b", "a href", "/a"]
        assert not re.search("&(?!lt;|gt;|amp;|quot;|#x27;)", sent["text"])
        assert sent.keys() == {"chat_id", "text", "disable_notification", "link_preview_options", "parse_mode"}
        assert escape_plain(texts[sent["chat_id"] - 1000]) in unescape(sent["text"])


# --- whatever the text ------------------------------------------------------------------------------------------------

ALL = (
    MAIL
    + """\
  - {send: webhook, url: "https://example.com/{appointment_id}", json: {name: "{customer_full_name}"}}
  - {send: telegram, to: customer, html: "Cita <b>{customer_full_name}</b>"}
  - {send: sms, to: customer, body: "Hola {customer_full_name}"}
"""
)


@given(st.lists(ANY_TEXT, min_size=8, max_size=8))
@few(6)
def test_whatever_the_texts_each_message_keeps_its_form(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        clinic = Clinic(Path(folder) / "clinic")
        arm(clinic, ALL, channels="{}\noutbox: outbox")
        book(clinic, texts)
        assert clinic.run(DUE) == {"planned": 32, "sent": 32}
        files = [(path.suffix, path.read_bytes()) for path in clinic.outbox()]
    mails = [judge_mail(content) for suffix, content in files if suffix == ".eml"]
    assert sorted(str(mail["To"]) for mail in mails) == [f"p{number}@example.com" for number in range(8)]
    others: dict[str, list[dict[str, Any]]] = {}
    for suffix, content in files:
        if suffix == ".json":
            message = json.loads(content)
            others.setdefault(message["channel"], []).append(message)
    plain = sorted(map(escape_plain, texts))
    assert sorted(json.loads(each["body"])["name"] for each in others["webhook"]) == plain
    assert all(re.fullmatch("https://example.com/[!-.0-~]+", each["url"]) for each in others["webhook"])
    assert all(tags(each["html"]) == ["b", "/b"] for each in others["telegram"])
    assert sorted(each["body"] for each in others["sms"]) == sorted(f"Hola {text}".strip() for text in plain)
