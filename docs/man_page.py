"""The manual page, made from the commands: `man reminderctl`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reminderctl import __version__
from reminderctl.cli import main
from reminderctl.cli.command_table import GROUPS
from reminderctl.cli.examples import EXAMPLES
from reminderctl.errors import ExitCode

_EXIT_CODES = {
    ExitCode.OK: "all is well",
    ExitCode.NEEDS_A_PERSON: "something needs a person",
    ExitCode.CONFIGURATION: "the command or the configuration has mistakes",
    ExitCode.TRY_AGAIN_LATER: "try again later: a database is locked",
}
_FILES = {
    "./workflows.yaml, ~/.config/reminderctl/workflows.yaml, /etc/reminderctl/workflows.yaml": (
        "the configuration, looked for in this order where neither --config nor $REMINDERCTL_CONFIG names it"
    ),
    "secrets.env": "passwords and tokens, beside the configuration, readable by its owner only",
    "bookings.db, ledger.db": "the bookings, and what was sent to whom",
}


def write_man_page() -> str:
    """Return the page in the language of man."""
    root = click.Context(main, info_name="reminderctl", help_option_names=["-h", "--help"])
    lines = [
        f'.TH REMINDERCTL 1 "" "reminderctl {__version__}" "User Commands"',
        ".SH NAME",
        "reminderctl \\- send reminders and follow\\-ups for bookings, each once, on time",
        ".SH SYNOPSIS",
        r".B reminderctl",
        r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs(main.help or ""),
        ".SH OPTIONS",
        *_options(main, root),
    ]
    for title, commands in GROUPS.items():
        lines.append(f".SH COMMANDS: {title.upper()}")
        for name in commands:
            command = main.get_command(root, name)
            assert command is not None  # noqa: S101 - the table names it
            lines += _command(command, root, name=name)
    lines += [".SH EXIT STATUS", *_entries({str(int(code)): what for code, what in _EXIT_CODES.items()})]
    lines += [".SH FILES", *_entries(_FILES)]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, parent: click.Context, *, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS reminderctl {_plain(name)} {_plain(usage)}"
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    if examples := EXAMPLES.get(name):
        yield from (".PP", "Examples:", ".nf", *(f"    {_plain(each)}" for each in examples), ".fi")
    if isinstance(command, click.Group):
        for below, each in sorted(command.commands.items()):
            yield from _command(each, context, name=f"{name} {below}")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    shared = {"config_path", "now_text", "help"} if command is not main else set()
    for option in command.get_params(context):
        is_ours = isinstance(option, click.Option) and option.name not in shared
        record = option.get_help_record(context) if is_ours else None
        if record:
            yield from (".TP", f".B {_plain(record[0])}", _plain(record[1]))


def _entries(entries: dict[str, str]) -> Iterator[str]:
    for term, what in entries.items():
        yield from (".TP", f".B {_plain(term)}", _plain(what))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from (".PP", _plain(" ".join(paragraph.split())))


def _plain(text: str) -> str:
    r"""Return text in which nothing is an instruction of man: `\`, `-`, and a dot or quote at the beginning."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
