"""A machine that sleeps in the middle of a run, at points that a game comes to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import http_server
from tests.clinic import at
from tests.model.spec_model import Action, Guest, Rule, Visit
from tests.model.suspending import CLOCKS, Suspend
from tests.model.world import World

CLAIMS = ("claimed, not committed", "claimed")
REMIND = Rule("remind", ("1 hour before start",), (Action("sms", ("customer",)), Action("webhook")))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A visit in an hour, whose two reminders are due."""
    with http_server.serve() as server:
        world = World(tmp_path, server, at("2026-06-10T08:00Z"))
        world.write(REMIND)
        world.give_phone("ana", "+34600000000")
        world.save("b1", Visit(at("2026-06-10T10:00Z"), at("2026-06-10T11:00Z"), guests=(Guest("ana"),)))
        world.run()
        world.advance(timedelta(hours=1))
        yield world


@pytest.mark.parametrize("point", CLAIMS)
def test_a_run_whose_time_is_up_begins_nothing_that_it_has_claimed(world: World, point: str) -> None:
    """Its deadline is still ahead, and the next run sends it."""
    ran = world.run(suspend=Suspend(point, 1, timedelta(minutes=5), CLOCKS[0]))
    assert ran.sleep, "the machine slept"
    assert not ran.arrivals
    assert {row.state for row in world.rows().values()} == {"pending"}
    assert len(world.run().arrivals) == 2
    assert {(row.state, row.attempts) for row in world.rows().values()} == {("sent", 1)}


@pytest.mark.parametrize("clocks", CLOCKS)
@pytest.mark.parametrize("point", ["read", *CLAIMS])
def test_whichever_clock_knows_of_a_sleep_nothing_is_sent_after_its_deadline(
    world: World, point: str, clocks: str
) -> None:
    """What a run has read, or claimed, is too late when the machine wakes, and the next run says so."""
    ran = world.run(suspend=Suspend(point, 1, timedelta(hours=9), clocks))
    assert ran.sleep, "the machine slept"
    assert not ran.arrivals
    assert not world.run().arrivals
    assert {(row.state, row.attempts) for row in world.rows().values()} == {("expired", 0)}
