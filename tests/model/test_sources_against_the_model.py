"""The machine of sources plays: `python -m tests.model --sources --examples 500` is the long way."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.source_machine import SourceMachine

SETTINGS = settings(
    max_examples=6,
    stateful_step_count=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # each example makes a business and some dozen runs
)
MET = {"sent", "canceled", "held", "expired", "source ok", "source unchanged", "source failing", "source missing"}
MOST = 12  # rounds of games


@pytest.mark.slow
def test_whatever_happens_to_sources_nothing_is_lost_repeated_or_canceled_that_was_not() -> None:
    SourceMachine.seen.clear()
    for played in range(MOST):
        run_state_machine_as_test(seed(played)(SourceMachine), settings=SETTINGS)
        if SourceMachine.seen.keys() >= MET:
            return
    pytest.fail(f"no game met {MET - SourceMachine.seen.keys()}: a machine that meets no trouble proves nothing")
