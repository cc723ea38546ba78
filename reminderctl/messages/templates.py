"""The texts of a message as they stand in the YAML: in several languages, with shortcodes, with mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reminderctl.messages.field_types import FieldPath, FieldType, fields_of, transform
from reminderctl.messages.shortcodes import BY_NAME, CARRIAGE_RETURN, is_known, suggest, unknown
from reminderctl.text_types import TextType

__all__ = [
    "FieldType",
    "anatomy",
    "around_values",
    "choose",
    "choose_version",
    "comments",
    "fields_of",
    "is_template",
    "literals",
    "mistakes",
    "opening",
    "pick",
    "skeleton",
    "to_template",
    "transform",
    "url_mistakes",
]

_QUOTED = r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | [^"'] """
_TOKEN = re.compile(
    rf"""
      (?P<jinja> \{{%[-+]?\s*raw\s*[-+]?%\}} .*? (?: \{{%[-+]?\s*endraw\s*[-+]?%\}} | \Z )
        | \{{\#  .*?              (?: \#\}} | \Z )
        | \{{%   (?:{_QUOTED})*?  (?:  %\}} | \Z )
        | \{{\{{ (?:{_QUOTED})*?  (?: \}}\}} | \Z )
      )
    | \{{custom\.(?P<key>[^{{}}\r\n]+)\}}
    | \{{(?P<word>[\w.\-]+)\}}
    | \{{[ \t]*(?P<spaced>[\w.\-]+)[ \t]*\}}
    """,
    re.VERBOSE | re.DOTALL,
)

_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}(?P<text>.*?)\{%[-+]?\s*endraw\s*[-+]?%\}", re.DOTALL)
_CONSTANT = re.compile(r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' """, re.VERBOSE | re.DOTALL)

# A known shortcode that no token covers: its brace does not close, a filter or a comma is in it. What a colon
# follows is a key, as in JavaScript.
_OPENED = re.compile(r"\{[ \t]*(?P<name>(?:custom\.)?\w+)\b(?![ \t]*:)(?:[ \t]*(?P<filter>\|[^{}\r\n]*))?")

URL_RULE = "shortcodes are not allowed in a URL's scheme, host or port"


# --- languages ------------------------------------------------------------------------------------------------------


def choose(text: str | Mapping[str, str], language: str, *, default_language: str) -> str:
    """The text for a language: exactly it, its base, the default language, the default's base, else the first."""
    return text if isinstance(text, str) else choose_version(text, language, default_language=default_language)[1]


def choose_version(versions: Mapping[str, str], language: str, *, default_language: str) -> tuple[str, str]:
    """The version that `choose` takes, after its language, which stays regional: `es-MX` where it is read as `es`."""
    by_language = {_tag(key): chosen for key, chosen in versions.items()}
    for wanted in (language, default_language):
        for tag in (_tag(wanted), _tag(wanted).partition("-")[0]):
            if tag in by_language:
                return wanted, by_language[tag]
    return next(iter(by_language.items()), (default_language, ""))


def _tag(language: str) -> str:
    return str(language).strip().replace("_", "-").casefold()


def pick(message_type: type, tree: Any, *, language: str, default_language: str) -> Any:
    """The tree with one text in the place of each map from language to text."""

    def chosen(path: FieldPath, text: Any, *, text_type: TextType) -> Any:  # noqa: ARG001
        return choose(text, language, default_language=default_language)

    return transform(message_type, tree, change=chosen)


# --- shortcodes -----------------------------------------------------------------------------------------------------


def is_template(text: str) -> bool:
    """Return whether there is Jinja2 in it, so that `find_mistakes` of `template_checks` has something to look at."""
    return "{{" in text or "{%" in text or "{#" in text


class Anatomy(NamedTuple):
    """A text without its values: the digit 0 in the place of each, what it has, and the texts inside expressions."""

    skeleton: str
    values: bool
    statements: bool
    constants: str


def anatomy(text: str, *, value: str = "0") -> Anatomy:
    """Return what a text is made of, so far as it can be seen without rendering it; `value` is put for each value."""
    parts: list[str] = []
    constants: list[str] = []
    end, values, statements = 0, False, False
    for token in _TOKEN.finditer(text):
        parts.append(text[end : token.start()])
        end = token.end()
        jinja = token["jinja"] or ""
        if raw := _RAW.fullmatch(jinja):
            parts.append(raw["text"])
        elif jinja.startswith(("{%", "{#")) or (not jinja and token["spaced"]):
            statements = statements or jinja.startswith("{%")
            parts.append("" if jinja else token.group())
        else:
            values = True
            parts.append(value)
        constants += [each[1:-1] for each in _CONSTANT.findall(jinja)] if not raw else []
    return Anatomy("".join((*parts, text[end:])), values, statements, "\n".join(constants))


def literals(text: str) -> Iterator[tuple[int, str]]:
    """Give each part of a text that is sent as it is, after its offset."""
    end = 0
    for token in _TOKEN.finditer(text):
        if token["spaced"]:
            continue
        if token.start() > end:
            yield end, text[end : token.start()]
        end = token.end()
    if end < len(text):
        yield end, text[end:]


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Give each of Jinja2's comments in a text, after its offset."""
    for token in _TOKEN.finditer(text):
        if token["jinja"] and token["jinja"].startswith("{#"):
            yield token.start(), token["jinja"]


def jinja_tags(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each of Jinja2's tags begins and ends in a text."""
    for token in _TOKEN.finditer(text):
        if token["jinja"]:
            yield token.span()


def opening(text: str) -> str:
    """The first literal character that is not blank; "" where there is none, or a value comes before it."""
    first = anatomy(text).skeleton.strip()[:1]
    return "" if first == "0" else first


def to_template(text: str) -> str:
    """The text as a Jinja2 template that gives every literal character back as it was written."""
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        parts += _literal(text[end : token.start()]), _translated(token)
        end = token.end()
    return "".join((*parts, _literal(text[end:])))


def _translated(token: re.Match[str]) -> str:
    if token["key"]:
        return f"{{{{ custom[{token['key']!a}] }}}}"
    word = token["word"]
    if word is None:
        return token.group() if token["jinja"] else _literal(token.group())
    return f"{{{{ {word} }}}}" if word.isidentifier() and is_known(word) else f"{{{{ {BY_NAME}[{word!a}] }}}}"


def _literal(text: str) -> str:
    return text.replace("\r", f"{{{{ {CARRIAGE_RETURN} }}}}")  # Jinja2 would make \n of it


def mistakes(text: str) -> Iterator[tuple[int, str]]:
    """Yield each misspelt shortcode with what to write instead; offsets into the text."""
    end = 0
    for token in _TOKEN.finditer(text) if "{" in text else ():
        if text.find("{", end, token.start()) >= 0:
            yield from _mistyped(text, end, end=token.start())
        end = token.end()
        word, spaced, key = token["word"], token["spaced"], token["key"]
        if word and not is_known(word):
            yield token.start(), unknown(word)
        elif spaced and is_known(spaced):
            yield token.start(), f"{token.group()} contains spaces; use {{{spaced}}}"
        elif key and "|" in key:
            yield from _mistyped(text, token.start(), end=token.end())
    if text.find("{", end) >= 0:
        yield from _mistyped(text, end, end=len(text))


def _mistyped(text: str, start: int, *, end: int) -> Iterator[tuple[int, str]]:
    """Shortcodes in a literal part of the text, which would be sent as they stand there."""
    for opened in _OPENED.finditer(text, start, end):
        name, filters = opened["name"], opened["filter"]
        meant = name if is_known(name) else suggest(name) if filters else None
        if meant and filters:
            right = f"{{{{ {meant} | {filters.strip('| ') or '...'} }}}}"
            yield opened.start(), f"{{{name}|...}} is sent unchanged: a filter needs two braces; use {right}"
        elif meant:
            yield opened.start(), f"{{{name} without a }} after it is sent unchanged; use {{{meant}}}"


def around_values(text: str) -> tuple[str, str] | None:
    """Return the literal texts before the first value and behind the last one; None where there is no value."""
    literals = [""]
    end = 0
    for token in _TOKEN.finditer(text):
        literals[-1] += text[end : token.start()]
        end = token.end()
        if not token["jinja"] or token["jinja"].startswith("{{"):
            literals.append("")
    literals[-1] += text[end:]
    return (literals[0], literals[-1]) if len(literals) > 1 else None


def skeleton(text: str) -> str:
    """The text with a letter in the place of each value, and nothing in the place of a statement."""
    return _TOKEN.sub(lambda token: "" if token.group().startswith(("{%", "{#")) else "x", text)


# --- URLs -----------------------------------------------------------------------------------------------------------

_ORIGIN = re.compile(r"\s*(?P<scheme>[^:/?#\s]*)://(?P<authority>[^/?#\\]*)")
_AUTHORITY = re.compile(r"(?:[^@\s]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^\s:@\[\]]+)(?::(?P<port>[0-9]{1,5}))?")


def url_mistakes(text: str) -> list[tuple[int, str]]:
    """Return why this is no URL of a webhook: a shortcode too early, no scheme, no host; offsets into the text."""
    token = _TOKEN.search(text)
    literal = text[: token.start()] if token else text.rstrip()
    origin = _ORIGIN.match(literal)
    if token and not (origin and origin.end() < len(literal)):
        return [(token.start(), URL_RULE)]
    if not origin or origin["scheme"].casefold() not in {"http", "https"}:
        return [(0, "a URL must begin with https:// or http://")]
    authority = _AUTHORITY.fullmatch(origin["authority"])  # not urllib: its import would cost every idle tick 5 ms
    right = authority and 0 < int(authority["port"] or 443) < 65536
    return [] if right else [(origin.start("authority"), "the URL has no valid host and port")]
