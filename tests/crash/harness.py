"""One season of a clinic whose runs are killed, minute after minute, until a number of kills is reached."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple

from tests.clinic import Clinic, at, written
from tests.crash import killed_run, points
from tests.crash.counterparts import Counterparts, Trap, serve
from tests.crash.judge import Finding, Owed, Tally, all_ended, judge
from tests.providers import HTTP_PROVIDERS, write_secrets

FIRST_MINUTE = at("2026-06-10T08:00Z")
MINUTE, OFFSET = timedelta(minutes=1), timedelta(hours=1)
MOST_VISITS_A_MINUTE = 5
FAULTS = 0.1  # the share of requests that meet one
UNDISTURBED = 0.2  # the share of minutes with two runs that nobody means to kill
PATIENCE = 60.0  # seconds; a run that takes longer hangs
MOST_COMPLAINTS = 5  # after which there is no use in going on
MOST_OVERTIME = 60  # clean runs after the last kill, five minutes apart: by then everything has ended
SMS = ("sms twilio", "sms vonage", "sms infobip")
WORKFLOW = """\
- id: visits
  when: 1 hour before start
  grace: 12h
  actions:
    - {{send: webhook, url: "{webhook}/visits", json: {{visit: "{{appointment_id}}"}}}}
    - {{send: email, to: customer, subject: Visit, body: "{{appointment_id}}"}}
    - {{send: sms, to: customer, body: "{{appointment_id}}"}}
    - {{send: telegram, to: customer, body: "{{appointment_id}}"}}
    - {{send: whatsapp, to: customer, template: visit, language: es, parameters: ["{{appointment_id}}"]}}
"""


@dataclass
class Season:
    """What is to be played: `kills` runs killed, the points in an order drawn by the seed."""

    seed: str
    kills: int
    sms: str = SMS[0]
    variant: str | None = None
    faults: float = FAULTS
    undisturbed: float = UNDISTURBED
    where: tuple[str, ...] = points.ALL


@dataclass
class Result:
    """What became of a season."""

    finding: Finding
    tally: Tally
    kills: Counter[str]
    runs: int
    seconds: float


class Run(NamedTuple):
    """A process, and which of the season's processes it is."""

    number: int
    process: ForkServerProcess


class Played(NamedTuple):
    """A season, what became of it, and where its files are if somebody should look at them."""

    season: Season
    result: Result
    folder: Path


@dataclass
class _Play:
    """A season under way."""

    season: Season
    folder: Path
    clinic: Clinic
    counterparts: Counterparts
    minute: datetime = FIRST_MINUTE
    visits: int = 0
    started: int = 0
    usual_seconds: float = 1.0
    killed: set[int] = field(default_factory=set)  # numbers of processes
    kills: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


def naive_season(variant: str, *, kills: int = 0, where: tuple[str, ...] = points.NAIVE) -> Season:
    """One in which nothing goes wrong but kills, so that they alone are what a naive sender stumbles over."""
    return Season("1", kills, variant=variant, faults=0.0, undisturbed=0.0, where=where)


def play(season: Season, folder: Path) -> Result:
    """Play a season in an empty folder, and judge it."""
    began = time.monotonic()
    counterparts = Counterparts(folder / "evidence.jsonl", seed=season.seed, faults=season.faults)
    names = [season.sms, "webhook", "whatsapp meta", "telegram"]
    (folder / "trace").touch()
    try:
        with serve(counterparts, names) as places:
            game = _Play(season, folder, _open_clinic(folder / "clinic", names, places), counterparts)
            _end(game, _start(game))  # arms the trigger
            _kill_run_after_run(game)
            _let_all_end(game)
    finally:
        counterparts.close()
    modules = dict.fromkeys(("webhook", "email", "telegram")) | {"whatsapp": "meta", "sms": season.sms.split()[1]}
    finding, tally = judge(
        folder / "clinic" / "ledger.db",
        folder / "evidence.jsonl",
        {Owed(f"visit-{number}", channel) for number in range(1, game.visits + 1) for channel in modules},
        modules={name: f"{name}.{provider}" if provider else name for name, provider in modules.items()},
        killed_runs=_killed_runs(game),
    )
    finding.untrue += game.complaints
    return Result(finding, tally, game.kills, game.started, time.monotonic() - began)


def play_apart(season: Season) -> Played:
    """Play a season in a folder of its own, which is kept where the judge found something."""
    folder = Path(tempfile.mkdtemp(prefix=f"reminderctl-crash-{season.seed}-"))
    result = play(season, folder)
    if not result.finding.all():
        shutil.rmtree(folder)
    return Played(season, result, folder)


def _open_clinic(folder: Path, names: list[str], places: dict[str, Any]) -> Clinic:
    clinic = Clinic(folder)
    write_secrets(folder)
    channels = f"  email: {{host: 127.0.0.1, port: {places['email']}, security: none, from: citas@example.com}}\n"
    channels += "".join(HTTP_PROVIDERS[name].settings.format(url=places[name], timeout=20) for name in names)
    clinic.write(WORKFLOW.format(webhook=places["webhook"]), settings=f"timezone: Europe/Madrid\nchannels:\n{channels}")
    return clinic


def _kill_run_after_run(game: _Play) -> None:
    """Each minute some visits fall due, and its run is killed, if it comes to where it is to die."""
    dice = random.Random(game.season.seed)  # noqa: S311 - a lot, not a secret
    plan: list[str] = []
    tries = 0
    while game.kills.total() < game.season.kills and len(game.complaints) < MOST_COMPLAINTS:
        if dice.random() < game.season.undisturbed:
            _book_visits(game, dice.randint(1, MOST_VISITS_A_MINUTE))
            _play_quiet_minute(game, dice)
        if not plan:
            plan = dice.sample(game.season.where, len(game.season.where))
        point = plan.pop()
        tries += 1
        _book_visits(game, dice.randint(1, MOST_VISITS_A_MINUTE))
        if _play_minute(game, point, dice, tries=tries):
            game.kills[point] += 1
            tries = 0
        elif tries == 10:
            game.complaints.append(f"no run could be killed: {point}")
            tries = 0
        else:
            plan.append(point)


def _book_visits(game: _Play, number: int) -> None:
    game.minute += MINUTE
    for _ in range(number):
        game.visits += 1
        customer = {"id": "ana", "telegram": "123456789"}
        game.clinic.book(f"visit-{game.visits}", written(game.minute + OFFSET), customers=(customer,))


def _play_quiet_minute(game: _Play, dice: random.Random) -> None:
    """Two runs, the second of which begins while the first is at work."""
    began = time.monotonic()
    first = _start(game)
    first.process.join(dice.uniform(0, game.usual_seconds))
    second = _start(game)
    if _end(game, first) or _end(game, second):
        game.complaints.append("a run died that nobody meant to kill")
    game.usual_seconds += ((time.monotonic() - began) / 1.5 - game.usual_seconds) / 4


def _play_minute(game: _Play, point: str, dice: random.Random, *, tries: int) -> bool:
    """One run, and its end: whether it was killed; after a vain try it dies at the first occasion, or sooner."""
    inside = next((each for each in points.INSIDE if each.name == point), None)
    number = 1 if tries > 1 else dice.randint(1, inside.most if inside else 6)
    longest = game.usual_seconds / 2 ** (tries - 1)
    run = _start(game, point, number)
    if point in points.OUTSIDE:
        game.counterparts.set_trap(Trap(point, number, run.process))
    beside = None
    if point == points.BESIDE:
        run.process.join(dice.uniform(0, longest))
        beside = _start(game)
    if point in (points.RANDOM, points.BESIDE):
        run.process.join(dice.uniform(0, longest))
        run.process.kill()
    killed = _end(game, run)
    game.counterparts.set_trap(None)
    if beside and _end(game, beside):
        game.complaints.append("the run beside the killed one died too")
    return killed


def _start(game: _Play, point: str = killed_run.NOWHERE, call: int = 1) -> Run:
    """`reminderctl run` of this minute, in a process of its own; perhaps one that dies."""
    game.started += 1
    arguments = ("--config", str(game.clinic.folder / "workflows.yaml"), "run", "--now", written(game.minute))
    orders = killed_run.Orders(arguments, game.folder, game.started, point, call, game.season.variant)
    return Run(game.started, killed_run.start(orders))


def _end(game: _Play, run: Run) -> bool:
    """Wait for a run, whether it was killed; complain where it ended neither well nor so."""
    run.process.join(PATIENCE)
    if run.process.exitcode is None:
        game.complaints.append(f"a run still ran after {PATIENCE:g} s")
        run.process.kill()
        run.process.join()
    status = run.process.exitcode
    run.process.close()
    stderr = game.folder / f"stderr-{run.number}"
    said = stderr.read_text(encoding="utf-8", errors="replace") if stderr.exists() else ""
    stderr.unlink(missing_ok=True)
    if "Traceback" in said or "a bug in reminderctl" in said or status not in (0, 1, -SIGKILL):
        game.complaints.append(f"a run ended with status {status} and said: {said}")
    if status == -SIGKILL:
        game.killed.add(run.number)
    return status == -SIGKILL


def _let_all_end(game: _Play) -> None:
    """Run undisturbed until nothing is open."""
    game.counterparts.faults = 0
    for _ in range(MOST_OVERTIME):
        game.minute += 5 * MINUTE
        _end(game, _start(game))
        if all_ended(game.clinic.folder / "ledger.db"):
            return


def _killed_runs(game: _Play) -> set[int]:
    """The numbers of the runs that were killed; one whose planning was undone leaves its number to the next."""
    last: dict[int, int] = {}
    for line in (game.folder / "trace").read_text(encoding="utf-8").splitlines():
        process, number = map(int, line.split())
        last[number] = process
    return {number for number, process in last.items() if process in game.killed}
