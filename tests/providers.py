"""An account with each provider: how the YAML names it, what it answers, and the secrets that nobody may see.

Every secret holds the word CANARY.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

from tests.http_server import Body

CANARY = "cAnArY"
SID = "AC0123456789abcdef0123456789abcdef"
SECRETS = {
    "SMTP_PASSWORD": f"{CANARY}-smtp/+&=",
    "TWILIO_TOKEN": f"{CANARY}-twilio/+&=",
    "VONAGE_SECRET": f"{CANARY}-vonage/+&=",
    "INFOBIP_KEY": f"{CANARY}-infobip/+&=",
    "META_TOKEN": f"{CANARY}-meta/+&=",
    "TELEGRAM_TOKEN": f"123456789:{CANARY}-telegram",
    "CRM_TOKEN": f"{CANARY}-crm/+&=",
    **{f"{name}_PATH": f"{CANARY}-{name.lower()}/x?k={CANARY}" for name in ("SLACK", "TEAMS", "DISCORD", "CHAT", "MM")},
    "NTFY_PATH": f"{CANARY}-topic",
    "NTFY_TOKEN": f"{CANARY}-ntfy",
    "WEBHOOK_SECRET": "whsec_" + base64.b64encode(f"{CANARY}-webhook-key".encode()).decode(),
}
USER = "citas"
EMAIL = """\
  email: {{host: "{host}", port: {port}, security: {security}, username: citas, password: "${{SMTP_PASSWORD}}",
          timeout: {timeout}, from: "Clínica Sol <citas@example.com>"}}
"""
SEND_EMAIL = "{send: email, to: customer, subject: Su cita, body: 'Hola {customer_full_name}'}"


class Provider(NamedTuple):
    """One provider of one channel."""

    settings: str  # a line under `channels:`, with {url} and {timeout}
    action: str  # with URL where a webhook goes
    accepted: tuple[int, Body]  # what it answers to a message that it takes
    refused: tuple[int, Callable[[str], Body]]  # ... to one that it does not, though the status may be 200
    errors: Callable[[int, str], Body]  # the body that comes with another status


def _words(status: int, words: str) -> Body:
    return f"{status}: {words}"


def _same(words: str) -> Body:
    return words


def _twilio(status: int, words: str) -> Body:
    code = {400: 21211, 401: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}.get(status)
    return {"code": code, "message": words, "status": status}


def _meta(status: int, words: str) -> Body:
    code = {400: 100, 401: 190, 403: 200, 429: 130429}.get(status)
    return {"error": {"message": words, "code": code}} if code else words


_TWILIO = f'{{{{provider: twilio, account_sid: {SID}, auth_token: "${{{{TWILIO_TOKEN}}}}", from: "+15005550006"'
_PLACE = 'base_url: "{url}", timeout: {timeout}}}'


def _room(kind: str, name: str, more: str = "") -> str:
    """The settings of a chat room, whose address is a secret from the host on."""
    return (
        f'  chat: {{{{team: {{{{kind: {kind}, url: "{{url}}/${{{{{name}_PATH}}}}"{more}, timeout: {{timeout}}}}}}}}}}\n'
    )


_CHAT = "{send: chat, to: team, body: 'Hola {customer_full_name}'}"

HTTP_PROVIDERS: Mapping[str, Provider] = {
    "webhook": Provider(
        '  webhook: {{secret: "${{WEBHOOK_SECRET}}", timeout: {timeout}, '
        'headers: {{"{url}": {{Authorization: "Bearer ${{CRM_TOKEN}}"}}}}}}\n',
        f"{{send: webhook, url: 'URL/{CANARY}-path?k={CANARY}-query', headers: {{X-Key: {CANARY}-key}}, body: Hola}}",
        (200, "ok"),
        (200, lambda words: {"error": words}),
        _words,
    ),
    "sms twilio": Provider(
        f"  sms: {_TWILIO}, {_PLACE}\n",
        "{send: sms, to: customer, body: Hola}",
        (201, {"sid": "SM1", "status": "queued", "error_code": None}),
        (201, lambda words: {"sid": "SM1", "status": "failed", "error_code": 30006, "error_message": words}),
        _twilio,
    ),
    "sms vonage": Provider(
        '  sms: {{provider: vonage, api_key: abcd1234, api_secret: "${{VONAGE_SECRET}}", from: Clinica, '
        + _PLACE
        + "\n",
        "{send: sms, to: customer, body: Hola}",
        (200, {"message-count": "1", "messages": [{"message-id": "0A1", "status": "0"}]}),
        (200, lambda words: {"message-count": "1", "messages": [{"status": "6", "error-text": words}]}),
        _words,
    ),
    "sms infobip": Provider(
        '  sms: {{provider: infobip, api_key: "${{INFOBIP_KEY}}", from: Clinica, ' + _PLACE + "\n",
        "{send: sms, to: customer, body: Hola}",
        (200, {"messages": [{"messageId": "m1", "status": {"groupId": 1, "id": 26, "name": "PENDING_ACCEPTED"}}]}),
        (
            200,
            lambda words: {"messages": [{"status": {"groupId": 5, "id": 6, "name": "REJECTED", "description": words}}]},
        ),
        lambda status, words: {"errorCode": f"E{status}", "description": words},
    ),
    "whatsapp meta": Provider(
        '  whatsapp: {{provider: meta, phone_number_id: "1234", access_token: "${{META_TOKEN}}", ' + _PLACE + "\n",
        "{send: whatsapp, to: customer, template: cita, language: es, parameters: ['{customer_full_name}']}",
        (200, {"messages": [{"id": "wamid.1", "message_status": "accepted"}]}),
        (200, lambda words: {"error": {"message": words, "code": 131026}}),
        _meta,
    ),
    "whatsapp twilio": Provider(
        f"  whatsapp: {_TWILIO}, {_PLACE}\n",
        "{send: whatsapp, to: customer, content_sid: HX0123456789abcdef0123456789abcdef, variables: {1: Ana}}",
        (201, {"sid": "MM1", "status": "queued", "error_code": None}),
        (201, lambda words: {"sid": "MM1", "status": "failed", "error_code": 63024, "error_message": words}),
        _twilio,
    ),
    "telegram": Provider(
        '  telegram: {{bot_token: "${{TELEGRAM_TOKEN}}", ' + _PLACE + "\n",
        "{send: telegram, to: '123456789', body: Hola}",
        (200, {"ok": True, "result": {"message_id": 4711}}),
        (200, lambda words: {"ok": False, "error_code": 400, "description": words}),
        lambda status, words: {"ok": False, "error_code": status, "description": words},
    ),
    "chat slack": Provider(_room("slack", "SLACK"), _CHAT, (200, "ok"), (200, _same), _words),
    "chat teams": Provider(_room("teams", "TEAMS"), _CHAT, (202, ""), (200, _same), _words),
    "chat discord": Provider(
        _room("discord", "DISCORD"),
        _CHAT,
        (204, ""),
        (200, lambda words: {"message": words, "code": 50006}),
        lambda status, words: {"message": words, "code": status * 100},
    ),
    "chat google-chat": Provider(
        _room("google-chat", "CHAT"),
        _CHAT,
        (200, {"name": "spaces/AAA/messages/BBB"}),
        (200, lambda words: {"error": {"code": 400, "message": words}}),
        lambda status, words: {"error": {"code": status, "message": words}},
    ),
    "chat mattermost": Provider(_room("mattermost", "MM"), _CHAT, (200, "ok"), (200, _same), _words),
    "chat ntfy": Provider(
        _room("ntfy", "NTFY", ', token: "${{NTFY_TOKEN}}", priority: high'),
        _CHAT,
        (200, {"id": "abc", "event": "message"}),
        (200, lambda words: {"error": words}),
        lambda status, words: {"code": status * 100, "http": status, "error": words},
    ),
}


def write_secrets(folder: Path, **changes: str) -> None:
    """Put the secrets where a configuration in this folder finds them."""
    path = folder / "secrets.env"
    path.write_text("".join(f"{name}='{value}'\n" for name, value in (SECRETS | changes).items()), encoding="utf-8")
    path.chmod(0o600)


def spellings() -> set[bytes]:
    """The forms in which secrets travel."""
    found = set()
    for secret in SECRETS.values():
        found |= {
            secret,
            quote_plus(secret),
            _base64(secret),
            _base64(f"{SID}:{secret}"),
            _base64(f"\0{USER}\0{secret}"),
        }
    return {each.encode() for each in found}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
