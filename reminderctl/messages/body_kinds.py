"""The form of each text of a message for programs, which decides how values are escaped."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from reminderctl import structured_text
from reminderctl.errors import Rejected
from reminderctl.messages import html_escaping, templates
from reminderctl.structured_text import CLOSE, OPEN, BodyKind
from reminderctl.text_types import TextType

FOR_PROGRAMS = frozenset({TextType.BODY, TextType.DATA, TextType.DATA_HEADER})
_CONTENT_TYPE = "content-type"


def content_type_of(headers: Any, language: str, *, default_language: str) -> str | None:
    """Return the Content-Type that a message's headers give it, as it is written."""
    for name, text in headers.items() if isinstance(headers, Mapping) else ():
        if str(name).strip().casefold() == _CONTENT_TYPE and isinstance(text, (str, Mapping)):
            return templates.choose(text, language, default_language=default_language)
    return None


def kind_of(text: str, text_type: TextType, *, content_type: str | None) -> BodyKind:
    """Return what a text of this type is made of; raises `Rejected` where its values cannot be made harmless."""
    kind, mistake = _judge(text, text_type, content_type=content_type)
    if mistake:
        raise Rejected(mistake)
    return kind


def mistake_in(text: str, text_type: TextType, *, content_type: str | None) -> str | None:
    """Return why the values of a text of this type cannot be made harmless; None where they can."""
    if text_type in (TextType.HTML, TextType.TELEGRAM_HTML):
        return _mistake_in_markup(text)
    return _judge(text, text_type, content_type=content_type)[1] if text_type in FOR_PROGRAMS else None


def _mistake_in_markup(text: str) -> str | None:
    try:
        html_escaping.seal(templates.anatomy(text, value=f"{OPEN}0{CLOSE}").skeleton)
    except Rejected as error:
        return str(error)
    return None


@functools.lru_cache(maxsize=1024)
def _judge(text: str, text_type: TextType, *, content_type: str | None) -> tuple[BodyKind, str | None]:
    if text_type not in FOR_PROGRAMS:
        return BodyKind.PLAIN, None
    found = templates.anatomy(text)
    if text_type is TextType.BODY and content_type:
        kind = structured_text.kind_of_type(content_type)
        return kind, next(_mistakes_of_type(content_type, values=found.values), None)
    judge, advice = (
        (structured_text.kind_of_body, structured_text.SAY_SO)
        if text_type is TextType.BODY
        else (structured_text.kind_of, structured_text.ONE_STRUCTURE)
    )
    kind_found = judge(**found._asdict())
    if kind_found is None:
        return BodyKind.PLAIN, f"{structured_text.UNCLEAR}; {advice}"
    return kind_found, None


def _mistakes_of_type(content_type: str, *, values: bool) -> Iterator[str]:
    if "{" in content_type:
        yield "its Content-Type contains a shortcode; write the type itself"
    elif values and structured_text.is_unsafe_type(content_type):
        yield f"values in a text of the type {content_type} cannot be escaped; send `json`, `form` or XML instead"


def content_type_for(text: str) -> str | None:
    """Return the Content-Type of a body without one, as its template shows it; None for a text."""
    return structured_text.type_of(**templates.anatomy(text)._asdict())
