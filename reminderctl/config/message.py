"""An action's message: the channel's own keys, as a tree of texts and language maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct
from yaml.nodes import MappingNode, Node

from reminderctl.channels import ChannelModule
from reminderctl.config.convert import check_keys, encoded_names, make, note_at, read_booleans
from reminderctl.config.page import Page, place_in
from reminderctl.config.reading import read_text_file
from reminderctl.config.settings import is_language
from reminderctl.config.shape import Action as OurKeys
from reminderctl.config.tree import entries, is_list, is_mapping, is_text, key_node, plain
from reminderctl.config.variables import misplaced
from reminderctl.config.words import did_you_mean, quote
from reminderctl.errors import Problem
from reminderctl.messages import texts
from reminderctl.messages.shortcodes import is_known
from reminderctl.places import Place

OUR_KEYS = frozenset(encoded_names(OurKeys))
_IN_FILES = frozenset({Place.PLAIN, Place.BODY, Place.HTML, Place.TELEGRAM_HTML})
CALENDAR = "calendar"
FILE_SUFFIX = "_file"
_STAND_INS = {"email": "someone@example.com", "phone": "+34600123456", "telegram": "1"}
_REFERENCE = re.compile(r"\$\{[A-Z_][A-Z0-9_]*\}")  # `${service_price}` is a price in dollars
_UNQUOTED = 'text that begins with a shortcode needs quotes: "{%s} ..."'


class Draft(Struct, kw_only=True):
    """A message while it is read. `from_files` tells which of its texts came from which file."""

    page: Page
    node: MappingNode
    nodes: Mapping[str, Node]
    path: str
    module: ChannelModule
    folder: Path
    language: str
    deep: bool
    read_files: dict[Path, bytes]
    from_files: dict[tuple[str | int, ...], tuple[Path, str]] = {}
    wrong_urls: set[str] = set()

    def note(self, what: str, *, field: str = "") -> None:
        note_at(self.page, self.node, what, path=self.path, field=field)


def read_message(draft: Draft) -> dict[str, Any]:
    """The template tree of a message; its mistakes are noted.

    1. Its keys: the channel's, and `<text>_file` for texts that stand in a file.
    2. Its shape: each language's version must make a message of the channel.
    3. Its texts: shortcodes, languages, attachments; with `deep` the templates too.
    """
    message_type: Any = draft.module.Message
    nodes = {name: value for name, value in draft.nodes.items() if name not in OUR_KEYS}
    good = check_keys(draft.page, draft.node, nodes, known=_known_keys(message_type), path=draft.path)
    tree: dict[str, Any] = {}
    for name, node in good.items():
        field = name.removesuffix(FILE_SUFFIX) if name not in encoded_names(message_type) else name
        if field != name and field in nodes:
            draft.note(f"`{field}` and `{name}` exclude each other", field=name)
        elif field != name:
            tree[field] = _read_files(draft, node, name=name, field=field)
        else:
            tree[field] = plain(node)
    tree = dict(read_booleans(tree, message_type))
    unfinished = {name.removesuffix(FILE_SUFFIX) for name in nodes} - tree.keys()
    _check_shape(draft, tree, versions=_check_texts(draft, tree), unfinished=unfinished)
    return tree


@cache
def _known_keys(message_type: Any) -> tuple[str, ...]:
    """The keys of an action on this channel."""
    return (*encoded_names(message_type), *file_keys(message_type), *OUR_KEYS)


def file_keys(message_type: Any) -> tuple[str, ...]:
    """`body_file` and its like: the keys that name a file in which a text stands."""
    shapes = texts.places(message_type)
    return tuple(
        f"{name}{FILE_SUFFIX}" for name, each in shapes.items() if each.kind == "text" and each.place in _IN_FILES
    )


# --- files ------------------------------------------------------------------------------------------------------------


def _read_files(draft: Draft, node: Node, *, name: str, field: str) -> str | dict[str, str]:
    """The text of `<field>_file`: of one file, or of one for each language."""
    if is_mapping(node):
        return {
            language: _read_file(draft, each, name=name, where=(field, language))
            for language, each in entries(node).items()
        }
    return _read_file(draft, node, name=name, where=(field,))


def _read_file(draft: Draft, node: Node, *, name: str, where: tuple[str | int, ...]) -> str:
    if not is_text(node) or not node.value:
        draft.page.note(node, draft.path, f"{name}: expected the name of a file beside the YAML")
        return ""
    path = draft.folder / node.value
    content, text, problem = read_text_file(path, str(path))
    if problem:
        draft.page.note(node, draft.path, f"{name}: {path} {problem.what}")
        return ""
    draft.read_files[path] = content
    draft.from_files[where] = (path, text)
    return text.removesuffix("\n")


# --- texts ------------------------------------------------------------------------------------------------------------


def _check_texts(draft: Draft, tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Note what is wrong with each text; the tree in each of the languages that it comes in."""
    languages: dict[str, None] = {}
    in_languages: dict[str, Any] = {}

    def check(path: tuple[str | int, ...], place: Place, text: Any) -> Any:
        if isinstance(text, str):
            _check_text(draft, path, place=place, text=text)
            return text
        _check_languages(draft, path, text)
        languages.update(dict.fromkeys(text))
        in_languages[str(path[0])] = tree[str(path[0])]
        for language, version in text.items():
            if isinstance(version, str):
                _check_text(draft, (*path, language), place=place, text=version)
        return next(iter(text.values()), "")

    message_type: Any = draft.module.Message
    first: dict[str, Any] = {}
    shapes = texts.places(message_type)
    for name, value in tree.items():
        shape = shapes[name]
        if isinstance(value, str) and shape.kind == "text" and shape.place and not shape.others:
            first[name] = check((name,), shape.place, value)  # most are like this, and need no search for texts
        else:
            first |= texts.transform(message_type, {name: value}, check)
    others = [texts.pick(message_type, in_languages, language, draft.language) for language in list(languages)[1:]]
    return [first, *({**first, **other} for other in others)]


def _check_languages(draft: Draft, path: tuple[str | int, ...], versions: Mapping[str, Any]) -> None:
    """Note keys of a language map that are no languages, and a map that says nothing."""
    node = node_at(draft.node, path)
    if not versions:
        draft.page.note(node, draft.path, f"{path[0]}: expected text, or a map from language to text, got an empty map")
    for language in versions:
        if is_language(language):
            continue
        place = key_node(node, language) if is_mapping(node) else node
        hint = f"{quote(language)} is no language; write `es: ...`, `en: ...`"
        if is_known(language):
            hint = _UNQUOTED % language
        draft.page.note(place, draft.path, f"{path[0]}: {hint}")


def _check_text(draft: Draft, path: tuple[str | int, ...], *, place: Place, text: str) -> None:
    if place is Place.ATTACHMENT:
        _check_attachment(draft, path, text)
    if "{" not in text and place is not Place.URL:
        return
    reference = _REFERENCE.search(text) if draft.page.strays else None
    if reference and path not in draft.from_files:
        draft.page.note(node_at(draft.node, path), draft.path, misplaced(reference[0]), token=reference[0])
        return
    if place is Place.URL:
        for offset, what in texts.url_mistakes(text):
            draft.wrong_urls.add(str(path[0]))
            _note_in_text(draft, path, text=text, offset=offset, what=f"{path[0]}: {what}")
    for offset, what in mistakes(text, deep=draft.deep):
        _note_in_text(draft, path, text=text, offset=offset, what=what)


def mistakes(text: str, *, deep: bool) -> Iterator[tuple[int, str]]:
    """What is wrong with the shortcodes of a text; `deep` reads it as a template as well."""
    yield from texts.mistakes(text)
    if deep and texts.is_template(text):
        yield from texts.template_mistakes(text)


def _check_attachment(draft: Draft, path: tuple[str | int, ...], text: str) -> None:
    if text != CALENDAR and "{" not in text and not (draft.folder / text).is_file():
        meant = did_you_mean(text, [CALENDAR]) or "; write `calendar`, or the name of a file beside the YAML"
        draft.page.note(node_at(draft.node, path), draft.path, f"{path[0]}: there is no file {quote(text)}{meant}")


def _note_in_text(draft: Draft, path: tuple[str | int, ...], *, text: str, offset: int, what: str) -> None:
    """A mistake at its very place, in the YAML or in the file that the text came from."""
    if path in draft.from_files:
        file, content = draft.from_files[path]
        draft.page.problems.append(Problem(str(file), *place_in(content, offset), draft.path, what))
        return
    token = re.compile(r"[^}\n]*\}?").match(text, offset)
    word = token[0] if token else ""
    draft.page.note(
        node_at(draft.node, path), draft.path, what, token=word, skip=text.count(word, 0, offset) if word else 0
    )


def node_at(node: Node, path: tuple[str | int, ...]) -> Node:
    """The place of one text of an action, or as near to it as the YAML goes."""
    for key in path:
        if is_mapping(node):
            below = entries(node)
            found = below.get(str(key)) or below.get(f"{key}{FILE_SUFFIX}")
            if found is None:
                return node
            node = found
        elif is_list(node) and isinstance(key, int):
            node = node.value[key]
    return node


# --- shape ------------------------------------------------------------------------------------------------------------


def _check_shape(
    draft: Draft, tree: Mapping[str, Any], *, versions: list[Mapping[str, Any]], unfinished: set[str]
) -> None:
    """Note what keeps a version of the message from being one; each complaint once."""
    message_type, address = draft.module.Message, draft.module.RULES.address
    stand_in = {"to": _STAND_INS[address]} if address and "to" in encoded_names(message_type) else {}
    complaints: dict[tuple[str, str], None] = {}
    for version in versions:
        _, wrong = make({**version, **stand_in}, message_type, folder=draft.folder, sources={})
        complaints.update(dict.fromkeys(wrong))
    find_more = getattr(draft.module, "message_mistakes", None)
    right_kinds = all(field and field not in tree for field, _ in complaints)
    told: list[str] = find_more(tree) if find_more and right_kinds else []
    for field, what in complaints:
        if field not in unfinished:
            draft.note(what, field=field if f"{field}{FILE_SUFFIX}" not in draft.nodes else f"{field}{FILE_SUFFIX}")
    for what in told:
        field = re.split("[: ]", what, maxsplit=1)[0]
        if field not in unfinished and field not in draft.wrong_urls:  # told already, and at its very place
            draft.note(what)
