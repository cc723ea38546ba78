"""Limits of the work to render one message, which bound its time as well as its memory.

A template runs in a thread, where nothing can end it from outside. So everything in it that can take long, or make much
of little, asks here first: each step of a loop, each call, operator, filter and test. No value may be larger than
`LARGEST`, counted as a tree, so that no single operation takes long; what all of them make together is counted, too.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Set, ValuesView
from contextlib import contextmanager
from typing import Any, TypeVar

from jinja2.utils import Cycler, Namespace

from reminderctl.errors import Rejected

LARGEST = 1_000_000  # characters of one value or one rendered text
MOST_WORK = 3_000_000  # characters made in one message
STEP = 10  # characters that a step of a loop, a call, a part of a list counts as
BETWEEN_LOOKS = 20_000  # of this work, until the clock is looked at again: a system call costs as much as a filter
CPU_SECONDS = 10.0  # of the thread itself: a busy or suspended machine does not count
LARGEST_NUMBER = 20_000  # bits

Value = TypeVar("Value")


class ExceededError(Rejected):
    """A template asks for more than a message may take."""


class _Budget(threading.local):
    """The rest of the limits for the message that this thread renders."""

    open = False
    work = 0
    look_at = 0  # how little work is left when the clock is looked at
    until: float | None = None


_budget = _Budget()


@contextmanager
def bounded() -> Iterator[None]:
    """Give all that is rendered inside one budget; inside another one, that one goes on."""
    if _budget.open:
        yield
        return
    _budget.open, _budget.work, _budget.look_at, _budget.until = True, MOST_WORK, MOST_WORK - BETWEEN_LOOKS, None
    try:
        yield
    finally:
        _budget.open = False


def spend(work: int) -> None:
    """Take work from the budget; raises `ExceededError` where too little is left."""
    budget = _budget
    budget.work -= work
    if budget.work < budget.look_at and budget.open:
        now = time.thread_time()
        budget.until = budget.until or now + CPU_SECONDS
        budget.look_at = budget.work - BETWEEN_LOOKS
        if budget.work < 0 or now > budget.until:
            raise ExceededError("it takes too much work to render; shorten its loops")


def allow(size: float, what: str) -> None:
    """Refuse what would become larger than a value may be; raises `ExceededError`."""
    if not -LARGEST <= size <= LARGEST:
        raise ExceededError(f"{what} is too large; the limit is {LARGEST:,} characters")


def within(value: Value) -> Value:
    """Return a value that a template has put together, if it is not too large; raises `ExceededError`."""
    weigh(value)
    return value


def spent(value: Value) -> Value:
    """Return what an operation made, and take it from the budget; raises `ExceededError`."""
    spend(STEP if isinstance(value, range) else STEP + weigh(value))
    return value


def steps(iterable: Iterable[Value], work: int = 0) -> Iterator[Value]:
    """Go through a loop, each step of which makes so many characters; raises `ExceededError`."""
    for each in iterable:
        spend(STEP + work)
        yield each


def weigh(value: Any) -> int:
    """Return how many characters a value has, each part as `STEP` more, and as often as it occurs.

    Raises `ExceededError` above `LARGEST`.
    """
    if isinstance(value, str):
        weight = len(value)
        if weight > LARGEST:
            allow(weight, "a text")
        return weight
    weight = 0
    rest = [value]
    while rest:
        each = rest.pop()
        weight += STEP
        if isinstance(each, (str, range)):
            weight += len(each)
        elif isinstance(each, int):
            if each.bit_length() > LARGEST_NUMBER:
                raise ExceededError("a number is too large")
            weight += each.bit_length() // 8
        elif each is not None and not isinstance(each, float):
            rest.extend(_parts(each))
        if weight + STEP * len(rest) > LARGEST:
            allow(weight + STEP * len(rest), "a list")
    return weight


def weigh_all(args: Iterable[Any], kwargs: Mapping[str, Any]) -> int:
    """Return the weight of the arguments of a call; raises `ExceededError` where one is too large."""
    weight = sum(map(weigh, args))
    return weight + sum(map(weigh, kwargs.values())) if kwargs else weight


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, Mapping):
        return [part for pair in value.items() for part in pair]
    if isinstance(value, (Set, deque, ValuesView)):
        return value
    if isinstance(value, Namespace):
        return list(object.__getattribute__(value, "_Namespace__attrs").values())
    return value.items if isinstance(value, Cycler) else ()
