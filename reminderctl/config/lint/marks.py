"""Lint of marks that YAML takes as part of a text, though its writer meant them for YAML."""

from __future__ import annotations

import re

from yaml.nodes import ScalarNode

from reminderctl.config.lint.located import workflow_nodes
from reminderctl.config.lint.scalars import scalars
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, paths
from reminderctl.text import shorten

_TYPOGRAPHIC = re.compile(
    "[\u201c\u201d\u201e\u00ab\u00bb\u2018\u201a](.*)[\u201c\u201d\u00ab\u00bb\u2018\u2019]", re.DOTALL
)
_ITEMS = re.compile(r"-\w[^-]*(?: -\w[^-]*)*")
_UNSET = re.compile(r"\$\{?[A-Z_][A-Z0-9_]*")
_LONGEST = 60  # characters of a quotation


def warn_of_marks(parsed: ParsedConfig) -> None:
    """Warn of quotes, brackets and dashes that would be sent, and of `$NAME` where a secret was meant."""
    for file in parsed.files:
        if file.root is None:
            continue
        names = paths(file.root)
        for workflow in workflow_nodes(file):
            for node in scalars(workflow):
                if what := _left_over(node):
                    file.warn(node, what, path=names.get(id(node), ""))
        if (below := entries(file.root).get("channels")) is not None:
            for node in scalars(below):
                _warn_of_setting(file, node, path=names.get(id(node), ""))


def _left_over(node: ScalarNode) -> str:
    """Return what is odd about a text that is in no quotes of YAML's; an empty text where nothing is."""
    text = str(node.value)
    shown = shorten(text, _LONGEST)
    if node.style or not text:
        return ""
    if found := _TYPOGRAPHIC.fullmatch(text):
        return f'`{shown}`: these quotes are part of the text; YAML takes "...": "{shorten(found[1], _LONGEST)}"'
    for quote in "\"'":
        if text.endswith(quote) and not text.startswith(quote) and text.count(quote) == 1 and not _is_unit(text):
            return f"`{shown}` ends with {quote}, but does not begin with it, so it is part of the text; write both"
    for opening, closing in ("[]", "()"):
        if text.endswith(closing) and opening not in text:
            return f"`{shown}` ends with {closing} that nothing opens; a list is written [..., ...]"
    if "\n" in text:
        return "YAML joins the lines of this text; to keep them, write `|` after the key, and the text below it"
    if _ITEMS.fullmatch(text) and not text[1].isdigit():
        return f"`{shown}` is one text; a space is missing after the dash of each item: `- ...`"
    return ""


def _is_unit(text: str) -> bool:
    """Return whether the last quote is a unit or an apostrophe: `6'`, `the clients'`."""
    return re.search(r"(?:\d[\"']|s')$", text) is not None


def _warn_of_setting(file: YamlFile, node: ScalarNode, *, path: str) -> None:
    """Warn of a setting; its value is not shown, for it may be a secret."""
    if _UNSET.fullmatch(str(node.value)):
        file.warn(node, "a `$` begins this value, which is taken as it is; a variable is written ${NAME}", path=path)
    elif not node.style and re.match(r"[ \t]+#[^\s#!]", file.text[node.end_mark.index : node.end_mark.index + 80]):
        what = 'what follows ` #` is a comment, so it is not part of the value; put all of it in quotes: "... #..."'
        file.warn(node, what, path=path)
