"""`reminderctl init`: a first set of files."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import click

from reminderctl import bookings, ledger
from reminderctl.errors import UsageError

EXAMPLE = "workflows.example.yaml"
SECRETS = """\
# Secrets of workflows.yaml: NAME=value, one a line; there, ${NAME} stands for the value.
# Only you may read this file (mode 0600); keep it out of git. The environment goes before it.
#SMTP_USER=
#SMTP_PASSWORD=
#TWILIO_SID=
#TWILIO_TOKEN=
#WHATSAPP_TOKEN=
#TELEGRAM_TOKEN=
#WEBHOOK_SECRET=
"""


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", required=False, default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Write a first set of files into DIR, or here.

    They are workflows.yaml, with an example of each common case and an outbox in which every message lands until you
    say otherwise; bookings.db and ledger.db, both empty; and secrets.env, which only you can read. A file that is there
    already is kept as it is.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, write in _FILES.items():
            _write_once(folder / name, write)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror}") from None
    yaml = folder / "workflows.yaml"
    program = "reminderctl" if folder == Path() else f"reminderctl --config {shlex.quote(str(yaml))}"
    click.echo(f"\nNext:\n  1. edit {yaml}, and look at it with: {program} check")
    click.echo(f"  2. see every message it would send: {program} test")
    click.echo(f"  3. bring your bookings in: {program} bookings import FILE")
    click.echo(f"  4. let cron call it every minute: {program} cron install")


def _write_once(path: Path, write: Callable[[Path], None]) -> None:
    """All of it or nothing: what a full disk cut short would be kept the next time."""
    try:
        write(path)
    except FileExistsError:
        click.echo(f"kept     {path} (it was there)")
        return
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    click.echo(f"written  {path}")


def _write_example(path: Path) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(read_example())


def _write_secrets(path: Path) -> None:
    # The mode is set as the file appears: there is no moment at which others could open it.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(SECRETS)


def read_example() -> str:
    """The example that comes with the package; in a checkout it stands beside the package's folder."""
    package = Path(__file__).parent.parent
    packaged, checkout = package / EXAMPLE, package.parent / EXAMPLE
    return (packaged if packaged.exists() else checkout).read_text(encoding="utf-8")


_FILES: dict[str, Callable[[Path], None]] = {
    "workflows.yaml": _write_example,
    "bookings.db": bookings.create,
    "ledger.db": ledger.create,
    "secrets.env": _write_secrets,
}
