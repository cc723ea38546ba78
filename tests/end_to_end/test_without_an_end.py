"""An attempt that does not end: the run ends without it, and every look at the ledger names it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests import http_server
from tests.clinic import Clinic

ARMED, DUE, MUCH_LATER = "2026-06-10T08:00Z", "2026-06-10T09:00Z", "2026-06-10T09:11Z"
NAMED = re.compile(r"hook: webhook to http://127\.0\.0\.1:\d+ for booking b")


class Silent:
    """A server that takes requests and does not answer."""

    def __init__(self, server: http_server.Server) -> None:
        self.url = server.url
        self.busy, self.is_over = threading.Event(), threading.Event()
        server.script(self._answer)

    def _answer(self, exchange: http_server.Exchange) -> None:
        exchange.read()
        self.busy.set()
        self.is_over.wait(60)
        exchange.answer(200)


@pytest.fixture
def silent(clinic: Clinic) -> Iterator[Silent]:
    with http_server.serve() as server:
        silent = Silent(server)
        clinic.write(
            f"- {{id: hook, when: 1 hour before start, actions: [{{send: webhook, url: '{silent.url}'}}]}}\n",
            settings="timezone: Europe/Madrid\n",
        )
        clinic.run(ARMED)
        clinic.book("b", "2026-06-10T10:00Z")
        yield silent
        silent.is_over.set()


def test_a_run_ends_without_what_does_not_end(clinic: Clinic, silent: Silent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reminderctl.tick.BUDGET_SECONDS", 5.0)
    monkeypatch.setattr("reminderctl.tick.deadline.PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr("reminderctl.tick.deadline.LONGEST_ATTEMPT", 0)
    ended = clinic.command("run", "--now", DUE)
    assert (ended.exit_code, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert NAMED.match(ended.stderr)
    assert "still being sent long after the run's time limit; the next run takes care of it" in ended.stderr
    assert clinic.states() == {"sending": 1}
    silent.is_over.set()
    assert clinic.run("2026-06-10T09:01Z") == {"sent": 1}, "the receiver tells repetitions by their id"


def test_what_another_run_is_sending_for_too_long_is_named(clinic: Clinic, silent: Silent) -> None:
    yaml = str(clinic.folder / "workflows.yaml")
    command = [sys.executable, "-m", "reminderctl", "-c", yaml, "run", "--now", DUE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert silent.busy.wait(30)
        assert clinic.command("run", "--now", "2026-06-10T09:05Z").stderr == ""
        assert "sending" not in said(clinic, "2026-06-10T09:05Z")
        later = clinic.command("run", "--now", MUCH_LATER)
        assert (later.exit_code, later.stderr.count("\n")) == (1, 1), later.stderr
        assert NAMED.match(later.stderr)
        assert "another run has been sending it for more than 10 minutes" in later.stderr
        level, what = said(clinic, MUCH_LATER)["sending"]
        assert level == "warning"
        assert NAMED.search(what)
        assert what.startswith("being sent for more than 10 minutes: hook")
        assert what.endswith(
            "for booking b; `reminderctl deliveries list --state sending`; "
            "stop the run that hangs, and the next one takes care of it"
        )
        silent.is_over.set()
        assert run.communicate(timeout=60) == ("", "")
    assert "sending" not in said(clinic, MUCH_LATER)


def said(clinic: Clinic, now: str) -> dict[str, list[str]]:
    """What `status` finds, by what it is about: how bad it is, and the words."""
    found = json.loads(clinic.command("status", "--now", now, "--json").stdout)["findings"]
    return {each["about"]: [each["level"], each["what"]] for each in found}
