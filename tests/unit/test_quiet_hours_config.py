"""Quiet hours in the YAML: what they mean, and what is said of mistakes."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reminderctl import config
from reminderctl.cli import main
from reminderctl.quiet_settings import QuietHours

WORKFLOW = """\
- id: w
  when: {when}
  quiet_hours: {own}
  actions: [{{send: sms, to: customer, body: b}}]
"""
NINE, ELEVEN = (540, 1260), (660, 1200)


def write(folder: Path, quiet: str, *, when: str = "2 hours before start", own: str = "") -> Path:
    workflow = WORKFLOW.format(when=when, own=own)
    if not own:
        workflow = workflow.replace("  quiet_hours: \n", "")
    top = f"quiet_hours: {quiet}\n" if quiet else ""
    path = folder / "workflows.yaml"
    path.write_text(f"timezone: Europe/Madrid\noutbox: out\n{top}workflows:\n{workflow}", encoding="utf-8")
    return path


def read(folder: Path, quiet: str, *, own: str = "") -> QuietHours | None:
    (workflow,) = config.load(write(folder, quiet, own=own), {}).workflows
    return workflow.quiet_hours


def check(path: Path) -> Result:
    return CliRunner().invoke(main, ["check", str(path), "--json"])


def first(folder: Path, quiet: str, *, own: str = "") -> str:
    result = check(write(folder, quiet, own=own))
    assert result.exit_code == 2, result.output
    problem = json.loads(result.stdout)["problems"][0]
    return f"{problem['path']}: {problem['what']}"


def test_only_the_open_hours_must_be_given(tmp_path: Path) -> None:
    assert read(tmp_path, "{open: 09:00-21:00}") == QuietHours(
        week=(NINE,) * 7,
        zone="recipient",
        channels=("sms", "whatsapp", "telegram"),
        outside=("later", "earlier"),
        least_notice=timedelta(hours=2),
    )


@pytest.mark.parametrize(
    ("days", "week"),
    [
        ("{mon-sat: 09:00-21:00, sun: 11:00-20:00}", (*(NINE,) * 6, ELEVEN)),
        ("{Monday-Saturday: 9:00-21:00, SUNDAY: 11:00 - 20:00}", (*(NINE,) * 6, ELEVEN)),
        ('{"sat, sun": 09:00-21:00}', (*(None,) * 5, NINE, NINE)),
        ("{fri-mon: 09:00-21:00, tue: closed}", (NINE, None, None, None, NINE, NINE, NINE)),
        ("{mon: 00:00-24:00}", ((0, 1440), *(None,) * 6)),
    ],
)
def test_days_are_named_as_people_name_them(tmp_path: Path, days: str, week: tuple[object, ...]) -> None:
    quiet = read(tmp_path, f"{{open: {days}}}")
    assert quiet
    assert quiet.week == week


@pytest.mark.parametrize(
    ("top", "own", "channels"),
    [
        ("{open: 09:00-21:00}", "none", None),
        ("none", "", None),
        ("{open: 00:00-24:00}", "", None),
        ("{open: 09:00-21:00, channels: sms}", "{open: 09:00-21:00}", ("sms", "whatsapp", "telegram")),
        ("{open: 09:00-21:00, channels: [email, staff]}", "", ("email", "staff")),
        ("", "{open: 09:00-21:00, channels: sms}", ("sms",)),
    ],
)
def test_a_workflows_own_go_before_all_others(
    tmp_path: Path, top: str, own: str, channels: tuple[str, ...] | None
) -> None:
    quiet = read(tmp_path, top, own=own)
    assert (quiet.channels if quiet else None) == channels


@pytest.mark.parametrize(
    ("quiet", "said"),
    [
        (
            "{open: 21:00-09:00}",
            "quiet_hours.open: 21:00-09:00 ends before it begins; write when messages may ring, such as 09:00-21:00",
        ),
        (
            "{open: {mon: 09:00-09:20}}",
            "quiet_hours.open: mon-sun is open for 20 minutes; nothing would ever be sent; write when messages may",
        ),
        ("{open: 09:00-09:00}", "quiet_hours.open: mon-sun is open for 0 minutes"),
        ("{open: 9-21}", "quiet_hours.open: cannot read '9-21'; write when messages may ring, such as 09:00-21:00"),
        ("{open: 09:00-25:00}", "quiet_hours.open: '09:00-25:00' is no time of a day; use 00:00 to 24:00"),
        ("{open: {mno: 09:00-21:00}}", "quiet_hours.open: there is no day 'mno'; did you mean `mon`?"),
        ("{open: {lunes: 09:00-21:00}}", "quiet_hours.open: there is no day 'lunes'; the days are mon, tue, wed"),
        (
            "{open: {mon-fri: 09:00-21:00, wed: 10:00-12:00}}",
            "quiet_hours.open: wed is in `mon-fri` and in `wed`; name each day once",
        ),
        ("{opne: 09:00-21:00}", "quiet_hours: unknown key `opne`; did you mean"),
        ("{zone: booking}", "quiet_hours: `open` is missing; write when messages may ring, such as 09:00-21:00"),
        ("09:00-21:00", "quiet_hours: expected a mapping such as `{open: 09:00-21:00}`, or `none`, got '09:00-21:00'"),
        ("{open: 09:00-21:00, zone: customer}", "quiet_hours.zone: expected `recipient` or `booking`, got 'customer'"),
        ("{open: 09:00-21:00, channels: [smss]}", "quiet_hours.channels: unknown channel 'smss'; did you mean `sms`?"),
        ("{open: 09:00-21:00, channels: staff}", "quiet_hours.channels: `staff` names who, and no channel; write"),
        ("{open: 09:00-21:00, channels: []}", "quiet_hours.channels: the list is empty"),
        ("{open: 09:00-21:00, outside: latter}", "quiet_hours.outside: unknown way 'latter'; did you mean `later`?"),
        ("{open: 09:00-21:00, outside: [later, later]}", "quiet_hours.outside: `later` is named twice; keep one"),
        ("{open: 09:00-21:00, least_notice: two hours}", "quiet_hours.least_notice: cannot read 'two hours' as a"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(tmp_path: Path, quiet: str, said: str) -> None:
    assert first(tmp_path, quiet).startswith(said)
    assert first(tmp_path, "", own=quiet).startswith(f"workflows[0] w: {said}")


@pytest.mark.parametrize(
    ("quiet", "when", "said"),
    [
        ("{open: 09:00-21:00}", "1 day before start at 22:00", "always moved to 09:00; 18:00 is open"),
        ("{open: 09:00-21:00, outside: earlier}", "1 day before start at 07:00", "always moved to 20:45; 18:00 is"),
        ("{open: {mon: 09:00-12:00, tue: 10:00-12:00}}", "1 day before start at 22:00", "always moved; 09:00 is open"),
        ("{open: 09:00-21:00}", "1 day before start at 18:00", None),
        ("{open: {mon: 09:00-23:00, tue: 09:00-21:00}}", "1 day before start at 22:00", None),
        ("{open: 09:00-21:00, channels: email}", "1 day before start at 22:00", None),
    ],
)
def test_a_time_of_day_that_is_never_open_is_a_warning(tmp_path: Path, quiet: str, when: str, said: str | None) -> None:
    result = check(write(tmp_path, quiet, when=when))
    warnings = [each["what"] for each in json.loads(result.stdout)["warnings"] if "quiet_hours" in each["what"]]
    assert [said in warning for warning in warnings if said] == ([True] if said else [])
    assert bool(warnings) == bool(said)


def test_a_run_with_a_mistake_sends_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "{open: 21:00-09:00}")
    assert CliRunner().invoke(main, ["--config", str(path), "run"]).exit_code == 2
