"""The machine plays, and the judge finds nothing: `python -m tests.model --examples 5000` is the long way."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import http_server
from tests.model.machine import Machine

SETTINGS = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # each example makes two databases and some dozen runs
)


@pytest.mark.parametrize("number", [3, 7, 8])  # apart, so that several workers share them; each meets all ends
def test_whatever_people_providers_and_clocks_do_the_model_has_foreseen_it(number: int) -> None:
    with http_server.serve() as server:
        Machine.server = server
        Machine.seen.clear()
        run_state_machine_as_test(seed(number)(Machine), settings=SETTINGS)
    ends = {f"ended as {state}" for state in ("sent", "failed", "unknown", "canceled", "expired", "sending")}
    assert ends <= Machine.seen.keys(), "a machine that meets no trouble proves nothing"
