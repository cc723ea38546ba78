"""The search for what quiet hours send before it falls due."""

from __future__ import annotations

from functools import cached_property

from reminderctl.bookings import BookingSource
from reminderctl.core.timing import find_zone
from reminderctl.model import Config, Window, Workflow
from reminderctl.quiet_settings import OpenHours


class EarlySearch:
    """Search as far ahead as messages are sent before they fall due."""

    def __init__(self, config: Config, bookings: BookingSource) -> None:
        self._config = config
        self._bookings = bookings

    def widen(self, window: Window, workflow: Workflow) -> Window:
        """Return a window of instants at which messages are sent as one of instants at which they fall due.

        It is wider only where a zone closes for the night: once a day.
        """
        quiet = workflow.quiet_hours
        if quiet is None or "earlier" not in quiet.outside or window.since >= window.until:
            return window
        from reminderctl.core.open_hours import due_until

        zones = self._zones | self._own_zones if quiet.zone == "recipient" else self._zones
        return Window(window.since, max(due_until(OpenHours(quiet.week, zone), window) for zone in zones))

    @cached_property
    def _zones(self) -> frozenset[str]:
        return frozenset({self._config.timezone, *filter(find_zone, self._bookings.timezones())})

    @cached_property
    def _own_zones(self) -> frozenset[str]:
        return frozenset(filter(find_zone, self._bookings.own_zones()))
