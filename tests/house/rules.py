"""The rules: each yields what does not keep it, as `path: name`."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from reminderctl.cli.command_table import COMMANDS
from reminderctl.config import json_schema
from tests.heavy import is_heavy
from tests.house.source import Function, Import, Module, definitions, documented, first_line, imports, modules

LONGEST_MODULE = 300  # lines
LONGEST_FUNCTION = 40
MOST_POSITIONALS = 2
PLUG = {"Channel", "Message", "Settings"}  # what every file of channels/ must call its own
CALLED_BY_ORDER = {  # functions whose arguments a library gives by their order, each with who does
    "channels/_email/smtp.py: SmtpSession._get_socket": "smtplib.SMTP",
    "http_transport/transport.py: Adapter.build_connection_pool_key_attributes": "requests.adapters.HTTPAdapter",
    "http_transport/transport.py: Adapter.cert_verify": "requests.adapters.HTTPAdapter",
    "http_transport/transport.py: Adapter.init_poolmanager": "requests.adapters.HTTPAdapter",
    "messages/jinja_environment.py: _date": "a filter of Jinja2",
    "messages/jinja_environment.py: _default": "a filter of Jinja2",
    "messages/jinja_environment.py: _time": "a filter of Jinja2",
    "messages/sandbox.py: Sandbox.call_binop": "jinja2.sandbox.SandboxedEnvironment",
    "messages/size_estimates.py: _of_batch": "a filter of Jinja2, whose arguments it gets",
    "messages/size_estimates.py: _of_replacing": "a filter of Jinja2 and str.replace, whose arguments it gets",
    "messages/size_estimates.py: _of_slice": "a filter of Jinja2, whose arguments it gets",
    "messages/size_estimates.py: _of_sum": "a filter of Jinja2, whose arguments it gets",
    "messages/size_estimates.py: _of_wrapping": "a filter of Jinja2, whose arguments it gets",
}
QUESTIONS = re.compile(r"(What|Whether|Which|Where|When|Who|Whom|Whose|Why|How)\b")
TWO_JOBS = re.compile(r", and | and (?:wh\w+|how|is|are|it|they) ")
CLASS_NAME = re.compile(r"_?[A-Z]+[a-z]\w*")


class Rule(NamedTuple):
    """A rule: what to do about what does not keep it, and how that is found."""

    advice: str
    find: Callable[[], Iterator[str]]


def circles() -> Iterator[str]:
    """Yield the files and folders that lead back to themselves through their neighbours in one folder."""
    neighbours: dict[Path, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module in modules():
        for found in imports(module):
            folder, here, there = _where_they_part(module.path, found.path)
            neighbours[folder][here].add(there)
    for folder, edges in sorted(neighbours.items()):
        for name in sorted(edges):
            if name in _reachable(edges, name):
                yield f"{folder / name}: circle"


def _where_they_part(first: Path, second: Path) -> tuple[Path, str, str]:
    depth = 0
    while first.parts[depth] == second.parts[depth] and depth < min(len(first.parts), len(second.parts)) - 1:
        depth += 1
    return Path(*first.parts[:depth]), first.parts[depth], second.parts[depth]


def _reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = edges[start] - {start}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= edges.get(name, set()) - found
    return found


def repeated_classes() -> Iterator[str]:
    """Yield each class, and each name that is given to a type, whose name another module uses too."""
    places = defaultdict[str, set[Path]](set)
    for module in modules():
        names = {node.name for _, node in definitions(module.tree) if isinstance(node, ast.ClassDef)}
        targets = (node.targets[0] for node in module.tree.body if isinstance(node, ast.Assign))
        names |= {each.id for each in targets if isinstance(each, ast.Name) and CLASS_NAME.fullmatch(each.id)}
        for name in names - (PLUG if module.path.parts[0] == "channels" else set()):
            places[name].add(module.path)
    for name, paths in places.items():
        for path in paths if len(paths) > 1 else ():
            yield f"{path}: {name}"


def private_imports() -> Iterator[str]:
    """Yield each import of a file or folder with an underscore from outside the folder that it stands in."""
    for module in modules():
        for path in {found.path for found in imports(module)}:
            for depth, part in enumerate(path.parts):
                if (
                    part.startswith("_")
                    and not part.startswith("__")
                    and path.parts[:depth] != module.path.parts[:depth]
                ):
                    yield f"{module.path}: {path}"


def long_modules() -> Iterator[str]:
    """Yield each module of more than 300 lines."""
    for module in modules():
        if module.text.count("\n") > LONGEST_MODULE:
            yield f"{module.path}: module"


def long_functions() -> Iterator[str]:
    """Yield each function of more than 40 lines, its docstring counted and its decorators not."""
    for module, name, node in _functions():
        if (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION:
            yield f"{module.path}: {name}"


def positionals() -> Iterator[str]:
    """Yield each function that takes more than two arguments by their order, but for those in `CALLED_BY_ORDER`."""
    yield from (each for each in many_positionals() if each not in CALLED_BY_ORDER)


def many_positionals() -> Iterator[str]:
    """Yield each function that takes more than two arguments by their order.

    `self` and `cls` do not count. A method of Python's own (`__exit__`) and a callback of click, which others call,
    have the arguments that they must have.
    """
    for module, name, node in _functions():
        named = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
        named = named[1:] if named[:1] in (["self"], ["cls"]) else named
        is_given = (node.name.startswith("__") and node.name != "__init__") or {"ctx", "param"} <= {*named}
        if len(named) > MOST_POSITIONALS and not is_given:
            yield f"{module.path}: {name}"


def hooks_by_name() -> Iterator[str]:
    """Yield each `getattr` on a module of ours: what a module may have is said where its like is described."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
                looked_at = ast.unparse(node.args[0])
                if re.search(r"(?:^|[._])module(?:\(.*\))?$", looked_at):
                    yield f"{module.path}: {ast.unparse(node.args[1])}"


def ledger_connections() -> Iterator[str]:
    """Yield each use of the connection of another object: only `Ledger` itself executes statements on its own."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr in ("connection", "_connection"):
                owner = ast.unparse(node.value)
                if owner != "self":
                    yield f"{module.path}: {owner}.{node.attr}"


def riddles() -> Iterator[str]:
    """Yield each docstring that begins with a question's word, where a verb or a noun would say it at once.

    The docstring of a channel's struct that the JSON Schema shows is no docstring for readers of the source: it says to
    people who write YAML what a mapping holds, as the descriptions of its keys do.
    """
    shown = {*_descriptions(json_schema.build())}
    for module in modules():
        for name, node in documented(module.tree):
            is_shown = (
                isinstance(node, ast.ClassDef)
                and module.path.parts[0] == "channels"
                and (ast.get_docstring(node) or "").replace("\n", " ") in shown
            )
            if QUESTIONS.match(first_line(node)) and not is_shown:
                yield f"{module.path}: {name}"


def _descriptions(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(description := schema.get("description"), str):
            yield description
        yield from (found for each in schema.values() for found in _descriptions(each))
    elif isinstance(schema, list | tuple):
        yield from (found for each in schema for found in _descriptions(each))


def headings() -> Iterator[str]:
    """Yield each module whose first sentence is missing, or joins two jobs by `and`."""
    for module in modules():
        heading = re.split(r"(?<=[.?])\s", (ast.get_docstring(module.tree) or "").replace("\n", " "))[0]
        if not heading or TWO_JOBS.search(heading):
            yield f"{module.path}: module"


def heavy_commands() -> Iterator[str]:
    """Yield each heavy library that a command's module loads, before anybody knows whether it is needed."""
    by_path = {module.path: module for module in modules()}
    for name in COMMANDS:
        path = Path("cli", f"{name}.py")
        yield from (f"{path}: {library}" for library in sorted(_heavy_at_once(path, by_path)))


def _heavy_at_once(start: Path, by_path: dict[Path, Module]) -> set[str]:
    seen, waiting, heavy = set[Path](), {start}, set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        heavy |= {name.split(".")[0] for name in _libraries_at_once(by_path[path].tree) if is_heavy(name)}
        now = {found.path for found in imports(by_path[path]) if _is_at_once(found)}
        waiting |= {each for found in now for each in (found, *_packages(found))} - seen
    return heavy


def _is_at_once(found: Import) -> bool:
    return not (found.late or found.typing)


def _packages(path: Path) -> Iterator[Path]:
    for folder in [*path.parents][:-1]:
        yield folder / "__init__.py"


def _libraries_at_once(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _functions() -> Iterator[tuple[Module, str, Function]]:
    for module in modules():
        for name, node in definitions(module.tree):
            if isinstance(node, Function):
                yield module, name, node


RULES = {
    "circle": Rule("let one of them be the leaf, or move what both need into a file of its own", circles),
    "class-twice": Rule("call it what it is among all that is called so", repeated_classes),
    "private": Rule("make it public by its name, or ask a function of its folder", private_imports),
    "long-module": Rule(f"split it: at most {LONGEST_MODULE} lines", long_modules),
    "long-function": Rule(f"split it: at most {LONGEST_FUNCTION} lines", long_functions),
    "positionals": Rule(f"put a `*` after the second argument: at most {MOST_POSITIONALS} by order", positionals),
    "getattr-module": Rule("put it into the protocol of such modules, with a default", hooks_by_name),
    "ledger-connection": Rule("ask the ledger: `execute`, `execute_many`, `transaction`", ledger_connections),
    "docstring": Rule("begin with the verb or the noun: `Return the windows ...`, not `What ...`", riddles),
    "heading": Rule("say what the module is in one sentence; one that needs `and` is two modules", headings),
    "heavy": Rule("import it inside the function that needs it (tests/heavy.py names the libraries)", heavy_commands),
}
