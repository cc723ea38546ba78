"""`deliveries resolve`, `retry` and `cancel`: what a person decides holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests import http_server
from tests.clinic import Clinic

SETTINGS = """\
timezone: Europe/Madrid
channels:
  sms: {{provider: twilio, account_sid: AC00000000000000000000000000000000, auth_token: t0ken, from: "+15005550006",
        base_url: "{url}", timeout: 2}}
"""
WORKFLOW = """\
- id: w
  when: 1 hour before start
  actions: [{send: sms, to: customer, body: "{appointment_start_time}"}]
"""


@pytest.fixture
def web() -> Iterator[http_server.Server]:
    with http_server.serve() as server:
        yield server


@pytest.fixture
def texting(clinic: Clinic, web: http_server.Server) -> Clinic:
    """A clinic with one SMS due at 09:00, until 09:30."""
    clinic.write(WORKFLOW, settings=SETTINGS.format(url=web.url))
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def decide(clinic: Clinic, *words: str, now: str = "2026-06-10T09:02Z") -> str:
    result = clinic.command("deliveries", *words, "--now", now)
    assert result.exit_code in (0, 2), result.exception
    return result.output


SENT = http_server.answer(201, {"sid": "SM1", "status": "queued"})


@pytest.fixture
def unknown(texting: Clinic, web: http_server.Server) -> Clinic:
    """An SMS whose connection was cut after the request: held for a person."""
    web.script(http_server.close_after, SENT)
    assert texting.run("2026-06-10T09:00Z", exits=1) == {"planned": 1, "unknown": 1}
    assert texting.run("2026-06-10T09:01Z") == {}
    return texting


def test_what_nobody_knows_is_held_until_a_person_says_that_it_was_sent(
    unknown: Clinic, web: http_server.Server
) -> None:
    decide(unknown, "resolve", "1", "--sent")
    assert unknown.run("2026-06-10T09:03Z") == {}
    assert unknown.states() == {"sent": 1}
    assert len(web.requests) == 1


def test_or_that_it_is_to_be_sent_again(unknown: Clinic, web: http_server.Server) -> None:
    key = unknown.deliveries()[0]["key"]
    decide(unknown, "resolve", "1", "--resend")
    assert unknown.run("2026-06-10T09:03Z") == {"sent": 1}
    assert unknown.deliveries()[0]["key"] == key
    shown = json.loads(unknown.command("deliveries", "show", "1", "--json").stdout)
    assert [attempt["outcome"] for attempt in shown["history"]] == ["unknown", "sent"]


def test_too_late_is_too_late_for_a_person_too(unknown: Clinic) -> None:
    assert "its deadline has passed" in decide(unknown, "resolve", "1", "--resend", now="2026-06-10T09:31Z")
    assert unknown.states() == {"unknown": 1}


def test_what_failed_can_be_tried_again_when_the_cause_is_mended(texting: Clinic, web: http_server.Server) -> None:
    web.script(SENT)
    texting.execute("UPDATE customers SET phone = NULL")
    assert texting.run("2026-06-10T09:00Z", exits=1) == {"planned": 1, "failed": 1}
    texting.execute("UPDATE customers SET phone = '+34600111222'")
    assert texting.run("2026-06-10T09:01Z") == {}
    decide(texting, "retry", "1")
    assert texting.run("2026-06-10T09:03Z") == {"sent": 1}


def test_what_a_person_canceled_stays_canceled(texting: Clinic, web: http_server.Server) -> None:
    web.script(http_server.answer(429, {"code": 20429}, headers={"Retry-After": "60"}))
    assert texting.run("2026-06-10T09:00Z") == {"planned": 1, "retrying": 1}
    decide(texting, "cancel", "1", now="2026-06-10T09:00Z")
    assert texting.run("2026-06-10T09:02Z") == {}
    assert texting.states() == {"canceled": 1}
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("resolve", "1"), "--sent or --resend"),
        (("resolve", "99", "--sent"), "there is no delivery 99"),
        (("retry", "1"), "is unknown; `retry` applies to failed deliveries only"),
        (("cancel", "1"), "is unknown; `cancel` applies to pending deliveries only"),
    ],
)
def test_what_cannot_be_decided_says_why(unknown: Clinic, words: tuple[str, ...], says: str) -> None:
    assert says in decide(unknown, *words)
    assert unknown.states() == {"unknown": 1}


@pytest.fixture
def crowd(clinic: Clinic) -> Clinic:
    """Three mails held back, numbered 1 to 3."""
    clinic.write(
        "- id: w\n  when: 1 hour before start\n  max_burst: 1\n"
        "  actions: [{send: email, to: customer, subject: s, body: b}]\n"
    )
    clinic.run("2026-06-10T08:00Z")
    for number in range(3):
        clinic.book(f"b{number}", "2026-06-10T10:00Z", customers=(f"c{number}",))
    assert clinic.run("2026-06-10T09:00Z", exits=1) == {"planned": 3, "held": 3}
    return clinic


def test_one_that_cannot_be_decided_about_is_named_and_stops_no_other(crowd: Clinic) -> None:
    decide(crowd, "cancel", "2")
    result = crowd.command("deliveries", "cancel", "1", "2", "99", "3", "3", "--json", "--now", "2026-06-10T09:02Z")
    assert result.exit_code == 2
    assert [(each["id"], each["state"]) for each in json.loads(result.stdout)] == [(1, "canceled"), (3, "canceled")]
    assert result.stderr.splitlines() == [
        "delivery 2 is canceled; `cancel` applies to pending deliveries only",
        "there is no delivery 99; `reminderctl deliveries list` lists them",
    ]
    assert crowd.states() == {"canceled": 3}


def test_what_is_held_can_be_asked_for_beside_other_states(crowd: Clinic) -> None:
    decide(crowd, "cancel", "2")
    for options, ids in (
        (["--state", "held"], [1, 3]),
        (["--held"], [1, 3]),
        (["--state", "held", "--state", "canceled"], [1, 2, 3]),
        (["--state", "pending"], [1, 3]),
        (["--state", "sent"], []),
    ):
        assert [each["id"] for each in crowd.deliveries(*options)] == ids, options


@pytest.mark.parametrize("width", ["60", "80", "100", "120", "200"])
def test_a_list_on_a_terminal_is_whole_at_any_width(crowd: Clinic, width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(crowd, "cancel", "2")
    for name, value in (("COLUMNS", width), ("FORCE_COLOR", "1"), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    shown = re.sub("\x1b\\[[0-9;]*m", "", crowd.command("deliveries", "list").stdout)
    assert all(len(line) <= int(width) for line in shown.splitlines())
    assert re.search("2 +canceled +2026-06-10 11:00", shown)
    for text in (
        "email to C1 <c1@example.com>",
        "w, booking b1 (Wed 2026-06-10 12:00)",
        "canceled by ",
        "3 deliveries",
    ):
        assert text in shown
