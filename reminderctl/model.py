"""The nouns: bookings, workflows, deliveries and their outcomes.

Instants are aware datetimes in UTC with whole seconds, their names end in `_at`. Durations are timedeltas.
"""

# Without `from __future__ import annotations`: each run that reads the cache would compile every one of them anew.
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from reminderctl.errors import Problem
from reminderctl.quiet_settings import OpenHours, QuietHours
from reminderctl.secret import Secret
from reminderctl.source_settings import SourceSettings

Fields = Mapping[str, Any]


# --- bookings -------------------------------------------------------------------------------------------------------


class Service(Struct, frozen=True, kw_only=True):
    """A service that can be booked."""

    id: str
    name: str | None = None
    fields: Fields = {}


class Staff(Struct, frozen=True, kw_only=True):
    """A member of staff, who gives the service."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    telegram: str | None = None
    fields: Fields = {}


class Location(Struct, frozen=True, kw_only=True):
    """A place at which the service is given."""

    id: str
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None
    fields: Fields = {}


class Customer(Struct, frozen=True, kw_only=True):
    """A customer, who comes to the booking."""

    id: str
    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    telegram: str | None = None
    language: str | None = None
    timezone: str | None = None
    fields: Fields = {}


class Participant(Struct, frozen=True, kw_only=True):
    """One customer in one booking; status and language, where given, go before the booking's and the customer's."""

    customer: Customer
    status: str | None = None
    language: str | None = None
    fields: Fields = {}


class Booking(Struct, frozen=True, kw_only=True):
    """One appointment. `timezone` is an IANA name, or None for the configured zone."""

    id: str
    starts_at: datetime
    ends_at: datetime
    timezone: str | None = None
    status: str = "approved"
    service: Service | None = None
    staff: Staff | None = None
    location: Location | None = None
    fields: Fields = {}
    participants: tuple[Participant, ...] = ()


# --- workflows ------------------------------------------------------------------------------------------------------


class Trigger(Struct, frozen=True, kw_only=True, cache_hash=True):
    """An offset from a booking's start or end.

    Exactly one kind: `minutes` (exact, 0 for "at start"), or `days` (calendar days in the booking's zone), the latter
    perhaps `at` a wall-clock time. `text` is the sentence in its standard form.
    """

    anchor: Literal["start", "end"]
    before: bool
    minutes: int = 0
    days: int | None = None
    at: time | None = None
    text: str

    @property
    def identity(self) -> str:
        """The same for every way to write the same trigger: `60 minutes` and `1 hour`, not `1 day` and `24 hours`."""
        offset = f"{self.minutes}m" if self.days is None else f"{self.days}d"
        moment = f"@{self.at:%H:%M}" if self.at else ""
        return f"{self.anchor}{'-' if self.before else '+'}{offset}{moment}"


class Filters(Struct, frozen=True, kw_only=True, cache_hash=True):  # each an entry of core/filters.py, too
    """Every key given must match; inside a key any value does. Values are ids or names."""

    status: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    location: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    language: tuple[str, ...] = ()


class Action(Struct, frozen=True, kw_only=True):
    """One thing a workflow does: `message` holds the channel's fields, with shortcodes and language maps in them."""

    id: str
    channel: str
    to: tuple[str, ...] = ()  # empty for channels without recipients (webhook)
    circuit: str = ""  # what is paused together: the channel, for webhooks the channel and the host
    message: Mapping[str, Any]


class Workflow(Struct, frozen=True, kw_only=True):
    """A named rule: triggers, filters, actions."""

    id: str
    name: str = ""
    enabled: bool = True
    triggers: tuple[Trigger, ...]
    filters: Filters = Filters()
    exceptions: Filters = Filters()
    actions: tuple[Action, ...]
    for_each_customer: bool | None = None
    grace: timedelta | None = None
    late_booking: Literal["skip", "send"] = "skip"
    max_burst: int | None = 500
    quiet_hours: QuietHours | None = None


class Company(Struct, frozen=True, kw_only=True):
    """The business: the `company_` shortcodes, and the recipient `company`."""

    name: Annotated[str, Meta(description="{company_name}")] = ""
    phone: Annotated[str, Meta(description="{company_phone}; also receives SMS and WhatsApp to `company`")] = ""
    email: Annotated[str, Meta(description="Email address for messages to `company`")] = ""
    website: Annotated[str, Meta(description="{company_website}")] = ""
    address: Annotated[str, Meta(description="{company_address}")] = ""
    image_url: Annotated[str, Meta(description="{company_image_url}")] = ""


class Admin(Struct, frozen=True, kw_only=True):
    """The recipient `admin`."""

    email: Annotated[str, Meta(description="Email address for messages to `admin`")] = ""
    phone: Annotated[str, Meta(description="Phone number for SMS and WhatsApp to `admin`: +34600000000")] = ""
    telegram: Annotated[str, Meta(description="Telegram chat for messages to `admin`")] = ""
    chat: Annotated[str, Meta(description="Room under `channels: {chat: ...}` for messages to `admin`")] = ""


class Config(Struct, frozen=True, kw_only=True):
    """Everything that the YAML says but the settings of the channels: enough to plan with.

    `workflows` holds the disabled ones too. `broken` names the mistakes of files whose workflows are left out.
    """

    files: tuple[Path, ...]
    timezone: str
    language: str = "en"
    bookings: Path
    sources: tuple[SourceSettings, ...] = ()
    ledger: Path
    outbox: Path | None = None
    heartbeat: Secret | None = None  # a URL; its path is what its receiver knows us by
    company: Company = Company()
    admin: Admin = Admin()
    alerts: str = ""  # the chat room that hears of failed runs
    channels: Mapping[str, str] = {}  # the name of each one's module: `email`, `sms.twilio`
    repeatable: frozenset[str] = frozenset()  # the channels whose settings make a repetition harmless
    workflows: tuple[Workflow, ...] = ()
    broken: tuple[Problem, ...] = ()


# --- deliveries -----------------------------------------------------------------------------------------------------
class Window(NamedTuple):
    """The instants after `since` up to and including `until`."""

    since: datetime
    until: datetime


class State(StrEnum):
    """The states of a delivery."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Delivery(Struct, frozen=True, kw_only=True):
    """One trigger meeting one booking at one event time, times one action, times one recipient.

    `id`, `attempts`, `uncertain_attempts` (how many of them may have gone out) and `at_once` are the ledger's.
    `participant` is the customer whose shortcodes fill the texts, None where the booking has none. `grace_ends_at` is
    the deadline that it would have if its booking had not come late, None where it has that one.

    Where quiet hours concern it, `hours` are those at which it may ring, `send_at` is when it is sent, or `refusal` why
    it never is; `missed_at` when it would have been sent before it fell due, had its booking been there.
    """

    key: str
    workflow: str
    trigger: str
    action: str
    channel: str
    circuit: str
    booking: str
    recipient: str
    participant: str | None
    address: str | None
    event_at: datetime
    due_at: datetime
    expires_at: datetime
    grace_ends_at: datetime | None = None
    id: int = 0
    attempts: int = 0
    uncertain_attempts: int = 0
    send_at: datetime | None = None
    at_once: bool = False  # a person lets it go out of hours
    hours: OpenHours | None = None
    refusal: str = ""
    missed_at: datetime | None = None

    @property
    def begins_at(self) -> datetime:
        """The first instant of an attempt."""
        return self.send_at or self.due_at

    @property
    def planned_at(self) -> datetime:
        """The instant from which on a run plans it: when it falls due, or is sent before that."""
        return min(self.begins_at, self.due_at)


class OnUnknown(Enum):
    """The rules for an attempt whose outcome nobody can know."""

    RESEND = "resend"  # the receiver recognizes repetitions by their id
    RESEND_ONCE = "resend once"  # a repetition is recognisable and harmless, but not for ever
    HOLD = "hold"  # a person decides


class Envelope(Struct, frozen=True, kw_only=True):
    """The identity of a message, with the instants of the attempt and of its use."""

    key: str
    delivery_id: int
    at: datetime
    useful_until: datetime  # the event, or a later deadline: no reader has a use for it after that
    recipient: str = ""
    address: str = ""
    booking: str = ""


class Receipt(Struct, frozen=True, kw_only=True):
    """The provider's answer to an accepted message."""

    provider_id: str | None = None
    note: str | None = None  # something worth telling about an accepted message
    warning: str | None = None  # what a person has to do about it


class Attachment(Struct, frozen=True, kw_only=True):
    """A file in a message."""

    filename: str
    content_type: str  # with parameters, as in a MIME header: text/calendar; method=PUBLISH; charset=utf-8
    content: bytes
