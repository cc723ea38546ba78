"""Twilio's Messages resource, which takes SMS and WhatsApp messages alike.

Sources, as in the tables below: [errors] https://www.twilio.com/docs/api/errors (the dictionary of codes), [20500]
https://www.twilio.com/docs/errors/20500 ("not idempotent": a 500 may have been sent), [20429] .../errors/20429 (such a
request was never processed), [openapi] github.com/twilio/twilio-oai, spec/json/twilio_api_v2010.json.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from msgspec import Meta, Struct

from reminderctl.channels._http import provider, responses
from reminderctl.channels.addresses import Region, region_mistakes
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable
from reminderctl.model import Receipt
from reminderctl.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reminderctl.model import Envelope

_LONGEST_VALIDITY = 36_000  # seconds [errors: 21624]
_FAILED = ("failed", "undelivered", "canceled")  # what a message can already be when it is made [openapi]

# What a code means [errors]; one that is not listed means what its HTTP status means: so do 20500 and 20503.
# A person has to look into `ChannelDown`, though some of it concerns one template only: where a circuit rests, what is
# of another action goes first, so that none of them holds up the others.
MEANINGS: Mapping[int, type[DeliveryError]] = {
    # This recipient or this text will never do. 21610: they answered STOP.
    **dict.fromkeys((14101, 21211, 21214, 21217, 21602, 21604, 21605, 21609, 21610, 21612, 21614, 21617), Rejected),
    **dict.fromkeys((21619, 21620, 21623, 21654, 21655, 21656, 21658), Rejected),
    # Nothing goes there until somebody enables the country (21408) or, in a trial account, the number.
    **dict.fromkeys((14111, 21219, 21408, 21608), ChannelDown),
    # Credentials, account, sender, messaging service.
    **dict.fromkeys((20003, 20008, 20404, 21210, 21212, 21601, 21603, 21606, 21607, 21657), ChannelDown),
    **dict.fromkeys(range(21701, 21706), ChannelDown),
    # Too fast [20429]; the queue of the sender is full.
    **dict.fromkeys((20429, 21611), Throttled),
    14107: Unavailable,  # too fast, for this pair of sender and recipient
    # What the networks and WhatsApp say. Most of it comes long after the message was taken, some of it at once.
    **dict.fromkeys((30004, 30005, 30006, 30007, 30011, 30019, 30450), Rejected),
    **dict.fromkeys((63003, 63005, 63013, 63016, 63021, 63024, 63027, 63028, 63032, 63033), Rejected),
    **dict.fromkeys((30002, 30018, 30032, 30034, 30035, 63001, 63007, 63020, 63022, 63051), ChannelDown),
    **dict.fromkeys((63015, 63040, 63041, 63042), ChannelDown),  # the sandbox; templates
    **dict.fromkeys((30001, 30022, 30023, 63017, 63018, 63038), Throttled),
    **dict.fromkeys((30003, 30008, 30017, 30410, 63012, 63023), Unavailable),
}
# Those that speak of one recipient, or of the network behind it: this pair; a phone that is off; a carrier that fails;
# a country, or a trial account's number, that somebody has to enable.
RECIPIENT_ONLY = frozenset({14107, 30003, 30008, 30017, 30410, 14111, 21219, 21408, 21608})


class Account(Struct, frozen=True, kw_only=True):
    """The account that pays, with its credentials."""

    account_sid: Annotated[str, Meta(description="The account's SID; it begins with AC.")]
    auth_token: Annotated[Secret | None, Meta(description="The account's auth token.")] = None
    api_key_sid: Annotated[str, Meta(description="Instead of the auth token: the SID of an API key (SK...).")] = ""
    api_key_secret: Annotated[Secret | None, Meta(description="The API key's secret.")] = None
    messaging_service_sid: Annotated[
        str, Meta(description="Instead of `from`: the messaging service (MG...) that chooses the sender.")
    ] = ""
    region: Region = None
    base_url: provider.BaseUrl = "https://api.twilio.com"
    timeout: provider.Timeout = 30.0


def account_mistakes(account: Account, *, sender: str) -> list[str]:
    """Return the mistakes in the settings taken together; `sender` is their `from`."""
    found = [
        *provider.url_mistakes(account.base_url),
        *provider.secret_mistakes(auth_token=account.auth_token, api_key_secret=account.api_key_secret),
        *region_mistakes(account.region),
    ]
    if account.account_sid.startswith("SK"):
        found.append("account_sid: begins with AC; SK... is an API key: write it as api_key_sid")
    if bool(account.api_key_sid) != bool(account.api_key_secret):
        found.append("api_key_sid and api_key_secret belong together: give both, or an auth_token")
    elif bool(account.auth_token) == bool(account.api_key_sid):
        found.append("give either auth_token, or api_key_sid and api_key_secret")
    if bool(sender) == bool(account.messaging_service_sid):
        found.append("give either from or messaging_service_sid")
    return found


class AccountClient(provider.HttpProvider):
    """A way to one account."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def post(self, fields: Mapping[str, str], envelope: Envelope) -> Receipt:
        """Have Twilio make one message; raises a `DeliveryError` unless it has."""
        validity = provider.seconds_left(envelope, least=1, most=_LONGEST_VALIDITY)
        credentials = _credentials(self._account)
        answer = self.request(
            "POST",
            f"{self._account.base_url.rstrip('/')}/2010-04-01/Accounts/{quote(self._account.account_sid, safe='')}"
            "/Messages.json",
            form={**fields, "ValidityPeriod": str(validity)},
            auth=credentials,
            timeout=self._account.timeout,
        )
        return read_answer(answer, hide=provider.encodings_of(Secret(credentials[1]), user=credentials[0]))


def sender_fields(account: Account, *, sender: str) -> dict[str, str]:
    """Return the fields that say whom the message comes from."""
    if account.messaging_service_sid:
        return {"MessagingServiceSid": account.messaging_service_sid}
    return {"From": sender}


def read_answer(answer: responses.Response, *, hide: list[str]) -> Receipt:
    """Return the receipt of a message that Twilio has made; raises a `DeliveryError` for any other answer."""
    said = answer.json if isinstance(answer.json, dict) else {}
    if 200 <= answer.status < 300:
        sid = said.get("sid")
        if not isinstance(sid, str) or not sid:
            raise provider.not_understood(answer, "Twilio", hide=hide)
        if said.get("status") not in _FAILED:
            return Receipt(provider_id=sid)
        code, words = _number(said.get("error_code")), said.get("error_message") or f"the message is {said['status']}"
        raise provider.error(
            MEANINGS.get(code, Rejected),
            provider.describe_code("Twilio", code, words=words, hide=hide),
            code=code,
            recipient_only=code in RECIPIENT_ONLY,
        )
    code = _number(said.get("code"))
    text = provider.describe_code("Twilio", code, words=said.get("message"), hide=hide) if code else ""
    refusal = classify(
        answer.status, code, retry_after=answer.retry_after, text=text or responses.describe(answer, hide=hide)
    )
    assert refusal  # noqa: S101 - a status outside 200..299 always has one
    raise refusal


def classify(
    status: int, code: int, *, retry_after: timedelta | datetime | None = None, text: str = ""
) -> DeliveryError | None:
    """Return the error for an answer: the code first, the HTTP status second; None for accepted. No code is 0."""
    if meaning := MEANINGS.get(code):
        return provider.error(meaning, text, code=code, retry_after=retry_after, recipient_only=code in RECIPIENT_ONLY)
    refusal = responses.classify_status(status, retry_after, text=text)
    if refusal and code:
        refusal.provider_code = str(code)
    return refusal


def _number(code: object) -> int:
    """Return a code as a number; 0 for none."""
    written = str(code)
    return int(written) if re.fullmatch(r"\d{1,6}", written, re.ASCII) else 0


def _credentials(account: Account) -> tuple[str, str]:
    user, secret = account.account_sid, account.auth_token
    if account.api_key_sid:
        user, secret = account.api_key_sid, account.api_key_secret
    return user, secret.reveal() if secret else ""
