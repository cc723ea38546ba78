"""The workflows of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Literal

from yaml.nodes import MappingNode, Node

from reminderctl.config import schema
from reminderctl.config.action_reader import ActionContext
from reminderctl.config.actions import read_actions
from reminderctl.config.env import note_references
from reminderctl.config.quiet_hours import read_quiet_hours
from reminderctl.config.settings import read_identifier, read_max_burst, read_text, read_texts
from reminderctl.config.struct_reader import NOTHING_BEHIND, check_keys, encoded_names, read_boolean
from reminderctl.config.suggestions import did_you_mean, nearest, quote
from reminderctl.config.trigger_guesses import guess_length, guess_trigger
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_list, is_mapping, is_text, workflow_path
from reminderctl.core import timing
from reminderctl.model import Filters, Trigger, Workflow

KEYS = encoded_names(schema.WorkflowKeys)
FILTER_KEYS = encoded_names(Filters)


def read_workflows(
    file: YamlFile, *, context: ActionContext, defaults: Mapping[str, Any], taken: dict[str, str]
) -> list[Workflow]:
    """Return the workflows of a file that are without mistakes; the mistakes of the others are noted.

    `defaults` are the fields of each that the settings decide. `taken` holds the ids of all files so far with their
    places, and is added to.
    """
    node = entries(file.root).get("workflows") if file.root is not None else None
    if node is None or is_empty(node):
        return []
    if not is_list(node):
        file.note(node, "expected a list: each workflow begins with `- id: ...`", path="workflows")
        return []
    workflows = []
    for index, workflow_node in enumerate(node.value):
        if not is_mapping(workflow_node):
            what = NOTHING_BEHIND if is_empty(workflow_node) else "expected a mapping"
            file.note(workflow_node, f"{what} with `id`, `when` and `actions`", path=workflow_path(index, None))
            continue
        nodes = entries(workflow_node)
        path = workflow_path(index, nodes.get("id"))
        before = len(file.problems)
        workflow = _read_workflow(file, workflow_node, nodes=nodes, path=path, context=context, defaults=defaults)
        _note_taken(file, nodes.get("id"), path=path, taken=taken)
        if workflow is not None and len(file.problems) == before:
            workflows.append(workflow)
    return workflows


def _note_taken(file: YamlFile, identifier: Node | None, *, path: str, taken: dict[str, str]) -> None:
    if identifier is None or not is_text(identifier) or not identifier.value:
        return
    place = f"{file.name}:{identifier.start_mark.line + 1}"
    if identifier.value in taken:
        file.note(identifier, f"the id `{identifier.value}` is taken by {taken[identifier.value]}", path=path)
    else:
        taken[identifier.value] = place


def _read_workflow(
    file: YamlFile,
    node: MappingNode,
    *,
    nodes: Mapping[str, Node],
    path: str,
    context: ActionContext,
    defaults: Mapping[str, Any],
) -> Workflow | None:
    given = check_keys(file, node, nodes=nodes, known=KEYS, path=path)
    if file.strays:
        for name, value in given.items():
            if name != "actions":
                note_references(file, value, path=path)
    for name, advice in _ADVICE.items():
        if name not in nodes and name not in {nearest(each, KEYS) for each in nodes if each not in KEYS}:
            file.note(node, f"`{name}` is missing{advice}", path=path)
    fields = dict(defaults)
    for name, value in given.items():
        if name == "actions":
            fields[name] = read_actions(file, value, path=path, context=context)
        else:
            fields[_NAMES.get(name, name)] = _READERS[name](file, value, path=path)
    return Workflow(**fields) if {"id", "triggers", "actions"} <= fields.keys() else None


def _read_name(file: YamlFile, node: Node, *, path: str) -> str:
    return read_text(file, node, path=path, lead="name: ")


def _read_switch(file: YamlFile, node: Node, *, path: str, name: str) -> bool | None:
    meant = read_boolean(node.value) if is_text(node) else None
    if meant is None:
        given = quote(node.value) if is_text(node) else "a list or mapping"
        file.note(node, f"{name}: expected `true` or `false`, got {given}", path=path)
    return meant


def _read_triggers(file: YamlFile, node: Node, *, path: str) -> tuple[Trigger, ...]:
    triggers: dict[str, Trigger] = {}
    for sentence, text_node in read_texts(file, node, path=path, lead="when: ", instead=_SOME_TIME):
        try:
            trigger = timing.parse_trigger(sentence)
        except ValueError as error:
            guessed = guess_trigger(sentence)
            meant = f"cannot read {quote(sentence)}; did you mean `{guessed}`?{_FORMS}" if guessed else error
            file.note(text_node, f"when: {meant}", path=path)
            continue
        twin = triggers.setdefault(trigger.identity, trigger)
        if twin is not trigger:
            same = (
                f"duplicate trigger `{twin.text}`"
                if twin.text == trigger.text
                else f"`{twin.text}` and `{trigger.text}` are the same"
            )
            file.note(text_node, f"when: {same}; keep one", path=path)
    return tuple(triggers.values())


def _read_filters(file: YamlFile, node: Node, *, path: str, name: str) -> Filters:
    if not is_mapping(node):
        dashes = "; leave out the dashes" if is_list(node) and any(map(is_mapping, node.value)) else ""
        file.note(node, f"{name}: expected a mapping such as `{{service: Haircut}}`{dashes}", path=path)
        return Filters()
    values = {}
    for key, value in check_keys(file, node, nodes=entries(node), known=FILTER_KEYS, path=f"{path}: {name}").items():
        values[key] = tuple(text for text, _ in read_texts(file, value, path=path, lead=f"{name}: {key}: "))
    return Filters(**values)


def _read_grace(file: YamlFile, node: Node, *, path: str) -> timedelta | None:
    text = read_text(file, node, path=path, lead="grace: ")
    try:
        return timing.parse_duration(text) if text else None
    except ValueError as error:
        guessed = guess_length(text)
        meant = f"cannot read {quote(text)} as a length of time; did you mean `{guessed}`?" if guessed else error
        file.note(node, f"grace: {meant}", path=path)
        return None


def _read_late_booking(file: YamlFile, node: Node, *, path: str) -> Literal["skip", "send"]:
    text = read_text(file, node, path=path, lead="late_booking: ")
    if text and text not in ("skip", "send"):
        file.note(
            node,
            f"late_booking: expected `skip` or `send`, got {quote(text)}{did_you_mean(text, ('skip', 'send'))}",
            path=path,
        )
    return "send" if text == "send" else "skip"


_FORMS = " (as in `1 day before start`, `30 minutes after end`)"
_SOME_TIME = "use, for example, `when: 1 day before start`"
_ADVICE = {
    "id": "; add a name that never changes, such as `id: reminder-24h`",
    "when": "; add, for example, `when: 1 day before start`",
    "actions": "; add, for example, `actions: [{send: email, to: customer, ...}]`",
}
_NAMES = {"when": "triggers", "except": "exceptions"}
_READERS: dict[str, Callable[..., Any]] = {
    "id": read_identifier,
    "name": _read_name,
    "enabled": lambda file, node, *, path: _read_switch(file, node, path=path, name="enabled"),
    "when": _read_triggers,
    "filters": lambda file, node, *, path: _read_filters(file, node, path=path, name="filters"),
    "except": lambda file, node, *, path: _read_filters(file, node, path=path, name="except"),
    "for_each_customer": lambda file, node, *, path: _read_switch(file, node, path=path, name="for_each_customer"),
    "grace": _read_grace,
    "late_booking": _read_late_booking,
    "quiet_hours": lambda file, node, *, path: read_quiet_hours(file, node, path=f"{path}: quiet_hours"),
    "max_burst": lambda file, node, *, path: read_max_burst(file, node, path=path, lead="max_burst: "),
}
