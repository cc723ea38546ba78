"""Telegram messages from a bot.

    channels:
      telegram:
        bot_token: "${TELEGRAM_TOKEN}"  # from @BotFather

    actions:
      - send: telegram
        to: [customer, "-1001234567890"]
        body: "Until tomorrow at {appointment_start_time}, {customer_first_name}."
      - send: telegram
        id: team
        to: admin
        html: "<b>{customer_full_name}</b> at {appointment_start_time}, {service_name}"
        silent: yes

A recipient is the number of a chat, or the @name of a public channel. A bot cannot begin a conversation: customers have
a number once they have opened the bot and pressed Start. In `html` Telegram knows few tags: <b>, <i>, <u>, <s>,
<a href>, <code>, <pre>, <blockquote>; a new line begins where the text has one.

Telegram does not tell repetitions, so a message whose fate nobody knows is held for a person. A group that has become a
supergroup has a new number: Telegram refuses the old one and names the new, and the message goes there at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from reminderctl import clocks
from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._http import provider, responses
from reminderctl.channels._http.responses import quote
from reminderctl.channels.addresses import parse_chat
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret
from reminderctl.text_types import Plain, TelegramHtml

__all__ = ["POLICY", "Channel", "Message", "Settings", "preview", "validate_message", "validate_settings"]

POLICY = Policy(on_unknown=OnUnknown.HOLD, workers=4)

LONGEST_TEXT = 4096  # UTF-16 units of what a reader sees (core.telegram.org/bots/api#sendmessage)

_TOKEN = re.compile(r"[0-9A-Za-z:_-]+")
# What TDLib's parser takes (github.com/tdlib/td, td/telegram/MessageEntity.cpp); anything else makes it refuse.
_TAGS = "a|b|blockquote|code|del|em|i|ins|pre|s|span|strike|strong|tg-emoji|tg-spoiler|tg-time|u"
_TAG = re.compile(rf"</?(?:{_TAGS})(?=[\s>])[^<>]*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:(?:lt|gt|amp|quot)(?![A-Za-z])|#[0-9]+|#x[0-9A-Fa-f]+);?")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ADVICE = {  # what would be right, by the beginning of Telegram's words or by its code
    "Bad Request: chat not found": "the number is wrong, or the person has never opened the bot and pressed Start",
    "Forbidden: bot can't initiate": "the person has never opened the bot and pressed Start",
    "Bad Request: can't parse entities": "fix the HTML",
    401: "is the channel's bot_token right?",
    404: "is the channel's bot_token right?",
}


class Settings(Struct, frozen=True, kw_only=True):
    """Which bot sends."""

    bot_token: Annotated[Secret, Meta(description="The bot's token, as @BotFather shows it.")]
    silent: Annotated[bool, Meta(description="Messages arrive without a sound.")] = False
    base_url: provider.BaseUrl = "https://api.telegram.org"
    timeout: provider.Timeout = 30.0


class Message(Struct, frozen=True, kw_only=True):
    """One message to one chat: a `body`, or the same with tags as `html`."""

    to: Annotated[str, Meta(description="The chat; filled in for each.")]
    body: Annotated[Plain, Meta(description="The text, sent unchanged.")] = ""
    html: Annotated[TelegramHtml, Meta(description="Instead of `body`: a text with <b>, <i>, <a href> ...")] = ""
    silent: Annotated[bool | None, Meta(description="true: without a sound. Default: the setting of the channel.")] = (
        None
    )


# --- mistakes -------------------------------------------------------------------------------------------------------


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together, without a word of the token."""
    found = provider.url_mistakes(settings.base_url)
    if not _TOKEN.fullmatch(settings.bot_token.reveal()):
        found.append("bot_token: has characters that no token has; copy it again from @BotFather, 123456789:AAE...")
    return found


def validate_message(tree: Mapping[str, Any]) -> list[str]:
    """Return the mistakes in an action: texts that are missing or too many, tags that Telegram does not know."""
    given = tree.keys() & {"body", "html"}
    if not given:
        return ["body is missing: a Telegram message needs a `body`, or an `html`"]
    if len(given) == 2:
        return ["html: body and html exclude each other: a Telegram message has one text"]
    html = tree.get("html", "")
    versions = html.values() if isinstance(html, Mapping) else [html]
    return list(dict.fromkeys(what for each in versions if isinstance(each, str) for what in _tag_mistakes(each)))


def _tag_mistakes(template: str) -> Iterator[str]:
    literal = _TAG.sub("", _JINJA.sub("", template))
    for found in re.finditer(r"</?([A-Za-z][\w-]*)?", literal):
        if found[1]:
            known = ", ".join(f"<{tag}>" for tag in _TAGS.split("|"))
            yield f"html: Telegram does not support <{found[1]}>; it supports {known}, and line breaks"
        else:
            yield "html: contains a < that is not part of a tag; use &lt;"


# --- the request ----------------------------------------------------------------------------------------------------


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> dict[str, Any]:  # noqa: ARG001
    """Return the message as it would leave; raises `Rejected` where it could not."""
    request = _compose(message, settings)
    return {
        "to": message.to.strip(),
        "html" if "parse_mode" in request else "body": request["text"],
        "silent": request["disable_notification"],
    }


def _compose(message: Message, settings: Settings | None) -> dict[str, Any]:
    """Return the fields of sendMessage; raises `Rejected` where Telegram would refuse them."""
    if message.body and message.html:
        raise Rejected("body and html exclude each other: a Telegram message has one text")
    text = (message.html or message.body).strip()  # as Telegram does
    shown = _as_shown(text) if message.html else text
    if not shown.strip():
        raise Rejected("the message has no text: every shortcode in it is empty")
    length = len(shown.encode("utf-16-le")) // 2
    if length > LONGEST_TEXT:
        raise Rejected(f"the text has {length:,} characters; a Telegram message has at most {LONGEST_TEXT:,}")
    silent = message.silent if message.silent is not None else bool(settings and settings.silent)
    request = {
        "chat_id": _read_chat(message.to),
        "text": text,
        "disable_notification": silent,
        "link_preview_options": {"is_disabled": True},  # a preview would drown the reminder
    }
    return request | ({"parse_mode": "HTML"} if message.html else {})


def _read_chat(written: str) -> int | str:
    try:
        return parse_chat(written)
    except ValueError as error:
        shown = repr(quote(written.strip()))
        raise Rejected(f"{shown} {error}; write its number, as 123456789, or the @name of a public channel") from None


def _as_shown(html: str) -> str:
    """Return the text that a reader sees."""
    from html import unescape

    return _ENTITY.sub(lambda entity: unescape(entity[0]), _TAG.sub("", html))


class Channel:
    """Sends the messages of one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = provider.HttpProvider()

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one message; raises a `DeliveryError` unless Telegram took it."""
        until = clocks.seconds() + self._settings.timeout
        request = _compose(message, self._settings)
        answer = self._post(request, timeout=self._settings.timeout)
        moved_to = _read_new_chat(answer)
        if moved_to is None:
            return self._read(answer)
        # The first request was refused, so that this one is no repetition.
        answer = self._post({**request, "chat_id": moved_to}, timeout=max(until - clocks.seconds(), 1))
        receipt = self._read(answer)
        warning = f"the group {message.to.strip()} has become a supergroup; write its new number {moved_to} instead"
        return Receipt(provider_id=receipt.provider_id, warning=warning)

    def close(self) -> None:
        """Let go of connections; never raises."""
        self._http.close()

    def _post(self, request: Mapping[str, Any], *, timeout: float) -> responses.Response:
        # The token is in the URL, of which no error ever shows more than the host.
        url = f"{self._settings.base_url.rstrip('/')}/bot{self._settings.bot_token.reveal()}/sendMessage"
        headers = {"Content-Type": "application/json"}
        return self._http.request("POST", url, headers=headers, body=msgspec.json.encode(request), timeout=timeout)

    def _read(self, answer: responses.Response) -> Receipt:
        token = self._settings.bot_token.reveal()
        return _read_answer(answer, hide=[token, token.partition(":")[2]])


# --- the answer -----------------------------------------------------------------------------------------------------


def _read_answer(answer: responses.Response, *, hide: list[str]) -> Receipt:
    """Return the receipt of a message that Telegram took; raises a `DeliveryError` for any other answer."""
    said = _read_object(answer.json)
    accepted = 200 <= answer.status < 300
    if accepted and said.get("ok") is True:
        number = _read_object(said.get("result")).get("message_id")
        return Receipt(provider_id=None if number is None else str(number))
    code = said.get("error_code") if said.get("ok") is False else None
    if isinstance(code, int):
        words = str(said.get("description", ""))
        advice = _ADVICE.get(code) or next((_ADVICE[each] for each in _ADVICE if words.startswith(str(each))), "")
        text = f"{provider.describe_code('Telegram', code, words=words, hide=hide)}{'; ' if advice else ''}{advice}"
        refusal = _classify(code, answer, text=text)
    else:
        refusal = None if accepted else _classify(answer.status, answer, text=responses.describe(answer, hide=hide))
    if refusal is None:
        raise provider.not_understood(answer, "Telegram", hide=hide)
    if isinstance(code, int):
        refusal.provider_code = str(code)
    raise refusal


def _classify(code: int, answer: responses.Response, *, text: str) -> DeliveryError | None:
    """Return the error for a code; Telegram's are those of HTTP (tdlib/telegram-bot-api, Client.cpp, Query.cpp)."""
    if code in (401, 404):  # the token is revoked, or none
        return ChannelDown(text)
    if code == 403 and not answer.is_html:  # blocked by this person, thrown out of this group
        return Rejected(text)
    if code == 429:
        return Throttled(text, retry_after=_read_wait(answer))
    return responses.classify_status(code, answer.retry_after, text=text)


def _read_wait(answer: responses.Response) -> timedelta | datetime | None:
    """Return the wait that Telegram asks for, of the whole bot: in the body, as it does, or in a header."""
    seconds = _read_object(_read_object(answer.json).get("parameters")).get("retry_after")
    in_body = responses.read_retry_after(str(seconds)) if isinstance(seconds, int | float) else None
    in_header = answer.retry_after
    if isinstance(in_body, timedelta) and isinstance(in_header, timedelta):
        return max(in_body, in_header)
    return in_body or in_header


def _read_new_chat(answer: responses.Response) -> int | None:
    """Return the new number of a group that has become a supergroup; None where Telegram says nothing of it."""
    chat = _read_object(_read_object(answer.json).get("parameters")).get("migrate_to_chat_id")
    return chat if answer.status == 400 and isinstance(chat, int) else None


def _read_object(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}
