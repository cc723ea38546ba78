"""A webhook's request, from its message: the exact bytes, their signature, what would be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import msgspec
from msgspec import Meta, Struct

from reminderctl.channels._http import provider
from reminderctl.channels.addresses import origin
from reminderctl.errors import Rejected
from reminderctl.text_types import Body, Data, DataHeader, DataTree, Url

if TYPE_CHECKING:
    from reminderctl.model import Envelope
    from reminderctl.secret import Secret

CONTENTS = ("json", "form", "body")
LONGEST_HEADER = 8_000  # characters: common servers refuse what is longer
_CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "body": "text/plain; charset=utf-8",
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
# What the transport writes, what the identity of a delivery rests on, and what would make two requests of one.
_RESERVED = frozenset({"connection", "content-length", "expect", "host", "idempotency-key", "te", "trailer"}) | {
    "transfer-encoding",
    "upgrade",
}
_URL_SAFE = "!$%&'()*+,/:;=?@[]~"  # what a path or query may hold as it is


class Message(Struct, frozen=True, kw_only=True):
    """One request; at most one of `json`, `form` and `body`."""

    method: Annotated[
        Literal["GET", "POST", "PUT", "DELETE", "PATCH"], Meta(description="The method of the request.")
    ] = "POST"
    url: Annotated[Url, Meta(description="Where it goes. No shortcodes in its scheme, host and port.")]
    params: Annotated[dict[str, Data], Meta(description="What is added to the URL's query.")] = {}
    headers: Annotated[dict[str, DataHeader], Meta(description="Further headers.")] = {}
    json: Annotated[DataTree, Meta(description="A body in JSON.")] = None
    form: Annotated[dict[str, Data] | None, Meta(description="A body in the format of a web form.")] = None
    body: Annotated[
        Body | None, Meta(description="A body that is sent unchanged; set its type in a Content-Type header.")
    ] = None


class WebhookRequest(NamedTuple):
    """A request to a receiver, as it leaves."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


def compose(
    message: Message, envelope: Envelope, *, at: int, keys: tuple[bytes, ...], added: Mapping[str, str] = {}
) -> WebhookRequest:
    """Return the request of a message, signed with each of the keys at the given Unix time.

    The headers that are `added` give way to the message's own. Raises `Rejected` where it cannot be one.
    """
    if wrong := validate_message(message):
        raise Rejected("; ".join(wrong))
    headers = {name: value.strip() for name, value in message.headers.items()}
    own = {name.lower() for name in headers}
    headers |= {name: value for name, value in added.items() if name.lower() not in own}
    body = None
    for content in CONTENTS:
        if getattr(message, content) is not None:
            body = _encode(getattr(message, content), content)
            if not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = _CONTENT_TYPES[content]
    headers |= {"Idempotency-Key": envelope.key, "webhook-id": envelope.key}
    if keys:
        headers["webhook-timestamp"] = str(at)
        headers["webhook-signature"] = " ".join(_sign(envelope.key, at, body=body or b"", key=key) for key in keys)
    return WebhookRequest(message.method, _complete_url(message), headers, body)


def _encode(content: Any, kind: str) -> bytes:
    if kind == "json":
        return msgspec.json.encode(content)
    return (urlencode(content) if kind == "form" else str(content)).encode()


def _complete_url(message: Message) -> str:
    """Return the URL with the params in its query, without a fragment, and with what a request line can carry."""
    address = message.url.strip().partition("#")[0]
    if message.params:
        address += ("" if address.endswith(("?", "&")) else "&" if "?" in address else "?") + urlencode(message.params)
    scheme, slashes, rest = address.partition("//")
    authority = re.match("[^/?]*", rest)[0]  # type: ignore[index]  # matches any text
    path = re.sub("%(?![0-9A-Fa-f]{2})", "%25", rest.removeprefix(authority))
    return scheme + slashes + authority + quote(path, safe=_URL_SAFE)


# --- signatures (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md) -------------------------


def signing_keys(secret: Secret | None) -> tuple[bytes, ...]:
    """Return the keys in a secret: `whsec_` and base64, or any text; several are separated by blanks.

    Raises ValueError, without a word of the secret.
    """
    return tuple(_key(text, number) for number, text in enumerate(secret.reveal().split() if secret else [], start=1))


def _key(text: str, number: int) -> bytes:
    import base64

    if not text.startswith("whsec_"):
        return text.encode()
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ValueError(f"secret: number {number} is not base64 after its whsec_")
    return key


def _sign(identity: str, at: int, *, body: bytes, key: bytes) -> str:
    import base64
    import hashlib  # with hmac it loads OpenSSL, which a run that sends nothing does not need
    import hmac

    digest = hmac.digest(key, f"{identity}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


# --- where it goes --------------------------------------------------------------------------------------------------


def headers_for(url: str, given: Mapping[str, Mapping[str, Secret]]) -> Mapping[str, Secret]:
    """Return the headers that the settings give to the origin of this URL, and to no other."""
    wanted = origin(url)
    return next((headers for place, headers in given.items() if wanted and origin(place) == wanted), {})


# --- mistakes -------------------------------------------------------------------------------------------------------


def settings_mistakes(given: Mapping[str, Mapping[str, Secret]]) -> Iterator[str]:
    """Yield the mistakes in the headers that the settings give to origins, without a word of their values."""
    seen = set()
    for place, headers in given.items():
        standard, shown = origin(place), "one of them" if "@" in place else repr(place)
        if any(_url_mistakes(place)):
            yield f"headers: {shown} is not an origin; use scheme, host and port, as in https://crm.example.com"
        elif not re.fullmatch(r"[^/]*//[^/?#@]*/?", place.strip()):
            yield f"headers: write {standard}, without anything before or after the host"
        elif standard in seen:
            yield f"headers: {standard} is a duplicate"
        seen.add(standard)
        for name, value in headers.items():
            yield from _name_mistakes(name)
            for what in provider.secret_mistakes(**{name: value}):
                yield f"headers: {what}"
            if not value:
                yield f"headers: {name}: is empty; give it a value or remove it"


def validate_message(message: Message | Mapping[str, Any]) -> list[str]:
    """Return the mistakes in a message, rendered or still full of shortcodes and language maps."""
    fields = message if isinstance(message, Mapping) else msgspec.structs.asdict(message)
    return list(_find_mistakes(fields))


def _find_mistakes(fields: Mapping[str, Any]) -> Iterator[str]:
    contents = [name for name in CONTENTS if fields.get(name) is not None]
    if len(contents) > 1:
        yield f"{' and '.join(contents)} exclude each other: a request has one body"
    for url in _versions(fields.get("url")):
        yield from _url_mistakes(url)
    headers = fields.get("headers")
    for name, values in headers.items() if isinstance(headers, Mapping) else ():
        yield from _name_mistakes(str(name))
        for value in _versions(values):
            yield from _value_mistakes(str(name), value)


def _versions(text: Any) -> list[str]:
    """Return a text, or each of the texts of a language map."""
    if isinstance(text, Mapping):
        return [each for each in text.values() if isinstance(each, str)]
    return [text] if isinstance(text, str) else []


def _url_mistakes(url: str) -> Iterator[str]:
    try:
        authority = urlsplit(url.strip()).netloc
    except ValueError:
        authority = ""
    if "{" in authority:
        yield "url: shortcodes work in its path and query, not in its host or port"
    elif not origin(url) or re.search(r"[\s\\]", authority):
        yield "url: must begin with http:// or https:// and a host, as in https://hooks.example.com/bookings"


def _name_mistakes(name: str) -> Iterator[str]:
    if not _TOKEN.fullmatch(name):
        yield f"headers: {name!r} is not a header name; use letters, digits and hyphens"
    elif name.lower() in _RESERVED or name.lower().startswith(("webhook-", "proxy-")):
        yield f"headers: {name} cannot be set here: reminderctl writes it"


def _value_mistakes(name: str, value: str) -> Iterator[str]:
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value.strip()):
        yield f"headers: {name} contains a line break or another control character; a header is one line"
    if len(value) > LONGEST_HEADER:
        yield f"headers: {name} is {len(value):,} characters long; a header holds at most {LONGEST_HEADER:,}"


def secrets_in(request: WebhookRequest, secret: Secret | None) -> list[str]:
    """Return the texts that no error may repeat: the URL's path and query, the headers' values, the secret."""
    parts = urlsplit(request.url)
    raw = [
        request.url,
        parts.path,
        parts.query,
        parts.password or "",
        *re.split("[/?&=]", f"{parts.path}?{parts.query}"),
    ]
    words = raw + [unquote(each) for each in raw] + [value for _, value in parse_qsl(parts.query)]
    for value in request.headers.values():
        words += [value, *value.split()]
    return words + (secret.reveal().split() if secret else [])
