"""Quiet hours, as the YAML describes them."""

# Without `from __future__ import annotations`: each run that reads the cache would compile every one of them anew.
from datetime import timedelta
from typing import Literal

from msgspec import Struct

Way = Literal["later", "earlier"]
OpenSpan = tuple[int, int]  # minutes of a day: from, until
STAFF = "staff"  # among the channels: messages to staff, admin, company and location, too
RINGING = ("sms", "whatsapp", "telegram")


class QuietHours(Struct, frozen=True, kw_only=True, cache_hash=True):
    """The rules for messages that fall due while they may not ring.

    `week` holds the open time of each day, Monday first, None where a day is closed. The ways in `outside` are tried in
    their order; `later` leaves at least `least_notice` before a start.
    """

    week: tuple[OpenSpan | None, ...]
    zone: Literal["recipient", "booking"] = "recipient"
    channels: tuple[str, ...] = RINGING
    outside: tuple[Way, ...] = ("later", "earlier")
    least_notice: timedelta = timedelta(hours=2)


class OpenHours(Struct, frozen=True, cache_hash=True):
    """A week of open times on the clock of a zone."""

    week: tuple[OpenSpan | None, ...]
    zone: str
