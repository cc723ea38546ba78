"""Chat rooms: what each service gets, from servers that take nothing else, and how their answers are read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.clinic import Clinic, at
from tests.hostile.values import TEXTS
from tests.http_server import Exchange, Request, Server, Step, answer, serve

DUE = "2026-06-09T10:00Z"
NAME = "<!channel> Luis @everyone <users/all> <https://evil.example|click>"
SECRET = "s3cr3tpath"
KINDS = ("slack", "teams", "discord", "google-chat", "mattermost", "ntfy")
ACCEPTED: dict[str, tuple[int, Any]] = {
    "slack": (200, "ok"),
    "teams": (202, ""),
    "discord": (204, ""),
    "google-chat": (200, {"name": "spaces/A/messages/B"}),
    "mattermost": (200, "ok"),
    "ntfy": (200, {"id": "x1", "event": "message"}),
}
MARKUP = {"discord", "mattermost", "teams"}
ANA = {"id": "ana", "full_name": "Ana"}


# --- servers that take nothing but what their service takes -----------------------------------------------------------


def text_of(kind: str, request: Request) -> str:
    """The text in a request, which has exactly the parts that the service knows."""
    assert request.method == "POST"
    if kind == "ntfy":
        assert request.headers["content-type"].startswith("text/plain")
        assert len(request.body) <= 4096
        return request.body.decode()
    assert request.headers["content-type"] == "application/json"
    said = request.json()
    if kind == "teams":
        assert len(request.body) <= 28 * 1024
        [attachment] = said.pop("attachments")
        assert said == {"type": "message"}
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["content"]["type"] == "AdaptiveCard"
        [block] = attachment["content"]["body"]
        assert (block["type"], block["wrap"]) == ("TextBlock", True)
        return str(block["text"])
    if kind == "discord":
        assert said.keys() == {"content", "allowed_mentions"}
        assert said["allowed_mentions"] == {"parse": []}
        assert len(said["content"]) <= 2000
        return str(said["content"])
    assert said.keys() == ({"text", "thread"} if kind == "google-chat" else {"text"})
    return str(said["text"])


def takes(kind: str) -> Step:
    """Answer as the service does to what it takes, and with 400 to anything else."""

    def step(exchange: Exchange) -> None:
        try:
            text_of(kind, exchange.read())
        except (AssertionError, KeyError, ValueError, TypeError) as error:
            exchange.answer(400, f"not what {kind} takes: {error}")
        else:
            exchange.answer(*ACCEPTED[kind])

    return step


class Rooms:
    """A clinic with a room, whose server is ours."""

    def __init__(self, folder: Path, server: Server, kind: str, more: str = "") -> None:
        self.clinic = Clinic(folder / "clinic")
        self.server, self.kind, self.more = server, kind, more
        self.room = f"{{kind: {kind}, url: '{server.url}/{SECRET}?key={SECRET}'{more}}}"
        server.script(takes(kind))

    def write(self, action: str = 'to: team, body: "*{customer_full_name}*"', *, settings: str = "") -> None:
        self.clinic.write(
            f"- {{id: w, when: 1 day before start, actions: [{{send: chat, {action}}}]}}\n",
            settings="timezone: Europe/Madrid\n"
            f"channels: {{chat: {{team: {self.room}, other: {self.room}}}}}\n{settings}",
        )

    def run(self, now: str = DUE) -> Any:
        return self.clinic.command("run", "-v", "--now", now)

    def send_all(self, names: Iterable[str]) -> dict[str, Request]:
        """Send one message about a person of each name, and return the requests by the names."""
        by_id = {f"b{number}": name for number, name in enumerate(names)}
        for booking, name in by_id.items():
            self.clinic.book(booking, "2026-06-10T10:00Z", customers=({"id": booking, "full_name": name},))
        self.run("2026-06-09T09:59Z")
        result = self.run()
        assert result.exit_code == 0, result.output
        order = [each["booking"] for each in sorted(self.clinic.deliveries(), key=lambda each: each["id"])]
        assert len(self.server.requests) == len(order)
        return {by_id[booking]: request for booking, request in zip(order, self.server.requests, strict=True)}

    def send(self, *, name: str = NAME, booking: str = "b1") -> str:
        """Send one message about somebody of this name, and return its text."""
        self.clinic.book(booking, "2026-06-10T10:00Z", customers=({"id": "luis", "full_name": name},))
        self.run("2026-06-09T09:59Z")
        result = self.run()
        assert result.exit_code == 0, result.output
        [request] = self.server.requests
        return text_of(self.kind, request)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as found:
        yield found


@pytest.fixture
def rooms(tmp_path: Path, server: Server) -> Callable[..., Rooms]:
    def make(kind: str, more: str = "") -> Rooms:
        made = Rooms(tmp_path, server, kind, more)
        made.write()
        return made

    return make


# --- a customer's name ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_mentions_nobody(kind: str, rooms: Callable[..., Rooms]) -> None:
    text = rooms(kind).send()
    assert text.startswith("*")
    assert text.endswith("*")
    assert "Luis" in text
    if kind in ("google-chat", "slack", "mattermost"):
        assert not re.search(r"<[!@#a-z]", text)
    if kind == "mattermost":
        assert "@everyone" not in text
    if kind == "ntfy":  # where nothing has a meaning
        assert text == f"*{NAME}*"


def test_a_name_arrives_at_slack_in_entities(rooms: Callable[..., Rooms]) -> None:
    text = rooms("slack").send()
    assert text == ("*&lt;!channel&gt; Luis @everyone &lt;users/all&gt; &lt;https://evil.example|click&gt;*")


MARKDOWN = {
    "link": "[click](https://evil.example)",
    "image": "![x](https://evil.example/x.png)",
    "autolink": "<https://evil.example>",
    "reference": "[x]: https://evil.example\n\n[x]",
    "fence": "```\nrm -rf\n```",
    "tildes": "~~~\nx\n~~~",
    "code": "`x`",
    "strong": "**x** __y__ _z_ ~~w~~ ||s||",
    "user": "<@123> <@!123> <@&123> <#123> <:e:1>",
    "here": "@here @channel @all @everyone",
    "heading": "# x",
    "quote": "> x",
    "list": "- x\n+ y\n* z\n1. a\n2) b",
    "line": "---\n***\n===",
    "indented": "x\n\n    code",
    "entity": "&lt;b&gt; &#64;here",
    "table": "|a|b|\n|-|-|\n|1|2|",
    "backslash": "\\[x\\](y) \\\\*z*",
    "date": "{{DATE(2017-02-14T06:00:00Z,SHORT)}}",
}


@pytest.mark.parametrize("kind", sorted(MARKUP))
def test_a_value_is_no_markdown(kind: str, rooms: Callable[..., Rooms]) -> None:
    made = rooms(kind)
    made.write('to: team, body: "{customer_full_name}"')
    reader = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    for value, request in made.send_all(MARKDOWN.values()).items():
        text = text_of(kind, request)
        tags = {token.tag for block in reader.parse(text) for token in (block, *(block.children or ()))}
        assert tags <= {"", "p", "br"}, (value, reader.render(text))
        assert "@here" not in text or kind != "mattermost"
        assert "{{" not in text or kind != "teams"


@pytest.mark.parametrize("kind", sorted(MARKUP))
def test_an_address_of_a_page_stays_one(kind: str, rooms: Callable[..., Rooms]) -> None:
    made = rooms(kind)
    made.write('to: team, body: "{customer_full_name}"')
    assert made.send(name="https://clinic.example/my_page-1?x=1") == "https://clinic.example/my_page-1?x=1"


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_values_make_no_other_request(kind: str, rooms: Callable[..., Rooms]) -> None:
    made = rooms(kind)
    made.write(
        'to: team, body: "x {customer_full_name}", title: "T {customer_full_name}", tags: ["g {customer_full_name}"]'
    )
    for value, request in made.send_all(value for name, value in TEXTS.items() if name != "long").items():
        assert text_of(kind, request)
        assert request.path.startswith(f"/{SECRET}?key={SECRET}")
        assert not {"bcc", "x"} & request.headers.keys()
        assert "," not in request.headers.get("tags", "")
        for name in ("title", "tags"):
            assert "=?" not in request.headers.get(name, "")
            assert request.headers.get(name, "").isprintable() or not value.isascii()


def test_a_thread_is_a_booking_whatever_its_id(rooms: Callable[..., Rooms]) -> None:
    made = rooms("google-chat")
    made.send(booking='b&x=1#"/é\n')
    [request] = made.server.requests
    assert request.json()["thread"] == {"threadKey": 'b&x=1#"/é\n'}
    assert request.path == f"/{SECRET}?key={SECRET}&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


def test_ntfy_has_title_tags_priority_and_token(rooms: Callable[..., Rooms]) -> None:
    made = rooms("ntfy", ", token: tk_abc, priority: high")
    made.write(
        'to: team, title: "Visita de {customer_full_name}", tags: [calendar, "{customer_full_name}"], body: Hola'
    )
    assert made.send(name="Ana\r\nX-Evil: 1, =?UTF-8?Q?=0A?=") == "Hola"
    [request] = made.server.requests
    assert request.headers["title"] == "Visita de Ana X-Evil: 1, = ?UTF-8?Q?=0A?="
    assert request.headers["tags"] == "calendar,Ana X-Evil: 1 = ?UTF-8?Q?=0A?="
    assert request.headers["priority"] == "high"
    assert request.headers["authorization"] == "Bearer tk_abc"
    assert "x-evil" not in request.headers


def test_a_title_is_the_first_line_where_there_is_no_other_place(rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.write('to: team, title: "*Visita*", body: "{customer_full_name}"')
    assert made.send(name="Ana") == "*Visita*\n\nAna"


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("slack", 40_000),
        ("teams", 28_000),
        ("discord", 2_000),
        ("google-chat", 32_000),
        ("mattermost", 16_383),
        ("ntfy", 4_096),
    ],
)
def test_a_text_that_is_too_long_is_refused_before_it_leaves(kind: str, most: int, rooms: Callable[..., Rooms]) -> None:
    made = rooms(kind)
    made.write(f"to: team, body: {'x' * (most + 1_000)}")
    made.clinic.book("b1", "2026-06-10T10:00Z")
    made.run("2026-06-09T09:59Z")
    assert made.run().exit_code == 1
    assert made.server.requests == []
    [delivery] = made.clinic.deliveries()
    assert delivery["state"] == "failed"
    assert "at most" in delivery["error"]


# --- the address is a secret ------------------------------------------------------------------------------------------


def everything(clinic: Clinic, *commands: tuple[str, ...]) -> str:
    """All that commands print, and all that is in the files beside the YAML."""
    results = [clinic.command(*each) for each in commands]
    files = [path for path in clinic.folder.rglob("*") if path.is_file() and path.suffix != ".yaml"]
    texts = [f"{each.stdout}{each.stderr}{each.exception!r}" for each in results]
    return "\n".join([*texts, *(path.read_bytes().decode("latin-1") for path in files)])


@pytest.mark.parametrize(
    ("kind", "status"),
    [*((kind, 404) for kind in KINDS), ("slack", 200), ("discord", 400), ("ntfy", 429), ("teams", 500)],
)
def test_no_part_of_an_address_but_the_host_is_shown(kind: str, status: int, rooms: Callable[..., Rooms]) -> None:
    made = rooms(kind, ", token: s3cr3tpath2" if kind == "ntfy" else "")

    def repeat(exchange: Exchange) -> None:
        request = exchange.read()
        exchange.answer(status, f"you asked for {request.path} {request.path.split('?')[0][1:]} {request.headers}")

    made.server.script(repeat)
    made.clinic.book("b1", "2026-06-10T10:00Z")
    made.run("2026-06-09T09:59Z")
    first = made.run()
    later = everything(
        made.clinic,
        ("deliveries", "list", "--json"),
        ("deliveries", "show", "1", "--json"),
        ("status", "--json"),
        ("status",),
        ("explain", "b1"),
        ("upcoming", "--json"),
        ("test", "--json"),
        ("check",),
        ("run", "--outbox", str(made.clinic.folder / "outbox"), "--now", "2026-06-09T10:30Z"),
    )
    assert SECRET not in first.output + later
    if status >= 400 or kind != "teams":
        assert "127.0.0.1" in later


@pytest.mark.parametrize(
    "url",
    [
        "s3cr3tpath",
        "ftp://x/s3cr3tpath",
        "https://x/s3cr3t path s3cr3tpath",
        "https:///s3cr3tpath",
        "https://[s3cr3tpath",
    ],
)
def test_a_bad_address_is_not_shown_either(url: str, rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.room = f"{{kind: slack, url: '{url}'}}"
    made.write()
    result = made.clinic.command("check")
    assert result.exit_code == 2
    assert "channels.chat.team: url: " in result.output
    assert SECRET not in result.output


def test_the_outbox_shows_the_message_as_it_would_arrive(rooms: Callable[..., Rooms]) -> None:
    made = rooms("discord")
    made.write(settings="outbox: outbox\n")
    made.clinic.book("b1", "2026-06-10T10:00Z", customers=({"id": "l", "full_name": "*Luis*"},))
    made.run("2026-06-09T09:59Z")
    assert made.run().exit_code == 0
    [path] = made.clinic.outbox()
    shown = json.loads(path.read_text())
    assert (shown["channel"], shown["to"], shown["kind"], shown["host"]) == ("chat", "team", "discord", "127.0.0.1")
    assert shown["body"] == "*\\*Luis\\**"
    assert SECRET not in path.read_text()


# --- failures ---------------------------------------------------------------------------------------------------------


def test_discord_says_in_its_json_how_long_to_wait_and_the_room_waits(rooms: Callable[..., Rooms]) -> None:
    made = rooms("discord")
    for number in (1, 2, 3):
        made.clinic.book(f"b{number}", "2026-06-10T10:00Z")
    made.run("2026-06-09T09:59Z")
    made.server.script(answer(429, {"message": "You are being rate limited.", "retry_after": 90.5, "global": False}))
    made.run()
    assert len(made.server.requests) == 1, "the others of the lane wait"
    waiting = made.clinic.deliveries()
    assert {each["state"] for each in waiting} == {"pending"}
    tried = [each for each in waiting if each["next_attempt_at"]]
    assert max(at(each["next_attempt_at"]) for each in tried) >= at(DUE) + timedelta(seconds=90.5)
    made.server.script(takes("discord"))
    made.run("2026-06-09T10:01Z")
    assert len(made.server.requests) == 1
    made.run("2026-06-09T10:02Z")
    assert len(made.server.requests) == 4
    assert made.clinic.states() == {"sent": 3}


def test_a_room_that_is_down_keeps_no_other_one_waiting(rooms: Callable[..., Rooms], server: Server) -> None:
    made = rooms("slack")
    with serve() as working:
        working.script(takes("slack"))
        made.room = f"{{kind: slack, url: '{server.url}/{SECRET}'}}"
        made.clinic.write(
            "- {id: w, when: 1 day before start, actions: [{send: chat, to: [team, other], body: Hola}]}\n",
            settings=f"timezone: Europe/Madrid\nchannels: {{chat: {{team: {made.room}, "
            f"other: {{kind: slack, url: '{working.url}/x'}}}}}}\n",
        )
        server.script(answer(404, "no_service"))
        for number in (1, 2, 3):
            made.clinic.book(f"b{number}", "2026-06-10T10:00Z")
        made.run("2026-06-09T09:59Z")
        assert made.run().exit_code == 1
        assert (len(server.requests), len(working.requests)) == (1, 3)
    assert {each["address"] for each in made.clinic.deliveries()} == {"team", "other"}
    found = json.loads(made.clinic.command("status", "--json", "--now", "2026-06-09T10:01Z").stdout)
    circuits = {each["circuit"]: each["state"] for each in found["channels"]}
    assert circuits.keys() >= {"chat team", "chat other"}
    assert circuits["chat team"] != circuits["chat other"]


def test_what_may_have_arrived_is_sent_again(rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.clinic.book("b1", "2026-06-10T10:00Z")
    made.run("2026-06-09T09:59Z")
    made.server.script(answer(200, "<html>login</html>"), takes("slack"))
    made.run()
    made.run("2026-06-09T10:01Z")
    assert len(made.server.requests) == 2
    assert made.clinic.states() == {"sent": 1}


# --- who hears --------------------------------------------------------------------------------------------------------


def test_admin_may_be_a_room(rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.write('to: admin, body: "{customer_full_name}"', settings="admin: {chat: other}\n")
    assert made.send(name="Ana") == "Ana"
    [delivery] = made.clinic.deliveries()
    assert (delivery["recipient"], delivery["address"]) == ("admin", "other")


def test_a_room_gets_one_message_for_a_group_or_one_for_each(rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    people = tuple({"id": name, "full_name": name} for name in ("ana", "eva", "luis"))
    made.clinic.book("b1", "2026-06-10T10:00Z", customers=people)
    made.run("2026-06-09T09:59Z")
    made.run()
    assert [text_of("slack", each) for each in made.server.requests] == ["*ana*"]
    made.clinic.write(
        "- {id: w2, when: 1 day before start, for_each_customer: true, "
        'actions: [{send: chat, to: team, body: "{customer_full_name}"}]}\n',
        settings=f"timezone: Europe/Madrid\nchannels: {{chat: {{team: {made.room}}}}}\n",
    )
    made.clinic.book("b2", "2026-06-11T10:00Z", customers=people)
    made.run("2026-06-10T09:59Z")
    made.run("2026-06-10T10:00Z")
    assert sorted(text_of("slack", each) for each in made.server.requests[1:]) == ["ana", "eva", "luis"]


def test_a_room_that_a_booking_names_is_looked_for_when_it_is_sent(rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.write('to: "{customer_last_name}", body: Hola')
    people = ({"id": "a", "last_name": "other"}, {"id": "b", "last_name": "nowhere"})
    for number, person in enumerate(people):
        made.clinic.book(f"b{number}", "2026-06-10T10:00Z", customers=(person,))
    made.run("2026-06-09T09:59Z")
    assert made.run().exit_code == 1
    assert len(made.server.requests) == 1
    assert made.clinic.states() == {"sent": 1, "failed": 1}
    failed = next(each for each in made.clinic.deliveries() if each["state"] == "failed")
    assert failed["error"] == "there is no room 'nowhere' under channels.chat; use one of team, other"


def test_a_test_goes_to_the_room_that_is_named(rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    result = made.clinic.command("test", "--send", "--to", "other", "--now", DUE)
    assert result.exit_code == 0, result.output
    [request] = made.server.requests
    assert text_of("slack", request).startswith("[test] *")
    assert made.clinic.command("test", "--send", "--to", "nowhere").exit_code == 2


# --- what `check` says ------------------------------------------------------------------------------------------------

MISTAKES = {
    "office: {kind: teams, url: 'https://x.webhook.office.com/webhookb2/1'}": (
        'url: webhook.office.com connectors were retired; make a Workflow "When a Teams webhook request is received"'
    ),
    "office: {kind: slak, url: 'https://x.example/1'}": "did you mean `slack`?",
    "office: {kind: slack}": "`url` is missing",
    "office: {url: 'https://x.example/1'}": "`kind` is missing",
    "office: {kind: slack, url: 'https://discord.com/api/webhooks/1/x'}": "write `kind: discord`",
    "office: {kind: slack, url: 'https://x.example/1', token: x}": "token: only ntfy has one",
    "office: {kind: ntfy, url: 'https://x.example/1', priority: highest}": "priority: expected",
    "office: slack": "expected a mapping",
    "office:": "office: is empty",
    "admin: {kind: slack, url: 'https://x.example/1'}": "`admin` is the word for a recipient",
    "'the team': {kind: slack, url: 'https://x.example/1'}": "the name of a room has letters",
}


@pytest.mark.parametrize(("room", "said"), MISTAKES.items(), ids=MISTAKES)
def test_check_says_what_is_wrong_with_a_room(room: str, said: str, tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    clinic.write(
        "- {id: w, when: 1 day before start, actions: [{send: chat, to: team, body: Hola}]}\n",
        settings="timezone: Europe/Madrid\nchannels:\n  chat:\n"
        f"    team: {{kind: ntfy, url: 'https://n.example/x'}}\n    {room}\n",
    )
    result = clinic.command("check")
    assert result.exit_code == 2
    assert said in result.output


TO = {
    "taem": "there is no room `taem`; did you mean `team`?",
    "xyz": "there is no room `xyz`; the rooms are: team, other",
    "customer": "`customer` has no chat room; use another recipient",
    "admin": "`admin` has no chat in the settings",
    "'https://hooks.slack.com/s3cr3tpath'": "the address of a room is a secret",
    "'team, other'": "several recipients are a list: [team, other]",
}


@pytest.mark.parametrize(("to", "said"), TO.items(), ids=TO)
def test_check_says_which_rooms_there_are(to: str, said: str, rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.write(f"to: {to}, body: Hola")
    result = made.clinic.command("check")
    assert result.exit_code == 2
    assert said in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize("name", ["admin", "alerts"])
def test_check_says_that_the_settings_name_no_room(name: str, rooms: Callable[..., Rooms]) -> None:
    made = rooms("slack")
    made.write(settings=f"{name}: {{chat: taem}}\n")
    result = made.clinic.command("check")
    assert result.exit_code == 2
    assert f"{name}: chat: there is no room `taem`; did you mean `team`?" in result.output


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://hooks.slack.com/services/T/B/X", "slack"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://discordapp.com/api/webhooks/1/x", "discord"),
        ("https://chat.googleapis.com/v1/spaces/A/messages?key=x", "google-chat"),
        ("https://prod-1.westeurope.logic.azure.com/workflows/1", "teams"),
        ("https://x.webhook.office.com/webhookb2/1", "teams"),
        ("https://ntfy.sh/citas", "ntfy"),
        ("https://hooks.example.com/x", ""),
        ("https://notdiscord.com/x", ""),
    ],
)
def test_check_warns_of_a_webhook_to_a_room(url: str, kind: str, tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    clinic.write(
        f"- {{id: w, when: 1 day before start, actions: [{{send: webhook, url: '{url}', json: {{text: Hola}}}}]}}\n",
        settings="timezone: Europe/Madrid\n",
    )
    result = clinic.command("check")
    assert result.exit_code == 0, result.output
    assert ("write `send: chat`" in result.output) is bool(kind)
    assert not kind or f"kind: {kind}" in result.output
