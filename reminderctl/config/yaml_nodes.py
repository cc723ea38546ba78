"""Walking the nodes of a YAML file.

The parser's nodes are kept instead of values, because they know line and column; nothing is ever resolved to a number,
a date or a boolean.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode


def is_mapping(node: Node) -> TypeGuard[MappingNode]:
    """Return whether a node holds keys and values."""
    return isinstance(node, MappingNode)


def is_list(node: Node) -> TypeGuard[SequenceNode]:
    """Return whether a node is a list."""
    return isinstance(node, SequenceNode)


def is_text(node: Node) -> TypeGuard[ScalarNode]:
    """Return whether a node is a single value."""
    return isinstance(node, ScalarNode)


def is_empty(node: Node) -> bool:
    """Return True if there is nothing at all after the key: `filters:`."""
    return node.value == "" and node.start_mark.index == node.end_mark.index


def unquoted(node: Node) -> str:
    """Return advice where a list or mapping was surely meant as text: `to: {customer_email}`, `[Cut: short]`."""
    if is_mapping(node) and len(node.value) == 1 and node.start_mark.index == node.value[0][0].start_mark.index:
        return '; text that holds `: ` needs quotes: "..."'
    if (
        isinstance(node, MappingNode)
        and node.flow_style
        and node.value
        and all(is_empty(value) for _, value in node.value)
    ):
        return '; text that begins with { needs quotes: "{...}"'
    return ""


def entries(node: MappingNode) -> dict[str, Node]:
    """Return the values of a mapping by their keys."""
    return {key.value: value for key, value in node.value}


def key_node(node: MappingNode, name: str) -> Node:
    """Return the node of a key, or of the mapping that lacks it."""
    return next((key for key, _ in node.value if key.value == name), node)


def value_of(node: MappingNode, name: str) -> Node | None:
    """Return the value of one key; None where the mapping lacks it."""
    return next((value for key, value in node.value if key.value == name), None)


def plain(node: Node) -> Any:
    """Return the node as text, dicts and lists."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(each) for each in node.value]
    return {key.value: plain(value) for key, value in node.value}


def paths(root: Node) -> dict[int, str]:
    """Return how people call the part of the YAML that a node is in, for all of them by their Python ids.

    `channels.email`, `workflows[2] x: actions[0]`; nothing for the keys at the top.
    """
    names: dict[int, str] = {}
    for key, value in root.value if is_mapping(root) else ():
        if key.value == "workflows" and is_list(value):
            for index, workflow in enumerate(value.value):
                _name_workflow(names, workflow, index=index)
        elif key.value == "channels" and is_mapping(value):
            for name, below in value.value:
                _name(names, below, path=f"channels.{name.value}")
        _name(names, value, path=str(key.value))
    return names


def _name_workflow(names: dict[int, str], node: Node, *, index: int) -> None:
    pairs = node.value if is_mapping(node) else []  # not `entries`: a key may still be a list
    below = {str(key.value): value for key, value in pairs}
    path = workflow_path(index, below.get("id"))
    actions = below.get("actions")
    for number, action in enumerate(actions.value if actions is not None and is_list(actions) else ()):
        _name(names, action, path=f"{path}: actions[{number}]")
    _name(names, node, path=path)


def _name(names: dict[int, str], node: Node, *, path: str) -> None:
    """Give a node, and all below it that has no name yet, this name."""
    stack = [node]
    while stack:
        below = stack.pop()
        if id(below) in names:
            continue
        names[id(below)] = path
        if is_mapping(below):
            stack.extend(part for pair in below.value for part in pair)
        elif is_list(below):
            stack.extend(below.value)


def workflow_path(index: int, id_node: Node | None) -> str:
    """Return `workflows[2] reminder-24h`, or `workflows[2]` where the id is missing or no text."""
    name = id_node.value if id_node is not None and is_text(id_node) else ""
    return f"workflows[{index}] {name}".rstrip()
