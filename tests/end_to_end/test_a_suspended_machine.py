"""A machine that sleeps while a run sends: what its deadline has passed meanwhile stays where it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from reminderctl import config as configuration
from reminderctl.bookings import open_bookings
from reminderctl.clocks import running_clock
from reminderctl.ledger import Ledger
from reminderctl.tick import tick
from tests import http_server
from tests.clinic import Clinic, at

REMINDER = """\
- id: reminder
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/{{appointment_id}}"}}]
"""
SLEEP = timedelta(hours=9)
WORKERS = 8


@pytest.fixture
def server() -> Iterator[http_server.Server]:
    with http_server.serve() as running:
        yield running


def test_a_run_that_sleeps_sends_nothing_after_the_visits(clinic: Clinic, server: http_server.Server) -> None:
    """What was on its way as the machine fell asleep may arrive; all that a worker had not begun may not."""
    clinic.write(REMINDER.format(url=server.url), settings="timezone: Europe/Madrid\n")
    clinic.run("2026-06-10T08:00Z")
    clinic.insert((f"b{number:03}", at("2026-06-10T10:00Z")) for number in range(120))
    slept, arrived, lock = timedelta(), [], threading.Lock()

    def clock() -> datetime:
        return at("2026-06-10T09:00Z") + slept

    def fall_asleep(exchange: http_server.Exchange) -> None:
        nonlocal slept
        exchange.read()
        with lock:
            arrived.append(slept)
            if len(arrived) > WORKERS:
                slept = SLEEP
        exchange.answer(200, {})

    server.script(fall_asleep)
    config, credentials = configuration.load_with_credentials(clinic.folder / "workflows.yaml", {})
    with Ledger(config.ledger) as ledger, open_bookings(config) as bookings:
        tick(config, ledger, bookings=bookings, load_credentials=lambda: credentials, clock=clock)
    asleep = [instant for instant in arrived if instant]
    assert len(asleep) < 2 * WORKERS, "only what was on its way"
    assert len(arrived) < 4 * WORKERS
    states = clinic.states()
    assert states.pop("sent") == len(arrived)
    report = clinic.run(clock(), exits=1)
    assert report == {"expired": 120 - len(arrived)}, "and the rest is said to be too late"


def test_a_stopped_run_that_goes_on_begins_nothing_after_the_deadline(
    clinic: Clinic, server: http_server.Server
) -> None:
    """A real process, stopped while its first messages are on their way, for as long as the deadline is away."""
    clinic.write(REMINDER.format(url=server.url) + "  grace: 1 minute\n", settings="timezone: Europe/Madrid\n")
    clinic.run("2026-06-10T08:00Z")
    clinic.insert((f"b{number:03}", at("2026-06-10T10:00Z")) for number in range(60))
    arrived, go_on = [], threading.Event()

    def hold(exchange: http_server.Exchange) -> None:
        arrived.append(exchange.read())
        go_on.wait(30)
        exchange.answer(200, {})

    server.script(hold)
    command = [sys.executable, "-m", "reminderctl", "-c", str(clinic.folder / "workflows.yaml"), "run"]
    with subprocess.Popen([*command, "--now", "2026-06-10T09:00:56Z"], stderr=subprocess.PIPE) as run:
        while not arrived:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(run.pid, signal.SIGSTOP)
        time.sleep(5)
        before = len(arrived)
        go_on.set()
        os.kill(run.pid, signal.SIGCONT)
        run.communicate(timeout=60)
    assert before <= WORKERS
    assert len(arrived) == before, "nothing was begun after 09:01:00"


def test_a_clock_goes_on_with_whatever_has_moved_most() -> None:
    elapsed, time_of_day = 1000.0, 5000.0
    clock = running_clock(at("2026-06-10T09:00Z"), elapsed=lambda: elapsed, time_of_day=lambda: time_of_day)
    assert clock() == at("2026-06-10T09:00Z")
    elapsed, time_of_day = 1060.0, 5059.0
    assert clock() == at("2026-06-10T09:01Z"), "an ordinary minute"
    elapsed, time_of_day = 1061.0, 5061.0 + SLEEP.total_seconds()
    assert clock() == at("2026-06-10T18:01:01Z"), "a virtual machine that was paused"
    elapsed, time_of_day = 1062.0 + SLEEP.total_seconds(), 5062.0
    assert clock() == at("2026-06-10T18:01:02Z"), "a laptop that slept, before its time of day was set"
    elapsed, time_of_day = 1063.0, 63.0
    assert clock() == at("2026-06-10T09:01:03Z"), "a time of day that was set back"
