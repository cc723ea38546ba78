"""A cache of the configuration: what files without mistakes said, until one of them changes.

Reading YAML and checking every text takes longer than all the rest of a run that finds nothing due, 1,440 times a day.
What is saved is enough to plan with; it holds no channel's settings, hence nothing from `secrets.env`: a run that has
something to send reads the files after all. A heartbeat's URL, which anybody who reads the YAML can see, is in it,
because an idle run calls it. It lies in the user's cache directory, is used only where nobody else may write it, and
where none can be written nothing is saved.
"""

# Without `from __future__ import annotations`: each run that reads the cache would compile every one of them anew.
import os
import stat
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from reminderctl import __version__
from reminderctl.config.locate import SECRETS, yaml_files
from reminderctl.files import atomic_write
from reminderctl.model import Config
from reminderctl.secret import Secret

# A file that was changed this recently may be changed again without a new time of change (as in git's index).
SETTLED_NANOSECONDS = 2_000_000_000
_WRITABLE_FOR_OTHERS = stat.S_IWGRP | stat.S_IWOTH

Stamp = tuple[str, int, int, int]  # path, time of change in nanoseconds, size, inode; zeros where there is no file


class _Entry(msgspec.Struct, frozen=True):
    version: str
    key: str
    names: tuple[str, ...]  # of the YAML files, where they are those of a directory
    stamps: tuple[Stamp, ...]
    config: Config


def load_cached(path: Path, environ: Mapping[str, str]) -> Config | None:
    """Return what the YAML at `path` said when last read, if no file has changed since."""
    try:
        file = _file(path, environ)
        entry = msgspec.msgpack.decode(_read_ours(file), type=_Entry, dec_hook=_from_text) if file else None
        if entry is None or (entry.version, entry.key, entry.names) != (__version__, _key(path), _names(path)):
            return None
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    return entry.config if entry.stamps == _stamps(stamp[0] for stamp in entry.stamps) else None


def save_cached(config: Config, path: Path, *, environ: Mapping[str, str], now: float) -> None:
    """Save a configuration that is without mistakes; `now` is the time of day in seconds since 1970."""
    folder = path if path.is_dir() else path.parent
    stamps = _stamps(map(str, (folder / SECRETS, *config.files)))
    newest = max(stamp[1] for stamp in stamps)
    if newest > now * 1e9 - SETTLED_NANOSECONDS:
        return
    try:
        entry = _Entry(__version__, _key(path), _names(path), stamps, config)
        file, content = _file(path, environ), msgspec.msgpack.encode(entry, enc_hook=_to_text)
        if file is None:
            return
        _make_ours(file.parent)
        with atomic_write(file) as written:
            written.write(content)
    except (OSError, UnicodeError):
        return  # nowhere to save it, or a path that is not UTF-8: the next run reads the YAML again


def _read_ours(file: Path) -> bytes:
    """Return what a file holds that nobody else may write; raises OSError."""
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
        _require_ours(os.fstat(opened.fileno()))
        return opened.read()


def _make_ours(folder: Path) -> None:
    """Make a folder that nobody else may write, in a place of ours or one like /tmp; raises OSError."""
    if not folder.exists():
        around = next(each for each in folder.parents if each.exists()).stat()
        if around.st_uid != os.geteuid() and not around.st_mode & stat.S_ISVTX:
            raise PermissionError("the home of another user")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_ours(folder.lstat())


def _require_ours(status: os.stat_result) -> None:
    """Raise PermissionError for what belongs to somebody else, or can be written by others."""
    if status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_FOR_OTHERS:
        raise PermissionError("not ours alone")


def _file(path: Path, environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME")
    caches = environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else None)
    return Path(caches, "reminderctl", f"{zlib.crc32(os.fsencode(_key(path))):08x}.msgpack") if caches else None


def _key(path: Path) -> str:
    """Return the path as its identity: those inside a configuration are relative to where we are, if its own is."""
    return str(path) if path.is_absolute() else f"{os.getcwd()}:{path}"  # noqa: PTH109 - a text is wanted


def _names(path: Path) -> tuple[str, ...]:
    """Return a directory's YAML files; its time of change says less, as each run whose ledger is in it changes that."""
    return tuple(file.name for file in yaml_files(path)) if path.is_dir() else ()


def _stamps(paths: Iterable[str]) -> tuple[Stamp, ...]:
    return tuple(map(_stamp, dict.fromkeys(paths)))


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116 - a text is at hand
    except OSError:
        return (path, 0, 0, 0)
    return (path, found.st_mtime_ns, found.st_size, found.st_ino)


def _to_text(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _from_text(kind: type, text: Any) -> Any:
    if kind in (Path, Secret):
        return kind(text)
    raise NotImplementedError(kind)
