"""Making the messages of a workflow as a run would, without sending them."""

from __future__ import annotations

from typing import Any, NamedTuple

from reminderctl import channels
from reminderctl.core import planning
from reminderctl.core.recipients import missing_address
from reminderctl.credentials import Credentials
from reminderctl.errors import Rejected
from reminderctl.messages.render import Incomplete
from reminderctl.model import Booking, Config, Delivery, Participant, Workflow
from reminderctl.tick.attempt import Composed, compose


def imagine_deliveries(
    workflow: Workflow, booking: Booking, *, matching: tuple[Participant, ...], config: Config
) -> list[Delivery]:
    """Return the deliveries of the first trigger that can fall due; a trigger makes no difference to the texts."""
    possible = [each for each in workflow.triggers if planning.can_fall_due(each, booking, config=config)]
    trigger = (possible or workflow.triggers)[0]
    return planning.deliveries(workflow, trigger, booking=booking, matching=matching, config=config)


class MadeMessage(NamedTuple):
    """A message as far as it could be made; `lacking` says that only something missing in the booking prevented it."""

    composed: Composed | None = None
    content: bytes | dict[str, Any] | None = None  # as it would leave
    refusal: str = ""
    lacking: bool = False


def refusal_of(delivery: Delivery, booking: Booking, *, config: Config, credentials: Credentials) -> str:
    """Return the reason that no run can send this message, whatever the provider says; an empty text for none."""
    return make_message(delivery, booking, config=config, credentials=credentials).refusal


def make_message(delivery: Delivery, booking: Booking, *, config: Config, credentials: Credentials) -> MadeMessage:
    """Make a message as its channel would send it, or find out why it cannot be made."""
    composed = None
    try:
        composed = compose(delivery, booking, config=config, at=delivery.due_at)
        content = preview(delivery.channel, composed, credentials=credentials)
        return MadeMessage(composed, content)
    except Rejected as error:
        missing = not delivery.address and str(error) == missing_address(delivery.recipient, delivery.channel)
        lacking = missing or isinstance(error, Incomplete) or bool(composed and composed.empty)
        return MadeMessage(composed, refusal=str(error), lacking=lacking)


def preview(channel: str, composed: Composed, *, credentials: Credentials) -> bytes | dict[str, Any]:
    """Return the message as it would leave; raises `Rejected` where it could not."""
    configured = credentials.channels[channel]
    return channels.module(configured.module).preview(composed.message, configured.settings, envelope=composed.envelope)
