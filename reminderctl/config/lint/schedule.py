"""Lint of when workflows fire: never, twice at once, or for bookings that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time, timedelta
from typing import Any

from msgspec import json, structs

from reminderctl.config.lint.located import LocatedWorkflow
from reminderctl.config.yaml_nodes import entries, key_node
from reminderctl.core.statuses import standard_status
from reminderctl.model import Action, Filters, Trigger, Workflow

FIRST_MINUTE, LAST_MINUTE = time(0, 0), time(23, 59)


def warn_of_schedule(workflows: Iterable[LocatedWorkflow]) -> None:
    """Warn of what never goes out, and of what goes out to more bookings, or more often, than was meant."""
    enabled = [located for located in workflows if located.workflow.enabled]
    for located in workflows:
        _warn_of_never(located)
        _warn_of_equal_instants(located)
        _warn_of_equal_actions(located)
    for located in enabled:
        _warn_of_follow_up(located)
    _warn_of_twins(enabled)


# --- never ------------------------------------------------------------------------------------------------------------


def _warn_of_never(located: LocatedWorkflow) -> None:
    workflow, nodes = located.workflow, entries(located.node)
    for index, trigger in enumerate(workflow.triggers):
        if not can_fire(trigger):
            located.warn(located.value("when", index), f"when: {_explain_never(trigger)}")
    if workflow.grace == timedelta():
        located.warn(
            nodes["grace"],
            "grace: with no grace, a message must be sent in the very second in which it is due, and hardly any will "
            "be; "
            "use `grace: 15m`, or remove the key",
        )
    if workflow.max_burst == 0 and "max_burst" in nodes:
        located.warn(nodes["max_burst"], f"max_burst: {HELD}")


HELD = "with 0, every message is held until you release it; use `none` for no limit, or remove the key"


def can_fire(trigger: Trigger) -> bool:
    """Return False for a time of the event's own day that is after all events, or before all but those at midnight."""
    return not (trigger.days == 0 and trigger.at == (LAST_MINUTE if trigger.before else FIRST_MINUTE))


def _explain_never(trigger: Trigger) -> str:
    anchor, clock = trigger.anchor, f"{trigger.at:%H:%M}"
    if trigger.before:
        why = f"never fires: on that day, {clock} is after every {anchor}"
    else:
        why = f"fires only for a booking whose {anchor} is at midnight: {clock} is before any other"
    return f"`{trigger.text}` {why}; use `1 day {'before' if trigger.before else 'after'} {anchor} at {clock}`"


# --- bookings that nobody thought of ----------------------------------------------------------------------------------


def _warn_of_follow_up(located: LocatedWorkflow) -> None:
    """Warn of a follow-up that asks for no status: it is sent after visits that were never confirmed, too."""
    workflow = located.workflow
    if workflow.filters.status or workflow.exceptions.status:
        return
    for index, trigger in enumerate(workflow.triggers):
        if can_fire(trigger) and _is_follow_up(trigger):
            located.warn(
                located.value("when", index),
                f"when: `{trigger.text}` without a status filter also includes bookings that are still pending: only "
                "canceled, rejected and no_show ones are excluded; add `filters: {status: [approved, completed]}`",
            )
            return


def _is_follow_up(trigger: Trigger) -> bool:
    """Return True if it comes when the visit has begun; `at start` is as much of a reminder."""
    return not trigger.before and (trigger.anchor == "end" or trigger.minutes > 0 or trigger.days is not None)


# --- twice at once ----------------------------------------------------------------------------------------------------


def _instant_key(trigger: Trigger) -> str:
    """Return a text that is equal for triggers that fall together except on the two days on which clocks change."""
    if trigger.days is None or trigger.at:
        return trigger.identity
    return f"{trigger.anchor}{'-' if trigger.before else '+'}{trigger.days * 1440}m"


def _warn_of_equal_instants(located: LocatedWorkflow) -> None:
    first: dict[str, Trigger] = {}
    for index, trigger in enumerate(located.workflow.triggers):
        twin = first.setdefault(_instant_key(trigger), trigger)
        if twin is not trigger:
            located.warn(
                located.value("when", index),
                f"when: `{twin.text}` and `{trigger.text}` coincide on all but two days of the year: every message is "
                "sent twice; keep one",
            )


def _warn_of_equal_actions(located: LocatedWorkflow) -> None:
    seen: dict[tuple[str, str, bytes], int] = {}
    for index, action, node in located.actions():
        for recipient in action.to or ("",):
            what = (action.channel, recipient, json.encode(action.message))
            if (twin := seen.setdefault(what, index)) != index:
                to = f"{recipient} gets this message" if recipient else "this request is made"
                located.warn(
                    key_node(node, "send"), f"{to} twice: actions[{twin}] is a duplicate; keep one", action=index
                )
                break


def _warn_of_twins(enabled: Iterable[LocatedWorkflow]) -> None:
    """Warn of two workflows that fire together, for the same bookings, to the same person on the same channel."""
    first: dict[Any, tuple[LocatedWorkflow, Trigger]] = {}
    for located in enabled:
        reported = set()
        for trigger in located.workflow.triggers:
            for index, action, node in located.actions():
                for recipient in _reached(action):
                    key = (_bookings_key(located.workflow), _instant_key(trigger), action.channel, recipient)
                    twin, its_trigger = first.setdefault(key, (located, trigger))
                    if twin is located or (twin.workflow.id, index) in reported:
                        continue
                    reported.add((twin.workflow.id, index))
                    text = _twin_text(action, trigger, twin=twin, its_trigger=its_trigger)
                    located.warn(key_node(node, "send"), text, action=index)


def _twin_text(action: Action, trigger: Trigger, *, twin: LocatedWorkflow, its_trigger: Trigger) -> str:
    theirs = {to for each in twin.workflow.actions if each.channel == action.channel for to in each.to}
    shared = [to for to in action.to if to in theirs]
    sent = f"{action.channel} to {', '.join(shared)}" if action.to else "the same request"
    when = f"`{trigger.text}`"
    if its_trigger.text != trigger.text:
        when += f" (there `{its_trigger.text}`, which coincides with it)"
    place = f"{twin.file.name}:{twin.node.start_mark.line + 1}"
    return (
        f"workflow `{twin.workflow.id}` ({place}) sends {sent} {when} for the same bookings: both are sent; switch "
        "one off, or combine them into one workflow with two actions"
    )


def _reached(action: Action) -> Iterable[Any]:
    return action.to or (json.encode(action.message),)


def _bookings_key(workflow: Workflow) -> Any:
    """Return a value that is equal for workflows that ask for the same bookings."""
    return _normalize(workflow.filters), _normalize(workflow.exceptions)


def _normalize(filters: Filters) -> Any:
    return tuple(
        frozenset(standard_status(text) if name == "status" else text.strip().casefold() for text in values)
        for name, values in structs.asdict(filters).items()
    )
