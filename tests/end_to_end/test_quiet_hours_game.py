"""Games of chance with quiet hours: weeks, zones, nights with a change of clocks, outages and late bookings.

The judge counts minutes, one by one, and shares nothing with the program but the rules: no message in a closed minute,
none lost that had an open one before its deadline.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from tests.clinic import SETTINGS, Clinic, at, written

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("Europe/Madrid", "America/Mexico_City", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
BEGINNINGS = ("2026-03-27T12:00Z", "2026-10-23T12:00Z", "2026-04-03T00:00Z", "2026-07-10T00:00Z", "2026-10-30T06:00Z")
OFFSETS = (45, 120, 360, 720, 1500)  # minutes before a start
LONGEST_GRACE = 720


class Game(NamedTuple):
    """The rules of one game, and the instants at which cron calls."""

    week: tuple[tuple[int, int] | None, ...]
    outside: tuple[str, ...]
    notice: int
    offset: int
    runs: list[datetime]


class Visit(NamedTuple):
    """A booking, since when it is there."""

    name: str
    starts_at: datetime
    zone: str
    booked_at: datetime


def deal(chance: Random) -> tuple[Game, list[Visit]]:
    week = [deal_day(chance) for _ in DAYS]
    week[chance.randrange(7)] = (9 * 60, 20 * 60)
    begins = at(chance.choice(BEGINNINGS))
    step = chance.choice((10, 15, 15, 20)) * MINUTE
    runs = [begins + number * step for number in range(int(2.5 * DAY / step))]
    for _ in range(3):
        since = begins + chance.randrange(3 * 24) * HOUR
        until = since + chance.randrange(1, 14) * HOUR
        runs = [each for each in runs if not since < each < until]
    outside = chance.choice((("later", "earlier"), ("earlier", "later"), ("later",), ("earlier",)))
    armed = begins - MINUTE
    game = Game(tuple(week), outside, chance.choice((0, 30, 120)), chance.choice(OFFSETS), [armed, *runs])
    visits = [
        Visit(
            f"b{number}",
            begins + (26 * 60 + chance.randrange(32 * 60)) * MINUTE,
            chance.choice(ZONES),
            begins if chance.random() < 0.7 else begins + chance.randrange(30 * 60) * MINUTE,
        )
        for number in range(14)
    ]
    return game, visits


def deal_day(chance: Random) -> tuple[int, int] | None:
    if chance.random() < 0.15:
        return None
    opens = chance.choice((0, 90, 130, 150, 420, 540, 600))
    return opens, chance.choice([each for each in (170, 180, 600, 1020, 1260, 1440) if each > opens])


# --- the judge --------------------------------------------------------------------------------------------------------


def is_open(game: Game, zone: str, instant: datetime) -> bool:
    info = ZoneInfo(zone)
    here = instant.astimezone(info).date()
    return any(is_open_by(game.week[day.weekday()], day, instant, info) for day in (here - DAY, here, here + DAY))


def is_open_by(span: tuple[int, int] | None, day: date, instant: datetime, zone: ZoneInfo) -> bool:
    """Whether an instant is in the open time of one day."""
    if span is None:
        return False
    walls = [datetime.combine(day, time()) + minutes * MINUTE for minutes in span]
    opens, closes = [wall.replace(tzinfo=zone, fold=0).astimezone(UTC) for wall in walls]
    if all(
        each.astimezone(zone).replace(tzinfo=None) != wall for each, wall in zip((opens, closes), walls, strict=True)
    ):
        return False
    return opens <= instant < closes


def open_minutes(game: Game, zone: str, *, since: datetime, until: datetime) -> list[datetime]:
    every = [since + number * MINUTE for number in range(int((until - since) / MINUTE))]
    return [each for each in every if is_open(game, zone, each)]


def may_be_sent(game: Game, visit: Visit) -> tuple[list[datetime], bool]:
    """The open minutes in which the message may be sent, and whether nobody can say if its booking came too late."""
    due, start = visit.starts_at - game.offset * MINUTE, visit.starts_at
    grace = min(max(game.offset // 2, 15), LONGEST_GRACE)
    after = open_minutes(game, visit.zone, since=due, until=start)[: grace + 1]
    if is_open(game, visit.zone, due):
        return after, False
    later = after if "later" in game.outside and after and start - after[0] >= game.notice * MINUTE else []
    before = open_minutes(game, visit.zone, since=due - 8 * DAY, until=due)
    last = before[-15:]
    stretch = [each for each in last if last[-1] - each == (len(last) - 1 - last.index(each)) * MINUTE]
    before_run = max((run for run in game.runs if run <= visit.booked_at), default=game.runs[0])
    known = visit.booked_at <= stretch[0]
    unclear = not known and stretch[0] > before_run - 6 * MINUTE
    early = stretch if "earlier" in game.outside and known else []
    if game.outside[0] == "earlier" and early:
        return early + later, unclear
    return later or early, unclear and "earlier" in game.outside and not (later and game.outside[0] == "later")


def judge(game: Game, visit: Visit, found: dict[str, str]) -> None:
    """Look at one message in the end."""
    due = visit.starts_at - game.offset * MINUTE
    before = max((run for run in game.runs if run < visit.booked_at), default=game.runs[0])
    if found["state"] == "sent":
        minute = at(found["settled_at"])
        assert is_open(game, visit.zone, minute), f"{visit}: sent in a closed minute, {minute}"
    allowed, unclear = may_be_sent(game, visit)
    if unclear or due <= before + 6 * MINUTE:
        return  # the booking may have come too late for its message, or just not
    chances = [run for run in game.runs if run in set(allowed) and run >= visit.booked_at]
    if chances:
        assert found["state"] == "sent", f"{visit}: lost, although {chances[0]} was open: {found}"
        assert at(found["settled_at"]).replace(second=0) == chances[0], f"{visit}: sent late: {found}"
    else:
        assert found["state"] in ("expired", "canceled"), f"{visit}: {found}"
        assert allowed or found["error"].startswith("quiet hours: "), f"{visit}: {found}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_nothing_rings_in_a_closed_minute_and_nothing_is_lost(seed: int, tmp_path: Path) -> None:
    chance = Random(seed)  # noqa: S311 - a game
    game, visits = deal(chance)
    clinic = Clinic(tmp_path / "clinic")
    spans = {day: span for day, span in zip(DAYS, game.week, strict=True) if span}
    week = ", ".join(f"{day}: {clock(opens)}-{clock(closes)}" for day, (opens, closes) in spans.items())
    rules = f"outside: [{', '.join(game.outside)}], least_notice: {game.notice}m"
    clinic.write(
        f"- {{id: w, when: {game.offset} minutes before start, actions: [{{send: sms, to: customer, body: b}}]}}\n",
        settings=f"{SETTINGS}quiet_hours: {{open: {{{week}}}, {rules}}}\n",
    )
    waiting = sorted(visits, key=lambda visit: visit.booked_at)
    for instant in game.runs:
        while waiting and waiting[0].booked_at <= instant:
            visit = waiting.pop(0)
            customer = {"id": visit.name, "timezone": visit.zone}
            clinic.book(visit.name, written(visit.starts_at), customers=(customer,))
        clinic.command("run", "--now", written(instant))
    found = {each["booking"]: each for each in clinic.deliveries()}
    for visit in visits:
        if visit.name in found:
            judge(game, visit, found[visit.name])
        else:
            before = max((run for run in game.runs if run < visit.booked_at), default=game.runs[0])
            due = visit.starts_at - game.offset * MINUTE
            assert due > game.runs[-1] or due <= before, f"{visit}: forgotten"


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
