"""Mistakes in the form of workflows.yaml, in its settings, and the line that tells about each."""

from __future__ import annotations

from pathlib import Path

import pytest

from reminderctl import config
from reminderctl.errors import ConfigError

SETTINGS = """\
timezone: Europe/Madrid
channels: {email: {host: smtp.example.com, from: hola@example.com}}
"""
WORKFLOW = """\
workflows:
  - id: w
    when: 1 day before start
"""
AT = "workflows[0] w: "


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    """The lines that `check` prints about a file, without its name."""
    file = folder / "workflows.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        config.load(file, environ, deep=True)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{file}:") for problem in error.problems]
    return []


# --- the file itself --------------------------------------------------------------------------------------------------

FORM = {
    "a bracket left open": (
        "timezone: Europe/Madrid\nworkflows: [\n",
        "2:12: the [ is never closed: `workflows: [`; write ] at its end",
    ),
    "a colon inside plain text": (
        "timezone: Europe/Madrid: Spain\n",
        '1:24: text that holds `: ` needs quotes: `timezone: "Europe/Madrid: Spain"`',
    ),
    "a tab": ("timezone: Europe/Madrid\ncompany:\n\tname: x\n", "3:1: a tab; indent with spaces: `name: x`"),
    "an at sign": ("company: {name: @sol}\n", "1:17: text that begins with @ needs quotes: `company: {name: @sol}`"),
    "text that begins with a shortcode": (
        SETTINGS
        + WORKFLOW
        + "    actions: [{send: email, to: customer, subject: Hi,\n      body: {staff_name} waits}]\n",
        "7:13: text that begins with { needs quotes: `body: {staff_name} waits}]`",
    ),
    "two documents": (
        "timezone: Europe/Madrid\n---\nlanguage: es\n",
        "2:1: a second document begins; one file holds one, so leave out this `---`",
    ),
    "an alias of nothing": (
        "timezone: *zone\n",
        "1:11: no value above is marked `&zone`; text that begins with * needs quotes",
    ),
    "two anchors of one name": (
        "timezone: &a UTC\nlanguage: &a es\n",
        "2:11: not YAML: another value already has this name; text that begins with & needs quotes",
    ),
    "a control character": ("timezone: \x01\n", "1:11: not YAML: control characters are not allowed"),
    "a list instead of keys": ("- a\n", "1:1: expected keys such as `timezone:` and `workflows:` at the left edge"),
    "plain text": ("hello\n", "1:1: expected keys such as `timezone:` and `workflows:` at the left edge"),
    "a setting given twice": (
        SETTINGS + "timezone: Europe/Rome\n",
        "3:1: duplicate key `timezone`; the first is on line 1",
    ),
    "an action's key given twice": (
        SETTINGS + WORKFLOW + "    actions:\n      - send: email\n        to: staff\n        to: admin\n",
        f"9:9: {AT}actions[0]: duplicate key `to`; the first is on line 8",
    ),
    "a tag": (
        "timezone: !!str Europe/Madrid\nlanguage: !tongue es\n",
        "2:11: language: the tag `!tongue` has no meaning here; remove it, or put text that begins with ! in quotes",
    ),
    "a key that is no word": (
        SETTINGS + "company: {{name}: x}\n",
        '3:11: company: a key must be a word; text that begins with { or {{ needs quotes: "{{ ... }}"',
    ),
    "a merge of text": (
        SETTINGS + "company: {<<: x}\n",
        "3:15: company: `<<` takes an alias of a mapping, or a list of such aliases",
    ),
    "an alias inside itself": (
        SETTINGS + "company: &c {name: *c}\n",
        "3:10: company: an alias must not be inside the value that it refers to",
    ),
    "a list of lists of lists": (
        "timezone: Europe/Madrid\nworkflows: " + "[" * 70 + "]" * 70 + "\n",
        "2:71: nested more than 60 levels deep",
    ),
    "so many lists that the parser would crash": (
        "workflows: " + "[" * 100_000 + "]" * 100_000,
        "1:71: nested more than 60 levels deep",
    ),
}


@pytest.mark.parametrize(("text", "told"), FORM.values(), ids=FORM)
def test_a_mistake_of_form_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    assert told in problems(tmp_path, text)


def test_aliases_that_expand_without_end_are_refused(tmp_path: Path) -> None:
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert problems(tmp_path, "\n".join(bomb)) == ["6:5: a5: its aliases expand to more than 300,000 values"]


def test_a_file_that_is_not_utf8_is_named_with_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "workflows.yaml"
    file.write_bytes(b"timezone: Europe/Madrid\ncompany: {name: Cl\xednica}\n")
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    assert str(caught.value) == f"{file}:2:19: is not UTF-8 (byte 0xed); save the file as UTF-8"


def test_a_file_too_large_to_be_meant_is_not_read(tmp_path: Path) -> None:
    assert problems(tmp_path, "#" * 2_000_001) == ["1:1: is 2,000,001 bytes long; the limit is 2,000,000"]


# --- settings ---------------------------------------------------------------------------------------------------------

IN_SETTINGS = {
    "no time zone": (
        "language: es\n",
        "1:1: `timezone` is missing; add the zone of your bookings, such as `timezone: Europe/Madrid`",
    ),
    "a time zone that does not exist": (
        "timezone: Europe/Madird\n",
        "1:11: timezone: there is no time zone 'Europe/Madird'; did you mean `Europe/Madrid`?",
    ),
    "an unknown setting": ("timzone: Europe/Madrid\n", "1:1: unknown key `timzone`; did you mean `timezone`?"),
    "a setting without a value": ("timezone:\n", "1:1: timezone: is empty; give it a value or remove it"),
    "a setting that is a list": ("timezone: [Europe/Madrid]\n", "1:11: timezone: expected text, got a list"),
    "a language that is none": (
        SETTINGS + "language: Spanish!\n",
        "3:11: language: 'Spanish!' is not a language tag; use `es`, `en` or `pt-BR`",
    ),
    "a burst in words": (
        SETTINGS + "max_burst: many\n",
        "3:12: max_burst: expected a whole number, or `none`, got 'many'",
    ),
    "an unknown key of the company": (
        SETTINGS + "company: {nam: Sol}\n",
        "3:11: company: unknown key `nam`; did you mean `name`?",
    ),
    "the company as text": (SETTINGS + "company: Sol\n", "3:10: company: expected a mapping of keys and values"),
    "an address that is none": (
        SETTINGS + 'admin: {email: admin, phone: "600", telegram: me}\n',
        "3:16: admin: email: 'admin' is not a valid email address; an address looks like ana@example.com",
    ),
    "a phone number that is none": (
        SETTINGS + "admin: {phone: call me}\n",
        "3:16: admin: phone: 'call me' is not a valid phone number; a phone number looks like +34600123456",
    ),
    "a variable outside the channels": (
        SETTINGS + "bookings: ${HOME}/bookings.db\n",
        "3:11: bookings: `${HOME}` works under `channels` and `sources` only; write the value itself here",
    ),
    "an unknown channel": (
        "timezone: UTC\nchannels: {emial: {}}\n",
        "2:12: channels: unknown channel `emial`; did you mean `email`?",
    ),
    "channels as a list": (
        "timezone: UTC\nchannels: [email]\n",
        "2:11: channels: expected a mapping such as `sms: {provider: twilio, ...}`",
    ),
    "a missing key of a channel": (
        "timezone: UTC\nchannels:\n  email:\n    host: smtp.example.com\n",
        "4:5: channels.email: `from` is missing",
    ),
    "an unknown key of a channel": (
        "timezone: UTC\nchannels:\n  email: {hots: smtp.example.com, from: a@example.com}\n",
        "3:11: channels.email: unknown key `hots`; did you mean `host`?",
    ),
    "text for a number": (
        "timezone: UTC\nchannels:\n  email: {host: h, from: a@example.com, port: abc}\n",
        "3:47: channels.email: port: expected a whole number, got 'abc'",
    ),
    "a number out of range": (
        "timezone: UTC\nchannels:\n  email: {host: h, from: a@example.com, port: 70000}\n",
        "3:47: channels.email: port: expected a whole number of at most 65535, got '70000'",
    ),
    "a word that is no choice": (
        "timezone: UTC\nchannels:\n  email: {host: h, from: a@example.com, security: starttsl}\n",
        (
            "3:51: channels.email: security: expected `starttls`, `tls` or `none`, got 'starttsl'; "
            "did you mean `starttls`?"
        ),
    ),
    "a secret that is a list": (
        "timezone: UTC\nchannels:\n  email: {host: h, from: a@example.com, username: u, password: [s3cret]}\n",
        "3:64: channels.email: password: expected text, got a list",
    ),
    "settings that do not fit together": (
        "timezone: UTC\nchannels:\n  email: {from: a@example.com}\n",
        (
            "3:10: channels.email: host is missing: name the SMTP server, or a local program: "
            "`sendmail: /usr/sbin/sendmail`"
        ),
    ),
}


@pytest.mark.parametrize(("text", "told"), IN_SETTINGS.values(), ids=IN_SETTINGS)
def test_a_mistake_in_the_settings_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    assert told in problems(tmp_path, text)


def test_all_mistakes_come_together_and_in_order(tmp_path: Path) -> None:
    text = (
        "timezone: Mars/Olympus\nlangage: es\n"
        "channels: {email: {host: h, port: x, security: y, from: a@example.com}}\n"
        "workflows:\n"
        "  - {id: a, when: never, actions: [{send: email, to: nobody, subject: '{x}', body: '{y}'}]}\n"
        "  - {id: b, when: at start, actions: [{send: pigeon}]}\n"
    )
    lines = problems(tmp_path, text)
    places = [tuple(map(int, line.split(":")[:2])) for line in lines]
    assert places == sorted(places)
    assert [line for line, _ in places] == [1, 2, 3, 3, 5, 5, 5, 5, 6]


# What stands in the settings; what is told, up to the first semicolon.
TOGETHER = {
    'admin: {emial: x, phone: "12", telegram: [a]}\ncompany: {name: [x], email: no}': [
        "3:9: admin: unknown key `emial`",
        "3:26: admin: phone: '12' is not a valid phone number",
        "3:42: admin: telegram: expected text, got a list",
        "4:17: company: name: expected text, got a list",
        "4:29: company: email: 'no' is not a valid email address",
    ],
    'channels: {email: {host: "a b", from: nobody, prot: 25}}': [
        "3:26: channels.email: host: 'a b' is not a server name",
        "3:39: channels.email: from: 'nobody' has no @",
        "3:47: channels.email: unknown key `prot`",
    ],
    "channels: {email: {from: nobody, port: x}}": [
        (
            "3:19: channels.email: host is missing: name the SMTP server, or a local program: "
            "`sendmail: /usr/sbin/sendmail`"
        ),
        "3:26: channels.email: from: 'nobody' has no @",
        "3:40: channels.email: port: expected a whole number, got 'x'",
    ],
    'channels: {email: {host: "a b", from: "${NOT_SET}", password: x}}': [
        "3:19: channels.email: username is missing: a password or token_command needs one",
        "3:26: channels.email: host: 'a b' is not a server name",
        "3:40: channels.email: `${NOT_SET}` is not set",
    ],
    # What may be right once the other is: nothing is said of it.
    "channels: {email: {hots: h, from: a@example.com, security: x, port: 465, username: u, password: [p]}}": [
        "3:20: channels.email: unknown key `hots`",
        "3:60: channels.email: security: expected `starttls`, `tls` or `none`, got 'x'",
        "3:97: channels.email: password: expected text, got a list",
    ],
    "channels: {sms: {provider: http, preset: labsmobil, url: ftp://x, username: u, password: p}}": [
        "3:17: channels.sms: from is missing: set the sender of the SMS",
        (
            "3:42: channels.sms: preset: expected `labsmobile`, `46elks`, `seven`, `clicksend`, `bird`, `messagebird`, "
            "`sinch`, `plivo` or `smsapi`, got 'labsmobil'"
        ),
        "3:58: channels.sms: url: must begin with https:// and a host, as in https://api.example.com",
    ],
}


@pytest.mark.parametrize(("settings", "told"), TOGETHER.items(), ids=TOGETHER)
def test_one_mistake_in_the_settings_hides_no_other(settings: str, told: list[str], tmp_path: Path) -> None:
    lines = problems(tmp_path, f"timezone: UTC\nlanguage: en\n{settings}\n")
    assert [line.partition(";")[0] for line in lines] == told


def test_however_many_mistakes_there_are_all_are_told(tmp_path: Path) -> None:
    lines = problems(tmp_path, "timezone: UTC\n" + "timezone: UTC\n" * 300 + "workflows: [!x y]\n")
    assert [line for line in lines if "duplicate key" in line][-1].startswith("301:1: ")
    assert lines[-1].startswith("302:13: workflows[0]: the tag `!x` has no meaning here")
    assert len(lines) == 302


def test_the_same_mistakes_are_found_without_libyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    import yaml

    from reminderctl.config import yaml_reader

    with monkeypatch.context() as without:
        without.delattr(yaml, "CBaseLoader")
        importlib.reload(yaml_reader)
        page = yaml_reader.read_yaml(tmp_path / "nothing.yaml")
        file = tmp_path / "workflows.yaml"
        file.write_text(f"{SETTINGS}company: {{name: +34, name: no}}\n", encoding="utf-8")
        pure = yaml_reader.read_yaml(file)
    importlib.reload(yaml_reader)
    assert page.root is None
    assert [str(problem) for problem in pure.problems] == [
        f"{file}:3:22: company: duplicate key `name`; the first is on line 3"
    ]
