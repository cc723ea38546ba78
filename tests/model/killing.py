"""Runs inside this process that die, or that meet a change of the world, at a named point.

What dies writes nothing more and begins no other attempt; its connections and its lock go, as with a process.
"""

from __future__ import annotations

import importlib
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from reminderctl.ledger import Ledger
from reminderctl.tick.attempt import Deliverer
from tests.crash import points

# In the main thread: a death inside a worker's attempt is, for all that remains, one between claim and settling.
POINTS = {point.name: point for point in points.INSIDE if not point.function.startswith("reminderctl.tick.attempt:")}
PATIENCE = 20.0  # seconds that an attempt under way may take to end


class Killed(BaseException):
    """The run is dead."""


@contextmanager
def die_at(point: points.Point, number: int) -> Iterator[Callable[[], bool]]:
    """Let the run inside the block die in the call of the point's function with this number; gives whether it did."""
    dead = threading.Event()
    calls = 0

    def strike() -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            dead.set()
            raise Killed

    with ExitStack() as stack:
        before = set(threading.enumerate())
        stack.enter_context(_struck(point, strike))
        # What unwinds comes past `finally`, where a run that is alive would write.
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(Ledger, "transaction", _refusing(Ledger.transaction, dead, Killed))
        patch.setattr(Deliverer, "deliver", _refusing(Deliverer.deliver, dead, RuntimeError))
        with suppress(Killed):
            yield dead.is_set
        for thread in set(threading.enumerate()) - before:
            if thread.daemon:
                thread.join(PATIENCE)


@contextmanager
def meet_at(point: points.Point, change: Callable[[], None], *, number: int = 1) -> Iterator[None]:
    """Let something happen once in the block: in the call of the point's function with this number."""
    calls = itertools.count(1)  # of any thread

    def strike() -> None:
        if next(calls) == number:
            change()

    with _struck(point, strike):
        yield


@contextmanager
def _struck(point: points.Point, strike: Callable[[], None]) -> Iterator[None]:
    module, _, path = point.function.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, getattr(owner, name))  # so that it is put back
        points.strike_at(point, strike)
        yield


def _refusing(original: Callable[..., Any], dead: threading.Event, error: type[BaseException]) -> Callable[..., Any]:
    def refusing(*arguments: Any, **named: Any) -> Any:
        if dead.is_set():
            raise error
        return original(*arguments, **named)

    return refusing
