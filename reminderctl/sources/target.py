"""The address of a source, as its reader needs it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from reminderctl.secret import Secret
from reminderctl.source_settings import SourceSettings, is_local
from reminderctl.sources.errors import SourceError

PORTS = {"mysql": 3306, "postgresql": 5432}


class Target(Struct, frozen=True, kw_only=True):
    """A database server: where it listens, as whom we come, which database is read, and which schema in it."""

    host: str
    port: int
    user: str
    password: Secret
    database: str
    schema: str = ""

    @property
    def place(self) -> str:
        """The name of the server in messages."""
        return self.host if self.host.startswith("/") else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Is the server on this machine?"""
        return is_local(self.host)


def parse_target(settings: SourceSettings, *, url: str, password: str) -> Target:
    """Return the server that an address names; raises `SourceError`.

    The password of the YAML is taken as it is; one in the address has its odd characters as %40.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceError("url: cannot be read; write mysql://user@host:3306/database") from None
    query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    database = unquote(parts.path.lstrip("/"))
    if not database:
        raise SourceError(f"url: no database is named; write {settings.kind}://user@host/database")
    return Target(
        host=unquote(query.get("host") or query.get("unix_socket") or parts.hostname or "127.0.0.1"),
        port=port or PORTS[settings.kind],
        user=unquote(parts.username or ""),
        password=Secret(password or unquote(parts.password or "")),
        database=database,
        schema=unquote(query.get("schema", "")),
    )


def parse_path(settings: SourceSettings, *, url: str) -> Path:
    """Return the SQLite file that an address names: absolute, or from the folder of the YAML."""
    text = unquote(url.partition(":")[2].partition("?")[0])
    if text.startswith("//"):
        text = text[2:]
    text = "/" + text.lstrip("/") if text.startswith("/") else text
    absolute, beside = Path(text), settings.folder / text.lstrip("/")
    return beside if not absolute.is_absolute() or (not absolute.exists() and beside.exists()) else absolute
