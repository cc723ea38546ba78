"""Ownership of a ledger: it belongs to one configuration, which alone may write to it.

Two that share one would forget each other's watermarks, and each would cancel what the other has waiting.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from reminderctl.cli.context import AppContext
from reminderctl.config.locate import yaml_files
from reminderctl.errors import LedgerError, ReminderctlError, UsageError
from reminderctl.ledger import Ledger, owners
from reminderctl.model import Config


def open_ledger(app: AppContext, config: Config, *, reading: bool = False) -> Ledger:
    """Open the ledger of a configuration; raises `LedgerError` where it is to be written and belongs to another one.

    One that belongs to nobody, or whose configuration was moved, belongs to this one from now on.
    """
    ledger = Ledger(config.ledger, reading=reading)
    if reading:
        return ledger
    try:
        _take(ledger, absolute(app.find()))
    except BaseException:
        ledger.close()
        raise
    return ledger


def find_refusal(app: AppContext, config: Config, *, path: str | None = None) -> str | None:
    """Return why nothing may be written with this configuration, None where all is well or the ledger is unreadable."""
    try:
        with Ledger(config.ledger, reading=True) as ledger:
            return _refusal(owners.find(ledger), absolute(app.find(path)), ledger=ledger.path)
    except ReminderctlError:
        return None


def _take(ledger: Ledger, path: Path) -> None:
    owner = owners.find(ledger)
    if owner == path:
        return
    if refusal := _refusal(owner, path, ledger=ledger.path):
        raise LedgerError(refusal)
    if owner is None or _goes_before(path, owner):
        owners.record(ledger, path)


def absolute(path: Path) -> Path:
    """Return an absolute path with its links as they are, also those by which the shell came to where we are."""
    if path.is_absolute():
        return path
    here, shown = Path.cwd(), os.environ.get("PWD", "")
    if Path(shown).is_absolute() and _is_same_file(Path(shown), here):
        here = Path(shown)
    return here / path


def _refusal(owner: Path | None, path: Path, *, ledger: Path) -> str | None:
    if owner is None or owner == path or _holds(path, owner) or _is_gone(owner) or not _still_names(owner, ledger):
        return None
    init = f"reminderctl --config {shlex.quote(str(path))} init"
    return (
        f"{ledger}: this ledger belongs to {owner}, and another configuration would cancel its pending messages; give "
        f"this one a ledger of its own: `ledger: other.db`, and `{init}`"
    )


def _holds(path: Path, owner: Path) -> bool:
    """Return whether a configuration is the owner by another path, or has all of its files and more."""
    try:
        return _is_same_file(path, owner) or _files(owner) <= _files(path)
    except OSError:
        return False


def _goes_before(path: Path, owner: Path) -> bool:
    """Return whether the ledger is to be found by this path from now on: not where it is only another path.

    But a link goes before where it leads to: a `current` moves from release to release.
    """
    if not _holds(path, owner) or _files(owner) < _files(path):
        return True
    return _has_links(path) and not _has_links(owner)


def _files(path: Path) -> set[Path]:
    return {file.resolve() for file in yaml_files(path)} if path.is_dir() else {path.resolve()}


def _has_links(path: Path) -> bool:
    return os.path.realpath(path) != os.path.normpath(path)


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _is_gone(owner: Path) -> bool:
    """Return whether there is nothing at a path any more; a link that leads nowhere may do so for a moment only."""
    if any(part.is_symlink() and not part.exists() for part in (owner, *owner.parents)):
        return False
    try:
        owner.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # a folder that we may not enter
        return False
    return False


def _still_names(owner: Path, ledger: Path) -> bool:
    """Return whether the owner's YAML names this ledger; one that cannot be read may."""
    from reminderctl.config import loading

    try:
        parsed = loading.read(owner, {}, outbox=Path())
    except UsageError:  # a folder that has no YAML any more
        return False
    except ReminderctlError:
        return True
    if any(file.root is None for file in parsed.files):
        return True
    named: Path = parsed.fields["ledger"]
    return named.resolve() == ledger.resolve() or _is_same_file(named, ledger)
