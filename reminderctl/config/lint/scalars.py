"""The texts below a node of the YAML."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import Node, ScalarNode

from reminderctl.config.yaml_nodes import is_list, is_mapping


def scalars(root: Node) -> Iterator[ScalarNode]:
    """Yield each text at or below a node, aliases once."""
    stack, seen = [root], set[int]()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            yield node
        elif is_list(node):
            stack.extend(node.value)
        elif is_mapping(node):
            stack.extend(value for _, value in node.value)
