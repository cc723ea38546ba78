"""Runs beside each other: they share the work, wait for each other's messages, and stop when they are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from threading import Event

import pytest

from tests import http_server
from tests.clinic import Clinic
from tests.crash.counterparts import Counterparts, serve
from tests.crash.processes import PATIENCE, start, wait_for
from tests.providers import HTTP_PROVIDERS, write_secrets

HOOK = """\
- id: hook
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/hook", json: {{booking: "{{appointment_id}}"}}}}]
"""
THREE_CHANNELS = """\
- id: visits
  when: 1 hour before start
  actions:
    - {{send: webhook, url: "{url}/visits", json: {{visit: "{{appointment_id}}"}}}}
    - {{send: email, to: customer, subject: Visit, body: "{{appointment_id}}"}}
    - {{send: sms, to: customer, body: "{{appointment_id}}"}}
"""


@pytest.fixture
def web() -> Iterator[http_server.Server]:
    with http_server.serve() as server:
        yield server


@pytest.fixture
def due(clinic: Clinic, web: http_server.Server) -> Clinic:
    """A clinic with one webhook due at 09:00."""
    clinic.write(HOOK.format(url=web.url), settings="timezone: Europe/Madrid\n")
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    return clinic


def answer_when(released: Event) -> http_server.Step:
    """Take the request, and accept it when the test says so."""

    def step(exchange: http_server.Exchange) -> None:
        exchange.read()
        released.wait(PATIENCE)
        exchange.answer(200)

    return step


def end(run: Popen[str], *, timeout: float = PATIENCE) -> dict[str, int]:
    """What a run that ends well counted."""
    output, errors = run.communicate(timeout=timeout)
    assert run.returncode == 0, errors
    report: dict[str, int] = json.loads(output)
    return report


def test_eight_runs_started_together_send_each_message_once(clinic: Clinic, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence.jsonl"
    counterparts = Counterparts(evidence, seed="", faults=0)
    with serve(counterparts, ["webhook", "sms twilio"]) as places:
        write_secrets(clinic.folder)
        email = f"  email: {{host: 127.0.0.1, port: {places['email']}, security: none, from: citas@example.com}}\n"
        sms = HTTP_PROVIDERS["sms twilio"].settings.format(url=places["sms twilio"], timeout=20)
        clinic.write(
            THREE_CHANNELS.format(url=places["webhook"]),
            settings=f"timezone: Europe/Madrid\nchannels:\n{email}{sms}",
        )
        clinic.run("2026-06-10T08:00Z")
        for number in range(50):
            clinic.book(f"visit-{number}", "2026-06-10T10:00Z")
        runs = [start(clinic, "2026-06-10T09:00Z") for _ in range(8)]
        reports = [end(run, timeout=3 * PATIENCE) for run in runs]
    counterparts.close()
    events = [json.loads(line) for line in evidence.read_text().splitlines()]
    accepted = Counter((event["visit"], event["channel"]) for event in events)
    assert len(accepted) == 150
    assert set(accepted.values()) == {1}
    assert sum(report["sent"] for report in reports) == 150
    assert clinic.states() == {"sent": 150}


def test_a_run_that_hangs_is_not_robbed_by_the_next_ones(due: Clinic, web: http_server.Server) -> None:
    released = Event()
    web.script(answer_when(released))
    hanging = start(due, "2026-06-10T09:00Z")
    wait_for(web, 1)
    for minute in ("09:01", "09:02"):
        assert end(start(due, f"2026-06-10T{minute}Z"))["sent"] == 0
    assert due.states() == {"sending": 1}
    released.set()
    assert end(hanging)["sent"] == 1
    assert len(web.requests) == 1
    assert due.states() == {"sent": 1}


def test_a_run_that_hangs_is_known_by_whatever_link_its_ledger_is_reached(due: Clinic, web: http_server.Server) -> None:
    released = Event()
    web.script(answer_when(released))
    hanging = start(due, "2026-06-10T09:00Z")
    wait_for(web, 1)
    (due.folder / "link.db").symlink_to(due.folder / "ledger.db")
    path = due.folder / "workflows.yaml"
    path.write_text(f"ledger: link.db\n{path.read_text()}")
    assert end(start(due, "2026-06-10T09:01Z"))["unknown"] == 0
    released.set()
    assert end(hanging)["sent"] == 1
    assert len(web.requests) == 1


def test_a_run_that_is_told_to_stop_lets_what_is_on_its_way_finish(due: Clinic, web: http_server.Server) -> None:
    released = Event()
    web.script(answer_when(released))
    for number in range(20):
        due.book(f"more{number}", "2026-06-10T10:00Z")
    stopped = start(due, "2026-06-10T09:00Z")
    wait_for(web, 8)
    stopped.terminate()
    released.wait(0.7)  # until it has heard
    released.set()
    assert end(stopped)["sent"] == 8
    assert len(web.requests) == 8, "what was not on its way was not begun"
    assert due.states() == {"sent": 8, "pending": 13}


def test_a_run_that_is_told_to_stop_does_not_wait_for_a_provider_that_hangs(
    due: Clinic, web: http_server.Server
) -> None:
    web.script(http_server.silence, http_server.answer(200))
    stopped = start(due, "2026-06-10T09:00Z")
    wait_for(web, 1)
    stopped.terminate()
    _, errors = stopped.communicate(timeout=PATIENCE)  # it would wait longer for this answer than we for it
    assert (stopped.returncode, errors) == (
        1,
        "asked to stop while 1 message was being sent; the next run takes care of the rest\n",
    )
    assert due.states() == {"sending": 1}
    assert due.run("2026-06-10T09:01Z") == {"sent": 1}, "the next run knows that this one is gone"
