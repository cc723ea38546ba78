"""WhatsApp messages by Meta's Cloud API.

    channels:
      whatsapp:
        provider: meta
        phone_number_id: "106540352242922"  # not the number: its id, as the app's dashboard shows it
        access_token: "${WHATSAPP_TOKEN}"   # of a system user; the dashboard's own ends after a day
        region: ES                          # the country of numbers without +

    actions:
      - send: whatsapp
        to: customer
        template: appointment_reminder
        language: {es: es, en: en_US}       # the codes in which the template is approved
        parameters: ["{customer_first_name}", "{appointment_date}", "{appointment_start_time}"]
        buttons: ["{appointment_id}"]       # what the first button's address ends with

WhatsApp lets a business begin a conversation with an approved template only; its `parameters` are a list for {{1}},
{{2}}, ..., or a map for a template whose parameters have names. A `header` holds a `text` (with its `name`, where
parameters have names), an `image`, a `video` or a `document`. `buttons` are the ends of addresses, in the order of the
template's buttons, or a map from a button's place (0 is the first) where others stand between them. A `body` instead of
all this reaches only those who have written to you within the last 24 hours.

Meta does not tell repetitions, so a message whose fate nobody knows is held for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._http import provider
from reminderctl.channels.addresses import Region, digits, e164, region_mistakes
from reminderctl.channels.whatsapp import _graph_versions, _meta_answers
from reminderctl.channels.whatsapp._marking import mark_as_test
from reminderctl.errors import Rejected
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret
from reminderctl.text_types import Parameter, Plain, Url, UrlEnd

__all__ = [
    "POLICY",
    "Channel",
    "Message",
    "Settings",
    "TemplateHeader",
    "mark_as_test",
    "preview",
    "validate_message",
    "validate_settings",
    "warn_of_settings",
]

POLICY = Policy(on_unknown=OnUnknown.HOLD, workers=4)

# Of github.com/facebook/openapi, business-messaging-api_v23.0.yaml.
LONGEST_BODY, LONGEST_PARAMETER = 4096, 1024  # characters
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}")
_BUTTON = re.compile(r"[0-9]")
_NUMBER_ID, _VERSION = re.compile(r"[0-9A-Za-z_-]+"), re.compile(r"v[0-9]+\.[0-9]+")

_MEDIA = ("image", "video", "document")
_OF_TEMPLATES = ("language", "parameters", "header", "buttons")
_IN_ADDRESSES = "!#$%&'()*+,/:;=?@[]~"  # what the end of a button's address may hold as it is


class Settings(Struct, frozen=True, kw_only=True):
    """Which number sends."""

    phone_number_id: Annotated[str, Meta(description="The id of the number, which is not the number itself.")]
    access_token: Annotated[Secret, Meta(description="The access token of a system user.")]
    version: Annotated[str, Meta(description="The version of the Graph API.")] = _graph_versions.DEFAULT
    region: Region = None
    base_url: provider.BaseUrl = "https://graph.facebook.com"
    timeout: provider.Timeout = 30.0


class TemplateHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The values of a template's header: a text, or a file that WhatsApp fetches."""

    text: Annotated[Parameter, Meta(description="Value for the header's text.")] = ""
    name: Annotated[str, Meta(description="Its name, in a template whose parameters have names.")] = ""
    image: Annotated[Url, Meta(description="URL of an image.")] = ""
    video: Annotated[Url, Meta(description="URL of a video.")] = ""
    document: Annotated[Url, Meta(description="URL of a PDF.")] = ""
    filename: Annotated[Parameter, Meta(description="File name of the document.")] = ""


class Message(Struct, frozen=True, kw_only=True):
    """One message to one recipient: a template that WhatsApp has approved, or a text within the 24 hours."""

    to: Annotated[str, Meta(description="The recipient's number; filled in for each.")]
    template: Annotated[str, Meta(description="The template's name.")] = ""
    language: Annotated[
        Parameter, Meta(description="The code of the language it is approved in: es, es_MX, en_US; or one for each.")
    ] = ""
    parameters: Annotated[
        list[Parameter] | dict[str, Parameter], Meta(description="Values for the template: in order, or by name.")
    ] = []
    header: Annotated[TemplateHeader | None, Meta(description="Value for the template's header.")] = None
    buttons: Annotated[
        list[UrlEnd] | dict[str, UrlEnd],
        Meta(description="The variable ends of its buttons' URLs: in order, or by position (0 is the first)."),
    ] = []
    body: Annotated[Plain, Meta(description="Free text, for people who wrote within the last 24 hours.")] = ""


# --- mistakes -------------------------------------------------------------------------------------------------------


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    found = [
        *provider.url_mistakes(settings.base_url),
        *provider.secret_mistakes(access_token=settings.access_token),
        *region_mistakes(settings.region),
    ]
    if not _NUMBER_ID.fullmatch(settings.phone_number_id):
        found.append("phone_number_id: is not the number but its id, which the app's dashboard shows next to it")
    if not _VERSION.fullmatch(settings.version):
        found.append(f"version: {settings.version!r} is none of the Graph API; write it like {_graph_versions.DEFAULT}")
    return found


def warn_of_settings(texts: Mapping[str, str], *, today: date, zone: str) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    """Yield a warning of a version of the Graph API that ends soon, or has ended."""
    yield from (("version", what) for what in _graph_versions.warn_of_version(texts.get("version", ""), today=today))


def validate_message(message: Message | Mapping[str, Any]) -> list[str]:
    """Return the mistakes in a message, rendered or still full of shortcodes and language maps."""
    fields = message if isinstance(message, Mapping) else msgspec.structs.asdict(message)
    return list(_find_mistakes(fields))


def _find_mistakes(fields: Mapping[str, Any]) -> Iterator[str]:
    template = fields.get("template")
    if bool(template) == bool(fields.get("body")):
        yield "give either template, which can start a conversation, or body"
    if not template:
        yield from (f"{name}: only a template has it; give its name" for name in _OF_TEMPLATES if fields.get(name))
        return
    if not _TEMPLATE.fullmatch(str(template)):
        yield f"template: {template!r} is not a template name; use lowercase letters, digits and _"
    language = fields.get("language") or ""
    if not language:
        yield "language is missing: write the code that the template is approved in, such as es, es_MX or en_US"
    for code in language.values() if isinstance(language, Mapping) else [language]:
        if code and "{" not in str(code) and not _LANGUAGE.fullmatch(_as_code(str(code))):
            yield f"language: {code!r} is not a language code; use es, es_MX, en_US"
    yield from _header_mistakes(fields.get("header"))
    yield from _button_mistakes(fields.get("buttons"))


def _header_mistakes(header: Any) -> Iterator[str]:
    if isinstance(header, Mapping) and len(header.keys() & {"text", *_MEDIA}) != 1:
        yield "header: give one of text, image, video and document"


def _button_mistakes(buttons: Any) -> Iterator[str]:
    if isinstance(buttons, Mapping):
        wrong = [place for place in buttons if not _BUTTON.fullmatch(str(place))]
        if wrong:
            yield f"buttons: {wrong[0]!r} is not a button; they count from 0 to 9"
    elif isinstance(buttons, list) and len(buttons) > 10:
        yield "buttons: a template has at most 10"


# --- the request ----------------------------------------------------------------------------------------------------


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> dict[str, Any]:  # noqa: ARG001
    """Return the message as it would leave, without settings with its number as it is. Raises `Rejected`."""
    to = e164(message.to, region=settings.region) if settings else message.to
    _compose(message, to=to)
    given: dict[str, Any] = {name: value for name, value in msgspec.to_builtins(message).items() if value}
    if message.template:
        given["language"] = _as_code(message.language)
    if message.header:
        given["header"] = {name: value for name, value in given["header"].items() if value}
    return given | {"to": to}


def _compose(message: Message, *, to: str) -> dict[str, Any]:
    """Return the request's fields; raises `Rejected` where Meta would refuse them."""
    if message.template and not message.language:
        raise Rejected("the template's language came out empty; write the code that it is approved in")
    if not message.template and not message.body.strip():
        raise Rejected("the message has no text: every shortcode in its body is empty")
    if wrong := validate_message(message):
        raise Rejected("; ".join(wrong))
    request = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": digits(to)}
    if message.template:
        return {**request, "type": "template", "template": _compose_template(message)}
    body = message.body.strip()
    if len(body) > LONGEST_BODY:
        raise Rejected(f"the text has {len(body):,} characters; a WhatsApp message has at most {LONGEST_BODY:,}")
    return {**request, "type": "text", "text": {"preview_url": False, "body": body}}


def _compose_template(message: Message) -> dict[str, Any]:
    components: list[dict[str, Any]] = []
    if message.header:
        components.append({"type": "header", "parameters": [_header_parameter(message.header)]})
    if isinstance(message.parameters, dict):
        parameters = [_parameter(text, f"parameters: {name}", name=name) for name, text in message.parameters.items()]
    else:
        parameters = [_parameter(text, f"parameters: number {at}") for at, text in enumerate(message.parameters, 1)]
    if parameters:
        components.append({"type": "body", "parameters": parameters})
    buttons = message.buttons if isinstance(message.buttons, dict) else dict(enumerate(message.buttons))
    for place, text in buttons.items():
        parameter = _parameter(_end_of_address(text), f"buttons: the one at {place}")
        components.append({"type": "button", "sub_type": "url", "index": str(place), "parameters": [parameter]})
    # Meta's own examples leave the policy out, its OpenAPI description requires it: with it, both are content.
    language = {"policy": "deterministic", "code": _as_code(message.language)}
    return {"name": message.template, "language": language} | ({"components": components} if components else {})


def _end_of_address(text: str) -> str:
    """Return the end of a button's address; values in it are percent-encoded already. Raises `Rejected` for dots."""
    end = quote(re.sub("%(?![0-9A-Fa-f]{2})", "%25", text.strip()), safe=_IN_ADDRESSES)
    if {".", ".."} & set(re.split("[?#]", end)[0].split("/")):
        raise Rejected("buttons: a part of the path consists of dots, and would lead elsewhere")
    return end


def _header_parameter(header: TemplateHeader) -> dict[str, Any]:
    for kind in _MEDIA:
        if link := getattr(header, kind):
            named = {"filename": header.filename} if kind == "document" and header.filename else {}
            return {"type": kind, kind: {"link": link, **named}}
    return _parameter(header.text, "header: its text", name=header.name)


def _parameter(text: str, what: str, *, name: str = "") -> dict[str, str]:
    """One parameter of a template; raises `Rejected`, naming `what` it is, where WhatsApp would refuse it."""
    if not text.strip():
        default = '{{ zoom_meeting_url | default("-") }}'
        raise Rejected(f"{what} is empty, which WhatsApp refuses; give it a text for this case, as in {default}")
    if len(text) > LONGEST_PARAMETER:
        raise Rejected(f"{what} has {len(text):,} characters; a parameter has at most {LONGEST_PARAMETER:,}")
    return {"type": "text", **({"parameter_name": name} if name else {}), "text": text}


def _as_code(language: str) -> str:
    """Return a language as Meta writes it: `es-mx` is its es_MX."""
    base, _, region = language.strip().replace("-", "_").partition("_")
    return f"{base.lower()}_{region.upper()}" if region else base.lower()


class Channel:
    """Sends the messages of one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = provider.HttpProvider()

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one message; raises a `DeliveryError` unless Meta took it."""
        settings, token = self._settings, self._settings.access_token.reveal()
        request = _compose(message, to=e164(message.to, region=settings.region))
        answer = self._http.request(
            "POST",
            f"{settings.base_url.rstrip('/')}/{settings.version}/{settings.phone_number_id}/messages",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            body=msgspec.json.encode(request),
            timeout=settings.timeout,
        )
        return _meta_answers.read_answer(answer, hide=[token])

    def close(self) -> None:
        """Let go of connections; never raises."""
        self._http.close()
