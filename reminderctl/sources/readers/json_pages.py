"""The list of bookings in a JSON answer, with what leads to the next page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from reminderctl.importing.columns import REQUIRED_COLUMNS, ColumnNames
from reminderctl.importing.formats.json import follow, make_record
from reminderctl.importing.values import NOT_JSON, decode_json
from reminderctl.source_settings import SourceSettings
from reminderctl.sources.errors import SourceError, first_line
from reminderctl.text import printable, shorten

_PORTS = {"http": 80, "https": 443}
_MOST_NAMES = 8  # of keys in a message


def parse(content: bytes, *, host: str) -> Any:
    """Return what an answer says; raises `SourceError` where it is no JSON, or broke off."""
    try:
        return decode_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SourceError(f"{host} answered with JSON that is not in UTF-8") from None
    except NOT_JSON as error:
        raise SourceError(f"{host} broke off, or answered with no JSON: {first_line(error)}") from None


def find_items(answer: Any, settings: SourceSettings, *, host: str) -> list[Any]:
    """Return the list at the path of `items`; without one the answer itself, its `bookings`, or a single booking."""
    if path := settings.items:
        found = follow(answer, path)
        if isinstance(found, list):
            return found
        raise SourceError(f"`items: {path}` finds no list in the answer of {host}{_describe_keys(answer)}")
    if isinstance(answer, list):
        return answer
    if isinstance(answer, dict) and isinstance(answer.get("bookings"), list):
        found = answer["bookings"]
        return list(found)
    if isinstance(answer, dict) and set(REQUIRED_COLUMNS) <= {
        *make_record(0, answer, names=ColumnNames(settings.columns)).values
    }:
        return [answer]
    lists = [name for name, value in answer.items() if isinstance(value, list)] if isinstance(answer, dict) else []
    advice = f"; write `items: {_name(lists[0])}`" if len(lists) == 1 else "; say by `items:` where the list is"
    raise SourceError(f"{host} answered with no list of bookings{_describe_keys(answer)}{advice}")


def _describe_keys(answer: Any) -> str:
    if not isinstance(answer, dict) or not answer:
        return ""
    return f", but with {', '.join(_name(each) for each in [*answer][:_MOST_NAMES])}"


def _name(key: str) -> str:
    return printable(shorten(key, 40))


def spread(items: list[Any], path: str) -> Iterator[Any]:
    """Yield each item once for each entry of a list in it, that entry in the list's place."""
    for item in items:
        entries = item.get(path) if path and isinstance(item, dict) else None
        if not isinstance(entries, list):
            yield item
        else:
            yield from ({**item, path: entry} for entry in entries or [None])


def find_next(answer: Any, path: str, *, current: str, takes_cursor: bool) -> str | None:
    """Return the address of the next page, or its cursor; None after the last one.

    Raises `SourceError` where it leads to another server.
    """
    found = follow(answer, path) if path else None
    if found is None or found is False or found == "":
        return None
    if takes_cursor and not isinstance(found, dict | list):
        return str(found)
    host = urlsplit(current).hostname
    if not isinstance(found, str) or not (found.startswith(("/", "?")) or "://" in found):
        raise SourceError(f"`next: {path}` finds no address in the answer of {host}; a cursor needs {{cursor}} in url")
    try:
        there = urlsplit(urljoin(current, found))
        is_here = _origin(there) == _origin(urlsplit(current))
    except ValueError:
        raise SourceError(f"`next: {path}` finds no address in the answer of {host}") from None
    if not is_here:
        raise SourceError(f"the next page of {host} is elsewhere, at {there.scheme}://{there.hostname}; it is not read")
    return urlunsplit((*urlsplit(current)[:2], *there[2:4], ""))


def _origin(parts: Any) -> tuple[str, str | None, int | None]:
    return parts.scheme.lower(), parts.hostname, parts.port or _PORTS.get(parts.scheme.lower())
