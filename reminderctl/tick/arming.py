"""Arming: what a run plans from when on, since it is new or edited; what is gone is forgotten."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Set
from datetime import datetime

import msgspec

from reminderctl.ledger import Ledger, watermarks
from reminderctl.ledger.watermarks import Key, Watermark
from reminderctl.model import Action, Config, Workflow


def sync(config: Config, ledger: Ledger, *, run: int, now: datetime) -> dict[Key, Watermark]:
    """Bring the watermarks in line with the configuration; return those of what is switched on.

    1. What was switched off or edited away is forgotten; what no file holds any more, after a day.
    2. What is seen for the first time begins at now.
    3. What now reaches others than before begins at its watermark.
    """
    marks = watermarks.read(ledger, now, run=run)
    wanted = {
        Key(workflow.id, trigger.identity, action.id): audience
        for workflow in config.workflows
        if workflow.enabled
        for action, audience in _audiences(workflow, config=config)
        for trigger in workflow.triggers
    }
    undivided = {key: audience for key, audience in wanted.items() if key._replace(action="") in marks}
    if undivided:
        watermarks.divide(ledger, undivided)
        marks |= {key: marks[key._replace(action="")]._replace(audience=each) for key, each in undivided.items()}
    for key in _note_what_is_gone(config, ledger, marks, wanted.keys(), run=run, now=now):
        del marks[key]
    if unseen := {key: audience for key, audience in wanted.items() if key not in marks}:
        watermarks.arm(ledger, unseen, now, run=run)
        marks |= {key: Watermark(now, now) for key in unseen}
    edited = {
        key: audience for key, audience in wanted.items() if key not in unseen and audience != marks[key].audience
    }
    if edited:
        watermarks.arm_anew(ledger, edited, run=run)
        for key in edited:
            mark = marks[key]
            marks[key] = mark._replace(armed_at=max(mark.armed_at, mark.planned_until))
    return {key: marks[key] for key in wanted}


def _note_what_is_gone(
    config: Config, ledger: Ledger, marks: Mapping[Key, Watermark], wanted: Set[Key], *, run: int, now: datetime
) -> set[Key]:
    """Forget what was edited or switched off, and what no file has held for a day; return what was forgotten.

    While a file is broken nobody knows which workflows it holds: theirs are not missing.
    """
    known = {workflow.id for workflow in config.workflows}
    gone, back, missing = set[Key](), set[str](), set[str]()
    for key, mark in marks.items():
        is_known, since = key.workflow in known, mark.missing_since
        if not is_known and config.broken:
            continue
        if (is_known and key not in wanted) or (since and now - since >= watermarks.KEPT):
            gone.add(key)
        elif is_known and since:
            back.add(key.workflow)
        elif not is_known and not since:
            missing.add(key.workflow)
    if gone or back or missing:
        watermarks.forget(ledger, gone)
        watermarks.note_missing(ledger, missing, now, run=run)
        watermarks.note_back(ledger, back)
    return gone


def _audiences(workflow: Workflow, *, config: Config) -> list[tuple[Action, str]]:
    """Return each action with a fingerprint of whom it reaches; the order of a list is nothing to it."""
    filters = (workflow.filters, workflow.exceptions)
    of_workflow = (
        [[sorted(values) for values in msgspec.structs.astuple(each)] for each in filters],
        config.language if any(each.language for each in filters) else None,
        workflow.for_each_customer,
        workflow.late_booking,
    )
    return [(action, _fingerprint([*of_workflow, sorted(action.to)])) for action in workflow.actions]


def _fingerprint(what: object) -> str:
    return f"{zlib.crc32(msgspec.json.encode(what)):08x}"
