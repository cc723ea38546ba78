"""The MIME form of an email, read back by the standard library."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart
from typing import Any

import pytest
from msgspec import structs

from reminderctl.channels import email as channel
from reminderctl.channels._email.message import Message
from reminderctl.channels._email.settings import Settings
from reminderctl.channels.addresses import parse_mailbox
from reminderctl.errors import Rejected
from reminderctl.model import Attachment, Envelope

SETTINGS = Settings(host="mx.test", from_="Clínica Sol <citas@example.test>", reply_to="hola@example.test")
AROUND = Envelope(
    key="3f2a9c",
    delivery_id=7,
    at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    useful_until=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
)
CALENDAR = Attachment(
    filename="cita.ics",
    content_type="text/calendar; method=PUBLISH; charset=utf-8",
    content="BEGIN:VCALENDAR\r\nSUMMARY:Peluquería\r\nEND:VCALENDAR\r\n".encode(),
)
USUAL = [
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
]


def written(**fields: Any) -> bytes:
    message = Message(**({"to": "ana@example.test", "subject": "Su cita", "body": "Hola Ana"} | fields))
    return channel.preview(message, SETTINGS, envelope=AROUND)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_a_mail_says_who_it_is_and_that_a_machine_wrote_it() -> None:
    mail = read(written(subject="Mañana a las 10: ¡le esperamos! " * 5))
    assert mail.keys() == USUAL
    assert mail["From"].addresses[0].display_name == "Clínica Sol"
    assert mail["From"].addresses[0].addr_spec == "citas@example.test"
    assert (mail["To"], mail["Reply-To"]) == ("ana@example.test", "hola@example.test")
    assert mail["Subject"] == ("Mañana a las 10: ¡le esperamos! " * 5).strip()
    assert mail["Date"].datetime == AROUND.at
    assert mail["Message-ID"] == "<3f2a9c@example.test>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_no_mail_asks_exchange_to_swallow_its_bounce() -> None:
    unwanted = set(read(written())["X-Auto-Response-Suppress"].split(", "))
    assert unwanted == {"OOF", "AutoReply", "DR", "RN", "NRN"}


def test_without_settings_a_mail_comes_from_this_machine() -> None:
    message = Message(to="ana@example.test", subject="x", body="y")
    mail = read(channel.preview(message, None, envelope=AROUND))
    assert (mail["From"], mail["Message-ID"]) == ("reminderctl@localhost", "<3f2a9c@localhost>")


Shape = str | tuple["Shape", ...]


def shape(part: MIMEPart) -> Shape:
    kind = part.get_content_type()
    return (kind, *map(shape, part.iter_parts())) if part.is_multipart() else kind


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "text/plain"),
        ({"body": "", "html": "<p>Hola"}, ("multipart/alternative", "text/plain", "text/html")),
        ({"body": " \n", "html": "<p>Hola"}, ("multipart/alternative", "text/plain", "text/html")),
        ({"body": "", "html": '<img src="https://example.com/logo.png">'}, "text/html"),
        ({"html": "<p>Hola"}, ("multipart/alternative", "text/plain", "text/html")),
        ({"attach": (CALENDAR,)}, ("multipart/mixed", "text/plain", "text/calendar")),
        (
            {"html": "<p>Hola", "attach": (CALENDAR,)},
            ("multipart/mixed", ("multipart/alternative", "text/plain", "text/html"), "text/calendar"),
        ),
    ],
)
def test_a_mail_has_as_many_parts_as_it_needs(fields: dict[str, Any], expected: Shape) -> None:
    assert shape(read(written(**fields))) == expected
    assert written(**fields) == written(**fields)


@pytest.mark.parametrize(
    "fields", [{"body": ""}, {"body": " \n\u00a0", "html": "\n"}, {"body": "", "attach": (CALENDAR,)}]
)
def test_a_mail_that_says_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="the mail has no text: every shortcode in its body is empty"):
        written(**fields)


def test_an_attachment_arrives_as_it_is() -> None:
    part = next(read(written(attach=(CALENDAR,))).iter_attachments())
    assert part.get_filename() == "cita.ics"
    assert part["Content-Type"].params == {"method": "PUBLISH", "charset": "utf-8"}
    assert part.get_payload(decode=True) == CALENDAR.content


OUR_CALENDAR = """\
BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//reminderctl//reminderctl//EN\r
METHOD:PUBLISH\r
BEGIN:VEVENT\r
UID:1@example.test\r
DTSTAMP:20261122T083000Z\r
DTSTART:20261123T083000Z\r
SUMMARY:Peluquería\r
{organizer}END:VEVENT\r
END:VCALENDAR\r
"""


def calendar_in(mail: EmailMessage) -> str:
    [part] = mail.iter_attachments()
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n ", "")


@pytest.mark.parametrize(
    ("fields", "organizer", "expected"),
    [
        ({}, "", 'ORGANIZER;CN="Clínica Sol":mailto:citas@example.test'),
        ({"from_": "Eva <eva@example.test>"}, "", "ORGANIZER;CN=Eva:mailto:eva@example.test"),
        ({"from_": "eva@example.test"}, "", "ORGANIZER:mailto:eva@example.test"),
        ({}, "ORGANIZER:mailto:boss@example.test\r\n", "ORGANIZER:mailto:boss@example.test"),
    ],
)
def test_an_appointment_without_an_organizer_is_the_senders(
    fields: dict[str, Any], organizer: str, expected: str
) -> None:
    content = OUR_CALENDAR.format(organizer=organizer).encode()
    sent = calendar_in(read(written(attach=(structs.replace(CALENDAR, content=content),), **fields)))
    assert [line for line in sent.split("\r\n") if line.startswith("ORGANIZER")] == [expected]
    assert "SUMMARY:Peluquería" in sent


def test_a_calendar_of_somebody_else_stays_as_it_is() -> None:
    content = OUR_CALENDAR.format(organizer="").encode()
    for content_type in ("text/calendar", "text/calendar; method=REQUEST", "application/octet-stream"):
        attachment = structs.replace(CALENDAR, content=content, content_type=content_type)
        part = next(read(written(attach=(attachment,))).iter_attachments())
        assert part.get_payload(decode=True) == content


def text_made_of(html: str) -> str:
    part = read(written(body="", html=html)).get_body(("plain",))
    return "\n".join(part.get_content().splitlines()) if part else ""


PAGE = """<!doctype html><html><head><title>Cita</title><style>p { color: red }</style></head><body>
<div style="display:none">preview of the mail</div><script>alert(1)</script><!-- nobody sees this -->
<h1>Hola&nbsp;Ana</h1>
<p>Le esperamos el <b>lunes</b>
   a las 17:30 &amp; &lt;puntual&gt;.<br>Gracias, &euro; &aacute; &#128512;</p>
<ul><li>Traiga su DNI</li><li><a href="https://example.com/map?a=1&amp;b=2">Cómo llegar</a></li></ul>
<ol><li>uno</li><li>dos</li></ol>
<table><tr><th>Servicio</th><td>Corte</td></tr><tr><th>Hora</th><td>17:30</td></tr></table>
<p><img src="logo.png" alt="Clínica Sol"><img src="pixel.png" alt=""></p>
</body></html>"""


def test_a_page_is_read_as_its_reader_sees_it() -> None:
    assert text_made_of(PAGE).replace("\u00a0", " ").split("\n") == [
        "Hola Ana",
        "",
        "Le esperamos el lunes a las 17:30 & <puntual>.",
        "Gracias, € á \N{GRINNING FACE}",
        "",
        "  * Traiga su DNI",
        "  * Cómo llegar (https://example.com/map?a=1&b=2)",
        " 1. uno",
        " 2. dos",
        "Servicio  Corte",
        "Hora      17:30",
        "",
        "Clínica Sol",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hola", "Hola"),
        ("sin etiquetas", "sin etiquetas"),
        ("<p>uno<p>dos", "uno\n\ndos"),
        ('<a href="https://example.com/a">Ver</a>, gracias', "Ver (https://example.com/a), gracias"),
        ('<a href="https://example.com/a"><b>Ver</b> más</a>', "Ver más (https://example.com/a)"),
        ('<a href="https://example.com/">example.com</a>', "example.com"),
        ('<a href="https://example.com/a">https://example.com/a</a>', "https://example.com/a"),
        ('<a href="https://example.com/a b">x</a>', "x (https://example.com/a%20b)"),
        ('<a href="mailto:hola@example.com">Escríbanos</a>', "Escríbanos (hola@example.com)"),
        ('<a href="tel:+34911234567">+34 911 234 567</a>', "+34 911 234 567"),
        ('<a href="#top">arriba</a> <a href="javascript:x()">clic</a> <a>nada</a>', "arriba clic nada"),
        (
            '<a href="https://example.com/c"><img src="c.png" alt="Calendario"></a>',
            "Calendario (https://example.com/c)",
        ),
        ('<a href="https://example.com/c"><img src="c.png"></a>', "https://example.com/c"),
        ('<p style="DISPLAY: none">oculto</p>visto', "visto"),
        ("<?xml version='1.0' encoding='utf-8'?><p>é</p>", "é"),
        ("<pre>a  b\n c</pre>", "a  b\n c"),
        ("<p>\ud83d solo</p>", "? solo"),
        ("<!-- nada -->", ""),
        ("<style>p{}</style>", ""),
    ],
)
def test_a_text_part_is_made_of_html(html: str, text: str) -> None:
    assert text_made_of(html).strip() == text


def test_a_body_of_ones_own_goes_before_what_html_says() -> None:
    assert text_of_body(read(written(body="Hola Ana", html="<p>Hola <b>Ana</b>, y más"))) == "Hola Ana"


def text_of_body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content()).strip()


@pytest.mark.parametrize(
    "filename", ["año 2026.pdf", 'a"b\r\nBcc: x@y.test.pdf', "=?utf-8?q?=0ABcc:?= x", "../../x", ""]
)
def test_a_file_name_cannot_leave_its_quotes(filename: str) -> None:
    attachment = Attachment(filename=filename, content_type="application/pdf\r\nBcc: x@y.test", content=b"%PDF")
    part = next(read(written(attach=(attachment,))).iter_attachments())
    assert part.keys() == ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]
    assert part.get_content_type() == "application/octet-stream"
    name = part.get_filename()
    assert name
    assert "/" not in name


@pytest.mark.parametrize(
    "text",
    [
        "Hola Ana",
        "Hola José, mañana a las 10:00 en la Clínica Sol.\n\n.\nFrom here on\ntrailing \t\n",
        "Καλημέρα " * 40,
        "x" * 2000,
        "ñ" * 2000,
        "línea\rlínea\r\nlínea\n",
        "a\x00b\x1b[31m",
        "\ud83d lone",
    ],
)
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    content = written(body=text)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert content.isascii()
    expected = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\x00", "").replace("\x1b", "")
    assert read(content).get_content().replace("\r\n", "\n").rstrip("\n") == expected.encode(errors="replace").decode()


POISON = [
    "x\r\nBcc: eve@evil.test",
    "x\nBcc: eve@evil.test\n\nbody",
    "x\rBcc: eve@evil.test",
    "=?UTF-8?Q?=0A?=Bcc: eve@evil.test",
    "=?UTF-8?B?DQpCY2M6IGV2ZUBldmlsLnRlc3Q=?=",
    "x\x0bBcc: eve@evil.test",
    "x\u2028Bcc: eve@evil.test",
    "x\x85Bcc: eve@evil.test",
    "ñ\r\n Bcc: eve@evil.test",
    '"; Bcc: eve@evil.test',
    "long " * 400,
    "ñ" * 1500,
]


@pytest.mark.parametrize("poison", POISON)
def test_no_value_adds_a_header_or_a_recipient(poison: str) -> None:
    content = written(subject=poison, headers={"X-Note": poison}, body=poison)
    mail = read(content)
    assert mail.keys() == [*USUAL[:-3], "X-Note", *USUAL[-3:]]
    assert mail["To"] == "ana@example.test"
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert email.message_from_bytes(content).keys() == mail.keys()


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_name_stays_a_name_or_is_refused(poison: str) -> None:
    try:
        content = written(to=f"{poison} <ana@example.test>")
    except Rejected:
        return
    mail = email.message_from_bytes(content)
    assert mail.keys() == USUAL
    assert email.utils.getaddresses([mail["To"]])[0][1] == "ana@example.test"
    assert len(email.utils.getaddresses([mail["To"]])) == 1


def test_a_header_of_the_action_goes_before_ours() -> None:
    mail = read(written(headers={"auto-submitted": "auto-replied", "List-Unsubscribe": "<mailto:no@example.test>"}))
    assert mail.get_all("Auto-Submitted") == ["auto-replied"]
    assert mail["List-Unsubscribe"] == "<mailto:no@example.test>"


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ana@localhost", "", "ana@localhost"),
        (" x@example.test ", "", "x@example.test"),
        ("Ana <ana@example.test>", "Ana", "ana@example.test"),
        ("<ana@example.test>", "", "ana@example.test"),
        ('"Pérez, Ana \\"A\\"" <ana@example.test>', 'Pérez, Ana "A"', "ana@example.test"),
        ("Pérez, Ana <ana@example.test>", "Pérez, Ana", "ana@example.test"),
        ("o'hara+tag@example.test", "", "o'hara+tag@example.test"),
        ("ana@straße.test", "", "ana@xn--strae-oqa.test"),
        ("josé@例え.test", "", "josé@xn--r8jz45g.test"),
    ],
)
def test_an_address_is_read(text: str, name: str, address: str) -> None:
    assert parse_mailbox(text) == (name, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "@example.test",
        "ana@",
        "ana@@example.test",
        "ana@example..test",
        "ana@-example.test",
        "ana@exa mple.test",
        "ana maria@example.test",
        "ana@example.test, eve@evil.test",
        "ana@example.test;eve@evil.test",
        "ana@example.test,eve",
        "Ana <ana@example.test>, Eve <eve@evil.test>",
        "eve@evil.test <ana@example.test>",
        "ana@example.test>",
        "Ana <<ana@example.test>",
        "ana@example.test\r\nRCPT TO:<eve@evil.test>",
        "Ana\n <ana@example.test>",
        "ana\x00@example.test",
        "ana@exam\u200dple.test\u2028",
        "an\u202ea@example.test",
        ".ana@example.test",
        '"ana maria"@example.test',
        "ana@[127.0.0.1]",
        "a" * 65 + "@example.test",
        "a@" + "b" * 60 + ("." + "c" * 60) * 4,
        "<>",
        "ana@\ud800.test",
    ],
)
def test_what_is_not_exactly_one_address_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match=r"^to: "):
        written(to=text)
