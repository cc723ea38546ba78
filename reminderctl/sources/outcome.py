"""A source in one run, from what was known of it to what became of its reading."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from reminderctl.core.comparing import find_common_move
from reminderctl.core.timing import parse_instant
from reminderctl.ledger.readings import SourceReading
from reminderctl.sources.readers import Reader
from reminderctl.sources.reading import Plan, Taken
from reminderctl.text import compact_length


class Written(Struct, frozen=True, kw_only=True):
    """The changes of sources.db: numbers of bookings. `overtaken`: a later reading was there, and nothing was done."""

    new: int = 0
    changed: int = 0
    canceled: int = 0
    overtaken: bool = False


class SyncedSource(Struct, kw_only=True):
    """A source in one run: what was known of it `before`, what was read, or the error; neither where it was not due.

    `is_slow` where the failure took its time, `is_silent` where it failed when it was asked again.
    """

    plan: Plan
    before: SourceReading
    reader: Reader | None = None
    taken: Taken | None = None
    written: Written = Written()
    error: str | None = None
    is_slow: bool = False
    is_silent: bool = False

    @property
    def name(self) -> str:
        """The name in the YAML."""
        return self.plan.settings.name

    @property
    def after(self) -> SourceReading:
        """The state of the source after this run, as the ledger records it."""
        now = self.plan.now
        if self.error is not None:
            since = self.before.failing_since or now
            return self.before._replace(
                tried_at=now,
                failures=self.before.failures + 1,
                failing_since=since,
                error=self.error,
                slow=int(self.is_slow),
            )
        if self.taken is None:
            return self.before
        read = self.before._replace(read_at=now, tried_at=now, failures=0, failing_since=None, error=None, slow=0)
        if self.taken.unchanged:
            return read._replace(missing=0, bad=len(self.taken.bad))
        absence = self.taken.absence
        return read._replace(missing=absence.missing, coming=absence.coming, bad=len(self.taken.bad))

    def describe_move(self) -> str | None:
        """Return that most bookings were moved by the same length of time; it is obeyed, and may be a mistake there."""
        taken, now = self.taken, self.plan.now
        if self.error is not None or taken is None or not taken.changed:
            return None
        coming = {name: each for name, each in taken.known.items() if each.is_alive and each.ends_at > now}
        moves = [
            parse_instant(rows[0].details.starts_at) - coming[name].starts_at
            for name, (_, rows) in taken.changed.items()
            if name in coming
        ]
        found = find_common_move(moves, of=len(coming))
        if found is None:
            return None
        length, number = found
        way = "later" if length > timedelta() else "earlier"
        return (
            f"{number} of its {len(coming)} coming bookings moved by the same length of time at once, "
            f"{compact_length(abs(length))} {way}: a zone setting may have changed"
        )

    def as_json(self) -> dict[str, object]:
        """Return what happened, for a program."""
        if self.error is not None:
            state = "failing"
        elif self.taken is None:
            state = "not due"
        elif self.after.missing:
            state = "missing"
        else:
            state = "unchanged" if self.taken.is_as_stored else "ok"
        counts = {name: getattr(self.written, name) for name in ("new", "changed", "canceled")}
        found: dict[str, object] = {"state": state, **counts, "missing": self.after.missing, "bad": self.after.bad}
        return found | ({"error": self.error} if self.error is not None else {})
