"""The outbox: a folder into which messages are delivered as files, in place of a provider."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from reminderctl import channels
from reminderctl.credentials import Configured
from reminderctl.errors import ChannelDown
from reminderctl.files import Durable, atomic_write, sync
from reminderctl.model import Envelope, Receipt

_NUMBERED = re.compile(r"(\d+)-")
_numbering = threading.Lock()
_last: dict[Path, tuple[int, int]] = {}  # of each folder: when it last changed, and the number that we then gave


class Outbox:
    """The outbox as a channel: what it takes is `sent` once the file is complete on disk.

    One that cannot be written takes no message at all, so that is `ChannelDown`, which a run says at once.
    """

    def __init__(self, folder: Path, *, channel: str, configured: Configured) -> None:
        self._folder = folder
        self._channel = channel
        self._configured = configured
        self._module = channels.module(configured.module)

    def send(self, message: Any, envelope: Envelope) -> Receipt:
        """Write a message as a file; the receipt holds its name. Raises `ChannelDown`."""
        content = self._module.preview(message, self._configured.settings, envelope=envelope)
        if isinstance(content, bytes):
            ending = "eml"
        else:
            ending, content = "json", self._described(content, envelope)
        try:
            name = self._write(f"{self._channel}-{envelope.delivery_id}.{ending}", content)
        except OSError as error:
            raise ChannelDown(f"the outbox {_in_characters(self._folder)} {_why_not(error)}") from None
        return Receipt(provider_id=name)

    def close(self) -> None:
        """Nothing is held open between messages."""

    def _described(self, fields: Mapping[str, Any], envelope: Envelope) -> bytes:
        written = {
            "channel": self._channel,
            "provider": self._configured.module.rpartition(".")[2],
            "key": envelope.key,
            "recipient": envelope.recipient,
            "address": envelope.address,
            **fields,
        }
        return msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n"

    def _write(self, ending: str, content: bytes) -> str:
        """Write under the next number; the file appears whole, or not at all.

        Runs that overlap may take the same number; a delivery, and so a name, is one run's alone.
        """
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # messages name people
            sync(self._folder.parent)
        with _numbering:
            number = _last_number(self._folder) + 1
            name = f"{number:06d}-{ending}"
            with atomic_write(self._folder / name, durable=Durable.LATER) as file:
                file.write(content)
            _last[self._folder] = (self._folder.stat().st_mtime_ns, number)
        sync(self._folder / name, self._folder)  # by several workers at once, so that one commit of the disk serves all
        return name


def _last_number(folder: Path) -> int:
    """The highest number in a folder, which is looked through only where others have changed it."""
    changed_at, number = _last.get(folder, (0, 0))
    if changed_at == folder.stat().st_mtime_ns:
        return number
    return max((int(found[1]) for entry in os.scandir(folder) if (found := _NUMBERED.match(entry.name))), default=0)


def _why_not(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return "is a file, not a folder"
    return f"cannot be written: {error.strerror}"


def _in_characters(path: Path) -> str:
    """A path that the ledger, which knows UTF-8 only, can keep."""
    return os.fsencode(path).decode(errors="replace")
