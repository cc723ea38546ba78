"""The heartbeat: a call to a monitor, which raises the alarm when the call does not come."""

from __future__ import annotations

from reminderctl import channels
from reminderctl.errors import DeliveryError
from reminderctl.secret import Secret

PATIENCE_SECONDS = 10.0
NOT_SUCCESS = 300  # redirects are not followed, and so are no success


def beat(url: Secret) -> str | None:
    """Make one GET; return what went wrong, in words that name the host only, or None."""
    try:
        answer = channels.fetch(url.reveal(), timeout=PATIENCE_SECONDS)
    except DeliveryError as error:
        return f"the heartbeat: {error}"
    return f"the heartbeat: {answer.host} answered {answer.status}" if answer.status >= NOT_SUCCESS else None
