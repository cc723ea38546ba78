"""Checks of a YAML tree that its readers rely on: no equal keys, no tags, `<<` copied, aliases that end."""

from __future__ import annotations

import re

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import paths

MOST_VALUES = 300_000  # after aliases are followed
DEEPEST = 60
TOO_DEEP = f"nested more than {DEEPEST} levels deep"
_FIRST_OF_ITEM = frozenset({"id", "send"})  # what people begin a workflow or an action with
_KEY = 'a key must be a word; text that begins with { or {{ needs quotes: "{{ ... }}"'
_MERGED = f"`<<` copies more than {MOST_VALUES:,} values in this file; write out what differs"
_MERGE = "`<<` takes an alias of a mapping, or a list of such aliases"
_TAG = re.compile(r"!(?<![^\s,\[{]!)(?=\S)")  # begins with a literal, which is what makes it fast
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


class RefusedError(Exception):
    """The tree must not be walked."""

    def __init__(self, what: str, *, root: Node, node: Node) -> None:
        super().__init__(what)
        self.root, self.node, self.what = root, node, what


class FormCheck:
    """Walk over a tree, each node once however often it is aliased, and note its mistakes of form."""

    def __init__(self, file: YamlFile, root: MappingNode) -> None:
        self._page = file
        self._root = root
        self._known: dict[int, tuple[int, int]] = {}
        self._paths: dict[int, str] = {}
        self._merged = 0  # values that `<<` looked at: what bounds the time, whatever their names
        # Most files have neither tags nor merges, and then there is nothing to look for in each value.
        self._tags = _TAG.search(file.text) is not None
        self._merges = "<<" in file.text
        self._measure(root, depth=1)

    def _measure(self, node: CollectionNode, *, depth: int) -> tuple[int, int]:
        """Return how many values a list or mapping holds with its aliases followed, and how deep they go.

        Raises `RefusedError` where nobody could walk the tree.
        """
        known = self._known.get(id(node))
        if known is not None:
            if not known[0]:
                raise RefusedError(
                    "an alias must not be inside the value that it refers to", root=self._root, node=node
                )
            return known
        self._known[id(node)] = (0, 0)
        if self._tags:
            self._check_tag(node)
        parts = self._values(node, depth=depth) if isinstance(node, MappingNode) else node.value
        size, height = 1 + len(parts), 0
        for part in parts:
            if not isinstance(part, CollectionNode):
                if self._tags:
                    self._check_tag(part)
                continue
            if depth >= DEEPEST:
                raise RefusedError(TOO_DEEP, root=self._root, node=part)
            below, deep = self._measure(part, depth=depth + 1)
            size += below
            height = max(height, deep)
        if size > MOST_VALUES:
            raise RefusedError(f"its aliases expand to more than {MOST_VALUES:,} values", root=self._root, node=node)
        if depth + height > DEEPEST:
            raise RefusedError(TOO_DEEP, root=self._root, node=node)
        self._known[id(node)] = (size, height + 1)
        return size, height + 1

    def _values(self, node: MappingNode, *, depth: int) -> list[Node]:
        """Return the values of a mapping, once its keys are in order."""
        names = {key.value for key, _ in node.value if isinstance(key, ScalarNode)}
        if len(names) != len(node.value) or self._tags or (self._merges and "<<" in names):
            self._merge(node, self._check_keys(node), depth=depth)
        return [value for _, value in node.value]

    def _check_keys(self, node: MappingNode) -> list[Node]:
        """Note keys that are none, or are there twice; return what `<<` names."""
        first: dict[str, Node] = {}
        merges = []
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._note(key, _KEY)
            elif key.value == "<<" and not key.style:
                merges.append(value)
            elif key.value in first:
                line = first[key.value].start_mark.line + 1
                what = f"duplicate key `{key.value}`; the first is on line {line}"
                if key.value in _FIRST_OF_ITEM and self._path_of(key).startswith("workflows"):
                    # what follows is twice for the same reason
                    self._note(key, f"{what}; if a new one begins here, write `- {key.value}: ...`")
                    break
                self._note(key, what)
            else:
                first[key.value] = key
                self._check_tag(key)
        node.value = [pair for pair in node.value if first.get(str(pair[0].value)) is pair[0]]
        return [each for merge in merges for each in (merge.value if isinstance(merge, SequenceNode) else [merge])]

    def _merge(self, node: MappingNode, sources: list[Node], *, depth: int) -> None:
        """Copy what the sources have into a mapping, which goes before them."""
        present = {str(key.value) for key, _ in node.value}
        for source in sources:
            if not isinstance(source, MappingNode):
                self._page.note(source, _MERGE, path=self._path_of(node))
                continue
            if depth >= DEEPEST:
                raise RefusedError(TOO_DEEP, root=self._root, node=source)
            self._measure(source, depth=depth + 1)
            self._merged += 1 + len(source.value)
            if self._merged > MOST_VALUES:
                raise RefusedError(_MERGED, root=self._root, node=node)
            node.value.extend(pair for pair in source.value if pair[0].value not in present)
            present.update(str(key.value) for key, _ in source.value)

    def _check_tag(self, node: Node) -> None:
        if node.tag not in _PLAIN_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(
                node, f"the tag `{tag}` has no meaning here; remove it, or put text that begins with ! in quotes"
            )

    def _note(self, node: Node, what: str) -> None:
        self._page.note(node, what, path=self._path_of(node))

    def _path_of(self, node: Node) -> str:
        self._paths = self._paths or paths(self._root)  # one walk for all mistakes
        return self._paths.get(id(node), "")
