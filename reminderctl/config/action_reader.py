"""An action while it is read, with the settings that it is read against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from yaml.nodes import MappingNode, Node

from reminderctl.channels import ChannelModule
from reminderctl.config.struct_reader import note_at
from reminderctl.config.yaml_file import YamlFile
from reminderctl.credentials import Configured
from reminderctl.messages.field_types import FieldPath
from reminderctl.model import Admin, Company


class ActionContext(Struct, kw_only=True):
    """The settings of all files that an action is read against, and how closely to look.

    `channels` grows by those that need no settings, `read_files` by the files that texts come from. Nothing of what is
    `private` may be sent. `unreadable` names YAML files that could not be read; they may hold the settings that are
    missing.
    """

    channels: dict[str, Configured]
    read_files: list[Path]
    folder: Path
    private: tuple[Path, ...]
    language: str
    company: Company
    admin: Admin
    outbox: bool
    deep: bool
    unreadable: list[str]


class ActionReader(Struct, kw_only=True):
    """An action and its message while they are read.

    `address` is the kind of address that the channel uses, None where it has no recipients. `from_files` says which
    texts came from which file, `reported` in which fields a text was found wrong.
    """

    file: YamlFile
    node: MappingNode
    nodes: Mapping[str, Node]
    path: str
    module: ChannelModule
    address: str | None
    context: ActionContext
    from_files: dict[FieldPath, tuple[Path, str]] = {}
    reported: set[str] = set()
    content_type: str | None = None

    def note(self, what: str, *, field: str = "") -> None:
        """Note a mistake at this action, or at a field of it.."""
        note_at(self.file, what, node=self.node, path=self.path, field=field)
