"""The workflow, booking or person that a command's argument names, or a refusal that says what there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reminderctl.bookings import BookingCatalog
from reminderctl.config.suggestions import did_you_mean, suggest
from reminderctl.errors import ReminderctlError, UsageError
from reminderctl.model import Booking, Config, Workflow

MOST_IDS = 5000  # among which a mistyped one is looked for; and names


def find_workflow(config: Config, workflow_id: str, *, also: Iterable[str] = ()) -> Workflow:
    """Return the workflow of that id, switched off or not; raises `UsageError`, which suggests those of `also`, too."""
    known = {workflow.id: workflow for workflow in config.workflows}
    if workflow_id in known:
        return known[workflow_id]
    names = dict.fromkeys((*known, *also))
    hint = suggest(workflow_id, names, of="there are") if names else ""
    broken = "; it may be in a file with problems" if config.broken else ""
    raise UsageError(f"there is no workflow {workflow_id}{hint}{broken}")


def find_booking(bookings: BookingCatalog, booking_id: str) -> Booking:
    """Return the booking of that id; raises `UsageError` where there is none that can be read."""
    booking = bookings.find(booking_id)
    if booking is None:
        raise no_booking(bookings, booking_id, problems=bookings.problems)
    return booking


def no_booking(bookings: BookingCatalog, booking_id: str, *, problems: Collection[str]) -> UsageError:
    """Return the error to raise where there is no such booking; `problems` are why it cannot be read."""
    ids = bookings.latest_ids(most=MOST_IDS)
    # Who knows the number of a booking in its own program types no name of a source before it.
    same = next((each for each in ids if each.endswith(f":{booking_id}")), "")
    near = f"; did you mean `{same}`?" if same else did_you_mean(booking_id, ids)
    hint = "".join(f"; {problem}" for problem in problems) or near
    listed = "; `reminderctl bookings list` lists them, with `--customer NAME` those of one person"
    return UsageError(f"there is no booking {booking_id}{hint or listed}")


def find_recipients(text: str, kinds: tuple[str, ...], *, config: Config) -> list[str]:
    """Return the identities of the people whom a text means; raises `UsageError` where nobody is called so."""
    from reminderctl.bookings.people import open_people

    try:
        with open_people(config) as people:
            if found := people.search(text, kinds=kinds):
                return [person.identity for person in found]
            advice = _find_alike(text, [person.name for kind in kinds for person in people.everybody(kind)])
    except ReminderctlError as error:
        advice = f"; {error}"
    raise UsageError(f"there is no {'customer' if kinds == ('customer',) else 'recipient'} {text}{advice}")


def _find_alike(text: str, names: list[str]) -> str:
    """Return what was probably meant: a name that is near, or one that has a word of it."""
    from reminderctl.bookings.people import fold

    words = set(fold(text).split())
    alike = next((name for name in names if not words.isdisjoint(fold(name).split())), "")
    near = did_you_mean(text, filter(None, names[:MOST_IDS]))
    return near or (f"; did you mean `{alike}`?" if alike else "; `reminderctl bookings list` lists them")
