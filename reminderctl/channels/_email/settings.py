"""The settings of the email channel."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from reminderctl.secret import Secret

PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Settings(Struct, frozen=True, kw_only=True):
    """Which server takes the mails, or which program, and whom they come from."""

    host: Annotated[str, Meta(description="The SMTP server's name.")] = ""
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Its port; default: 587 for starttls, 465 for tls, 25 for none."),
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
    from_: Annotated[str, Meta(description="Sender of the emails: `Name <address>`. Bounces go there.")] = field(
        name="from"
    )
    reply_to: Annotated[str, Meta(description="Address for replies, if not `from`.")] = ""
    sendmail: Annotated[
        Path | None, Meta(description="A sendmail-compatible program that sends the emails, instead of a host.")
    ] = None
    timeout: Annotated[
        float,
        Meta(
            description="Seconds for sending one email; its acceptance may take twice as long.",
            gt=0,
            le=600,
        ),
    ] = 30.0


def token_command(settings: Settings) -> list[str]:
    """Return the command in words, without a shell; empty if there is none. Raises ValueError."""
    return shlex.split(settings.token_command) if isinstance(settings.token_command, str) else settings.token_command
