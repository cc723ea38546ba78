"""Runs that are killed in the middle, and another trouble before the next one."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from signal import SIGKILL

import pytest

from tests import http_server
from tests.clinic import Clinic, at
from tests.crash import killed_run
from tests.end_to_end.test_two_troubles_at_once import run_at

NUMBER = 12
WORKFLOW = """\
- id: hook
  when: 2 hours before start
  actions: [{{send: webhook, url: "{url}/{{appointment_id}}", body: x}}]
"""


def empty(clinic: Clinic) -> None:
    for table in ("bookings", "participants", "customers"):
        clinic.execute(f"DELETE FROM {table}")  # noqa: S608 - names of tables


def spoil_some(clinic: Clinic) -> None:
    with closing(sqlite3.connect(clinic.folder / "bookings.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE bookings SET fields = '{' WHERE id IN ('b0', 'b1', 'b2')")


def take_away(clinic: Clinic) -> None:
    (clinic.folder / "workflows.yaml").unlink()


def look_from_the_future(clinic: Clinic) -> None:
    clinic.command("run", "--now", "2031-06-10T08:01Z")


@pytest.mark.parametrize("trouble", [empty, spoil_some, take_away, look_from_the_future])
@pytest.mark.parametrize("point", ["planned", "claimed", "answered", "between commits"])
def test_what_a_killed_run_left_is_sent_after_another_trouble(
    clinic: Clinic, point: str, trouble: Callable[[Clinic], None]
) -> None:
    with http_server.serve() as server:
        server.script(http_server.answer(200))
        clinic.write(WORKFLOW.format(url=server.url), settings="timezone: Europe/Madrid\n")
        clinic.insert((f"b{each}", at("2026-06-10T10:00Z") + each * timedelta(seconds=1)) for each in range(NUMBER))
        run_at(clinic, "2026-06-10T07:30Z", "2026-06-10T07:31Z")
        arguments = ("--config", str(clinic.folder / "workflows.yaml"), "run", "--now", "2026-06-10T08:01Z")
        process = killed_run.start(killed_run.Orders(arguments, clinic.folder, 1, point))
        process.join(60)
        assert process.exitcode == -SIGKILL
        for name in ("bookings.db", "workflows.yaml"):
            shutil.copy2(clinic.folder / name, clinic.folder / f"keep-{name}")
        trouble(clinic)
        for minute in (2, 3):
            clinic.command("run", "--now", f"2026-06-10T08:0{minute}Z")
        for name in ("bookings.db", "workflows.yaml"):
            (clinic.folder / f"keep-{name}").replace(clinic.folder / name)
        run_at(clinic, *(f"2026-06-10T08:{minute}Z" for minute in (20, 21, 26, 40)))
        arrived = Counter((each.path, each.headers["webhook-id"]) for each in server.requests)
    assert sorted(path for path, _ in arrived) == sorted(f"/b{each}" for each in range(NUMBER))
    repeated = sum(arrived.values()) - NUMBER
    assert repeated <= (8 if point == "answered" else 0), "only what the killed run may have sent, under its id"
    assert clinic.states() == {"sent": NUMBER}
