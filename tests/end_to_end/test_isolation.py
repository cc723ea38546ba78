"""Whom a failure concerns, and whom not: minutes of cron against servers that hang, refuse and throttle."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.clinic import Clinic, at, written
from tests.http_server import Exchange, Server, answer, serve
from tests.mail_server import PASSWORD, mail_servers
from tests.providers import EMAIL, HTTP_PROVIDERS, SEND_EMAIL, write_secrets

DUE = at("2026-06-09T10:00Z")  # a day before the bookings; their deadline is twelve hours later
MINUTE = timedelta(minutes=1)
TWILIO = HTTP_PROVIDERS["sms twilio"]
ACCEPTED = answer(*TWILIO.accepted)
PATIENCE = 20.0  # seconds; a test that waits this long has failed


@pytest.fixture
def web() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Server]:
    """Twilio."""
    with serve() as server:
        server.script(ACCEPTED)
        yield server


def hook(url: str) -> str:
    return f"{{send: webhook, url: '{url}/{{appointment_id}}', json: {{a: b}}}}"


def sms(gateway: Server) -> str:
    return TWILIO.settings.format(url=gateway.url, timeout=5)


def email(port: int, *, timeout: float = 5) -> str:
    return EMAIL.format(host="127.0.0.1", port=port, security="none", timeout=timeout)


def arm(clinic: Clinic, channels: str, *workflows: str) -> None:
    """Let each of these actions be a workflow of its own, due a day before each booking."""
    write_secrets(clinic.folder)
    clinic.write(
        "".join(
            f"- {{id: w{number}, when: 1 day before start, actions: [{action}]}}\n"
            for number, action in enumerate(workflows)
        ),
        settings=f"timezone: Europe/Madrid\nchannels:\n{channels}",
    )
    clinic.run(DUE - MINUTE)


def book(clinic: Clinic, how_many: int) -> None:
    """Bookings whose reminders are all due at the same time."""
    for number in range(how_many):
        clinic.book(f"b{number}", "2026-06-10T10:00Z", customers=(f"ana{number}",))


def run_process(clinic: Clinic, minutes: int) -> None:
    """`reminderctl run` as a process of its own, some minutes after all was due."""
    now = written(DUE + minutes * MINUTE)
    command = [sys.executable, "-m", "reminderctl", "-c", str(clinic.folder / "workflows.yaml"), "run", "--now", now]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3 * PATIENCE)
    assert "Traceback" not in ended.stderr


def test_a_mail_server_that_never_speaks_delays_nothing_else(clinic: Clinic, web: Server, gateway: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel takes the connections
        channels = email(silent.getsockname()[1], timeout=0.3) + sms(gateway)
        arm(clinic, channels, SEND_EMAIL, hook(web.url), TWILIO.action)
        for minute in range(8):
            clinic.book(f"b{minute}", written(at("2026-06-10T10:00Z") + minute * MINUTE))
        for minute in range(8):
            clinic.run(DUE + minute * MINUTE)
            assert [request.path for request in web.requests] == [f"/b{number}" for number in range(minute + 1)]
            assert len(gateway.requests) == minute + 1
    states = {each["channel"]: each["state"] for each in clinic.deliveries()}
    assert states == {"webhook": "sent", "sms": "sent", "email": "pending"}


# Of aiosmtpd: its own use of login_data, and that this is no way to run a mail server.
@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_wrong_password_for_twenty_minutes_loses_no_mail_and_locks_no_account(clinic: Clinic) -> None:
    with mail_servers() as start:
        server = start(auth_required=True, auth_require_tls=False)
        arm(clinic, email(server.port), SEND_EMAIL)
        write_secrets(clinic.folder, SMTP_PASSWORD="wrong")
        book(clinic, 30)
        for minute in range(20):
            assert clinic.command("run", "--now", written(DUE + minute * MINUTE)).exit_code in (0, 1)
        assert clinic.states() == {"pending": 30}
        probes = len(server.logins)
        assert 4 <= probes <= 7
        write_secrets(clinic.folder, SMTP_PASSWORD=PASSWORD)
        for minute in range(20, 26):
            clinic.run(DUE + minute * MINUTE)
        assert clinic.states() == {"sent": 30}
        assert Counter(to for mail in server.mails for to in mail.rcpt_tos) == {
            f"ana{number}@example.com": 1 for number in range(30)
        }
        assert len(server.logins) - probes <= 3, "one for each connection"
        assert {each["attempts"] for each in clinic.deliveries()} == {1}


def test_a_text_that_cannot_be_filled_for_one_booking_fails_for_it_alone(clinic: Clinic, web: Server) -> None:
    share = "{send: webhook, url: 'URL/share/{appointment_id}', body: '{{ 100 // (custom.people | int) }}'}"
    arm(clinic, "  webhook: {}\n", share.replace("URL", web.url), hook(web.url))
    for name, people in (("one", "4"), ("poison", "none"), ("two", "5")):
        clinic.book(name, "2026-06-10T10:00Z", fields={"people": people})
    result = clinic.command("run", "--now", written(DUE))
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert "booking poison" in line
    assert "body" in line
    assert sorted(request.path for request in web.requests) == ["/one", "/poison", "/share/one", "/share/two", "/two"]
    assert clinic.states() == {"sent": 5, "failed": 1}


def test_a_webhook_host_that_hangs_delays_no_other_host(clinic: Clinic, web: Server) -> None:
    with serve() as hanging:

        def hang_until_the_others_are_served(exchange: Exchange) -> None:
            exchange.read()
            exchange.server.released.wait(PATIENCE)
            exchange.answer(200)

        def release_the_hanging_one_at_last(exchange: Exchange) -> None:
            exchange.read()
            if len(web.requests) == 20:
                hanging.release()
            exchange.answer(200)

        hanging.script(hang_until_the_others_are_served)
        web.script(release_the_hanging_one_at_last)
        arm(clinic, "  webhook: {timeout: 10}\n", hook(hanging.url), hook(web.url))
        book(clinic, 20)
        clinic.run(DUE)
    assert clinic.states() == {"sent": 40}
    assert (len(web.requests), len(hanging.requests)) == (20, 20)


def test_a_circuit_that_keeps_failing_is_left_alone_and_then_probed_by_whatever_process(
    clinic: Clinic, web: Server
) -> None:
    web.script(answer(503))
    arm(clinic, "  webhook: {}\n", hook(web.url))
    book(clinic, 12)
    run_process(clinic, 0)
    tried = len(web.requests)
    assert 5 <= tried <= 12, "what was on its way together"
    run_process(clinic, 2)
    assert len(web.requests) == tried + 1, "after a minute it is probed with one delivery"
    connections = web.connections
    run_process(clinic, 3)
    assert (len(web.requests), web.connections) == (tried + 1, connections), "and left alone for two"
    web.script(answer(200))
    run_process(clinic, 5)
    assert clinic.states() == {"sent": 12}
    assert len(web.requests) == tried + 1 + 12


@pytest.mark.parametrize(("channel", "at_once"), [("sms", 4), ("webhook", 8)])
def test_a_provider_that_asks_to_slow_down_pauses_its_circuit_and_costs_no_attempt(
    clinic: Clinic, gateway: Server, channel: str, at_once: int
) -> None:
    gateway.script(answer(429, headers={"Retry-After": "150"}))
    arm(clinic, sms(gateway), TWILIO.action if channel == "sms" else hook(gateway.url))
    book(clinic, 30)
    assert clinic.run(DUE) == {"planned": 30, "retrying": len(gateway.requests)}
    throttled = len(gateway.requests)
    assert throttled <= at_once, "no more than were on the way together"
    for minute in (1, 2):
        assert clinic.run(DUE + minute * MINUTE) == {}
    assert len(gateway.requests) == throttled
    gateway.script(ACCEPTED)
    assert clinic.run(DUE + 3 * MINUTE) == {"sent": 30}
    assert len(gateway.requests) == throttled + 30
    assert {(each["state"], each["attempts"]) for each in clinic.deliveries()} == {("sent", 1)}


def test_a_provider_that_never_says_when_is_asked_less_and_less_often(clinic: Clinic, gateway: Server) -> None:
    gateway.script(answer(429))
    arm(clinic, sms(gateway), TWILIO.action)
    book(clinic, 3)
    minutes = [len(gateway.requests) for minute in range(30) if clinic.run(DUE + minute * MINUTE) is not None]
    assert minutes[-1] <= 3 + 6, "three at first, then one probe at a time: after 1, 2, 4, 8, 15 minutes at the most"
    assert {each["attempts"] for each in clinic.deliveries()} == {0}


# --- what changes while a run sends -----------------------------------------------------------------------------------


def test_a_booking_called_off_while_the_run_is_sending_gets_nothing(clinic: Clinic, gateway: Server) -> None:
    """It was planned by this very run; the check in the moment before its attempt says no."""
    last = "b19"

    def call_off(exchange: Exchange) -> None:
        clinic.set_status(last, "canceled")
        ACCEPTED(exchange)

    gateway.script(call_off)
    arm(clinic, sms(gateway), TWILIO.action)
    for number in range(20):  # the deadline of the last one is the last
        clinic.book(f"b{number}", written(at("2026-06-10T10:00Z") + number * MINUTE), customers=(f"c{number}",))
    assert clinic.run(DUE + 20 * MINUTE) == {"planned": 20, "sent": 19, "canceled": 1}
    assert len(gateway.requests) == 19
    (canceled,) = clinic.deliveries("--state", "canceled")
    assert (canceled["booking"], canceled["error"]) == (last, "status is canceled, and no status filter includes it")


def test_a_deadline_that_passes_while_the_run_is_sending_is_kept(clinic: Clinic, gateway: Server) -> None:
    """Four SMS travel at once; when the first are answered, it is too late for the others."""

    def late(exchange: Exchange) -> None:
        exchange.server.released.wait(2.5)
        ACCEPTED(exchange)

    gateway.script(late)
    arm(clinic, sms(gateway), TWILIO.action)
    book(clinic, 6)
    deadline = DUE + timedelta(hours=12)
    assert clinic.run(deadline - timedelta(seconds=1)) == {"planned": 6, "sent": 4}
    assert clinic.run(deadline + MINUTE, exits=1) == {"expired": 2}
    assert len(gateway.requests) == 4
