"""The values of `${NAME}`: from the environment first, then from `secrets.env` beside the YAML.

Nothing of the YAML is needed for it, so that a run which reads a source of bookings can do without.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from reminderctl import file_permissions
from reminderctl.config.locate import SECRETS
from reminderctl.errors import Problem, UsageError

REFERENCE = re.compile(r"\$\{([^{}]*)\}")
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?""")
_LONG = 6
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _ExposedError(Exception):
    """Others than we could read or write the file."""


class Variables:
    """The environment and, opened when that does not hold a name, `secrets.env`.

    `optional`: nothing is going to be sent, so a name that is not set is no mistake.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path, *, optional: bool) -> None:
        self.optional = optional
        self.problems: list[Problem] = []
        self._environ = environ
        self._file = folder / SECRETS
        self._secrets: dict[str, str] | None = None
        self._used: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        """Return the value of a name, or None; what is wrong with `secrets.env` itself goes to `problems`."""
        value = self._environ[name] if name in self._environ else self._in_file().get(name)
        if value:
            self._used[name] = value
        return value

    def hide(self, text: str) -> str:
        """Replace the values that were found by their names in a text that is not ours."""
        for name, value in sorted(self._used.items(), key=lambda each: -len(each[1])):
            for written in {value, repr(value)[1:-1]}:
                # A short value may be a part of many words.
                whole = r"\b" if len(written) < _LONG and written.isalnum() else ""
                text = re.sub(f"{whole}{re.escape(written)}{whole}", f"${{{name}}}", text)
        return text

    def explain_absence(self, name: str) -> str:
        """Return why a name has no value, and what would be right."""
        from reminderctl.config.suggestions import did_you_mean

        known = {**self._in_file(), **self._environ}
        wrong = "is empty" if name in known else "is not set"
        meant = "" if name in known else did_you_mean(name, known)
        return f"`${{{name}}}` {wrong}; set {name} in the environment or in {self._file}{meant}"

    def _in_file(self) -> dict[str, str]:
        if self._secrets is None:
            self._secrets, problems = read_secrets(self._file)
            self.problems.extend(problems)
        return self._secrets


def reveal(text: str, variables: Variables) -> str:
    """Return a text with what its variables hold; raises `UsageError` for one that is not set."""
    for reference in REFERENCE.finditer(text):
        if not variables.find(reference[1]):
            raise UsageError(next(map(str, variables.problems), "") or variables.explain_absence(reference[1]))
    return REFERENCE.sub(lambda found: variables.find(found[1]) or "", text)


def read_secrets(path: Path) -> tuple[dict[str, str], list[Problem]]:
    """Return the names and values of a `secrets.env`, and its mistakes; nothing where there is no such file."""
    name = str(path)
    try:
        content = _read_private(path)
        lines = content.decode("utf-8-sig").split("\n") if content is not None else []
    except _ExposedError as exposed:
        return {}, [Problem(name, 1, 1, "", str(exposed))]
    except OSError as error:
        return {}, [Problem(name, 1, 1, "", f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return {}, [Problem(name, 1, 1, "", "is not UTF-8; save the file as UTF-8")]
    secrets, problems = {}, []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        value = _unquote(found[2]) if found else None
        if not found or value is None:  # the line itself is not shown: it may be a secret without its name
            problems.append(
                Problem(name, number, 1, "", "cannot be read; write NAME=value on each line, quoted with \" or '")
            )
            continue
        secrets[found[1]] = value
    return secrets, problems


def _read_private(path: Path) -> bytes | None:
    """Return what a file holds that is ours alone, or None where there is none; raises `_ExposedError` and OSError.

    A file of root's is ours, too: only root could have let us read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # nobody may ever write into a pipe
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _ExposedError("is not a regular file; use a file with NAME=value lines")
        if status.st_mode & _OTHERS:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            raise _ExposedError(f"others can read it (mode {mode}), so it is not used; run: chmod 600 {path}")
        if status.st_uid not in (os.geteuid(), file_permissions.ROOT):
            us, owner = file_permissions.owner_name(os.geteuid()), file_permissions.owner_name(status.st_uid)
            what = (
                f"it is owned by {owner}, who can read and change it, and this process runs as {us}, so it is not used"
            )
            raise _ExposedError(f"{what}; run: chown {us} {path}")
        return file.read()


def _unquote(text: str) -> str | None:
    """Return the value after the `=`; None where a quote is not closed."""
    if text[:1] in ("'", '"'):
        found = _QUOTED.fullmatch(text)
        return (found[1] if found[1] is not None else found[2]) if found else None
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
