"""What people read keeps to the words of the house: the table in CONTRIBUTING.md says which, and which not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reminderctl"
TABLE = re.compile(r"^## Words\n.*?^\| -+ \| -+ \|\n(.*?)\n\n", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```$|<!--.*?-->|`[^`\n]*`|\]\([^)\s]*\)|https?://\S+", re.MULTILINE | re.DOTALL)
SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|state|\(SELECT|\{_OPEN\})")
STATUSES_OF = ("bookly", "calcom", "calcom-api", "easyappointments", "easyappointments-api", "latepoint")
EXCUSED = {  # a status as booking systems write it
    ("cancelled", "reminderctl/reports/preview/samples.yaml"),
    ("cancelled", "reminderctl/core/statuses.py"),
    *(("cancelled", f"reminderctl/sources/presets/{name}.yaml") for name in STATUSES_OF),
}
_WORD_ENDS = r"\s+"  # a phrase may go on in the next line


def never_ours() -> dict[str, str]:
    """Return each word or phrase that is not ours, with what to write instead."""
    rows = TABLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {phrase.strip(): ours for ours, theirs in cells for phrase in theirs.split(",")}


def pages() -> list[Path]:
    """Return the texts that are read as they are: the documentation, examples, templates and units."""
    found = [*ROOT.glob("*.md"), ROOT / "tests" / "README.md", ROOT / "workflows.example.yaml"]
    found += [file for file in (ROOT / "docs").rglob("*") if file.suffix in {".md", ".service", ".timer"}]
    return found + [file for file in PACKAGE.rglob("*") if file.suffix in {".yaml", ".jinja"}]


@cache
def shown() -> list[tuple[str, str]]:
    """Return every text that people read, with its place."""
    return [*_in_pages(), *_in_the_program()]


def _in_pages() -> Iterator[tuple[str, str]]:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if page.name == "CONTRIBUTING.md":
            text = TABLE.sub("", text)
        if page.suffix == ".md":
            text = CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{page.relative_to(ROOT)}:{number}", line


def _in_the_program() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        unread = {id(text) for text in _docstrings(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unread:
                text = node.value if " " in node.value and not SQL.match(node.value) else ""
                yield f"{path.relative_to(ROOT)}:{node.lineno}", re.sub(r"`[^`\n]*`", "", text)


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the docstrings that developers read; those of commands are their help."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        decorators = " ".join(map(ast.unparse, getattr(node, "decorator_list", ())))
        first = node.body[0] if node.body else None
        if "command(" in decorators or "group(" in decorators or not isinstance(first, ast.Expr):
            continue
        if isinstance(first.value, ast.Constant):
            yield first.value


@pytest.mark.parametrize("phrase", never_ours())
def test_no_text_has_a_word_that_is_never_ours(phrase: str) -> None:
    spelled = re.compile(rf"(?<![.:\w]){_WORD_ENDS.join(map(re.escape, phrase.split()))}\b", re.IGNORECASE)
    places = [place for place, text in shown() if spelled.search(text)]
    assert not [place for place in places if (phrase, place.partition(":")[0]) not in EXCUSED], "see CONTRIBUTING.md"
    excused = {file for each, file in EXCUSED if each == phrase}
    assert excused <= {place.partition(":")[0] for place in places}, "these need no excuse any more"


def test_the_texts_of_the_program_and_of_the_pages_are_looked_at() -> None:
    places = {place.partition(":")[0] for place, _ in shown()}
    assert {"README.md", "docs/how-to/cron.md", "workflows.example.yaml", "reminderctl/cli/run.py"} <= places
    texts = " ".join(text for _, text in shown())
    for part in ("Send every message that became due", "failed permanently: ", "Show what would be sent"):
        assert part in texts
