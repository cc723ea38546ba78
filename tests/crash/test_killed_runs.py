"""Runs that die: what they were sending is found by the next run, and treated by the rule of its channel."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests import http_server
from tests.clinic import Clinic

WORKFLOWS = """\
- id: hook
  when: 1 hour before start
  actions:
    - send: webhook
      url: {url}/hook
      json: {{booking: "{{appointment_id}}"}}
"""
SETTINGS = "timezone: Europe/Madrid\n"
PATIENCE = 20.0  # seconds; a test that waits this long has failed


@pytest.fixture
def web() -> Iterator[http_server.Server]:
    with http_server.serve() as server:
        yield server


@pytest.fixture
def due(clinic: Clinic, web: http_server.Server) -> Clinic:
    """A clinic with one webhook due at 09:00."""
    clinic.write(WORKFLOWS.format(url=web.url), settings=SETTINGS)
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def start(clinic: Clinic, now: str) -> subprocess.Popen[str]:
    """`reminderctl run` as a process of its own, as cron starts it."""
    command = [sys.executable, "-m", "reminderctl", "-c", str(clinic.folder / "workflows.yaml"), "run", "--now", now]
    return subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(web: http_server.Server, number: int) -> None:
    until = time.monotonic() + PATIENCE
    while len(web.requests) < number:
        assert time.monotonic() < until, "no request arrived"
        time.sleep(0.01)


def test_a_webhook_whose_run_was_killed_is_sent_again_with_the_same_id(due: Clinic, web: http_server.Server) -> None:
    web.script(http_server.silence, http_server.answer(200))
    killed = start(due, "2026-06-10T09:00Z")
    wait_for(web, 1)
    assert due.states() == {"sending": 1}
    killed.kill()
    killed.communicate()
    assert due.run("2026-06-10T09:01Z") == {"sent": 1}
    first, second = web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    shown = json.loads(due.command("deliveries", "show", "1", "--json").stdout)
    assert [(attempt["outcome"], attempt["error"]) for attempt in shown["history"]] == [
        ("unknown", "the run that was sending it died"),
        ("sent", None),
    ]


def test_a_run_that_hangs_is_not_robbed_by_the_next(due: Clinic, web: http_server.Server) -> None:
    web.script(http_server.silence, http_server.answer(200))
    hanging = start(due, "2026-06-10T09:00Z")
    wait_for(web, 1)
    beside = start(due, "2026-06-10T09:01Z")
    output, errors = beside.communicate(timeout=PATIENCE)
    assert beside.returncode == 0, errors
    assert json.loads(output)["sent"] == 0
    assert len(web.requests) == 1
    assert due.states() == {"sending": 1}
    web.release()
    hanging.communicate(timeout=PATIENCE)


def test_a_run_that_is_told_to_stop_lets_what_is_on_its_way_finish(due: Clinic, web: http_server.Server) -> None:
    def slow(exchange: http_server.Exchange) -> None:
        exchange.read()
        exchange.server.released.wait(PATIENCE)
        exchange.answer(200)

    web.script(slow)
    for number in range(20):
        due.book(f"more{number}", "2026-06-10T10:00Z")
    stopped = start(due, "2026-06-10T09:00Z")
    wait_for(web, 8)
    stopped.send_signal(signal.SIGTERM)
    time.sleep(0.7)  # until it has heard
    web.release()
    stopped.communicate(timeout=PATIENCE)
    assert stopped.returncode == 0
    assert len(web.requests) == 8, "what was not on its way was not begun"
    assert due.states() == {"sent": 8, "pending": 13}


def test_eight_runs_started_together_send_each_message_once(due: Clinic, web: http_server.Server) -> None:
    for number in range(49):
        due.book(f"more{number}", "2026-06-10T10:00Z")
    runs = [start(due, "2026-06-10T09:00Z") for _ in range(8)]
    for run in runs:
        _, errors = run.communicate(timeout=3 * PATIENCE)
        assert run.returncode == 0, errors
    assert len(web.requests) == 50
    assert len({request.headers["webhook-id"] for request in web.requests}) == 50
    assert due.states() == {"sent": 50}
