"""What `check` says of the mistakes that people make: where each began, the same with and without libyaml."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.operator_mistakes import BASE, MISTAKES

# One process for all of them, because starting one takes longer than all that is to be seen.
DRIVER = """
import json, sys
from pathlib import Path
from click.testing import CliRunner
from reminderctl.cli import main

answers = {}
for name, text in json.loads(sys.stdin.read()).items():
    Path("x.yaml").write_bytes(text.encode())
    result = CliRunner().invoke(main, ["check", "x.yaml"])
    assert isinstance(result.exception, SystemExit | None), (name, result.exception)
    answers[name] = (result.exit_code, result.output)
print(json.dumps(answers))
"""
# PyYAML as it is where it was built without libyaml.
WITHOUT_LIBYAML = "import yaml; del yaml.CBaseLoader"
Answers = dict[str, tuple[int, str]]


def check(texts: dict[str, str], folder: Path, *, before: str = "") -> Answers:
    """The exit code and the output of `check` for each text."""
    secrets = folder / "secrets.env"
    secrets.write_text("SMTP_PASSWORD=x\nTWILIO_TOKEN=y\n")
    secrets.chmod(0o600)
    command = [sys.executable, "-c", f"{before}\n{DRIVER}"]
    ran = subprocess.run(command, cwd=folder, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    answers: Answers = {name: (code, said) for name, (code, said) in json.loads(ran.stdout).items()}
    return answers


@pytest.mark.parametrize("before", ["", WITHOUT_LIBYAML], ids=["libyaml", "none"])
def test_each_mistake_is_named_where_it_began(before: str, tmp_path: Path) -> None:
    assert all(wrong in BASE for wrong, _, _ in MISTAKES.values())
    texts = {name: BASE.replace(right, wrong, 1) for name, (right, wrong, _) in MISTAKES.items()}
    answers = check({"": BASE, **texts}, tmp_path, before=before)
    assert answers.pop("") == (0, "x.yaml: 2 workflows, 3 actions, no problems\n")
    unlike = {
        name: answers[name][1]
        for name, (_, _, says) in MISTAKES.items()
        if not is_said(says, answers[name][1].splitlines())
    }
    assert unlike == {}


def is_said(says: str, lines: list[str]) -> bool:
    """Whether one line begins with this; where nothing is to be said, whether the summary is all there is."""
    return any(line.startswith(f"x.yaml:{says}") for line in lines) if says else len(lines) == 1


SECRET = "hunter2"
SECRETS = {
    "a quote that is not closed": ('password: "${SMTP_PASSWORD}"', f'password: "{SECRET}'),
    "text behind the quote": ('password: "${SMTP_PASSWORD}"', f'password: "{SECRET}"{SECRET}'),
    "no blank behind the colon": ('password: "${SMTP_PASSWORD}"', f"password:{SECRET}"),
    "no colon": ('password: "${SMTP_PASSWORD}"', f"password {SECRET}"),
    "an equals sign": ('password: "${SMTP_PASSWORD}"', f"password = {SECRET}"),
    "a colon in it": ('password: "${SMTP_PASSWORD}"', f"password: x: {SECRET}"),
    "an indentation": ('    password: "${SMTP_PASSWORD}"', f"     password: {SECRET}"),
    "a tab": ('    password: "${SMTP_PASSWORD}"', f"\tpassword: {SECRET}"),
    "a bracket": ('password: "${SMTP_PASSWORD}"', f"password: [{SECRET}"),
    "a brace": ('password: "${SMTP_PASSWORD}"', f"password: {{{SECRET}"),
    "an at sign": ('password: "${SMTP_PASSWORD}"', f"password: @{SECRET}"),
    "an ampersand": ('password: "${SMTP_PASSWORD}"', f"password: &{SECRET} x: y"),
    "a star": ('password: "${SMTP_PASSWORD}"', f"password: *{SECRET}"),
    "a line of its own": ('password: "${SMTP_PASSWORD}"', f"password:\n  {SECRET}"),
    "a block that ends early": ('password: "${SMTP_PASSWORD}"', f"password: |\n    {SECRET}"),
    "another key": ('password: "${SMTP_PASSWORD}"', f'geheim: "{SECRET}'),
    "in brackets": ("  sms:\n", f"  telegram: {{bot_token:{SECRET}}}\n  sms:\n"),
    "in brackets without a comma": ("  sms:\n", f"  telegram: {{bot_token: {SECRET} base_url: x}}\n  sms:\n"),
    "a setting at the left edge": ("workflows:\n", f"heartbeat https://a.example/{SECRET}\nworkflows:\n"),
    "a header of a webhook": (
        "      - send: sms\n",
        f"      - send: webhook\n        headers:\n          Authorization: Bearer {SECRET}\n         X: y\n",
    ),
    "channels in one line": ("company:\n", f"channels: {{email: {{password: {SECRET}\ncompany:\n"),
    "a dollar sign": ('password: "${SMTP_PASSWORD}"', f"password: ${SECRET.upper()}"),
    "a comment": ('password: "${SMTP_PASSWORD}"', f"password: x #{SECRET}"),
    "a closing quote": ('password: "${SMTP_PASSWORD}"', f'password: {SECRET}"'),
}


@pytest.mark.parametrize("before", ["", WITHOUT_LIBYAML], ids=["libyaml", "none"])
def test_no_answer_shows_what_may_be_a_secret(before: str, tmp_path: Path) -> None:
    texts = {name: BASE.replace(right, wrong, 1) for name, (right, wrong) in SECRETS.items()}
    assert all(text != BASE for text in texts.values())
    answers = check(texts, tmp_path, before=before)
    assert {name: said for name, (_, said) in answers.items() if SECRET in said.lower()} == {}
    assert [name for name, (code, said) in answers.items() if not code and "warning: " not in said] == [
        "a closing quote"
    ]
