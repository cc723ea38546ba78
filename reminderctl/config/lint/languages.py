"""Lint of the languages of texts: those that a text lacks, those that are no languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reminderctl.config.lint.filters import language_mistake
from reminderctl.config.lint.located import LocatedWorkflow, module_of
from reminderctl.config.loading import ParsedConfig
from reminderctl.config.message import node_at
from reminderctl.config.yaml_nodes import is_mapping, key_node
from reminderctl.messages import templates
from reminderctl.messages.field_types import FieldPath
from reminderctl.model import Action, Workflow


def warn_of_languages(workflows: list[LocatedWorkflow], parsed: ParsedConfig) -> None:
    """Warn of texts without a language that others of the same file have, or that the filter asks for."""
    spoken = _spoken(workflows, parsed)
    for located in workflows:
        wanted = _wanted(located.workflow, spoken[located.file.name])
        for index, action, node in located.actions():
            for path, versions in language_maps(action, parsed):
                for what in _missing(versions, wanted, default=parsed.context.language):
                    located.warn(node_at(node, path), f"{_field(path)}: {what}", action=index)


def warn_of_language_codes(workflows: Iterable[LocatedWorkflow], parsed: ParsedConfig) -> None:
    """Warn of texts under words that are the code of no language."""
    for located in workflows:
        for index, action, node in located.actions():
            for path, versions in language_maps(action, parsed):
                place = node_at(node, path)
                for language in versions:
                    if what := language_mistake(language):
                        at = key_node(place, language) if is_mapping(place) else place
                        located.warn(
                            at,
                            f"{_field(path)}: {what}: only customers whose language is written exactly like this get "
                            "this text",
                            action=index,
                        )


def language_maps(action: Action, parsed: ParsedConfig) -> Iterator[tuple[FieldPath, Mapping[str, str]]]:
    """Return each text of an action that comes in several languages, with its path."""
    maps: list[tuple[FieldPath, Mapping[str, str]]] = []

    def note(path: FieldPath, text: Any, *, text_type: Any) -> Any:  # noqa: ARG001
        if isinstance(text, Mapping):
            maps.append((path, text))
        return text

    templates.transform(module_of(action, parsed).Message, action.message, change=note)
    return iter(maps)


def _spoken(workflows: list[LocatedWorkflow], parsed: ParsedConfig) -> dict[str, list[str]]:
    """Return the languages that the texts of each file are written in, in order."""
    spoken: dict[str, dict[str, None]] = {}
    for located in workflows:
        of_file = spoken.setdefault(located.file.name, {})
        for _, action, _ in located.actions():
            for _, versions in language_maps(action, parsed):
                of_file.update((_tag(language), None) for language in versions if not language_mistake(language))
    return {name: list(languages) for name, languages in spoken.items()}


def _wanted(workflow: Workflow, spoken: list[str]) -> dict[str, str]:
    """Return the languages that the texts of a workflow should be in, each with its reason."""
    asked = [_tag(language) for language in workflow.filters.language if not language_mistake(language)]
    wanted = dict.fromkeys(asked, "which the language filter includes")
    for language in spoken:
        if not asked or any(_speaks(language, filtered) for filtered in asked):
            wanted.setdefault(language, "which other texts in this file have")
    excluded = [_tag(language) for language in workflow.exceptions.language]
    return {
        language: why
        for language, why in wanted.items()
        if not any(_speaks(language, unwanted) for unwanted in excluded)
    }


def _missing(versions: Mapping[str, str], wanted: Mapping[str, str], *, default: str) -> Iterator[str]:
    present = {_tag(language): language for language in versions}
    for language, why in wanted.items():
        if language in present or language.partition("-")[0] in present:
            continue
        instead = templates.choose({each: each for each in versions}, language, default_language=default)
        yield (f'no text in `{language}`, {why}: customers who read {language} get {instead}; add `{language}: "..."`')


def _speaks(language: str, filtered: str) -> bool:
    return language == filtered or language.startswith(f"{filtered}-")


def _tag(language: str) -> str:
    return language.strip().replace("_", "-").casefold()


def _field(path: FieldPath) -> str:
    return ".".join(map(str, path))
