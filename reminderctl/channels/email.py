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

A mail whose fate nobody knows is sent once more with the same Message-ID, which lets mailboxes see the repetition.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct, field, structs

from reminderctl.channels import Rules
from reminderctl.channels._address import parse_mailbox
from reminderctl.channels._marking import MARK, mark_headers
from reminderctl.model import Attachment, Envelope, OnUnknown, Receipt
from reminderctl.secret import Secret
from reminderctl.text_types import Header, Html, Place, Plain

if TYPE_CHECKING:
    from reminderctl.channels._email.smtp import Client

RULES = Rules(on_unknown=OnUnknown.RESEND_ONCE, workers=2)
PORTS = {"starttls": 587, "tls": 465, "none": 25}

LONGEST_HEADER = 4_000  # characters: no mail program shows more, and servers cut or refuse what is much longer

# What the mail's identity, its envelope and its MIME form rest on.
OUR_HEADERS = frozenset({"from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version"})


class Settings(Struct, frozen=True, kw_only=True):
    """Which server takes the mails, or which program, and whom they come from."""

    host: Annotated[str, Meta(description="The SMTP server's name.")] = ""
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Its port; left out: 587 for starttls, 465 for tls, 25 for none."),
    ] = None
    security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(description="How the connection is encrypted. Only `none` ever sends anything in clear text."),
    ] = "starttls"
    username: Annotated[str, Meta(description="The account to log in with.")] = ""
    password: Annotated[Secret | None, Meta(description="Its password.")] = None
    token_command: Annotated[
        str | list[str], Meta(description="A command that prints an OAuth access token for the account (XOAUTH2).")
    ] = ""
    ca_file: Annotated[
        Path | None, Meta(description="A PEM file with the certificate authority of a server of your own.")
    ] = None
    from_: Annotated[str, Meta(description="Whom the mails come from: `Name <address>`. Bounces go there.")] = field(
        name="from"
    )
    reply_to: Annotated[str, Meta(description="Where answers go, if not to `from`.")] = ""
    sendmail: Annotated[
        Path | None, Meta(description="A sendmail-compatible program that takes the mails, instead of a host.")
    ] = None
    timeout: Annotated[
        float,
        Meta(
            description="Seconds that handing over one mail may take; its acceptance may then take twice as long.",
            gt=0,
            le=600,
        ),
    ] = 30.0


class Message(Struct, frozen=True, kw_only=True):
    """One mail to one recipient."""

    to: Annotated[str, Meta(description="The recipient; filled in for each.")]
    subject: Annotated[Header, Meta(description="The subject line.")]
    body: Annotated[Plain, Meta(description="The text, for every mail program.")] = ""
    html: Annotated[Html, Meta(description="The text as HTML; with a `body` beside it, programs choose.")] = ""
    from_: Annotated[Header, Meta(description="Whom this mail comes from, if not from the channel's `from`.")] = field(
        name="from", default=""
    )
    reply_to: Annotated[Header, Meta(description="Where answers to this mail go.")] = ""
    headers: Annotated[
        # Editors complete and check by the pattern; `__post_init__` says in words what is wrong.
        dict[Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z0-9-]+$"})], Header],
        Meta(description="Further headers."),
    ] = {}
    attach: Annotated[
        tuple[Annotated[Attachment | str, Meta(extra={"place": Place.ATTACHMENT})], ...],
        Meta(description="`calendar` for an .ics file of the booking, or names of files beside the YAML."),
    ] = ()

    def __post_init__(self) -> None:
        for name in self.headers:
            if name.lower() in OUR_HEADERS or name.lower().startswith("content-"):
                raise ValueError(f"headers: {name} cannot be set here: reminderctl writes it")
            if not re.fullmatch("[A-Za-z0-9-]+", name):
                raise ValueError(f"headers: {name!r} is no header name; use letters, digits and hyphens")


class Channel:
    """A way to send mails that keeps its connection until it is closed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one mail; raises a `DeliveryError` unless the server, or the program, took it."""
        from reminderctl.channels._email import mime

        mail = mime.compose(message, self._settings, envelope)
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


def as_file(message: Message, settings: Settings | None, envelope: Envelope) -> bytes:
    """The mail as it would leave, to the byte. Raises `Rejected` where it could not."""
    from reminderctl.channels._email import mime

    return mime.compose(message, settings, envelope).content


def mark_as_test(message: Message, _address: str) -> tuple[Message, str]:
    """Put the mark before the subject, and into a header."""
    marked = structs.replace(message, subject=MARK + message.subject, headers=mark_headers(message.headers))
    return marked, ""


def mistakes(settings: Settings) -> list[str]:
    """What is wrong with settings that are each right by themselves."""
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


def message_mistakes(tree: Mapping[str, Any]) -> list[str]:
    """What is wrong with an action's keys that are each right by themselves."""
    found = [] if tree.keys() & {"body", "html"} else ["body is missing: a mail needs a `body`, an `html` or both"]
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
        found.append("host and sendmail exclude each other: keep the one that shall take the mails")
    if re.search(r"[\s/@]|^[^:]*:\d+$", settings.host):
        found.append(f"host: {settings.host!r} is no server name; write `host: smtp.example.com` and the port apart")
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


def token_command(settings: Settings) -> list[str]:
    """The command in words, without a shell; empty if there is none. Raises ValueError."""
    return shlex.split(settings.token_command) if isinstance(settings.token_command, str) else settings.token_command
