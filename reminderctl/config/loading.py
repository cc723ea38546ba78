"""From YAML files to a `Config`, or to every mistake in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reminderctl.config import channels, settings
from reminderctl.config.actions import Surroundings
from reminderctl.config.env import Variables, note_references
from reminderctl.config.locate import private_files, yaml_files
from reminderctl.config.workflows import read_workflows
from reminderctl.config.yaml_file import Page
from reminderctl.config.yaml_reader import read_page
from reminderctl.errors import ConfigError, Problem, UsageError
from reminderctl.model import Admin, Company, Config, Workflow


class Reading(NamedTuple):
    """What the files say, with every mistake on its page.

    `given` are the settings as they are written, `fields` as they are meant; `workflows` are those without mistakes, a
    list for each page.
    """

    pages: list[Page]
    given: dict[str, settings.Setting]
    fields: dict[str, Any]
    around: Surroundings
    workflows: list[list[Workflow]]
    of_secrets: list[Problem]


def load(path: Path, environ: Mapping[str, str], *, outbox: Path | None = None, deep: bool = False) -> Config:
    """Read the YAML at `path`, a file or a directory of them; raises `ConfigError`, see `judge`.

    With an outbox nothing is sent, so channels need no settings. `deep` also compiles every text as a template, which
    imports a heavy library; without it the texts are only scanned.
    """
    return judge(read(path, environ, outbox=outbox, deep=deep))


def read(path: Path, environ: Mapping[str, str], *, outbox: Path | None = None, deep: bool = False) -> Reading:
    """Read every file; then the settings, which all of them share; then the workflows of each."""
    folder = path if path.is_dir() else path.parent
    pages = [read_page(file) for file in _files(path)]
    given = settings.collect(pages)
    _note_stray_references(pages, given)
    fields = settings.read(given, pages=pages, folder=folder)
    into_files = outbox is not None or fields.get("outbox") is not None
    variables = Variables(environ, folder, optional=into_files)
    fields["channels"] = channels.read_channels(*given["channels"], variables=variables) if "channels" in given else {}
    around = Surroundings(
        channels=fields["channels"],
        read_files=[],
        folder=folder,
        private=private_files(
            tuple(page.path for page in pages), others=tuple(map(fields.get, ("ledger", "bookings", "outbox")))
        ),
        language=fields.get("language") or "en",
        company=fields.get("company") or Company(),
        admin=fields.get("admin") or Admin(),
        outbox=into_files,
        deep=deep,
        unreadable=[page.name for page in pages if page.root is None],
    )
    taken: dict[str, str] = {}
    max_burst = fields.pop("max_burst")
    workflows = [read_workflows(page, around=around, max_burst=max_burst, taken=taken) for page in pages]
    return Reading(pages, given, fields, around, workflows, variables.problems)


def judge(reading: Reading) -> Config:
    """Return the configuration that was read, without the files that have mistakes.

    1. A file with a mistake among its workflows is left out whole, its mistakes are in `Config.broken`.
    2. Raises `ConfigError` with every mistake where the settings themselves are wrong, or no file is left.
    """
    pages, fields = reading.pages, reading.fields
    _refuse_broken_settings(pages, reading.of_secrets, complete="timezone" in fields)
    good = [workflows for page, workflows in zip(pages, reading.workflows, strict=True) if not page.problems]
    problems = sorted({problem for page in pages for problem in page.problems})
    if problems and not any(good):
        raise ConfigError(problems)
    return Config(
        files=(*(page.path for page in pages), *dict.fromkeys(reading.around.read_files)),
        workflows=tuple(workflow for workflows in good for workflow in workflows),
        broken=tuple(problems),
        **fields,
    )


def _files(path: Path) -> list[Path]:
    """Return the file, or those of the directory; raises `UsageError`."""
    if not path.is_dir():
        return [path]
    files = yaml_files(path)
    if not files:
        raise UsageError(f"{path}: no *.yaml file in this directory; `reminderctl init {path}` writes a first one")
    return files


def _note_stray_references(pages: Sequence[Page], given: Mapping[str, settings.Setting]) -> None:
    """Note each `${NAME}` among the settings but the channels; the workflows look after themselves."""
    for page in pages:
        page.strays = "${" in page.text
    if "channels" in given:
        page, node = given["channels"]
        inside = page.text.count("${", node.start_mark.index, node.end_mark.index)
        page.strays = page.text.count("${") > inside
    for name, (page, node) in given.items():
        if page.strays and name != "channels":
            note_references(page, node, path=name)


def _refuse_broken_settings(pages: Sequence[Page], of_secrets: Sequence[Problem], *, complete: bool) -> None:
    """Raise `ConfigError` with all mistakes where one of them is outside the workflows, or a setting is missing."""
    problems = [problem for page in pages for problem in page.problems]
    readable = [page for page in pages if page.root is not None]
    outside = [each for page in readable for each in page.problems if not each.path.startswith("workflows")]
    if outside or of_secrets or not complete:
        raise ConfigError([*problems, *of_secrets])
