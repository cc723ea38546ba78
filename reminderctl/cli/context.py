"""What a command needs to begin: the configuration it was given, and the instant it behaves as at."""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from reminderctl import config
from reminderctl.elapsed import running_clock
from reminderctl.errors import UsageError
from reminderctl.model import Config

Clock = Callable[[], datetime]
FIRST_YEAR, LAST_YEAR = 1900, 9000  # inside these, every sum of an instant and an offset exists


class PathArgument(click.Path):
    """A path given on the command line; an empty one, as a variable that is not set leaves it, is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; fails where it is empty."""
        if value == "":
            self.fail("the path is empty; is the variable set that it was made of?", param, ctx)
        return super().convert(value, param, ctx)


class AppContext:
    """The options that every command shares, given before or after its name."""

    def __init__(self, *, config_path: str | None, now_text: str | None) -> None:
        self._config_path = config_path
        self._now_text = now_text

    def load(self, *, outbox: Path | None = None, deep: bool = False) -> Config:
        """The configuration; raises `ConfigError`. With an outbox, channels need no settings."""
        return config.load(self.find(), os.environ, outbox=outbox, deep=deep)

    def recall(self) -> Config | None:
        """What the configuration said when it was last read, if it has not changed since; without channel settings."""
        return config.recall(self.find(), os.environ)

    def remember(self, loaded: Config) -> None:
        """Let the next run recall a configuration that has no mistakes."""
        config.remember(loaded, self.find(), environ=os.environ, now=time.time())

    def load_settings(self) -> Config:
        """The configuration for commands that send nothing: secrets may be missing."""
        return self.load(outbox=Path())

    def find(self, path: str | None = None) -> Path:
        """Where the configuration stands; `path` goes before the option. Raises `UsageError` where there is none."""
        return config.find(self._config_path if path is None else path, os.environ)

    def clock(self, timezone: str) -> Clock:
        """The time of day, in UTC and whole seconds.

        It goes on from the instant that the command began at (or was given) while the machine is suspended, too, and
        is not set back with the machine's. Without an offset, `--now` is wall clock of `timezone`.
        """
        return running_clock(self._given(timezone) or datetime.now(UTC))

    def _given(self, timezone: str) -> datetime | None:
        if self._now_text is None:
            return None
        now = instant(self._now_text, timezone, option="--now")
        if not FIRST_YEAR <= now.year <= LAST_YEAR:
            raise UsageError(f"--now {self._now_text!r}: the year must lie between {FIRST_YEAR} and {LAST_YEAR}")
        return now


def instant(text: str, timezone: str, *, option: str) -> datetime:
    """An instant given on the command line: ISO 8601, wall clock of `timezone` if it has no offset."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        what = f"{option} {text!r} is not an ISO 8601 instant; write 2026-11-23T09:00 or 2026-11-23T08:00:00Z"
        raise UsageError(what) from None
    try:
        return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{option} {text!r}: there is no such instant in UTC") from None


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--config` and `--now`, and an `AppContext` as its first argument."""

    @click.option("-c", "--config", "config_path", metavar="PATH", help="The YAML file, or a directory of them.")
    @click.option(
        "--now",
        "now_text",
        metavar="T",
        help="Behave as at this instant (ISO 8601; without an offset, wall clock of `timezone:`).",
    )
    @click.pass_context
    @functools.wraps(command)
    def with_context(
        ctx: click.Context, /, *args: Any, config_path: str | None, now_text: str | None, **options: Any
    ) -> Any:
        given = ctx.find_root().obj or {}
        app = AppContext(
            config_path=given.get("config_path") if config_path is None else config_path,
            now_text=given.get("now_text") if now_text is None else now_text,
        )
        app.clock("UTC")  # so that a command to which the instant is nothing refuses one that is none, too
        _refuse_bytes(options)
        return command(app, *args, **options)

    return with_context


def _refuse_bytes(options: Mapping[str, Any]) -> None:
    """Raises `UsageError` for a name or id that is not UTF-8, which no database can look for; paths may be anything."""
    for name, given in options.items():
        for text in given if isinstance(given, tuple) else (given,):
            if isinstance(text, str) and name != "path" and re.search("[\ud800-\udfff]", text):
                raise UsageError(f"{name.partition('_id')[0]}: {text!r} is not UTF-8; write it as the bookings have it")
