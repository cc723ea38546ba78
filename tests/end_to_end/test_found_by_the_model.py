"""What the machine of tests/model found: each of these once went wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.clinic import Clinic, written
from tests.clinic import at as clock
from tests.http_server import Exchange, Server, answer, close_after, serve
from tests.model.killing import POINTS, die_at

HOOK = """\
- id: hook
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/hook", json: {{booking: "{{appointment_id}}"}}}}]
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def armed(clinic: Clinic, server: Server) -> Clinic:
    """A clinic with a webhook that is due on 10 June at 9:00, whose trigger was armed at 8:00."""
    clinic.write(HOOK.format(url=server.url), settings="timezone: Europe/Madrid\n")
    assert clinic.run("2026-06-10T08:00Z") == {}
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def test_what_a_clock_that_was_ahead_could_not_send_waits_until_it_is_due(armed: Clinic, server: Server) -> None:
    server.script(answer(503), answer(200))
    assert armed.run("2026-06-10T09:00Z") == {"planned": 1, "retrying": 1}
    assert armed.run("2026-06-10T08:10Z") == {}
    assert armed.run("2026-06-10T08:59Z") == {}
    assert armed.run("2026-06-10T09:00Z") == {"sent": 1}
    assert len(server.requests) == 2


def test_what_may_have_gone_out_is_not_called_failed_when_its_repetition_is_refused(
    armed: Clinic, server: Server
) -> None:
    server.script(close_after, answer(400, "known already"))
    assert armed.run("2026-06-10T09:00Z") == {"planned": 1, "retrying": 1}
    assert armed.run("2026-06-10T09:01Z", exits=1) == {"unknown": 1}
    (delivery,) = armed.deliveries()
    assert delivery["state"] == "unknown"
    assert "known already" in delivery["error"]
    assert "an earlier attempt may have succeeded" in delivery["error"]


LATE = """\
- id: late
  when: 1 hour before start
  late_booking: send
  grace: 30m
  actions: [{send: email, to: customer, subject: s, body: b}]
"""


def test_a_late_booking_is_found_up_to_the_last_second_of_its_grace(clinic: Clinic) -> None:
    clinic.write(LATE)
    clinic.run("2026-06-10T08:00Z")
    clinic.run("2026-06-10T09:20Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    assert clinic.run("2026-06-10T09:30:00Z") == {"planned": 1, "sent": 1}


def test_what_a_run_left_behind_that_died_under_a_clock_ahead_waits_too(armed: Clinic, server: Server) -> None:
    with die_at(POINTS["settling"], 1) as killed:
        armed.run("2026-06-10T09:00Z")
    assert killed()
    assert armed.run("2026-06-10T08:10Z") == {"retrying": 1}
    assert len(server.requests) == 1
    assert armed.run("2026-06-10T09:00Z") == {"sent": 1}
    assert [request.headers["webhook-id"] for request in server.requests] == [armed.deliveries()[0]["key"]] * 2


def test_a_success_that_was_on_its_way_does_not_end_the_wait_that_a_provider_asked_for(
    armed: Clinic, server: Server
) -> None:
    both_there, refused = threading.Event(), threading.Event()

    def slow_down(exchange: Exchange) -> None:
        exchange.read()
        both_there.wait(10)
        exchange.answer(429, headers={"Retry-After": "1200"})
        refused.set()

    def accept_a_little_later(exchange: Exchange) -> None:
        exchange.read()
        both_there.set()
        refused.wait(10)
        time.sleep(0.2)
        exchange.answer(200)

    armed.book("b2", "2026-06-10T10:00Z")
    server.script(slow_down, accept_a_little_later, answer(200))
    assert armed.run("2026-06-10T09:00Z") == {"planned": 2, "sent": 1, "retrying": 1}
    armed.book("b3", "2026-06-10T10:01Z")
    assert armed.run("2026-06-10T09:01Z") == {"planned": 1}
    assert armed.run("2026-06-10T09:19Z") == {}
    assert armed.run("2026-06-10T09:20Z") == {"sent": 2}


@pytest.mark.parametrize(
    ("ends", "at", "told"),
    [
        ("2026-06-10T10:20Z", "2026-06-10T10:20Z", {"expired": 1}),
        ("2026-06-10T12:00Z", "2026-06-10T10:45Z", {"sent": 1}),
    ],
)
def test_a_deadline_moves_with_the_end_of_the_booking(
    clinic: Clinic, server: Server, ends: str, at: str, told: dict[str, int]
) -> None:
    clinic.write(
        f"- id: now\n  when: at start\n  grace: 3h\n  actions: [{{send: webhook, url: '{server.url}'}}]\n",
        settings="timezone: Europe/Madrid\n",
    )
    clinic.run("2026-06-10T09:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", minutes=30)
    server.script(answer(503), answer(200))
    assert clinic.run("2026-06-10T10:00Z") == {"planned": 1, "retrying": 1}
    clinic.execute("UPDATE bookings SET ends_at = ?", (written(clock(ends)),))
    assert clinic.run(at, exits=int("expired" in told)) == told


def test_what_expired_comes_back_when_its_booking_ends_later(clinic: Clinic) -> None:
    clinic.write(
        "- id: now\n  when: at start\n  grace: 3h\n  late_booking: send\n"
        "  actions: [{send: email, to: customer, subject: s, body: b}]\n"
    )
    clinic.run("2026-06-10T09:00Z")
    clinic.book("b1", "2026-06-10T10:00Z", minutes=30)
    assert clinic.run("2026-06-10T10:40Z", exits=1) == {"planned": 1, "expired": 1}
    clinic.execute("UPDATE bookings SET ends_at = '2026-06-10T12:00:00Z'")
    assert clinic.run("2026-06-10T10:41Z") == {"planned": 1, "sent": 1}
