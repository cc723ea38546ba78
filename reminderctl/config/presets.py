"""Presets of sources: one YAML file of data for each program whose bookings are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, ValidationError, convert, field

from reminderctl.config.suggestions import did_you_mean
from reminderctl.config.yaml_nodes import plain
from reminderctl.config.yaml_reader import read_yaml
from reminderctl.source_settings import SourceKind

FOLDER = Path(__file__).parents[1] / "sources" / "presets"
SUFFIXES = (".yaml", ".yml")


class SourcePreset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A preset: the SELECT of a program's bookings, with `{where}` and `{prefix}` in it, and the words to translate.

    `window` is what `{where}` stands for in a reading of everything, `key` the column by which single rows are found.
    `defaults` are the names in braces that a source may set. `verified` says in which version it was tried.

    One of an API has an `url` with `{url}` in it instead, which is that of the source, `headers` in which `{password}`
    is the password of the source, and `map`. `items`, `next`, `each` and `most` say how it lists the bookings.
    """

    title: str
    engine: SourceKind
    query: str = ""
    window: str = ""
    key: str = ""
    url: str = ""
    headers: Mapping[str, str] = {}
    items: str = ""
    next_page: str = field(name="next", default="")
    each: str = ""
    most: int | None = None
    columns: Mapping[str, str] = field(name="map", default={})
    verified: str = ""
    defaults: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}


def preset_names() -> list[str]:
    """Return the names of the presets that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def find_preset(name: str, folder: Path) -> tuple[Path | None, str]:
    """Return the file of a preset: ours, or one of the user's own beside the YAML; else what is wrong with the name."""
    if name.endswith(SUFFIXES) or "/" in name:
        path = folder / Path(name)
        return (path, "") if path.is_file() else (None, f"there is no file {path}")
    if name in preset_names():
        return FOLDER / f"{name}.yaml", ""
    advice = did_you_mean(name, preset_names()) or f"; there are {', '.join(preset_names())}, or a file of your own"
    return None, f"there is no preset `{name}`{advice}"


def read_preset(path: Path) -> tuple[SourcePreset | None, str]:
    """Return the preset in a file, or what is wrong with it."""
    file = read_yaml(path)
    if file.root is None or file.problems:
        return None, file.problems[0].what if file.problems else "is empty"
    try:
        preset = convert(plain(file.root), SourcePreset, strict=False)
    except ValidationError as error:
        return None, str(error)
    needed = ("url", "map") if preset.engine == "http" else ("query", "window", "key")
    lacking = [name for name in needed if not getattr(preset, "columns" if name == "map" else name)]
    return (None, f"lacks `{lacking[0]}`") if lacking else (preset, "")
