"""Hostile texts inside JSON, XML, links and styles, wherever the operator put them: nothing gets a part more."""

# ruff: noqa: E501 - a template is easier to read on one line

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from msgspec import structs

from reminderctl.errors import Rejected
from reminderctl.messages.escaping import escape_plain
from reminderctl.messages.render import render_text
from reminderctl.text_types import TextType
from tests import http_server, smtp_server
from tests.clinic import Clinic
from tests.hostile.hostile_clinic import DUE, accept, arm, book
from tests.hostile.test_texts import email_settings, read_mail
from tests.hostile.values import TEXTS
from tests.http_server import Request, Server
from tests.message_samples import FULL, called, context

NASTY = [
    *(text for name, text in TEXTS.items() if name != "long"),
    '"}, "to": ["eve"], {"x": "',
    '{"admin": true}',
    "</text><to>+34666</to><text>",
    "x&to=+34666&admin=1",
    "javascript:alert(1)",
    " java\tscript:alert(1)",
    "https://evil.test/?a=1&b=2",
    "x>, <mailto:eve@evil.test>, <y",
    "red;background:url(https://evil.test)",
    "1\n2",
]
HOOKS = """\
send: webhook
    id: params
    method: GET
    url: "URL/params/{custom.number}"
    params: {meta: '{"name": "{customer_full_name}", "n": {custom.number}}', plain: "{customer_full_name}"}
    headers: {X-Meta: '{"name": "{customer_full_name}"}', X-Xml: "<a>{customer_full_name}</a>"}
  - send: webhook
    id: form
    url: "URL/form/{custom.number}"
    form:
      payload: '{"text": "{customer_full_name}", "blocks": [{"text": "{custom.key}!"}]}'
      xml: '<sms><to>1</to><text a="{custom.key}">{customer_full_name}</text></sms>'
      label: "[{appointment_id}] {customer_full_name}"
  - send: webhook
    id: tree
    url: "URL/tree/{custom.number}"
    json: {inner: '{"text": "{customer_full_name}"}', html: "Hi <b>{customer_full_name}</b>", plain: "{custom.key}"}
  - send: webhook
    id: lines
    url: "URL/lines/{custom.number}"
    body: |
      {"name": "{customer_full_name}"}
      {"name": "{custom.key}", "n": {custom.number}}
  - send: webhook
    id: later
    url: "URL/later/{custom.number}"
    body: '{% set n = custom.number %}{% if n is defined %}{"n": {{ n }}, "list": [{% for x in [1, 2] %}"{custom.key}",{% endfor %} 0]}{% endif %}'
  - send: webhook
    id: text
    url: "URL/text/{custom.number}"
    body: "{customer_full_name}"
"""


@pytest.fixture
def web() -> Iterator[Server]:
    with http_server.serve() as server:
        server.script(accept)
        yield server


def in_xml(text: str) -> str:
    """What XML can hold of a text."""
    return escape_plain(text).replace("\ufffe", "").replace("\uffff", "")


def of_kind(web: Server, kind: str) -> list[tuple[str, Request]]:
    found = [request for request in web.requests if request.path.startswith(f"/{kind}/")]
    return [(NASTY[int(each.path.split("/")[2].partition("?")[0])], each) for each in found]


def test_no_text_adds_to_a_structure_inside_a_webhook(clinic: Clinic, web: Server) -> None:
    arm(clinic, HOOKS.replace("URL", web.url), channels="webhook: {}")
    book(clinic, NASTY)
    clinic.run(DUE)
    for text, request in of_kind(web, "params"):
        query = dict(parse_qsl(urlsplit(request.path).query, keep_blank_values=True))
        assert query.keys() == {"meta", "plain"}
        meta = json.loads(query["meta"])
        assert meta == {"name": text, "n": NASTY.index(text)}
        assert query["plain"] == escape_plain(text)
        assert json.loads(request.headers["x-meta"]).keys() == {"name"}
        root = ElementTree.fromstring(request.headers["x-xml"])  # noqa: S314 - it came from ourselves
        assert (root.tag, len(root)) == ("a", 0)
    for text, request in of_kind(web, "form"):
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        assert list(form) == ["payload", "xml", "label"]
        assert json.loads(form["payload"]) == {"text": text, "blocks": [{"text": f"{text}!"}]}
        sms = ElementTree.fromstring(form["xml"])  # noqa: S314 - it came from ourselves
        assert [(each.tag, list(each.attrib)) for each in sms.iter()] == [("sms", []), ("to", []), ("text", ["a"])]
        assert sms.findtext("to") == "1"
        assert form["label"].endswith(escape_plain(text))
    for text, request in of_kind(web, "tree"):
        sent = request.json()
        assert json.loads(sent["inner"]) == {"text": text}
        assert unescape(sent["html"]) == f"Hi <b>{in_xml(text)}</b>"
        assert sent["html"].count("<") == 2
        assert sent["plain"] == escape_plain(text)
    for text, request in of_kind(web, "lines"):
        lines = [json.loads(line) for line in request.body.decode().splitlines()]
        assert lines == [{"name": text}, {"name": text, "n": NASTY.index(text)}]
        assert request.headers["content-type"] == "application/x-ndjson"
    for text, request in of_kind(web, "later"):
        assert request.json() == {"n": NASTY.index(text), "list": [text, text, 0]}
        assert request.headers["content-type"] == "application/json"
    for text, request in of_kind(web, "text"):
        assert request.body.decode() == escape_plain(text)
        assert request.headers["content-type"] == "text/plain; charset=utf-8"
    assert {kind: len(of_kind(web, kind)) for kind in ("params", "form", "tree", "lines", "later", "text")} == (
        dict.fromkeys(("params", "form", "tree", "lines", "later", "text"), len(NASTY))
    )


REFUSED = {
    "a body whose JSON begins after a value": 'body: \'{appointment_id}{"name": "{customer_full_name}"}\'',
    "a body whose JSON begins in a macro": 'body: \'{% macro q(x) %}"{{ x }}"{% endmacro %}{"a": {{ q(staff_name) }} }\'',
    "a body whose JSON begins in an expression": 'body: "{{ \'{\\"a\\": \\"\' }}{staff_name}\\"}"',
    "a body like a form": "body: 'name={customer_full_name}&n=1'",
    "a body in a form that nobody escapes": "headers: {Content-Type: text/csv}, body: 'a,{customer_full_name}'",
    "JavaScript": "headers: {Content-Type: application/javascript}, body: \"f('{customer_full_name}')\"",
    "a type that a value chooses": "headers: {Content-Type: '{custom.type}'}, body: 'a {customer_full_name}'",
    "a form whose JSON begins late": 'form: {payload: \'x={"a": "{customer_full_name}"}\'}',
    "a string whose JSON begins late": 'json: {a: [\'x={"a": "{customer_full_name}"}\']}',
}


@pytest.mark.parametrize("keys", REFUSED.values(), ids=REFUSED)
def test_check_and_run_refuse_what_cannot_be_told_apart(clinic: Clinic, keys: str) -> None:
    action = f"{{send: webhook, url: 'http://127.0.0.1:9/x', {keys}}}"
    clinic.write(
        f"- id: w\n  when: 1 day before start\n  actions:\n  - {action}\n", settings="timezone: Europe/Madrid\n"
    )
    found = clinic.command("check")
    assert found.exit_code == 2
    assert any(each in found.output for each in ("it is unclear whether", "cannot be escaped", "write the type itself"))
    assert clinic.command("run", "--now", DUE).exit_code == 2


GATEWAY = """\
sms:
    provider: http
    url: URL/send
    params: {meta: '{"text": "{body}"}'}
    headers: {X-Text: "<t>{body}</t>"}
    form: {xml: "<sms><to>{to}</to><text>{body}</text></sms>", json: '{"to": ["{to}"], "text": "{body}", "key": "{key}"}'}
    success: {status: [200]}
    from: Sol"""


def test_no_text_gives_an_sms_another_recipient(clinic: Clinic, web: Server) -> None:
    texts = [text for text in NASTY if escape_plain(text).strip() and "\x00" not in text]
    arm(clinic, "{send: sms, to: customer, body: '{customer_full_name}'}", channels=GATEWAY.replace("URL", web.url))
    book(clinic, texts)
    clinic.run(DUE)
    assert len(web.requests) == len(texts)
    for request in web.requests:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        sent, sms = json.loads(form["json"]), ElementTree.fromstring(form["xml"])  # noqa: S314 - it came from ourselves
        [to] = sent["to"]
        text = escape_plain(texts[int(to[-4:])]).strip()
        assert (sent.keys(), sent["text"]) == ({"to", "text", "key"}, text)
        assert [each.tag for each in sms.iter()] == ["sms", "to", "text"]
        assert (sms.findtext("to"), (sms.findtext("text") or "").split()) == (to, in_xml(text).split())
        [meta] = parse_qs(urlsplit(request.path).query)["meta"]
        assert json.loads(meta) == {"text": text}
        assert request.headers["x-text"].count("<") == 2


def test_check_refuses_a_gateway_whose_structure_cannot_be_known(clinic: Clinic) -> None:
    settings = "timezone: Europe/Madrid\nchannels:\n  " + GATEWAY.replace("URL", "http://127.0.0.1:9").replace(
        "<t>{body}</t>", 'x: {"t": "{body}"}'
    ).replace('"x: {"t": "{body}"}"', '\'x={"t": "{body}"}\'')
    action = "- id: w\n  when: 1 day before start\n  actions: [{send: sms, to: customer, body: x}]\n"
    clinic.write(action, settings=settings + "\n")
    found = clinic.command("check")
    assert (found.exit_code, "it is unclear whether" in found.output) == (2, True)


# --- HTML -------------------------------------------------------------------------------------------------------------

LINKS = (
    '<p style="color: {customer_full_name}"><a href="{customer_full_name}">a</a>'
    '<a href="https://example.com/{customer_full_name}/x?name={customer_full_name}&amp;n=1">b</a>'
    "<a href='mailto:{customer_full_name}'>c</a>"
    '{% set u %}{customer_full_name}{% endset %}{% macro m(x) %}<a href="https://example.com/?m={{ x }}">d</a>{% endmacro %}'
    '<img src="https://example.com/?u={{ u }}">{{ m(customer_full_name) }}<a href="https://example.com/?c={{ u ~ customer_full_name }}">e</a>'
    "<!-- {customer_full_name} --><style>p {{ '{' }} color: {customer_full_name} }</style></p>"
)


class Reader(HTMLParser):
    """The tags of a text, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", NASTY)
def test_no_text_changes_a_link_or_a_style(text: str) -> None:
    tags = Reader(render_text(LINKS, TextType.HTML, context=called(text))).tags
    assert [(tag, list(attributes)) for tag, attributes in tags] == [
        *(("p", ["style"]), ("a", ["href"]), ("a", ["href"]), ("a", ["href"])),
        *(("img", ["src"]), ("a", ["href"]), ("a", ["href"]), ("style", [])),
    ]
    assert not set(";:()") & set(str(tags[0][1]["style"]).removeprefix("color: "))
    whole, part, mail, *others = (str(next(iter(attributes.values()))) for _, attributes in tags[1:7])
    assert urlsplit(whole).scheme in ("", "http", "https", "mailto")
    target = urlsplit(part)
    assert (target.netloc, target.path.count("/"), target.fragment) == ("example.com", 2, "")
    assert parse_qsl(target.query, keep_blank_values=True) == [("name", escape_plain(text)), ("n", "1")]
    assert unquote(target.path) == f"/{escape_plain(text)}/x"
    assert not set("?&,") & set(mail)
    for each in others:
        assert len(parse_qsl(urlsplit(each).query, keep_blank_values=True)) == 1


UNSAFE = {
    "without quotes": "<a href={customer_full_name}>x</a>",
    "without quotes, after a text": "<p title=x{customer_full_name}>x</p>",
    "as an attribute": "<p {customer_full_name}>x</p>",
    "as a tag": "<p><b{customer_full_name}>x</b></p>",
    "in a script": "<script>var x = '{customer_full_name}'</script>",
    "in a handler": "<p onclick=\"f('{customer_full_name}')\">x</p>",
}


@pytest.mark.parametrize("html", UNSAFE.values(), ids=UNSAFE)
def test_a_value_that_stands_where_none_may_is_refused(clinic: Clinic, html: str) -> None:
    with pytest.raises(Rejected, match="cannot render text: a value"):
        render_text(html, TextType.HTML, context=called("Ana"))
    action = f"{{send: email, to: customer, subject: s, html: {json.dumps(html)}}}"
    clinic.write(f"- id: w\n  when: 1 day before start\n  actions:\n  - {action}\n")
    found = clinic.command("check")
    assert found.exit_code == 2
    assert "html: a value" in found.output


WHOLE = {
    '<a href="{zoom_url}">x</a>': "https://zoom.example/j/1?pwd=a&b=%41#x",
    '<a href="{location_google_maps_url}">x</a>': "https://maps.example/?api=1&query=Calle%20Mayor%201",
    "<a href='{zoom_url}'>x</a>": "https://clínica.example/ñ?a=1&b=2",
    '<a href="tel:{customer_phone}">x</a>': "+34600123456",
    '<a href="mailto:{customer_email}">x</a>': "ana@example.com",
    '<td bgcolor="{service_color}" style="color:{service_color}">x</td>': "#53d56c",
}


@pytest.mark.parametrize(("html", "value"), WHOLE.items())
def test_what_belongs_there_stays_as_it_is(html: str, value: str) -> None:
    names = ("zoom_url", "zoom_meeting_url", "location_google_maps_url", "service_color")
    booking = structs.replace(FULL, fields=dict.fromkeys(names, value), service=None)
    shown = Reader(render_text(html, TextType.HTML, context=context(booking))).tags[0][1]
    assert any(value in str(each) for each in shown.values())


UNSUBSCRIBE = """\
{send: email, to: customer, subject: s, body: b, headers: {List-Unsubscribe: "<https://example.com/u?id={custom.key}>, <{custom.key}>"}}"""


def test_no_text_adds_a_link_to_a_list_header(clinic: Clinic) -> None:
    with smtp_server.serve() as server:
        arm(clinic, UNSUBSCRIBE, channels=email_settings(server.port))
        book(clinic, NASTY)
        clinic.run(DUE)
    assert len(server.contents) == len(NASTY)
    for content in server.contents:
        read_mail(content)
        links = email.message_from_bytes(content, policy=email.policy.SMTP)["List-Unsubscribe"].split(",")
        assert len(links) == 2
        assert all(each.strip().startswith("<") and each.strip().endswith(">") for each in links)
        assert links[0].startswith("<https://example.com/u?id=")
        assert "&" not in links[0]


def test_no_text_changes_the_path_of_a_button(clinic: Clinic, web: Server) -> None:
    settings = f"whatsapp: {{provider: meta, phone_number_id: '1', access_token: t, base_url: '{web.url}'}}"
    action = "{send: whatsapp, to: customer, template: t, language: es, buttons: ['c/{custom.key}?x=1']}"
    arm(clinic, action, channels=settings)
    texts = [text for text in NASTY if text != ".."]
    book(clinic, texts)
    clinic.run(DUE)
    for request in web.requests:
        sent: dict[str, Any] = request.json()
        [button] = sent["template"]["components"]
        [parameter] = button["parameters"]
        path, _, query = parameter["text"].partition("?")
        assert (path.count("/"), query) == (1, "x=1")
        assert unquote(path.removeprefix("c/")) == texts[int(sent["to"][-4:])]
    assert len(web.requests) == len(texts)
