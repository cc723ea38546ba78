"""The arming of what is new or edited, so that a run plans it from then on; what is gone is forgotten."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Set
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from reminderctl.ledger import Ledger, watermarks
from reminderctl.ledger.watermarks import Key, Watermark
from reminderctl.model import Action, Config, Workflow

UNCERTAIN = timedelta(hours=1)  # how long it is remembered since when a workflow was away that has begun anew


def sync(
    config: Config, ledger: Ledger, *, run: int, now: datetime, whole_until: datetime | None
) -> dict[Key, Watermark]:
    """Bring the watermarks in line with the configuration; return those of what is switched on.

    1. What was switched off or edited away is forgotten.
    2. What is seen for the first time begins at now, and so does what comes back after no file held it for a day.
    3. What now reaches others than before begins at its watermark; while bookings are missing, at the last run that saw
       them all (`whole_until`): nothing was planned since of those that are missing, before the edit or after it.
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
        marks |= {key: replace(marks[key._replace(action="")], audience=each) for key, each in undivided.items()}
    for key in _note_what_is_gone(config, ledger, marks=marks, wanted=wanted.keys(), run=run, now=now):
        del marks[key]
    late = {key for key, mark in marks.items() if _is_back_late(mark, now)}
    if unseen := {key: audience for key, audience in wanted.items() if key not in marks or key in late}:
        watermarks.arm(ledger, unseen, now=now, run=run)
        marks |= {key: Watermark(now, now) for key in unseen}
    edited = {
        key: audience for key, audience in wanted.items() if key not in unseen and audience != marks[key].audience
    }
    if edited:
        watermarks.arm_anew(ledger, edited, run=run, latest=whole_until)
        for key in edited:
            mark = marks[key]
            begins_at = min(mark.planned_until, whole_until or mark.planned_until)
            marks[key] = replace(mark, armed_at=max(mark.armed_at, begins_at))
    return {key: marks[key] for key in wanted}


def _note_what_is_gone(
    config: Config, ledger: Ledger, *, marks: Mapping[Key, Watermark], wanted: Set[Key], run: int, now: datetime
) -> set[Key]:
    """Forget what was edited or switched off, and return that; record since when what is in no file is missing.

    While a file is broken nobody knows which workflows it holds: theirs are not missing, but nothing plans them.
    """
    known, is_over = {workflow.id for workflow in config.workflows}, False
    gone, back, left_out, missing = set[Key](), set[str](), set[str](), set[str]()
    for key, mark in marks.items():
        since = mark.missing_since
        if key.workflow not in known:
            if _is_news(mark.left_out_since, now):
                left_out.add(key.workflow)
            if not config.broken and _is_news(since, now):
                missing.add(key.workflow)
            is_over |= _is_long_missing(mark, now)
        elif key not in wanted:
            gone.add(key)
        elif (since or mark.left_out_since) and not _has_begun_anew(mark, now):
            back.add(key.workflow)
    if gone or back or left_out or missing:
        watermarks.forget(ledger, gone)
        watermarks.note_left_out(ledger, left_out, now=now, run=run, missing=missing)
        watermarks.note_back(ledger, back, now=now)
    if is_over:
        watermarks.forget_long_missing(ledger)
    return gone


def _is_long_missing(mark: Watermark, now: datetime) -> bool:
    return mark.missing_since is not None and now - mark.missing_since >= watermarks.KEPT


def _is_back_late(mark: Watermark, now: datetime) -> bool:
    """Return True for what no file has held for a day, and what has not begun anew since."""
    return _is_long_missing(mark, now) and mark.armed_at <= (mark.missing_since or now)


def _has_begun_anew(mark: Watermark, now: datetime) -> bool:
    """Return True for what is back late, lately: should the clock be wrong, it goes on from where it was."""
    return _is_back_late(mark, now) or (_is_long_missing(mark, now) and now - mark.armed_at < UNCERTAIN)


def _is_news(since: datetime | None, now: datetime) -> bool:
    """Return True if it is to be recorded since when a workflow is left out; a clock that was ahead does not count."""
    return since is None or since > now


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
