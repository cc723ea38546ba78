"""Guesses what a sentence of `when`, or a length of time, was meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from reminderctl.core import timing

# Units and sides as people write them, in the languages of our messages; a month has no length.
_UNITS = {
    "minute": ("minute", "minutes", "min", "mins", "mn", "minuto", "minutos", "minuten", "minuti"),
    "hour": (
        "hour",
        "hours",
        "h",
        "hs",
        "hr",
        "hrs",
        "hora",
        "horas",
        "stunde",
        "stunden",
        "std",
        "heure",
        "heures",
        "ore",
        "ora",
    ),
    "day": (
        "day",
        "days",
        "d",
        "dia",
        "dias",
        "día",
        "días",
        "tag",
        "tage",
        "tagen",
        "jour",
        "jours",
        "giorno",
        "giorni",
    ),
    "week": ("week", "weeks", "w", "wk", "semana", "semanas", "woche", "wochen", "semaine", "semaines"),
    "month": ("month", "months", "mes", "meses", "monat", "monate", "mois"),
}
_SIDES = {
    "before": ("before", "befor", "prior", "ahead", "antes", "vor", "avant", "prima", "earlier", "until"),
    "after": ("after", "afterwards", "later", "past", "después", "despues", "nach", "après", "apres", "dopo", "since"),
}
_ANCHORS = {
    "start": ("start", "starts", "begin", "begins", "beginning", "appointment", "booking", "visit", "inicio", "beginn"),
    "end": ("end", "ends", "finish", "fin", "ende"),
}
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "un": 1,
    "una": 1,
    "half": 0.5,
}
_IN_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080, "month": 43200}
_LONGEST = 200  # characters; nobody meant anything by more
_AMOUNT = re.compile(r"(?P<number>\d+(?:[.,]\d+)?|[a-z]+)?\s*(?P<word>[a-zíé]+)?")
_TIME = re.compile(
    r"\b(?:at|@)\s*(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})|\s?(?:h|hs|hrs|uhr)\b)?\s*(?P<half>[ap]m)?\b"
)
_WORD = re.compile(r"[a-zíéñà]+")


def guess_trigger(text: str) -> str:
    """Return the sentence that was probably meant, which is one; an empty text where nothing is likely."""
    if len(text) > _LONGEST:
        return ""
    if any(mark in text for mark in (",", ";")) and (several := _several(text)):
        return several
    sentence = " ".join(text.lower().split())
    at = _TIME.search(sentence)
    rest = sentence[: at.start()] if at else sentence
    length = _guess_minutes(rest)
    words = _WORD.findall(rest)
    side, anchor = _find(words, _SIDES), _find(words, _ANCHORS)
    if length is None:
        return ""
    side = side or ("after" if anchor == "end" else "before")
    meant = f"{length} {side} {anchor or ('start' if side == 'before' else 'end')}"
    if at and "day" in length:
        hour = int(at["hour"]) % 12 + (12 if at["half"] == "pm" else 0) if at["half"] else int(at["hour"])
        meant += f" at {hour:02}:{at['minute'] or '00'}"
    return meant if _is_trigger(meant) else ""


def guess_length(text: str) -> str:
    """Return the length of time that was probably meant; an empty text where nothing is likely."""
    return "" if len(text) > _LONGEST else _guess_minutes(" ".join(text.lower().split())) or ""


def _several(text: str) -> str:
    """Return a list in brackets of several sentences in one text; nothing where one of them is none."""
    parts = [part.strip() for part in re.split("[,;]", text) if part.strip()]
    return f"[{', '.join(parts)}]" if len(parts) > 1 and all(map(_is_trigger, parts)) else ""


def _is_trigger(text: str) -> bool:
    try:
        timing.parse_trigger(text)
    except ValueError:
        return False
    return True


def _guess_minutes(text: str) -> str | None:
    """Return the length in a text as the reader writes it: `26 hours`; the sum, where there are several."""
    found: list[tuple[float, str]] = []
    for match in _AMOUNT.finditer(text):
        number, word = match["number"], match["word"]
        amount = float(number.replace(",", ".")) if number and number[0].isdigit() else _NUMBERS.get(number or "")
        unit = _find([word] if word else [], _UNITS)
        if amount is not None and unit:
            found.append((amount, unit))
        elif number and number[0].isdigit():
            return None
    if not found:
        return None
    units = {unit for _, unit in found}
    if "month" in units:
        return f"{round(found[0][0] * 30)} days" if len(found) == 1 else None
    if len(found) == 1 and found[0][0] == int(found[0][0]):
        return _spelled(int(found[0][0]), found[0][1])
    minutes = round(sum(amount * _IN_MINUTES[unit] for amount, unit in found))
    return _spelled(minutes // 60, "hour") if minutes % 60 == 0 else _spelled(minutes, "minute")


def _spelled(amount: int, unit: str) -> str:
    return f"{amount} {unit}{'' if amount == 1 else 's'}"


def _find(words: Iterable[str], meanings: dict[str, tuple[str, ...]]) -> str:
    """Return the meaning of the first word that has one, or nearly has; an empty text where none has."""
    by_word = {word: meaning for meaning, spellings in meanings.items() for word in spellings}
    for word in words:
        near = (
            [word] if word in by_word else get_close_matches(word, [w for w in by_word if len(w) > 2], n=1, cutoff=0.75)
        )
        if near and (word in by_word or len(word) > 2):
            return by_word[near[0]]
    return ""
