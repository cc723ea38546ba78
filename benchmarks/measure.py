"""Measuring: the best of several runs of two things in turn; a command's time and memory."""

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


def cpu_of_commands() -> float:
    """Return the seconds of CPU that all commands together took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def best_of(number: int, *things: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """The shortest time of each thing, in seconds; they take turns, so that a busy moment disturbs them alike."""
    times: list[list[float]] = [[] for _ in things]
    for _ in range(number):
        for each, thing in zip(times, things, strict=True):
            began = clock()
            thing()
            each.append(clock() - began)
    return [min(each) for each in times]


class Finished(NamedTuple):
    """What a command printed, how many seconds it took, and its peak resident memory in MB."""

    output: str
    seconds: float
    memory: float


# A child's peak counts from its fork, when it still is a copy of its parent: so the parent must be a small one.
_SMALL_PARENT = """
import resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def finish(command: list[str]) -> Finished:
    """Run a command to its end."""
    ran = subprocess.run(["python3", "-c", _SMALL_PARENT, *command], capture_output=True, text=True, check=True)
    output, _, last = ran.stdout.rstrip("\n").rpartition("\n")
    seconds, kilobytes = last.split()
    return Finished(output, float(seconds), int(kilobytes) / 1024)
