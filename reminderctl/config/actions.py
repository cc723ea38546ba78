"""The actions of a workflow: what is sent, on which channel, to whom."""

from __future__ import annotations

from typing import Any

from yaml.nodes import MappingNode, Node

from reminderctl import channels
from reminderctl.channels import ChannelModule
from reminderctl.config import addresses
from reminderctl.config import channels as channel_settings
from reminderctl.config.action_reader import ActionContext, ActionReader
from reminderctl.config.env import misplaced_reference
from reminderctl.config.message import OUR_KEYS, read_message, text_mistakes
from reminderctl.config.settings import read_identifier, read_text, read_texts
from reminderctl.config.struct_reader import NOTHING_BEHIND, encoded_names
from reminderctl.config.suggestions import nearest, suggest
from reminderctl.config.variables import REFERENCE
from reminderctl.config.yaml_file import YamlFile
from reminderctl.config.yaml_nodes import entries, is_empty, is_list, is_mapping, key_node
from reminderctl.core.recipients import CHANNELS, RECIPIENTS
from reminderctl.credentials import Configured
from reminderctl.messages import templates
from reminderctl.model import Action


def read_actions(file: YamlFile, node: Node, *, path: str, context: ActionContext) -> tuple[Action, ...]:
    """Return the actions that are without mistakes; the mistakes of the others are noted."""
    if not is_list(node):
        file.note(node, "actions: expected a list: each action begins with `- send: ...`", path=path)
        return ()
    if not node.value:
        file.note(node, "actions: the list is empty; a workflow needs at least one action", path=path)
    actions: dict[str, Action] = {}
    for index, action_node in enumerate(node.value):
        place = f"{path}: actions[{index}]"
        if not is_mapping(action_node):
            what = NOTHING_BEHIND if is_empty(action_node) else "expected a mapping"
            file.note(action_node, f"{what} that begins with `send`", path=place)
            continue
        action = _read_action(file, action_node, path=place, context=context)
        if action is None:
            continue
        if action.id in actions:
            named = "id" in entries(action_node)
            what = f"the id `{action.id}` is taken by an earlier action" if named else _ANOTHER.format(action.channel)
            file.note(entries(action_node)["id" if named else "send"], what, path=place)
        actions.setdefault(action.id, action)
    return tuple(actions.values())


# The first one must stay as it is: with a new id it would be a new action, and send again what it has sent.
_ANOTHER = "another action also sends on {}; give this one an `id` and leave the first unchanged"


def _read_action(file: YamlFile, node: MappingNode, *, path: str, context: ActionContext) -> Action | None:
    """Return the action, None where not even its channel is known. Its mistakes are noted."""
    nodes = entries(node)
    if "send" not in nodes:
        meant = next((name for name in nodes if nearest(name, ["send"])), "")
        instead = f"write `send` for `{meant}`" if meant else f"the channels are {', '.join(CHANNELS)}"
        file.note(key_node(node, meant), f"`send` is missing; {instead}", path=path)
        return None
    channel = read_text(file, nodes["send"], path=path, lead="send: ")
    if channel not in CHANNELS:
        if channel:
            what = f"unknown channel `{channel}`{suggest(channel, CHANNELS, of='the channels are')}"
            file.note(nodes["send"], what, path=path)
        return None
    module = channels.module(_configured(file, node, channel=channel, path=path, context=context).module)
    message = read_message(
        ActionReader(
            file=file,
            node=node,
            nodes=nodes,
            path=path,
            module=module,
            address=CHANNELS[channel].address,
            context=context,
        )
    )
    return Action(
        id=read_identifier(file, nodes["id"], path=path) if "id" in nodes else channel,
        channel=channel,
        to=_read_recipients(file, node, given=nodes.get("to"), path=path, channel=channel, context=context),
        circuit=_circuit(module, message, channel=channel, language=context.language),
        message=message,
    )


def _configured(file: YamlFile, node: MappingNode, *, channel: str, path: str, context: ActionContext) -> Configured:
    """Return the channel's settings; where it has none, note that, unless it can do without."""
    if channel in context.channels:
        return context.channels[channel]
    keys = frozenset(entries(node)) - OUR_KEYS
    configured = channel_settings.without_settings(channel, keys=keys)
    if context.outbox or channel_settings.needs_no_settings(channel):
        context.channels[channel] = configured
    else:
        what = channel_settings.explain_absence(channel)
        if context.unreadable:
            what += f" (unless it is in {' or '.join(context.unreadable)}, which cannot be read)"
        file.note(entries(node)["send"], what, path=path)
    return configured


def _circuit(module: ChannelModule, message: dict[str, Any], *, channel: str, language: str) -> str:
    """Return what is paused together when a provider fails: the channel, or a part of it."""
    chosen = templates.pick(module.Message, message, language=language, default_language=language)
    within = module.circuit({name: each for name, each in chosen.items() if isinstance(each, str)})
    return f"{channel} {within}" if within else channel


# --- recipients -------------------------------------------------------------------------------------------------------


_SOMEBODY = f"use {', '.join(RECIPIENTS)} or an address"


def _read_recipients(
    file: YamlFile, node: MappingNode, *, given: Node | None, path: str, channel: str, context: ActionContext
) -> tuple[str, ...]:
    """Return the recipients of `to`; none on a channel that has none."""
    kind = CHANNELS[channel].address
    if kind is None:
        if given is not None:
            what = f"to: a {channel} has no recipient; {_elsewhere(channel, context=context)}"
            file.note(given, what, path=path)
        return ()
    if given is None or is_empty(given):
        file.note(given or node, f"`to` is missing; {_SOMEBODY}", path=path)
        return ()
    recipients: dict[str, None] = {}
    for text, text_node in read_texts(file, given, path=path, lead="to: ", instead=_SOMEBODY):
        if text in recipients:
            file.note(text_node, f"to: duplicate recipient `{text}`", path=path)
        else:
            _check_recipient(file, text_node, text=text, path=path, kind=kind, context=context)
        recipients[text] = None
    return tuple(recipients)


def _elsewhere(channel: str, *, context: ActionContext) -> str:
    """Return what says where a message without recipient goes."""
    has_url = "url" in encoded_names(channels.module(context.channels[channel].module).Message)
    return "its `url` is where it goes" if has_url else "leave `to` out"


def _check_recipient(file: YamlFile, node: Node, *, text: str, path: str, kind: str, context: ActionContext) -> None:
    reference = REFERENCE.search(text)
    if reference:
        file.note(node, f"to: {misplaced_reference(reference[0])}", path=path, token=reference[0])
    elif "{" in text:
        for _, what in text_mistakes(text, deep=context.deep):
            file.note(node, f"to: {what}", path=path)
    else:
        mistake = addresses.recipient_mistake(text, kind, rooms=channel_settings.room_names(context.channels))
        noun = {"admin": context.admin, "company": context.company}.get(text)
        if not mistake and noun is not None and not getattr(noun, kind):
            mistake = f"`{text}` has no {kind} in the settings; add `{text}: {{{kind}: ...}}`"
        if mistake:
            file.note(node, f"to: {mistake}", path=path)
