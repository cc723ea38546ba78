"""Advice on languages: those that some texts have while others lack them, and those that are none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reminderctl.config.lint.located import Placed, module_of
from reminderctl.config.loading import Reading
from reminderctl.config.message import node_at
from reminderctl.config.misspelt import language_mistake
from reminderctl.config.yaml_nodes import is_mapping, key_node
from reminderctl.messages import templates
from reminderctl.model import Action, Workflow

Path = tuple[str | int, ...]


def advise_on_languages(placed: list[Placed], reading: Reading) -> None:
    """Warn of texts without a language that others of the same file have, or that the filter asks for."""
    spoken = _spoken(placed, reading)
    for each in placed:
        wanted = _wanted(each.workflow, spoken[each.page.name])
        for index, action, node in each.actions():
            for path, versions in language_maps(action, reading):
                for what in _missing(versions, wanted, default=reading.around.language):
                    each.warn(node_at(node, path), f"{_field(path)}: {what}", action=index)


def advise_on_codes(placed: Iterable[Placed], reading: Reading) -> None:
    """Warn of texts under words that are the code of no language."""
    for each in placed:
        for index, action, node in each.actions():
            for path, versions in language_maps(action, reading):
                place = node_at(node, path)
                for language in versions:
                    if what := language_mistake(language):
                        at = key_node(place, language) if is_mapping(place) else place
                        each.warn(
                            at,
                            f"{_field(path)}: {what}: only customers whose language is written just so get this text",
                            action=index,
                        )


def language_maps(action: Action, reading: Reading) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Return each text of an action that comes in several languages, with its path."""
    found: list[tuple[Path, Mapping[str, str]]] = []

    def note(path: Path, _place: Any, text: Any) -> Any:
        if isinstance(text, Mapping):
            found.append((path, text))
        return text

    templates.transform(module_of(action, reading).Message, action.message, note)
    return iter(found)


def _spoken(placed: list[Placed], reading: Reading) -> dict[str, list[str]]:
    """Return the languages that the texts of each file are written in, in order."""
    spoken: dict[str, dict[str, None]] = {}
    for each in placed:
        of_page = spoken.setdefault(each.page.name, {})
        for _, action, _ in each.actions():
            for _, versions in language_maps(action, reading):
                of_page.update((_tag(each), None) for each in versions if not language_mistake(each))
    return {name: list(languages) for name, languages in spoken.items()}


def _wanted(workflow: Workflow, spoken: list[str]) -> dict[str, str]:
    """Return the languages that the texts of a workflow should be in, each with its reason."""
    asked = [_tag(language) for language in workflow.filters.language if not language_mistake(language)]
    wanted = dict.fromkeys(asked, "which the language filter lets through")
    for language in spoken:
        if not asked or any(_speaks(language, filtered) for filtered in asked):
            wanted.setdefault(language, "which other texts of this file are in")
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
        instead = templates.choose({each: each for each in versions}, language, default)
        yield (
            f"there is no text in `{language}`, {why}: customers who read {language} get {instead}; "
            f'add `{language}: "..."`'
        )


def _speaks(language: str, filtered: str) -> bool:
    return language == filtered or language.startswith(f"{filtered}-")


def _tag(language: str) -> str:
    return language.strip().replace("_", "-").casefold()


def _field(path: Path) -> str:
    return ".".join(map(str, path))
