"""Where a run can be killed: points inside the run by name, points of its counterparts, and any time at all."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

When = Literal["before", "after", "before its end", "after its end"]  # the latter two: of a `with` block


class Point(NamedTuple):
    """A function of reminderctl, and when in its call the run dies; in the call with a number up to `most`."""

    name: str
    function: str
    when: When
    most: int


INSIDE = (
    Point("planned, not committed", "reminderctl.tick:plan", "after", 1),
    Point("planned", "reminderctl.ledger.runs:Run.write_stamp", "before", 1),
    Point("stamped", "reminderctl.ledger.runs:Run.write_stamp", "after", 1),
    Point("recovered", "reminderctl.tick.send:Sender.recover", "after", 1),
    Point("claimed, not committed", "reminderctl.ledger.claims:claim", "after", 6),
    Point("claimed", "reminderctl.tick.before_attempt:Precheck.submit_owed", "before", 2),
    Point("handed out", "reminderctl.tick.before_attempt:Precheck.submit_owed", "after", 2),
    Point("about to send", "reminderctl.tick.attempt:Deliverer.deliver", "before", 8),
    Point("answered", "reminderctl.tick.attempt:Deliverer.deliver", "after", 8),
    Point("settling", "reminderctl.ledger.claims:settle", "before", 8),
    Point("settled, not committed", "reminderctl.ledger.claims:settle", "after", 8),
    Point("about to commit", "reminderctl.ledger:Ledger.transaction", "before its end", 5),
    Point("between commits", "reminderctl.ledger:Ledger.transaction", "after its end", 5),
)

# The counterpart kills the run: with its request in hand, with its acceptance written down, with its answer given.
HELD, ACCEPTED, ANSWERED = "request in hand", "accepted, not answered", "just answered"
OUTSIDE = (HELD, ACCEPTED, ANSWERED)

RANDOM, BESIDE = "at a random time", "at a random time, beside another run"
ALL = (*(point.name for point in INSIDE), *OUTSIDE, RANDOM, BESIDE)

# Those that a run comes past which sends first and marks later, or the other way round.
NAIVE = ("about to send", "answered", *OUTSIDE, RANDOM)


def strike_at(point: Point, strike: Callable[[], None]) -> None:
    """Call `strike` at each call of the point's function; raises AttributeError where there is no such function."""
    module, _, path = point.function.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)
    wrap = _wrap_block if point.when.endswith("end") else _wrap_call
    setattr(owner, name, wrap(original, point.when, strike))


def _wrap_call(original: Callable[..., Any], when: When, strike: Callable[[], None]) -> Callable[..., Any]:
    def struck(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            strike()
        result = original(*arguments, **named)
        if when == "after":
            strike()
        return result

    return struck


def _wrap_block(original: Callable[..., Any], when: When, strike: Callable[[], None]) -> Callable[..., Any]:
    @contextmanager
    def struck(*arguments: Any, **named: Any) -> Iterator[Any]:
        with original(*arguments, **named) as opened:
            yield opened
            if when == "before its end":
                strike()
        if when == "after its end":
            strike()

    return struck
