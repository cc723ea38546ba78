"""The parts that all providers with an HTTP API share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote_plus, urlsplit

from msgspec import Meta

from reminderctl.channels._http import client, responses
from reminderctl.channels._http.responses import quote
from reminderctl.errors import DeliveryError, Unavailable, Unknown
from reminderctl.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from reminderctl.http_transport.transport import HttpSession
    from reminderctl.model import Envelope

BaseUrl = Annotated[
    str, Meta(description="Address of the provider; set another one for a gateway or for your own tests.")
]
Timeout = Annotated[float, Meta(description="Total seconds for one attempt.", gt=0, le=30)]


class HttpProvider:
    """A way to a provider, for one thread; it is opened when it is first used."""

    def __init__(self) -> None:
        self._opened: HttpSession | None = None

    def request(self, method: str, url: str, **what: Any) -> responses.Response:
        """Make one request, as `client.request` does. Each has a connection of its own: nobody knows repetitions."""
        self._opened = self._opened or client.session()
        return client.request(self._opened, method, url=url, **what)

    def close(self) -> None:
        """Let go of connections; never raises."""
        if self._opened:
            self._opened.close()
            self._opened = None


def seconds_left(envelope: Envelope, *, least: int, most: int) -> int:
    """Return the seconds that the provider may still try: while the message is of use, within its own limits."""
    left = (envelope.useful_until - envelope.at).total_seconds()
    return int(min(max(left, least), most))


# --- what an answer means -------------------------------------------------------------------------------------------


def describe_code(provider: str, code: str | int, *, words: object, hide: Iterable[str]) -> str:
    """Return a refusal in one line: the provider, its code and its own words, without the texts to `hide`."""
    said = quote(words, hide=hide) if isinstance(words, str) else ""
    return f"{provider} answered with code {code}{': ' if said else ''}{said}"


def error(
    meaning: type[DeliveryError],
    text: str,
    *,
    code: str | int | None = None,
    retry_after: timedelta | datetime | None = None,
    recipient_only: bool = False,
) -> DeliveryError:
    """Return the error of a provider's code by a table; Retry-After and `recipient_only` go where they have a use."""
    provider_code = None if code is None else str(code)
    if issubclass(meaning, Unavailable):
        return meaning(text, retry_after=retry_after, provider_code=provider_code, recipient_only=recipient_only)
    return meaning(text, provider_code=provider_code)


def not_understood(answer: responses.Response, provider: str, *, hide: Iterable[str]) -> Unknown:
    """Return the error for a success without the provider's words: a proxy's page, half a body."""
    what = "a web page" if answer.is_html else "not what it says to a message" if answer.complete else "half an answer"
    said = "" if answer.is_html else quote(answer.text, hide=hide)
    return Unknown(
        f"{answer.host} answered {answer.status} with {what}{', ' if said else ''}{said}; "
        f"{provider} may or may not have accepted the message"
    )


def encodings_of(secret: Secret | None, *, user: str = "") -> list[str]:
    """Return a secret as an answer might echo it: itself, as in a form, and as in an Authorization with this user."""
    if not secret:
        return []
    import base64

    text = secret.reveal()
    return [text, quote_plus(text), base64.b64encode(f"{user}:{text}".encode()).decode()]


# --- settings ---------------------------------------------------------------------------------------------------------


def url_mistakes(url: str, *, name: str = "base_url") -> list[str]:
    """Return the mistake in an address of the settings."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        right = parts.scheme in ("http", "https") and parts.hostname and not re.search(r"[\s\\]", url)
    except ValueError:
        right = False
    return [] if right else [f"{name}: must begin with https:// and a host, as in https://api.example.com"]


def secret_mistakes(**secrets: Secret | None) -> list[str]:
    """Return the mistakes in secrets that no header could carry, by their names, without a word of them."""
    return [
        f"{name}: contains a line break, a space at an end or a character outside ASCII; copy it again"
        for name, secret in secrets.items()
        if secret and not re.fullmatch(r"[!-~]([ -~]*[!-~])?", secret.reveal())
    ]
