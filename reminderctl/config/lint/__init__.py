"""All that `check` says about a configuration: mistakes, warnings, notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from reminderctl.config import loading
from reminderctl.config.lint.filters import (
    KnownValues,
    describe_statuses,
    read_known_values,
    used_filters,
    warn_of_filters,
)
from reminderctl.config.lint.languages import warn_of_language_codes, warn_of_languages
from reminderctl.config.lint.located import locate_workflows, workflow_nodes
from reminderctl.config.lint.marks import warn_of_marks
from reminderctl.config.lint.providers import warn_of_providers
from reminderctl.config.lint.quiet_hours import warn_of_quiet_hours
from reminderctl.config.lint.rooms import warn_of_rooms
from reminderctl.config.lint.schedule import HELD, warn_of_schedule
from reminderctl.config.lint.sources import warn_of_sources
from reminderctl.config.lint.texts import warn_of_sms, warn_of_subjects, warn_of_whatsapp
from reminderctl.config.lint.typos import warn_of_comments, warn_of_typos
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.yaml_file import TooManyError
from reminderctl.config.yaml_nodes import entries, is_mapping, is_text, key_node
from reminderctl.errors import BookingsError, ConfigError, LockedError, Problem
from reminderctl.model import Config, Workflow


class CheckResult(NamedTuple):
    """Mistakes and warnings, both by their places; what was read, if it can be used; what else is good to know."""

    problems: list[Problem]
    warnings: list[Problem]
    config: Config | None
    notes: list[str]


def check(path: Path, environ: Mapping[str, str], *, today: date) -> CheckResult:
    """Find the mistakes and warnings in the YAML at `path`, a file or a directory of them.

    Warnings are about those workflows that have no mistakes, whatever the others have; some depend on the day.
    """
    config = None
    try:
        parsed = loading.read(path, environ, deep=True)
    except ConfigError as error:
        return CheckResult(error.problems, [], None, [])
    try:
        config = loading.validate(parsed)
        problems = list(config.broken)
    except ConfigError as error:
        problems = error.problems
    notes: list[str] = []
    with suppress(TooManyError):
        notes.extend(_lint(parsed, today=today))
    warnings = sorted({warning for file in parsed.files for warning in file.warnings})
    return CheckResult(problems, warnings, config, notes)


def _lint(parsed: ParsedConfig, *, today: date) -> Iterator[str]:
    """Leave a warning in the files for all that was probably not meant; yield what is only good to know."""
    workflows = locate_workflows(parsed)
    warn_of_schedule(workflows)
    warn_of_quiet_hours(workflows)
    warn_of_languages(workflows, parsed)
    warn_of_language_codes(workflows, parsed)
    warn_of_sms(workflows, parsed)
    warn_of_subjects(workflows)
    warn_of_whatsapp(workflows, parsed)
    warn_of_rooms(workflows)
    warn_of_typos(workflows, parsed)
    warn_of_comments(parsed)
    warn_of_marks(parsed)
    known = KnownValues()
    try:
        known = _read_bookings(parsed, used_filters(workflows))
    except BookingsError as error:
        known = KnownValues(problem=str(error))
    except LockedError as error:
        yield f"no comparison with the bookings: {error}"
    warn_of_filters(workflows, known=known)
    _warn_of_settings(parsed, known, workflows=[located.workflow for located in workflows])
    yield from warn_of_providers(parsed, today=today)
    if not any(map(workflow_nodes, parsed.files)):
        yield "there is no workflow, so nothing is sent; the first one begins with `workflows:` and `  - id: ...`"
    warn_of_sources(parsed)
    if parsed.fields.get("sources"):
        yield "sources are not read here; `reminderctl sources test` connects to them and shows what they give"
    if outbox := parsed.fields.get("outbox"):
        yield f"dry mode (`outbox` is set): messages go to folder {outbox}"


def _read_bookings(parsed: ParsedConfig, wanted: Set[str]) -> KnownValues:
    """Read the values that bookings have; none where there is no file, or its name is wrong.

    Nor where there are sources: what bookings.db holds is only a part then, and what they hold changes each minute.
    """
    if parsed.fields.get("sources"):
        return KnownValues()
    path = parsed.fields["bookings"]
    mistaken = any(problem.path == "bookings" for file in parsed.files for problem in file.problems)
    return KnownValues() if mistaken or is_missing(path) else read_known_values(path, wanted)


def is_missing(path: Path) -> bool:
    """Return True if there is certainly no such file; a folder that we may not enter hides what it holds."""
    try:
        return not path.exists()
    except OSError:
        return False


# --- settings ---------------------------------------------------------------------------------------------------------


def _warn_of_settings(parsed: ParsedConfig, known: KnownValues, *, workflows: Sequence[Workflow]) -> None:
    if "channels" in parsed.given:
        _warn_of_channels(parsed)
    file, node = parsed.given.get("bookings") or (parsed.files[0], parsed.files[0].root)
    for problem in filter(None, (known.problem, *describe_statuses(workflows, known))):
        if node is not None:
            file.warn(node, problem, path="bookings")
    if "max_burst" in parsed.given:
        file, node = parsed.given["max_burst"]
        if node.value == "0":
            file.warn(node, HELD, path="max_burst")


def _warn_of_channels(parsed: ParsedConfig) -> None:
    """Warn of channels that nothing uses, and of files that their settings name."""
    file, node = parsed.given["channels"]
    if not is_mapping(node):
        return
    used = set(_channels_used(parsed))
    known = used and not parsed.context.unreadable  # a file with nothing but settings is one of several
    for name, below in entries(node).items():
        path = f"channels.{name}"
        if name in parsed.fields["channels"] and known and name not in used and not _is_alerted(parsed, name):
            what = f"no workflow sends by {name}; remove it, or add an action with `send: {name}`"
            file.warn(key_node(node, name), what, path=path)
        for key, named in _named_files(parsed, name):
            if is_mapping(below) and is_missing(named):
                what = f"{key}: file not found: {named}; no {name} is sent without it, so correct the path"
                file.warn(entries(below)[key], what, path=path)


def _is_alerted(parsed: ParsedConfig, channel: str) -> bool:
    return channel == "chat" and "alerts" in parsed.given


def _channels_used(parsed: ParsedConfig) -> Iterator[str]:
    """Yield each text after `send`, in workflows with mistakes, too."""
    for file in parsed.files:
        for workflow in workflow_nodes(file):
            actions = entries(workflow).get("actions") if is_mapping(workflow) else None
            for action in actions.value if actions is not None and not is_text(actions) else ():
                send = entries(action).get("send") if is_mapping(action) else None
                if send is not None and is_text(send):
                    yield send.value


def _named_files(parsed: ParsedConfig, channel: str) -> Iterator[tuple[str, Path]]:
    configured = parsed.fields["channels"].get(channel)
    settings = structs.asdict(configured.settings) if configured and configured.settings is not None else {}
    return ((name, value) for name, value in settings.items() if isinstance(value, Path))
