"""Workflows without mistakes, each with its place in the YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from yaml.nodes import MappingNode, Node

from reminderctl import channels
from reminderctl.channels import ChannelModule
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_list, is_mapping, workflow_path
from reminderctl.model import Action, Workflow


class LocatedWorkflow(NamedTuple):
    """A workflow and its place in the YAML."""

    file: YamlFile
    node: MappingNode
    path: str
    workflow: Workflow

    def warn(self, node: Node, what: str, *, action: int | None = None, token: str = "") -> None:
        """Note a warning about the workflow, or about one of its actions."""
        path = self.path if action is None else f"{self.path}: actions[{action}]"
        self.file.warn(node, what, path=path, token=token)

    def value(self, key: str, index: int) -> Node:
        """Return the node of one value of a key that holds one value or a list of them."""
        return _parts(entries(self.node)[key])[index]

    def filter_value(self, key: str, name: str, *, index: int) -> Node:
        """Return the node of one value of a filter, under `filters` or `except`."""
        return _parts(_mapping(entries(self.node)[key])[name])[index]

    def actions(self) -> Iterator[tuple[int, Action, MappingNode]]:
        """Yield each action with its number and its node."""
        for index, (action, node) in enumerate(
            zip(self.workflow.actions, _parts(entries(self.node)["actions"]), strict=True)
        ):
            assert is_mapping(node)  # noqa: S101 - it was read as one
            yield index, action, node


def locate_workflows(parsed: ParsedConfig) -> list[LocatedWorkflow]:
    """Return every workflow without mistakes, in the order of the files."""
    located = []
    for file, workflows in zip(parsed.files, parsed.workflows, strict=True):
        by_id = {workflow.id: workflow for workflow in workflows}
        for index, node in enumerate(workflow_nodes(file)):
            nodes = _mapping(node)
            workflow = by_id.pop(nodes["id"].value, None) if "id" in nodes else None
            if workflow is not None and is_mapping(node):
                located.append(LocatedWorkflow(file, node, workflow_path(index, nodes["id"]), workflow))
    return located


def workflow_nodes(file: YamlFile) -> list[Node]:
    """Return the nodes of all workflows, with mistakes or without."""
    node = entries(file.root).get("workflows") if file.root is not None else None
    return list(node.value) if node is not None and is_list(node) else []


def module_of(action: Action, parsed: ParsedConfig) -> ChannelModule:
    """Return the module that carries an action's messages."""
    return channels.module(parsed.context.channels[action.channel].module)


def _parts(node: Node) -> list[Node]:
    return list(node.value) if is_list(node) else [node]


def _mapping(node: Node) -> dict[str, Node]:
    return entries(node) if is_mapping(node) else {}
