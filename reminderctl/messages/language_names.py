"""The codes and names of languages, as CLDR has them and as people write them."""

from __future__ import annotations

import functools
import re
from contextlib import suppress

_CODE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_NAMED_IN = ("en", "es", "de", "fr", "it", "pt", "nl", "ca", "pl")  # the languages whose names for languages are known
_PLACE = re.compile(r"\s*(?:\(|\s-\s).*", re.DOTALL)
_OTHER_NAMES = {"castellano": "es", "castellà": "es", "castilian": "es", "valencià": "ca", "valenciano": "ca"}


def is_language_code(word: str) -> bool:
    """Return True for the code of a language that CLDR knows, with or without a region: `es`, `pt-BR`."""
    word = word.strip()
    return bool(_CODE.fullmatch(word)) and re.split("[-_]", word)[0].casefold() in _codes()


def find_language_code(word: str) -> str | None:
    """Return the code that a word for a language means (`Español`, `Spanish (Spain)`, `spa`); None where none does."""
    name = word.strip().casefold()
    return _codes_by_name().get(name) or _codes_by_name().get(_PLACE.sub("", name)) or _find_alias(name)


@functools.cache
def _codes() -> frozenset[str]:
    from babel import Locale

    return frozenset(map(str, Locale("en").languages))


@functools.cache
def _codes_by_name() -> dict[str, str]:
    """Return the code of each name, in the language itself and in those of booking programs; English goes first."""
    from babel import Locale, UnknownLocaleError

    names: dict[str, str] = dict(_OTHER_NAMES)
    for language in _NAMED_IN:
        for code, name in reversed([*Locale(language).languages.items()]):
            names.setdefault(name.casefold(), str(code))
    for code in _codes():
        with suppress(UnknownLocaleError, ValueError):
            if len(code) == 2 and (own := Locale.parse(code).get_display_name()):
                names.setdefault(own.casefold(), code)
    return names


def _find_alias(name: str) -> str | None:
    """Return the code for one of three letters (`spa`), which CLDR calls by two."""
    from babel.core import get_global

    alias = get_global("language_aliases").get(name)
    return alias if alias and is_language_code(alias) else None
