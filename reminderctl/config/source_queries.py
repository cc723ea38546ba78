"""The mistakes of a query that can be seen without its database."""

from __future__ import annotations

import re

# What is quoted or a comment says nothing of what a statement does.
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_WRITES = re.compile(
    r"\b(insert\s+into|update\s+\S+\s+set|delete\s+from|replace\s+into|merge\s+into|into\s+(?:out|dump)file"
    r"|drop\s+\w+|alter\s+\w+|truncate|create\s+\w+|grant\s+\w+|call\s+\w+|for\s+update|attach|pragma)\b",
    re.IGNORECASE,
)
_READS = re.compile(r"[\s(]*(?:select|with)\b", re.IGNORECASE)
_WINDOW = re.compile(r"(?<![:\w]):(?:since|until)\b")


def find_query_mistake(query: str) -> str:
    """Return why a query is refused: it does anything but read; an empty text where it may be tried."""
    bare = _QUOTED.sub(" ", query).strip().rstrip(";")
    if not _READS.match(bare):
        words = " ".join(bare.split()[:1])
        return f"the query begins with {words.upper()!r}; only a SELECT is read"
    if ";" in bare:
        return "the query holds several statements; write one SELECT"
    found = _WRITES.search(bare)
    return f"the query says {found[1].upper()!r}; only what reads is allowed" if found else ""


def names_the_window(query: str) -> bool:
    """Return True where a query asks for :since or :until, or leaves a place for a condition that does."""
    return "{where}" in query or _WINDOW.search(query) is not None
