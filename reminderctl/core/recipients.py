"""Recipients: whom the actions of a booking reach, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reminderctl.core import timing
from reminderctl.model import Action, Booking, Config, Delivery, Participant, Workflow

ADDRESSES = {"email": "email", "sms": "phone", "whatsapp": "phone", "telegram": "telegram"}
_ADDRESS_NAMES = {"phone": "phone number", "email": "e-mail address", "telegram": "Telegram chat id"}
TABLES = {"customer": "customers", "staff": "staff", "location": "locations"}
LONGEST_ZONE = 60  # characters of what is none
_MISSING_NOUNS = {"staff": "the booking has no member of staff", "location": "the booking has no location"}


class Recipient(NamedTuple):
    """Who gets a message: the identity that the ledger shows, whose shortcodes fill it, and where it goes.

    `address` is None where there is none, and for addresses that only the texts' renderer can fill in. `once_for` is
    the customer's id where the same recipient gets one message for each participant.
    """

    identity: str
    participant: Participant | None
    address: str | None
    once_for: str | None = None


def recipients(
    workflow: Workflow, action: Action, booking: Booking, matching: tuple[Participant, ...], *, config: Config
) -> Iterator[Recipient]:
    """Everyone whom an action of this booking reaches, given the participants that match (docs/reference/yaml.md)."""
    first = matching[0] if matching else None
    everyone = matching if workflow.for_each_customer else (first,)
    for to in action.to or ("webhook",):
        if to == "customer":
            for participant in matching if workflow.for_each_customer is not False else matching[:1]:
                identity = f"customer:{participant.customer.id}"
                yield Recipient(identity, participant, _address(action.channel, participant.customer))
            continue
        identity, address = _fixed(to, action, booking, config=config)
        for each in everyone or (None,):
            yield Recipient(identity, each, address, each.customer.id if each and workflow.for_each_customer else None)


def _fixed(to: str, action: Action, booking: Booking, *, config: Config) -> tuple[str, str | None]:
    """Identity and address of a recipient that does not depend on the participant."""
    if to == "webhook":
        return to, action.lane.removeprefix("webhook ")
    if to == "staff":
        return f"staff:{booking.staff.id}" if booking.staff else to, _address(action.channel, booking.staff)
    if to == "location":
        return f"location:{booking.location.id}" if booking.location else to, _address(action.channel, booking.location)
    if to == "admin":
        return to, _address(action.channel, config.admin)
    if to == "company":
        return to, _address(action.channel, config.company)
    return to, None if "{" in to else to


def _address(channel: str, noun: object) -> str | None:
    return getattr(noun, ADDRESSES[channel], None) or None


def table_of(delivery: Delivery) -> str | None:
    """Return the table of the bookings in which a recipient's address is; None for one that the YAML names."""
    return TABLES.get(delivery.recipient.partition(":")[0]) if ":" in delivery.recipient else None


def name_of_recipient(recipient: str, booking: Booking | None) -> str:
    """A name instead of `customer:ID`, `staff:ID` or `location:ID`, where the booking knows one."""
    kind, _, identifier = recipient.partition(":")
    if booking and kind == "customer":
        names = {each.customer.id: each.customer.full_name for each in booking.participants}
        return names.get(identifier) or recipient
    noun = getattr(booking, kind) if booking and identifier and kind in ("staff", "location") else None
    return noun.name if noun and noun.name else recipient


def shows_their_time(actions: Iterable[Action]) -> bool:
    """Return whether one of these actions shows a time in the customer's own zone."""
    return any("_client" in str(action.message) for action in actions)


def describe_unknown_zone(participant: Participant | None, actions: Iterable[Action]) -> str | None:
    """Return what to say of a customer whose time these actions show, and whose zone is none, or None."""
    zone = participant.customer.timezone if participant else None
    if not zone or timing.find_zone(zone) or not shows_their_time(actions):
        return None
    what = f"their timezone {zone[:LONGEST_ZONE]!r} is none, so shortcodes that end in _client show the booking's time"
    return f"{what}; write an IANA name such as Europe/Madrid"


def unknown_zone_of(delivery: Delivery, workflow: Workflow, booking: Booking) -> str | None:
    """Return the same of the customer whose shortcodes fill a delivery, with the names of both and of the booking."""
    whose = next((each for each in booking.participants if each.customer.id == delivery.participant), None)
    said = describe_unknown_zone(whose, (each for each in workflow.actions if each.id == delivery.action))
    return f"customer {delivery.participant} of booking {booking.id}: {said}" if said else None


def missing_address(recipient: str, channel: str) -> str:
    """What to say of a recipient who cannot be reached on a channel."""
    what = _ADDRESS_NAMES.get(ADDRESSES.get(channel, ""), "address")
    return _MISSING_NOUNS.get(recipient) or f"{recipient} has no {what}"
