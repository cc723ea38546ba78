"""`reminderctl check`: every mistake in the configuration."""

from __future__ import annotations

import os

import click
import msgspec

from reminderctl import config
from reminderctl.cli.invocation import Invocation, shared_options
from reminderctl.errors import ConfigError, ExitCode, Problem


@click.command(name="check")
@click.argument("path", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@shared_options
def command(invocation: Invocation, *, path: str | None, as_json: bool) -> None:
    """Report every mistake in the YAML at PATH, one line each.

    PATH is a file or a directory; left out, the configuration is found as `run` finds it. Exit code 2 where there is
    a mistake, else 0.
    """
    found = invocation.find(path)
    try:
        checked = config.load(found, os.environ, deep=True)
        problems, counted = list(checked.broken), config.count(checked)
    except ConfigError as error:
        problems, counted = error.problems, ""
    if as_json:
        click.echo(_described(str(found), problems))
    elif problems:
        click.echo("\n".join(map(str, problems)))
    else:
        click.echo(f"{found}: {counted}, no mistakes")
    if problems:
        click.get_current_context().exit(ExitCode.CONFIGURATION)


def _described(path: str, problems: list[Problem]) -> str:
    described = {"path": path, "ok": not problems, "problems": [problem._asdict() for problem in problems]}
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode()
