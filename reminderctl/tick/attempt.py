"""One delivery: its texts are rendered, its channel sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from reminderctl import channels
from reminderctl.channels import OnUnknown, Policy
from reminderctl.config.locate import private_files
from reminderctl.core import recipients, timing
from reminderctl.core.filters import language_of
from reminderctl.credentials import Configured, Credentials
from reminderctl.errors import Rejected, Unavailable
from reminderctl.messages.context import Context
from reminderctl.messages.render import render_message, render_text
from reminderctl.model import Action, Booking, Config, Delivery, Envelope, Receipt
from reminderctl.outbox import Outbox
from reminderctl.text_types import TextType

UNCONFIGURED = Policy(on_unknown=OnUnknown.HOLD, workers=0)


class Composed(NamedTuple):
    """A message ready to send, its envelope, and the shortcodes in it that came out empty."""

    message: Any
    envelope: Envelope
    empty: tuple[str, ...]


def compose(delivery: Delivery, booking: Booking, *, config: Config, at: datetime) -> Composed:
    """Return the message of one delivery as an attempt at this instant would send it; raises `Rejected`."""
    action = _action_of(delivery, config)
    context = _context(delivery, booking, config=config, at=at)
    module = channels.module(config.channels[action.channel])
    address = _address(delivery, context)
    rendering = render_message(
        action.message,
        module.Message,
        context=context,
        base=config.files[0].parent,
        private=private_files(config.files, ledger=config.ledger, others=(config.bookings, config.outbox)),
        extra={"to": address} if recipients.CHANNELS[action.channel].address else {},
    )
    envelope = Envelope(
        key=delivery.key,
        delivery_id=delivery.id,
        at=at,
        useful_until=_useful_until(delivery, at),
        recipient=delivery.recipient,
        address=address,
        booking=delivery.booking,
    )
    return Composed(rendering.message, envelope, rendering.empty)


class Deliverer:
    """Render and send, from any number of threads; each thread keeps its connections to each channel."""

    def __init__(
        self, config: Config, credentials: Credentials, *, clock: Callable[[], datetime], outbox: Path | None
    ) -> None:
        self._config = config
        self.credentials = credentials
        self._clock = clock
        self._outbox = outbox
        self._of_thread = threading.local()

    def deliver(self, delivery: Delivery, booking: Booking) -> tuple[Receipt, str]:
        """Send one delivery; return the provider's answer and the address. Raises a `DeliveryError`."""
        composed = compose(delivery, booking, config=self._config, at=self._clock())
        if self._clock() > delivery.expires_at:
            raise Unavailable("its deadline passed before it could be sent", recipient_only=True)
        if opening_after(delivery, now := self._clock()) > now:
            raise Unavailable("quiet hours began before it could be sent", recipient_only=True)
        receipt = self._channel(delivery.channel).send(composed.message, composed.envelope)
        return receipt, composed.envelope.address

    def close(self) -> None:
        """Close the connections of the calling thread."""
        opened = self._opened()
        while opened:
            opened.popitem()[1].close()

    def _channel(self, name: str) -> channels.Channel:
        opened = self._opened()
        if name not in opened:
            opened[name] = self._open(name, self.credentials.channels[name])
        return opened[name]

    def _opened(self) -> dict[str, channels.Channel]:
        if not hasattr(self._of_thread, "channels"):
            self._of_thread.channels = {}
        opened: dict[str, channels.Channel] = self._of_thread.channels
        return opened

    def _open(self, name: str, configured: Configured) -> channels.Channel:
        if self._outbox:
            return Outbox(self._outbox, channel=name, configured=configured)
        return channels.module(configured.module).Channel(configured.settings)


def opening_after(delivery: Delivery, instant: datetime) -> datetime:
    """Return the first instant from here on at which a delivery may ring."""
    if delivery.hours is None:
        return instant
    from reminderctl.core.open_hours import next_open

    return next_open(delivery.hours, instant)


def _useful_until(delivery: Delivery, at: datetime) -> datetime:
    """Return until when a message is of use to its reader: while it may ring, but a provider needs a little time."""
    until = max(delivery.event_at, delivery.expires_at)
    if delivery.hours is None:
        return until
    from reminderctl.core.open_hours import BEFORE_CLOSING, closing_after

    return min(until, max(closing_after(delivery.hours, at), at + BEFORE_CLOSING))


def policy_of(config: Config, channel: str) -> Policy:
    """Return the rules of a channel; of one that the YAML has no longer, that nothing is sent."""
    module = config.channels.get(channel)
    if not module:
        return UNCONFIGURED
    policy = channels.module(module).POLICY
    return structs.replace(policy, on_unknown=OnUnknown.RESEND) if channel in config.repeatable else policy


def _context(delivery: Delivery, booking: Booking, *, config: Config, at: datetime) -> Context:
    if booking.timezone and not timing.find_zone(booking.timezone):
        raise Rejected(
            f"booking {booking.id}: there is no time zone {booking.timezone[:100]!r}; use an IANA name such as "
            f"{config.timezone}"
        )
    participant = recipients.find_participant(delivery, booking)
    return Context(
        booking=booking,
        participant=participant,
        company=config.company,
        language=language_of(participant, config.language),
        default_language=config.language,
        written_in=None if recipients.reaches_customer(delivery.recipient) else config.language,
        timezone=booking.timezone or config.timezone,
        at=at,
    )


def _address(delivery: Delivery, context: Context) -> str:
    if delivery.address:
        return delivery.address
    if "{" in delivery.recipient:
        address = render_text(delivery.recipient, TextType.HEADER, context=context).strip()
        if address:
            return address
    raise Rejected(recipients.missing_address(delivery.recipient, delivery.channel))


def _action_of(delivery: Delivery, config: Config) -> Action:
    workflow = next(each for each in config.workflows if each.id == delivery.workflow)
    return next(action for action in workflow.actions if action.id == delivery.action)
