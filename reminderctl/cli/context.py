"""The context of a command: its configuration, the instant it behaves as at, the name it was called by."""

from __future__ import annotations

import functools
import os
import pwd
import re
import shlex
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from reminderctl import config
from reminderctl.clocks import running_clock
from reminderctl.core.timing import parse_duration
from reminderctl.credentials import Credentials
from reminderctl.errors import UsageError
from reminderctl.model import Config

NAME = "reminderctl"
_LAST_SECOND = datetime.max.time().replace(microsecond=0)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
FIRST_YEAR, LAST_YEAR = 1900, 9000  # inside these, every sum of an instant and an offset exists


# --- options ----------------------------------------------------------------------------------------------------------


class SharedOptions:
    """The options that every command takes, before its name or after it, as they were written."""

    def __init__(self, config_path: str | None = None, now_text: str | None = None) -> None:
        self.config_path = config_path
        self.now_text = now_text


_config_option = click.option(
    "-c", "--config", "config_path", metavar="PATH", help="The YAML file, or a directory of YAML files."
)
_now_option = click.option(
    "--now",
    "now_text",
    metavar="T",
    help="Act as if it were this time (ISO 8601; without an offset, in the zone of `timezone:`).",
)


def group_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the group of all commands the shared options, which its commands find again."""

    @_config_option
    @_now_option
    @click.pass_context
    @functools.wraps(function)
    def with_options(ctx: click.Context, /, *, config_path: str | None, now_text: str | None) -> Any:
        ctx.obj = SharedOptions(config_path, now_text)
        return function()

    return with_options


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the shared options, and an `AppContext` as its first argument."""

    @_config_option
    @_now_option
    @functools.wraps(command)
    def with_context(*args: Any, config_path: str | None, now_text: str | None, **options: Any) -> Any:
        before = options_of_group()
        app = AppContext(
            before.config_path if config_path is None else config_path,
            before.now_text if now_text is None else now_text,
        )
        _refuse_bytes(options)
        return command(app, *args, **options)

    return with_context


def options_of_group() -> SharedOptions:
    """Return the shared options that were given before the command's name."""
    return click.get_current_context().find_root().obj or SharedOptions()


def _refuse_bytes(options: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a name or id that is not UTF-8, which no database can look for; paths may be anything."""
    for name, given in options.items():
        for text in given if isinstance(given, tuple) else (given,):
            if isinstance(text, str) and name != "path" and re.search("[\ud800-\udfff]", text):
                raise UsageError(
                    f"{name.partition('_id')[0]}: {text!r} is not UTF-8; use the text exactly as in the bookings"
                )


class PathArgument(click.Path):
    """A path given on the command line; an empty one, as a variable that is not set leaves it, is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fail where it is empty."""
        if value == "":
            self.fail("the path is empty; is the variable that it comes from set?", param, ctx)
        return super().convert(value, param, ctx)


# --- configuration, and time ------------------------------------------------------------------------------------------


class AppContext:
    """The configuration that a command was given, and the time it behaves as at."""

    def __init__(self, config_path: str | None = None, now_text: str | None = None) -> None:
        """Take what the shared options say; raises `UsageError` for an instant that is none."""
        self._config_path = config_path
        self._now_text = now_text or ""
        self._given = None if now_text is None else _parse(now_text, option="--now")
        self._now_in("UTC")  # so that a command to which the instant is nothing refuses one that is none, too

    def load(self, *, outbox: Path | None = None, deep: bool = False) -> Config:
        """Load the configuration; raises `ConfigError`. With an outbox, channels need no settings."""
        return config.load(self.find(), os.environ, outbox=outbox, deep=deep)

    def load_settings(self) -> Config:
        """Load the configuration for commands that send nothing: secrets may be missing."""
        return self.load(outbox=Path())

    def load_with_credentials(self, *, outbox: Path | None = None, deep: bool = False) -> tuple[Config, Credentials]:
        """Load the configuration with what the channels send with; raises `ConfigError`."""
        return config.load_with_credentials(self.find(), os.environ, outbox=outbox, deep=deep)

    def load_credentials(self, loaded: Config) -> Credentials:
        """Load what a run sends with that has planned by a configuration; raises `ConfigError`, and `EditedError`."""
        return config.load_credentials(self.find(), os.environ, config=loaded)

    def load_cached(self) -> Config | None:
        """Return what the configuration said when it was last read, if it has not changed."""
        return config.load_cached(self.find(), os.environ)

    def save(self, loaded: Config) -> None:
        """Let the next run find a configuration that has no mistakes without reading it."""
        config.save_cached(loaded, self.find(), environ=os.environ, now=time.time())

    def find(self, path: str | None = None) -> Path:
        """Return where the configuration is; `path` goes before the option. Raises `UsageError` where there is none."""
        return config.find(self._config_path if path is None else path, os.environ)

    def clock(self, timezone: str) -> Callable[[], datetime]:
        """Return a clock that shows the time of day, in UTC and whole seconds.

        It goes on from the instant that the command began at (or was given) while the machine is suspended, too, and
        is not set back with the machine's. Without an offset, `--now` is wall clock of `timezone`.
        """
        return running_clock(self._now_in(timezone) or datetime.now(UTC))

    def now(self, timezone: str) -> datetime:
        """Return the instant at which the command begins, as `clock` shows it."""
        return self.clock(timezone)()

    def _now_in(self, timezone: str) -> datetime | None:
        if self._given is None:
            return None
        now = _in_utc(self._given, timezone, said=f"--now {self._now_text!r}")
        if not FIRST_YEAR <= now.year <= LAST_YEAR:
            raise UsageError(f"--now {self._now_text!r}: the year must be between {FIRST_YEAR} and {LAST_YEAR}")
        return now


def read_instant(
    text: str, timezone: str, *, option: str, now: datetime, is_end: bool = False, is_ahead: bool = False
) -> datetime:
    """Return the instant of an option; raises `UsageError`.

    ISO 8601, on the wall clock of `timezone` if it has no offset; a length such as `2d`, which is before `now`, or
    after it if `is_ahead`; or a day, also `today`, `yesterday`, `tomorrow`: its first second, or its last if `is_end`.
    """
    said = f"{option} {text!r}"
    if (length := _length(text)) is not None:
        return now + length if is_ahead else now - length
    if day := _day(text, now.astimezone(ZoneInfo(timezone)).date()):
        return _in_utc(datetime.combine(day, _LAST_SECOND if is_end else datetime.min.time()), timezone, said=said)
    return _in_utc(_parse(text, option=option, also=", 2026-11-23 or 2d"), timezone, said=said)


def _length(text: str) -> timedelta | None:
    """Return the length of time that a text is, None for what is none."""
    try:
        return parse_duration(text)
    except ValueError:
        return None


def _day(text: str, today: date) -> date | None:
    """Return the day that a text is, None for what is none."""
    word = text.strip().lower()
    if word in _DAYS:
        return today + timedelta(days=_DAYS[word])
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def _parse(text: str, *, option: str, also: str = "") -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        right = f"2026-11-23T09:00, 2026-11-23T08:00:00Z{also}" if also else "2026-11-23T09:00 or 2026-11-23T08:00:00Z"
        raise UsageError(f"{option} {text!r} is not an ISO 8601 time; use {right}") from None


def _in_utc(given: datetime, timezone: str, *, said: str) -> datetime:
    try:
        return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{said}: this time is out of range in UTC") from None


# --- who calls --------------------------------------------------------------------------------------------------------


def program_name() -> str:
    """Return the name of this program where the shell finds it by that, else the path or words it was called by."""
    import shutil

    words = click.get_current_context().find_root().info_name or NAME
    path = Path(sys.argv[0])
    if path.name != words:
        return words if words.endswith(f"-m {NAME}") else NAME  # another program calls us as a library
    found = shutil.which(words)
    return words if found and path.exists() and Path(found).samefile(path) else shlex.quote(str(path))


def user_name() -> str:
    """Return who is at the keyboard, as the system knows them; who became another user by sudo is named, too."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user {os.getuid()}"
    person = os.environ.get("SUDO_USER")
    return f"{person} (as {name})" if person and person != name else name
