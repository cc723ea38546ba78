"""The facts and the findings of `status`; as JSON, its answer to a program."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

from reminderctl.ledger.stats import Count, Held, LastRun, WaitingStats
from reminderctl.ledger.unreadable import UnreadableBooking


class Level(StrEnum):
    """The severity, in the words of monitoring."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def number(self) -> int:
        """Return the exit code that monitoring plugins give it."""
        return list(Level).index(self)


class HealthFinding(Struct, frozen=True):
    """Something that a person should know: how bad, about what, and in words."""

    level: Level
    about: str
    what: str


CircuitState = Literal["ok", "idle", "failing", "throttled", "down"]


class CircuitStatus(Struct, frozen=True, kw_only=True):
    """One channel, or one host that webhooks go to.

    `failing` has met errors since it last worked, but too few to be rested; `throttled` was asked to slow down; `down`
    is rested, and probed now and then; `idle` has sent nothing yet.
    """

    channel: str
    circuit: str
    state: CircuitState
    used: bool  # by an enabled workflow
    down_since: datetime | None = None
    rests: bool = False
    rests_until: datetime | None = None  # or rested: not long after its last attempt
    last_sent_at: datetime | None = None
    failures: int = 0
    waiting: int = 0
    first_expires_at: datetime | None = None
    error: str | None = None


class SourceFacts(Struct, frozen=True, kw_only=True):
    """A source of the YAML: when it was last read, and what is wrong with it since."""

    source: str
    read_at: datetime | None = None
    age_seconds: int | None = None
    is_too_old: bool = False  # for `max_age`
    failing_since: datetime | None = None
    missing: int = 0
    bad: int = 0
    error: str | None = None


class ClockFacts(Struct, frozen=True, kw_only=True):
    """The configured zone, what its clocks show, and the data that zones come from."""

    timezone: str | None
    local: str | None
    tzdata: str | None
    tzdata_from: str | None


class Space(Struct, frozen=True, kw_only=True):
    """Bytes: free where the ledger lies, and taken by it."""

    free: int
    ledger: int
    wal: int


class Facts(Struct, frozen=True, kw_only=True):
    """The facts, before anybody judges them; None where one could not be found out."""

    now: datetime
    config: str | None = None
    outbox: str | None = None
    last_run: LastRun | None = None
    last_run_age_seconds: int | None = None
    lag_seconds: int | None = None
    due_now: int | None = None
    next_due_at: datetime | None = None
    waiting: WaitingStats | None = None
    overdue: WaitingStats | None = None
    retried: WaitingStats | None = None
    deliveries: dict[str, Count] = {}
    held: list[Held] = []
    missing: WaitingStats | None = None
    unreadable: list[UnreadableBooking] = []
    incomplete_since: datetime | None = None  # the last run that saw all bookings, where a later one did not
    stuck: list[str] = []  # what has been on its way for longer than any attempt takes
    channels: list[CircuitStatus] = []
    sources: list[SourceFacts] = []
    clock: ClockFacts | None = None
    space: Space | None = None
    versions: dict[str, str] = {}


class Health(Struct, frozen=True, kw_only=True):
    """The verdict: the worst level, the same in words, every finding with the worst first, and the facts."""

    level: Level
    verdict: str
    findings: list[HealthFinding]
    facts: Facts

    def as_json(self) -> dict[str, Any]:
        """Return one flat object."""
        import msgspec

        verdict = {"level": self.level.value, "verdict": self.verdict, "findings": self.findings}
        return msgspec.to_builtins(verdict) | msgspec.to_builtins(self.facts)  # type: ignore[no-any-return]  # dicts
