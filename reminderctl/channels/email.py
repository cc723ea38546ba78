"""Email by SMTP, or by a local sendmail-compatible program.

    channels:
      email:
        host: smtp.example.com
        security: starttls            # or tls, or none; the port follows: 587, 465, 25
        username: "${SMTP_USER}"
        password: "${SMTP_PASSWORD}"
        from: "Clínica Sol <citas@example.com>"

Instead of a `password`, `token_command` names a program that prints an OAuth access token (XOAUTH2: Microsoft 365,
Gmail). Instead of a `host`, `sendmail: /usr/sbin/sendmail` hands the mail to this machine's own mail system.

    actions:
      - send: email
        to: customer
        subject: "Your {service_name} appointment"
        body: "We expect you on {appointment_date} at {appointment_start_time}."
        html: "<p>We expect you on <b>{appointment_date}</b> at {appointment_start_time}.</p>"
        attach: [calendar]

Every email has a text part: with `html` and no `body`, the text is generated from the HTML. If the company has no email
address, the sender of the email is the organizer of the appointment.

An email with an unknown outcome is sent once more with the same Message-ID, so that mailboxes can recognize the
duplicate.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from reminderctl.channels import Policy
from reminderctl.channels._email.message import LONGEST_HEADER, Message
from reminderctl.channels._email.settings import PORTS, Settings, token_command
from reminderctl.channels._marking import MARK, mark_headers
from reminderctl.channels.addresses import parse_mailbox
from reminderctl.model import Envelope, OnUnknown, Receipt

if TYPE_CHECKING:
    from reminderctl.channels._email.smtp import Client

POLICY = Policy(on_unknown=OnUnknown.RESEND_ONCE, workers=2)


class Channel:
    """A way to send mails that keeps its connection until it is closed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one mail; raises a `DeliveryError` unless the server, or the program, took it."""
        from reminderctl.channels._email import mime

        mail = mime.compose(message, self._settings, envelope=envelope)
        if self._settings.sendmail:
            from reminderctl.channels._email import sendmail

            return sendmail.send(mail, self._settings)
        if self._client is None:
            from reminderctl.channels._email import smtp

            self._client = smtp.Client(self._settings)
        return self._client.send(mail)

    def close(self) -> None:
        """Take leave of the server; never raises."""
        if self._client is not None:
            self._client.close()


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> bytes:
    """Return the mail as it would leave, to the byte. Raises `Rejected` where it could not."""
    from reminderctl.channels._email import mime

    return mime.compose(message, settings, envelope=envelope).content


def mark_as_test(message: Message, _address: str) -> tuple[Message, str]:
    """Put the mark before the subject, and into a header."""
    marked = structs.replace(message, subject=MARK + message.subject, headers=mark_headers(message.headers))
    return marked, ""


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in settings that are each right by themselves."""
    return [*_mistakes_of_way(settings), *_mistakes_of_login(settings), *_mistakes_of_addresses(settings)]


def programs(settings: Settings) -> dict[str, list[Path]]:
    """Return the files that each setting has us run: the program, and what a command names beside it."""
    try:
        words = token_command(settings)
    except ValueError:
        words = []
    named = [Path(shutil.which(words[0]) or words[0]), *map(Path, words[1:])] if words else []
    return {
        "sendmail": [settings.sendmail] if settings.sendmail else [],
        "token_command": [path for path in named if os.path.isfile(path)],  # noqa: PTH113 - a word may be no path at all
    }


def validate_message(tree: Mapping[str, Any]) -> list[str]:
    """Return the mistakes in the keys of an action that are each right by themselves."""
    found = [] if tree.keys() & {"body", "html"} else ["body is missing: an email needs a `body`, an `html` or both"]
    headers = tree.get("headers")
    given = {name: tree.get(name) for name in ("subject", "from", "reply_to")}
    given |= {f"headers: {name}": each for name, each in headers.items()} if isinstance(headers, Mapping) else {}
    for name, versions in given.items():
        for text in versions.values() if isinstance(versions, Mapping) else (versions,):
            if len(re.sub(r"\{[^{}]*\}", "", str(text or ""))) > LONGEST_HEADER:
                found.append(f"{name}: is longer than a header may be, {LONGEST_HEADER:,} characters; shorten it")
    return found


def _mistakes_of_way(settings: Settings) -> list[str]:
    found = []
    if not settings.host and not settings.sendmail:
        found.append("host is missing: name the SMTP server, or a local program: `sendmail: /usr/sbin/sendmail`")
    if settings.host and settings.sendmail:
        found.append("host and sendmail exclude each other: keep the one that should send the emails")
    if re.search(r"[\s/@]|^[^:]*:\d+$", settings.host):
        found.append(f"host: {settings.host!r} is not a server name; use `host: smtp.example.com` and the port apart")
    if settings.port == PORTS["tls"] and settings.security == "starttls" and settings.host:
        found.append("port 465 is encrypted from the start: write `security: tls`, or use port 587")
    return found


def _mistakes_of_login(settings: Settings) -> list[str]:
    found = []
    if settings.sendmail and (settings.username or settings.password or settings.token_command):
        found.append("sendmail takes no username, password or token_command")
    elif (settings.password or settings.token_command) and not settings.username:
        found.append("username is missing: a password or token_command needs one")
    elif settings.username and not settings.password and not settings.token_command:
        found.append("password is missing: a username needs one, or a token_command")
    if settings.password and settings.token_command:
        found.append("password and token_command exclude each other")
    try:
        token_command(settings)
    except ValueError:
        found.append("token_command: a quotation mark is not closed")
    return found


def _mistakes_of_addresses(settings: Settings) -> list[str]:
    found = []
    for name, text in (("from", settings.from_), ("reply_to", settings.reply_to)):
        try:
            if text or name == "from":
                parse_mailbox(text)
        except ValueError as error:
            found.append(f"{name}: {text!r} {error}; write `Clinic <hello@example.com>`")
    return found
