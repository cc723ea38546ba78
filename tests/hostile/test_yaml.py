"""YAML files that nobody wrote to be understood: a mistake with its line, or the right reading, with bounded memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

MEMORY = 1 << 30  # bytes
HUNG = 60  # seconds
HEAD = "timezone: Europe/Madrid\noutbox: outbox\n"
WORKFLOW = "- {{id: w{0}, when: 1 day before start, actions: [{{send: sms, to: customer, body: 'x {0}'}}]}}\n"
AT_BODY = "4:8{}: workflows[0] w1: actions[0]: the template cannot be read: {}"
NESTED = AT_BODY.format(1, "it is nested too deeply")
GOOD = f"{HEAD}workflows:\n{WORKFLOW.format(1)}"


def with_body(text: str) -> str:
    return GOOD.replace("'x 1'", json.dumps(text))


def chained(value: str) -> str:
    """Forty keys, each made of several times the one before."""
    lines = (f"a{number}: &a{number} {value.format(f'*a{number - 1}')}" for number in range(1, 40))
    return "\n".join(["a0: &a0 {k: v}", *lines])


# What is in the file; what the first line says after the file's name, empty where nothing is wrong.
FILES: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "1:1: `timezone` is missing"),
    "a byte order mark": (f"\ufeff{GOOD}", ""),
    "Windows line ends": (GOOD.replace("\n", "\r\n"), ""),
    "old Macintosh line ends": (GOOD.replace("\n", "\r"), ""),
    "UTF-16": (GOOD.encode("utf-16"), "1:1: is not UTF-8 (byte 0xff); save the file as UTF-8"),
    "UTF-16 without its mark": (GOOD.encode("utf-16-le"), "1:2: not YAML: control characters are not allowed"),
    "a compressed file": (b"\x1f\x8b\x08\x00\x00", "1:2: is not UTF-8 (byte 0x8b); save the file as UTF-8"),
    "NUL": ("timezone: Europe\x00\n", "1:17: not YAML: control characters are not allowed"),
    "a tab": (GOOD.replace("\n-", "\n\t-"), "4:1: a tab; indent with spaces: `..."),
    "escapes": ('timezone: "\\e]0;owned\\a\\x9b2J\\u202e"\n', "1:11: timezone: there is no time zone"),
    "half a character": ('timezone: "\\ud800"\n', "1:14: not YAML: found invalid Unicode character escape code"),
    "a path with NUL": ('timezone: UTC\nledger: "a\\0b"\n', "2:9: ledger: 'a\\x00b' cannot be the name of a file"),
    "a path without a name": ("timezone: UTC\nledger: /\n", ""),
    "a path that is the folder": ("timezone: UTC\nledger: .\n", ""),
    "a long path": (f"timezone: UTC\nbookings: {'x' * 300}\n", "2:11: bookings: 'xxxx"),
    "nobody's home": ("timezone: UTC\noutbox: ~nosuchuser/x\n", "2:9: outbox: '~nosuchuser/x' begins"),
    "an object": ("timezone: !!python/object/apply:os.system [touch pwned]\n", "1:11: timezone: expected text"),
    "an object at the root": (f"--- !!python/object:os.x\n{GOOD}", "1:5: the tag `!!python/object:os.x` has no"),
    "a YAML of the future": (f"%YAML 9.9\n---\n{GOOD}", "1:1: not YAML: found incompatible YAML document"),
    "lists in lists": ("workflows: " + "[" * 10_000, "1:71: nested more than 60 levels deep"),
    "maps in maps": ("a: " + "{b: " * 10_000 + "}" * 10_000, "1:240: nested more than 60 levels deep"),
    "lines in lines": ("\n".join(" " * n + "a:" for n in range(1_400)), "61:61: nested more than 60 levels deep"),
    "lists in lists that end": ("a: " + "[" * 1_200 + "]" * 1_200, "1:63: nested more than 60 levels deep"),
    "a list in each line": ("a: " + "[\n" * 1_200 + "]" * 1_200, "60:1: nested more than 60 levels deep"),
    "dashes after dashes": ("a:\n " + "- " * 1_200 + "x", "2:120: nested more than 60 levels deep"),
    "brackets in a quotation without end": ("a: '" + "[" * 2_000, "1:4: the closing ' is missing: `a: ...`"),
    "keys in keys": ("? " * 10_000 + "x", "1:121: nested more than 60 levels deep"),
    "a bomb of lists": (chained("[{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}]"), "7:5: a6: its aliases expand"),
    "a bomb of maps": (chained("{{a: {0}, b: {0}, c: {0}}}"), "12:6: a11: its aliases expand"),
    "a bomb of merges": (chained("{{<<: [{0}, {0}, {0}, {0}, {0}], k: v}}"), "1:1: `timezone` is missing"),
    "a chain of merges": (
        f"{HEAD}a:\n- &m0 {{k0: v}}\n" + "".join(f"- &m{n} {{<<: *m{n - 1}, k{n}: v}}\n" for n in range(1, 20_000)),
        "778:3: a: `<<` copies more than 300,000 values in this file",
    ),
    "the same merge without end": (
        f"a: &a {{{', '.join(f'k{n}: v' for n in range(20_000))}}}\nb: {{<<: [{', '.join(['*a'] * 30_000)}]}}\n",
        "2:4: b: `<<` copies more than 300,000 values in this file",
    ),
    "merges without end": (
        f"a: &a {{{', '.join(f'k{n}: v' for n in range(20_000))}}}\nb:\n" + "- {<<: *a}\n" * 50_000,
        "17:3: b: `<<` copies more than 300,000 values in this file",
    ),
    "merges in merges": ("a: " + "{<<: " * 4_000 + "{}" + "}" * 4_000, "1:299: nested more than 60 levels deep"),
    "ten megabytes": (GOOD + "#" * 10_000_000, "1:1: is 10,000,138 bytes long; the limit is 2,000,000"),
    "a name without end": ("timezone: " + "x" * 1_900_000, "1:11: timezone: there is no time zone"),
    "keys without end": ("".join(f"k{n}: v\n" for n in range(10_000)), "1:1: unknown key `k0`"),
    "the same key without end": (HEAD + "outbox: x\n" * 10_000, "3:1: duplicate key `outbox`"),
    "tags without end": (HEAD + "workflows:\n" + "- !x {}\n" * 10_000, "4:3: workflows[0]: the tag `!x` has no"),
    "workflows without end": (HEAD + "workflows:\n" + "".join(map(WORKFLOW.format, range(10_000))), ""),
    "the same workflow without end": (GOOD + WORKFLOW.format(1) * 1_000, "5:8: workflows[1] w1: the id `w1` is taken"),
    "a trigger without end": (GOOD.replace("1 day", "1" * 500_000 + " days"), "4:18: workflows[0] w1: when: "),
    "shortcodes without end": (with_body("{staff_name} " * 1_000), ""),
    "braces without end": (with_body("{" * 50_000), NESTED),
    "statements without end": (with_body("{% if x %}" * 10_000), NESTED),
    "parentheses without end": (with_body("{{ " + "(" * 10_000 + " }}"), NESTED),
    "a quotation without end": (with_body("{{ " + '"' * 10_001 + " }}"), AT_BODY.format(0, "unexpected char")),
}  # fmt: skip

DRIVER = """
import json, sys
from pathlib import Path
from click.testing import CliRunner
from reminderctl.cli import main

told = {}
for folder in sorted(Path().iterdir()):
    result = CliRunner().invoke(main, ["check", f"{folder}/x.yaml"])
    bug = None if isinstance(result.exception, SystemExit) else repr(result.exception)[:200]
    said = result.output[:9_000] + result.output[-900:]
    told[folder.name] = (result.exit_code, bug if result.exception else None, said)
print(json.dumps(told))
"""


def run_limited(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A Python program that may not have more memory than is decent; one that hangs fails the test."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=HUNG,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )


# PyYAML as it is where it was built without libyaml.
WITHOUT_LIBYAML = "import yaml; del yaml.CBaseLoader"
NESTED_FILES = {name: case for name, case in FILES.items() if case[1].endswith("nested more than 60 levels deep")}


@pytest.mark.parametrize(("files", "before"), [(FILES, ""), (NESTED_FILES, WITHOUT_LIBYAML)], ids=["libyaml", "none"])
def test_a_file_is_read_or_its_mistake_has_a_line(
    files: dict[str, tuple[str | bytes, str]], before: str, tmp_path: Path
) -> None:
    assert files
    for name, (content, _) in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    ran = run_limited("-c", f"{before}{DRIVER}", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    wrong = {
        name: told[name][1:] for name, (_, says) in files.items() if not as_told(f"{name}/x.yaml", told[name], says)
    }
    assert {name: (bug, said[:300]) for name, (bug, said) in wrong.items()} == {}
    assert not (tmp_path / "pwned").exists()
    assert all(said.isprintable() for _, _, output in told.values() for said in output.splitlines())


def as_told(name: str, told: tuple[int, str | None, str], says: str) -> bool:
    code, bug, said = told
    right = (code == 2 and said.startswith(f"{name}:{says}")) if says else (code == 0 and ", no problems" in said)
    return right and not bug


PIPE = """
import os, sys
from reminderctl.cli import main

os.mkfifo("pipe.yaml")
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("-c pipe.yaml check", 2, "pipe.yaml:1:1: is a pipe or a device; use a regular file"),
        ("-c pipe.yaml run", 2, "pipe.yaml:1:1: is a pipe or a device; use a regular file"),
        ("-c /dev/zero check", 2, "/dev/zero:1:1: is a pipe or a device; use a regular file"),
        ("-c loop.yaml check", 2, "loop.yaml: Too many levels of symbolic links"),
        ("-c folder.yaml check", 2, "folder.yaml: no *.yaml file in this directory"),
        ("-c . check", 2, "loop.yaml:1:1: cannot be read: Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, arguments: str, code: int, says: str) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    ran = run_limited("-c", PIPE, *arguments.split(), folder=tmp_path)
    assert (ran.returncode, (ran.stdout + ran.stderr).splitlines()[0][: len(says)]) == (code, says)


ONE = f"{HEAD}workflows:\n- id: w\n  when: 1 day before start\n"
SMS = "  actions: [{send: sms, to: customer, body: x}]\n"


PATTERN = "{{{{ appointment_date | date('bad{}') }}}} "


def numbered(form: str, count: int, *, between: str = "") -> str:
    """Many pieces that differ in a number."""
    return between.join(form.format(number) for number in range(count))


FULL_OF_MISTAKES = {
    "keys that nobody knows": HEAD + numbered("key{}: v\n", 30_000),
    "channels that nobody knows": "timezone: UTC\nchannels:\n" + numbered("  c{}: {{}}\n", 30_000),
    "keys without values": HEAD + numbered("k{}:\n", 30_000),
    "keys that stand twice": HEAD + "outbox: x\n" * 30_000,
    "keys of a workflow": ONE + SMS + numbered("  key{}: v\n", 30_000),
    "workflows with a typo each": HEAD + "workflows:\n" + numbered("- {{id: w{}, whne: x}}\n", 30_000),
    "misspelt shortcodes": ONE + SMS.replace("x", f'"{numbered("{{custmer_nam{}}} ", 30_000)}"'),
    "misspelt values of JSON": (
        f"{ONE}  actions:\n  - {{send: webhook, url: https://x.example, "
        f"json: {{{numbered('k{}: x {{custmer_nme}}', 50_000, between=', ')}}}}}\n"
    ).replace("x {custmer_nme}", "'{custmer_nme}'"),
    "many values of JSON": (
        f"{ONE}  actions:\n  - {{send: webhook, url: https://x.example, "
        f"json: {{{numbered('k{}: %', 50_000, between=', ')}}}}}\n"
    ).replace("%", "'{custmer_nme}'"),
    "shortcodes without end": ONE + SMS.replace("x", f'"{"{customer_first_name " * 30_000}"'),
    "patterns that are none": ONE + SMS.replace("x", f'"{numbered(PATTERN, 1_500)}"'),
    "languages that are none": ONE + SMS.replace("x", f"{{{numbered('l{}: x', 30_000, between=', ')}}}"),
}  # fmt: skip
FULL_OF_VALUES = {
    "statuses": f"{ONE}{SMS}  filters: {{status: [{numbered('aproved{}', 30_000, between=', ')}]}}\n",
    "services on both sides": ONE + SMS + "".join(
        f"  {key}: {{service: [{numbered('s{}', 30_000, between=', ')}]}}\n" for key in ("filters", "except")
    ),
    "actions": ONE + "  actions:\n" + numbered("  - {{id: a{}, send: sms, to: customer, body: x}}\n", 5_000),
}  # fmt: skip


@pytest.mark.parametrize("text", FULL_OF_MISTAKES.values(), ids=FULL_OF_MISTAKES)
def test_a_file_full_of_mistakes_is_looked_at_as_far_as_anybody_reads(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    checked = run_limited("-m", "reminderctl", "check", "x.yaml", folder=tmp_path)
    *lines, last, summary = checked.stdout.splitlines()
    assert (checked.returncode, checked.stderr) == (2, "")
    assert len(lines) == 500
    assert last.endswith(": ... and possibly more: after 500 problems the rest of the file is not checked")
    assert summary == "x.yaml: more than 500 problems to fix"
    ran = run_limited("-m", "reminderctl", "-c", "x.yaml", "run", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[50:] == ["... and 451 more problems; `reminderctl check` lists them"]


@pytest.mark.parametrize("text", FULL_OF_VALUES.values(), ids=FULL_OF_VALUES)
def test_a_file_full_of_values_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    checked = run_limited("-m", "reminderctl", "check", "x.yaml", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout[:300] + checked.stderr[-300:]
    assert len(checked.stdout.splitlines()) <= 503


def test_what_is_said_over_and_over_of_a_text_hides_nothing_else(tmp_path: Path) -> None:
    text = ONE + SMS.replace("x", "'%'")
    other = "- {id: o, when: 1 day before start, actions: [{send: sms, to: customer, body: '%service_name%'}]}\n"
    (tmp_path / "x.yaml").write_text(text.replace("%", "%customer_first_name% " * 600) + other)
    checked = run_limited("-m", "reminderctl", "check", "x.yaml", folder=tmp_path)
    *warnings, summary, _ = checked.stdout.splitlines()
    assert checked.returncode == 0
    assert [line.partition("body: ")[2][:33] for line in warnings if "is sent" in line] == [
        "%customer_first_name% is sent unc",
        "%service_name% is sent unchanged;",
    ]
    assert "no problems, " in summary
    assert "more than" not in summary


def test_one_file_full_of_mistakes_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.yaml").write_text(ONE + SMS)
    broken = numbered("- {{id: w{}, whne: x}}\n", 1_000)
    (tmp_path / "all" / "b.yaml").write_text(f"workflows:\n{broken}")
    assert run_limited("-m", "reminderctl", "-c", "all", "init", folder=tmp_path).returncode == 0
    ran = run_limited("-m", "reminderctl", "-c", "all", "run", "--verbose", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "nothing was due\n")  # as a.yaml says
    assert ran.stderr.startswith("all/b.yaml:2:3: ")


def test_a_folder_of_many_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    for number in range(2_000):
        head = "" if number else HEAD
        (tmp_path / "all" / f"{number}.yaml").write_text(f"{head}workflows:\n{WORKFLOW.format(number)}")
    checked = run_limited("-m", "reminderctl", "check", "all", folder=tmp_path)
    summary = "all: 2,000 workflows, 2,000 actions, no problems, 1,999 warnings"  # that they send the same to the same
    assert (checked.returncode, checked.stdout.splitlines()[-2]) == (0, summary)
