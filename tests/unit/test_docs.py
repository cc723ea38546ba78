"""The documentation is true: what it shows works, what there is it names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from docs import generate
from reminderctl import config
from reminderctl.channels import _webhook_request
from reminderctl.cli import main
from reminderctl.core.recipients import CHANNELS
from reminderctl.ledger import stats
from reminderctl.ledger.history import COLUMNS
from reminderctl.ledger.unreadable import UnreadableBooking
from reminderctl.messages.shortcodes import CATALOGUE
from reminderctl.reports.health import models
from reminderctl.secret import Secret
from tests import webhooks
from tests.clinic import Clinic, at
from tests.crontab_program import write_crontab_program

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
HEADER = {
    "timezone": "Europe/Madrid",
    "outbox": "outbox",
    "company": {"name": "Clinic", "email": "hello@example.com", "phone": "+34911234567"},
    "admin": {"email": "admin@example.com", "phone": "+34600000000", "telegram": "-100123"},
}


GENERATED = generate.pages()


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(info: str) -> list[tuple[str, str]]:
    """Every code block with this info string, with its place."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.finditer(rf"^```{info}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            found.append((f"{name_of(page)}:{text.count(chr(10), 0, block.start()) + 1}", block[1]))
    return found


def completed(block: str) -> str:
    """A whole file: what a block leaves out is put before it, actions and workflows into what holds them."""
    parsed = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 - it makes text, lists and dicts
    indented = block.replace("\n", "\n  ")
    if isinstance(parsed, list):
        block, parsed = f"workflows:\n  {indented}", {"workflows": parsed}
    elif "actions" in parsed:
        assert parsed.keys() == {"actions"}, "actions stand alone, or in a workflow"
        block = f"workflows:\n- id: shown\n  when: at start\n  {indented}"
    missing = {name: value for name, value in HEADER.items() if name not in parsed}
    return f"{yaml.safe_dump(missing, allow_unicode=True)}{block}"


@pytest.mark.parametrize(("place", "block"), blocks("yaml"), ids=[place for place, _ in blocks("yaml")])
def test_each_yaml_block_passes_check(place: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{(\w+)\}", block):
        monkeypatch.setenv(name, "https://rooms.example.com/x" if name.endswith("_URL") else "x")
    (tmp_path / "workflows.yaml").write_text(completed(block), encoding="utf-8")
    result = CliRunner().invoke(main, ["check", str(tmp_path / "workflows.yaml")])
    assert result.exit_code == 0, (place, result.output)


def shell(page: str, *, heading: str = "") -> str:
    """The shell commands of a page, or of one part of it, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0] if heading else text
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", part, re.MULTILINE | re.DOTALL))


def run(script: str, folder: Path) -> str:
    """What a script printed that has reminderctl on its path and ends at the first command that fails.

    Its crontab is one of its own: the pages install lines.
    """
    if not (folder / "programs").exists():
        write_crontab_program(folder / "programs")
    path = f"{folder / 'programs'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_the_quick_start_works_to_the_letter(tmp_path: Path) -> None:
    printed = run(shell("README.md", heading="Quick start"), tmp_path)
    assert "no problems" in printed
    assert "2 planned, 2 sent" in printed
    assert "000002-email-2.eml" in printed
    assert str(tmp_path / "clinic" / "workflows.yaml") in (tmp_path / "programs" / "spool").read_text()


@pytest.mark.slow
def test_the_tutorial_works_to_the_letter(tmp_path: Path) -> None:
    page = "docs/tutorial/first-reminder.md"
    begin, told = shell(page).split("reminderctl check", 1)
    ((_, workflows),) = [found for found in blocks("yaml") if found[0].startswith(page)]
    run(begin, tmp_path)
    (tmp_path / "clinic" / "workflows.yaml").write_text(workflows, encoding="utf-8")
    printed = run(f"cd clinic\nreminderctl check{told}", tmp_path)
    assert "workflows.yaml: 2 workflows, 2 actions, no problems" in printed
    assert "nothing was due" in printed
    assert "To: luis@example.com" in printed
    sent = sorted(file.name for file in (tmp_path / "clinic" / "outbox").iterdir())
    assert sent == ["000001-email-1.eml", "000002-email-2.eml"], "Luis is told once, Mary of her new day"


def test_no_code_block_is_left_open_or_without_a_language() -> None:
    for page in PAGES:
        fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) % 2 == 0, name_of(page)
        assert all(fences[::2]), name_of(page)
        assert not any(fences[1::2]), name_of(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_relative_link_resolves(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


def anchors(page: Path) -> set[str]:
    """What can stand after the # in a link to a heading."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("page", "text"), GENERATED.items(), ids=map(name_of, GENERATED))
def test_each_generated_page_is_up_to_date(page: Path, text: str) -> None:
    assert page.read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        if page.name != "index.md":
            assert f"({page.relative_to(ROOT / 'docs')})" in index


def test_every_command_is_documented_and_no_other() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [path for path, _ in generate.commands()]


def test_the_pages_name_only_commands_that_exist() -> None:
    known = {path for path, _ in generate.commands()}
    groups = {path.partition(" ")[0] for path in known if " " in path}
    for page in PAGES:
        # The generated parts say what the program itself says.
        text = re.sub(r"<!-- generated: .*?<!-- end -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for options, command, below in re.findall(
            r"(?:^|`|/)reminderctl((?: -c \S+| --config \S+)*) ([a-z]+)(?: ([a-z]+))?", text, re.MULTILINE
        ):
            del options
            assert (f"{command} {below}" if command in groups and below else command) in known, name_of(page)


def test_every_shortcode_is_documented() -> None:
    page = (ROOT / "docs/reference/shortcodes.md").read_text(encoding="utf-8")
    assert [shortcode.name for shortcode in CATALOGUE if f"`{{{shortcode.name}}}`" not in page] == []


def test_every_key_of_a_delivery_is_documented() -> None:
    page = (ROOT / "docs/reference/ledger.md").read_text(encoding="utf-8")
    assert [name for name in COLUMNS if f"`{name}`" not in page] == []


def test_the_page_about_status_names_each_key_and_no_other() -> None:
    parts = (models.HealthFinding, models.CircuitStatus, models.ClockFacts, models.Space, models.SourceFacts)
    figures = (stats.LastRun, stats.Count, stats.Held, stats.WaitingStats, UnreadableBooking)
    keys = {"level", "verdict", "findings", *models.Facts.__struct_fields__}
    keys |= {name for part in (*parts, *figures) for name in part.__struct_fields__}
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs/reference/status.md").read_text(), re.MULTILINE)
    assert {name.strip("`") for row in rows for name in row.split(", ")} == keys


OF_A_DELIVERY = {*COLUMNS, "history", "decisions"}
PRINT_JSON = {
    "run": "run --dry-run --json",
    "check": "check --json",
    "test": "test --sample single --json",
    "test --samples": "test --samples --json",
    "test --send": "test --send --to me@example.com --json",
    "upcoming": "upcoming --json",
    "explain": "explain b1 --json",
    "bookings show": "bookings show b1 --json",
    "bookings import": "bookings import - --dry-run --json",
    "cron show": "cron show --json",
    "purge": "purge --older-than 1d --json",
    "erase": "erase done --dry-run --json",
    "shortcodes": "shortcodes --json",
}


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """A clinic with a mail sent to `done`, and another one to come for the booking b1, of which all is known."""
    clinic.write(
        "- id: w\n  when: 1 hour before start\n  actions: [{send: email, to: customer, subject: s, body: b}]\n"
    )
    clinic.run("2026-06-10T08:00Z")
    clinic.insert([("done", at("2026-06-10T10:00Z"))])
    for table in ("services", "staff", "locations"):
        clinic.execute(f"INSERT INTO {table} (id) VALUES ('x')")  # noqa: S608 - names of this test
    clinic.book("b1", "2026-06-10T10:30Z", service_id="x", staff_id="x", location_id="x")
    clinic.run("2026-06-10T09:00Z")
    return clinic


@pytest.mark.parametrize("heading", PRINT_JSON)
def test_the_page_about_json_names_each_key_and_no_other(heading: str, busy: Clinic) -> None:
    found: set[str] = set()
    actions = "actions: [{send: email, to: customer, subject: s, body: b}]"
    for workflow in ("filters: {staff: Nobody}", "nonsense: 1") if heading == "check" else ("enabled: yes",):
        busy.write(f"- id: w\n  when: 1 hour before start\n  {workflow}\n  {actions}\n")
        now = [] if heading == "shortcodes" else ["--now", "2026-06-10T09:00Z"]
        words = ["--config", str(busy.folder / "workflows.yaml"), *PRINT_JSON[heading].split(), *now]
        rows = "id,starts_at,ends_at\nb9,2026-06-11T10:00Z,2026-06-11T11:00Z\n"
        found |= keys_in(json.loads(CliRunner().invoke(main, words, input=rows).stdout))
    page = (ROOT / "docs/reference/json.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?`) \|", part, re.MULTILINE)
    if "[delivery](ledger.md#json)" in part:
        assert found >= {*COLUMNS}
        found = {name for name in found if name.partition(".")[0] not in OF_A_DELIVERY}
    assert found == {name for cell in cells for name in re.findall("`(.*?)`", cell)}


def keys_in(value: object, before: str = "") -> set[str]:
    """The keys of JSON, those inside others after a dot; what `fields` hold is anybody's, also where it is repeated."""
    if isinstance(value, list):
        return {name for each in value for name in keys_in(each, before)}
    if not isinstance(value, dict):
        return set()
    free = {"fields", *(value["fields"] if "empty" in value else ()), *(["booking"] if "about" in value else ())}
    names = {f"{before}{name}" for name in value if name not in free or name in ("fields", "booking")}
    return names.union(*(keys_in(each, f"{before}{name}.") for name, each in value.items() if name not in free))


def test_the_readme_prints_the_promise() -> None:
    promise = (
        "> Each action reaches each recipient at most once for a booking's time, and at least once if reminderctl runs "
        "before the > message's deadline, except for attempts whose outcome nobody could know. Those are recorded as "
        "`unknown`, counted, shown, > and handled by the rule of their channel. Nothing is lost or repeated silently."
    )
    for page in ("README.md", "docs/explanation/delivery-guarantees.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert promise in " ".join(text.split())
        assert "exactly once" not in text.lower()


def test_the_receiver_in_the_webhook_page_knows_our_signature() -> None:
    ((_, code),) = blocks("python")
    page: dict[str, object] = {}
    exec(code, page)  # noqa: S102 - our own documentation
    is_genuine = page["is_genuine"]
    assert callable(is_genuine)
    keys = _webhook_request.signing_keys(Secret(" ".join(webhooks.SECRETS)))
    sent = _webhook_request.compose(
        webhooks.message(url="https://hooks.example.com", json={"text": "hello"}),
        webhooks.ENVELOPE,
        at=int(time.time()),
        keys=keys,
    )
    assert sent.body is not None
    assert all(is_genuine(sent.headers, sent.body, secret) for secret in webhooks.SECRETS)
    assert not is_genuine(sent.headers, sent.body + b" ", webhooks.SECRET)
    assert CHANNELS["webhook"].address is None


# The scenarios that a booking plugin's manual names, each with its channel.
SCENARIOS = [
    ("24 hours before start", "sms", "customer"),
    ("1 day before start", "email", "customer"),
    ("1 hour before start", "email", "customer"),
    ("2 hours before start", "email", "staff"),
    ("15 minutes before start", "webhook", None),
    ("1 hour before start", "webhook", None),
    ("5 minutes after start", "email", "admin"),
    ("10 minutes before end", "email", "staff"),
    ("10 minutes before end", "webhook", None),
    ("30 minutes after end", "email", "customer"),
    ("1 day after end", "email", "customer"),
    ("at end", "webhook", None),
]


@pytest.mark.parametrize(("sentence", "channel", "recipient"), SCENARIOS)
def test_every_scenario_is_in_the_example(sentence: str, channel: str, recipient: str | None) -> None:
    example = config.load(ROOT / "workflows.example.yaml", {})
    assert any(
        action.channel == channel and action.to == ((recipient,) if recipient else ())
        for workflow in example.workflows
        if sentence in {trigger.text for trigger in workflow.triggers}
        for action in workflow.actions
    )


def test_the_example_passes_check_and_shows_every_channel_and_filter() -> None:
    result = CliRunner().invoke(main, ["check", str(ROOT / "workflows.example.yaml")])
    assert result.exit_code == 0, result.output
    example = config.load(ROOT / "workflows.example.yaml", {})
    assert {action.channel for workflow in example.workflows for action in workflow.actions} == {
        "email",
        "sms",
        "whatsapp",
        "telegram",
        "chat",
        "webhook",
    }
    filters = [workflow.filters for workflow in example.workflows]
    assert all(any(getattr(each, name) for each in filters) for name in filters[0].__struct_fields__)
