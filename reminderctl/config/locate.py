"""The files of the configuration, found on the disk."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from reminderctl.bookings.mirror import mirror_path
from reminderctl.errors import UsageError

VARIABLE = "REMINDERCTL_CONFIG"
FILE = "workflows.yaml"
SECRETS = "secrets.env"  # beside it: the values of `${NAME}`
SAMPLES = "samples.yaml"  # beside it: bookings to try workflows with


def find(option: str | None, environ: Mapping[str, str]) -> Path:
    """Return the configuration's file or directory; raises `UsageError`, naming every place, where there is none.

    In this order: the option, $REMINDERCTL_CONFIG, the working directory, the user's configuration, /etc. What was
    asked for by name is never replaced by another, nor is a link that leads nowhere.
    """
    if option == "":
        raise UsageError("the configuration's path is empty; is the variable that it comes from set?")
    for asked, how in ((option, ""), (environ.get(VARIABLE), f" (from ${VARIABLE})")):
        if asked:
            try:
                Path(asked).stat()
            except FileNotFoundError:
                advice = "`reminderctl init` creates one"
                raise UsageError(f"{asked}{how}: no such file or directory; {advice}") from None
            except OSError as error:
                raise UsageError(f"{asked}{how}: {error.strerror}") from None
            return Path(asked)
    places = _places(environ)
    first = next((place for place in places if _is_file(place)), None)
    if first is None:
        looked = ", ".join(map(str, places))
        raise UsageError(
            f"no configuration found: looked for {looked}; use --config or ${VARIABLE}, or run `reminderctl init`"
        )
    return first


def yaml_files(folder: Path) -> list[Path]:
    """Return the YAML files directly in a folder that belong to its configuration, by name.

    The bookings that `test` tries workflows with are in a YAML file, too, but hold no settings. Hidden files are what
    editors and file managers leave behind. A link that leads nowhere belongs to it: what it led to may be back in a
    moment, and until then nobody knows what that says.
    """
    return sorted(_yaml_in(folder))


@functools.lru_cache(maxsize=8)
def private_files(files: tuple[Path, ...], *, ledger: Path | None, others: tuple[Path | None, ...]) -> tuple[Path, ...]:
    """Return what no message may carry: the YAML `files`, their secrets, the ledger, and `others` of a configuration.

    With the ledger go the bookings of the sources. Others are bookings.db and the outbox; an outbox that is the working
    directory is left out.
    """
    written = [file for file in files if file.suffix in (".yaml", ".yml")]
    secrets = dict.fromkeys(file.parent / SECRETS for file in written)
    databases = (ledger, mirror_path(ledger)) if ledger else ()
    return (*written, *secrets, *databases, *(each for each in others if each is not None and each != Path()))


def _yaml_in(folder: Path) -> Iterator[Path]:
    for file in folder.iterdir():
        belongs = file.suffix in (".yaml", ".yml") and not file.name.startswith(".") and file.name != SAMPLES
        if belongs and _is_file_or_dead_link(file):
            yield file


def _is_file_or_dead_link(place: Path) -> bool:
    try:
        return place.is_file() or (place.is_symlink() and not place.exists())
    except OSError:  # a link into a folder that we may not enter: reading it says so
        return True


def _is_file(place: Path) -> bool:
    """Return True if there is a file that we can reach; raises `UsageError` for a dead link."""
    try:
        if place.is_symlink() and not place.exists():
            what = f"a broken symbolic link to {place.readlink()}; fix it or remove it"
            raise UsageError(f"{place}: {what}, or use --config to name another configuration")
        return place.is_file()
    except OSError:
        return False


def _places(environ: Mapping[str, str]) -> list[Path]:
    home = environ.get("HOME")
    own = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    folders = [Path(own), Path("/etc")] if own else [Path("/etc")]
    return [Path(FILE), *(folder / "reminderctl" / FILE for folder in folders)]
