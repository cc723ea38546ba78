"""The options by which the rows of one file are read."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from reminderctl.core.statuses import list_known
from reminderctl.core.unasked import list_named
from reminderctl.import_lock import IMPORTING
from reminderctl.model import Workflow


class PhoneOptions(NamedTuple):
    """The countries of numbers without a country code: those of the channels, else (`is_guess`) that of the zone."""

    regions: tuple[str | None, ...] = (None,)
    is_guess: bool = True


class RowOptions(Struct, frozen=True, kw_only=True):
    """The options that decide what the cells of a row mean.

    `timezone` is that of rows without one, `phone` is about numbers without a country code. `known_statuses` are those
    that nobody need be warned of, as those that `workflows` name; None where nobody is warned of any. `date_format` is
    a pattern for `strptime`, or empty.
    """

    timezone: str
    workflows: tuple[Workflow, ...] = ()
    known_statuses: frozenset[str] | None = frozenset()
    phone: PhoneOptions = PhoneOptions()
    date_format: str = ""


def make_row_options(
    *, timezone: str, workflows: tuple[Workflow, ...], phone_regions: tuple[str | None, ...], date_format: str
) -> RowOptions:
    """Return the options for a configuration's zone and workflows, and for the regions of its channels."""
    phone = PhoneOptions(phone_regions, is_guess=False)
    return RowOptions(
        timezone=timezone,
        workflows=workflows,
        date_format=date_format,
        known_statuses=list_known(list_named(workflows)),
        phone=phone if phone_regions else PhoneOptions((_find_territory(timezone),), is_guess=True),
    )


def _find_territory(timezone: str) -> str | None:
    """Return the country of a zone, as CLDR has it."""
    with IMPORTING:
        from babel.core import get_global

    territory = get_global("zone_territories").get(timezone)
    return territory if territory and len(territory) == 2 else None
