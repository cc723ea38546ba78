"""Messages with the values of a booking in them, and what hostile values cannot do there."""

from __future__ import annotations

import email
import email.policy
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from reminderctl.errors import Rejected
from reminderctl.messages.context import Context
from reminderctl.messages.escaping import escape, finish
from reminderctl.messages.render import Rendering, render_message, render_text
from reminderctl.structured_text import BodyKind
from reminderctl.text_types import TextType
from tests.message_samples import FULL, NOTHING, Message, called, context

HOLA = "Hola {customer_full_name}, su cita de {service_name} es el {appointment_date} a las {appointment_start_time}."
HOSTILE = [
    "<b>Ana</b>",
    "\"'`\\",
    "Ana\r\nBcc: x@example.com",
    "{{ 7*7 }}",
    "{% for i in range(9) %}x{% endfor %}",
    "{staff_phone}",
    "=?UTF-8?Q?=0A?=Bcc: x@y",
    "Ana\u2028\u2029\x85\x00\x1b[31m",
    "Zoë 🎈",
    "../../etc/passwd",
    '", "admin": true, "x": "',
    "a&b=c#d?e%f",
    "\u202eanA",
    "\ud800",
    "]]></x><!--",
    "\\",
    "=",
]
names = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), min_size=1, max_size=30))


def render(tree: dict[str, Any], known: Context | None = None, **options: Any) -> Rendering:
    return render_message(tree, Message, context=known or context(), **{"base": Path(), **options})


def show(text: str, text_type: TextType, name: str) -> str:
    return render_text(text, text_type, context=called(name))


def test_a_text_pasted_from_the_booking_plugin_reads_as_it_did_there() -> None:
    assert render({"body": HOLA}).message.body == (
        "Hola Ana García López, su cita de Corte es el lunes, 23 de noviembre de 2026 a las 17:30."
    )
    abroad = context(structs.replace(FULL, timezone="Asia/Tokyo"), language="en", timezone="Asia/Tokyo")
    assert render({"body": {"es": HOLA, "en": HOLA.replace("Hola", "Dear")}}, abroad).message.body == (
        "Dear Ana García López, su cita de Corte es el Tuesday, November 24, 2026 a las 1:30 AM."
    )


def test_a_message_is_built_with_what_was_empty_and_what_is_given_literally() -> None:
    rendering = render(
        {
            "subject": "{coupon_code} {{ zoom_meeting_password }}{% if giftcard_code %}{giftcard_code}{% endif %}\n",
            "json": {"n": ["{custom.a b}", {"{x}": "{staff_name}"}], "number": 5},
            "silent": "true",
            "buttons": [{"label": " {staff_name}\n  {staff_about} "}],
            "params": {"lang": "{customer_language}"},
        },
        extra={"to": "{customer_email}"},
    )
    assert rendering.message == Message(
        to="{customer_email}",
        json={"n": ["", {"{x}": "Luis"}], "number": 5},
        silent=True,
        buttons=rendering.message.buttons,
        params={"lang": "es"},
    )
    assert rendering.message.buttons[0].label == "Luis Estilista"
    assert rendering.empty == ("coupon_code", "custom.a b", "zoom_meeting_password")


def test_a_message_that_its_channel_would_not_take_is_rejected_by_name() -> None:
    with pytest.raises(Rejected, match=r"cannot build the message: .*subject"):
        render({"subject": "{customer_full_name}" * 20})


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{{ ''.__class__ }}", "cannot render body: access to attribute '__class__'"),
        ("{{ ''['__class__'] }}", "unsafe"),
        ("{{ ''|attr('__class__') }}", "unsafe"),
        ("{{ custom._find.__globals__ }}", "unsafe"),
        ("{{ '{0.__class__}'.format(1) }}", "unsafe"),
        ("{{ appointment_date.__class__.__mro__ }}", "unsafe"),
        ("{{ custom.extras_list.append(1) }}", "not safely callable|unsafe"),
        ("{{ 9**9**9 }}", "the power is too large"),
        ("{{ 'x' * 10**7 }}", "the repetition is too large"),
        ("{% for i in range(10**6) %}{% endfor %}", "Range too big"),
        ("{% for i in range(10**5) %}0123456789x{% endfor %}", "longer than the limit of 1,000,000 characters"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion"),
        ("{{ 1/0 }}", "division by zero"),
        ("{% include 'x' %}", "include"),
        ("{{ staff_name | safe }}", "the filter safe is not available"),
        ("{% if staff_name %}half a face \ud83d{% endif %}", "cannot render body: it contains half a character"),
        ("{custmer_name}", r"unknown shortcode {custmer_name}; did you mean {customer_full_name}\?"),
        ("{{ staff_name", "cannot be read"),
        ("{{ appointment_date | date('QQQQQQQQ') }}", "Q occurs 8 times, which has no meaning"),
    ],
)
def test_a_template_out_of_bounds_rejects_its_message(text: str, cause: str) -> None:
    with pytest.raises(Rejected, match=f"cannot render body: .*({cause.removeprefix('cannot render body: ')})"):
        render({"body": text})


@settings(deadline=None)
@given(names)
def test_a_value_is_never_rendered_a_second_time_nor_changed_in_plain_text(name: str) -> None:
    shown = show("{{ customer_full_name }}|{customer_full_name}", TextType.PLAIN, name)
    assert shown == f"{escape(TextType.PLAIN, name)}|{escape(TextType.PLAIN, name)}"
    assert not set("\x00\x1b\r\u202e") & set(shown)
    shown.encode()


@settings(deadline=None)
@given(names, names)
@example("=", "?UTF-8?Q?=0A?=")
@example("=?UTF-8?Q?=0A", "?=Bcc: x@y")
def test_a_header_stays_one_line_even_when_it_is_decoded(first: str, last: str) -> None:
    text = "{{ customer_full_name }}{{ custom.last }}?= {% for c in customer_full_name %}{{ c }}{% endfor %}"
    booking = structs.replace(called(first).booking, fields={"last": last})
    subject = render_text(text, TextType.HEADER, context=context(booking))
    assert len(subject.splitlines()) <= 1
    assert "=?" not in subject
    message = email.message_from_string(f"Subject: {subject}\n\n", policy=email.policy.default)
    assert list(message.keys()) == ["Subject"]
    assert "\n" not in str(message["Subject"])


class Structure(HTMLParser):
    """The tags and attributes of an HTML text, and what is written between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append(data)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text_type", [TextType.HTML, TextType.TELEGRAM_HTML], ids=str)
@settings(deadline=None)
@given(name=names)
def test_a_value_never_changes_the_structure_of_html(text_type: TextType, name: str) -> None:
    attribute = ' title="{customer_full_name}"'
    text = (
        f"<p{attribute}>{{customer_full_name}}</p>"
        "{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}{% set line %}<i>{{ customer_full_name }}</i>{% endset %}"
        "{{ bold(customer_full_name) }}{{ line }}{{ line ~ customer_full_name }}{{ line.unescape() }}"
        "{% autoescape false %}{{ customer_full_name }}{% endautoescape %}"
    )
    shape = Structure(show(text, text_type, name))
    assert shape.found == Structure(show(text, text_type, "Ana")).found
    plain = escape(TextType.PLAIN, name)
    assert shape.text.startswith(plain * 5 + f"<i>{plain}")


@settings(deadline=None)
@given(names)
def test_a_value_never_changes_the_structure_of_json(name: str) -> None:
    text = '{"a": "{customer_full_name}", "b": {customer_full_name}, "c": [{"d": "C:\\{{ customer_full_name }}!"}]}'
    encodable = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in name)
    sent = render({"data": text}, called(name)).message.raw
    body = json.loads(sent)
    assert body["a"] == encodable
    assert body["c"] == [{"d": f"C:\\{encodable}!"}]
    assert list(body) == ["a", "b", "c"]
    assert not isinstance(body["b"], (dict, list))
    assert not set("\u2028\u2029\x7f") & set(sent)


def test_numbers_and_nothing_stand_in_json_without_quotes() -> None:
    text = (
        '{"n": {appointment_total_attendees}, "x": {coupon_code}, "p": {appointment_sum_price}, "s": "{coupon_code}"}'
    )
    assert json.loads(render({"data": text}).message.raw) == {"n": 2, "x": None, "p": 35.25, "s": ""}


@settings(deadline=None)
@given(names)
def test_a_value_never_leaves_its_place_in_a_url_a_form_or_xml(name: str) -> None:
    url = urlsplit(
        show("https://h.example/{appointment_id}/x{customer_full_name}?n={customer_full_name}#f", TextType.URL, name)
    )
    assert (url.scheme, url.netloc, url.fragment, url.path.count("/")) == ("https", "h.example", "f", 2)
    encodable = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in name)
    assert unquote(url.path) == f"/1042/x{encodable}"
    assert parse_qsl(url.query) == [("n", encodable)]
    form = {"headers": {"content-type": "application/x-www-form-urlencoded"}, "data": "n={customer_full_name}&x=1"}
    assert parse_qsl(render(form, called(name)).message.raw) == [("n", encodable), ("x", "1")]
    sent = render({"data": '<r a="{customer_full_name}">{customer_full_name}</r>'}, called(name)).message.raw
    tree = ET.fromstring(sent)  # noqa: S314 - our own text
    assert (tree.tag, list(tree.attrib), len(tree)) == ("r", ["a"], 0)


@pytest.mark.parametrize(
    ("tree", "sent"),
    [
        ({"data": "{customer_full_name} \"comes\""}, '"A" \\ "comes"'),
        ({"data": " {% if staff_name %}{# x #}[\"{customer_full_name}\"]{% endif %}"}, ' ["\\"A\\" \\\\"]'),
        ({"data": "{customer_full_name}", "headers": {"Content-Type": "x/ld+json; charset=utf-8"}}, '"\\"A\\" \\\\"'),
        ({"data": "[{customer_full_name}]", "headers": {"CONTENT-TYPE": "text/plain"}}, '["A" \\]'),
        ({"data": "<{customer_full_name}", "headers": {"Content-Type": "text/plain"}}, '<"A" \\'),
        ({"data": "<a>{customer_full_name}</a>"}, "<a>&quot;A&quot; \\</a>"),
    ],
)  # fmt: skip
def test_the_content_type_else_the_look_of_a_body_decides_how_it_is_escaped(tree: dict[str, Any], sent: str) -> None:
    assert render(tree, called('"A" \\')).message.raw == sent


@pytest.mark.parametrize("name", [".", ".."])
def test_a_value_cannot_climb_up_a_path(name: str) -> None:
    with pytest.raises(Rejected, match="cannot render url: a part of the path consists of dots"):
        render({"url": "https://h.example/a/{customer_full_name}/b"}, called(name))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://h.example/api/bookings/{custom.crm_id}", "{custom.crm_id} is empty"),
        (
            "https://h.example/api/bookings/{coupon_code}{custom.crm_id}?a={giftcard_code}",
            "{coupon_code} and {custom.crm_id} is",
        ),
        ("https://h.example/{{ custom.crm_id }}/edit", "{custom.crm_id} is empty"),
        ("https://h.example/a/{{ custom.crm_id | upper }}#x", "a shortcode is empty"),
        ("https://h.example/a/{customer_full_name}/", "a shortcode is empty"),
        ("https://h.example/a/{% if custom.crm_id %}{custom.crm_id}{% endif %}", "a shortcode is empty"),
        ("https://h.example/{{ custom.crm_id or '?' if 0 else '' }}?x=1\n", "a shortcode is empty"),
    ],
)
def test_a_path_without_its_value_is_refused(url: str, told: str) -> None:
    with pytest.raises(Rejected, match=f"cannot render url: {re.escape(told)}.*the path would lead somewhere else"):
        render({"url": url}, called(" \t"))


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h.example/a/?id={custom.crm_id}&x", "https://h.example/a/?id=&x"),
        ("https://h.example//a/{custom.crm_id}.json", "https://h.example//a/.json"),
        ("https://h.example/a/{custom.crm_id}-{appointment_id}/", "https://h.example/a/-1042/"),
        ("https://h.example/a{% if custom.crm_id %}/{custom.crm_id}{% endif %}", "https://h.example/a"),
        ("https://h.example#{custom.crm_id}/", "https://h.example#/"),
        ("https://h.example/?a=/{custom.crm_id}/", "https://h.example/?a=//"),
    ],
)
def test_a_value_that_is_no_whole_part_of_a_path_may_be_empty(url: str, sent: str) -> None:
    assert render({"url": url}).message.url == sent


def test_a_shortcode_in_a_url_host_is_refused_when_rendered_too() -> None:
    with pytest.raises(Rejected, match="cannot render url: shortcodes are not allowed"):
        render({"url": "https://{customer_full_name}/"})


@pytest.mark.parametrize(
    ("text_type", "shown"),
    [
        (TextType.HEADER, "a &<b>'\" = ?x?  c"),
        (TextType.PLAIN, "a\n&<b>'\"\t=?x? \u2028c"),
        (TextType.HTML, "a\n&amp;&lt;b&gt;&#x27;&quot;\t=?x? \u2028c"),
        (TextType.TELEGRAM_HTML, "a\n&amp;&lt;b&gt;&#x27;&quot;\t=?x? \u2028c"),
        (TextType.PARAMETER, "a &<b>'\" =?x? c"),
        (TextType.URL, "a%0D%0A%26%3Cb%3E%27%22%09%3D%3Fx%3F%20%E2%80%A8c"),
    ],
)
def test_each_place_has_its_own_escaping(text_type: TextType, shown: str) -> None:
    value = "a\r\n&<b>'\"\t=?x? \u2028c"
    assert finish(text_type, f"x{escape(text_type, value)}x") == f"x{shown}x"


@pytest.mark.parametrize("kind", list(BodyKind), ids=str)
def test_long_values_are_no_trouble(kind: BodyKind) -> None:
    long = '<"é=?\\ ' * 15_000
    for text_type in TextType:
        assert len(escape(text_type, long, kind=kind)) >= len(long) / 2
    assert len(show("{customer_full_name}", TextType.PLAIN, long)) == len(long)


# --- attachments ----------------------------------------------------------------------------------------------------


def test_attachments_are_the_calendar_and_files_beside_the_yaml(tmp_path: Path) -> None:
    (tmp_path / "prep-s.pdf").write_bytes(b"%PDF")
    (tmp_path / "note.txt").write_text("hola", encoding="utf-8")
    booking = structs.replace(FULL, fields={"code": "s"})
    attach = render(
        {"attach": ["calendar", "prep-{custom.code}.pdf", "note.txt"]}, context(booking), base=tmp_path
    ).message.attach
    assert [(one.filename, one.content_type) for one in attach] == [
        ("appointment.ics", "text/calendar; method=PUBLISH; charset=utf-8"),
        ("prep-s.pdf", "application/pdf"),
        ("note.txt", "text/plain; charset=utf-8"),
    ]
    assert attach[1].content == b"%PDF"


@pytest.mark.parametrize("name", ["../secret", "..", "a/../../secret", "x\x00y", "/etc/passwd"])
def test_a_value_cannot_name_a_file_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("s", encoding="utf-8")
    (tmp_path / "in").mkdir()
    with pytest.raises(Rejected, match=r"cannot attach .*: a value alone would select the file; add a folder"):
        render({"attach": ["{customer_full_name}"]}, called(name), base=tmp_path / "in")
    for text in ("in/{customer_full_name}", "{customer_full_name}.pdf"):
        with pytest.raises(Rejected, match=r"cannot attach .*: file not found; use `calendar`"):
            render({"attach": [text]}, called(name), base=tmp_path)


def test_a_file_too_large_for_mail_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    with pytest.raises(Rejected, match=r"cannot attach 'big\.bin': it is larger than 10 MB"):
        render({"attach": ["big.bin"]}, base=tmp_path)


def test_an_empty_booking_lists_what_it_leaves_empty() -> None:
    assert render({"body": HOLA}, context(NOTHING)).empty == ("customer_full_name", "service_name")


def test_a_new_year_is_told_in_the_zone_of_the_booking() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    booking = structs.replace(FULL, starts_at=late, ends_at=late)
    assert render({"body": "{appointment_date}"}, context(booking)).message.body == "viernes, 1 de enero de 2027"


def test_the_two_instants_of_a_repeated_clock_are_told_apart_and_so_are_zones() -> None:
    told = []
    for hour, zone in [(0, "Europe/Madrid"), (1, "Europe/Madrid"), (1, "Europe/London")]:
        night = structs.replace(FULL, timezone=zone, starts_at=datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
        known = context(night, language="en", timezone=zone)
        told.append(render_text("{{ appointment_start_time | time('full') }}", TextType.PLAIN, context=known))
    assert told == [
        "2:30:00 AM Central European Summer Time",
        "2:30:00 AM Central European Standard Time",
        "1:30:00 AM Greenwich Mean Time",
    ]
