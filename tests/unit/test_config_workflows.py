"""Mistakes in workflows, and the line that tells about each."""

from __future__ import annotations

from pathlib import Path

import pytest

from reminderctl import config
from reminderctl.errors import ConfigError

SETTINGS = """\
timezone: Europe/Madrid
channels: {email: {host: smtp.example.com, from: hola@example.com}}
"""
OUTBOX = "timezone: Europe/Madrid\noutbox: outbox\n"
WORKFLOW = """\
workflows:
  - id: w
    when: 1 day before start
"""
MAIL = "    actions: [{send: email, to: customer, subject: Hi, body: Hello}]\n"
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


# --- workflows --------------------------------------------------------------------------------------------------------

IN_WORKFLOWS = {
    "workflows that are no list": (
        "workflows: {id: w}\n",
        "3:12: workflows: expected a list: each workflow begins with `- id: ...`",
    ),
    "a workflow that is text": (
        "workflows: [w]\n",
        "3:13: workflows[0]: expected a mapping with `id`, `when` and `actions`",
    ),
    "no id": (
        "workflows:\n  - when: at start\n" + MAIL,
        "4:5: workflows[0]: `id` is missing; add a name that never changes, such as `id: reminder-24h`",
    ),
    "no trigger": (
        "workflows:\n  - id: w\n" + MAIL,
        "4:5: workflows[0] w: `when` is missing; add, for example, `when: 1 day before start`",
    ),
    "no actions": (
        WORKFLOW,
        f"4:5: {AT}`actions` is missing; add, for example, `actions: [{{send: email, to: customer, ...}}]`",
    ),
    "an empty list of actions": (
        WORKFLOW + "    actions: []\n",
        f"6:14: {AT}actions: the list is empty; a workflow needs at least one action",
    ),
    "an id with blanks": (
        "workflows:\n  - id: my workflow\n    when: at start\n" + MAIL,
        "4:9: workflows[0] my workflow: id: 'my workflow' may hold letters, digits, `.`, `_` and `-` only, at most 100",
    ),
    "an id given twice": (
        WORKFLOW + MAIL + "  - id: w\n    when: at end\n" + MAIL,
        "7:9: workflows[1] w: the id `w` is taken by FILE:4",
    ),
    "an unknown key": (WORKFLOW + "    filter: {}\n" + MAIL, f"6:5: {AT}unknown key `filter`; did you mean `filters`?"),
    "a sentence that cannot be read": (
        "workflows:\n  - id: w\n    when: [at start, 1 day befor start]\n" + MAIL,
        (
            f"5:22: {AT}when: cannot read '1 day befor start'; did you mean `1 day before start`? "
            "(as in `1 day before start`, `30 minutes after end`)"
        ),
    ),
    "no trigger in the list": (
        "workflows:\n  - id: w\n    when: []\n" + MAIL,
        f"5:11: {AT}when: the list is empty; use, for example, `when: 1 day before start`",
    ),
    "a time of day that is none": (
        "workflows:\n  - id: w\n    when: 1 day before start at 24:00\n" + MAIL,
        (f"5:11: {AT}when: cannot read '24:00' in '1 day before start at 24:00' as a time of day; use 00:00 to 23:59"),
    ),
    "the same trigger twice": (
        "workflows:\n  - id: w\n    when: [60 minutes before start, 1h before start]\n" + MAIL,
        f"5:37: {AT}when: `60 minutes before start` and `1 hour before start` are the same; keep one",
    ),
    "a switch that is neither on nor off": (
        WORKFLOW + "    enabled: maybe\n" + MAIL,
        f"6:14: {AT}enabled: expected `true` or `false`, got 'maybe'",
    ),
    "an unknown filter": (
        WORKFLOW + "    filters: {services: Cut}\n" + MAIL,
        f"6:15: {AT}filters: unknown key `services`; did you mean `service`?",
    ),
    "a filter left empty": (
        WORKFLOW + "    filters:\n      status:\n" + MAIL,
        f"7:7: {AT}filters: status: is empty; give it a value or remove it",
    ),
    "an empty list in a filter": (
        WORKFLOW + "    except: {staff: []}\n" + MAIL,
        f"6:21: {AT}except: staff: the list is empty; remove the key, or give it a value",
    ),
    "a grace that is no length": (
        WORKFLOW + "    grace: soon\n" + MAIL,
        f"6:12: {AT}grace: cannot read 'soon' as a duration; use `3h`, `90 minutes` or `2 days`",
    ),
    "a choice misspelt": (
        WORKFLOW + "    late_booking: sned\n" + MAIL,
        f"6:19: {AT}late_booking: expected `skip` or `send`, got 'sned'; did you mean `send`?",
    ),
}
IN_ACTIONS = {
    "no channel": (
        "{to: customer}",
        "`send` is missing; the channels are email, sms, whatsapp, telegram, chat, webhook",
        14,
    ),
    "an unknown channel": ("{send: emial}", "unknown channel `emial`; did you mean `email`?", 21),
    "an action that is text": ("email", "expected a mapping that begins with `send`", 14),
    "no recipient": (
        "{send: email, subject: s, body: b}",
        "`to` is missing; use customer, staff, admin, location, company or an address",
        14,
    ),
    "a recipient misspelt": (
        "{send: email, to: custmer, subject: s, body: b}",
        "to: unknown recipient `custmer`; did you mean `customer`?",
        32,
    ),
    "a recipient nobody knows": (
        "{send: email, to: everybody, subject: s, body: b}",
        (
            "to: unknown recipient `everybody`; use customer, staff, admin, location, company, an address, or text "
            "with shortcodes"
        ),
        32,
    ),
    "an address that is none": (
        "{send: email, to: [staff, ana@], subject: s, body: b}",
        "to: 'ana@' is not a valid email address; an address looks like ana@example.com",
        40,
    ),
    "an address that no mail gets to": (
        "{send: email, to: a..b@example.com, subject: s, body: b}",
        "to: 'a..b@example.com' is not a valid email address; an address looks like ana@example.com",
        32,
    ),
    "the number of no chat": (
        "{send: telegram, to: '-12345678901234567890', body: b}",
        (
            "to: '-12345678901234567890' is not a valid Telegram chat; a Telegram chat is a number such as "
            "-100123456, or @name "
            "of a public channel"
        ),
        35,
    ),
    "a recipient without quotes": (
        "{send: email, to: {customer_email}, subject: s, body: b}",
        'to: expected text, got a mapping; text that begins with { needs quotes: "{...}"',
        32,
    ),
    "an unknown shortcode as recipient": (
        "{send: email, to: '{custmer_email}', subject: s, body: b}",
        "to: unknown shortcode {custmer_email}; did you mean {customer_email}?",
        32,
    ),
    "a recipient twice": (
        "{send: email, to: [staff, staff], subject: s, body: b}",
        "to: duplicate recipient `staff`",
        40,
    ),
    "the admin without an address": (
        "{send: email, to: admin, subject: s, body: b}",
        "to: `admin` has no email in the settings; add `admin: {email: ...}`",
        32,
    ),
    "a webhook with a recipient": (
        "{send: webhook, to: staff, url: https://example.com}",
        "to: a webhook has no recipient; its `url` is where it goes",
        34,
    ),
    "no subject": ("{send: email, to: customer, body: Hi}", "`subject` is missing", 14),
    "an unknown key": (
        "{send: email, to: customer, subject: s, bdoy: Hi, body: b}",
        "unknown key `bdoy`; did you mean `body`?",
        54,
    ),
    "an unknown shortcode": (
        "{send: email, to: customer, subject: s, body: 'Hi {custmer_name}'}",
        "unknown shortcode {custmer_name}; did you mean {customer_full_name}?",
        64,
    ),
    "the second of two unknown shortcodes": (
        "{send: email, to: customer, subject: s, body: {es: '{staff_name}', en: '{staf_name}'}}",
        "unknown shortcode {staf_name}; did you mean {staff_name}?",
        86,
    ),
    "a template that cannot be read": (
        "{send: email, to: customer, subject: s, body: 'Hi {% if zoom_url %}'}",
        "the template cannot be read: `{% if ... %}` is never closed; write `{% endif %}` where it ends",
        64,
    ),
    "text without quotes": (
        "{send: email, to: customer, subject: {service_name}, body: b}",
        'subject: text that begins with a shortcode needs quotes: "{service_name} ..."',
        52,
    ),
    "a language that is none": (
        "{send: email, to: customer, subject: {spanish language: Hola}, body: b}",
        "subject: 'spanish language' is not a language; use `es: ...`, `en: ...`",
        52,
    ),
    "a list for a text": (
        "{send: email, to: customer, subject: [a], body: b}",
        "subject: expected text, got a list",
        51,
    ),
    "a text for a mapping": (
        "{send: email, to: customer, subject: s, headers: hunter2, body: b}",
        "headers: expected a mapping",
        63,
    ),
    "an attachment that is not there, alone": (
        "{send: email, to: customer, subject: s, attach: calender, body: b}",
        "attach: there is no file 'calender'; did you mean `calendar`?",
        62,
    ),
    "an attachment that is not there": (
        "{send: email, to: customer, subject: s, attach: [calender], body: b}",
        "attach: there is no file 'calender'; did you mean `calendar`?",
        63,
    ),
    "a file that is not there": (
        "{send: email, to: customer, subject: s, body_file: hi.txt}",
        "body_file: FOLDER/hi.txt cannot be read: No such file or directory",
        65,
    ),
    "a text and its file": (
        "{send: email, to: customer, subject: s, body: Hi, body_file: hi.txt}",
        "`body` and `body_file` exclude each other",
        75,
    ),
    "a variable in a text": (
        "{send: email, to: customer, subject: s, body: 'Hi ${TOKEN}'}",
        "`${TOKEN}` works under `channels` and `sources` only; write the value itself here",
        64,
    ),
    "a secret in a webhook": (
        "{send: webhook, url: 'https://CRM.example.com:443/x', headers: {X-Key: 'k ${TOKEN}'}}",
        (
            "`${TOKEN}` works under `channels` and `sources` only; put a header with a secret there: "
            "`webhook: {headers: {https://crm.example.com: {X-Key: ...}}}`"
        ),
        88,
    ),
    "an unknown key that is like none": (
        "{send: sms, to: customer, body: b, zzz: x}",
        "unknown key `zzz`; known here: send, id, to, body, body_file",
        49,
    ),
    "an unknown key of a webhook": (
        "{send: webhook, url: https://example.com, zzz: x}",
        "unknown key `zzz`; known here: send, id, method, url, params, headers, json, form, body, body_file",
        56,
    ),
    "nobody": (
        "{send: email, to: [], subject: s, body: b}",
        "to: the list is empty; use customer, staff, admin, location, company or an address",
        32,
    ),
    "an empty text": (
        "{send: email, to: customer, subject: s, body: ' '}",
        "body: is empty; give it a value or remove it",
        60,
    ),
    "an empty text that is needed": ("{send: sms, to: customer, body: ''}", "body: is empty; give it a value", 46),
    "a language without a text": (
        "{send: telegram, to: customer, body: {es: , en: x}}",
        "body.es: is empty; give it a value or remove it",
        56,
    ),
    "an empty body of a webhook": (
        "{send: webhook, url: https://example.com, body: ''}",
        "body: is empty; give it a value or remove it",
        62,
    ),
    "an empty address of a webhook": ("{send: webhook, url: ''}", "url: is empty; give it a value", 35),
    "an empty parameter": (
        "{send: whatsapp, to: customer, template: t, language: es, parameters: [a, '']}",
        "parameters.1: is empty; give it a value",
        88,
    ),
    "an empty language of a template": (
        "{send: whatsapp, to: customer, template: t, language: ''}",
        "language: is empty; give it a value or remove it",
        68,
    ),
    "JSON as one text": (
        """{send: webhook, url: https://example.com, json: ' {"text": "{staff_name}"}'}""",
        ("json: this is JSON in one text, and would be sent in quotation marks; write it as YAML, or use `body`"),
        62,
    ),
    "a list of JSON as one text": (
        """{send: webhook, url: https://example.com, json: '[1, 2]'}""",
        ("json: this is JSON in one text, and would be sent in quotation marks; write it as YAML, or use `body`"),
        62,
    ),
    "a header that is ours": (
        "{send: email, to: customer, subject: s, headers: {Bcc: x}, body: b}",
        "headers: Bcc cannot be set here: reminderctl writes it",
        63,
    ),
    "a shortcode for a host": (
        "{send: webhook, url: 'https://{staff_name}/x'}",
        "url: shortcodes are not allowed in a URL's scheme, host or port",
        44,
    ),
    "a method in small letters": (
        "{send: webhook, url: https://example.com, method: post}",
        "method: expected `GET`, `POST`, `PUT`, `DELETE` or `PATCH`, got 'post'; did you mean `POST`?",
        64,
    ),
    "two bodies": (
        "{send: webhook, url: https://example.com, json: {a: b}, form: {a: b}}",
        "json and form exclude each other: a request has one body",
        14,
    ),
    "two actions on one channel": (
        "{send: webhook, url: https://a.example.com}, {send: webhook, url: https://b.example.com}",
        "another action also sends on webhook; give this one an `id` and leave the first unchanged",
        66,
    ),
}


@pytest.mark.parametrize(("text", "told"), IN_WORKFLOWS.values(), ids=IN_WORKFLOWS)
def test_a_mistake_in_a_workflow_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    assert problems(tmp_path, SETTINGS + text) == [told.replace("FILE", str(tmp_path / "workflows.yaml"))]


@pytest.mark.parametrize(("actions", "told", "column"), IN_ACTIONS.values(), ids=IN_ACTIONS)
def test_a_mistake_in_an_action_is_told_with_its_place(actions: str, told: str, column: int, tmp_path: Path) -> None:
    settings = SETTINGS if "send: email" in actions or "send: webhook" in actions else OUTBOX
    lines = problems(tmp_path, f"{settings}{WORKFLOW}    actions: [{actions}]\n")
    which = 1 if "another action" in told else 0
    assert lines == [f"6:{column + 1}: {AT}actions[{which}]: {told}".replace("FOLDER", str(tmp_path))]


FINE = {
    "a single attachment": "{send: email, to: customer, subject: s, body: b, attach: calendar}",
    "a mail without a subject": "{send: email, to: customer, subject: '', body: b}",
    "an empty header, query, form": (
        "{send: webhook, url: https://example.com, headers: {X-A: ''}, params: {a: ''}, form: {a: ''}}"
    ),
    "an empty value in JSON": "{send: webhook, url: https://example.com, json: {a: '', b: ['', {c: '{}'}]}}",
    "JSON that a shortcode holds": "{send: webhook, url: https://example.com, json: '{custom.payload} and more'}",
}


@pytest.mark.parametrize("actions", FINE.values(), ids=FINE)
def test_what_makes_sense_is_no_mistake(actions: str, tmp_path: Path) -> None:
    assert problems(tmp_path, f"{SETTINGS}{WORKFLOW}    actions: [{actions}]\n") == []


def test_one_mistake_in_an_action_hides_no_other(tmp_path: Path) -> None:
    text = (
        f"{SETTINGS}{WORKFLOW}    actions:\n"
        "      - {send: webhook, url: https://a.example.com, method: FETCH, json: {a: b}, form: {a: [x], b: [y]},\n"
        "         headers: {Host: x, X-B: '${TOKEN} {staf_name}'}}\n"
        "      - {send: email, to: customer, subject: s, body: b, headers: {Bcc: x}, attach: {a: b}}\n"
        "      - {send: webhook, id: b, url: nowhere, body: x, form: {a: b}, headers: {Host: x}}\n"
    )
    told = [line.split("actions[")[1] for line in problems(tmp_path, text)]
    assert sorted(each.partition(",")[0].partition(";")[0] for each in told) == [
        "0]: `${TOKEN}` works under `channels` and `sources` only",
        "0]: form: a: expected text",
        "0]: form: b: expected text",
        "0]: headers: Host cannot be set here: reminderctl writes it",
        "0]: method: expected `GET`",
        "0]: unknown shortcode {staf_name}",
        "1]: attach: expected a list",
        "1]: headers: Bcc cannot be set here: reminderctl writes it",
        "2]: form and body exclude each other: a request has one body",
        "2]: headers: Host cannot be set here: reminderctl writes it",
        "2]: url: a URL must begin with https:// or http://",
    ]


def test_a_channel_without_settings_is_told_where_it_is_used(tmp_path: Path) -> None:
    text = f"timezone: UTC\n{WORKFLOW}{MAIL}"
    assert problems(tmp_path, text) == [f"5:22: {AT}actions[0]: `channels` has no `email`; add it with `from`"]


def test_a_channel_with_providers_needs_one(tmp_path: Path) -> None:
    sms = f"{WORKFLOW}    actions: [{{send: sms, to: customer, body: Hi}}]\n"
    (told,) = problems(tmp_path, f"timezone: UTC\n{sms}")
    assert told.startswith(f"5:22: {AT}actions[0]: `channels` has no `sms`; add it with its `provider`: `")
    (told,) = problems(tmp_path, f"timezone: UTC\nchannels: {{sms: {{from: Clinic}}}}\n{sms}")
    assert told.startswith("2:17: channels.sms: `provider` is missing; sms is sent by `")
    (told,) = problems(tmp_path, f"timezone: UTC\nchannels: {{sms: {{driver: twilio}}}}\n{sms}")
    assert told.startswith(
        "2:17: channels.sms: `provider` is missing; `driver` is not known here: write `provider`; sms is sent by `"
    )
    (told,) = problems(tmp_path, f"timezone: UTC\nchannels: {{sms: {{provider: SMSAPI}}}}\n{sms}")
    assert told == (
        "2:28: channels.sms: unknown provider `SMSAPI`; it is a preset: write `provider: http` and `preset: smsapi`"
    )


def test_a_misspelt_provider_does_not_hide_the_other_mistakes_of_its_channel(tmp_path: Path) -> None:
    settings = "{provider: twillio, account_sid: AC1, auth_token: ab, fron: '+34600111222'}"
    text = (
        f"timezone: UTC\nchannels: {{sms: {settings}}}\n{WORKFLOW}    actions: [{{send: sms, to: admin, body: Hi}}]\n"
    )
    told = problems(tmp_path, text)
    assert "2:28: channels.sms: unknown provider `twillio`; did you mean `twilio`?" in told
    assert any("channels.sms: unknown key `fron`; did you mean `from`?" in each for each in told)


def test_a_recipient_needs_the_address_of_the_channel(tmp_path: Path) -> None:
    to = "[company, '12', ana@example.com]"
    text = f"timezone: UTC\noutbox: out\n{WORKFLOW}    actions: [{{send: sms, to: {to}, body: Hi}}]\n"
    assert problems(tmp_path, text) == [
        f"6:32: {AT}actions[0]: to: `company` has no phone in the settings; add `company: {{phone: ...}}`",
        f"6:41: {AT}actions[0]: to: '12' is not a valid phone number; a phone number looks like +34600123456",
        (
            f"6:47: {AT}actions[0]: to: 'ana@example.com' is not a valid phone number; a phone number looks like "
            "+34600123456"
        ),
    ]


def test_the_line_inside_a_long_text_is_told(tmp_path: Path) -> None:
    text = (
        SETTINGS
        + WORKFLOW
        + (
            "    actions:\n"
            "      - send: email\n"
            "        to: customer\n"
            "        subject: Hi\n"
            "        body: |\n"
            "          Hello {customer_first_name},\n"
            "\n"
            "          see you, {staf_name}\n"
        )
    )
    assert problems(tmp_path, text) == [
        f"13:20: {AT}actions[0]: unknown shortcode {{staf_name}}; did you mean {{staff_name}}?"
    ]


def test_a_mistake_in_a_text_file_is_told_with_the_place_in_that_file(tmp_path: Path) -> None:
    (tmp_path / "hi.txt").write_text("Hello,\n  {staf_name}\n", encoding="utf-8")
    text = f"{SETTINGS}{WORKFLOW}    actions: [{{send: email, to: customer, subject: s, body_file: hi.txt}}]\n"
    file = tmp_path / "workflows.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    assert str(caught.value) == (
        f"{tmp_path}/hi.txt:2:3: {AT}actions[0]: unknown shortcode {{staf_name}}; did you mean {{staff_name}}?"
    )
