"""The channels, the recipients and the addresses, with those that an action of a booking reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from reminderctl.core import timing
from reminderctl.model import (
    Action,
    Admin,
    Booking,
    Company,
    Config,
    Customer,
    Delivery,
    Location,
    Participant,
    Staff,
    Workflow,
)

LONGEST_ZONE = 60  # characters of what is none


class AddressKind(Struct, frozen=True):
    """One kind of address.

    `name` is what people call it, `lacking` what they call it where there is none; `example` is one that every check
    accepts, `rule` says what one looks like.
    """

    name: str
    lacking: str
    example: str
    rule: str


ADDRESS_KINDS: Mapping[str, AddressKind] = {  # by the field that holds one
    "email": AddressKind(
        "email address", "email address", "someone@example.com", "an address looks like ana@example.com"
    ),
    "phone": AddressKind("phone number", "phone number", "+34600123456", "a phone number looks like +34600123456"),
    "telegram": AddressKind(
        "Telegram chat",
        "Telegram chat id",
        "1",
        "a Telegram chat is a number such as -100123456, or @name of a public channel",
    ),
    "chat": AddressKind("chat room", "chat room", "team", "a room has letters, digits, `.`, `_` and `-` only"),
}


class ChannelFacts(Struct, frozen=True):
    """The facts of a channel that need no module: its title, and the kind of address that it uses.

    One without recipients has no `address`; its deliveries are all for the `target`, as the ledger calls it. If it is
    `apart`, each address is paused on its own.
    """

    title: str
    address: str | None
    target: str = ""
    apart: bool = False


CHANNELS: Mapping[str, ChannelFacts] = {
    "email": ChannelFacts("Email", "email"),
    "sms": ChannelFacts("SMS", "phone"),
    "whatsapp": ChannelFacts("WhatsApp", "phone"),
    "telegram": ChannelFacts("Telegram", "telegram"),
    "chat": ChannelFacts("Chat", "chat", apart=True),
    "webhook": ChannelFacts("Webhook", None, "webhook"),
}


class RecipientFacts(Struct, frozen=True):
    """One word that `to` may hold: the struct with the addresses, and the table of the bookings that it is read from.

    Without a `table` it is in the settings. `missing` says that a booking has nobody of this kind.
    """

    noun: type[Struct]
    table: str | None = None
    missing: str = ""


RECIPIENTS: Mapping[str, RecipientFacts] = {
    "customer": RecipientFacts(Customer, "customers"),
    "staff": RecipientFacts(Staff, "staff", "the booking has no member of staff"),
    "admin": RecipientFacts(Admin),
    "location": RecipientFacts(Location, "locations", "the booking has no location"),
    "company": RecipientFacts(Company),
}
STAFF_WORDS = frozenset(RECIPIENTS) - {"customer"}
TABLES = {name: facts.table for name, facts in RECIPIENTS.items() if facts.table}


class Recipient(Struct, frozen=True):
    """A recipient: the identity in the ledger, whose shortcodes fill the message, and where it goes.

    `address` is None where there is none, and for addresses that only the texts' renderer can fill in. `once_for` is
    the customer's id where the same recipient gets one message for each participant.
    """

    identity: str
    participant: Participant | None
    address: str | None
    once_for: str | None = None


def find_participant(delivery: Delivery, booking: Booking) -> Participant | None:
    """Return the participant whose shortcodes fill a delivery, None where the booking has no such participant."""
    for participant in booking.participants:
        if participant.customer.id == delivery.participant:
            return participant
    return None


def find_recipients(
    workflow: Workflow, action: Action, *, booking: Booking, matching: tuple[Participant, ...], config: Config
) -> Iterator[Recipient]:
    """Yield whom an action of this booking reaches, given the participants that match (docs/reference/yaml.md)."""
    first = matching[0] if matching else None
    everyone = matching if workflow.for_each_customer else (first,)
    for to in action.to or (CHANNELS[action.channel].target,):
        if to == "customer":
            for participant in matching if workflow.for_each_customer is not False else matching[:1]:
                identity = f"customer:{participant.customer.id}"
                yield Recipient(identity, participant, _address(action.channel, participant.customer))
            continue
        identity, address = _fixed(to, action, booking=booking, config=config)
        for each in everyone or (None,):
            yield Recipient(identity, each, address, each.customer.id if each and workflow.for_each_customer else None)


def _fixed(to: str, action: Action, *, booking: Booking, config: Config) -> tuple[str, str | None]:
    """Return identity and address of a recipient that does not depend on the participant."""
    if not action.to:
        return to, action.circuit.removeprefix(f"{action.channel} ")
    facts = RECIPIENTS.get(to)
    if facts is None:
        return to, None if "{" in to else to
    noun = getattr(booking if facts.table else config, to)
    return f"{to}:{noun.id}" if facts.table and noun else to, _address(action.channel, noun)


def _address(channel: str, noun: object) -> str | None:
    return getattr(noun, CHANNELS[channel].address or "", None) or None


def circuit_of(action: Action, address: str | None) -> str:
    """Return what is paused together with a message to this address: its channel, or a part of it."""
    if CHANNELS[action.channel].apart and address:
        return f"{action.channel} {address}"
    return action.circuit or action.channel


def circuits_of(action: Action, config: Config) -> Iterator[str]:
    """Yield all that an action's messages are paused with, as far as the configuration alone knows it."""
    if not CHANNELS[action.channel].apart:
        yield circuit_of(action, None)
        return
    for to in action.to:
        facts = RECIPIENTS.get(to)
        noun = getattr(config, to) if facts and not facts.table else None
        literal = to if facts is None and "{" not in to else None
        yield circuit_of(action, _address(action.channel, noun) if noun else literal)


def reaches_customer(recipient: str) -> bool:
    """Return True if it is the customer, under that name or by a shortcode such as `{customer_email}`."""
    return recipient.startswith("customer:") or ("{" in recipient and "customer_" in recipient)


def is_for_staff(recipient: str) -> bool:
    """Return True if it is somebody of the business: staff, admin, location or company."""
    return recipient.partition(":")[0] in STAFF_WORDS


def table_of(delivery: Delivery) -> str | None:
    """Return the table of the bookings in which a recipient's address is; None for one that the YAML names."""
    return TABLES.get(delivery.recipient.partition(":")[0]) if ":" in delivery.recipient else None


def name_of_recipient(recipient: str, booking: Booking | None) -> str:
    """Return a name instead of `customer:ID`, `staff:ID` or `location:ID`, where the booking knows one."""
    kind, _, identifier = recipient.partition(":")
    if booking and kind == "customer":
        names = {each.customer.id: name_of_customer(each.customer) for each in booking.participants}
        return names.get(identifier) or recipient
    noun = getattr(booking, kind) if booking and identifier and kind in TABLES else None
    return noun.name if noun and noun.name else recipient


def name_of_customer(customer: Customer) -> str:
    """Return the name of a customer; else an address; else the id, where nothing more is known."""
    parts = " ".join(filter(None, (customer.first_name, customer.last_name)))
    return customer.full_name or parts or customer.email or customer.phone or customer.telegram or customer.id


def shows_their_time(actions: Iterable[Action]) -> bool:
    """Return True if one of these actions shows a time in the customer's own zone."""
    return any("_client" in str(action.message) for action in actions)


def describe_unknown_zone(participant: Participant | None, actions: Iterable[Action]) -> str | None:
    """Return what to say of a customer whose time these actions show, and whose zone is none, or None."""
    zone = participant.customer.timezone if participant else None
    if not zone or timing.find_zone(zone) or not shows_their_time(actions):
        return None
    what = f"their time zone {zone[:LONGEST_ZONE]!r} is unknown, so shortcodes that end in _client use the booking's"
    return f"{what}; use an IANA name such as Europe/Madrid"


def unknown_zone_of(delivery: Delivery, workflow: Workflow, *, booking: Booking) -> str | None:
    """Return the same of the customer whose shortcodes fill a delivery, with the name and the booking."""
    whose = find_participant(delivery, booking)
    said = describe_unknown_zone(whose, (each for each in workflow.actions if each.id == delivery.action))
    return f"customer {name_of_customer(whose.customer)} of booking {booking.id}: {said}" if whose and said else None


def missing_address(recipient: str, channel: str) -> str:
    """Say why a recipient cannot be reached on a channel."""
    facts = RECIPIENTS.get(recipient)
    kind = ADDRESS_KINDS.get(CHANNELS[channel].address or "") if channel in CHANNELS else None
    return (facts.missing if facts else "") or f"{recipient} has no {kind.lacking if kind else 'address'}"
