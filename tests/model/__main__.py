"""Plays many examples, and tells what was played: `python -m tests.model --examples 5000 --seed 7`."""

from __future__ import annotations

import os
import tempfile
import time

import click
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import http_server
from tests.model.machine import Machine
from tests.model.source_machine import SourceMachine


@click.command()
@click.option("--examples", default=500, show_default=True, help="How many games to play.")
@click.option("--steps", default=40, show_default=True, help="The longest game.")
@click.option("--seed", "number", default=0, show_default=True, help="Another seed plays other games.")
@click.option("--sources", is_flag=True, help="Play the machine of sources.")
@click.option("--quick", is_flag=True, help="Stop at the first finding, and do not shrink it.")
def main(examples: int, steps: int, number: int, *, sources: bool, quick: bool) -> None:
    """Play the machine against the model, and shrink what it finds to the shortest game that shows it.

    Exit status: 0 nothing was found, 1 something was; it is printed.
    """
    began = time.monotonic()
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=not quick,
        phases=[Phase.generate] if quick else [Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )
    machine: type[Machine | SourceMachine] = SourceMachine if sources else Machine
    with tempfile.TemporaryDirectory() as cache, http_server.serve() as server:
        os.environ["XDG_CACHE_HOME"] = cache
        Machine.server = server
        try:
            run_state_machine_as_test(seed(number)(machine), settings=chosen)
        finally:
            for what, times in sorted(machine.seen.items()):
                click.echo(f"{times:8,}  {what}")
            click.echo(f"{time.monotonic() - began:8,.0f}  seconds")


if __name__ == "__main__":
    main()
