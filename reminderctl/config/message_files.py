"""Texts of a message that are in files beside the YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from yaml.nodes import Node

from reminderctl.config.action_reader import ActionReader
from reminderctl.config.yaml_nodes import entries, is_mapping, is_text
from reminderctl.config.yaml_reader import read_text_file
from reminderctl.messages import templates
from reminderctl.messages.attachments import OURS, is_private
from reminderctl.messages.field_types import FieldPath
from reminderctl.text_types import TextType

FILE_SUFFIX = "_file"
_IN_FILES = frozenset({TextType.PLAIN, TextType.BODY, TextType.HTML, TextType.TELEGRAM_HTML, TextType.CHAT})


def file_keys(message_type: Any) -> tuple[str, ...]:
    """Return `body_file` and its like: the keys that name a file in which a text is."""
    field_types = templates.fields_of(message_type)
    return tuple(
        f"{name}{FILE_SUFFIX}"
        for name, each in field_types.items()
        if each.kind == "text" and each.text_type in _IN_FILES
    )


def read_files(reader: ActionReader, node: Node, *, name: str, field: str) -> str | dict[str, str]:
    """Return the text of `<field>_file`: of one file, or of one for each language."""
    if is_mapping(node):
        return {
            language: _read_file(reader, each, name=name, where=(field, language))
            for language, each in entries(node).items()
        }
    return _read_file(reader, node, name=name, where=(field,))


def _read_file(reader: ActionReader, node: Node, *, name: str, where: FieldPath) -> str:
    if not is_text(node) or not node.value:
        reader.file.note(node, f"{name}: expected the name of a file next to the YAML", path=reader.path)
        return ""
    path = reader.context.folder / node.value
    if refusal := _why_refused(reader, node.value):
        reader.file.note(node, f"{name}: {path} {refusal}", path=reader.path)
        return ""
    text, problem = read_text_file(path, str(path))
    if problem:
        reader.file.note(node, f"{name}: {path} {problem.what}", path=reader.path)
        return ""
    reader.context.read_files.append(path)
    reader.from_files[where] = (path, text)
    return text.removesuffix("\n")


def _why_refused(reader: ActionReader, name: str) -> str:
    """Return why the text of a file must not be sent; an empty text where it may.

    A YAML that is a link itself (to a volume, a package) has its neighbours in two folders.
    """
    path = reader.context.folder / name
    try:
        if is_private(path, reader.context.private):
            return OURS
        folders = (reader.context.folder.resolve(), reader.file.path.resolve().parent)
        if not Path(name).is_absolute() and not any(path.resolve().is_relative_to(folder) for folder in folders):
            return "is outside the folder of the YAML; use its full path"
    except (OSError, RuntimeError) as error:
        return f"cannot be read: {error}"
    return ""
