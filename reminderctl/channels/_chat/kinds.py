"""The parts that all kinds of chat room share: a file next to this one is one kind, its name the one in the YAML."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from reminderctl.channels._http.responses import Response
from reminderctl.errors import Rejected
from reminderctl.structured_text import CLOSE, OPEN

_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_MARKS = re.compile(f"[{OPEN}{CLOSE}]")
_BARE_LINK = re.compile(r"https?://[\w.:/?&=%+,;-]+", re.ASCII)  # it is a link on every service, and no markup
_LINE_BEGINS = re.compile(r"(?m)^([ \t]*)(?:([-+=])(?=[-+=\s]|$)|(\d+)([.)])(?=\s|$))")
_NO_KINDS = frozenset({"kinds"})


class Post(Struct, frozen=True, kw_only=True):
    """One message to one room, its values escaped; `text` is the title and the body in one, for kinds without titles.

    `thread` is the same for all messages about a booking.
    """

    text: str
    title: str = ""
    body: str
    tags: tuple[str, ...] = ()
    thread: str = ""
    priority: str = ""


class PostRequest(Struct, frozen=True, kw_only=True):
    """The request to post: its body, with its headers and what is added to the URL's query."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str] = {}


def _no(_answer: Response) -> bool:
    return False


def _nothing(_url: str) -> str:
    return ""


class ChatService(Struct, frozen=True, kw_only=True):
    """One service with chat rooms.

    - `hosts`: how the names of its servers end; none where everybody runs their own.
    - `escape(value)`: a value, so that it mentions nobody and marks nothing up.
    - `compose(post)`: the request; raises `Rejected` for a text that is longer than the service takes.
    - `accepts(answer)`: True for what it answers to a message that it has taken.
    - `is_down(answer)`: True for a refusal that every message to the room would meet.
    - `url_mistake(url)`: what is wrong with a room's address, without a word of it.
    """

    title: str
    hosts: tuple[str, ...] = ()
    has_title: bool = False
    escape: Callable[[str], str]
    compose: Callable[[Post], PostRequest]
    accepts: Callable[[Response], bool]
    is_down: Callable[[Response], bool] = _no
    url_mistake: Callable[[str], str] = _nothing


@functools.cache
def kind_of(name: str) -> ChatService:
    """Return the kind of this name in the YAML."""
    kind: ChatService = importlib.import_module(f"reminderctl.channels._chat.{name.replace('-', '_')}").KIND
    return kind


@functools.cache
def names() -> tuple[str, ...]:
    """Return the kinds, as the YAML names them, sorted."""
    found = {each.name.replace("_", "-") for each in pkgutil.iter_modules([str(Path(__file__).parent)])}
    return tuple(sorted(found - _NO_KINDS))


def name_of_host(url: str) -> str:
    """Return the kind whose servers an address names; an empty text where it is nobody's."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    for name in names():
        if any(host == each or host.endswith(f".{each}") for each in kind_of(name).hosts):
            return name
    return ""


# --- texts ------------------------------------------------------------------------------------------------------------


def resolve(text: str, escape: Callable[[str], str]) -> str:
    """Return a rendered text without its marks, each value between them escaped."""
    parts = _MARKED.split(text)
    return "".join(escape(part) if index % 2 else _MARKS.sub("", part) for index, part in enumerate(parts))


def as_json(payload: Mapping[str, Any], *, query: Mapping[str, str] | None = None) -> PostRequest:
    """Return the request with a body in JSON."""
    return PostRequest(
        body=msgspec.json.encode(payload), headers={"Content-Type": "application/json"}, query=query or {}
    )


def escape_markdown(value: str, special: str) -> str:
    r"""Return a value with a backslash before each special character, and before what begins a list or a line.

    A value that is the address of a page and nothing else stays as it is: a backslash would break it.
    """
    if _BARE_LINK.fullmatch(value):
        return value
    value = re.sub(r"\n[ \t]+", "\n", value)  # four spaces would begin a block of code
    value = re.sub(f"([{re.escape(special)}])", r"\\\1", value)
    return _LINE_BEGINS.sub(_with_backslash, value)


def _with_backslash(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}" if found[2] else f"{found[1]}{found[3]}\\{found[4]}"


def refuse_longer(length: int, most: int, *, title: str, unit: str = "characters") -> None:
    """Raise `Rejected` for a text that is longer than a service takes."""
    if length > most:
        raise Rejected(f"the text has {length:,} {unit}; a message in {title} has at most {most:,}")
