"""`status` and the heartbeat: what a sysadmin is told, when, and how loudly."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from reminderctl.ledger.stats import LastRun, WaitingStats
from reminderctl.reports import health
from reminderctl.reports.health.evaluate import evaluate
from reminderctl.reports.health.models import CircuitStatus, Facts, Space
from reminderctl.reports.health.prometheus import write_metrics
from tests import http_server, smtp_server
from tests.clinic import SETTINGS, Clinic, at, written

WORKFLOW = """\
- id: reminder
  when: 1 hour before start
  actions: [{send: email, to: customer, subject: s, body: b}]
"""
TWICE = WORKFLOW.replace("1 hour before start", "[1 day before start, 1 hour before start]")
MAIL = """\
timezone: Europe/Madrid
channels:
  email: {{host: 127.0.0.1, port: {port}, security: none, username: citas, password: s3cret, from: a@example.com}}
"""
SMS = """\
timezone: Europe/Madrid
channels:
  sms: {{provider: http, url: "{url}", json: {{to: "{{to}}", text: "{{body}}"}}, success: {{status: [200]}}, from: x}}
"""
HALF_AN_HOUR = timedelta(minutes=30)


def status(clinic: Clinic, now: str | datetime, *options: str) -> tuple[int, str]:
    """The exit code and what was printed; the JSON must be JSON and say the same."""
    instant = now if isinstance(now, str) else written(now)
    result = clinic.command("status", "--now", instant, *options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    as_json = json.loads(clinic.command("status", "--now", instant, "--json", *options).stdout)
    assert as_json["level"] == ("ok", "warning", "critical")[result.exit_code]
    assert result.stdout.startswith(as_json["verdict"])
    return result.exit_code, result.stdout


# --- a week with a broken password ------------------------------------------------------------------------------------


def test_a_password_broken_on_day_three_is_told_at_once_and_after_its_repair_nothing_in_its_grace_is_lost(
    clinic: Clinic,
) -> None:
    with smtp_server.serve(EHLO="250-mx.test\n250 AUTH PLAIN") as server:
        clinic.write(TWICE, settings=MAIL.format(port=server.port))
        for day in range(12, 21):
            for hour in (10, 11, 18):
                clinic.book(f"{day}-{hour}", f"2026-01-{day}T{hour:02}:00Z", customers=(f"c{day}-{hour}",))
        now, broken, mended = at("2026-01-12T00:00Z"), at("2026-01-14T09:00Z"), at("2026-01-14T18:00Z")
        said = {}
        while now <= at("2026-01-19T00:00Z"):
            if now == broken:
                server.script(AUTH="535 5.7.8 Authentication credentials invalid")
            if now == mended:
                server.script(AUTH="235 2.7.0 Welcome")
            clinic.command("run", "--now", written(now))
            if now in (broken - HALF_AN_HOUR, at("2026-01-14T12:00Z"), at("2026-01-18T23:30Z")):
                said[now] = status(clinic, now, "--max-lag", "1h")
            now += HALF_AN_HOUR
    before, during, after = said.values()
    assert before[0] == after[0] == 0
    assert before[1].startswith("OK: last run 0 s ago, 6 sent in the last 24 hours, nothing waiting\n")
    code, printed = during
    first = printed.splitlines()[0]
    assert code == 2
    assert first.startswith("CRITICAL: email is down since Wed 14 Jan 10:00: 127.0.0.1 refused the login: 535 5.7.8")
    assert "correct `channels.email` and its secrets" in first
    assert "2 deliveries are waiting, the first until Wed 14 Jan 23:00" in first
    assert "s3cret" not in printed
    due = [each for each in clinic.deliveries() if each["due_at"] <= written(at("2026-01-19T00:00Z"))]
    lost = {each["expires_at"] for each in due if each["state"] == "expired"}
    assert lost, "an hour before the start is half an hour late at most"
    assert all(written(broken) <= expires <= written(mended) for expires in lost)
    assert {each["state"] for each in due if each["expires_at"] not in lost} == {"sent"}
    addressed = [command for command in server.commands if command.startswith("RCPT")]
    assert len(server.contents) == len(addressed) == sum(each["state"] == "sent" for each in due)
    assert max(Counter(addressed).values()) == 2, "a day before, and an hour before"


# --- findings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(clinic: Clinic) -> Clinic:
    """A clinic with which all is well at 09:00: one reminder was sent."""
    clinic.write(WORKFLOW)
    clinic.run("2026-06-10T08:00Z")
    clinic.book("b1", "2026-06-10T10:00Z")
    clinic.run("2026-06-10T09:00Z")
    return clinic


def break_file(clinic: Clinic) -> None:
    clinic.write(WORKFLOW.replace("subject", "subjcet"))


def fall_behind(clinic: Clinic) -> None:
    """What only a fault of ours could do: runs begin, and plan nothing."""
    execute(clinic, "UPDATE watermarks SET planned_until = '2026-06-10T07:00:00Z'")


def execute(clinic: Clinic, sql: str) -> None:
    with closing(sqlite3.connect(clinic.folder / "ledger.db")) as connection, connection:
        connection.execute(sql)


def put_back(clinic: Clinic) -> None:
    """A ledger of before the last run, which another run has just used."""
    execute(clinic, "UPDATE runs SET token = 'another'")


def fail(clinic: Clinic) -> None:
    clinic.book("b2", "2026-06-10T10:00Z", customers=({"id": "eva", "email": None},))
    clinic.run("2026-06-10T09:00Z", exits=1)


def hold(clinic: Clinic) -> None:
    clinic.write(WORKFLOW.replace("when:", "max_burst: 0\n  when:"))
    clinic.book("b2", "2026-06-10T10:00Z")
    clinic.run("2026-06-10T09:00Z", exits=1)


def damage(clinic: Clinic) -> None:
    """An attempt of a delivery that is not there."""
    execute(clinic, "INSERT INTO attempts (delivery, run, started_at) VALUES (99, 1, '2026-06-10T09:00:00Z')")


FINDINGS: list[tuple[str, Callable[[Clinic], object], str, tuple[str, ...], int, str]] = [
    ("all is well", lambda _: None, "09:01", (), 0, "OK: last run 60 s ago, 1 sent in the last 24 hours"),
    ("no run", lambda _: None, "09:06", (), 2, "no run since Wed 10 Jun 11:00, 6 min ago"),
    ("a longer patience", lambda _: None, "09:06", ("--max-lag", "10m"), 0, "OK"),
    ("planning is behind", fall_behind, "09:00", (), 2, "planning is 2 h behind"),
    (
        "the clock was set back",
        lambda _: None,
        "08:50",
        (),
        1,
        "the clock is behind: the last run was at Wed 10 Jun 11:00",
    ),
    ("a mistake", break_file, "09:00", (), 2, "nothing is sent: "),
    ("no ledger", lambda clinic: (clinic.folder / "ledger.db").unlink(), "09:00", (), 2, "the ledger is missing"),
    (
        "no bookings",
        lambda clinic: (clinic.folder / "bookings.db").unlink(),
        "09:00",
        (),
        2,
        "the bookings database is missing",
    ),
    ("a ledger put back", put_back, "09:00", (), 1, "does not contain the last run"),
    ("failed", fail, "09:01", (), 1, "1 delivery failed in the last 24 hours"),
    ("failed long ago", fail, "2026-06-12T09:01", ("--max-lag", "9d"), 0, "OK"),
    ("held", hold, "09:01", (), 1, "1 delivery of reminder held: more than max_burst at once"),
    ("damaged", damage, "09:00", ("--deep",), 2, "is damaged: 1 attempts belong to no delivery"),
    ("damaged, but nobody looks", damage, "09:00", (), 0, "OK"),
]


@pytest.mark.parametrize(
    ("arrange", "now", "options", "code", "says"), [row[1:] for row in FINDINGS], ids=[row[0] for row in FINDINGS]
)
def test_the_verdict_names_the_worst(
    quiet: Clinic, arrange: Callable[[Clinic], object], now: str, options: tuple[str, ...], code: int, says: str
) -> None:
    arrange(quiet)
    found, printed = status(quiet, f"{now if 'T' in now else f'2026-06-10T{now}'}Z", *options)
    assert says in printed.splitlines()[0]
    assert found == code


def test_a_ledger_that_no_run_has_used_and_no_configuration_are_told(clinic: Clinic) -> None:
    clinic.write(WORKFLOW)
    assert "has never run" in status(clinic, "2026-06-10T09:00Z")[1]
    (clinic.folder / "workflows.yaml").unlink()
    code, printed = status(clinic, "2026-06-10T09:00Z")
    assert code == 2
    assert "no such file" in printed


def test_a_run_after_now_is_not_called_past(quiet: Clinic) -> None:
    _, printed = status(quiet, "2026-06-10T08:50Z")
    (shown,) = (line for line in printed.splitlines() if line.startswith("last run"))
    assert shown == "last run\tWed 2026-06-10 11:00, in the future"


def test_a_missing_secret_does_not_hide_the_rest(quiet: Clinic) -> None:
    quiet.write(WORKFLOW, settings=MAIL.format(port=1).replace("s3cret", '"${SMTP_PASSWORD}"'))
    code, printed = status(quiet, "2026-06-10T09:00Z")
    assert code == 2
    assert "SMTP_PASSWORD" in printed.splitlines()[0]
    assert "1 sent" in printed


def test_one_broken_file_of_a_folder_is_a_warning(clinic: Clinic) -> None:
    (clinic.folder / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (clinic.folder / "a.yaml").write_text(f"workflows:\n{WORKFLOW}", encoding="utf-8")
    (clinic.folder / "b.yaml").write_text("workflows: [", encoding="utf-8")
    folder = ("--config", str(clinic.folder))
    assert clinic.command(*folder, "run", "--now", "2026-06-10T09:00Z").exit_code == 2
    result = clinic.command(*folder, "status", "--now", "2026-06-10T09:00Z")
    assert result.exit_code == 1
    broken = clinic.folder / "b.yaml"
    assert result.stdout.startswith(
        f"WARNING: the workflows in {broken} are paused until the file is fixed: {broken}:1:12: "
    )


def test_what_nobody_knows_is_a_warning_until_a_person_decides(clinic: Clinic) -> None:
    with http_server.serve() as web:
        web.script(http_server.close_after)
        clinic.write(WORKFLOW.replace("email", "sms").replace("subject: s, ", ""), settings=SMS.format(url=web.url))
        clinic.run("2026-06-10T08:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        clinic.run("2026-06-10T09:00Z", exits=1)
    code, printed = status(clinic, "2026-06-10T09:01Z")
    assert (code, printed.split(":")[0]) == (1, "WARNING")
    assert "1 delivery unknown: it may have been sent" in printed
    assert clinic.command("deliveries", "resolve", "1", "--sent", "--now", "2026-06-10T09:01Z").exit_code == 0
    assert status(clinic, "2026-06-10T09:01Z")[0] == 0


NOW = datetime(2026, 6, 10, 9, tzinfo=UTC)
FINE: dict[str, Any] = {
    "now": NOW,
    "waiting": WaitingStats(),
    "last_run": LastRun(at=NOW, report=None),
    "last_run_age_seconds": 0,
}
DOWN = CircuitStatus(channel="email", circuit="email", state="down", used=True, failures=3, down_since=NOW)


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        ({"space": Space(free=49_000_000, ledger=1, wal=0)}, "critical"),
        ({"space": Space(free=51_000_000, ledger=1, wal=0)}, "warning"),
        ({"space": Space(free=10**9, ledger=1, wal=0)}, None),
        ({"channels": [structs.replace(DOWN, rests_until=NOW)]}, "critical"),
        ({"channels": [structs.replace(DOWN, rests_until=NOW - timedelta(days=2))]}, "warning"),
        ({"channels": [structs.replace(DOWN, rests_until=NOW - timedelta(days=2), waiting=1)]}, "critical"),
        ({"channels": [structs.replace(DOWN, state="failing")]}, None),
        ({"channels": [structs.replace(DOWN, state="throttled", waiting=1)]}, "warning"),
        ({"retried": WaitingStats(deliveries=1)}, "warning"),
        ({"overdue": WaitingStats(deliveries=1)}, "warning"),
    ],
)
def test_what_is_hard_to_bring_about_is_judged_by_its_figures(facts: dict[str, Any], level: str | None) -> None:
    found = [finding.level for finding in evaluate(Facts(**FINE | facts), timedelta(minutes=5))]
    assert found == ([level] if level else [])


# --- the collector's file ---------------------------------------------------------------------------------------------

_VALUE = r'"(?:[^"\\\n]|\\\\|\\"|\\n)*"'
_SAMPLE = re.compile(rf"(reminderctl_[a-z_]+)(?:\{{((?:[a-z]+={_VALUE},?)+)\}})? (-?\d+(?:\.\d+)?(?:e\+\d+)?)")


def samples(text: str) -> dict[str, float]:
    """Every sample by name and labels; each follows the HELP and TYPE of its metric, and stands once."""
    found: dict[str, float] = {}
    announced = ""
    lines = text.split("\n")
    assert lines.pop() == "", "the last line ends, too"
    for line in lines:
        if about := re.fullmatch(r"# (HELP|TYPE) (reminderctl_[a-z_]+) (.+)", line):
            announced = about[2]
            assert about[1] == "HELP" or about[3] == "gauge"
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        assert sample[1] == announced
        name = f"{sample[1]}{{{sample[2]}}}" if sample[2] else sample[1]
        assert name not in found
        found[name] = float(sample[3])
    return found


def test_the_file_for_prometheus_is_whole_readable_by_all_and_says_the_same(quiet: Clinic, tmp_path: Path) -> None:
    path = tmp_path / "reminderctl.prom"
    path.write_text("old")
    assert quiet.command("status", "--now", "2026-06-10T09:01Z", "--quiet", "--prometheus", str(path)).stdout == ""
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == [path.name]
    found = samples(path.read_text(encoding="utf-8"))
    assert found["reminderctl_status"] == 0
    assert found["reminderctl_last_run_timestamp_seconds"] == at("2026-06-10T09:00Z").timestamp()
    assert found["reminderctl_lag_seconds"] == 60
    assert found['reminderctl_deliveries{state="sent"}'] == 1
    assert found["reminderctl_held"] == 0
    assert found['reminderctl_channel_up{channel="email",circuit="email"}'] == 1
    (quiet.folder / "ledger.db").unlink()
    assert quiet.command("status", "--prometheus", str(path)).exit_code == 2
    assert samples(path.read_text(encoding="utf-8"))["reminderctl_status"] == 2
    refused = quiet.command("status", "--prometheus", str(tmp_path / "nowhere" / "x.prom"))
    assert refused.exit_code == 2
    assert "cannot write: " in refused.output


def test_labels_are_escaped() -> None:
    circuit = structs.replace(DOWN, circuit='a"b\\c\nd')
    facts = Facts(now=NOW, channels=[circuit])
    found = samples(write_metrics(health.Health(level=health.Level.OK, verdict="", findings=[], facts=facts)))
    assert found['reminderctl_channel_up{channel="email",circuit="a\\"b\\\\c\\nd"}'] == 0


# --- the heartbeat ----------------------------------------------------------------------------------------------------


@pytest.fixture
def monitor() -> Iterator[http_server.Server]:
    with http_server.serve() as server:
        server.script(http_server.answer(200))
        yield server


@pytest.fixture
def watched(clinic: Clinic, monitor: http_server.Server) -> Clinic:
    clinic.write(WORKFLOW, settings=f"{SETTINGS}heartbeat: {monitor.url}/ping/t0ken\n")
    return clinic


def test_each_clean_run_calls_the_heartbeat(watched: Clinic, monitor: http_server.Server) -> None:
    for minute in ("08:00", "08:01", "08:02"):
        watched.run(f"2026-06-10T{minute}Z")
    assert [(request.method, request.path) for request in monitor.requests] == [("GET", "/ping/t0ken")] * 3


def test_a_run_that_is_not_clean_or_not_real_does_not(watched: Clinic, monitor: http_server.Server) -> None:
    watched.command("run", "--outbox", str(watched.folder / "elsewhere"), "--now", "2026-06-10T08:00Z")
    fail(watched)
    watched.run("2026-06-10T09:01Z", "--outbox", str(watched.folder / "elsewhere"))
    assert watched.command("run", "--dry-run", "--now", "2026-06-10T09:02Z").exit_code == 0
    assert monitor.requests == []


def test_a_run_that_leaves_a_circuit_alone_which_is_down_calls_no_heartbeat(
    clinic: Clinic, monitor: http_server.Server
) -> None:
    with smtp_server.serve(EHLO="250-mx.test\n250 AUTH PLAIN", AUTH="535 5.7.8 Wrong") as server:
        clinic.write(WORKFLOW, settings=f"{MAIL.format(port=server.port)}heartbeat: {monitor.url}/ping\n")
        clinic.run("2026-06-10T08:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        codes = [clinic.command("run", "--now", f"2026-06-10T09:0{minute}Z").exit_code for minute in range(6)]
    assert 0 in codes, "a run of a pause says nothing"
    assert len(monitor.requests) == 1, "the first run, before it was due"


def test_a_heartbeat_that_nobody_hears_fails_no_run_and_shows_no_token(
    watched: Clinic, monitor: http_server.Server
) -> None:
    monitor.script(http_server.answer(500))
    silent, told = (watched.command("run", "--now", f"2026-06-10T08:0{n}Z", *v) for n, v in enumerate(([], ["-v"])))
    assert (silent.exit_code, silent.output) == (0, "")
    assert told.exit_code == 0
    assert told.stderr == "the heartbeat: 127.0.0.1 answered 500\n"


@pytest.mark.parametrize("url", ["ftp://h/t0ken", "t0ken", "https:///t0ken", "https://h/t0 ken", "[t0ken]"])
def test_a_heartbeat_that_is_no_url_is_a_mistake_that_does_not_repeat_it(clinic: Clinic, url: str) -> None:
    clinic.write(WORKFLOW, settings=f"{SETTINGS}heartbeat: {url}\n")
    result = clinic.command("check")
    assert result.exit_code == 2
    assert "heartbeat: " in result.output
