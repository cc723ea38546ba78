"""Numbers of things, in words."""

from __future__ import annotations


def pluralize(number: int, noun: str) -> str:
    """`1 message`, `2 messages`, `1,200 deliveries`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
