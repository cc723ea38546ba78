"""The value of each shortcode for one rendering."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any, Self
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from reminderctl.core.filters import own_status
from reminderctl.core.timing import find_zone
from reminderctl.messages import dates
from reminderctl.messages.context import Context
from reminderctl.messages.shortcodes import CUSTOM
from reminderctl.model import Customer, Location, Service, Staff
from reminderctl.text import as_text


class Empty(str):
    """The value of a shortcode that the booking says nothing about; it remembers the name, for `test` to list."""

    __slots__ = ("shortcode",)
    shortcode: str

    def __new__(cls, shortcode: str) -> Self:
        """Make an empty text that knows which shortcode it is the value of."""
        empty = super().__new__(cls)
        empty.shortcode = shortcode
        return empty

    def __getitem__(self, _key: object) -> Self:
        return self  # {{ custom.parking.floor }} of a booking without parking


class Lookup:
    """Values by name, as templates see them; a name without a value is `Empty`, never an error."""

    __slots__ = ("_find", "_names")

    def __init__(self, find: Callable[[str], Any], names: Collection[str] = ()) -> None:
        self._find = find
        self._names = names

    def __getitem__(self, name: str) -> Any:
        return self._find(name)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def values(names: Iterable[str], context: Context) -> dict[str, Any]:
    """The values of these shortcodes; what is absent is `Empty`."""
    return {name: value(name, context) for name in names}


def value(name: str, context: Context) -> Any:
    """The value of one shortcode: text, a `FormattedInstant`, or what the `fields` hold; `Empty` where there is none.

    1. Times come from the booking itself. 2. So does all else that has a column of its own. 3. Then the `fields` are
    asked, the narrowest first: participant, booking, and whom the name begins with. 4. Last, what can be computed.
    """
    if name.startswith(CUSTOM):
        return _custom(name[len(CUSTOM) :], _merged(context))
    if name in _MOMENTS:
        found: Any = _moment(name, context)
    else:
        found = next((given for given in _sources(name, context) if given not in (None, "")), None)
    return Empty(name) if found is None else found


def custom(context: Context) -> Lookup:
    """Return the value of `custom` in a template: every key of the merged `fields`."""
    merged = _merged(context)
    return Lookup(lambda key: _custom(str(key), merged), merged)


def _custom(key: str, merged: Mapping[str, Any]) -> Any:
    found = merged.get(key)
    return Empty(CUSTOM + key) if found is None or found == "" else found


def _merged(context: Context) -> Mapping[str, Any]:
    booking, participant = context.booking, context.participant
    owners = (participant, booking, participant and participant.customer, booking.location, booking.staff)
    return ChainMap(*(dict(owner.fields) for owner in (*owners, booking.service) if owner))


def _sources(name: str, context: Context) -> Iterator[Any]:
    if name in _COLUMNS:
        yield _COLUMNS[name](context)
    for name_in_fields in _ALIASES.get(name, (name,)):
        yield from _from_fields(name_in_fields, context)
    if name in _COMPUTED:
        yield _COMPUTED[name](context)


def _from_fields(name: str, context: Context) -> Iterator[Any]:
    booking, participant = context.booking, context.participant
    prefix, _, rest = name.partition("_")
    narrow = [participant.fields, booking.fields] if participant else [booking.fields]
    for fields in narrow:
        yield fields.get(name)
    if prefix == "appointment":
        for fields in narrow:
            yield fields.get(rest)
    elif prefix in _OWNERS:
        owner = _OWNERS[prefix](context)
        if owner:
            yield owner.fields.get(rest)
            yield owner.fields.get(name)
    elif prefix != "company":
        yield _merged(context).get(name)  # a member of staff may have one Zoom room for ever


_OWNERS: dict[str, Callable[[Context], Service | Staff | Location | Customer | None]] = {
    "service": lambda context: context.booking.service,
    "staff": lambda context: context.booking.staff,
    "location": lambda context: context.booking.location,
    "customer": lambda context: context.participant.customer if context.participant else None,
}

_ALIASES = dict.fromkeys(("zoom_url", "zoom_meeting_url"), ("zoom_meeting_url", "zoom_url"))


# --- columns --------------------------------------------------------------------------------------------------------


def _column(owner: str, attribute: str) -> Callable[[Context], Any]:
    return lambda context: getattr(_OWNERS[owner](context), attribute, None)


def _company(attribute: str) -> Callable[[Context], Any]:
    return lambda context: getattr(context.company, attribute)


def _status(context: Context) -> str:
    return own_status(context.booking, context.participant)


def _duration(context: Context) -> str:
    minutes = round((context.booking.ends_at - context.booking.starts_at).total_seconds() / 60)
    hours, rest = divmod(max(minutes, 0), 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )


def _language(context: Context) -> str | None:
    participant = context.participant
    return (participant.language or participant.customer.language) if participant else None


def _appointment_id(context: Context) -> Any:
    """Return the number that the customer knows: the booking's id of a source has that one's name before it."""
    return next(filter(None, _from_fields("appointment_id", context)), None) or context.booking.id


_COLUMNS: dict[str, Callable[[Context], Any]] = {
    "appointment_id": _appointment_id,
    "appointment_status": _status,
    "appointment_duration": _duration,
    "customer_language": _language,
    "location_phone_number": _column("location", "phone"),
    **{
        f"{owner}_{attribute}": _column(owner, attribute)
        for owner, attributes in {
            "service": ("name",),
            "customer": ("full_name", "first_name", "last_name", "phone", "email"),
            "staff": ("name", "email", "phone"),
            "location": ("name", "address"),
        }.items()
        for attribute in attributes
    },
    **{
        f"company_{attribute}": _company(attribute)
        for attribute in ("name", "image_url", "website", "phone", "address")
    },
}


# --- computed where nobody says otherwise ---------------------------------------------------------------------------


def _full_name(context: Context) -> str:
    customer = context.participant.customer if context.participant else Customer(id="")
    return " ".join(part for part in (customer.first_name, customer.last_name) if part)


def _first_name(context: Context) -> str:
    return _text_of("customer_full_name", context).partition(" ")[0]


def _last_name(context: Context) -> str:
    return _text_of("customer_full_name", context).partition(" ")[2].strip()


def _text_of(name: str, context: Context) -> str:
    return as_text(value(name, context)).strip()


def _maps_url(context: Context) -> str | None:
    address = _text_of("location_address", context)
    return f"https://www.google.com/maps/search/?api=1&query={_quoted(address)}" if address else None


def _calendar_link(context: Context) -> str:
    booking = context.booking
    period = "/".join(f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for at in (booking.starts_at, booking.ends_at))
    place = ", ".join(filter(None, (_text_of("location_name", context), _text_of("location_address", context))))
    title = ", ".join(filter(None, (_text_of("service_name", context), context.company.name)))
    parts = {"action": "TEMPLATE", "text": title, "dates": period, "location": place}
    return "https://calendar.google.com/calendar/render?" + urlencode(
        {key: part for key, part in parts.items() if part}, safe="/", quote_via=quote, errors="replace"
    )


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


_COMPUTED: dict[str, Callable[[Context], Any]] = {
    "customer_full_name": _full_name,
    "customer_first_name": _first_name,
    "customer_last_name": _last_name,
    "appointment_total_attendees": lambda context: len(context.booking.participants),
    "location_google_maps_url": _maps_url,
    "add_to_google_calendar_link": _calendar_link,
}


# --- times ----------------------------------------------------------------------------------------------------------

_KINDS = {"date": dates.date, "time": dates.time, "date_time": dates.date_time}
_MOMENTS = {
    f"appointment_{which}{kind}{reader}": (source, kind, reader)
    for which, source in {"": "start", "start_": "start", "end_": "end", "created_": "created"}.items()
    for kind in _KINDS
    for reader in ("", "_client")
    if f"{which}{kind}" not in {"time", "created_date_time"}
}


def _moment(name: str, context: Context) -> Any:
    source, kind, reader = _MOMENTS[name]
    zone = reader_zone(context, client=bool(reader))
    if source == "created":
        given = next((found for found in _created(name.removesuffix("_client"), context) if found), None)
        at = dates.parse(given, zone) if isinstance(given, str) else None
        if at is None:
            return given  # not an instant that we can read: as it was written
    else:
        at = (context.booking.starts_at if source == "start" else context.booking.ends_at).astimezone(zone)
    return _KINDS[kind](at, context.languages)


def _created(name: str, context: Context) -> Iterator[Any]:
    yield from _from_fields(name, context)
    yield context.booking.fields.get("created_at")


def reader_zone(context: Context, *, client: bool = False) -> ZoneInfo:
    """The zone of the booking, or of the customer where that is wanted and known."""
    own = find_zone(context.participant.customer.timezone or "") if client and context.participant else None
    return own or ZoneInfo(context.timezone)  # `deliver` has refused bookings in a zone that is none
