"""The texts of one service, customer, member of staff or location, from the cells of a row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import UNSET

from reminderctl.core import timing
from reminderctl.importing import identity
from reminderctl.importing.columns import ENTITIES, TEXT_COLUMNS, EntityTexts, Text
from reminderctl.importing.contacts import Cleaned, clean_chat, clean_email, clean_phone, is_nothing
from reminderctl.importing.row_options import PhoneOptions
from reminderctl.importing.values import read_cell
from reminderctl.importing.zone_names import find_named_zone
from reminderctl.messages.language_names import find_language_code, is_language_code
from reminderctl.text import remove_invisible, shorten

_LONGEST = 60


class EntityCells(NamedTuple):
    """The key and texts of one entity in a row, with what is wrong with them, and what nothing can be sent to."""

    key: Text
    texts: EntityTexts = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_entity(table: str, phone: PhoneOptions, *cells: Any) -> EntityCells:
    """Return the entity in some cells, which are in the order of the table's columns."""
    try:
        return _read_cached(table, phone, *cells)
    except TypeError:  # a list or an object of JSON, which no cache takes
        return _read(table, phone, *cells)


def _read(table: str, phone: PhoneOptions, *cells: Any) -> EntityCells:
    if cells.count(UNSET) == len(cells):
        return EntityCells(UNSET)
    problems: list[str] = []
    warnings: list[str] = []
    own_id, *texts = [
        # Most files have few of the columns, and this runs for each customer of each row.
        cell if cell is UNSET or cell is None else read_cell(cell, column, problems=problems)
        for column, cell in zip(ENTITIES[table].values(), cells, strict=True)
    ]
    for index, (name, text) in enumerate(zip(TEXT_COLUMNS[table], texts, strict=True)):
        if isinstance(text, str) and text:
            cleaned = _clean(name, text, phone=phone)
            texts[index] = cleaned.text or None
            warnings += [f"{ENTITIES[table][name]}: {cleaned.problem}"] if cleaned.problem else []
    if table == "customers" and not texts[0] and (texts[1] or texts[2]):
        texts[0] = " ".join(name for name in texts[1:3] if name)
    key = identity.make_key(table, own_id, texts=dict(zip(TEXT_COLUMNS[table], texts, strict=True)))
    return EntityCells(key, tuple(texts), tuple(problems), tuple(warnings))


# The same few services and staff are in every row, and customers come again. Typed: 1 and true are equal, and not the
# same.
_read_cached = lru_cache(maxsize=1 << 14, typed=True)(_read)


def _clean(name: str, text: str, *, phone: PhoneOptions) -> Cleaned:
    if name == "name" and not text.isascii():
        return Cleaned(" ".join(text.split()))  # the blanks of Unicode, which no filter has
    if name not in _CLEANERS and name != "phone":
        return Cleaned(text)
    if is_nothing(text):
        return Cleaned(None)
    return clean_phone(text, phone) if name == "phone" else _CLEANERS[name](text)


def clean_language(text: str) -> Cleaned:
    """Return the code of a language, which may be there by its name."""
    written = remove_invisible(text)
    if is_language_code(written):
        return Cleaned(written)
    problem = f"{shorten(written, _LONGEST)!r} is no language; texts are in the default one; write es, en or pt-BR"
    code = find_language_code(written)
    return Cleaned(code) if code else Cleaned(written, problem)


def _clean_zone(text: str) -> Cleaned:
    """Return the name of a customer's zone."""
    written = remove_invisible(text)
    if timing.find_zone(written):
        return Cleaned(written)
    named = find_named_zone(written)
    key = getattr(named, "key", "UTC") if named else None
    right = "is not an IANA name such as Europe/Madrid; their times are shown in the booking's zone"
    return Cleaned(key) if key else Cleaned(written, f"{shorten(written, _LONGEST)!r} {right}")


_CLEANERS: dict[str, Callable[[str], Cleaned]] = {
    "email": clean_email,
    "telegram": clean_chat,
    "language": clean_language,
    "timezone": _clean_zone,
}
