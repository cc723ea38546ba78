"""The text of a crontab, in which nothing but our block is ever changed.

A block belongs to one configuration and is between two comment lines that name it, so that several can live in one
crontab. A crontab is bytes to cron: decode it with `surrogateescape`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from reminderctl.errors import UsageError

EVERY_MINUTE = "* * * * *"
_BEGIN, _END = "# reminderctl begin: ", "# reminderctl end: "
_JOINT = "# (the line above had no line end; without this block it has none again)"
_MAILTO = re.compile(r"""^[ \t]*(["']?)MAILTO\1[ \t]*=[ \t]*(.*?)\s*$""", re.MULTILINE)
_ADDRESSES = re.compile(r"(?!-)[A-Za-z0-9.,_+%:!@-]+")  # cron mails to nothing else


def write_command(program: Sequence[str], config: str, *, log: str | None = None) -> str:
    """Return what follows the five fields of time: for `sh`, and with `%` as cron wants it.

    With a log, what was done goes there; what needs a person goes there, too, and is still mailed. Raises `UsageError`
    for what cannot be used in a crontab.
    """
    for text in (*program, config, log or ""):
        if not text.isprintable():
            raise UsageError(f"{text!a}: a path with such characters cannot be used in a crontab; rename it")
    words = shlex.join([*program, "--config", config, "run", *(["--log", log] if log is not None else [])])
    # To cron, % ends the command unless \ is before it; that \ must not meet one which belongs to the path.
    return words.replace("\\%", "\\''%").replace("%", "\\%")


def install(text: str, config: str, *, command: str, owner: str, mailto: str | None = None) -> str:
    """Return the crontab with our block: where it stood before, else at the end.

    A MAILTO holds for every line that follows it, so the block puts back what held above it; `owner` is whom cron mails
    where nothing is said. Raises `UsageError` where it is not clear what is ours.
    """
    if mailto is not None and not _ADDRESSES.fullmatch(mailto):
        raise UsageError(f"--mailto {mailto!r}: cron mails to plain addresses only: ops@example.com, or a user's name")
    before, _, after = _split(text, config)
    above = _last_mailto(before)
    broken_off = bool(before) and not before.endswith("\n")
    line = f"{EVERY_MINUTE} {command}"
    lines = [
        f"{_BEGIN}{config}",
        *([_JOINT] if broken_off else []),
        *([line] if mailto is None else [f"MAILTO={mailto}", line, f"MAILTO={owner if above is None else above}"]),
        f"{_END}{config}",
    ]
    return "".join((before, "\n" if broken_off else "", *(f"{each}\n" for each in lines), after))


def options(text: str, config: str) -> tuple[str | None, str | None]:
    """Return the log and the MAILTO of our block, None for each that it has not. Raises as `install` does."""
    ours = block(text, config)
    mailto = re.search(r"^MAILTO=(.*)\n\* ", ours, re.MULTILINE)
    line = next((each for each in ours.split("\n") if each.startswith(EVERY_MINUTE)), "")
    try:
        words = shlex.split(line.replace("\\%", "%"))
    except ValueError:  # somebody edited it
        words = []
    marks = [number for number, word in enumerate(words[:-1]) if word in ("--log", ">>")]  # >> in those of version 0.1
    return words[marks[-1] + 1] if marks else None, mailto[1].rstrip("\r") if mailto else None


def remove(text: str, config: str) -> str:
    """Return the crontab without our block: what it was before `install`. Raises `UsageError` as `install` does."""
    before, _, after = _split(text, config)
    return before + after


def block(text: str, config: str) -> str:
    """Return our block, empty where there is none. Raises `UsageError` as `install` does."""
    return _split(text, config)[1]


def configurations(text: str) -> list[str]:
    """Return the configurations that have a block, as their blocks name them."""
    return [line.removeprefix(_BEGIN).rstrip("\r") for line in text.split("\n") if line.startswith(_BEGIN)]


def mailto_above(text: str, config: str) -> str | None:
    """Return the last MAILTO above our block (or above its place), as it is written there; None where there is none."""
    return _last_mailto(_split(text, config)[0])


def _last_mailto(text: str) -> str | None:
    said = _MAILTO.findall(text)
    return said[-1][1] if said else None


def _split(text: str, config: str) -> tuple[str, str, str]:
    """Return what is before our block, the block, what is after it; all of it before where there is no block."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    plain = [line.rstrip("\r\n") for line in lines]
    begins = [number for number, line in enumerate(plain) if line == f"{_BEGIN}{config}"]
    ends = [number for number, line in enumerate(plain) if line == f"{_END}{config}"]
    if not begins and not ends:
        return text, "", ""
    if not len(begins) == len(ends) == 1 or begins > ends:
        raise UsageError(
            f"the crontab does not hold one line `{_BEGIN}{config}` and one line `{_END}{config}` below it, so nobody "
            "knows what is ours; delete what is left of them with `crontab -e`"
        )
    begin, end = begins[0], ends[0] + 1
    before, ours, after = ("".join(each) for each in (lines[:begin], lines[begin:end], lines[end:]))
    if _JOINT in plain[begin:end] and not after:
        before = before.removesuffix("\n")
    return before, ours, after
