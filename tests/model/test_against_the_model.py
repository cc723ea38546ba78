"""The machine plays, and the judge finds nothing: `python -m tests.model --examples 5000` is the long way."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import http_server
from tests.model.machine import Machine

SETTINGS = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # each example makes two databases and some dozen runs
)


ENDS = {f"ended as {state}" for state in ("sent", "failed", "unknown", "canceled", "expired", "sending")}
FEWEST, MOST = 2, 12  # rounds of games


@pytest.mark.parametrize("part", [1, 2])  # apart, so that two workers share them
def test_whatever_people_providers_and_clocks_do_the_model_has_foreseen_it(part: int) -> None:
    Machine.seen.clear()
    with http_server.serve() as server:
        Machine.server = server
        for played in range(MOST):
            run_state_machine_as_test(seed(part * 1000 + played)(Machine), settings=SETTINGS)
            if played + 1 >= FEWEST and Machine.seen.keys() >= ENDS:
                return
    pytest.fail(f"no game met {ENDS - Machine.seen.keys()}: a machine that meets no trouble proves nothing")
