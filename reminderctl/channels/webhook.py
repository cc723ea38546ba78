"""Webhooks: an HTTP request to another program.

    channels:
      webhook:                        # may be left out: webhooks need no settings
        secret: "${WEBHOOK_SECRET}"
        headers:                      # for all requests to this scheme, host and port
          https://crm.example.com: {Authorization: "Bearer ${CRM_TOKEN}"}

    actions:
      - send: webhook
        method: POST
        url: https://hooks.example.com/bookings/{appointment_id}
        params: {lang: "{customer_language}"}
        headers: {X-Source: reminderctl}
        json: {text: "{customer_full_name} arrives at {appointment_start_time}"}

Every request carries the delivery's key as `webhook-id` and as `Idempotency-Key`: it is the same in each repetition, so
that the receiver can tell one. An attempt whose fate nobody knows is repeated. With a secret, requests are signed as
https://www.standardwebhooks.com says.

Redirects are not followed: write the address that they lead to. Google Apps Script answers with one that is no request
but the script's answer; that one is fetched, from Google's host for such answers only.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urljoin, urlsplit

from msgspec import Meta, Struct, structs

from reminderctl import clocks
from reminderctl.channels import OnUnknown, Policy
from reminderctl.channels._http import client, responses
from reminderctl.channels._marking import mark_headers
from reminderctl.channels._webhook_request import (
    Message,
    compose,
    headers_for,
    secrets_in,
    settings_mistakes,
    signing_keys,
    validate_message,
)
from reminderctl.channels.addresses import origin
from reminderctl.channels.masking import MASK, is_secret_header, is_secret_parameter
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Unavailable
from reminderctl.model import Envelope, Receipt
from reminderctl.secret import Secret

if TYPE_CHECKING:
    from reminderctl.http_transport.transport import HttpSession

__all__ = [
    "POLICY",
    "Channel",
    "Message",
    "Settings",
    "circuit",
    "mark_as_test",
    "preview",
    "secret_place",
    "validate_message",
    "validate_settings",
]

POLICY = Policy(on_unknown=OnUnknown.RESEND, workers=8)

_SCRIPTS, _SCRIPT_ANSWERS = "script.google.com", "script.googleusercontent.com"
# Where "not found" and "gone" say that the whole integration is unknown, not that this one request is wrong.
_UNKNOWN_INTEGRATION = {("hooks.slack.com", 404), ("hooks.slack.com", 410), ("api.hsforms.com", 404)}


class Settings(Struct, frozen=True, kw_only=True):
    """What holds for all webhooks."""

    secret: Annotated[
        Secret | None,
        Meta(
            description="Signs each request (Standard Webhooks): `whsec_` and base64, or any text. "
            "Several, separated by spaces, while the receivers change from one to the next."
        ),
    ] = None
    headers: Annotated[
        dict[str, dict[str, Secret]],
        Meta(
            description="Headers with secrets, by the origin (`https://crm.example.com`) whose requests carry them; a "
            "header of the action itself goes before the one here."
        ),
    ] = {}
    timeout: Annotated[float, Meta(description="Total seconds for one attempt.", gt=0, le=30)] = 30.0


def validate_settings(settings: Settings) -> list[str]:
    """Return the mistakes in the settings taken together."""
    found = list(settings_mistakes(settings.headers))
    try:
        signing_keys(settings.secret)
    except ValueError as error:
        found.append(str(error))
    return found


def preview(message: Message, settings: Settings | None, *, envelope: Envelope) -> dict[str, Any]:
    """Return the request as it would leave at the envelope's instant; signature and settings' headers are masked."""
    request = compose(
        message,
        envelope,
        at=int(envelope.at.timestamp()),
        keys=(b"masked",) if _signs(settings) else (),
        added=dict.fromkeys(headers_for(message.url, settings.headers), "***") if settings else {},
    )
    if "webhook-signature" in request.headers:
        request.headers["webhook-signature"] = "v1,***"
    body = None if request.body is None else request.body.decode()
    return {"method": request.method, "url": request.url, "headers": request.headers, "body": body}


def mark_as_test(message: Message, address: str) -> tuple[Message, str]:
    """Turn a request into one for another receiver, to whom the secrets of the real one are none."""
    if not origin(address):
        raise Rejected("the address of a test has no valid host")
    withheld = [name for name in message.headers if is_secret_header(name)]
    withheld += [name for name in message.params if is_secret_parameter(name)]

    def kept(values: Mapping[str, str]) -> dict[str, str]:
        return {name: MASK if name in withheld else value for name, value in values.items()}

    headers, params = mark_headers(kept(message.headers)), kept(message.params)
    marked = structs.replace(message, url=address, headers=headers, params=params)
    return marked, f"without the value of {', '.join(withheld)}" if withheld else ""


def circuit(texts: Mapping[str, str]) -> str:
    """Return the origin that an action's requests go to: all webhooks to one are paused together."""
    return origin(texts.get("url", ""))


def secret_place(texts: Mapping[str, str], path: tuple[str | int, ...]) -> str:
    """Return the place of a secret in a request: among the headers of its origin."""
    place = origin(texts.get("url", "")) or "https://crm.example.com"
    name = path[1] if path[0] == "headers" else "Authorization"
    return f"put a header with a secret there: `webhook: {{headers: {{{place}: {{{name}: ...}}}}}}`"


def _signs(settings: Settings | None) -> bool:
    return settings is not None and settings.secret is not None and bool(settings.secret.reveal().strip())


class Channel:
    """Makes the requests of one thread; connections to the same server are kept between them."""

    def __init__(self, settings: Settings | None) -> None:
        self._settings = settings or Settings()
        self._opened: HttpSession | None = None

    def send(self, message: Message, envelope: Envelope) -> Receipt:
        """Make one request; raises a `DeliveryError` unless the receiver accepted it."""
        until = clocks.seconds() + self._settings.timeout
        # The real time, in a dry run too: receivers compare it with their own clock.
        added = headers_for(message.url, self._settings.headers)
        sent = compose(
            message,
            envelope,
            at=int(time.time()),
            keys=signing_keys(self._settings.secret),
            added={name: value.reveal() for name, value in added.items()},
        )
        answer = client.request(
            self._session(),
            sent.method,
            url=sent.url,
            headers=sent.headers,
            body=sent.body,
            timeout=self._settings.timeout,
        )
        if answer.host == _SCRIPTS and (collected := _where_script_answers(sent.url, answer)):
            return self._collect(collected, timeout=until - clocks.seconds())
        if refusal := _refusal(answer, hidden=secrets_in(sent, self._settings.secret)):
            raise refusal
        if answer.host == _SCRIPTS and answer.is_html:
            raise ChannelDown(
                f"{_SCRIPTS} answered with a web page: let anyone run the deployed script, and look at its executions"
            )
        return Receipt()

    def close(self) -> None:
        """Let go of the connections."""
        if self._opened:
            self._opened.close()
            self._opened = None

    def _session(self) -> HttpSession:
        if not self._opened:
            # Receivers know repetitions by their id, so that a lost connection costs no more than another attempt.
            self._opened = client.session(keep_alive=True)
        return self._opened

    def _collect(self, url: str, *, timeout: float) -> Receipt:
        """Fetch what the script said. It has already run, so nothing that goes wrong here may make it run again."""
        try:
            answer = client.request(self._session(), "GET", url=url, timeout=max(timeout, 1), public_only=True)
        except DeliveryError as error:
            return Receipt(note=f"the script has run; its answer could not be fetched: {error}")
        if answer.is_html:
            raise Rejected("the script has run, but what it answered is a web page: look at its executions")
        return Receipt()


def _where_script_answers(url: str, answer: responses.Response) -> str | None:
    """Return the URL of the answer of a Google script that has run; None where this is not the sign of it."""
    place = urljoin(url, answer.headers.get("location", ""))
    secure_enough = urlsplit(place).scheme in ("https", urlsplit(url).scheme)
    if answer.status in (302, 303) and client.host_of(place) == _SCRIPT_ANSWERS and secure_enough:
        return place
    return None


def _refusal(answer: responses.Response, *, hidden: list[str]) -> DeliveryError | None:
    """Return the error for an answer; None for accepted. Receivers know repetitions, so what may pass is repeated."""
    text = responses.describe(answer, hide=hidden)
    if (answer.host, answer.status) in _UNKNOWN_INTEGRATION:
        return ChannelDown(text)
    if answer.status == 400 and "queue is full" in answer.text.lower():  # Make.com
        return Unavailable(text, retry_after=answer.retry_after)
    return responses.classify_status(answer.status, responses.asked_wait(answer), text=text, repeatable=True)
