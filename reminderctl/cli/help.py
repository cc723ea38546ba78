"""`reminderctl help`: the help of a command."""

from __future__ import annotations

import click

from reminderctl.cli import hints
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.errors import UsageError


@click.command(name="help", cls=DocumentedCommand)
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def command(ctx: click.Context, /, *, words: tuple[str, ...]) -> None:
    """Show the help of a command, or the list of them.

    `help deliveries retry` is the same as `deliveries retry --help`.
    """
    context = ctx.find_root()
    for word in words:
        found = context.command.get_command(context, word) if isinstance(context.command, click.Group) else None
        if found is None:
            raise UsageError(f"there is no command `{word}`; {hints.of_command(word)}")
        context = click.Context(found, info_name=word, parent=context)
    click.echo(context.get_help())
