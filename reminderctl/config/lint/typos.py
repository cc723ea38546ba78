"""Lint of texts that YAML cuts, or that hold what only looks like a shortcode."""

from __future__ import annotations

import re
from typing import Any

from yaml.nodes import ScalarNode

from reminderctl.config.lint.located import LocatedWorkflow, module_of, workflow_nodes
from reminderctl.config.lint.scalars import scalars
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.message import node_at
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import paths
from reminderctl.messages import shortcode_lookalikes, templates
from reminderctl.messages.field_types import FieldPath
from reminderctl.text import shorten
from reminderctl.text_types import TextType

_COMMENT = re.compile(r"[ \t]*(#[^\r\n]*)")
_SHORTCODE = re.compile(r"\{[{%]?[ \t]*[A-Za-z][\w.]*[ \t]*[}%|(]|\{\{|\{%")
_LONGEST = 60  # characters of a quotation


def warn_of_typos(workflows: list[LocatedWorkflow], parsed: ParsedConfig) -> None:
    """Warn of names that would be sent as they stand, and of what is left out as a comment."""
    for located in workflows:
        for index, action, node in located.actions():
            for path, text in _texts(action.message, module_of(action, parsed).Message):
                for offset, what in shortcode_lookalikes.find(text):
                    token = text[offset : offset + 200].split("\n")[0][:_LONGEST]
                    located.warn(node_at(node, path), f"{'.'.join(map(str, path))}: {what}", action=index, token=token)
            for to in action.to:
                for _, what in shortcode_lookalikes.find(to):
                    located.warn(node_at(node, ("to",)), f"to: {what}", action=index, token=to)


def _texts(message: Any, message_type: type) -> list[tuple[FieldPath, str]]:
    versions: list[tuple[FieldPath, str]] = []

    def collect(path: FieldPath, text: Any, *, text_type: TextType) -> Any:  # noqa: ARG001
        by_language = text.items() if isinstance(text, dict) else [(None, text)]
        versions.extend(((*path, *([language] if language else [])), version) for language, version in by_language)
        return text

    if message is not None:
        templates.transform(message_type, message, change=collect)
    return [(path, text) for path, text in versions if isinstance(text, str)]


def warn_of_comments(parsed: ParsedConfig) -> None:
    """Warn of texts that end early, because a ` #` in them begins one of YAML's comments."""
    for file in parsed.files:
        if file.root is None or "#" not in file.text:
            continue
        names = paths(file.root)
        in_actions = {id(each) for workflow in workflow_nodes(file) for each in scalars(workflow)}
        for node in scalars(file.root):
            _look_behind(file, node, path=names.get(id(node), ""), is_text=id(node) in in_actions)


def _look_behind(file: YamlFile, node: ScalarNode, *, path: str, is_text: bool) -> None:
    match = _COMMENT.match(file.text, node.end_mark.index)
    if not match:
        return
    comment = match[1]
    # Nobody comments with a shortcode; and `Room #5` is no comment of somebody who writes a blank behind his.
    if not (_SHORTCODE.search(comment) or (is_text and not node.style and re.match("#[^\\s#!]", comment))):
        return
    shown = shorten(comment, _LONGEST)
    what = f'`{shown}` is a comment and not part of the text; put the whole text in quotes: "... #..."'
    file.warn(node, what, path=path)
