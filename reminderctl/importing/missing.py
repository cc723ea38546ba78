"""Stored bookings that are missing from the file: they are canceled, until they come back."""

from __future__ import annotations

import re

from reminderctl.core import timing
from reminderctl.core.matching import NEVER_WITHOUT_A_FILTER
from reminderctl.core.statuses import standard_status
from reminderctl.importing.batch import Batch
from reminderctl.importing.store import BookingsStore
from reminderctl.model import Window

_INSTANCE = re.compile(r"(.+)/\d{8}(?:T\d{6}Z)?", re.DOTALL | re.ASCII)  # a name of `recurrence.format_name`


def cancel_missing_instances(store: BookingsStore, batch: Batch, *, window: Window) -> list[str]:
    """Cancel the instances that a series no longer has in the window; return their ids.

    A file with a series says of each day whether it is in it, so this needs nobody's word that the export is full.
    """
    since, until = map(timing.instant_text, window)
    missing = [
        str(booking_id)
        for name in batch.complete_series
        for booking_id, status, starts_at in store.list_series(name)
        if (booking_id == name or _find_series(str(booking_id)) == name)
        and since < str(starts_at) <= until
        and str(booking_id) not in batch.bookings
        and _is_alive(status)
    ]
    store.cancel(missing)
    return missing


def cancel_missing_bookings(store: BookingsStore, batch: Batch) -> list[str]:
    """Cancel the bookings that a full export does not hold; return their ids.

    It says nothing of a series outside the window. What each was before is remembered, for `merge` to restore it.
    """
    missing = [
        str(booking_id)
        for booking_id, status in store.list_statuses()
        if str(booking_id) not in batch.bookings
        and _find_series(str(booking_id)) not in batch.complete_series
        and _is_alive(status)
    ]
    store.save_left_out(missing)
    store.cancel(missing)
    return missing


def _find_series(booking_id: str) -> str:
    """Return the UID of the series that a booking is an instance of; empty for others, whose UID may have a `/` too."""
    instance = _INSTANCE.fullmatch(booking_id)
    return instance[1] if instance else ""


def _is_alive(status: object) -> bool:
    return standard_status(str(status)) not in NEVER_WITHOUT_A_FILTER
