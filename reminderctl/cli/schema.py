"""`reminderctl schema`: the JSON Schema of the YAML."""

from __future__ import annotations

import click
import msgspec

from reminderctl import config
from reminderctl.cli.documented import DocumentedCommand


@click.command(name="schema", cls=DocumentedCommand)
def command() -> None:
    """Print the JSON Schema of the YAML, for editors.

    Editors find it through a first line such as `# yaml-language-server: $schema=workflows.schema.json`.
    """
    click.echo(msgspec.json.format(msgspec.json.encode(config.describe()), indent=2).decode())
