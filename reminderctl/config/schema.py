"""The keys of the YAML with what they mean, except those that a channel defines.

The reader takes its known keys from these structs, `reminderctl schema` its descriptions.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from reminderctl.core.recipients import CHANNELS, RECIPIENTS
from reminderctl.model import Admin, Company, Filters
from reminderctl.quiet_settings import RINGING, Way

IDENTIFIER = r"^[A-Za-z0-9._-]{1,100}$"
LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
URL = r"^https?://[^\s/?#]+[^\s]*$"
OneOrMore = str | list[str]
*_FIRST, _LAST = CHANNELS


class ActionKeys(Struct, frozen=True, kw_only=True):
    """The keys of an action on every channel; the others are the channel's own."""

    send: Annotated[str, Meta(description=f"The channel: {', '.join(_FIRST)} or {_LAST}")]
    id: Annotated[str, Meta(pattern=IDENTIFIER, description="Distinguishes two actions on one channel")] = ""
    to: Annotated[
        OneOrMore,
        Meta(description=f"{', '.join(RECIPIENTS)}, an address, or text with shortcodes; one or a list"),
    ] = ""


class QuietHoursKeys(Struct, frozen=True, kw_only=True):
    """Quiet hours: when messages may ring, and what becomes of those that fall due at another time."""

    open: Annotated[
        str | dict[str, str],
        Meta(description="When messages may ring: `09:00-21:00`; or by day, `{mon-sat: 09:00-21:00, sun: closed}`"),
    ]
    zone: Annotated[
        Literal["recipient", "booking"], Meta(description="Whose clock: the customer's own zone, or the booking's")
    ] = "recipient"
    channels: Annotated[
        OneOrMore,
        Meta(description=f"What rings, by default {', '.join(RINGING)}; `staff` adds messages to staff and admin"),
    ] = ""
    outside: Annotated[
        Way | list[Way] | UnsetType,
        Meta(description="What is tried for others, by default `later`, then `earlier`"),
    ] = UNSET
    least_notice: Annotated[str, Meta(description="`later` leaves at least this before the start")] = "2h"


class WorkflowKeys(Struct, frozen=True, kw_only=True):
    """A named rule: when, for which bookings, what."""

    id: Annotated[str, Meta(pattern=IDENTIFIER, description="Identity of the workflow; a new id makes a new workflow")]
    name: Annotated[str, Meta(description="Name for people")] = ""
    enabled: Annotated[bool, Meta(description="false switches the workflow off")] = True
    when: Annotated[OneOrMore, Meta(description="`1 day before start`, `30 minutes after end`, ...; one or a list")]
    filters: Annotated[Filters, Meta(description="Conditions that a booking must meet")] = Filters()
    except_: Annotated[Filters, Meta(description="Conditions that exclude a booking")] = field(
        name="except", default=Filters()
    )
    actions: Annotated[list[Any], Meta(min_length=1, description="What is sent")]
    for_each_customer: Annotated[
        bool | UnsetType, Meta(description="true: once per participant; false: once per booking")
    ] = UNSET
    grace: Annotated[str, Meta(description="How late a message may still be sent: 3h, 90 minutes, 2 days")] = ""
    late_booking: Annotated[
        Literal["skip", "send"], Meta(description="What to do if the booking itself was made too late")
    ] = "skip"
    max_burst: Annotated[
        int | Literal["none"], Meta(description="If one run has more new messages than this, they are held for review")
    ] = 500
    quiet_hours: Annotated[
        QuietHoursKeys | Literal["none"] | UnsetType, Meta(description="Instead of the quiet hours of all workflows")
    ] = UNSET


class SourceKeys(Struct, frozen=True, kw_only=True):
    """A source of bookings, which each run reads before it plans."""

    url: Annotated[
        str, Meta(min_length=1, description="Where it is: `mysql://user@host/database`, `https://...`, `exports/*.csv`")
    ]
    preset: Annotated[str, Meta(description="The program that it belongs to, or a file with a preset of your own")] = ""
    password: Annotated[str, Meta(description="The password or token, as it is, or a variable")] = ""
    query: Annotated[
        str, Meta(description="A SELECT with the columns of `bookings import`; it may name :since, :until")
    ] = ""
    key: Annotated[str, Meta(description="The column by which `query` finds single rows, where it has a `{where}`")] = (
        ""
    )
    window: Annotated[str, Meta(description="The condition with :since and :until in place of `{where}`")] = ""
    headers: Annotated[
        dict[str, str], Meta(description="What is sent along to an address, such as a token in a variable")
    ] = {}
    items: Annotated[
        str, Meta(description="Where in the JSON of an address the list is: `data`, `result.bookings`")
    ] = ""
    next: Annotated[
        str, Meta(description="Where in it the address of the next page is, or its cursor: `links.next`")
    ] = ""
    map: Annotated[
        dict[str, str],
        Meta(description="Columns of a file or an address, each with the name that it has here; JSON has paths, too"),
    ] = {}
    status: Annotated[dict[str, str], Meta(description="Statuses of the source, each with what it means here")] = {}
    language: Annotated[
        str | dict[str, str], Meta(description="The language where a row names none; or their words, each with its tag")
    ] = ""
    timezone: Annotated[str, Meta(description="For rows without a zone; else that of the whole file")] = ""
    every: Annotated[str, Meta(description="How often it is read: 1m; left out, 1m, and 10m for an address")] = ""
    timeout: Annotated[str, Meta(description="How long one reading may take: 10s")] = "10s"
    max_age: Annotated[
        str, Meta(description="Messages are held when the last reading is older than this; or `none`")
    ] = "6h"
    max_missing: Annotated[
        str, Meta(description="More coming bookings than this that are gone at once are held; 5 never are, all always")
    ] = "20%"
    ahead: Annotated[str, Meta(description="How far ahead it is read; left out, as far as the workflows need")] = ""
    behind: Annotated[str, Meta(description="How far back it is read; left out, as far as the workflows need")] = ""
    longest: Annotated[str, Meta(description="No booking of a preset lasts longer than this")] = "31d"
    tls: Annotated[
        Literal["auto", "verify", "off"], Meta(description="auto: `verify`, but `off` on this machine and on sockets")
    ] = "auto"
    ca_file: Annotated[str, Meta(description="The certificate of the authority that signed the server's")] = ""
    prefix: Annotated[str, Meta(description="What the names of the preset's tables begin with")] = ""
    enabled: Annotated[bool, Meta(description="The switch")] = True


class AlertKeys(Struct, frozen=True, kw_only=True):
    """The places for alerts, besides standard error."""

    chat: Annotated[str, Meta(description="Room under `channels: {chat: ...}` that hears of failed runs")]


class File(Struct, frozen=True, kw_only=True):
    """Workflows of reminderctl, and the settings that they share."""

    timezone: Annotated[str, Meta(description="For bookings without a zone of their own: Europe/Madrid")] = ""
    language: Annotated[str, Meta(pattern=LANGUAGE, description="Default language of messages")] = "en"
    bookings: Annotated[str, Meta(description="The SQLite file with the bookings")] = "bookings.db"
    sources: Annotated[
        dict[str, SourceKeys], Meta(description="Where else bookings are, by a name that each of its ids begins with")
    ] = {}
    ledger: Annotated[str, Meta(description="The SQLite file where reminderctl records what it sent")] = "ledger.db"
    outbox: Annotated[str, Meta(description="Dry mode: messages go to this folder as files; nothing is sent")] = ""
    heartbeat: Annotated[
        str, Meta(pattern=URL, description="A URL that is called after each successful run, once a minute")
    ] = ""
    alerts: Annotated[
        AlertKeys | UnsetType, Meta(description="Where failed runs are reported, besides standard error")
    ] = UNSET
    company: Company = Company()
    admin: Admin = Admin()
    max_burst: Annotated[int | Literal["none"], Meta(description="For workflows without a max_burst of their own")] = (
        500
    )
    quiet_hours: Annotated[
        QuietHoursKeys | Literal["none"] | UnsetType, Meta(description="When messages may ring, for all workflows")
    ] = UNSET
    channels: Annotated[dict[str, Any], Meta(description="The provider that sends the messages")] = {}
    workflows: Annotated[list[WorkflowKeys], Meta(description="What is sent, when, for which bookings")] = []
