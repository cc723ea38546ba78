"""The meaning of an SMS gateway's answers."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from reminderctl.channels._http import provider, responses
from reminderctl.channels.sms._rules import Codes, Gateway, Success
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Receipt

_WHOLE, _STATUS = ".", ":status"
_OF_SOME_NUMBERS = ("number_unavailable", "country_down")
_MEANINGS: Mapping[str, type[DeliveryError]] = {
    "rejected": Rejected,
    "number_unavailable": Unavailable,
    "country_down": ChannelDown,
    "unavailable": Unavailable,
    "throttled": Throttled,
    "channel_down": ChannelDown,
    "unknown": Unknown,
}


def read_answer(gateway: Gateway, answer: responses.Response, *, hide: list[str]) -> Receipt:
    """Return the receipt of an SMS that the gateway took; raises a `DeliveryError` for any other answer.

    1. The rule for success, if all of it holds.
    2. The gateway's codes.
    3. The HTTP status; a success that does not look like one is `Unknown`.
    """
    provider_id = _find(answer, gateway.id_path) if gateway.id_path else None
    if _accepted(gateway.success or Success(), answer) and (provider_id or not gateway.id_path):
        return Receipt(provider_id=provider_id)
    text = responses.describe(answer, hide=hide)
    code, meaning = _look_up(gateway, answer, codes=gateway.codes) if gateway.codes else (None, None)
    if meaning == "sent":
        return Receipt(provider_id=provider_id, note=f"taken before: {text}")
    if meaning is not None:
        recipient_only = meaning in _OF_SOME_NUMBERS
        raise provider.error(
            _MEANINGS[meaning], text, code=code, retry_after=answer.retry_after, recipient_only=recipient_only
        )
    refusal = responses.classify_status(answer.status, answer.retry_after, text=text)
    raise refusal or provider.not_understood(answer, "the gateway", hide=hide)


def _accepted(rule: Success, answer: responses.Response) -> bool:
    if answer.is_html or not answer.complete:
        return False
    right_status = answer.status in rule.status if rule.status else 200 <= answer.status < 300
    return (
        right_status
        and all(_matches(_find(answer, path), wanted) for path, wanted in rule.values.items())
        and not any(_matches(_find(answer, path), unwanted) for path, unwanted in rule.without.items())
    )


def _look_up(gateway: Gateway, answer: responses.Response, *, codes: Codes) -> tuple[str | None, str | None]:
    """Return the code that counts, and its meaning: the first that is named, else the first at all."""
    found = list(_refusals_in(answer, codes.path, success=gateway.success or Success()))
    for code in found:
        for meaning in ("sent", *_MEANINGS):
            if _matches(code, getattr(codes, meaning)):
                return code, meaning
    successful = 200 <= answer.status < 300
    return (found[0], codes.otherwise) if found and successful else (None, None)


def _refusals_in(answer: responses.Response, places: str | tuple[str, ...], *, success: Success) -> Iterator[str]:
    """Yield each code in these places of an answer, but those that the rule for success asks for."""
    lone = isinstance(places, str)
    for place in (places,) if isinstance(places, str) else places:
        code = _as_text(answer.json) if place == _WHOLE and not lone else _find(answer, place)
        if code is not None and not _matches(code, success.values.get(place, ())):
            yield code


def _matches(value: str | None, wanted: str | tuple[str, ...]) -> bool:
    patterns = (wanted,) if isinstance(wanted, str) else wanted
    return value is not None and any(fnmatch.fnmatchcase(value, each) for each in patterns)


def _find(answer: responses.Response, path: str) -> str | None:
    """Return the text at a path such as `messages.0.id`; None where there is none."""
    if path == _STATUS:
        return str(answer.status)
    if path == _WHOLE:
        return None if answer.is_html else answer.text.strip()
    place = answer.json
    for step in path.split("."):
        if isinstance(place, dict):
            place = place.get(step)
        elif isinstance(place, list) and step.isdecimal() and int(step) < len(place):
            place = place[int(step)]
        else:
            return None
    return _as_text(place)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) and value != "" else None
