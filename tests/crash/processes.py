"""Runs as processes of their own, as cron starts them."""

from __future__ import annotations

import subprocess
import sys
import time

from tests import http_server
from tests.clinic import Clinic

PATIENCE = 20.0  # seconds; a test that waits this long has failed


def start(clinic: Clinic, now: str) -> subprocess.Popen[str]:
    """`reminderctl run` at an instant."""
    command = [sys.executable, "-m", "reminderctl", "-c", str(clinic.folder / "workflows.yaml"), "run", "--now", now]
    return subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(web: http_server.Server, number: int) -> None:
    """Wait until a server has had so many requests."""
    until = time.monotonic() + PATIENCE
    while len(web.requests) < number:
        assert time.monotonic() < until, "no request arrived"
        time.sleep(0.01)
