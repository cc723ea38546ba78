"""The `${NAME}` of the YAML, replaced where they are read and noted as mistakes where they are not."""

from __future__ import annotations

from typing import Any

from yaml.nodes import Node, ScalarNode

from reminderctl.config.variables import REFERENCE, VARIABLE_NAME, Variables
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_list, is_mapping, plain


def fill_in(file: YamlFile, node: Node, *, path: str, variables: Variables) -> tuple[Any, str, bool]:
    """Return the value at a node with its `${NAME}` replaced, the references it held, and whether all of them are set.

    A mistake is noted for each that is not, unless `variables` are optional.
    """
    if isinstance(node, ScalarNode):
        return _fill_text(file, node, path=path, variables=variables) if "${" in node.value else (node.value, "", True)
    if "${" not in file.text:
        return plain(node), "", True
    if is_list(node):
        parts = [fill_in(file, each, path=path, variables=variables) for each in node.value]
        return [part[0] for part in parts], *_together(parts)
    if is_mapping(node):
        named = {name: fill_in(file, each, path=path, variables=variables) for name, each in entries(node).items()}
        return {name: part[0] for name, part in named.items()}, *_together(list(named.values()))
    return plain(node), "", True


def _together(parts: list[tuple[Any, str, bool]]) -> tuple[str, bool]:
    return " ".join(part[1] for part in parts if part[1]), all(part[2] for part in parts)


def _fill_text(file: YamlFile, node: ScalarNode, *, path: str, variables: Variables) -> tuple[str, str, bool]:
    complete = True
    text = str(node.value)
    for reference in REFERENCE.finditer(text):
        name = reference[1]
        if not VARIABLE_NAME.fullmatch(name):
            file.note(node, f"`{reference[0]}` is not a variable; use ${{NAME}} with letters, digits and _", path=path)
            complete = False
        elif not variables.find(name):
            complete = False
            if not variables.optional:
                file.note(node, variables.explain_absence(name), path=path, token=reference[0])
    references = " ".join(reference[0] for reference in REFERENCE.finditer(text))
    return REFERENCE.sub(lambda found: variables.find(found[1]) or "", text), references, complete


def note_references(file: YamlFile, node: Node, *, path: str) -> None:
    """Note a mistake for each `${...}` at or below a node where none is read."""
    stack = [node]
    while stack:
        below = stack.pop()
        if isinstance(below, ScalarNode):
            for reference in REFERENCE.finditer(below.value):
                file.note(below, misplaced_reference(reference[0]), path=path, token=reference[0])
        elif is_list(below):
            stack.extend(below.value)
        elif is_mapping(below):
            stack.extend(value for _, value in below.value)


def misplaced_reference(reference: str, *, instead: str = "") -> str:
    """Return the message for a reference where none is read; `instead` says what to write."""
    return f"`{reference}` works under `channels` and `sources` only; {instead or 'write the value itself here'}"
