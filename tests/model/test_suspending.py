"""A machine that sleeps in the middle of a run, at points that a game comes to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests import http_server
from tests.clinic import at
from tests.model.spec_model import Action, Guest, Rule, Visit
from tests.model.suspending import CLOCKS, Suspend
from tests.model.world import World

SLEEP = timedelta(minutes=5)
CLAIMS = ("claimed, not committed", "claimed")


@pytest.mark.parametrize("point", CLAIMS)
def test_a_run_whose_time_is_up_begins_nothing_that_it_has_claimed(tmp_path: Path, point: str) -> None:
    """Its deadline is still ahead, and the next run sends it."""
    rule = Rule("remind", ("1 hour before start",), (Action("sms", ("customer",)), Action("webhook")))
    with http_server.serve() as server:
        world = World(tmp_path, server, at("2026-06-10T08:00Z"))
        world.write(rule)
        world.give_phone("ana", "+34600000000")
        world.save("b1", Visit(at("2026-06-10T10:00Z"), at("2026-06-10T11:00Z"), guests=(Guest("ana"),)))
        world.run()
        world.advance(timedelta(hours=1))
        ran = world.run(suspend=Suspend(point, 1, SLEEP, CLOCKS[0]))
        assert ran.sleep, "the machine slept"
        assert not ran.arrivals
        assert {row.state for row in world.rows().values()} == {"pending"}
        assert len(world.run().arrivals) == 2
        assert {(row.state, row.attempts) for row in world.rows().values()} == {("sent", 1)}
