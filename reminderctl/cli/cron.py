"""`reminderctl cron`: the crontab line that makes it all happen."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import click

from reminderctl import config
from reminderctl.bookings import open_bookings
from reminderctl.cli import crontab_program, crontab_text
from reminderctl.cli.console import print_json
from reminderctl.cli.context import NAME, AppContext, options_of_group, shared_options
from reminderctl.cli.documented import DocumentedGroup
from reminderctl.cli.ownership import open_ledger
from reminderctl.errors import UsageError

PATH_OF_CRON = "/usr/bin:/bin"
PATIENCE = 120  # seconds for one trial of the command
log_option = click.option(
    "--log",
    metavar="FILE",
    help="Append what each run did to FILE; whatever needs attention is still mailed, too.",
)
mailto_option = click.option(
    "--mailto", metavar="ADDRESS", help="Address to which cron mails whatever needs attention."
)
no_log_option = click.option("--no-log", is_flag=True, help="Remove an earlier --log.")
no_mailto_option = click.option("--no-mailto", is_flag=True, help="Remove an earlier --mailto.")


@click.group(cls=DocumentedGroup)
def command() -> None:
    """Let cron call `reminderctl run` every minute, for the user who gives the command.

    The lines are in that user's crontab between two comments that name the configuration. Everything else in it stays
    as it is, and each configuration has lines of its own. `run` prints nothing on success; whatever needs attention is
    printed, and cron mails it.
    """


@command.command()
@log_option
@mailto_option
@no_log_option
@no_mailto_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@shared_options
def show(app: AppContext, *, log: str | None, mailto: str | None, no_log: bool, no_mailto: bool, as_json: bool) -> None:
    """Print the lines for the crontab; change nothing.

    They are those that `cron install` would write, and can be pasted into `crontab -e`. Whether they are there already
    is said on standard error.
    """
    path = _absolute(app.find())
    try:
        text = crontab_program.read()
    except UsageError:  # no cron here, or not for us; the lines are of use elsewhere
        text = None
    now_log, now_mailto = crontab_text.options(text or "", path)
    log = _chosen(_absolute(Path(log)) if log else None, now_log, drop=no_log)
    mailto = _chosen(mailto, now_mailto, drop=no_mailto)
    line = crontab_text.write_command(_program(), path, log=log)
    wanted = crontab_text.block(_installed(text or "", path, line=line, mailto=mailto), path)
    ours = None if text is None else crontab_text.block(text, path)
    state = {None: "unknown", "": "absent", wanted: "installed"}.get(ours, "different")
    if as_json:
        lines = crontab_program.readable(wanted).splitlines()
        print_json({"user": _user(), "config": path, "command": line, "lines": lines, "state": state})
        return
    click.echo(crontab_program.readable(wanted), nl=False)
    _remark(
        {
            "unknown": "cannot check whether they are in a crontab: you are not allowed to use one",
            "absent": f"not in the crontab of {_user()}; `reminderctl cron install` puts them there",
            "installed": f"in the crontab of {_user()}, as they stand here",
            "different": f"the crontab of {_user()} has other lines for it; `reminderctl cron install` replaces them",
        }[state],
        style="green" if state == "installed" else "yellow",
    )


@command.command()
@log_option
@mailto_option
@no_log_option
@no_mailto_option
@shared_options
def install(app: AppContext, *, log: str | None, mailto: str | None, no_log: bool, no_mailto: bool) -> None:
    """Put the lines into the crontab, or renew them.

    First everything is tried as cron will call it, without the variables of your shell: the program, the
    configuration, the ledger, the bookings. Nothing is installed that would fail every minute (exit status 2).

    Lines that are there already keep their --log and --mailto, unless others are given.
    """
    settings = app.load_settings()
    with open_ledger(app, settings), open_bookings(settings):
        pass
    program, path = _program(), _absolute(app.find())
    _try(program, path)
    try:
        text = crontab_program.read()
    except UsageError as error:
        line = crontab_text.write_command(program, path, log=_absolute(Path(log)) if log else None)
        lines = crontab_text.block(_installed("", path, line=line, mailto=mailto), path)
        raise UsageError(f"{error}\nThe lines for a crontab:\n{lines}".rstrip()) from None
    now_log, now_mailto = crontab_text.options(text, path)
    log = _chosen(_absolute(Path(log)) if log else None, now_log, drop=no_log)
    mailto = _chosen(mailto, now_mailto, drop=no_mailto)
    line = crontab_text.write_command(program, path, log=log)
    if log is not None:
        _open(log)
    new = _installed(text, path, line=line, mailto=mailto)
    if new == text:
        _remark(f"nothing to do: the crontab of {_user()} has these lines already", style="green")
    else:
        crontab_program.write(new)
        done = "brought up to date" if crontab_text.block(text, path) else "installed"
        _remark(f"{done} in the crontab of {_user()}; `reminderctl status` shows whether cron calls it", style="green")
    click.echo(crontab_program.readable(crontab_text.block(new, path)), nl=False)
    if {Path(tempfile.gettempdir()), Path("/var/tmp")} & set(Path(program[0]).parents):  # noqa: S108 - not used
        _remark(f"{program[0]} is in a temporary folder: cron fails once that is emptied", style="yellow")
    for hint in _hints(new, path, log=log, mailto=mailto):
        _remark(hint, style="yellow")


@command.command()
@click.option(
    "-c", "--config", "config_path", metavar="PATH", help="The YAML file, or a directory of them; may be gone."
)
def remove(*, config_path: str | None) -> None:
    """Take the lines out of the crontab again.

    Only those of this configuration, which are printed, so that they can be put back; where there are none, nothing
    happens. The configuration itself need not exist any
    more: name it with --config.
    """
    given = options_of_group().config_path if config_path is None else config_path
    path = _absolute(Path(given) if given else config.find(given, os.environ))
    text = crontab_program.read()
    if not crontab_text.block(text, path):
        others = [
            f"\n  it has lines for {crontab_program.readable(each)}" for each in crontab_text.configurations(text)
        ]
        _remark(f"nothing to do: no lines for {path} in the crontab of {_user()}{''.join(others)}", style="yellow")
        return
    crontab_program.write(crontab_text.remove(text, path))
    click.echo(crontab_program.readable(crontab_text.block(text, path)), nl=False)
    _remark(f"removed from the crontab of {_user()}; nothing calls `run` for {path} any more", style="green")


# --- what the line is made of -----------------------------------------------------------------------------------------


def _program() -> list[str]:
    """Return how cron can start this program: the command that was called, else the one beside this Python."""
    called = Path(os.path.abspath(sys.argv[0]))  # noqa: PTH100 - a link to it stays as it is
    beside = Path(sysconfig.get_path("scripts"), NAME)
    for path in (called, beside):
        if path.name == NAME and path.is_file() and os.access(path, os.X_OK):
            words = [str(path)]
            break
    else:
        words = [sys.executable, "-m", NAME]
    if {".cache", "uv"} <= set(Path(words[0]).parts) or {".cache", "pipx"} <= set(Path(words[0]).parts):
        what = "what `uvx` and `pipx run` install is swept away, and cron would fail then; install it first"
        raise UsageError(f"{words[0]}: {what}")
    return words


def _absolute(path: Path) -> str:
    """Return a path from the root, and without `..`; links stay, for they may be meant to move."""
    plain = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow them
    try:
        return str(plain if plain.samefile(path) else path.resolve())
    except OSError:
        return str(plain)  # it is gone


def _chosen(given: str | None, now: str | None, *, drop: bool) -> str | None:
    """Return what an option of the lines shall be: what was given, else what it is now, unless that is dropped."""
    return given if given is not None else None if drop else now


def _installed(text: str, path: str, *, line: str, mailto: str | None) -> str:
    return crontab_text.install(text, path, command=line, owner=_user(), mailto=mailto)


def _user() -> str:
    return _account().pw_name


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.getuid())
    except KeyError:
        raise UsageError(f"user {os.getuid()} has no name on this machine, and cron serves nobody else") from None


# --- before it is installed -------------------------------------------------------------------------------------------


def _try(program: list[str], path: str) -> None:
    """Let `check` judge the configuration as cron will call it; raises `UsageError` with all that it says."""
    home = _account().pw_dir
    environment = {"PATH": PATH_OF_CRON, "SHELL": "/bin/sh", "HOME": home, "LOGNAME": _user()}
    words = [*program, "--config", path, "check"]
    try:
        ended = subprocess.run(  # noqa: S603 - ourselves, without a shell
            words, env=environment, cwd=home, capture_output=True, timeout=PATIENCE, check=False
        )
    except OSError as error:
        raise UsageError(f"nothing was installed: {error.filename}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"nothing was installed: {words[0]} did not end in {PATIENCE} s") from None
    said = crontab_program.readable_bytes(ended.stdout + ended.stderr).strip()
    if ended.returncode:
        raise UsageError(
            f"{said or f'{words[0]} ended with status {ended.returncode}'}\n"
            "Nothing was installed: cron, which knows none of your shell's variables, would say this every minute."
        )


def _open(log: str) -> None:
    """Make sure of a log that we can append to; only its owner can read it, for it names people."""
    try:
        os.close(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    except OSError as error:
        raise UsageError(f"--log {log}: {error.strerror}; nothing was installed") from None


def _hints(text: str, path: str, *, log: str | None, mailto: str | None) -> list[str]:
    """Return what will bite later."""
    hints = []
    if os.geteuid() == 0:
        hints.append("this is root's crontab; a user of its own, who owns the files, is safer (docs/how-to/install.md)")
    above = crontab_text.mailto_above(text, path)
    if mailto is None and above is not None and not above.strip("\"'"):
        hints.append(
            'MAILTO="" above these lines turns mail off: nobody is notified when something needs attention (--mailto)'
        )
    elif log is None and shutil.which("sendmail", path="/usr/sbin:/usr/lib:/usr/bin") is None:
        hints.append("there is no `sendmail` here, so cron discards whatever needs attention; add --log FILE")
    return hints


# --- what people read -------------------------------------------------------------------------------------------------


def _remark(text: str, *, style: str) -> None:
    """Print a sentence beside the lines, on standard error, so that the lines alone can be piped."""
    from reminderctl.cli.terminal import Terminal

    terminal = Terminal(stderr=True, highlight=False, markup=False, emoji=False)
    terminal.print(text, style=style, soft_wrap=not terminal.is_terminal)
