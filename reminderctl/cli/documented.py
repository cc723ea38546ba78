"""Commands whose help ends with examples and cuts no summary."""

from __future__ import annotations

import click


class DocumentedCommand(click.Command):
    """A command whose help shows examples."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, a line each, which may be pasted as they are."""
        from reminderctl.cli.examples import EXAMPLES  # only help needs them

        words = [each.info_name for each in (ctx.parent, ctx) if each and each.parent]
        name = " ".join(word for word in words if word)
        if examples := EXAMPLES.get(name):
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"  {example}\n")


class DocumentedGroup(DocumentedCommand, click.Group):
    """A group of such commands."""

    command_class = DocumentedCommand

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with the whole first sentence of its help."""
        rows = [(name, first_sentence(command)) for name, command in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def first_sentence(command: click.Command) -> str:
    """Return the first sentence of a command's help, without its full stop."""
    first, _, _ = " ".join((command.help or "").split()).partition(". ")
    return first.partition(": ")[0].removesuffix(".")
