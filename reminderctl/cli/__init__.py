"""The command line: arguments in, text and an exit code out.

Each command lives in a module of its own, imported when it is called: cron starts this program 1,440 times a day.
"""

from __future__ import annotations

import gc
import importlib
from typing import Any

import click

from reminderctl import __version__
from reminderctl.cli.command_table import COMMANDS, GROUPS
from reminderctl.cli.console import prepare_streams, say
from reminderctl.cli.context import NAME, group_options
from reminderctl.errors import ExitCode, ReminderctlError

# Nearly all that a short process makes lives to its end: to search it for garbage every 700 objects costs a tenth.
OBJECTS_UNTIL_COLLECTION = 50_000


class LazyGroup(click.Group):
    """A group that imports a command's module, and so its libraries, only when that command is asked for."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command, with streams that take every character."""
        prepare_streams()
        return super().main(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, without importing them."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; return None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in their groups, without importing them."""
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([*commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called; a name that is none fails with a hint."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            from reminderctl.cli import hints

            hint = hints.of_option(args[0]) if args[0].startswith("-") else hints.of_command(args[0])
            ctx.fail(f"there is no command `{args[0]}`; {hint}")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command; one that is none fails with a hint."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _with_hint(error) from None

    def invoke(self, ctx: click.Context) -> object:
        """Call a command; errors of ours become one line and an exit code."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise _with_hint(error) from None
        except ReminderctlError as error:
            say(error, err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            raise  # whoever reads has read enough, as `head` does; click ends without a word
        except OSError as error:  # a disk that is full behind standard output, above all
            say(f"{error.filename or 'cannot print'}: {error.strerror or type(error).__name__}", err=True)
            ctx.exit(ExitCode.NEEDS_A_PERSON)


def _with_hint(error: click.NoSuchOption) -> click.NoSuchOption:
    from reminderctl.cli import hints

    if hint := hints.of_option(error.option_name):
        said = f"{error.message.removesuffix('.')}: {hint}"
        return click.NoSuchOption(error.option_name, said, ctx=error.ctx)
    return error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@group_options
@click.version_option(__version__, "-V", "--version", prog_name=NAME)
def main() -> None:
    """Send reminders and follow-ups for bookings: on time, and each of them once.

    Workflows live in YAML files and bookings in SQLite; cron calls `reminderctl run` every minute.
    """
    gc.set_threshold(OBJECTS_UNTIL_COLLECTION)
