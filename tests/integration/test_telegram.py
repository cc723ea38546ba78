"""Telegram against a scripted server, and its markup against Telegram's own parser."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminderctl.channels import telegram
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.messages.escaping import escape_plain
from reminderctl.messages.render import render_text
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret
from reminderctl.text_types import TextType
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
from tests.message_samples import called

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ENVELOPE = Envelope(key="5f0c1d9e", delivery_id=7, at=NOON, useful_until=LATER)
CANARY = "AAEcanary-tok3n"
TOKEN = f"123456789:{CANARY}"
TAKEN = answer(200, {"ok": True, "result": {"message_id": 4711, "chat": {"id": 123, "type": "private"}, "date": 1}})
NO_PREVIEW = {"is_disabled": True}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        running.script(TAKEN)
        yield running


def message(**fields: Any) -> telegram.Message:
    return msgspec.convert({"to": "123", **fields}, telegram.Message)


def send(
    server: Server | str, sent: telegram.Message | None = None, *, token: str = TOKEN, **options: Any
) -> Receipt | DeliveryError:
    """The receipt, or the error that came instead."""
    base_url = server if isinstance(server, str) else server.url
    channel = telegram.Channel(telegram.Settings(bot_token=Secret(token), base_url=base_url, **options))
    try:
        return channel.send(sent or message(body="Hola"), ENVELOPE)
    except DeliveryError as error:
        return error
    finally:
        channel.close()


def refused(code: int, words: str, **parameters: int) -> Step:
    said: dict[str, Any] = {"ok": False, "error_code": code, "description": words}
    return answer(code, said | ({"parameters": parameters} if parameters else {}))


# --- what arrives ---------------------------------------------------------------------------------------------------

LONG = "á" * 4096
ARRIVALS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"body": "Hola, Núria 👋\n<b>5 > 3</b>"}, {}, {"text": "Hola, Núria 👋\n<b>5 > 3</b>"}),
    ({"html": "<b>Núria</b> &amp; Bo\n"}, {}, {"text": "<b>Núria</b> &amp; Bo", "parse_mode": "HTML"}),
    ({"body": "x", "to": "-1001234567890"}, {}, {"text": "x", "chat_id": -1001234567890}),
    ({"body": "x", "to": " @clinic_sol "}, {}, {"text": "x", "chat_id": "@clinic_sol"}),
    ({"body": "x", "silent": True}, {}, {"text": "x", "disable_notification": True}),
    ({"body": "x"}, {"silent": True}, {"text": "x", "disable_notification": True}),
    ({"body": "x", "silent": False}, {"silent": True}, {"text": "x"}),
    ({"body": LONG}, {}, {"text": LONG}),
    ({"html": f"<b>{LONG[4:]}</b>&lt;&amp;&#128512;"}, {}, {"text": f"<b>{LONG[4:]}</b>&lt;&amp;&#128512;"}),
]


@pytest.mark.parametrize(("fields", "options", "arrives"), ARRIVALS)
def test_a_message_arrives_as_it_is(
    server: Server, fields: dict[str, Any], options: dict[str, Any], arrives: dict[str, Any]
) -> None:
    sent = message(**fields)
    assert send(server, sent, **options) == Receipt(provider_id="4711")
    [request] = server.requests
    assert (request.method, request.path) == ("POST", f"/bot{TOKEN}/sendMessage")
    assert request.headers["content-type"] == "application/json"
    usual = {"chat_id": 123, "disable_notification": False, "link_preview_options": NO_PREVIEW}
    mode = {"parse_mode": "HTML"} if sent.html else {}
    assert request.json() == usual | mode | arrives
    shown = telegram.preview(sent, telegram.Settings(bot_token=Secret(TOKEN), **options), envelope=ENVELOPE)
    assert shown == {
        "to": sent.to.strip(),
        "html" if sent.html else "body": request.json()["text"],
        "silent": request.json()["disable_notification"],
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"body": LONG + "á"}, "the text has 4,097 characters"),
        ({"body": "👋" * 2049}, "the text has 4,098 characters"),
        ({"html": f"<b>{LONG}</b>&lt;"}, "the text has 4,097 characters"),
        ({"body": " \n"}, "the message has no text"),
        ({"html": "<b> </b>"}, "the message has no text"),
        ({}, "the message has no text"),
        ({"body": "a", "html": "b"}, "body and html exclude each other"),
        ({"body": "x", "to": "+34600111222"}, "'+34600111222' is not a valid Telegram chat; write its number"),
        ({"body": "x", "to": "Ana\n García"}, "'Ana García' is not a valid Telegram chat"),
        ({"body": "x", "to": "٣٤"}, "'٣٤' is not a valid Telegram chat"),
    ],
)
def test_what_telegram_would_refuse_is_rejected_unsent(server: Server, fields: dict[str, Any], words: str) -> None:
    error = send(server, message(**fields))
    assert type(error) is Rejected
    assert str(error).startswith(words)
    assert server.connections == 0


# --- what answers mean ----------------------------------------------------------------------------------------------

PAGE = answer(200, "<!DOCTYPE html><title>Wi-Fi</title>", headers={"Content-Type": "text/html"})
FORBIDDEN = answer(403, "<html>blocked by the firewall</html>", headers={"Content-Type": "text/html"})
START = "the person has never opened the bot and pressed Start"
ANSWERS: list[tuple[Step, type[DeliveryError], str]] = [
    (refused(400, "Bad Request: chat not found"), Rejected, f"chat not found; the number is wrong, or {START}"),
    (refused(400, "Bad Request: can't parse entities: x"), Rejected, "entities: x; fix the HTML"),
    (refused(400, "Bad Request: message is too long"), Rejected, "message is too long"),
    (refused(401, "Unauthorized"), ChannelDown, "code 401: Unauthorized; is the channel's bot_token right?"),
    (refused(404, "Not Found"), ChannelDown, "bot_token"),
    (refused(403, "Forbidden: bot was blocked by the user"), Rejected, "code 403: Forbidden: bot was blocked"),
    (refused(403, "Forbidden: bot can't initiate conversation with a user"), Rejected, f"with a user; {START}"),
    (refused(409, "Conflict: terminated"), Rejected, "code 409"),
    (refused(429, "Too Many Requests: retry after 14", retry_after=14), Throttled, "code 429"),
    (refused(500, "Internal Server Error"), Unknown, "code 500"),
    (answer(400, "what?"), Rejected, "answered 400 Bad Request: what?"),
    (answer(401), ChannelDown, "answered 401"),
    (answer(403), Rejected, "answered 403"),
    (FORBIDDEN, ChannelDown, "answered 403"),
    (answer(404, "nginx"), ChannelDown, "answered 404"),
    (answer(429), Throttled, "answered 429"),
    (answer(302, headers={"Location": "/login"}), ChannelDown, "answered 302"),
    (answer(502, "bad gateway"), Unknown, "answered 502"),
    (answer(503, {"ok": False}), Unknown, "answered 503"),
    (answer(503, headers={"Retry-After": "9"}), Unavailable, "answered 503"),
    (answer(200, {"ok": False, "error_code": 400, "description": "Bad Request: odd"}), Rejected, "code 400"),
    (answer(200, {"ok": False}), Unknown, "may or may not have accepted the message"),
    (answer(200, [1]), Unknown, "may or may not have accepted the message"),
    (answer(200), Unknown, "may or may not have accepted the message"),
    (PAGE, Unknown, "a web page"),
    (half_an_answer(200), Unknown, "half an answer"),
    (half_an_answer(400), Rejected, "answered 400"),
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
    server.script(step, TAKEN)
    result = send(server, timeout=0.3 if step is silence else 5.0)
    assert type(result) is ending
    assert words in str(result)
    assert len(server.requests) == (step is not reset_before)
    assert server.connections == 1
    assert CANARY not in f"{result} {result!r}"


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = send(f"http://127.0.0.1:{port}")
    assert type(error) is Unavailable
    assert CANARY not in str(error)


@pytest.mark.parametrize(
    ("body", "header", "wait"),
    [
        (14, "", timedelta(seconds=14)),
        (14, "20", timedelta(seconds=20)),
        (None, "Mon, 23 Nov 2026 12:00:30 GMT", NOON + timedelta(seconds=30)),
        (None, "", None),
    ],
)
def test_telegram_says_how_long_the_bot_has_to_wait(
    server: Server, body: int | None, header: str, wait: timedelta | datetime | None
) -> None:
    said = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": body}}
    server.script(answer(429, said, headers={"Retry-After": header} if header else {}))
    error = send(server)
    assert isinstance(error, Throttled)
    assert (error.retry_after, error.provider_code) == (wait, "429")


MOVED = refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009)


@pytest.mark.parametrize(
    ("second", "ending"),
    [(TAKEN, Receipt), (MOVED, Rejected), (close_after, Unknown), (refused(403, "Forbidden: kicked"), Rejected)],
)
def test_a_group_that_has_moved_is_followed_once(server: Server, second: Step, ending: type) -> None:
    server.script(MOVED, second)
    result = send(server, message(to="-55", body="Hola"))
    assert type(result) is ending
    assert [request.json()["chat_id"] for request in server.requests] == [-55, -1009]
    if isinstance(result, Receipt):
        assert result.provider_id == "4711"
        assert result.warning == "the group -55 has become a supergroup; write its new number -1009 instead"


def test_the_token_shows_nowhere_whatever_a_server_says_of_it(server: Server) -> None:
    def echo(exchange: Exchange) -> None:
        path = exchange.read().path
        exchange.answer(400, f"cannot POST {path} {quote(path, safe='')} {CANARY}")

    server.script(echo)
    error = send(server)
    assert "cannot POST" in str(error)
    assert CANARY not in f"{error} {error!r} {telegram.Settings(bot_token=Secret(TOKEN))}"


# --- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "base_url", "words"),
    [
        (TOKEN, "https://api.telegram.org", []),
        (f"{TOKEN}\n", "https://api.telegram.org", ["bot_token: has characters that no token has"]),
        (f"bot/{TOKEN}", "api.telegram.org", ["base_url: must begin with", "bot_token: has characters"]),
        ("", "https://x", ["bot_token: has characters"]),
    ],
)
def test_settings_that_can_never_work_are_mistakes(token: str, base_url: str, words: list[str]) -> None:
    found = telegram.validate_settings(telegram.Settings(bot_token=Secret(token), base_url=base_url))
    assert len(found) == len(words)
    assert all(one.startswith(expected) for one, expected in zip(found, words, strict=True))
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"body": "1 < 2 {staff_name}"}, []),
        (
            {"html": {"es": "<b>{staff_name}</b>\n<a href='{zoom_url}'>Zoom</a>", "en": "<tg-spoiler>x</tg-spoiler>"}},
            [],
        ),
        (
            {"html": "{% if 1 < 2 %}{{ '<p>' }}{# <br> #}<pre><code class='language-python'>x</code></pre>{% endif %}"},
            [],
        ),
        (
            {"html": "<p>Hola<br/>Ana</p>"},
            ["html: Telegram does not support <p>", "html: Telegram does not support <br>"],
        ),
        ({"html": {"es": "5 < 6"}}, ["html: contains a < that is not part of a tag; use &lt;"]),
        ({"silent": "yes"}, ["body is missing"]),
        ({"body": "x", "html": "y"}, ["html: body and html exclude each other"]),
    ],
)
def test_mistakes_in_a_message_are_found_before_it_is_sent(tree: dict[str, Any], words: list[str]) -> None:
    found = telegram.validate_message(tree)
    assert len(found) == len(words)
    assert all(one.startswith(expected) for one, expected in zip(found, words, strict=True))


def test_importing_the_channel_loads_no_client_library() -> None:
    code = "import sys, reminderctl.channels.telegram; print({'requests', 'ssl', 'email', 'html'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- Telegram's own parser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parse() -> Callable[[str], dict[str, Any]]:
    """TDLib's parser of what stands in `html`, offline; its errors are those of sendMessage."""
    tdjson = pytest.importorskip("tdjson")

    def execute(request: dict[str, Any]) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(tdjson.td_execute(json.dumps(request).encode()))
        return said

    execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
    mode = {"@type": "textParseModeHTML"}
    return lambda text: execute({"@type": "parseTextEntities", "text": text, "parse_mode": mode})


PARTS = ["<b>", "</b>", "&amp;", "&lt", "&#39;", "<a href='x'>", "{staff_name}", "{{ 1 }}", '"', "Ana", " "]
NAMES = st.text(st.characters(codec="utf-8"), max_size=40) | st.lists(st.sampled_from(PARTS)).map("".join)


@settings(deadline=None)
@given(name=NAMES)
def test_any_name_is_text_to_telegram(parse: Callable[[str], dict[str, Any]], name: str) -> None:
    html = render_text("<b>{customer_full_name}</b> {customer_full_name}", TextType.TELEGRAM_HTML, context=called(name))
    parsed = parse(html)
    plain = escape_plain(name)
    assert parsed.get("text") == f"{plain} {plain}", parsed
    assert len(parsed["entities"]) == bool(plain)
    assert telegram._as_shown(html) == parsed["text"]


@settings(deadline=None)
@given(name=NAMES)
def test_no_name_changes_where_a_link_goes(parse: Callable[[str], dict[str, Any]], name: str) -> None:
    text = """<a href="https://example.com/?n={customer_full_name}">here</a>"""
    parsed = parse(render_text(text, TextType.TELEGRAM_HTML, context=called(name)))
    assert parsed.get("text") == "here", parsed
    urls = [each["type"]["url"] for each in parsed["entities"] if each["type"]["@type"] == "textEntityTypeTextUrl"]
    assert all(url.startswith("https://example.com/") for url in urls)


@pytest.mark.parametrize(
    "html",
    [
        "<p>x</p>",
        "a<br>b",
        "a<br/>b",
        "<h1>x</h1>",
        "5 < 6",
        "<!-- x -->",
        "<tg-foo>x</tg-foo>",
        "<img src='x'>",
        "<ab>x</ab>",
        "<b>x</b> <B >x</B >",
        "<a href='https://x.example/?a=b&amp;c=d'>x</a>",
        "<blockquote expandable>x</blockquote>",
        "<del>a</del><strike>b</strike><s>c</s><u>d</u><ins>e</ins><em>f</em><strong>g</strong><i>h</i>",
        '<pre><code class="language-python">j</code></pre>',
        '<span class="tg-spoiler">x</span><tg-spoiler>y</tg-spoiler>',
        '<tg-emoji emoji-id="5368324170671202286">x</tg-emoji><tg-time unix="1">x</tg-time>',
        "5 > 6 & 7 &nbsp;&apos;&quot;&#39;&#x41;&#128512;&lt x &ltx; &#65 z &AMP;",
    ],
)
def test_check_finds_the_tags_that_telegram_refuses(parse: Callable[[str], dict[str, Any]], html: str) -> None:
    parsed = parse(html)
    assert bool(telegram.validate_message({"html": html})) == (parsed["@type"] == "error"), parsed
    if parsed["@type"] != "error":
        assert telegram._as_shown(html) == parsed["text"]
