"""Messages in a room of a chat service: Slack, Teams, Discord, Google Chat, Mattermost, ntfy.

    channels:
      chat:                            # each room has a name, which `to` uses
        team: {kind: slack, url: "${SLACK_URL}"}
        office: {kind: teams, url: "${TEAMS_URL}"}
        phone: {kind: ntfy, url: "${NTFY_URL}", token: "${NTFY_TOKEN}", priority: high}

    actions:
      - send: chat
        to: team
        body: "*{customer_full_name}* at {appointment_start_time}"
      - send: chat
        id: phones
        to: [office, phone]
        title: New visit
        tags: [calendar]
        body: "{customer_full_name} at {appointment_start_time}"

The address of a room is a secret: who knows it can write there. It is in no message, no log and no ledger. What a
booking says mentions nobody and marks nothing up, while the text around it may use the markup of the service.

Chat services do not recognize repetitions, and a repetition does no harm there: a message whose fate nobody knows is
sent again. Each room waits on its own when it is down or asks for fewer messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from msgspec import Meta, Struct

from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._chat.kinds import ChatService, Post, kind_of, name_of_host, resolve
from reminderctl.channels._http import client, provider, responses
from reminderctl.errors import ChannelDown, Rejected
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret
from reminderctl.text_types import Chat

__all__ = ["POLICY", "Channel", "Message", "Room", "Settings", "preview", "service_of", "validate_room"]

POLICY = Policy(on_unknown=OnUnknown.RESEND, workers=1)

_GONE = (401, 403, 404, 405, 410)  # what an address answers that is wrong, or was switched off


class Room(Struct, frozen=True, kw_only=True):
    """A room, as its service knows it."""

    kind: Annotated[
        Literal["slack", "teams", "discord", "google-chat", "mattermost", "ntfy"],
        Meta(description="The service that it belongs to."),
    ]
    url: Annotated[Secret, Meta(description="Its address, as the service shows it; who knows it can write there.")]
    token: Annotated[Secret | None, Meta(description="An access token (ntfy only).")] = None
    priority: Annotated[
        Literal["min", "low", "default", "high", "max", "urgent", "1", "2", "3", "4", "5"] | None,
        Meta(description="How urgently a phone shows its messages (ntfy only)."),
    ] = None
    timeout: provider.Timeout = 30.0


class Settings(Struct, frozen=True, kw_only=True):
    """The rooms, by the names that `to` uses."""

    rooms: dict[str, Room]


class Message(Struct, frozen=True, kw_only=True):
    """One message in one room."""

    to: Annotated[str, Meta(description="The room; filled in for each.")]
    body: Annotated[Chat, Meta(description="The text. The markup of the service works in it, but not in its values.")]
    title: Annotated[Chat, Meta(description="A title: ntfy shows one; elsewhere it is the first line.")] = ""
    tags: Annotated[list[Chat], Meta(description="Tags and emojis of ntfy, such as `calendar`.")] = []


def service_of(url: str) -> tuple[str, str] | None:
    """Return the kind and the title of the service whose servers an address names; None where it is nobody's."""
    kind = name_of_host(url)
    return (kind, kind_of(kind).title) if kind else None


def validate_room(room: Room) -> list[str]:
    """Return the mistakes in the settings of a room taken together, without a word of its address."""
    url = room.url.reveal()
    found = provider.url_mistakes(url, name="url") or provider.secret_mistakes(url=room.url, token=room.token)
    if not found and (wrong := kind_of(room.kind).url_mistake(url)):
        found = [f"url: {wrong}"]
    elif not found and (owner := name_of_host(url)) not in ("", room.kind):
        found = [f"kind: this is an address of {kind_of(owner).title}; write `kind: {owner}`"]
    if room.kind != "ntfy":
        for name in ("token", "priority"):
            if getattr(room, name) is not None:
                found.append(f"{name}: only ntfy has one; remove it, or write `kind: ntfy`")
    return found


# --- the request ----------------------------------------------------------------------------------------------------


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> dict[str, Any]:
    """Return the message as it would arrive; raises `Rejected` where it could not."""
    if settings is None:  # nobody knows yet what kind of room it is
        post = _post(message, None, room=None, envelope=envelope)
        return {"to": message.to.strip(), "body": post.text}
    room = _find(message.to, settings)
    kind = kind_of(room.kind)
    post = _post(message, kind, room=room, envelope=envelope)
    kind.compose(post)
    shown: dict[str, Any] = {"to": message.to.strip(), "kind": room.kind, "host": client.host_of(room.url.reveal())}
    if not kind.has_title:
        return {**shown, "body": post.text}
    optional = {"title": post.title, "tags": list(post.tags), "priority": post.priority}
    return {**shown, **{name: value for name, value in optional.items() if value}, "body": post.body}


def _find(name: str, settings: Settings) -> Room:
    """Return the room of this name; raises `Rejected` where there is none."""
    name = name.strip()
    if room := settings.rooms.get(name):
        return room
    shown = "this address" if "://" in name else repr(responses.quote(name))
    raise Rejected(f"there is no room {shown} under channels.chat; use one of {', '.join(settings.rooms)}")


def _post(message: Message, kind: ChatService | None, *, room: Room | None, envelope: Envelope) -> Post:
    """Return the message with its values escaped for the service; raises `Rejected` where it has no text."""
    escape = kind.escape if kind else str
    title, body = (resolve(text, escape).strip() for text in (message.title, message.body))
    title = " ".join(title.split())
    if not body:
        raise Rejected("the message has no text: every shortcode in it is empty")
    return Post(
        text=f"{title}\n\n{body}" if title else body,
        title=title,
        body=body,
        tags=tuple(resolve(tag, escape) for tag in message.tags),
        thread=envelope.booking,
        priority=(room.priority if room else None) or "",
    )


class Channel:
    """Sends the messages of one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = provider.HttpProvider()

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Send one message; raises a `DeliveryError` unless the service took it."""
        room = _find(message.to, self._settings)
        kind = kind_of(room.kind)
        request = kind.compose(_post(message, kind, room=room, envelope=envelope))
        token = {"Authorization": f"Bearer {room.token.reveal()}"} if room.token else {}
        answer = self._http.request(
            "POST",
            _with_query(room.url.reveal(), request.query),
            headers={**request.headers, **token},
            body=request.body,
            timeout=room.timeout,
        )
        return _read_answer(answer, kind, settings=self._settings)

    def close(self) -> None:
        """Let go of connections; never raises."""
        self._http.close()


def _with_query(url: str, added: Mapping[str, str]) -> str:
    url = url.partition("#")[0]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(added)}" if added else url


# --- the answer -----------------------------------------------------------------------------------------------------


def _read_answer(answer: responses.Response, kind: ChatService, *, settings: Settings) -> Receipt:
    """Return the receipt of a message that the service took; raises a `DeliveryError` for any other answer."""
    if kind.accepts(answer):
        return Receipt()
    hidden = [secret for room in settings.rooms.values() for secret in _secrets_of(room)]
    text = responses.describe(answer, hide=hidden)
    if answer.status in _GONE or kind.is_down(answer):
        raise ChannelDown(f"{text}; is the room's url right, and is it switched on in {kind.title}?")
    wait = responses.asked_wait(answer)
    if refusal := responses.classify_status(answer.status, wait, text=text, repeatable=True):
        raise refusal
    raise provider.not_understood(answer, kind.title, hide=hidden)


def _secrets_of(room: Room) -> list[str]:
    """Return the texts that no error may repeat: all parts of the address but its host, and the token."""
    url = room.url.reveal()
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return [url, *provider.encodings_of(room.token)]
    words = [url, url.partition("://")[2], parts.path, parts.query, *parts.path.split("/")]
    words += [value for _, value in parse_qsl(parts.query)]
    words += [parts.username or "", parts.password or ""]
    words += [unquote(each) for each in words]
    return [each for each in words if each not in ("", host, parts.netloc)] + provider.encodings_of(room.token)
