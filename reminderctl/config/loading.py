"""From YAML files to a `Config`, or to every mistake in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reminderctl import channels as modules
from reminderctl.config import addresses, channels, settings
from reminderctl.config.action_reader import ActionContext
from reminderctl.config.env import note_references
from reminderctl.config.locate import private_files, yaml_files
from reminderctl.config.quiet_hours import read_quiet_hours
from reminderctl.config.sources import read_sources
from reminderctl.config.variables import Variables
from reminderctl.config.workflows import read_workflows
from reminderctl.config.yaml_file import TooManyError, YamlFile
from reminderctl.config.yaml_nodes import is_mapping, is_text, value_of
from reminderctl.config.yaml_reader import read_yaml
from reminderctl.credentials import Configured, Credentials
from reminderctl.errors import ConfigError, EditedError, Problem, UsageError
from reminderctl.model import Admin, Company, Config, Workflow

READING = frozenset({"channels", "sources"})  # where `${NAME}` is read


class ParsedConfig(NamedTuple):
    """The files as they were read, with every mistake in its file.

    `given` are the settings as they are written, `fields` as they are meant; `workflows` are those without mistakes, a
    list for each file.
    """

    files: list[YamlFile]
    given: dict[str, settings.Setting]
    fields: dict[str, Any]
    context: ActionContext
    workflows: list[list[Workflow]]
    secret_problems: list[Problem]


def load(
    path: Path, environ: Mapping[str, str], *, outbox: Path | None = None, deep: bool = False
) -> tuple[Config, Credentials]:
    """Read the YAML at `path`, a file or a directory of them; raises `ConfigError`, see `validate`.

    With an outbox nothing is sent, so channels need no settings. `deep` also compiles every text as a template, which
    imports a heavy library; without it the texts are only scanned.
    """
    parsed = read(path, environ, outbox=outbox, deep=deep)
    return validate(parsed), Credentials(channels=parsed.context.channels)


def load_credentials(path: Path, environ: Mapping[str, str], *, config: Config) -> Credentials:
    """Return what the runs of this configuration send with; raises `ConfigError`.

    Raises `EditedError` where the YAML names another provider by now, whose messages may have other keys, or where it
    began or ceased to deliver into an outbox, for which settings may be missing.
    """
    now, credentials = load(path, environ)
    changed = [
        name
        for name, module in config.channels.items()
        if now.channels.get(name) != module or (name in now.repeatable) != (name in config.repeatable)
    ]
    if changed:
        raise EditedError(
            f"the YAML was edited during this run: the provider of {' and '.join(changed)} changed; the next run sends"
        )
    if now.outbox != config.outbox:
        raise EditedError("the YAML was edited during this run: `outbox` changed; the next run sends")
    return credentials


def read(path: Path, environ: Mapping[str, str], *, outbox: Path | None = None, deep: bool = False) -> ParsedConfig:
    """Read every file; then the settings, which all of them share; then the workflows of each."""
    folder = path if path.is_dir() else path.parent
    files = [read_yaml(yaml_path) for yaml_path in _yaml_paths(path)]
    given = settings.collect(files)
    _note_stray_references(files, given)
    fields = settings.read(given, files=files, folder=folder)
    into_files = outbox is not None or fields.get("outbox") is not None
    variables = Variables(environ, folder, optional=into_files)
    read_files: list[Path] = []
    secrets = Variables(environ, folder, optional=outbox == Path())
    if "sources" in given:
        # What shows messages may lack secrets; what only delivers them as files reads the bookings all the same.
        fields["sources"] = read_sources(*given["sources"], variables=secrets, read_files=read_files)
    fields["channels"] = _read_channels(given, variables)
    context = ActionContext(
        channels=fields["channels"],
        read_files=read_files,
        folder=folder,
        private=private_files(
            tuple(file.path for file in files),
            ledger=fields.get("ledger"),
            others=(fields.get("bookings"), fields.get("outbox")),
        ),
        language=fields.get("language") or "en",
        company=fields.get("company") or Company(),
        admin=fields.get("admin") or Admin(),
        outbox=into_files,
        deep=deep,
        unreadable=[file.name for file in files if file.root is None],
    )
    taken: dict[str, str] = {}
    defaults = _read_defaults(given, fields)
    workflows = []
    for file in files:
        try:
            workflows.append(read_workflows(file, context=context, defaults=defaults, taken=taken))
        except TooManyError:
            workflows.append([])
    return ParsedConfig(files, given, fields, context, workflows, [*variables.problems, *secrets.problems])


def _read_defaults(given: Mapping[str, settings.Setting], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that the settings decide for each workflow that does not."""
    quiet = given.get("quiet_hours")
    quiet_hours = read_quiet_hours(quiet.file, quiet.node, path="quiet_hours") if quiet else None
    return {"max_burst": fields.pop("max_burst"), "quiet_hours": quiet_hours}


def validate(parsed: ParsedConfig) -> Config:
    """Return the configuration that was read, without the files that have mistakes.

    1. A file with a mistake among its workflows is left out whole, its mistakes are in `Config.broken`.
    2. Raises `ConfigError` with every mistake where the settings themselves are wrong, or no file is left.
    """
    files, fields = parsed.files, parsed.fields
    _refuse_broken_settings(files, parsed.secret_problems, complete="timezone" in fields)
    good = [workflows for file, workflows in zip(files, parsed.workflows, strict=True) if not file.problems]
    problems = sorted({problem for file in files for problem in file.problems})
    if problems and not any(good):
        raise ConfigError(problems)
    return Config(
        files=(*(file.path for file in files), *dict.fromkeys(parsed.context.read_files)),
        workflows=tuple(workflow for workflows in good for workflow in workflows),
        broken=tuple(problems),
        repeatable=frozenset(name for name, each in fields["channels"].items() if _is_repeatable(each)),
        **{**fields, "channels": {name: each.module for name, each in fields["channels"].items()}},
    )


def _is_repeatable(configured: Configured) -> bool:
    module = modules.module(configured.module)
    return configured.settings is not None and module.recognises_repetitions(configured.settings)


def _yaml_paths(path: Path) -> list[Path]:
    """Return the file, or those of the directory; raises `UsageError`."""
    if not path.is_dir():
        return [path]
    files = yaml_files(path)
    if not files:
        raise UsageError(f"{path}: no *.yaml file in this directory; `reminderctl init {path}` creates one")
    return files


def _note_stray_references(files: Sequence[YamlFile], given: Mapping[str, settings.Setting]) -> None:
    """Note each `${NAME}` among the settings but channels and sources; the workflows look after themselves."""
    inside = Counter[str]()
    for name in READING.intersection(given):
        file, node = given[name]
        inside[file.name] += file.text.count("${", node.start_mark.index, node.end_mark.index)
    for file in files:
        file.strays = file.text.count("${") > inside[file.name]
    for name, (file, node) in given.items():
        if file.strays and name not in READING:
            note_references(file, node, path=name)


def _read_channels(given: Mapping[str, settings.Setting], variables: Variables) -> dict[str, Configured]:
    """Return every channel that the YAML names; note their mistakes, and the rooms of other settings that are none."""
    found = channels.read_channels(*given["channels"], variables=variables) if "channels" in given else {}
    _note_unknown_rooms(given, channels.room_names(found), dry=variables.optional)
    return found


def _note_unknown_rooms(given: Mapping[str, settings.Setting], rooms: Sequence[str] | None, *, dry: bool) -> None:
    """Note a room among the settings that `channels` does not have; in dry mode it may have none at all."""
    for name in ("admin", "alerts"):
        file, node = given.get(name, (None, None))
        room = value_of(node, "chat") if node is not None and is_mapping(node) else None
        if file is not None and room is not None and is_text(room) and room.value:
            what = addresses.room_mistake(room.value, None if dry and not rooms else rooms)
            if what and not addresses.mistake(room.value, "chat"):
                file.note(room, f"chat: {what}", path=name)


def _refuse_broken_settings(files: Sequence[YamlFile], secret_problems: Sequence[Problem], *, complete: bool) -> None:
    """Raise `ConfigError` with all mistakes where one of them is outside the workflows, or a setting is missing."""
    problems = [problem for file in files for problem in file.problems]
    readable = [file for file in files if file.root is not None]
    outside = [each for file in readable for each in file.problems if not each.path.startswith("workflows")]
    if outside or secret_problems or not complete:
        raise ConfigError([*problems, *secret_problems])
