"""Samples: the bookings of the package and of an operator that workflows are tried with."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, structs
from yaml.nodes import Node

from reminderctl.config import schema as config_shape
from reminderctl.config.locate import SAMPLES
from reminderctl.config.struct_reader import read_struct
from reminderctl.config.suggestions import did_you_mean, quote
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_list, is_mapping, is_text, key_node
from reminderctl.config.yaml_reader import read_yaml
from reminderctl.core import timing
from reminderctl.errors import ConfigError
from reminderctl.model import Booking, Config, Customer, Location, Participant, Service, Staff
from reminderctl.reports.preview.models import Sample
from reminderctl.reports.preview.sample_times import CLOCK_CHANGE, clocks_change, read_time, zone_that_changes

T = TypeVar("T")
Noun = TypeVar("Noun", Service, Staff, Location)

PACKAGED = Path(__file__).with_name(SAMPLES)
LACKING = frozenset({"group", "bare"})  # of the packaged ones
FIRST = "single"  # of them; its customer reads the default language, as most do
LONGEST = timedelta(days=366)
_READ_APART = ("service", "staff", "location", "customers")
_NAME = re.compile(config_shape.IDENTIFIER)


# --- the keys of samples.yaml -----------------------------------------------------------------------------------------


class ServiceKeys(Struct, frozen=True, kw_only=True):
    """The service that is booked; a text alone is its name."""

    id: str = ""
    name: str | None = None
    fields: dict[str, Any] = {}


class StaffKeys(Struct, frozen=True, kw_only=True):
    """The member of staff who gives it; a text alone is the name."""

    id: str = ""
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    telegram: str | None = None
    fields: dict[str, Any] = {}


class LocationKeys(Struct, frozen=True, kw_only=True):
    """The place of it; a text alone is its name."""

    id: str = ""
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None
    fields: dict[str, Any] = {}


class CustomerKeys(Struct, frozen=True, kw_only=True):
    """A customer who comes; `status` is that of this customer in the booking."""

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


class SampleKeys(Struct, frozen=True, kw_only=True):
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


# --- samples ----------------------------------------------------------------------------------------------------------


def read_samples(config: Config, *, now: datetime) -> dict[str, Sample]:
    """Read every sample by its name, the operator's in the place of a packaged one of that name.

    Raises `ConfigError` with every mistake in the operator's file.
    """
    zone = timing.find_zone(config.timezone) or ZoneInfo("UTC")
    samples = _read_file(PACKAGED, zone, now=now)
    samples[FIRST] = _speaking(samples[FIRST], config.language)
    for name in LACKING:
        samples[name] = structs.replace(samples[name], lacks_on_purpose=True)
    own = own_file(config)
    return samples | (_read_file(own, zone, now=now) if own.exists() else {})


def _speaking(sample: Sample, language: str) -> Sample:
    """Return a sample whose customers read a language."""
    people = tuple(
        structs.replace(each, customer=structs.replace(each.customer, language=language))
        for each in sample.booking.participants
    )
    return structs.replace(sample, booking=structs.replace(sample.booking, participants=people))


def own_file(config: Config) -> Path:
    """Return the path of an operator's samples."""
    return config.files[0].parent / SAMPLES


def _read_file(path: Path, zone: ZoneInfo, *, now: datetime) -> dict[str, Sample]:
    file = read_yaml(path)
    samples = {}
    for name, node in entries(file.root).items() if file.root is not None else ():
        sample = _read_sample(file, node, name=name, zone=zone, now=now)
        if sample is not None:
            samples[name] = sample
    if file.problems:
        raise ConfigError(file.problems)
    return samples


def _read_sample(file: YamlFile, node: Node, *, name: str, zone: ZoneInfo, now: datetime) -> Sample | None:
    """Read a sample, or return None with its mistakes noted."""
    assert file.root is not None  # noqa: S101 - the sample is in it
    if not _NAME.fullmatch(name):
        what = f"{quote(name)} may hold letters, digits, `.`, `_` and `-` only, at most 100"
        file.note(key_node(file.root, name), f"the name {what}", path="")
    if not is_mapping(node):
        file.note(node, "expected a mapping such as `starts: in 3 days at 10:00`", path=name)
        return None
    before = len(file.problems)
    given = read_struct(file, node, kind=SampleKeys, path=name)
    nodes = {key: value for key, value in entries(node).items() if not is_empty(value)}
    own = {key: _READERS[key](file, nodes[key], path=f"{name}: {key}") for key in _READ_APART if key in nodes}
    when = _read_times(file, nodes, zone=zone, name=name, now=now)
    if given is None or len(file.problems) > before:
        return None
    created = {"created_at": timing.instant_text(when.booked_at)} if when.booked_at else {}
    booking = Booking(
        id=given.id or name,
        starts_at=when.starts_at,
        ends_at=when.starts_at + when.length,
        timezone=when.timezone,
        status=given.status,
        service=own.get("service"),
        staff=own.get("staff"),
        location=own.get("location"),
        fields=created | given.fields,
        participants=own.get("customers", ()),
    )
    return Sample(name=name, about=given.about, booking=booking)


# --- times ------------------------------------------------------------------------------------------------------------


class _Times(NamedTuple):
    """The times of a sample; `timezone` is its own zone, if it has one."""

    starts_at: datetime
    length: timedelta
    booked_at: datetime | None
    timezone: str | None


def _read_times(file: YamlFile, nodes: Mapping[str, Node], *, zone: ZoneInfo, name: str, now: datetime) -> _Times:
    """Read the times of a sample, with something in the place of each that is wrong, and a note."""
    texts = {key: node.value for key, node in nodes.items() if is_text(node)}

    def read(key: str, reader: Callable[[str], T], *, otherwise: T) -> T:
        try:
            return reader(texts[key]) if key in texts else otherwise
        except ValueError as error:
            file.note(nodes[key], f"{key}: {error}", path=name)
            return otherwise

    own = read("timezone", _read_zone, otherwise=None)
    if texts.get("starts", "").startswith(CLOCK_CHANGE) and not own and not clocks_change(zone, now=now):
        own = zone_that_changes(now=now)
    read_instant = partial(read_time, zone=own or zone, now=now)
    return _Times(
        starts_at=read("starts", read_instant, otherwise=now),
        length=read("lasts", _read_length, otherwise=timing.HOUR),
        booked_at=read("booked", read_instant, otherwise=None),
        timezone=own.key if own else None,
    )


def _read_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name; raises ValueError."""
    zone = timing.find_zone(name)
    if zone is None:
        advice = did_you_mean(name, zoneinfo.available_timezones()) or "; use an IANA name such as `Europe/Madrid`"
        raise ValueError(f"there is no time zone {quote(name)}{advice}")
    return zone


def _read_length(text: str) -> timedelta:
    length = timing.parse_duration(text)
    if length > LONGEST:
        raise ValueError(f"{text!r} is more than a year")
    return length


# --- nouns ------------------------------------------------------------------------------------------------------------


def _read_noun(file: YamlFile, node: Node, *, path: str, keys: type[Struct], kind: type[Noun]) -> Noun | None:
    """Read a service, a member of staff or a location; None, and a note, where there is none."""
    if is_text(node):
        return kind(id=node.value, name=node.value)
    found = read_struct(file, node, kind=keys, path=path)
    if found is None:
        return None
    values = structs.asdict(found)
    identity = values["id"] or values["name"]
    if not identity:
        file.note(node, "give it an `id` or a `name`", path=path)
        return None
    return kind(**values | {"id": identity})


def _read_customers(file: YamlFile, node: Node, *, path: str) -> tuple[Participant, ...]:
    if not is_list(node):
        file.note(node, "expected a list: each customer begins with `- full_name: ...`", path=path)
        return ()
    found: dict[str, Participant] = {}
    for number, each in enumerate(node.value, start=1):
        place = f"{path}[{number - 1}]"
        customer = read_struct(file, each, kind=CustomerKeys, path=place)
        if customer is None:
            continue
        values = structs.asdict(customer)
        status, identity = values.pop("status"), customer.id or f"customer-{number}"
        if identity in found:
            file.note(each, f"the id {quote(identity)} is taken by an earlier customer", path=place)
        try:
            if customer.timezone:
                _read_zone(customer.timezone)
        except ValueError as error:
            file.note(entries(each)["timezone"], f"timezone: {error}", path=place)
        found[identity] = Participant(customer=Customer(**values | {"id": identity}), status=status)
    return tuple(found.values())


_READERS: Mapping[str, Callable[..., Any]] = {
    "service": partial(_read_noun, keys=ServiceKeys, kind=Service),
    "staff": partial(_read_noun, keys=StaffKeys, kind=Staff),
    "location": partial(_read_noun, keys=LocationKeys, kind=Location),
    "customers": _read_customers,
}
