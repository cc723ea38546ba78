"""The command line: arguments in, text and an exit code out.

Each command lives in a module of its own, imported when it is called: cron starts this program 1,440 times a day.
"""

from __future__ import annotations

import gc
import importlib
from typing import Any

import click

from reminderctl import __version__
from reminderctl.cli.console import prepare_streams, say
from reminderctl.cli.context import NAME, group_options
from reminderctl.errors import ExitCode, ReminderctlError

# Nearly all that a short process makes lives to its end: to search it for garbage every 700 objects costs a tenth.
OBJECTS_UNTIL_COLLECTION = 50_000
COMMANDS = (
    "backfill",
    "bookings",
    "check",
    "cron",
    "deliveries",
    "demo",
    "erase",
    "explain",
    "init",
    "purge",
    "release",
    "run",
    "schema",
    "shortcodes",
    "sources",
    "status",
    "test",
    "upcoming",
)


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

    def invoke(self, ctx: click.Context) -> object:
        """Call a command; errors of ours become one line and an exit code."""
        try:
            return super().invoke(ctx)
        except ReminderctlError as error:
            say(error, err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            raise  # whoever reads has read enough, as `head` does; click ends without a word
        except OSError as error:  # a disk that is full behind standard output, above all
            say(f"{error.filename or 'cannot print'}: {error.strerror or type(error).__name__}", err=True)
            ctx.exit(ExitCode.NEEDS_A_PERSON)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@group_options
@click.version_option(__version__, prog_name=NAME)
def main() -> None:
    """Send reminders and follow-ups for bookings: on time, and each of them once.

    Workflows live in YAML files and bookings in SQLite; cron calls `reminderctl run` every minute.
    """
    gc.set_threshold(OBJECTS_UNTIL_COLLECTION)
