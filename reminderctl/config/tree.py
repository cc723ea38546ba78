"""Walking the nodes of a YAML file.

The parser's nodes are kept instead of values, because they know line and column; nothing is ever resolved to a number,
a date or a boolean.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode


def is_mapping(node: Node) -> TypeGuard[MappingNode]:
    return isinstance(node, MappingNode)


def is_list(node: Node) -> TypeGuard[SequenceNode]:
    return isinstance(node, SequenceNode)


def is_text(node: Node) -> TypeGuard[ScalarNode]:
    return isinstance(node, ScalarNode)


def is_empty(node: Node) -> bool:
    """Nothing at all stands after the key: `filters:`."""
    return node.value == "" and node.start_mark.index == node.end_mark.index


def unquoted(node: Node) -> str:
    """Advice where a list or mapping in braces was surely meant as text: `to: {customer_email}`."""
    if (
        isinstance(node, MappingNode)
        and node.flow_style
        and node.value
        and all(is_empty(value) for _, value in node.value)
    ):
        return '; text that begins with { needs quotes: "{...}"'
    return ""


def entries(node: MappingNode) -> dict[str, Node]:
    """The values of a mapping by their keys."""
    return {key.value: value for key, value in node.value}


def key_node(node: MappingNode, name: str) -> Node:
    """The place of a key."""
    return next((key for key, _ in node.value if key.value == name), node)


def plain(node: Node) -> Any:
    """The node as text, dicts and lists."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return [plain(each) for each in node.value]
    return {key.value: plain(value) for key, value in node.value}


def path_of(root: Node, wanted: Node) -> str:
    """How people call the part of the YAML that a node stands in: `channels.email`, `workflows[2] x: actions[0]`."""
    if not is_mapping(root):
        return ""
    for key, value in root.value:
        if not _holds(value, wanted):
            continue
        if key.value == "workflows" and is_list(value):
            return _path_in_workflows(value, wanted)
        if key.value == "channels" and is_mapping(value):
            inside = [name.value for name, below in value.value if name is not wanted and _holds(below, wanted)]
            return ".".join(["channels", *inside[:1]])
        return str(key.value)
    return ""


def _path_in_workflows(workflows: SequenceNode, wanted: Node) -> str:
    index = next((number for number, each in enumerate(workflows.value) if _holds(each, wanted)), None)
    if index is None:
        return "workflows"
    node = workflows.value[index]
    pairs = node.value if is_mapping(node) else []  # not `entries`: a key may still be a list
    below = {str(key.value): value for key, value in pairs}
    path = workflow_path(index, below.get("id"))
    actions = below.get("actions")
    if actions is not None and is_list(actions):
        for number, action in enumerate(actions.value):
            if _holds(action, wanted):
                return f"{path}: actions[{number}]"
    return path


def workflow_path(index: int, id_node: Node | None) -> str:
    """`workflows[2] reminder-24h`, or `workflows[2]` where the id is missing or no text."""
    name = id_node.value if id_node is not None and is_text(id_node) else ""
    return f"workflows[{index}] {name}".rstrip()


def _holds(node: Node, wanted: Node) -> bool:
    """Is `wanted` this node, or somewhere below it?"""
    seen, stack = {0}, [node]
    while stack:
        each = stack.pop()
        if each is wanted:
            return True
        if id(each) in seen:
            continue
        seen.add(id(each))
        if is_mapping(each):
            stack.extend(part for pair in each.value for part in pair)
        elif is_list(each):
            stack.extend(each.value)
    return False
