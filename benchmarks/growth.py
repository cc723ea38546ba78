"""How cost grows: from 1,000 to 5,000,000 bookings, from 1 to 1,000 workflows."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from benchmarks import clinic
from benchmarks.idle import BASELINE
from benchmarks.measure import Row, best_of
from reminderctl.bookings import open_bookings
from reminderctl.config import load
from reminderctl.model import Window
from reminderctl.tick.reading import owed_in

BOOKINGS = (100_000, 1_000_000, 5_000_000)
WORKFLOWS = (10, 100, 1_000)
GOALS = {1_000_000: "<= 1.2, < 5 ms"}


def run(room: Path, *, most: int = BOOKINGS[-1]) -> Iterator[Row]:
    """Nothing is due; only what there is grows, up to `most` bookings."""
    yield from _more_bookings(room, most)
    yield from _more_workflows(room)


def _more_bookings(room: Path, most: int) -> Iterator[Row]:
    few = clinic.build(room / "few", triggers=clinic.mixed_triggers(100))
    clinic.add_bookings(few.parent, 1_000)
    many = clinic.build(room / "many", triggers=clinic.mixed_triggers(100))
    booked = 0
    for number in (each for each in BOOKINGS if each <= most):
        clinic.add_bookings(many.parent, number - booked)
        booked = number
        yield _compare(f"due computation, 100 workflows: {number:,} bookings : 1,000", few, many, GOALS.get(number))
        yield _compare_ticks(f"idle tick, 100 workflows: {number:,} bookings : 1,000", few, many)


def _more_workflows(room: Path) -> Iterator[Row]:
    few = clinic.build(room / "one", triggers=clinic.mixed_triggers(1))
    clinic.add_bookings(few.parent, 100_000)
    for number in WORKFLOWS:
        many = clinic.build(room / f"workflows-{number}", triggers=clinic.mixed_triggers(number))
        clinic.add_bookings(many.parent, 100_000)
        yield _compare(f"due computation, 100,000 bookings: {number:,} workflows : 1", few, many)
        yield _compare_ticks(f"idle tick, 100,000 bookings: {number:,} workflows : 1", few, many)


def _compare(what: str, few: Path, many: Path, goal: str | None = None) -> Row:
    with ExitStack() as stack:
        less, more = best_of(30, *(_search(stack, path) for path in (few, many)))
    return Row(what, f"{more * 1000:.2f} ms", f"{less * 1000:.2f} ms", more / less, goal or "-")


def _search(stack: ExitStack, path: Path) -> Callable[[], None]:
    config = load(path, os.environ)
    opened = stack.enter_context(open_bookings(config))
    window = Window(clinic.NOW - timedelta(minutes=6), clinic.NOW)

    def search() -> None:
        assert not list(owed_in(window, list(config.workflows), bookings=opened, config=config))

    return search


def _compare_ticks(what: str, few: Path, many: Path) -> Row:
    """What a tick takes beyond the start of its Python, against another's."""
    ticks = [clinic.command(path, "run") for path in (few, many)]
    for tick in ticks:
        subprocess.run(tick, check=True)  # checks the templates, arms the triggers
    commands = [BASELINE, *ticks]
    start, less, more = best_of(
        10, *(lambda command=command: subprocess.run(command, check=True) for command in commands)
    )
    both = f"{more * 1000:.0f} ms", f"{less * 1000:.0f} ms"
    return Row(f"{what} (Python's start: {start * 1000:.0f} ms)", *both, more / less, "-")
