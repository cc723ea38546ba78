"""The meaning of the answers of Meta's WhatsApp Cloud API.

Meta asks to build on its codes, not on the HTTP status that comes with them. Sources, as in the tables below: [codes]
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes (2026-05-15), [rates]
.../whatsapp/throughput (2026-05-21), [openapi] github.com/facebook/openapi, business-messaging-api_v23.0.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reminderctl.channels._http import provider, responses
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable
from reminderctl.model import Receipt

# What a code means [codes]; one that is not listed means what its HTTP status means.
# A person has to look into `ChannelDown`, though some of it concerns one template only: where a circuit rests, what is
# of another action goes first, so that none of them holds up the others.
MEANINGS: Mapping[int, type[DeliveryError]] = {
    # This recipient will never do: not on WhatsApp, ourselves, not in the list of a test account, more than 24 hours
    # silent, stopped our messages, part of an experiment, in a country that we may not write to.
    **dict.fromkeys((131026, 131021, 131030, 131047, 131050, 130472, 130497), Rejected),
    # This message will never do: its kind, its media, its parameters.
    **dict.fromkeys((131051, 131052, 131053, 131062, 132000, 132005, 132008, 132012, 132018, 137000, 100), Rejected),
    # The request itself; the template: none of that name in that language, against the policy, paused, disabled.
    **dict.fromkeys((131008, 131009, 132001, 132007, 132015, 132016), ChannelDown),
    # The token and what it may do.
    **dict.fromkeys((0, 3, 10, 190, *range(200, 300), 131005), ChannelDown),
    # The business and its number: deleted, locked, blocked, without an approved name, unpaid, not registered.
    **dict.fromkeys((33, 368, 131031, 131037, 131042, 131045, 131063, 133010), ChannelDown),
    # Too fast: the app, the account, the number; and too much that people mark as spam.
    **dict.fromkeys((4, 80007, 130429, 131048, 131064), Throttled),
    # Not now: Meta is down, in maintenance, or does not know itself; it says that the message has not gone out.
    **dict.fromkeys((1, 2, 131000, 131016, 131057, 133004), Unavailable),
    # Too fast for this person: from this number; from all businesses together.
    **dict.fromkeys((131056, 131049), Unavailable),
}
RECIPIENT_ONLY = frozenset({131056, 131049})  # those that speak of one recipient

# How long to wait where Meta does not say it [codes, rates].
WAITS: Mapping[int, timedelta] = {
    131056: timedelta(seconds=6),  # one message in six seconds to the same person
    131048: timedelta(minutes=15),
    131064: timedelta(minutes=15),
    131049: timedelta(hours=24),
}

_DELETED_NUMBER = 33  # as the subcode of 100: there is no such number, or the token may not use it
_ADVICE = {
    100: "look at the template's parameters",
    190: "put a new access_token into the channel's settings",
    131030: "add the recipient to the test number's list, or send from a number of your own",
    131047: "free text reaches only those who wrote within the last 24 hours; send a template",
    132000: "the action's parameters must be as many as the template has",
    132001: "write the template's name and one of the languages that it is approved in",
}
_TEMPORARILY_NOT = ("held_for_quality_assessment", "paused")  # what an accepted message can be [openapi]


def read_answer(answer: responses.Response, *, hide: list[str]) -> Receipt:
    """Return the receipt of a message that Meta took; raises a `DeliveryError` for any other answer."""
    said = _read_object(answer.json)
    fault = _read_object(said.get("error"))
    if 200 <= answer.status < 300 and not fault:
        messages = said.get("messages")
        first = _read_object(messages[0]) if isinstance(messages, list) and messages else {}
        identity, status = first.get("id"), first.get("message_status")
        if not isinstance(identity, str) or not identity:
            raise provider.not_understood(answer, "Meta", hide=hide)
        note = f"accepted, but {status.replace('_', ' ')}" if status in _TEMPORARILY_NOT else None
        return Receipt(provider_id=identity, note=note)
    refusal = classify(answer.status, fault, retry_after=answer.retry_after, text=_describe(answer, fault, hide=hide))
    raise refusal or provider.not_understood(answer, "Meta", hide=hide)


def classify(
    status: int, fault: Mapping[str, Any], *, retry_after: timedelta | datetime | None = None, text: str = ""
) -> DeliveryError | None:
    """Return the error for an answer: the `code` in its `error` first, the HTTP status second; None for accepted."""
    code = _read_code(fault)
    meaning = None if code is None else MEANINGS.get(code)
    if code == 100 and fault.get("error_subcode") == _DELETED_NUMBER:
        meaning = ChannelDown
    if fault.get("is_transient") is True and meaning is not Throttled:
        meaning = Unavailable
    if meaning:
        wait = retry_after or WAITS.get(code or 0)
        return provider.error(meaning, text, code=code, retry_after=wait, recipient_only=code in RECIPIENT_ONLY)
    refusal = responses.classify_status(status, retry_after, text=text)
    if refusal and code is not None:
        refusal.provider_code = str(code)
    return refusal


def _describe(answer: responses.Response, fault: Mapping[str, Any], *, hide: list[str]) -> str:
    """Return an answer in one line: Meta's code, its own words, and what would be right."""
    code = _read_code(fault)
    if code is None:
        return responses.describe(answer, hide=hide)
    words, details = fault.get("message"), _read_object(fault.get("error_data")).get("details")
    said = ": ".join(each for each in (words, details) if isinstance(each, str) and each)
    text = provider.describe_code("Meta", code, words=said, hide=hide)
    subcode = fault.get("error_subcode")
    advice = "is phone_number_id right?" if (code, subcode) == (100, _DELETED_NUMBER) else _ADVICE.get(code)
    return f"{text.rstrip('.')}; {advice}" if advice else text


def _read_code(fault: Mapping[str, Any]) -> int | None:
    code = fault.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _read_object(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}
