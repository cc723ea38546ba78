"""The configuration: YAML files in, a `model.Config` or every mistake in them out.

Each function is a door to the module that does the work, opened when it is called: an idle run takes the
configuration from the cache, and reads no YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reminderctl.config.cache import load_cached, save_cached
from reminderctl.config.locate import find
from reminderctl.credentials import Credentials
from reminderctl.model import Config
from reminderctl.secret import Secret
from reminderctl.source_settings import SourceSettings

if TYPE_CHECKING:
    from reminderctl.config.lint import CheckResult

__all__ = [
    "check",
    "describe",
    "find",
    "load",
    "load_cached",
    "load_credentials",
    "load_with_credentials",
    "reveal_source",
    "save_cached",
]


def load(path: Path, environ: Mapping[str, str], *, outbox: Path | None = None, deep: bool = False) -> Config:
    """Read the YAML at `path`; raises `ConfigError`. `deep` compiles every text as a template, too."""
    return load_with_credentials(path, environ, outbox=outbox, deep=deep)[0]


def load_with_credentials(
    path: Path, environ: Mapping[str, str], *, outbox: Path | None = None, deep: bool = False
) -> tuple[Config, Credentials]:
    """Read the YAML at `path` for what sends or shows messages; raises `ConfigError`."""
    from reminderctl.config import loading

    return loading.load(path, environ, outbox=outbox, deep=deep)


def load_credentials(path: Path, environ: Mapping[str, str], *, config: Config) -> Credentials:
    """Read what a run sends with, which has planned by `config`; raises `ConfigError`, and `EditedError`."""
    from reminderctl.config import loading

    return loading.load_credentials(path, environ, config=config)


def reveal_source(settings: SourceSettings, environ: Mapping[str, str]) -> SourceSettings:
    """Return a source with what its variables hold; raises `UsageError`."""
    from msgspec.structs import replace

    from reminderctl.config.variables import Variables, reveal

    variables = Variables(environ, settings.folder, optional=True)
    return replace(
        settings,
        url=Secret(reveal(settings.url.reveal(), variables)),
        password=Secret(reveal(settings.password.reveal(), variables)),
        headers={name: Secret(reveal(value.reveal(), variables)) for name, value in settings.headers.items()},
    )


def check(path: Path, environ: Mapping[str, str], *, today: date) -> CheckResult:
    """Find every mistake in the YAML at `path`, and what was probably not meant, or is no longer right on that day."""
    from reminderctl.config import lint

    return lint.check(path, environ, today=today)


def describe() -> dict[str, Any]:
    """Return the JSON Schema of the YAML."""
    from reminderctl.config.json_schema import build

    return build()
