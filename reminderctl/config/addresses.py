"""Whether a text can be an address on a channel, and whom the words of `to` name."""

from __future__ import annotations

import re

from reminderctl.channels._address import parse_mailbox
from reminderctl.config.suggestions import did_you_mean, quote
from reminderctl.model import Admin, Company, Customer, Location, Staff

NOUNS = {"customer": Customer, "staff": Staff, "admin": Admin, "location": Location, "company": Company}
_PHONE = re.compile(r"\+?[0-9](?:[0-9 ()./-]*[0-9])?")
_RIGHT = {
    "email": "an address looks like ana@example.com",
    "phone": "a phone number looks like +34600123456",
    "telegram": "a Telegram chat is a number such as -100123456, or @name of a public channel",
}
_NAMES = {"email": "email address", "phone": "phone number", "telegram": "Telegram chat"}
KINDS = frozenset(_NAMES)
_SHORTEST_PHONE, _LONGEST_PHONE = 6, 17  # digits, with an international prefix of two zeros


def mistake(text: str, kind: str) -> str:
    """Return what is wrong with a literal address (`kind`: email, phone, telegram); an empty text where nothing is."""
    fits = {"email": _is_mailbox, "phone": _is_phone, "telegram": _is_chat}[kind](text)
    return "" if fits else f"{quote(text)} is no {_NAMES[kind]}; {_RIGHT[kind]}"


def _is_mailbox(text: str) -> bool:
    """Return True if it is an address alone, without a name, that the email channel takes."""
    if re.search(r"[\s<>]", text):
        return False
    try:
        parse_mailbox(text)
    except ValueError:
        return False
    return True


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text)) and _SHORTEST_PHONE <= sum(map(str.isdigit, text)) <= _LONGEST_PHONE


def _is_chat(text: str) -> bool:
    from reminderctl.channels.telegram import CHAT

    return CHAT.fullmatch(text) is not None


def recipient_mistake(text: str, kind: str) -> str:
    """Return what is wrong with one recipient of `to` that holds no shortcode; an empty text where nothing is."""
    if text in NOUNS:
        if kind in NOUNS[text].__struct_fields__:
            return ""
        return f"`{text}` has no {_NAMES[kind]}; write another recipient"
    if re.fullmatch(r"[A-Za-z_ -]+", text):
        words = ", ".join(NOUNS)
        meant = did_you_mean(text, NOUNS) or f"; write {words}, an address, or text with shortcodes"
        return f"unknown recipient `{text}`{meant}"
    return mistake(text, kind)
