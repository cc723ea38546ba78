"""What is read from where: directories, secrets, scalars as they are written, the place of the configuration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from rich.pretty import pretty_repr

from reminderctl import config
from reminderctl.credentials import Configured, Credentials
from reminderctl.errors import ConfigError, UsageError
from reminderctl.model import Company, Config
from reminderctl.secret import Secret
from tests.privileges import without_privileges

SETTINGS = """\
timezone: Europe/Madrid
channels: {email: {host: smtp.example.com, from: hola@example.com}}
"""
MAIL = "[{send: email, to: customer, subject: Hi, body: Hello}]"


def workflow(name: str) -> str:
    return f"workflows:\n  - {{id: {name}, when: at start, actions: {MAIL}}}\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, text: str, **environ: str) -> Config:
    return config.load(write(folder, workflows=text) / "workflows.yaml", environ)


def load_credentials(folder: Path, text: str, **environ: str) -> Credentials:
    return config.load_with_credentials(write(folder, workflows=text) / "workflows.yaml", environ)[1]


def refusal(folder: Path, **environ: str) -> list[str]:
    """The problems of the configuration in a folder, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        config.load(folder, environ)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


# --- as written -------------------------------------------------------------------------------------------------------


def test_every_scalar_keeps_its_text(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        SETTINGS
        + "company: {name: no, phone: 0600123456, address: 12:30, website: 1e3, image_url: on}\n"
        + "admin: {phone: +34600123456}\n"
        + "workflows:\n"
        + "  - {id: 007, name: 2026-11-23, when: at start, filters: {status: null, service: 0x10}, actions: [\n"
        + "      {send: webhook, url: https://example.com, json: {a: yes, b: 1.50, c: [~, 012], d: ''}}]}\n",
    )
    (only,) = found.workflows
    assert found.company == Company(name="no", phone="0600123456", address="12:30", website="1e3", image_url="on")
    assert found.admin.phone == "+34600123456"
    assert (only.id, only.name) == ("007", "2026-11-23")
    assert (only.filters.status, only.filters.service) == (("null",), ("0x10",))
    assert only.actions[0].message["json"] == {"a": "yes", "b": "1.50", "c": ["~", "012"], "d": ""}


@pytest.mark.parametrize(
    ("written", "meant"), [("yes", True), ("On", True), ("true", True), ("no", False), ("OFF", False)]
)
def test_a_switch_may_be_written_in_words(written: str, meant: bool, tmp_path: Path) -> None:  # noqa: FBT001
    found = load(
        tmp_path,
        f"{SETTINGS}workflows:\n"
        f"  - {{id: w, when: at start, enabled: {written}, for_each_customer: {written}, actions: {MAIL}}}\n",
    )
    assert (found.workflows[0].enabled, found.workflows[0].for_each_customer) == (meant, meant)


def test_a_workflow_is_read_with_its_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, f"{SETTINGS}max_burst: 10\n{workflow('w')}")
    (only,) = found.workflows
    assert (only.enabled, only.for_each_customer, only.grace, only.late_booking) == (True, None, None, "skip")
    assert only.max_burst == 10
    assert (found.language, found.bookings, found.ledger) == ("en", tmp_path / "bookings.db", tmp_path / "ledger.db")
    assert [(action.id, action.channel, action.to) for action in only.actions] == [("email", "email", ("customer",))]


def test_a_workflow_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        SETTINGS
        + "workflows:\n"
        + "  - id: w\n    when: [1 day before start at 18:00, 15m after end]\n    grace: 3h\n    late_booking: send\n"
        + "    max_burst: none\n    filters: {language: [es, en]}\n    except: {service: Internal}\n"
        + "    actions:\n"
        + "      - &hello {send: email, id: one, to: [staff, ana@example.com, '{customer_email}'],\n"
        + "                subject: {es: Hola, en: Hi}, body: b}\n"
        + "      - {<<: *hello, id: two, to: customer}\n",
    )
    (only,) = found.workflows
    assert [trigger.text for trigger in only.triggers] == ["1 day before start at 18:00", "15 minutes after end"]
    assert (only.grace, only.late_booking, only.max_burst) == (timedelta(hours=3), "send", None)
    assert (only.filters.language, only.exceptions.service) == (("es", "en"), ("Internal",))
    one, two = only.actions
    assert (one.id, one.to) == ("one", ("staff", "ana@example.com", "{customer_email}"))
    assert (two.id, two.to, two.message) == ("two", ("customer",), one.message)
    assert one.message == {"subject": {"es": "Hola", "en": "Hi"}, "body": "b"}


def test_texts_may_stand_in_files_one_for_each_language(tmp_path: Path) -> None:
    (tmp_path / "es.html").write_text("<p>Hola, {customer_first_name}</p>\n", encoding="utf-8")
    (tmp_path / "en.html").write_text("<p>Hi</p>", encoding="utf-8")
    text = (
        f"{SETTINGS}workflows:\n  - {{id: w, when: at start, actions: [{{send: email, to: customer, subject: s, "
        "html_file: {es: es.html, en: en.html}}]}\n"
    )
    found = load(tmp_path, text)
    message = found.workflows[0].actions[0].message
    assert message == {"subject": "s", "html": {"es": "<p>Hola, {customer_first_name}</p>", "en": "<p>Hi</p>"}}
    (tmp_path / "en.html").write_text("<p>Hello</p>", encoding="utf-8")
    again = load(tmp_path, text)
    assert again.workflows[0].actions[0].message["html"]["en"] == "<p>Hello</p>"
    assert {tmp_path / "es.html", tmp_path / "en.html"} < {*again.files}, "a run that remembers looks at the texts too"


def test_webhooks_are_paused_by_their_receiver(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        f"{SETTINGS}workflows:\n  - "
        f"{{id: w, when: at start, actions: [{{send: webhook, url: 'https://a.example.com/x'}}]}}\n",
    )
    assert found.workflows[0].actions[0].circuit == "webhook https://a.example.com"
    assert found.channels["webhook"] == "webhook", "webhooks need no settings"


# --- secrets ----------------------------------------------------------------------------------------------------------

WITH_SECRETS = """\
timezone: Europe/Madrid
channels:
  email: {host: h, from: a@example.com, username: "${NAME}", password: "pre-${PASSWORD}", port: "${PORT}"}
"""


def write_secrets(folder: Path, text: str, *, mode: int = 0o600) -> None:
    (folder / "secrets.env").write_text(text, encoding="utf-8")
    (folder / "secrets.env").chmod(mode)


def test_variables_come_from_the_environment_then_from_the_file(tmp_path: Path) -> None:
    write_secrets(
        tmp_path,
        "# ours\n\nexport NAME='a # b'\nPASSWORD = \"s3cret value\"  # what the bank gave us\nPORT=2525 # free\n",
    )
    settings = load_credentials(tmp_path, WITH_SECRETS, NAME="from the environment").channels["email"].settings
    assert (settings.username, settings.port) == ("from the environment", 2525)
    assert settings.password == Secret("pre-s3cret value")
    assert load_credentials(tmp_path, WITH_SECRETS).channels["email"].settings.username == "a # b"


def test_credentials_that_are_shown_give_nothing_away(tmp_path: Path) -> None:
    credentials = load_credentials(tmp_path, WITH_SECRETS, NAME="hunter1", PASSWORD="hunter2", PORT="25")
    assert "hunter" in credentials.channels["email"].settings.password.reveal()
    assert repr(credentials) == str(credentials) == "Credentials(email: email)"
    assert "hunter" not in pretty_repr(credentials)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    write(tmp_path, workflows=WITH_SECRETS)
    assert refusal(tmp_path, NAME="n", PASSWORD="", PORTS="25") == [
        (
            "workflows.yaml:3:77: channels.email: `${PASSWORD}` is empty; set PASSWORD in the environment or in "
            "secrets.env"
        ),
        (
            "workflows.yaml:3:98: channels.email: `${PORT}` is not set; set PORT in the environment or in "
            "secrets.env; did you mean `PORTS`?"
        ),
    ]


def test_a_file_of_secrets_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, workflows=WITH_SECRETS)
    write_secrets(tmp_path, "NAME=n\nPASSWORD=p\nPORT=25\n", mode=0o640)
    lines = refusal(tmp_path)
    assert lines[0].startswith("secrets.env:1:1: others can read it (mode 0640), so it is not used; run: chmod 600 ")


def test_a_line_of_secrets_that_cannot_be_read_is_told_without_its_text(tmp_path: Path) -> None:
    write(tmp_path, workflows=WITH_SECRETS)
    write_secrets(tmp_path, "NAME=n\nhunter2\nPASSWORD='open\nPORT=25\n")
    lines = refusal(tmp_path)
    assert [line.partition(": ")[0] for line in lines] == ["secrets.env:2:1", "secrets.env:3:1", "workflows.yaml:3:77"]
    assert "hunter2" not in "".join(lines)
    assert "open" not in "".join(lines)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "hunter2"),
        ("security", "hunter2"),
        ("from", "hunter2"),
        ("from", "a@b@hunter2"),
        ("host", "https://hunter2/"),
        ("ca_file", "hunter2\n"),
    ],
)
def test_the_value_of_a_variable_never_shows(key: str, value: str, tmp_path: Path) -> None:
    fields = {"host": "h", "from": "a@example.com"} | {key: "${VALUE}"}
    written = ", ".join(f'{name}: "{text}"' for name, text in fields.items())
    text = f"timezone: UTC\nlanguage: '?'\nchannels: {{email: {{{written}}}}}\n"
    write(tmp_path, workflows=text)
    lines = refusal(tmp_path, VALUE=value)
    assert "hunter2" not in "\n".join(lines)
    if key != "ca_file":
        assert any(key in line and "channels.email" in line for line in lines), lines


# --- an outbox --------------------------------------------------------------------------------------------------------


def test_with_an_outbox_channels_need_neither_settings_nor_secrets(tmp_path: Path) -> None:
    text = f"timezone: UTC\noutbox: out\n{workflow('w')}"
    assert load(tmp_path, text).outbox == tmp_path / "out"
    assert load_credentials(tmp_path, text).channels == {"email": Configured(module="email", settings=None)}
    filled = load_credentials(tmp_path, f"{WITH_SECRETS}outbox: out\n{workflow('w')}")
    assert filled.channels["email"].settings.from_ == "a@example.com", "what is there is used"
    write(tmp_path, workflows=f"timezone: UTC\n{workflow('w')}")
    found, credentials = config.load_with_credentials(tmp_path / "workflows.yaml", {}, outbox=Path("elsewhere"))
    assert credentials.channels == {"email": Configured(module="email", settings=None)}
    assert found.outbox is None, "what the YAML itself says"


# --- directories ------------------------------------------------------------------------------------------------------


def test_a_directory_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path, a=workflow("one"), b=f"{SETTINGS}language: es\n{workflow('two')}")
    (tmp_path / "c.yml").write_text(workflow("three"), encoding="utf-8")
    for name in ("notes.txt", ".w.yaml", "._a.yaml", ".yaml"):
        (tmp_path / name).write_text("not ours: [", encoding="utf-8")
    found = config.load(tmp_path, {})
    assert [each.id for each in found.workflows] == ["one", "two", "three"]
    assert [file.name for file in found.files] == ["a.yaml", "b.yaml", "c.yml"]
    assert (found.language, found.broken, found.bookings) == ("es", (), tmp_path / "bookings.db")


@pytest.mark.parametrize(
    "wrong", ["workflows: [", "workflows: [{id: two}]\n", "workflows: [{id: one, when: at start, actions: []}]"]
)
def test_a_broken_file_stops_only_itself(wrong: str, tmp_path: Path) -> None:
    write(tmp_path, a=SETTINGS, b=workflow("one"), c=wrong)
    found = config.load(tmp_path, {})
    assert [each.id for each in found.workflows] == ["one"]
    assert {problem.file for problem in found.broken} == {str(tmp_path / "c.yaml")}


def test_an_id_may_stand_in_one_file_only(tmp_path: Path) -> None:
    write(tmp_path, a=SETTINGS, b=workflow("one"), c=workflow("one"), d=workflow("two"))
    found = config.load(tmp_path, {})
    assert [each.id for each in found.workflows] == ["one", "two"]
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in found.broken] == [
        "c.yaml:2:10: workflows[0] one: the id `one` is taken by b.yaml:2"
    ]


def test_a_setting_may_stand_in_one_file_only(tmp_path: Path) -> None:
    write(tmp_path, a=SETTINGS + workflow("one"), b="language: es\ntimezone: Europe/Rome\n")
    assert refusal(tmp_path) == [
        "b.yaml:2:1: timezone: duplicate key, already in a.yaml:1; each setting belongs in one file only"
    ]


def test_nothing_runs_when_the_settings_are_broken(tmp_path: Path) -> None:
    write(tmp_path, a="timezone: Nowhere/Else\n", b="workflows: [{}, {id: x}]\n", c=workflow("one"))
    lines = refusal(tmp_path)
    assert [line.partition(":")[0] for line in lines] == ["a.yaml"] + ["b.yaml"] * 5 + ["c.yaml"]


def test_a_file_that_cannot_be_read_may_hold_what_seems_to_be_missing(tmp_path: Path) -> None:
    write(tmp_path, a=SETTINGS + "workflows: [", b=workflow("one"))
    assert refusal(tmp_path)[0].startswith("a.yaml:3:12: the [ is never closed")
    assert refusal(tmp_path)[1:] == [
        (
            "b.yaml:2:48: workflows[0] one: actions[0]: `channels` has no `email`; add it with `from` "
            "(unless it is in a.yaml, which cannot be read)"
        )
    ]


# --- where it stands --------------------------------------------------------------------------------------------------


def test_the_configuration_is_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, home, xdg = tmp_path / "here", tmp_path / "home", tmp_path / "xdg"
    named, variable = tmp_path / "named.yaml", tmp_path / "variable.yaml"
    at_home, at_xdg = (folder / "reminderctl" / "workflows.yaml" for folder in (home / ".config", xdg))
    for file in (here / "workflows.yaml", at_home, at_xdg, named, variable):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.chdir(here)
    environ = {"HOME": str(home), "REMINDERCTL_CONFIG": str(variable), "XDG_CONFIG_HOME": str(xdg)}
    assert config.find(str(named), environ) == named
    assert config.find(None, environ) == variable
    del environ["REMINDERCTL_CONFIG"]
    assert config.find(None, environ) == Path("workflows.yaml")
    (here / "workflows.yaml").unlink()
    assert config.find(None, environ) == at_xdg
    del environ["XDG_CONFIG_HOME"]
    assert config.find(None, environ) == at_home
    assert config.find(str(here), environ) == here, "a directory is a configuration too"


def test_every_place_is_named_when_there_is_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if Path("/etc/reminderctl/workflows.yaml").exists():
        pytest.skip("this machine has a configuration of its own")
    with pytest.raises(UsageError) as caught:
        config.find(None, {"HOME": "/home/nobody"})
    for place in ("workflows.yaml", "/home/nobody/.config/reminderctl/workflows.yaml", "/etc/reminderctl", "init"):
        assert place in str(caught.value)
    named: list[tuple[str | None, dict[str, str]]] = [
        ("missing.yaml", {}),
        (None, {"REMINDERCTL_CONFIG": "missing.yaml"}),
    ]
    for path, environ in named:
        with pytest.raises(UsageError, match=r"missing\.yaml"):
            config.find(path, environ)


def test_a_directory_without_yaml_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no \*\.yaml file in this directory"):
        config.load(tmp_path, {})


def test_a_file_that_may_not_be_read_is_told_so(tmp_path: Path) -> None:
    write(tmp_path, workflows=SETTINGS)
    (tmp_path / "workflows.yaml").chmod(0)
    with without_privileges():
        assert refusal(tmp_path) == ["workflows.yaml:1:1: cannot be read: Permission denied"]


def test_a_configuration_that_may_not_be_reached_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    beneath = tmp_path / "file" / "workflows.yaml"
    with pytest.raises(UsageError, match="Not a directory"):
        config.find(str(beneath), {})
    with pytest.raises(UsageError, match="File name too long"):
        config.find("x" * 5000, {})
