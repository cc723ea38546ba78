"""The judge: compares what was owed, what the counterparts accepted, and what the ledger says of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from reminderctl import channels
from reminderctl.channels import OnUnknown

FINAL = ("sent", "failed", "unknown", "canceled", "expired")
DIED = "the run that was sending it died"
TELLS_REPETITIONS = ("sms.infobip",)  # by our id: for whoever gets the SMS it is one


class Owed(NamedTuple):
    """What the bookings and the workflow ask for: one message of a channel for one visit."""

    visit: str
    channel: str

    def __str__(self) -> str:
        return f"{self.channel} for {self.visit}"


@dataclass
class Finding:
    """What the judge has to say against the promise; nothing, if all is well."""

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)  # doubts without a kill or a fault behind them
    untrue: list[str] = field(default_factory=list)  # what the ledger, or a run, says and is not so

    def all(self) -> list[str]:
        """Every charge in a sentence."""
        return [
            f"{name}: {each}"
            for name in ("lost", "duplicates", "unexplained", "untrue")
            for each in getattr(self, name)
        ]


@dataclass
class Tally:
    """What may be counted without blame."""

    deliveries: int = 0
    accepted: int = 0
    repeated: Counter[str] = field(default_factory=Counter)  # by channel, as its rule allows after an unknown attempt
    unknown: Counter[str] = field(default_factory=Counter)  # by channel, for a person to look at
    unknown_but_accepted: int = 0
    unknown_attempts: int = 0


class _Attempt(NamedTuple):
    run: int
    outcome: str | None
    error: str | None


@dataclass
class _Case:
    """All that is known of one delivery."""

    states: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    attempts: list[_Attempt] = field(default_factory=list)
    acceptances: int = 0
    faults: int = 0
    travelled_keys: set[str] = field(default_factory=set)

    @property
    def unknown_attempts(self) -> list[_Attempt]:
        return [attempt for attempt in self.attempts if attempt.outcome == "unknown"]


def judge(
    ledger: Path, evidence: Path, owed: Collection[Owed], *, modules: Mapping[str, str], killed_runs: Collection[int]
) -> tuple[Finding, Tally]:
    """Look at every delivery; `modules` names each channel's provider, `killed_runs` the runs that were killed."""
    cases = _collect(ledger, evidence)
    finding, tally = Finding(), Tally(deliveries=len(owed))
    for what in sorted(cases.keys() | set(owed)):
        case = cases[what]
        if what not in owed:
            finding.untrue.append(f"{what}: was never owed")
            continue
        finding.lost += _find_loss(what, case)
        finding.duplicates += _find_duplicate(what, case, module=modules[what.channel])
        finding.unexplained += _find_groundless_doubt(what, case, killed_runs)
        finding.untrue += _find_untruth(what, case)
        _count(what, case, tally)
    finding.untrue += _find_hoarding(cases, modules)
    return finding, tally


def all_ended(ledger: Path) -> bool:
    """Whether every delivery is in a final state."""
    with closing(_read(ledger)) as connection:
        states = {state for (state,) in connection.execute("SELECT DISTINCT state FROM deliveries")}
    return states <= set(FINAL)


def _read(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)


def _collect(ledger: Path, evidence: Path) -> defaultdict[Owed, _Case]:
    cases: defaultdict[Owed, _Case] = defaultdict(_Case)
    with closing(_read(ledger)) as connection:
        for number, visit, channel, state, key in connection.execute(
            "SELECT id, booking, channel, state, key FROM deliveries"
        ).fetchall():
            case = cases[Owed(visit, channel)]
            case.states.append(state)
            case.keys.add(key)
            rows = connection.execute("SELECT run, outcome, error FROM attempts WHERE delivery = ?", (number,))
            case.attempts += [_Attempt(*row) for row in rows]
    for line in evidence.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        case = cases[Owed(event["visit"], event["channel"])]
        case.acceptances += event["event"] == "acceptance"
        case.faults += event["event"] == "fault"
        case.travelled_keys |= {event["key"]} - {""}
    return cases


def _find_loss(what: Owed, case: _Case) -> Iterator[str]:
    """Nothing runs out of time here, so that only a doubt excuses a message that nobody accepted."""
    if not case.states:
        yield f"{what}: was never planned"
    elif not case.acceptances and case.states != ["unknown"]:
        yield f"{what}: nobody accepted it, and the ledger says {case.states}"


def _find_duplicate(what: Owed, case: _Case, *, module: str) -> Iterator[str]:
    rule = channels.module(module).POLICY.on_unknown
    doubts = len(case.unknown_attempts)
    allowed = {OnUnknown.HOLD: 1, OnUnknown.RESEND_ONCE: min(1 + doubts, 2), OnUnknown.RESEND: 1 + doubts}[rule]
    if module in TELLS_REPETITIONS:
        allowed = 1
    if case.acceptances > allowed:
        yield f"{what}: accepted {case.acceptances} times; {rule.value} and {doubts} unknown attempts allow {allowed}"


def _find_groundless_doubt(what: Owed, case: _Case, killed_runs: Collection[int]) -> Iterator[str]:
    elsewhere = [attempt for attempt in case.unknown_attempts if not (attempt.error or "").startswith(DIED)]
    if len(elsewhere) > case.faults:
        yield f"{what}: {len(elsewhere)} unknown attempts, and its counterpart had {case.faults} faults"
    for attempt in case.unknown_attempts:
        if (attempt.error or "").startswith(DIED) and attempt.run not in killed_runs:
            yield f"{what}: run {attempt.run} is said to have died, and nobody killed it"
    if "unknown" in case.states and not case.unknown_attempts:
        yield f"{what}: unknown without an unknown attempt"


def _find_untruth(what: Owed, case: _Case) -> Iterator[str]:
    if len(case.states) > 1:
        yield f"{what}: stands in the ledger {len(case.states)} times"
    for state in case.states:
        if state not in FINAL:
            yield f"{what}: is still {state}"
        elif case.acceptances and state not in ("sent", "unknown"):
            yield f"{what}: was accepted, and the ledger says {state}"
    if any(attempt.outcome is None for attempt in case.attempts):
        yield f"{what}: an attempt has no end"
    if case.travelled_keys - case.keys:
        yield f"{what}: travelled as {sorted(case.travelled_keys)}, and its key is {sorted(case.keys)}"


def _find_hoarding(cases: Mapping[Owed, _Case], modules: Mapping[str, str]) -> Iterator[str]:
    """Where a person has to decide, a run claims no more than its workers can have begun when it dies."""
    left_behind = Counter(
        (attempt.run, what.channel)
        for what, case in cases.items()
        for attempt in case.unknown_attempts
        if (attempt.error or "").startswith(DIED)
    )
    for (run, channel), number in left_behind.items():
        rules = channels.module(modules[channel]).POLICY
        if rules.on_unknown is OnUnknown.HOLD and number > rules.workers:
            yield f"{channel}: run {run} died with {number} of them claimed, and has {rules.workers} workers"


def _count(what: Owed, case: _Case, tally: Tally) -> None:
    tally.accepted += case.acceptances
    tally.unknown_attempts += len(case.unknown_attempts)
    tally.repeated[what.channel] += max(case.acceptances - 1, 0)
    tally.unknown[what.channel] += "unknown" in case.states
    tally.unknown_but_accepted += "unknown" in case.states and case.acceptances > 0
