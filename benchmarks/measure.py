"""Measuring: the best of several runs, of two things in turn."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the result: a ratio, what it is of what, and the goal."""

    what: str
    measured: str
    baseline: str
    ratio: float
    goal: str


def best_of(number: int, *things: Callable[[], object]) -> list[float]:
    """The shortest time of each thing, in seconds; they take turns, so that a busy moment disturbs them alike."""
    times: list[list[float]] = [[] for _ in things]
    for _ in range(number):
        for each, thing in zip(times, things, strict=True):
            began = time.perf_counter()
            thing()
            each.append(time.perf_counter() - began)
    return [min(each) for each in times]


def peak_memory(command: list[str]) -> float:
    """The peak resident memory of a command, in MB."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=False, capture_output=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(["python3", "-c", program, *command], capture_output=True, text=True, check=True)
    return int(ran.stdout) / 1024


def own_peak_memory() -> float:
    """The peak resident memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
