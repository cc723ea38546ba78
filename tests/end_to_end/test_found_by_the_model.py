"""What the machine of tests/model found: each of these once went wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clinic import Clinic
from tests.http_server import Server, answer, close_after, serve
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
    assert "an earlier attempt may have gone out" in delivery["error"]


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
