"""Checks of the addresses and recipients in the YAML."""

from __future__ import annotations

import re

from reminderctl.channels.addresses import parse_chat, parse_mailbox
from reminderctl.config.suggestions import did_you_mean, quote
from reminderctl.core.recipients import ADDRESS_KINDS, RECIPIENTS

_PHONE = re.compile(r"\+?[0-9](?:[0-9 ()./-]*[0-9])?")
_SHORTEST_PHONE, _LONGEST_PHONE = 6, 17  # digits, with an international prefix of two zeros


def mistake(text: str, kind: str) -> str:
    """Return what is wrong with a literal address (`kind`: email, phone, telegram); an empty text where nothing is."""
    fits = {"email": _is_mailbox, "phone": _is_phone, "telegram": _is_chat}[kind](text)
    return "" if fits else f"{quote(text)} is not a valid {ADDRESS_KINDS[kind].name}; {ADDRESS_KINDS[kind].rule}"


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
    try:
        parse_chat(text)
    except ValueError:
        return False
    return text == text.strip()


def recipient_mistake(text: str, kind: str) -> str:
    """Return what is wrong with one recipient of `to` that holds no shortcode; an empty text where nothing is."""
    if text in RECIPIENTS:
        if kind in RECIPIENTS[text].noun.__struct_fields__:
            return ""
        return f"`{text}` has no {ADDRESS_KINDS[kind].name}; use another recipient"
    if len(parts := [part.strip() for part in re.split("[,;]", text)]) > 1:
        return f"several recipients are a list: [{', '.join(parts)}]"
    if re.fullmatch(r"[A-Za-z_ -]+", text):
        words = ", ".join(RECIPIENTS)
        meant = did_you_mean(text, RECIPIENTS) or f"; use {words}, an address, or text with shortcodes"
        return f"unknown recipient `{text}`{meant}"
    return mistake(text, kind)
