"""The keys of a sample in samples.yaml."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Service(Struct, frozen=True, kw_only=True):
    """What is booked; a text alone is its name."""

    id: str = ""
    name: str | None = None
    fields: dict[str, Any] = {}


class Staff(Struct, frozen=True, kw_only=True):
    """Who gives it; a text alone is the name."""

    id: str = ""
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    telegram: str | None = None
    fields: dict[str, Any] = {}


class Location(Struct, frozen=True, kw_only=True):
    """Where it takes place; a text alone is its name."""

    id: str = ""
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None
    fields: dict[str, Any] = {}


class Customer(Struct, frozen=True, kw_only=True):
    """Who comes; `status` is that of this customer in the booking."""

    id: str = ""
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    telegram: str | None = None
    language: str | None = None
    timezone: str | None = None
    status: str | None = None
    fields: dict[str, Any] = {}


class Sample(Struct, frozen=True, kw_only=True):
    """One booking; what is not a text is read by a function of its own."""

    about: str = ""
    id: str = ""
    starts: str
    lasts: str = "1 hour"
    booked: str = ""
    timezone: str = ""
    status: str = "approved"
    service: Any = None
    staff: Any = None
    location: Any = None
    customers: Any = None
    fields: dict[str, Any] = {}
