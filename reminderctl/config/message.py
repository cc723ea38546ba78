"""An action's message: the channel's own keys, as a tree of texts and language maps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from yaml.nodes import Node

from reminderctl.config.action_reader import ActionReader
from reminderctl.config.env import misplaced_reference
from reminderctl.config.message_files import FILE_SUFFIX, file_keys, read_files
from reminderctl.config.schema import ActionKeys
from reminderctl.config.settings import is_language
from reminderctl.config.struct_reader import (
    EMPTY,
    check_keys,
    encoded_names,
    fields_of,
    make_struct,
    read_booleans,
)
from reminderctl.config.suggestions import depends_on, did_you_mean, nearest, quote
from reminderctl.config.yaml_file import place_in
from reminderctl.config.yaml_nodes import is_list, is_mapping, is_text, key_node, plain, value_of
from reminderctl.core.recipients import ADDRESS_KINDS
from reminderctl.errors import Problem
from reminderctl.messages import body_kinds, template_checks, templates
from reminderctl.messages.attachments import CALENDAR, CHOSEN, OURS, is_bound, is_private
from reminderctl.messages.field_types import FieldPath
from reminderctl.messages.shortcodes import is_known
from reminderctl.text_types import TextType

_MAY_BE_BLANK = frozenset({"subject"})  # a mail may go out without one, and `check` warns of it
OUR_KEYS = frozenset(encoded_names(ActionKeys))
_REFERENCE = re.compile(r"\$\{[A-Z_][A-Z0-9_]*\}")  # `${service_price}` is a price in dollars
_WORD = re.compile(r"\{{0,2}[^{}\n]{0,100}\}?")  # what a mistake is looked for by
_BLANK = "is empty; give it a value"
_PASTED = "this is JSON in one text, and would be sent in quotation marks; write it as YAML, or use `body`"
_UNQUOTED = 'text that begins with a shortcode needs quotes: "{%s} ..."'


def read_message(reader: ActionReader) -> dict[str, Any]:
    """Return the template tree of a message; its mistakes are noted.

    1. Its keys: the channel's, and `<text>_file` for texts that are in a file.
    2. Its shape: each language's version must make a message of the channel.
    3. Its texts: shortcodes, languages, attachments; with `deep` the templates too.
    """
    message_type: Any = reader.module.Message
    nodes = {name: value for name, value in reader.nodes.items() if name not in OUR_KEYS}
    good = check_keys(
        reader.file,
        reader.node,
        nodes=nodes,
        known=_known_keys(message_type, addressed=reader.address is not None),
        path=reader.path,
    )
    tree: dict[str, Any] = {}
    for name, node in good.items():
        field = name.removesuffix(FILE_SUFFIX) if name not in encoded_names(message_type) else name
        if field != name and field in nodes:
            reader.note(f"`{field}` and `{name}` exclude each other", field=name)
        elif field != name:
            tree[field] = read_files(reader, node, name=name, field=field)
        else:
            tree[field] = _listed(plain(node), templates.fields_of(message_type)[field])
    tree = dict(read_booleans(tree, message_type))
    reader.content_type = body_kinds.content_type_of(
        tree.get("headers"), reader.context.language, default_language=reader.context.language
    )
    unfinished = {name.removesuffix(FILE_SUFFIX) for name in nodes} - tree.keys()
    _check_shape(reader, tree, versions=_check_texts(reader, tree), unfinished=unfinished)
    return tree


@cache
def _known_keys(message_type: Any, *, addressed: bool) -> tuple[str, ...]:
    """Return the keys of an action on this channel, each once."""
    ours = [name for name in encoded_names(ActionKeys) if name != "to" or addressed]
    return tuple(dict.fromkeys((*ours, *encoded_names(message_type), *file_keys(message_type))))


def _listed(value: Any, field_type: templates.FieldType) -> Any:
    """Return a single name of an attachment as a list of one, anything else as it is."""
    one = isinstance(value, str) and field_type.item is not None and field_type.item.text_type is TextType.ATTACHMENT
    return [value] if one else value


# --- texts ------------------------------------------------------------------------------------------------------------


def _check_texts(reader: ActionReader, tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Note what is wrong with each text; return the tree in each of the languages that it comes in."""
    languages: dict[str, None] = {}
    in_languages: dict[str, Any] = {}

    def check(path: FieldPath, text: Any, *, text_type: TextType) -> Any:
        if isinstance(text, str):
            _check_text(reader, path, text_type=text_type, text=text)
            return text
        _check_languages(reader, path, versions=text)
        languages.update(dict.fromkeys(text))
        in_languages[str(path[0])] = tree[str(path[0])]
        for language, version in text.items():
            if isinstance(version, str):
                _check_text(reader, (*path, language), text_type=text_type, text=version)
        return next(iter(text.values()), "")

    message_type: Any = reader.module.Message
    first: dict[str, Any] = {}
    field_types = templates.fields_of(message_type)
    for name, value in tree.items():
        field_type = field_types[name]
        if field_type.kind == "tree" and isinstance(value, str) and templates.opening(value) in ("{", "["):
            reader.note(f"{name}: {_PASTED}", field=name)
        if isinstance(value, str) and field_type.kind == "text" and field_type.text_type and not field_type.others:
            # most are like this, and need no search for texts
            first[name] = check((name,), value, text_type=field_type.text_type)
        else:
            first |= templates.transform(message_type, {name: value}, change=check)
    others = [
        templates.pick(message_type, in_languages, language=language, default_language=reader.context.language)
        for language in list(languages)[1:]
    ]
    return [first, *({**first, **other} for other in others)]


def _check_languages(reader: ActionReader, path: FieldPath, *, versions: Mapping[str, Any]) -> None:
    """Note keys of a language map that are no languages, and a map that says nothing."""
    node = node_at(reader.node, path)
    if not versions:
        reader.file.note(
            node, f"{path[0]}: expected text, or a map from language to text, got an empty map", path=reader.path
        )
    for language in versions:
        if is_language(language):
            continue
        place = key_node(node, language) if is_mapping(node) else node
        hint = f"{quote(language)} is not a language; use `es: ...`, `en: ...`"
        if is_known(language):
            hint = _UNQUOTED % language
        reader.file.note(place, f"{path[0]}: {hint}", path=reader.path)


def _check_text(reader: ActionReader, path: FieldPath, *, text_type: TextType, text: str) -> None:
    """Note what is wrong with one text, for the place that it is in."""
    if text_type is TextType.ATTACHMENT:
        _check_attachment(reader, path, text=text)
    elif not text.strip():
        _check_blank(reader, path, text_type=text_type)
        return
    elif mistake := body_kinds.mistake_in(text, text_type, content_type=reader.content_type):
        _note(reader, path, what=f"{'.'.join(map(str, path))}: {mistake}")
    if "{" in text or text_type is TextType.URL:
        _check_shortcodes(reader, path, text_type=text_type, text=text)


def _check_shortcodes(reader: ActionReader, path: FieldPath, *, text_type: TextType, text: str) -> None:
    """Note each `${NAME}` in one text, and what is wrong with its shortcodes, and with a URL before them."""
    strays = list(_REFERENCE.finditer(text)) if reader.file.strays and path not in reader.from_files else []
    for stray in strays:
        instead = _instead_of_reference(reader, path)
        _note(reader, path, what=misplaced_reference(stray[0], instead=instead), token=stray[0])
    if text_type is TextType.URL:
        for offset, what in templates.url_mistakes(text):
            reader.reported.add(str(path[0]))
            _note_in_text(reader, path, text=text, offset=offset, what=f"{path[0]}: {what}")
    for offset, what in text_mistakes(text, deep=reader.context.deep):
        if not any(stray.start() <= offset < stray.end() for stray in strays):
            _note_in_text(reader, path, text=text, offset=offset, what=what)


def _check_blank(reader: ActionReader, path: FieldPath, *, text_type: TextType) -> None:
    """Note an empty text where it makes no sense; headers, queries, forms and JSON may hold some."""
    field = str(path[0])
    if f"{field}{FILE_SUFFIX}" in reader.nodes and path not in reader.from_files:
        return  # there is no such file, which was reported
    whole = templates.fields_of(cast("type", reader.module.Message))[field].kind == "text"
    if field in _MAY_BE_BLANK or not (whole or text_type is TextType.PARAMETER or text_type is TextType.URL):
        return
    needed = not whole or (len(path) == 1 and fields_of(reader.module.Message)[field].required)
    what = _BLANK if needed else EMPTY
    reader.reported.add(field)
    _note_in_text(reader, path, text="", offset=0, what=f"{'.'.join(map(str, path))}: {what}")


def _instead_of_reference(reader: ActionReader, path: FieldPath) -> str:
    """Return where the channel's settings have a place for a `${NAME}`; nothing where secrets have fields."""
    return reader.module.secret_place({name: each.value for name, each in reader.nodes.items() if is_text(each)}, path)


def text_mistakes(text: str, *, deep: bool) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the shortcodes of a text; `deep` reads it as a template as well."""
    yield from templates.mistakes(text)
    if deep and templates.is_template(text):
        yield from template_checks.find_mistakes(text)


def _check_attachment(reader: ActionReader, path: FieldPath, *, text: str) -> None:
    mistake = ""
    affixes = templates.around_values(text)
    if affixes:
        mistake = "" if is_bound(*affixes, base=reader.context.folder) else CHOSEN
    elif text != CALENDAR and "{" not in text:
        mistake = _why_not_attached(reader, text)
    if mistake:
        _note(reader, path, what=f"{path[0]}: {mistake}")


def _why_not_attached(reader: ActionReader, name: str) -> str:
    """Return why a file, named by the YAML itself, cannot go with a message; an empty text where it can."""
    try:
        if not (reader.context.folder / name).is_file():
            meant = did_you_mean(name, [CALENDAR]) or "; use `calendar`, or the name of a file next to the YAML"
            return f"there is no file {quote(name)}{meant}"
        return f"{quote(name)} {OURS}" if is_private(reader.context.folder / name, reader.context.private) else ""
    except (OSError, RuntimeError) as error:
        return f"{quote(name)} cannot be read: {error}"


def _note_in_text(reader: ActionReader, path: FieldPath, *, text: str, offset: int, what: str) -> None:
    """Note a mistake at its very place, in the YAML or in the file that the text came from."""
    if path in reader.from_files:
        file, content = reader.from_files[path]
        reader.file.note_elsewhere(Problem(str(file), *place_in(content, offset), reader.path, what))
        return
    match = _WORD.match(text, offset)
    token = match[0] if match else ""
    _note(reader, path, what=what, token=token, skip=text.count(token, 0, offset) if token else 0)


def _note(reader: ActionReader, path: FieldPath, *, what: str, token: str = "", skip: int = 0) -> None:
    """Note a mistake in the text at a path; at `token` in it, past so many others."""
    reader.file.note(node_at(reader.node, path), what, path=reader.path, token=token, skip=skip)


def node_at(node: Node, path: FieldPath) -> Node:
    """Return the node of one text of an action, or the nearest that the YAML has."""
    for key in path:
        if is_mapping(node):
            found = value_of(node, str(key)) or value_of(node, f"{key}{FILE_SUFFIX}")
            if found is None:
                return node
            node = found
        elif is_list(node) and isinstance(key, int):
            node = node.value[key]
    return node


# --- shape ------------------------------------------------------------------------------------------------------------


def _check_shape(
    reader: ActionReader, tree: Mapping[str, Any], *, versions: list[Mapping[str, Any]], unfinished: set[str]
) -> None:
    """Note what keeps a version of the message from being one; each complaint once."""
    message_type, address = reader.module.Message, reader.address
    stand_in = {"to": ADDRESS_KINDS[address].example} if address and "to" in encoded_names(message_type) else {}
    mistakes: dict[tuple[str, str], None] = {}
    for version in versions:
        _, wrong = make_struct({**version, **stand_in}, message_type, folder=reader.context.folder, sources={})
        mistakes.update(dict.fromkeys(wrong))
    meant = {nearest(name, encoded_names(message_type)) for name in unfinished}  # by keys of other names
    for field, mistake in mistakes:
        if field not in unfinished and (field in tree or field not in meant):
            in_file = f"{field}{FILE_SUFFIX}"
            reader.note(mistake, field=in_file if in_file in reader.nodes else field)
    # What was reported already, and at its very place, is not reported again; nor is what may follow from it alone.
    uncertain = unfinished | reader.reported | {field for field, _ in mistakes if field in tree}
    uncertain |= meant
    certain = {name: value for name, value in tree.items() if name not in uncertain}
    for mistake in reader.module.validate_message(certain):
        if not depends_on(mistake, uncertain):
            reader.note(mistake)
