"""Where the configuration stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reminderctl.errors import UsageError

VARIABLE = "REMINDERCTL_CONFIG"
FILE = "workflows.yaml"
SAMPLES = "samples.yaml"  # beside it: bookings to try workflows with


def find(option: str | None, environ: Mapping[str, str]) -> Path:
    """The configuration's file or directory; raises `UsageError`, naming every place, where there is none.

    In this order: the option, $REMINDERCTL_CONFIG, the working directory, the user's configuration, /etc. What was
    asked for by name is never replaced by another.
    """
    for asked, how in ((option, ""), (environ.get(VARIABLE), f" (from ${VARIABLE})")):
        if asked:
            try:
                Path(asked).stat()
            except FileNotFoundError:
                advice = "`reminderctl init` writes a first one"
                raise UsageError(f"{asked}{how}: no such file or directory; {advice}") from None
            except OSError as error:
                raise UsageError(f"{asked}{how}: {error.strerror}") from None
            return Path(asked)
    places = _places(environ)
    found = next((place for place in places if _is_file(place)), None)
    if found is None:
        looked = ", ".join(map(str, places))
        raise UsageError(
            f"no configuration: looked for {looked}; name one with --config or ${VARIABLE}, or run `reminderctl init`"
        )
    return found


def _is_file(place: Path) -> bool:
    """Whether a file is there; a folder that we may not enter has none for us."""
    try:
        return place.is_file()
    except OSError:
        return False


def _places(environ: Mapping[str, str]) -> list[Path]:
    home = environ.get("HOME")
    own = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    folders = [Path(own), Path("/etc")] if own else [Path("/etc")]
    return [Path(FILE), *(folder / "reminderctl" / FILE for folder in folders)]
