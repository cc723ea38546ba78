"""Reading a YAML file from the disk."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reminderctl.config.yaml_checks import DEEPEST, TOO_DEEP, FormCheck, RefusedError
from reminderctl.config.yaml_file import TooManyError, YamlFile, place_in
from reminderctl.config.yaml_nodes import is_empty, is_mapping, is_text, paths
from reminderctl.errors import Problem

LARGEST_FILE = 2_000_000
_TEXT = "tag:yaml.org,2002:str"
_TAGS: dict[type[Node], str] = {MappingNode: "tag:yaml.org,2002:map", SequenceNode: "tag:yaml.org,2002:seq"}
_SAFE_NESTING = 5_000  # libyaml's composer recurses in C: about 30,000 levels overrun the stack
_EXPLAINED = {
    "mapping values are not allowed": 'plain text cannot hold `: `; put it in quotes: "..."',
    "found undefined alias": "nothing above has this name; text that begins with * needs quotes",
    "found another document": "a second document; a file can hold only one, so remove the `---` between them",
    "found duplicate anchor": "another value already has this name; text that begins with & needs quotes",
}
_BRACES = 'text that begins with a shortcode needs quotes: "{staff_name} ..."'


_FASTEST: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where PyYAML was built with it


class _Loader(_FASTEST):  # type: ignore[misc]  # which of the two it is shows only at run time
    """A loader for which a value is what is written; it does not even keep track of where it is.

    PyYAML would ask three methods of its resolver about each value, a third of the time that reading a file takes.
    """

    def descend_resolver(self, *_: Any) -> None:
        """Ignore the path: no value depends on it."""

    def ascend_resolver(self) -> None:
        """See `descend_resolver`."""

    def resolve(self, kind: type[Node], *_: Any) -> str:
        return _TEXT if kind is ScalarNode else _TAGS[kind]


def read_text_file(path: Path, name: str) -> tuple[str, Problem | None]:
    """Return the text of a file, or why it cannot be read."""
    try:
        size, mode = path.stat().st_size, path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # nobody may ever write into a pipe, or too much
            return "", Problem(name, 1, 1, "", "is a pipe or a device; use a regular file")
        content = path.read_bytes() if size <= LARGEST_FILE else b""
    except OSError as error:
        return "", Problem(name, 1, 1, "", f"cannot be read: {error.strerror}")
    if size > LARGEST_FILE:
        return "", Problem(name, 1, 1, "", f"is {size:,} bytes long; the limit is {LARGEST_FILE:,}")
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        what = f"is not UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
        return "", Problem(name, line, column, "", what)


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file; its `root` is None where it could not be read at all."""
    file = YamlFile(path)
    file.text, problem = read_text_file(path, file.name)
    if problem:
        file.problems.append(problem)
        return file
    try:
        if _may_overrun_the_stack(file.text) and (mark := _find_too_deep(file.text)):
            file.problems.append(_too_deep(file, mark))
            return file
        root = yaml.compose(file.text, Loader=_Loader)
        file.root = _checked_root(file, root)
    except (yaml.YAMLError, RecursionError) as error:  # the latter from PyYAML's own composer, which is recursive
        mark = _find_too_deep(file.text)
        file.problems.append(_too_deep(file, mark) if mark else _syntax_problem(file, error))
    except TooManyError:
        file.root = None  # the rest of it has not been looked at
    except RefusedError as refused:
        # Where nesting ends a parser, no path is known either: the same mistake reads the same with each of them.
        where = "" if refused.what == TOO_DEEP else paths(refused.root).get(id(refused.node), "")
        file.note(refused.node, refused.what, path=where)
    return file


def _may_overrun_the_stack(text: str) -> bool:
    """Bound the depth of a text from above, by counting brackets and dashes, which costs nothing."""
    return sum(map(text.count, ("[", "{", "- ", "? ", "-\n"))) >= _SAFE_NESTING


def _find_too_deep(text: str) -> Any:
    """Return where the first value that is nested too deeply begins, None where a text has none before its first error.

    The events of a parser need no recursion. But libyaml has a limit of its own from version 0.2.6 on, and reads up to
    1,024 characters ahead, so that it may stop before it has reported the depth: then PyYAML's own parser, which has no
    limit, reads the text again. It is far slower, so only where brackets without an event can be the reason.
    """
    mark, depth, reported = _first_too_deep(text, _Loader)
    if mark or depth + len(re.findall(r"[\[{]", text[reported:])) <= DEEPEST:
        return mark
    return _first_too_deep(text, yaml.BaseLoader)[0]


def _first_too_deep(text: str, loader: Any) -> tuple[Any, int, int]:
    """Return where the first value nested too deeply begins; else the last depth, and the offset of the last event."""
    depth, offset = 0, 0
    events: Iterable[Any] = yaml.parse(text, Loader=loader)  # its stubs allow for events without a place
    try:
        for event in events:
            offset = event.end_mark.index
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST:
                    return event.start_mark, depth, offset
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return None, depth, offset
    return None, 0, len(text)


def _too_deep(file: YamlFile, mark: Any) -> Problem:
    return Problem(file.name, mark.line + 1, mark.column + 1, "", TOO_DEEP)


def _checked_root(file: YamlFile, root: Node | None) -> MappingNode | None:
    if root is None or (is_text(root) and is_empty(root)):  # nothing but comments
        mark = yaml.Mark(file.name, 0, 0, 0, "", 0)
        return MappingNode("tag:yaml.org,2002:map", [], mark, mark)
    if is_mapping(root):
        FormCheck(file, root)
        return root
    file.note(root, "expected keys such as `timezone:` and `workflows:` at the left edge", path="")
    return None


def _syntax_problem(file: YamlFile, error: Exception) -> Problem:
    """Return the parser's complaint as one line."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        position = getattr(error, "position", 0)
        line, column = place_in(file.text, position if isinstance(position, int) else 0)
        reason = str(getattr(error, "reason", None) or "cannot be read as YAML")
        reason = reason.replace("special characters", "control characters")  # as libyaml says it
        return Problem(file.name, line, column, "", f"not YAML: {reason}")
    from reminderctl.config import yaml_syntax  # most files have no such mistake

    mark = error.problem_mark
    if found := yaml_syntax.SyntaxReader(file.text, error_row=mark.line).find_mistake():
        return Problem(file.name, found.line, found.column, "", found.what)
    return Problem(file.name, mark.line + 1, mark.column + 1, "", f"not YAML: {_explain(file, error)}")


def _explain(file: YamlFile, error: yaml.MarkedYAMLError) -> str:
    """Return the parser's words, or better ones where it is known what people do."""
    words, context = error.problem or "cannot be read", error.context or ""
    for sign, explained in _EXPLAINED.items():
        if sign in words or sign in context:
            return explained
    line = error.problem_mark.line if error.problem_mark else 0
    lines = file.text.splitlines()
    if "cannot start any token" in words and error.problem_mark:
        character = lines[line][error.problem_mark.column]
        return "a tab; indent with spaces" if character == "\t" else f"text that begins with {character} needs quotes"
    if context and error.context_mark:
        words += f" {context} that begins on line {error.context_mark.line + 1}"
    return f"{words}; {_BRACES}" if any(": {" in each for each in lines[max(line - 1, 0) : line + 1]) else words
