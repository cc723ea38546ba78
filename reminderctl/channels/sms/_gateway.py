"""The requests to an SMS gateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Meta, field

from reminderctl.channels._http import provider
from reminderctl.channels.addresses import Region, digits, e164
from reminderctl.channels.sms._message import SenderSetting, read_body, read_sender
from reminderctl.channels.sms._presets import PRESETS
from reminderctl.channels.sms._rules import Gateway
from reminderctl.secret import Secret
from reminderctl.structured_text import ONE_STRUCTURE, UNCLEAR, BodyKind, escape_json, escape_xml, kind_of, seal_json

if TYPE_CHECKING:
    from reminderctl.channels.sms._message import Message
    from reminderctl.model import Envelope

NAMES = ("to", "to_digits", "from", "from_digits", "body", "key", "username", "password", "token")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ESCAPES: Mapping[BodyKind, Callable[[str], str]] = {
    BodyKind.PLAIN: str,
    BodyKind.JSON: escape_json,
    BodyKind.XML: escape_xml,
}
_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")
_ANY = "*"
_REGION_OF_KEY = re.compile(r"b[km]_([a-z]{2}[0-9]+)_")
_SHORTEST_SECRET = 8  # characters: shorter literals of a template (`type: sms`) are words


class Settings(Gateway, frozen=True, kw_only=True):
    """Which gateway sends, for whom, and whom the SMS come from."""

    preset: Annotated[
        Literal["labsmobile", "46elks", "seven", "clicksend", "bird", "messagebird", "sinch", "plivo", "smsapi"] | None,
        Meta(description="A gateway that reminderctl knows; your other settings override the preset."),
    ] = None
    username: Annotated[str, Meta(description="The account at the gateway.")] = ""
    password: Annotated[Secret | None, Meta(description="Its password or API secret.")] = None
    token: Annotated[Secret | None, Meta(description="An API token or key, for gateways that need only that.")] = None
    from_: SenderSetting = field(name="from", default="")
    region: Region = None
    api_region: Annotated[
        str,
        Meta(description="Where the account is, with sinch (eu, us, au, br, ca) and bird (eu1, us1; its key says it)."),
    ] = ""
    base_url: Annotated[str, Meta(description="Another scheme and host instead of the URL's, for your own tests.")] = ""
    timeout: provider.Timeout = 30.0

    def __repr__(self) -> str:  # people write keys into forms and headers, too
        return f"Settings(preset={self.preset!r}, from_={self.from_!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("preset", self.preset), ("from_", self.from_)]


class GatewayRequest(NamedTuple):
    """A request to a gateway, as it leaves."""

    method: str
    url: str
    headers: dict[str, str]
    form: dict[str, str] | None
    body: bytes | None
    auth: tuple[str, str] | None


def complete(settings: Settings) -> Gateway:
    """Return the gateway that the settings mean: a preset's, with what they give in its place or beside it."""
    preset: Gateway = PRESETS[settings.preset] if settings.preset else Gateway()
    form = {**(preset.form or {}), **(settings.form or {})} if settings.json is None else settings.form
    json = {**(preset.json or {}), **(settings.json or {})} if settings.form is None else settings.json
    return Gateway(
        method=settings.method or preset.method or "POST",
        url=settings.url or preset.url.replace("{api_region}", _api_region(settings)),
        params={**preset.params, **settings.params},
        headers={**preset.headers, **settings.headers},
        form=form or None,
        json=json or None,
        success=settings.success or preset.success,
        id_path=settings.id_path or preset.id_path,
        codes=settings.codes or preset.codes,
    )


def _api_region(settings: Settings) -> str:
    """Return the region of the account: what the settings say, what its key says, or the preset's default."""
    if settings.api_region:
        return settings.api_region.strip().lower()
    of_preset = PRESETS[settings.preset].api_regions if settings.preset else ()
    if of_preset[:1] != (_ANY,):
        return of_preset[0] if of_preset else ""
    found = _REGION_OF_KEY.match(settings.token.reveal()) if settings.token else None
    return found[1] if found else ""


def recognises_repetitions(settings: Settings) -> bool:
    """Return True where the gateway takes an SMS once, however often it is sent: its preset's guard is in place."""
    guard = PRESETS[settings.preset].guard if settings.preset else {}
    gateway = complete(settings)
    return bool(guard) and guard.items() <= {**gateway.headers, **(gateway.form or {})}.items()


# --- the request ----------------------------------------------------------------------------------------------------


def compose(gateway: Gateway, settings: Settings, *, message: Message, envelope: Envelope) -> GatewayRequest:
    """Return the request for one SMS. Raises `Rejected` where its number or its text is none."""
    number, sender = e164(message.to, region=settings.region), read_sender(settings.from_)
    values = {
        "to": number,
        "to_digits": digits(number),
        "from": sender,
        "from_digits": digits(sender),
        "body": read_body(message),
        "key": envelope.key,
        "username": settings.username,
        "password": settings.password.reveal() if settings.password else "",
        "token": settings.token.reveal() if settings.token else "",
    }
    headers = {name: _BREAKS.sub(" ", text).strip() for name, text in fill(gateway.headers, values).items()}
    auth = None
    if gateway.json is not None:
        headers = {"Content-Type": "application/json", **headers}
    if settings.password and not _mentions(gateway, "password"):
        auth = (settings.username, values["password"])
    elif settings.token and not _mentions(gateway, "token"):
        headers = {"Authorization": f"Bearer {values['token']}", **headers}
    body = None if gateway.json is None else msgspec.json.encode(fill(gateway.json, values))
    return GatewayRequest(
        gateway.method or "POST",
        _address(gateway, settings, values=values),
        headers,
        fill(gateway.form, values),
        body,
        auth,
    )


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """Return a template with its names in braces replaced, once: what a value holds in braces stays."""
    if isinstance(template, str):
        return _fill_text(template, values)
    if isinstance(template, Mapping):
        return {name: fill(each, values) for name, each in template.items()}
    if isinstance(template, list):
        return [fill(each, values) for each in template]
    return template


def _fill_text(template: str, values: Mapping[str, str]) -> str:
    """Fill one text, which may itself be JSON or XML: a customer's words must not add to it, nor change its number."""
    kind = _kind(template)
    escape = _ESCAPES[kind or BodyKind.PLAIN]
    text = _PLACEHOLDER.sub(lambda found: escape(values[found[1]]) if found[1] in values else found[0], template)
    return seal_json(text) if kind is BodyKind.JSON else text


def _kind(template: str) -> BodyKind | None:
    skeleton, values = _PLACEHOLDER.subn("0", template)
    return kind_of(skeleton, values=values > 0, statements=False)


def _address(gateway: Gateway, settings: Settings, *, values: Mapping[str, str]) -> str:
    url = _PLACEHOLDER.sub(lambda found: quote(values.get(found[1], found[0]), safe=""), gateway.url)
    if settings.base_url:
        parts = urlsplit(url)
        url = settings.base_url.rstrip("/") + url[len(f"{parts.scheme}://{parts.netloc}") :]
    if gateway.params:
        url += ("&" if "?" in url else "?") + urlencode(fill(gateway.params, values))
    return url


def secrets_in(gateway: Gateway, settings: Settings) -> list[str]:
    """Return the texts that no error may repeat: the secrets, and what people wrote into templates as it is."""
    words = provider.encodings_of(settings.password, user=settings.username) + provider.encodings_of(settings.token)
    query = urlsplit(gateway.url).query
    literals = [*_texts(gateway), *re.split("[&=]", query)]
    return words + [each for each in literals if len(each) >= _SHORTEST_SECRET and not _PLACEHOLDER.search(each)]


# --- mistakes -------------------------------------------------------------------------------------------------------


def mistakes(gateway: Gateway, settings: Settings) -> Iterator[str]:
    """Yield the mistakes in a gateway."""
    if not gateway.url:
        yield f"url is missing: give the gateway's address, or a preset: {', '.join(PRESETS)}"
        return
    yield from provider.url_mistakes(gateway.url, name="url")
    yield from _mistakes_of_region(settings)
    if gateway.form and gateway.json:
        yield "form and json exclude each other: a request has one body"
    names = {name for text in (gateway.url, *_texts(gateway)) for name in _PLACEHOLDER.findall(text)}
    for name in sorted(names - set(NAMES)):
        yield f"unknown name {{{name}}}; there are {', '.join(f'{{{each}}}' for each in NAMES)}"
    if any(_kind(text) is None for text in _texts(gateway)):
        yield f"{UNCLEAR}; {ONE_STRUCTURE}"
    for name in ("to", "body"):
        if not {name, f"{name}_digits"} & names:
            yield f"{{{name}}} is missing: put it into form, json or params"
    if {"from", "from_digits"} & names and not settings.from_:
        yield "from is missing: set the sender of the SMS"
    if not gateway.success and not gateway.id_path:
        yield "success is missing: define how an answer shows that the SMS was accepted, or where its id is (id_path)"
    yield from provider.secret_mistakes(token=settings.token)
    if not _mentions(gateway, "password"):
        yield from provider.secret_mistakes(password=settings.password)


def _mistakes_of_region(settings: Settings) -> Iterator[str]:
    known = PRESETS[settings.preset].api_regions if settings.preset else ()
    region = _api_region(settings)
    if not known:
        if settings.api_region:
            yield "api_region is for `preset: sinch` and `preset: bird`; take it out"
    elif known == (_ANY,):
        if region and not re.fullmatch(r"[a-z]{2}[0-9]+", region):
            yield f"api_region: {settings.api_region!r} is no region such as eu1 or us1"
        elif not region and settings.token and not settings.url:
            yield f"api_region is missing: {settings.preset}'s key does not say where the account is; write eu1 or us1"
    elif region not in known:
        yield f"api_region: {settings.api_region!r} is none of {', '.join(known)}"


def _mentions(gateway: Gateway, name: str) -> bool:
    return any(f"{{{name}}}" in text for text in (gateway.url, *_texts(gateway)))


def _texts(gateway: Gateway) -> Iterator[str]:
    """Every text that goes into a request beside the URL."""
    rest: list[Any] = [gateway.params, gateway.headers, gateway.form, gateway.json]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            rest += each.values()
        elif isinstance(each, list):
            rest += each
