"""One bad message stops no other, and an outage costs nothing that is still in time (docs/reference/failures.md)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clinic import Clinic
from tests.http_server import Exchange, Server, answer, close_after, serve

HOOK = """\
- id: hook
  when: 1 hour before start
  grace: 30m
  actions: [{{send: webhook, url: "{url}/{{appointment_id}}", json: {{a: b}}}}]
"""
SMS = """\
- id: text
  when: 1 day before start
  actions: [{send: sms, to: customer, body: Hola}]
"""
TWILIO = """\
timezone: Europe/Madrid
channels:
  sms: {{provider: twilio, account_sid: AC00000000000000000000000000000000, auth_token: t0ken, from: "+15005550006",
        base_url: "{url}"}}
"""
ARMED, DUE = "2026-06-10T08:00Z", "2026-06-10T09:00Z"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


def book(clinic: Clinic, *names: str, starts: str = "2026-06-10T10:00Z") -> None:
    for name in names:
        clinic.book(name, starts, customers=(name,))


@pytest.mark.parametrize(("status", "headers"), [(403, {}), (429, {"Retry-After": "60"}), (503, {})])
def test_messages_that_a_provider_dislikes_keep_no_other_from_going(
    clinic: Clinic, server: Server, status: int, headers: dict[str, str]
) -> None:
    def judge(exchange: Exchange) -> None:
        bad = exchange.read().path.startswith("/bad")
        exchange.answer(status if bad else 200, headers=headers if bad else {})

    clinic.write(HOOK.format(url=server.url), settings="timezone: Europe/Madrid\n")
    clinic.run(ARMED)
    book(clinic, "bad-1", "bad-2", "bad-3", starts="2026-06-10T09:59Z")
    server.script(judge)
    clinic.every_minute("2026-06-10T08:59Z", "2026-06-10T09:02Z")
    book(clinic, *(f"good-{number}" for number in range(8)), starts="2026-06-10T10:03Z")
    clinic.every_minute("2026-06-10T09:03Z", "2026-06-10T09:25Z")  # while the bad ones are still in time
    assert [each["booking"] for each in clinic.deliveries("--state", "sent")] == [f"good-{n}" for n in range(8)]


TWO_URLS = """\
- id: bad
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/bad/{{appointment_id}}"}}]
- id: good
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/good/{{appointment_id}}"}}]
"""


@pytest.mark.parametrize("status", [302, 401, 500])
def test_one_broken_url_of_a_host_costs_the_others_a_minute(clinic: Clinic, server: Server, status: int) -> None:
    server.script(lambda exchange: exchange.answer(status if exchange.read().path.startswith("/bad") else 200))
    clinic.write(TWO_URLS.format(url=server.url), settings="timezone: Europe/Madrid\n")
    clinic.run(ARMED)
    book(clinic, *(f"b{number}" for number in range(30)))
    clinic.every_minute(DUE, "2026-06-10T09:01Z")
    assert [each["state"] for each in clinic.deliveries("--workflow", "good")] == ["sent"] * 30
    assert [each["state"] for each in clinic.deliveries("--workflow", "bad")] == ["pending"] * 30


def test_a_country_that_is_not_enabled_stops_no_sms_to_another(clinic: Clinic, server: Server) -> None:
    def judge(exchange: Exchange) -> None:
        abroad = "To=%2B351" in exchange.read().body.decode()
        exchange.answer(400 if abroad else 201, {"code": 21408} if abroad else {"sid": "SM1", "status": "queued"})

    server.script(judge)
    clinic.write(SMS, settings=TWILIO.format(url=server.url))
    clinic.run(ARMED)
    for number in range(20):
        phone = "+351912345678" if number < 12 else "+34600123456"
        clinic.book(f"b{number}", "2026-06-11T09:00Z", customers=({"id": f"c{number}", "phone": phone},))
    assert clinic.run(DUE, exits=1) == {"planned": 20, "retrying": 12, "sent": 8}


@pytest.mark.parametrize("bookings", [4, 12])
def test_a_slip_of_a_second_costs_a_minute_however_many_meet_it(clinic: Clinic, server: Server, bookings: int) -> None:
    server.script(answer(503))
    clinic.write(HOOK.format(url=server.url).replace("30m", "4m"), settings="timezone: Europe/Madrid\n")
    clinic.run(ARMED)
    book(clinic, *(f"b{number}" for number in range(bookings)))
    clinic.run(DUE)
    server.script(answer(200))
    clinic.every_minute("2026-06-10T09:01Z", "2026-06-10T09:02Z")
    assert clinic.states() == {"sent": bookings}


INFOBIP = """\
timezone: Europe/Madrid
channels: {{sms: {{provider: infobip, api_key: k3y, from: Clinica, base_url: "{url}"}}}}
"""


def test_what_may_have_gone_out_by_one_provider_is_not_sent_again_by_another(clinic: Clinic, server: Server) -> None:
    clinic.write(SMS, settings=INFOBIP.format(url=server.url))
    clinic.run(ARMED)
    book(clinic, "b1", starts="2026-06-11T09:00Z")
    server.script(answer(502))
    assert clinic.run(DUE) == {"planned": 1, "retrying": 1}, "Infobip knows the id of what it has taken"
    clinic.write(SMS, settings=TWILIO.format(url=server.url))
    server.script(answer(201, {"sid": "SM1", "status": "queued"}))
    assert clinic.run("2026-06-10T09:01Z", exits=1) == {"unknown": 1}
    assert len(server.requests) == 1
    (unknown,) = clinic.deliveries()
    assert "its provider has changed" in unknown["error"]
    clinic.command("deliveries", "resolve", "1", "--resend", "--now", "2026-06-10T09:02Z")
    assert clinic.run("2026-06-10T09:02Z") == {"sent": 1}


def test_what_waits_takes_the_way_that_the_yaml_says_now_and_falls_under_its_rule(
    clinic: Clinic, server: Server
) -> None:
    """An edited channel under the same id: a doubt about an SMS must not be dealt with as one about an email."""
    email = "  email: {host: 127.0.0.1, port: 9, security: none, from: citas@example.com}\n"
    settings = TWILIO.format(url=server.url) + email
    clinic.write(SMS.replace("send: sms", "id: notify, send: email, subject: s"), settings=settings)
    clinic.run(ARMED)
    book(clinic, "b1", starts="2026-06-11T09:00Z")
    assert clinic.run(DUE) == {"planned": 1, "retrying": 1}
    clinic.write(SMS.replace("send: sms", "id: notify, send: sms"), settings=settings)
    server.script(close_after)
    assert clinic.run("2026-06-10T09:01Z", exits=1) == {"unknown": 1}
    (told,) = clinic.deliveries()
    assert (told["channel"], told["state"], len(server.requests)) == ("sms", "unknown", 1)


def test_an_outage_of_hours_costs_nothing_that_is_still_in_time(clinic: Clinic, server: Server) -> None:
    clinic.write(SMS, settings=TWILIO.format(url=server.url))
    clinic.run(ARMED)
    book(clinic, "b1", starts="2026-06-11T09:00Z")
    server.script(answer(503, headers={"Retry-After": "1"}))
    clinic.every_minute(DUE, "2026-06-10T12:00Z")
    assert clinic.states() == {"pending": 1}
    server.script(answer(201, {"sid": "SM1", "status": "queued"}))
    clinic.every_minute("2026-06-10T12:01Z", "2026-06-10T12:40Z")
    assert clinic.states() == {"sent": 1}


def test_a_provider_that_takes_a_few_at_a_time_gets_all_of_them_in_one_run(clinic: Clinic, server: Server) -> None:
    slow_down = answer(429, headers={"Retry-After": "1"})
    clinic.write(HOOK.format(url=server.url), settings="timezone: Europe/Madrid\n")
    clinic.run(ARMED)
    book(clinic, *(f"b{number}" for number in range(6)))
    server.script(answer(200), slow_down, answer(200), slow_down, answer(200))
    assert clinic.run(DUE) == {"planned": 6, "sent": 6}


def test_a_provider_that_breaks_down_leaves_people_with_a_handful_of_doubts(clinic: Clinic, server: Server) -> None:
    clinic.write(SMS, settings=TWILIO.format(url=server.url))
    clinic.run(ARMED)
    book(clinic, *(f"b{number}" for number in range(30)), starts="2026-06-11T09:00Z")
    server.script(close_after)
    clinic.run(DUE, exits=1)
    states = clinic.states()
    assert set(states) == {"unknown", "pending"}
    assert states["unknown"] <= 8, "five in a row, and what was on its way beside them"
    server.script(answer(201, {"sid": "SM1", "status": "queued"}))
    clinic.every_minute("2026-06-10T09:01Z", "2026-06-10T09:04Z")
    assert clinic.states() == {"unknown": states["unknown"], "sent": 30 - states["unknown"]}


def test_one_slip_of_a_server_silences_no_circuit_for_a_week(clinic: Clinic, server: Server) -> None:
    clinic.write(HOOK.format(url=server.url), settings="timezone: Europe/Madrid\n")
    clinic.run(ARMED)
    book(clinic, "b1")
    server.script(answer(429, headers={"Retry-After": "604800"}), answer(200))
    assert clinic.run(DUE, exits=1) == {"planned": 1, "expired": 1}
    book(clinic, "b2", starts="2026-06-10T10:31Z")
    assert clinic.run("2026-06-10T09:31Z") == {"planned": 1, "sent": 1}


def test_what_expired_is_named_with_its_cause_and_a_crowd_by_its_first(clinic: Clinic, server: Server) -> None:
    clinic.write(HOOK.format(url=server.url), settings="timezone: Europe/Madrid\n")
    clinic.run(ARMED)
    server.script(answer(403))
    for count, starts, due, over in (
        (2, "2026-06-10T10:00Z", DUE, "2026-06-10T09:31Z"),
        (7, "2026-06-10T12:00Z", "2026-06-10T11:00Z", "2026-06-10T11:31Z"),
    ):
        book(clinic, *(f"{count}-{number}" for number in range(count)), starts=starts)
        clinic.command("run", "--now", due)
        told = clinic.command("run", "--now", over)
        assert told.exit_code == 1
        expired = [line for line in told.stderr.splitlines() if ": expired: " in line]
        assert all("its deadline passed" in line for line in expired)
        if count == 2:
            assert [line.partition(" for booking ")[2].partition(" ")[0] for line in expired] == ["2-0", "2-1"]
            assert "403" in expired[0]
        else:
            assert sum(" deliveries: expired: " in line for line in expired) >= 1
            assert len(expired) <= 3
