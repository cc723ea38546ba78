"""One delivery: its texts are rendered, its channel sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from reminderctl import channels, timing
from reminderctl.errors import Rejected
from reminderctl.matching import language_of
from reminderctl.messages.context import Context
from reminderctl.messages.render import render_message, render_text
from reminderctl.model import Action, Booking, Config, Configured, Delivery, Envelope, Participant, Receipt
from reminderctl.outbox import Outbox
from reminderctl.places import Place

_ADDRESS_NAMES = {"phone": "phone number", "email": "e-mail address", "telegram": "Telegram chat id"}
_MISSING_NOUNS = {"staff": "the booking has no member of staff", "location": "the booking has no location"}


class Deliverer:
    """Renders and sends, from any number of threads; each thread keeps its connections to each channel."""

    def __init__(self, config: Config, *, clock: Callable[[], datetime], outbox: Path | None) -> None:
        self._config = config
        self._clock = clock
        self._outbox = outbox
        self._of_thread = threading.local()

    def deliver(self, delivery: Delivery, booking: Booking) -> tuple[Receipt, str]:
        """Send one delivery; the provider's answer, and the address it went to. Raises a `DeliveryError`."""
        action = _action_of(delivery, self._config)
        participant = next((each for each in booking.participants if each.customer.id == delivery.participant), None)
        context = self._context(booking, participant)
        address = self._address(delivery, action, context)
        module = channels.module(self._config.channels[action.channel].module)
        rendering = render_message(
            action.message,
            module.Message,
            context,
            base=self._config.files[0].parent,
            extra={"to": address} if module.RULES.address else {},
        )
        envelope = Envelope(
            key=delivery.key,
            delivery_id=delivery.id,
            at=context.at,
            expires_at=delivery.expires_at,
            recipient=delivery.recipient,
            address=address,
        )
        return self._channel(action.channel).send(rendering.message, envelope), address

    def close(self) -> None:
        """Close the connections of the calling thread."""
        opened = self._opened()
        while opened:
            opened.popitem()[1].close()

    def _channel(self, name: str) -> channels.Channel:
        opened = self._opened()
        if name not in opened:
            opened[name] = self._open(name, self._config.channels[name])
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

    def _context(self, booking: Booking, participant: Participant | None) -> Context:
        if booking.timezone and not timing.find_zone(booking.timezone):
            raise Rejected(
                f"booking {booking.id}: there is no time zone {booking.timezone[:100]!r}; write an IANA name such as "
                f"{self._config.timezone}"
            )
        return Context(
            booking=booking,
            participant=participant,
            company=self._config.company,
            language=language_of(participant, self._config.language),
            default_language=self._config.language,
            timezone=booking.timezone or self._config.timezone,
            at=self._clock(),
        )

    def _address(self, delivery: Delivery, action: Action, context: Context) -> str:
        if delivery.address:
            return delivery.address
        if "{" in delivery.recipient:
            address = render_text(delivery.recipient, Place.HEADER, context).strip()
            if address:
                return address
        kind = channels.module(self._config.channels[action.channel].module).RULES.address
        what = _ADDRESS_NAMES.get(kind or "", "address")
        raise Rejected(_MISSING_NOUNS.get(delivery.recipient) or f"{delivery.recipient} has no {what}")


def _action_of(delivery: Delivery, config: Config) -> Action:
    workflow = next(each for each in config.workflows if each.id == delivery.workflow)
    return next(action for action in workflow.actions if action.id == delivery.action)
