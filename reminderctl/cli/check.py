"""`reminderctl check`: every mistake in the configuration, with advice."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from reminderctl import config
from reminderctl.cli.console import print_json, say
from reminderctl.cli.context import AppContext, shared_options
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.cli.ownership import find_refusal
from reminderctl.errors import MORE, ExitCode, Problem
from reminderctl.model import Config
from reminderctl.text import pluralize

if TYPE_CHECKING:
    from reminderctl.cli.terminal import Terminal
    from reminderctl.config.lint import CheckResult

STYLES = {"error": "bold red", "warning": "bold yellow"}
Said = tuple[Problem, str]  # and how grave it is: a key of STYLES


@click.command(name="check", cls=DocumentedCommand)
@click.argument("path", required=False)
@click.option("--strict", is_flag=True, help="Exit with code 1 if there are warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: path, ok, problems, warnings.")
@shared_options
def command(app: AppContext, *, path: str | None, strict: bool, as_json: bool) -> None:
    """Check the YAML at PATH: report every problem, and warn about likely mistakes.

    PATH is a file or a directory; without it, the configuration is found in the same way as for `run`. Each line shows
    the file, line and column, what is wrong or will happen, and how to fix it. Nothing is sent or changed, and `run`
    does not show the warnings.

    Some warnings compare the filters with the bookings, if there are any.

    Exit code: 2 if there are problems, else 0; with --strict, 1 if there are warnings.
    """
    checked_path = app.find(path)
    result = config.check(checked_path, os.environ, today=app.now("UTC").date())
    if result.config and not result.problems:
        result.problems.extend(_of_ledger(app, result.config, path=path))
    if as_json:
        print_json(_described(str(checked_path), result))
    else:
        said = [(each, "error") for each in result.problems] + [(each, "warning") for each in result.warnings]
        problems = f"{_count_said(result.problems, 'problem')} to fix" if result.problems else "no problems"
        warnings = _count_said(result.warnings, "warning") if result.warnings else ""
        counted = _count(result.config) if result.config else ""
        summary = ", ".join(filter(None, (counted, problems, warnings)))
        notes = [] if result.problems else result.notes
        _print(sorted(said), summary=f"{checked_path}: {summary}", notes=notes)
    if result.problems:
        raise SystemExit(ExitCode.CONFIGURATION)
    if strict and result.warnings:
        raise SystemExit(ExitCode.NEEDS_A_PERSON)


def _of_ledger(app: AppContext, checked: Config, *, path: str | None) -> Iterator[Problem]:
    """Yield the mistake of naming a ledger that belongs to another configuration, where `ledger:` is."""
    refusal = find_refusal(app, checked, path=path)
    if refusal is None:
        return
    what = refusal.partition(": ")[2]
    for file in checked.files:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if line.startswith("ledger:"):
                yield Problem(str(file), number, 1, "ledger", what)
                return
    yield Problem(str(checked.files[0]), 1, 1, "ledger", f"{checked.ledger.name}: {what}")


def _count_said(said: Sequence[Problem], noun: str) -> str:
    """Return how many problems or warnings there are, in words; a file may not have been read to its end."""
    cut = sum(each.what.startswith(MORE) for each in said)
    return f"{'more than ' if cut else ''}{pluralize(len(said) - cut, noun)}"


def _count(checked: Config) -> str:
    """Return a configuration's size in words: `3 workflows, 5 actions`."""
    workflows, actions = len(checked.workflows), sum(len(workflow.actions) for workflow in checked.workflows)
    return f"{pluralize(workflows, 'workflow')}, {pluralize(actions, 'action')}"


def _described(path: str, result: CheckResult) -> dict[str, Any]:
    return {
        "path": path,
        "ok": not result.problems,
        "problems": [problem._asdict() for problem in result.problems],
        "warnings": [warning._asdict() for warning in result.warnings],
    }


def _print(said: Sequence[Said], *, summary: str, notes: Sequence[str]) -> None:
    """Print with colour and indentation on a terminal, elsewhere a line for each, which editors can read."""
    from reminderctl.cli.terminal import Terminal

    terminal = Terminal()
    if terminal.is_terminal:
        _draw(terminal, said, summary=summary, notes=notes)
        return
    for problem, grade in said:
        say(problem if grade == "error" else _as_warning(problem))
    for line in (summary, *(f"note: {note}" for note in notes)):
        say(line)


def _as_warning(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}:{problem.column}: "
    return str(problem).replace(place, f"{place}warning: ", 1)


def _draw(terminal: Terminal, said: Sequence[Said], *, summary: str, notes: Sequence[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for problem, grade in said:
        place = f"{problem.file}:{problem.line}:{problem.column}: "
        terminal.print(
            Text.assemble((place, "bold"), (grade, STYLES[grade]), f": {problem.path}" if problem.path else "")
        )
        what = Text(problem.what)
        what.highlight_regex(r"`[^`]+`", "cyan")
        terminal.print(Padding(what, (0, 0, 0, 4)))
    worst = min((grade for _, grade in said), default="")
    terminal.print(Text(summary, style=STYLES.get(worst, "bold green")))
    for note in notes:
        terminal.print(Text.assemble(("note: ", "bold"), note))
