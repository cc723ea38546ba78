"""A week of a clinic with everything that goes wrong: `upcoming` foretells it, `explain` accounts for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from reminderctl import config as configuration
from reminderctl.bookings import open_bookings
from reminderctl.ledger import Ledger
from reminderctl.tick import tick
from tests import http_server
from tests.clinic import Clinic, at, written

SETTINGS = """\
timezone: Europe/Madrid
language: es
company: {{name: Clínica Sol, phone: "+34911234567", email: hola@example.com}}
channels:
  sms:
    provider: http
    url: {url}/sms
    json: {{to: "{{to}}", text: "{{body}}", reference: "{{key}}"}}
    success: {{status: [200]}}
    from: Clinic
"""
WORKFLOWS = """\
- id: day-before
  when: 1 day before start
  filters: {{status: approved}}
  actions:
  - {{send: sms, to: customer, body: "{{appointment_id}}"}}
  - {{send: webhook, url: "{url}/day-before", json: {{booking: "{{appointment_id}}"}}}}
- id: hour-before
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/hour-before", json: {{booking: "{{appointment_id}}"}}}}]
- id: follow-up
  enabled: {follow_up}
  when: 2 hours after end
  filters: {{status: [approved, completed]}}
  except: {{service: Internal}}
  actions: [{{send: sms, to: customer, body: "{{appointment_id}}"}}]
"""
MONDAY = at("2030-01-14T00:00+01:00")
STEP, HALF_AN_HOUR = timedelta(minutes=5), timedelta(minutes=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOWN = ("2030-01-16T08:00+01:00", "2030-01-16T13:00+01:00")  # Wednesday: nobody calls
DEAD = ("2030-01-17T09:00+01:00", "2030-01-17T12:00+01:00")  # Thursday: the SMS gateway refuses our password
OFF = "2030-01-18T00:00+01:00"  # Friday: no follow-ups any more


class Week:
    """The clinic, its gateway, and what either has seen."""

    def __init__(self, clinic: Clinic, server: http_server.Server) -> None:
        self.clinic = clinic
        self.server = server
        self.now = MONDAY
        self.accepted: dict[str, datetime] = {}  # by the delivery's key
        self.repeated: list[str] = []
        server.script(self.answer)

    def answer(self, exchange: http_server.Exchange) -> None:
        request = exchange.read()
        if request.path == "/sms" and self.is_within(DEAD):
            exchange.answer(401, {"error": "wrong password"})
            return
        key = request.headers.get("webhook-id") or request.json()["reference"]
        self.repeated += [key] if key in self.accepted else []
        self.accepted[key] = self.now
        exchange.answer(200, {"id": "1"})

    def is_within(self, period: tuple[str, str]) -> bool:
        return at(period[0]) <= self.now < at(period[1])

    def write(self, *, follow_up: bool) -> None:
        workflows = WORKFLOWS.format(url=self.server.url, follow_up=str(follow_up).lower())
        self.clinic.write(workflows, settings=SETTINGS.format(url=self.server.url))
        self.house, self.credentials = configuration.load_with_credentials(self.clinic.folder / "workflows.yaml", {})

    def tick(self) -> None:
        """What `run` does, without the start of a process: there are two thousand of them."""
        house = self.house
        with Ledger(house.ledger) as ledger, open_bookings(house) as bookings:
            tick(house, ledger, bookings=bookings, load_credentials=lambda: self.credentials, clock=lambda: self.now)

    def go_on(self, duration: timedelta, *, step: timedelta) -> None:
        """Let time pass, with cron's minutes where anybody calls."""
        until = self.now + duration
        while self.now < until:
            self.now += step
            if not self.is_within(DOWN):
                self.tick()

    def ask(self, *words: str) -> list[dict[str, Any]]:
        result = self.clinic.command(words[0], "--now", written(self.now), "--json", *words[1:])
        assert result.exit_code == 0, (result.output, result.exception)
        answer: list[dict[str, Any]] = json.loads(result.stdout)
        return answer

    def events(self) -> None:
        """What happens from outside at this hour."""
        hour = self.now.strftime("%dT%H:%MZ")
        if hour == "14T15:00Z":
            self.clinic.move("moved", "2030-01-18T10:00+01:00")  # from Wednesday; before anything went out
        elif hour == "15T15:00Z":
            self.clinic.move("moved-late", "2030-01-16T15:00+01:00")  # its day-before went out; the new one is over
        elif hour == "16T12:00Z":
            self.clinic.set_status("canceled", "canceled")
        elif hour == "16T20:00Z":
            self.clinic.book("late", "2030-01-17T10:00+01:00")
        elif hour == "17T23:00Z":
            (internal,) = self.ask("explain", "internal", "follow-up")
            assert internal["reason"] == "service is Internal, which `except` excludes"
            self.write(follow_up=False)


@contextmanager
def week(clinic: Clinic) -> Iterator[Week]:
    with http_server.serve() as server:
        played = Week(clinic, server)
        played.write(follow_up=True)
        for day in range(14, 21):
            for hour in (9, 12, 17):
                clinic.book(f"{day}-{hour}", f"2030-01-{day}T{hour:02}:30+01:00", customers=(f"c{day}{hour}",))
        clinic.book("moved", "2030-01-16T10:00+01:00")
        clinic.book("moved-late", "2030-01-16T11:00+01:00")
        clinic.book("canceled", "2030-01-17T18:00+01:00")
        clinic.book("internal", "2030-01-15T10:00+01:00", service_id="Internal")
        clinic.book("no-phone", "2030-01-15T16:00+01:00", customers=({"id": "bo", "phone": None},))
        clinic.book(
            "group", "2030-01-19T11:00+01:00", customers=("eva", {"id": "tom", "participant_status": "canceled"})
        )
        yield played


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 3), (4, 6)], ids=["mon-tue", "wed-thu", "fri-sun"])
def test_upcoming_foretells_each_hour_and_explain_accounts_for_all_of_it(clinic: Clinic, first: int, last: int) -> None:
    """The whole week is played in each part; its own days every five minutes, and each of their hours is foretold."""
    with week(clinic) as played:
        _play(played, MONDAY + first * DAY, MONDAY + (last + 1) * DAY)
        assert played.repeated == []
        explained = [each for booking in _bookings(clinic) for each in played.ask("explain", booking)]
        _account_for(explained, played)
        assert {each["key"] for each in explained} > played.accepted.keys()


def _play(played: Week, since: datetime, until: datetime) -> None:
    played.tick()
    while played.now < MONDAY + 7 * DAY:
        played.events()
        if since <= played.now < until:
            _play_and_compare(played)
        else:
            played.go_on(HOUR, step=HALF_AN_HOUR)


def _play_and_compare(played: Week) -> None:
    """Play an hour, of which `upcoming` has said before what it sends."""
    foretold = {
        each["key"] for each in played.ask("upcoming", "--within", "1h") if not each["reason"] and not each["held"]
    }
    began, before = played.now, set(played.accepted)
    called = not played.is_within(DOWN)
    played.go_on(HOUR, step=STEP)
    sent = set(played.accepted) - before
    if called and not at(DEAD[0]) - HOUR <= began < at(DEAD[1]):
        assert sent == foretold, began
    elif called:
        assert sent <= foretold, began
        refused = {each["key"]: each for each in played.ask("upcoming") if each["error"]}
        assert foretold - sent <= refused.keys(), began
        assert {each["channel"] for each in refused.values()} <= {"sms"}


def _bookings(clinic: Clinic) -> list[str]:
    result = clinic.command("bookings", "list", "--json")
    return [each["id"] for each in json.loads(result.stdout)]


def _account_for(explained: list[dict[str, Any]], played: Week) -> None:
    """Every reason agrees with what the gateway saw."""
    for each in explained:
        assert (each["key"] in played.accepted) == each["reason"].startswith("sent at "), each
        if each["key"] in played.accepted:
            assert each["reason"] == f"sent at {written(played.accepted[each['key']])}"

    def reason(*words: str) -> str:
        """The one reason for a booking, workflow, channel, recipient at the booking's time as it is now."""
        names = ("booking", "workflow", "channel", "recipient")
        (found,) = [
            each["reason"]
            for each in explained
            if each["timezone"] and tuple(each[name] for name in names)[: len(words)] == words
        ]
        return str(found)

    assert reason("canceled", "hour-before") == "status is canceled, and no status filter includes it"
    assert "late_booking: skip" in reason("late", "day-before", "sms")
    assert reason("late", "hour-before").startswith("sent at ")
    assert "late_booking: skip" in reason("moved-late", "day-before", "sms")
    assert reason("moved-late", "hour-before").startswith("sent at ")
    assert reason("moved", "day-before", "sms").startswith("sent at ")
    assert reason("internal", "follow-up") == "the workflow is switched off"
    assert reason("no-phone", "follow-up") == "failed permanently: customer:bo has no phone number"
    assert reason("group", "day-before", "sms", "customer:tom") == (
        "status is canceled, but the filter requires approved"
    )
    assert reason("14-9", "day-before", "sms").startswith("the trigger starts at 2030-01-13T23:00:00Z")
    assert reason("18-9", "follow-up") == "the workflow is switched off"
    assert "expired" in reason("16-9", "hour-before"), "nobody called between its due instant and its start"
    assert reason("17-12", "day-before", "sms") == "sent at 2030-01-16T12:00:00Z", "late, but inside its grace"


def test_explain_tells_of_deliveries_for_another_time_and_of_a_deleted_booking(clinic: Clinic) -> None:
    clinic.write("- {id: w, when: 1 hour before start, actions: [{send: email, to: customer, subject: s, body: b}]}\n")
    clinic.book("b1", "2030-01-14T10:00Z")
    clinic.run("2030-01-14T08:00Z")
    clinic.run("2030-01-14T09:00Z")
    clinic.move("b1", "2030-01-15T10:00Z")
    told = json.loads(clinic.command("explain", "b1", "--json", "--now", "2030-01-14T09:30Z").stdout)
    assert [(each["event_at"], each["state"]) for each in told] == [
        ("2030-01-15T10:00:00Z", "pending"),
        ("2030-01-14T10:00:00Z", "sent"),
    ]
    clinic.execute("DELETE FROM bookings")
    told = json.loads(clinic.command("explain", "b1", "--json", "--now", "2030-01-14T09:30Z").stdout)
    assert [each["reason"] for each in told] == ["sent at 2030-01-14T09:00:00Z"]
    text = clinic.command("explain", "b1").output
    assert text.startswith("Booking b1 was deleted or cannot be read")
    wrong = clinic.command("explain", "b2")
    assert (wrong.exit_code, "there is no booking b2" in wrong.output) == (2, True)
    wrong = clinic.command("explain", "b1", "v")
    assert (wrong.exit_code, "there is no workflow v" in wrong.output) == (2, True)


def test_a_burst_is_foretold_as_held(clinic: Clinic) -> None:
    clinic.write(
        "- {id: w, when: 1 hour before start, max_burst: 2, "
        "actions: [{send: email, to: customer, subject: s, body: b}]}\n"
    )
    clinic.run("2030-01-14T08:00Z")
    for number in range(3):
        clinic.book(f"b{number}", "2030-01-14T10:00Z", customers=(f"c{number}",))
    clinic.book("b9", "2030-01-14T11:00Z", customers=("c9",))
    told = json.loads(clinic.command("upcoming", "--json", "--now", "2030-01-14T08:30Z").stdout)
    assert [(each["booking"], each["held"]) for each in told] == [
        ("b0", True),
        ("b1", True),
        ("b2", True),
        ("b9", False),
    ]
    assert clinic.run("2030-01-14T09:00Z", exits=1) == {"planned": 3, "held": 3}


def test_upcoming_refuses_what_it_cannot_mean(clinic: Clinic) -> None:
    clinic.write("- {id: w, when: 1 hour before start, actions: [{send: email, to: customer, subject: s, body: b}]}\n")
    for words, complaint in {
        ("--within", "soon"): "--within",
        ("--within", "1h", "--until", "2030-01-15"): "exclude each other",
        ("--until", "2030-01-13"): "not in the future",
        ("--workflow", "x"): "there is no workflow x",
        ("--booking", "x"): "there is no booking x",
        ("--within", "900 days"): "days ahead",
    }.items():
        result = clinic.command("upcoming", "--now", "2030-01-14T09:00", *words)
        assert result.exit_code == 2, words
        assert complaint in result.output


def test_explain_says_that_a_record_was_purged(clinic: Clinic) -> None:
    clinic.write("- {id: w, when: 1 hour before start, actions: [{send: email, to: customer, subject: s, body: b}]}\n")
    clinic.run("2030-01-14T07:00Z")
    for number in (1, 2):
        clinic.book(f"b{number}", f"2030-01-14T1{number}:00Z", customers=(f"c{number}",))
        clinic.run(f"2030-01-14T1{number - 1}:00Z")
    assert clinic.command("purge", "--older-than", "30d", "--now", "2030-06-01T00:00Z").exit_code == 0
    (told,) = json.loads(clinic.command("explain", "b1", "--json", "--now", "2030-06-01T00:00Z").stdout)
    assert (told["state"], "its record was purged" in told["reason"]) == (None, True)
