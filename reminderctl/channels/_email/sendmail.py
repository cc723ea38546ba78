"""Mail through a local sendmail-compatible program."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from reminderctl.channels._email.program import run
from reminderctl.channels._email.replies import Phase, refusal
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Unavailable, Unknown
from reminderctl.model import Receipt

if TYPE_CHECKING:
    from reminderctl.channels._email.mime import Mail
    from reminderctl.channels._email.settings import Settings

# Exit statuses of sysexits.h as such programs use them (seen in runs of msmtp and Postfix). They hardly
# tell permanent from passing: what a server said goes first.
_MEANINGS: dict[int, type[DeliveryError]] = {
    64: Rejected,  # usage: an address that the program does not take
    65: Rejected,  # the recipient was refused
    67: Rejected,  # no such user
    76: Unknown,  # cut after the final dot
    77: ChannelDown,  # no permission: a wrong password
    78: ChannelDown,  # configuration
}
_LONGEST_WORDS = 200


def send(mail: Mail, settings: Settings) -> Receipt:
    """Hand a mail to the program. Raises a `DeliveryError` unless it took it."""
    program = str(settings.sendmail)
    # The recipient is named and not read from the headers (-t); -i: a line with a lone dot is not the end.
    command = [program, "-i", "-f", mail.sender, "--", mail.recipient]
    content = mail.content.replace(b"\r\n", b"\n")  # its input is a local text
    try:
        # As long as SMTP may take in all; then killed, and nobody knows how far it was.
        ended = run(command, content, seconds=3 * settings.timeout)
    except subprocess.TimeoutExpired:
        raise Unknown(f"{program} did not end in {3 * settings.timeout:g} s: the email may have been sent") from None
    except OSError as error:
        raise ChannelDown(f"{program} cannot be started: {error.strerror}") from None
    if ended.status:
        raise _failure(program, ended.status, words=ended.errors.decode("utf-8", "replace"))
    return Receipt(provider_id=mail.message_id)


def _failure(program: str, status: int, *, words: str) -> DeliveryError:
    found = re.search(r"server message: (\d{3})[ -](.*)", words)  # msmtp repeats the server
    if found:
        return refusal(f"{program}'s server", int(found[1]), reply=found[2], phase=_phase(words))
    shown = " ".join(words.split())[:_LONGEST_WORDS] or "it said nothing"
    if status < 0:
        return Unknown(f"{program} was killed by signal {-status}, so the email may have been sent: {shown}")
    meaning = _MEANINGS.get(status, Unavailable)
    return meaning(f"{program} ended with status {status}: {shown}", provider_code=str(status))


def _phase(words: str) -> Phase:
    """Return the phase in which msmtp was refused; what it does not name it says of the mail itself."""
    phases = {"authentication": Phase.LOGIN, "envelope from": Phase.SENDER, "recipient": Phase.RECIPIENT}
    for said, phase in phases.items():
        if said in words:
            return phase
    return Phase.ANSWER
