"""Filling a message's texts with one booking's values."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec
from jinja2 import Template, TemplateSyntaxError
from msgspec import structs

from reminderctl.errors import Rejected
from reminderctl.messages import field_types, jinja_environment, limits, shortcodes, templates
from reminderctl.messages.attachments import attachment
from reminderctl.messages.body_kinds import content_type_for, content_type_of, kind_of
from reminderctl.messages.context import Context
from reminderctl.messages.escaping import finish
from reminderctl.messages.shortcode_values import Lookup, custom, reader_zone, value, values
from reminderctl.structured_text import BodyKind
from reminderctl.text_types import TextType


class Incomplete(Rejected):
    """The booking lacks a value without which the message would go elsewhere."""


class Rendering(NamedTuple):
    """A message ready to send, with the shortcodes that were used and came out empty, sorted."""

    message: Any
    empty: tuple[str, ...]


def render_message(
    tree: Mapping[str, Any],
    message_type: type,
    *,
    context: Context,
    base: Path,
    private: Iterable[Path] = (),
    extra: Mapping[str, Any] | None = None,
) -> Rendering:
    """The message of that type; raises `Rejected`, naming the field and the cause.

    `tree` is the action's message as the YAML has it, `base` the folder that attachments are relative to; nothing of
    what is `private` is attached. What is in `extra` goes into the message as it is.
    """
    headers = tree.get("headers")
    given_type = content_type_of(headers, context.language, default_language=context.default_language)
    found_type: str | None = None
    unfilled: set[str] = set()

    def filled(path: field_types.FieldPath, text: str | Mapping[str, str], *, text_type: TextType) -> Any:
        nonlocal found_type
        chosen, known = _choose(text, context)
        if text_type is TextType.HEADER and str(path[-1]).casefold().startswith("list-"):
            text_type = TextType.LINKS
        if text_type is TextType.BODY and not given_type:
            found_type = content_type_for(chosen)
        field = ".".join(map(str, path))
        rendered = _rendered(chosen, text_type, context=known, content_type=given_type, unfilled=unfilled, field=field)
        if text_type is not TextType.ATTACHMENT:
            return rendered
        return attachment(rendered, known, base=base, private=private)

    with limits.bounded():
        rendered = field_types.transform(message_type, tree, change=filled)
    if found_type:
        rendered["headers"] = {**rendered.get("headers", {}), "Content-Type": found_type}
    return Rendering(message=_build({**rendered, **(extra or {})}, message_type), empty=tuple(sorted(unfilled)))


def _build(fields: Mapping[str, Any], message_type: type) -> Any:
    try:
        return msgspec.convert(fields, message_type, strict=False)
    except (msgspec.ValidationError, TypeError) as error:
        raise Rejected(f"cannot build the message: {error}") from None


def render_text(text: str, text_type: TextType, *, context: Context, field: str = "text") -> str:
    """One text outside a message, such as a recipient's address; raises `Rejected`."""
    with limits.bounded():
        return _rendered(text, text_type, context=context, content_type=None, unfilled=set(), field=field)


def _choose(versions: str | Mapping[str, str], context: Context) -> tuple[str, Context]:
    """The text for this recipient, and the context whose dates are in the language of that text."""
    if isinstance(versions, str):
        return versions, context
    language, text = templates.choose_version(versions, context.language, default_language=context.default_language)
    same = language == context.languages[0]
    return text, context if same else structs.replace(context, written_in=language)


# --- one text -------------------------------------------------------------------------------------------------------


def _rendered(
    text: str, text_type: TextType, *, context: Context, content_type: str | None, unfilled: set[str], field: str
) -> str:
    if text_type is TextType.URL:
        _refuse_url(text, field)
    empty: set[str] = set()
    try:
        kind = kind_of(text, text_type, content_type=content_type)
        rendered = _fill(text, text_type, context=context, kind=kind, unfilled=empty) if "{" in text else text
    except Rejected as error:
        raise Rejected(f"cannot render {field}: {error}") from error
    except TemplateSyntaxError as error:
        raise Rejected(f"cannot render {field}: {error.message} (line {error.lineno})") from None
    except Exception as error:  # a template can go wrong in every way that Python can
        raise Rejected(f"cannot render {field}: {error or type(error).__name__}") from None
    _refuse_half_characters(rendered, field)
    if text_type is TextType.URL:
        _refuse_traversal(rendered, field)
        _refuse_parent(text, rendered, empty=empty, field=field)
    unfilled |= empty
    try:
        return finish(text_type, rendered, kind=kind)
    except Rejected as error:
        raise Rejected(f"cannot render {field}: {error}") from None


def _refuse_half_characters(text: str, field: str) -> None:
    """Refuse half characters, which no channel can send. Values have lost theirs; these are of the text itself."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Rejected(f"cannot render {field}: it contains half a character (a lone surrogate)") from None


def _fill(text: str, text_type: TextType, *, context: Context, kind: BodyKind, unfilled: set[str]) -> str:
    compiled = _compile(text, text_type, kind=kind)
    variables = values(compiled.names, context)
    if compiled.custom:
        variables["custom"] = custom(context)
    variables[shortcodes.BY_NAME] = Lookup(lambda name: _by_name(name, context))
    variables[jinja_environment.UNFILLED] = unfilled
    if compiled.dated:
        variables[jinja_environment.HERE] = (reader_zone(context), context.languages)
    parts: list[str] = []
    size = 0
    for part in compiled.template.generate(variables):
        size += len(part)
        if size > limits.LARGEST:
            raise limits.ExceededError(f"it is longer than the limit of {limits.LARGEST:,} characters")
        parts.append(part)
    return "".join(parts)


def _by_name(name: str, context: Context) -> Any:
    if not shortcodes.is_known(name):
        raise Rejected(shortcodes.unknown(name))
    return value(name, context)


class _Compiled(NamedTuple):
    template: Template
    names: frozenset[str]
    custom: bool
    dated: bool


@functools.lru_cache(maxsize=1024)
def _compile(text: str, text_type: TextType, *, kind: BodyKind) -> _Compiled:
    source = templates.to_template(text)
    if templates.is_template(text):
        for wrong in jinja_environment.wrong(source, text_type=text_type, kind=kind):
            raise Rejected(wrong.what)
    sandbox = jinja_environment.environment(text_type, kind)
    names = jinja_environment.names(source, sandbox)
    template = sandbox.from_string(source)
    template.globals = dict(template.globals)  # each rendering copies them, and a ChainMap is slow to copy
    return _Compiled(
        template=template,
        names=names - {"custom", shortcodes.BY_NAME},
        custom="custom" in names,
        dated="|" in source,  # only a filter asks for the reader's zone
    )


# --- text types with rules of their own -----------------------------------------------------------------------------


def _refuse_url(text: str, field: str) -> None:
    for _, what in templates.url_mistakes(text):
        raise Rejected(f"cannot render {field}: {what}")


def _refuse_traversal(url: str, field: str) -> None:
    """A segment `..`, which an HTTP client would resolve: percent-encoding cannot take its meaning away."""
    if {".", ".."} & set(urlsplit(url).path.split("/")):
        raise Rejected(f"cannot render {field}: a part of the path consists of dots")


def _refuse_parent(text: str, url: str, *, empty: Collection[str], field: str) -> None:
    """A segment without its value: the path would name all bookings where one was meant."""
    if len(_blank_segments(url)) <= len(_blank_segments(templates.skeleton(text))):
        return
    names = [f"{{{name}}}" for name in sorted(empty) if name in text.partition("?")[0]]
    what = f"{' and '.join(names)} is empty" if names else "a shortcode is empty"
    raise Incomplete(f"cannot render {field}: {what}, and without it the path would lead somewhere else")


def _blank_segments(url: str) -> list[str]:
    path = re.split("[?#]", url, maxsplit=1)[0]
    return [segment for segment in path.split("/")[3:] if not unquote(segment).strip()]
