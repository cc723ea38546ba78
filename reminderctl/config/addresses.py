"""Checks of the addresses and recipients in the YAML."""

from __future__ import annotations

import re
from collections.abc import Collection

from reminderctl.channels.addresses import parse_chat, parse_mailbox
from reminderctl.config import schema
from reminderctl.config.suggestions import did_you_mean, quote, suggest
from reminderctl.core.recipients import ADDRESS_KINDS, RECIPIENTS

_PHONE = re.compile(r"\+?[0-9](?:[0-9 ()./-]*[0-9])?")
_ROOM = re.compile(schema.IDENTIFIER)
_ROOM_INSTEAD = "write `channels: {chat: {NAME: {kind: ..., url: ...}}}`, and NAME here"
_SHORTEST_PHONE, _LONGEST_PHONE = 6, 17  # digits, with an international prefix of two zeros


def mistake(text: str, kind: str) -> str:
    """Return what is wrong with a literal address by its kind, such as `email`; an empty text for none."""
    fits = {"email": _is_mailbox, "phone": _is_phone, "telegram": _is_chat, "chat": _is_room}[kind](text)
    if not fits and kind == "chat" and "://" in text:
        return f"the address of a room is a secret; {_ROOM_INSTEAD}"
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


def _is_room(text: str) -> bool:
    return _ROOM.fullmatch(text) is not None


def room_mistake(text: str, rooms: Collection[str] | None) -> str:
    """Return what is wrong with the name of a chat room; an empty text where nothing is.

    `rooms` are those that the YAML names, None where it names none, because nothing is sent.
    """
    wrong = mistake(text, "chat")
    if wrong or rooms is None or text in rooms:
        return wrong
    if not rooms:
        return f"there is no room `{text}`; {_ROOM_INSTEAD}"
    return f"there is no room `{text}`{suggest(text, rooms, of='the rooms are')}"


def recipient_mistake(text: str, kind: str, *, rooms: Collection[str] | None = None) -> str:
    """Return what is wrong with one recipient of `to` that holds no shortcode; an empty text where nothing is."""
    if text in RECIPIENTS:
        if kind in RECIPIENTS[text].noun.__struct_fields__:
            return ""
        return f"`{text}` has no {ADDRESS_KINDS[kind].name}; use another recipient"
    if kind == "chat" and "," not in text:
        return room_mistake(text, rooms)
    if len(parts := [part.strip() for part in re.split("[,;]", text)]) > 1:
        return f"several recipients are a list: [{', '.join(parts)}]"
    if re.fullmatch(r"[A-Za-z_ -]+", text):
        words = ", ".join(RECIPIENTS)
        meant = did_you_mean(text, RECIPIENTS) or f"; use {words}, an address, or text with shortcodes"
        return f"unknown recipient `{text}`{meant}"
    return mistake(text, kind)
