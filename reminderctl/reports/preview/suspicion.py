"""What samples and bookings.db know, for filters to be compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from reminderctl.config.lint.filters import KnownValues, read_known_values
from reminderctl.core.filters import FILTERS, TABLES
from reminderctl.model import Booking, Config
from reminderctl.reports.preview.models import Sample


def learn(samples: Iterable[Sample], *, config: Config) -> KnownValues:
    """Return what the samples and bookings.db know; a missing bookings.db knows nothing."""
    in_samples: dict[str, set[str]] = {name: set() for name in (*TABLES, "status")}
    for sample in samples:
        for name, values in _carried(sample.booking).items():
            in_samples[name] |= values
    known = read_known_values(config.bookings, in_samples) if config.bookings.exists() else KnownValues()
    return structs.replace(known, in_samples=_frozen(in_samples))


def _frozen(values: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(each) for name, each in values.items()}


def _carried(booking: Booking) -> dict[str, set[str]]:
    found = {name: set(FILTERS[name].values_of(booking, None, default_language="")) for name in TABLES}
    return found | {"status": {booking.status, *(each.status for each in booking.participants if each.status)}}
