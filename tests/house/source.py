"""The modules of the package as the rules look at them: read, never imported."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "reminderctl"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


class Module(NamedTuple):
    """A file of the package: its path inside, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module


class Import(NamedTuple):
    """A module of the package that a file imports. `late` where that is inside a function, `typing` for types only."""

    path: Path
    late: bool
    typing: bool


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return every module, by its path."""
    return tuple(map(_read, sorted(PACKAGE.rglob("*.py"))))


def _read(file: Path) -> Module:
    text = file.read_text(encoding="utf-8")
    return Module(file.relative_to(PACKAGE), text, ast.parse(text))


def definitions(tree: ast.Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Yield each function and class with its name, inside what it stands: `Sender.work`."""
    yield from _definitions(tree, "")


def _definitions(node: ast.AST, outer: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            yield outer + child.name, child
            yield from _definitions(child, f"{outer}{child.name}.")
        else:
            yield from _definitions(child, outer)


def documented(tree: ast.Module) -> Iterator[tuple[str, Documented]]:
    """Yield all that may have a docstring with its name; the module has the name `module`."""
    yield "module", tree
    yield from definitions(tree)


def first_line(node: Documented) -> str:
    """Return the first line of a docstring; nothing where there is none."""
    return (ast.get_docstring(node) or "").partition("\n")[0]


def imports(module: Module) -> Iterator[Import]:
    """Yield each module of the package that a module imports, wherever in the file."""
    yield from _imports(module.tree, late=False, typing=False)


def _imports(node: ast.AST, *, late: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and (child.module or "").split(".")[0] == PACKAGE.name:
            parts = (child.module or "").split(".")[1:]
            paths = {_file(*parts, alias.name) or _file(*parts) for alias in child.names}
            yield from (Import(path, late, typing) for path in paths if path)
        is_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _imports(child, late=late or isinstance(child, Function), typing=typing or is_typing)


def _file(*parts: str) -> Path | None:
    """Return the file of a module inside the package; None for what is no module."""
    for path in (Path(*parts, "__init__.py"), Path(*parts).with_suffix(".py") if parts else Path("__init__.py")):
        if (PACKAGE / path).is_file():
            return path
    return None
