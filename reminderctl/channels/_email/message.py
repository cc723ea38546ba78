"""The message of the email channel."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct, field

from reminderctl.model import Attachment
from reminderctl.text_types import Header, Html, Plain, TextType

LONGEST_HEADER = 4_000  # characters: no mail program shows more, and servers cut or refuse what is much longer

# What the mail's identity, its envelope and its MIME form rest on.
OUR_HEADERS = frozenset({"from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version"})


class Message(Struct, frozen=True, kw_only=True):
    """One mail to one recipient."""

    to: Annotated[str, Meta(description="The recipient; filled in for each.")]
    subject: Annotated[Header, Meta(description="The subject line.")]
    body: Annotated[Plain, Meta(description="The text, for every mail program.")] = ""
    html: Annotated[Html, Meta(description="The text as HTML; with a `body` as well, mail programs choose.")] = ""
    from_: Annotated[Header, Meta(description="Sender of this email, if not the channel's `from`.")] = field(
        name="from", default=""
    )
    reply_to: Annotated[Header, Meta(description="Address for replies to this email.")] = ""
    headers: Annotated[
        # Editors complete and check by the pattern; `__post_init__` says in words what is wrong.
        dict[Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z0-9-]+$"})], Header],
        Meta(description="Further headers."),
    ] = {}
    attach: Annotated[
        tuple[Annotated[Attachment | str, Meta(extra={"text_type": TextType.ATTACHMENT})], ...],
        Meta(description="`calendar` for an .ics file of the booking, or names of files next to the YAML."),
    ] = ()

    def __post_init__(self) -> None:
        for name in self.headers:
            if name.lower() in OUR_HEADERS or name.lower().startswith("content-"):
                raise ValueError(f"headers: {name} cannot be set here: reminderctl writes it")
            if not re.fullmatch("[A-Za-z0-9-]+", name):
                raise ValueError(f"headers: {name!r} is not a header name; use letters, digits and hyphens")
