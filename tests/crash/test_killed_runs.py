"""Runs that die: nothing is lost, nothing is repeated against the rules, and every doubt has its cause."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reminderctl import ledger
from tests import http_server
from tests.clinic import Clinic
from tests.crash import naive, points
from tests.crash.harness import SMS, Result, Season, naive_season, play
from tests.crash.judge import DIED, Owed, judge
from tests.crash.processes import start, wait_for

KILLS = 20  # for each of three seeds; `python -m tests.crash --kills 2000` is the long way
WORKFLOWS = """\
- id: hook
  when: 1 hour before start
  actions: [{{send: webhook, url: "{url}/hook", json: {{booking: "{{appointment_id}}"}}}}]
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_runs_that_are_killed_lose_nothing_and_repeat_nothing_against_the_rules(seed: int, tmp_path: Path) -> None:
    result = play(Season(str(seed), KILLS, sms=SMS[seed - 1]), tmp_path)
    assert result.finding.all() == []
    assert result.kills.total() == KILLS
    assert set(points.ALL) <= result.kills.keys(), "runs were killed at every point"
    assert result.tally.accepted > result.tally.deliveries / 3, "most runs were killed, and yet messages went out"


def _play_naively(variant: str, folder: Path) -> Result:
    where = ("about to send", "answered", points.ACCEPTED)
    return play(naive_season(variant, kills=len(where), where=where), folder)


def test_a_sender_that_marks_after_sending_is_found_to_repeat(tmp_path: Path) -> None:
    finding = _play_naively(naive.SEND_FIRST, tmp_path).finding
    assert finding.duplicates
    assert finding.all() == [f"duplicates: {each}" for each in finding.duplicates]


def test_a_sender_that_marks_before_sending_is_found_to_lose(tmp_path: Path) -> None:
    finding = _play_naively(naive.MARK_FIRST, tmp_path).finding
    assert finding.lost
    assert finding.all() == [f"lost: {each}" for each in finding.lost]


ACCEPTED, FAULT = "acceptance", "fault"
BROKE_OFF = "it broke off before it had answered"
# Channel; what the ledger says: state, outcome and error of each attempt; what its counterpart says; the charge.
# The attempts are by runs 1, 2, 3. Of those that sent mails all were killed, of the others the first.
EVIDENCE = [
    ("sms", "sent", [("sent", None)], [ACCEPTED], None),
    ("sms", "unknown", [("unknown", DIED)], [], None),
    ("sms", "unknown", [("unknown", BROKE_OFF)], [FAULT], None),
    ("email", "sent", [("unknown", DIED), ("sent", None)], [ACCEPTED, ACCEPTED], None),
    ("sms", "sent", [("sent", None)], [], "lost"),
    ("sms", "expired", [], [], "lost"),
    ("sms", None, [], [], "lost"),
    ("sms", "sent", [("unknown", DIED), ("sent", None)], [ACCEPTED, ACCEPTED], "duplicates"),
    ("email", "sent", [("sent", None)], [ACCEPTED, ACCEPTED], "duplicates"),
    ("email", "unknown", [("unknown", DIED)] * 3, [ACCEPTED] * 3, "duplicates"),
    ("sms", "unknown", [("unavailable", None), ("unknown", DIED)], [], "unexplained"),
    ("sms", "unknown", [("unknown", BROKE_OFF)], [], "unexplained"),
    ("sms", "failed", [("rejected", None)], [ACCEPTED], "untrue"),
    ("email", "pending", [("unavailable", None)], [ACCEPTED], "untrue"),
]


@pytest.mark.parametrize(("channel", "state", "attempts", "events", "charge"), EVIDENCE)
def test_the_judge_tells_what_a_kill_excuses(
    channel: str,
    state: str | None,
    attempts: list[tuple[str, str | None]],
    events: list[str],
    charge: str | None,
    tmp_path: Path,
) -> None:
    path, evidence = tmp_path / "ledger.db", tmp_path / "evidence.jsonl"
    ledger.create(path)
    with ledger.Ledger(path) as opened:
        if state:
            opened.execute(
                """
                INSERT INTO deliveries (id, key, workflow, trigger, action, channel, circuit, booking, recipient,
                    event_at, due_at, expires_at, planned_by, state, next_attempt_at, settled_at)
                VALUES (1, 'k', 'w', 't', 'a', :channel, :channel, 'visit-1', 'customer:ana', '', '', '', 1, :state,
                    CASE WHEN :state = 'pending' THEN '' END, CASE WHEN :state <> 'pending' THEN '' END)
                """,
                channel=channel,
                state=state,
            )
        opened.execute_many(
            """
            INSERT INTO attempts (delivery, run, started_at, ended_at, outcome, error)
            VALUES (1, :run, '', '', :outcome, :error)
            """,
            [{"run": run, "outcome": outcome, "error": error} for run, (outcome, error) in enumerate(attempts, 1)],
        )
    lines = [{"event": event, "channel": channel, "visit": "visit-1", "key": "k"} for event in events]
    evidence.write_text("".join(json.dumps(line) + "\n" for line in lines))
    killed = {1, 2, 3} if channel == "email" else {1}
    modules = {"sms": "sms.twilio", "email": "email"}
    finding, _ = judge(path, evidence, {Owed("visit-1", channel)}, modules=modules, killed_runs=killed)
    assert {each.partition(":")[0] for each in finding.all()} == ({charge} if charge else set()) | (
        {"untrue"} if state == "pending" else set()
    )


def test_a_webhook_whose_run_was_killed_is_sent_again_with_the_same_id(clinic: Clinic) -> None:
    with http_server.serve() as web:
        clinic.write(WORKFLOWS.format(url=web.url), settings="timezone: Europe/Madrid\n")
        clinic.run("2026-06-10T08:00Z")
        clinic.book("b1", "2026-06-10T10:00Z")
        web.script(http_server.silence, http_server.answer(200))
        killed = start(clinic, "2026-06-10T09:00Z")
        wait_for(web, 1)
        assert clinic.states() == {"sending": 1}
        killed.kill()
        killed.communicate()
        assert clinic.run("2026-06-10T09:01Z") == {"sent": 1}
        first, second = web.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    shown = json.loads(clinic.command("deliveries", "show", "1", "--json").stdout)
    assert [(attempt["outcome"], attempt["error"]) for attempt in shown["history"]] == [
        ("unknown", DIED),
        ("sent", None),
    ]
