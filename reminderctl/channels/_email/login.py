"""The login at an SMTP server.

Not `smtplib.login`: it tries every mechanism in turn, which locks accounts, and knows only ASCII.
"""

from __future__ import annotations

import base64
import smtplib
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from reminderctl import clocks
from reminderctl.channels._email import program
from reminderctl.channels._email.settings import token_command
from reminderctl.errors import ChannelDown

if TYPE_CHECKING:
    from reminderctl.channels._email.settings import Settings


class Login(NamedTuple):
    """The texts of a login: with AUTH, as answers to its challenges, and those that no error may repeat."""

    mechanism: str
    initial: str
    answers: tuple[str, ...]
    hidden: frozenset[str]


def prepare(settings: Settings, offered: list[str], *, deadline: float) -> Login:
    """Return the login with an account's password or token, by a mechanism that the server offers.

    A program that gives a token may take until `deadline` (elapsed seconds). Raises `ChannelDown`.
    """
    if token_command(settings):
        wanted, secret = ["XOAUTH2"], _token(settings, deadline)
    else:
        wanted = ["PLAIN", "LOGIN"]
        secret = settings.password.reveal() if settings.password else ""
    mechanism = next((each for each in wanted if each in offered), None)
    if mechanism is None:
        offers = f"only {' '.join(offered)}" if offered else "no login"
        raise ChannelDown(f"{settings.host} offers {offers}; reminderctl would use {' or '.join(wanted)}")
    initial, answers = _texts(mechanism, username=settings.username, secret=secret)
    hidden = frozenset({secret, _base64(secret), _base64(initial)} - {""})
    return Login(mechanism, initial, answers, hidden)


def perform(login: Login, session: smtplib.SMTP) -> None:
    """Log in; raises `SMTPAuthenticationError` where the server says no."""
    code, words = session.docmd("AUTH", f"{login.mechanism} {_base64(login.initial)}".strip())
    for answer in login.answers:
        if code == 334:
            code, words = session.docmd(_base64(answer))
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, words)


def _texts(mechanism: str, *, username: str, secret: str) -> tuple[str, tuple[str, ...]]:
    """PLAIN is RFC 4616; XOAUTH2 is Google's and Microsoft's, whose error is a challenge that wants an empty answer."""
    if mechanism == "PLAIN":
        return f"\0{username}\0{secret}", ()
    if mechanism == "XOAUTH2":
        return f"user={username}\x01auth=Bearer {secret}\x01\x01", ("",)
    return "", (username, secret)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _token(settings: Settings, deadline: float) -> str:
    command = token_command(settings)
    what = f"token_command {command[0]}"
    left = max(deadline - clocks.seconds(), 0.001)
    try:
        ended = program.run(command, seconds=left)
    except subprocess.TimeoutExpired:
        raise ChannelDown(f"{what} gave no token in time") from None
    except (OSError, ValueError) as error:
        raise ChannelDown(f"{what} cannot be started: {getattr(error, 'strerror', None) or error}") from None
    token = ended.output.decode("utf-8", "replace").strip()
    if ended.status or not token:
        # Its own words are not repeated: such programs print tokens in their errors.
        raise ChannelDown(f"{what} gave no token (exit status {ended.status}); run it yourself")
    return token
