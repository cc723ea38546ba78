"""`reminderctl init`: a first set of files."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import click

from reminderctl import bookings, config, ledger
from reminderctl.cli.console import say
from reminderctl.cli.context import PathArgument, options_of_group, program_name
from reminderctl.cli.documented import DocumentedCommand
from reminderctl.config.locate import FILE, SECRETS, yaml_files
from reminderctl.dead_links import describe_dead_link
from reminderctl.errors import ReminderctlError, UsageError
from reminderctl.files import sync
from reminderctl.model import Config

EXAMPLE = "workflows.example.yaml"
EMPTY_SECRETS = """\
# Secrets for workflows.yaml: one NAME=value per line; ${NAME} in the YAML is replaced by the value.
# Keep this file private (mode 0600) and out of git. Environment variables take precedence.
#SMTP_USER=
#SMTP_PASSWORD=
#TWILIO_SID=
#TWILIO_TOKEN=
#WHATSAPP_TOKEN=
#TELEGRAM_TOKEN=
#SLACK_URL=
#WEBHOOK_SECRET=
"""


@click.command(name="init", cls=DocumentedCommand)
@click.argument("folder", metavar="[DIR]", required=False, type=PathArgument())
def command(folder: Path | None) -> None:
    """Create a first set of files in DIR (default: the current folder).

    The files are workflows.yaml, with an example of each common case and an outbox that receives every message until
    you change that; bookings.db and ledger.db, both empty; and secrets.env, which only you can read. Existing files are
    not changed; if workflows.yaml exists, the databases are those that it names.

    `reminderctl --config FILE init`, without DIR, creates the files that FILE names, whatever FILE is called.
    """
    given = options_of_group().config_path if folder is None else None
    folder = folder or Path(given or FILE).parent
    done: list[str] = []
    failure: ReminderctlError | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, write in _files(folder, given=given).items():
            done.append(_write_once(path, write))
    except OSError as error:
        failure = UsageError(f"{error.filename or folder}: {error.strerror}")
    except ReminderctlError as error:
        failure = error
    if done:  # said only now, for whoever reads may be gone after the first line
        say("\n".join(done))
    if failure:
        raise failure
    yaml = Path(given) if given else folder / FILE if (folder / FILE).exists() else folder
    program = program_name() if yaml == Path(FILE) else f"{program_name()} --config {shlex.quote(str(yaml))}"
    say(f"\nNext:\n  1. edit {yaml}, and check it: {program} check")
    say(f"  2. see every message it would send: {program} test")
    say(f"  3. import your bookings: {program} bookings import FILE")
    say(f"  4. have cron run it every minute: {program} cron install")


def _files(folder: Path, *, given: str | None) -> dict[Path, Callable[[Path], None]]:
    """Return the files of a working set, each with what writes it; a YAML that is there says where some of them are."""
    settings = config.load(config.find(given, os.environ), os.environ, outbox=Path()) if given else _settings(folder)
    if settings is None:
        yaml, booked, remembered = folder / FILE, folder / "bookings.db", folder / "ledger.db"
    else:
        yaml, booked, remembered = settings.files[0], settings.bookings, settings.ledger
    databases = {booked: bookings.create, remembered: ledger.create}
    return {yaml: _write_example, **databases, folder / SECRETS: _write_secrets}


def _settings(folder: Path) -> Config | None:
    """Load the YAML that is there already, a file or several; raises `UsageError` where it cannot be read."""
    ours = (folder / FILE).exists()
    failure = None
    for path in (folder / FILE, folder) if ours else (folder,):
        try:
            return config.load(path, os.environ, outbox=Path()) if ours or yaml_files(folder) else None
        except ReminderctlError as error:
            failure = failure or error
    if not ours:
        return None  # that YAML is another program's
    what = "nothing was written: fix this YAML first; `init` then creates the missing files that it names"
    raise UsageError(f"{failure}\n{what}")


def _write_once(path: Path, write: Callable[[Path], None]) -> str:
    """Write a file that is not there, all of it or nothing; return what to say of it.

    What a full disk or a power cut left of it would be kept the next time.
    """
    if dead := describe_dead_link(path):
        raise UsageError(f"{path} was not written: {dead}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(path)
        sync(path, path.parent)
    except FileExistsError:
        return f"kept     {path} (already exists)"
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return f"written  {path}"


def _write_example(path: Path) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(read_example())


def _write_secrets(path: Path) -> None:
    # The mode is set as the file appears: there is no moment at which others could open it.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(EMPTY_SECRETS)


def read_example() -> str:
    """Read the example that comes with the package; in a checkout it is beside the package's folder."""
    package = Path(__file__).parent.parent
    packaged, checkout = package / EXAMPLE, package.parent / EXAMPLE
    return (packaged if packaged.exists() else checkout).read_text(encoding="utf-8")
