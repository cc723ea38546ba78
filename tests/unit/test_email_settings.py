"""What an email's settings and message may say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from reminderctl.channels import email as channel
from reminderctl.channels import providers
from reminderctl.channels._email.message import Message
from reminderctl.channels._email.settings import Settings
from reminderctl.model import Attachment


def convert(text: str, *, into: type) -> Any:
    def hook(wanted: type, text: str) -> Any:
        return wanted(text)

    return msgspec.convert(msgspec.json.decode(text), into, strict=False, dec_hook=hook)


def test_a_password_is_not_shown() -> None:
    settings = convert('{"host": "h", "from": "a@b.test", "username": "u", "password": "hush"}', into=Settings)
    assert settings.password.reveal() == "hush"
    assert "hush" not in repr(settings)
    assert channel.validate_settings(settings) == []


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ('{"from": "a@b.test"}', "host is missing"),
        ('{"from": "a@b.test", "host": "h", "sendmail": "/s"}', "host and sendmail exclude each other"),
        ('{"from": "a@b.test", "host": "smtp.example.com:587"}', "is not a server name"),
        ('{"from": "a@b.test", "host": "h", "port": "465"}', "write `security: tls`"),
        ('{"from": "a@b.test", "host": "h", "password": "p"}', "username is missing"),
        ('{"from": "a@b.test", "host": "h", "username": "u"}', "password is missing"),
        ('{"from": "a@b.test", "host": "h", "username": "u", "token_command": "get \'x"}', "quotation mark"),
        ('{"from": "Clinic", "host": "h"}', "from: 'Clinic' has no @"),
        ('{"from": "a@b.test", "host": "h", "reply_to": "x@y, z@w"}', "reply_to: 'x@y, z@w' contains more than one"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(settings: str, mistake: str) -> None:
    found = channel.validate_settings(convert(settings, into=Settings))
    assert len(found) == 1
    assert mistake in found[0]


def test_a_mail_without_any_text_is_a_mistake() -> None:
    assert channel.validate_message({"subject": "x"}) == ["body is missing: an email needs a `body`, an `html` or both"]
    assert channel.validate_message({"subject": "x", "html": {"es": "<p>"}}) == []


def test_headers_that_make_a_mail_what_it_is_cannot_be_set() -> None:
    for name in ("Bcc", "date", "Content-Type", "X Y", "X:"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"to": "a@b", "subject": "", "headers": {name: "x"}}, Message)


def test_a_header_name_that_is_none_is_told_in_words() -> None:
    with pytest.raises(msgspec.ValidationError, match="headers: 'X Y' is not a header name; use letters, digits and"):
        msgspec.convert({"to": "a@b", "subject": "", "headers": {"X Y": "x"}}, Message)


def test_attachments_are_names_in_the_yaml_and_files_once_rendered() -> None:
    named = {"to": "a@b", "subject": "x", "attach": ["calendar"]}
    assert msgspec.convert(named, Message).attach == ("calendar",)
    ready = (Attachment(filename="a.txt", content_type="text/plain", content=b"a"),)
    assert msgspec.convert(named | {"attach": ready}, Message).attach == ready


def test_a_file_with_an_underscore_is_no_provider() -> None:
    assert not [name for name in (*providers("sms"), *providers("")) if name.startswith("_")]


def test_reading_the_settings_needs_no_mail_library() -> None:
    script = (
        "import sys, reminderctl.channels.email; print([m for m in ('email', 'smtplib', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
