"""What every provider promises, whoever wrote it: each file in the folder of channels is found and tried."""

from __future__ import annotations

import subprocess
import sys
import traceback
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from msgspec import structs
from rich.pretty import pretty_repr

from reminderctl import channels
from reminderctl.cli import main
from reminderctl.core.recipients import CHANNELS
from reminderctl.errors import ChannelDown, DeliveryError, Rejected, Throttled, Unavailable, Unknown
from reminderctl.model import Receipt
from reminderctl.secret import Secret
from tests import http_server, smtp_server
from tests.channel_accounts import (
    CANARY,
    Account,
    Opened,
    find_accounts,
    find_modules,
    find_values,
    make_message,
    open_account,
    write_yaml,
)
from tests.faults import MEANINGS, failing_server, read_table
from tests.heavy import is_heavy
from tests.http_server import serve
from tests.providers import Provider
from tests.spellings import SPELLINGS

Outcome = Receipt | DeliveryError

ACCOUNTS = find_accounts()
BY_MAIL = [each for each in ACCOUNTS if "host" in channels.module(each.module).Settings.__struct_fields__]
BY_HTTP = [each for each in ACCOUNTS if each not in BY_MAIL]
OUTCOMES: Mapping[str, type] = {
    "sent": Receipt,
    "rejected": Rejected,
    "unavailable": Unavailable,
    "throttled": Throttled,
    "channel down": ChannelDown,
    "unknown": Unknown,
}
# The faults of the page that need no word in a provider's own language; what it is, no provider is asked.
SPEECHLESS = [row for row in read_table("## HTTP")[1:] if "acceptance" not in row[0] and "refusal" not in row[0]]
STATUSES = [row for row in SPEECHLESS if row[0][:3].isdecimal()]
CASES = [(each, row) for each in BY_HTTP for row in (STATUSES if each.is_preset else SPEECHLESS)]
SAYS_NOTHING = Provider("", "", (200, ""), (200, str), lambda status, words: f"{status}: {words}")

of_each_account = pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
of_each_module = pytest.mark.parametrize("module", find_modules())


def send(account: Account, opened: Opened) -> Outcome:
    """Return the receipt for the account's own message, or the error that came instead."""
    composed = make_message(account, opened)
    channel = channels.module(account.module).Channel(opened.settings)
    try:
        return channel.send(composed.message, composed.envelope)
    except DeliveryError as error:
        return error
    finally:
        channel.close()


def assert_harmless(shown: object, secrets: Mapping[str, str]) -> None:
    """That none of the secrets is in what is shown, in whatever spelling."""
    texts = [str(shown), repr(shown), pretty_repr(shown)]
    if isinstance(shown, BaseException):
        texts += traceback.format_exception(shown)
    needles = [CANARY, *(spell(secret) for secret in secrets.values() for spell in SPELLINGS.values())]
    assert [needle for needle in needles if any(needle in text for text in texts)] == []


# --- the file -------------------------------------------------------------------------------------------------------


def test_the_folder_holds_the_channels_that_the_table_names() -> None:
    assert {name.partition(".")[0] for name in find_modules()} == set(CHANNELS)


@of_each_account
def test_the_example_in_its_docstring_passes_check(account: Account, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(write_yaml(account, tmp_path))], env=find_values(account))
    assert result.exit_code == 0, result.output


def imported(module: str) -> tuple[str, list[str]]:
    """Return what the import of a provider alone prints, and what it loads."""
    program = f"import reminderctl.channels.{module}, sys; print('loaded', *sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    printed, _, loaded = ran.stdout.rpartition("loaded ")
    return printed + ran.stderr, loaded.split()


@of_each_module
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    assert [name for name in imported(module)[1] if is_heavy(name)] == []


@of_each_module
def test_importing_it_prints_nothing(module: str) -> None:
    assert imported(module)[0] == ""


# --- secrets --------------------------------------------------------------------------------------------------------


def filled(kind: Any, text: str) -> Any:
    """A value of a setting's type with a secret in it; None where the type holds none."""
    if kind is Secret:
        return Secret(text)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return next(filter(None, (filled(each, text) for each in typing.get_type_hints(kind).values())), None)
    values = [filled(each, text) for each in typing.get_args(kind)]
    found = next((each for each in values if each is not None), None)
    if found is None:
        return None
    origin = typing.get_origin(kind)
    if origin is dict:
        return {"https://crm.example.com": found}
    return [found] if origin in (list, tuple) else found


def fill_secrets(settings: Any, text: str) -> Any:
    """The settings with this text in every field that holds a secret, whatever the example shows of them."""
    if isinstance(settings, dict):
        return {name: fill_secrets(each, text) for name, each in settings.items()}
    if hasattr(settings, "rooms"):
        return structs.replace(settings, rooms=fill_secrets(settings.rooms, text))
    kinds = typing.get_type_hints(type(settings))
    found = {name: filled(kinds[name], f"{text}{name}") for name in settings.__struct_fields__}
    return structs.replace(settings, **{name: each for name, each in found.items() if each is not None})


@of_each_account
@pytest.mark.parametrize("text", [f"{CANARY}/+&=", f"{CANARY}\r\nX: é"], ids=["a good one", "one that cannot be sent"])
def test_settings_and_what_is_wrong_with_them_show_no_secret(account: Account, text: str, tmp_path: Path) -> None:
    opened = open_account(account, tmp_path)
    module: Any = channels.module(account.module)
    settings = fill_secrets(opened.settings, text)
    secrets = {"": text}
    assert_harmless(settings, secrets)
    assert_harmless(module.Channel(settings), secrets)
    assert_harmless(module.validate_settings(settings), secrets)
    composed = make_message(account, opened)
    assert_harmless(module.preview(composed.message, settings, envelope=composed.envelope), secrets)


@of_each_account
def test_the_example_shows_where_its_secrets_go(account: Account, tmp_path: Path) -> None:
    kinds = typing.get_type_hints(channels.module(account.module).Settings)
    secret = [name for name, kind in kinds.items() if filled(kind, "x") is not None]
    assert bool(open_account(account, tmp_path).secrets) is bool(secret), "tests put their secrets where ${NAME} is"


def refusals(words: str) -> Iterator[http_server.Step]:
    """Answers in which a provider may repeat what it was sent."""
    said = {"message": words, "error": words, "description": words, "detail": words, "errors": [{"message": words}]}
    yield http_server.answer(400, words)
    yield http_server.answer(401, said)
    yield http_server.answer(200, said)


@pytest.mark.parametrize("account", BY_HTTP, ids=lambda account: account.name)
def test_no_error_shows_a_secret_however_the_provider_repeats_it(account: Account, tmp_path: Path) -> None:
    with serve() as server:
        opened = open_account(account, tmp_path, url=server.url)
        for secret in opened.secrets.values():
            for spell in SPELLINGS.values():
                for refusal in refusals(f"Wrong: {spell(secret)}"):
                    server.script(refusal)
                    assert_harmless(send(account, opened), opened.secrets)


@pytest.mark.parametrize("account", BY_MAIL, ids=lambda account: account.name)
@pytest.mark.parametrize(("point", "code"), [("AUTH", "535 5.7.8"), ("RCPT", "550 5.1.1")])
def test_no_error_shows_a_secret_however_the_server_repeats_it(
    account: Account, point: str, code: str, tmp_path: Path
) -> None:
    with smtp_server.serve(EHLO="250-mx.test\n250 AUTH PLAIN") as server:
        opened = open_account(account, tmp_path)
        there = structs.replace(opened.settings, host="127.0.0.1", port=server.port, security="none")
        opened = opened._replace(settings=there)
        for secret in opened.secrets.values():
            for spell in SPELLINGS.values():
                server.script(**{point: f"{code} Wrong: {spell(secret)}"})
                outcome = send(account, opened)
                assert isinstance(outcome, DeliveryError)
                assert_harmless(outcome, opened.secrets)


# --- outcomes -------------------------------------------------------------------------------------------------------


def test_every_provider_meets_the_faults_of_the_page() -> None:
    named = read_table("## SMTP")[0][2:]
    assert [each.channel for each in BY_MAIL] == named, "what speaks no HTTP has a table of its own"


@pytest.mark.parametrize(("account", "row"), CASES, ids=[f"{account.name}: {row[0]}" for account, row in CASES])
def test_each_fault_ends_in_one_of_the_ways_that_the_page_allows(
    account: Account, row: list[str], tmp_path: Path
) -> None:
    fault, arrived, *words = row
    with failing_server(fault, SAYS_NOTHING) as (url, timeout, requests):
        opened = open_account(account, tmp_path, url=url, timeout=timeout)
        outcome = send(account, opened)
    assert type(outcome) in {OUTCOMES[MEANINGS[word].outcome] for word in words}, outcome
    assert len(requests) == int(arrived)
    assert_harmless(outcome, opened.secrets)


@of_each_account
def test_a_test_is_marked_and_goes_to_the_given_address(account: Account, tmp_path: Path) -> None:
    opened = open_account(account, tmp_path)
    module = channels.module(account.module)
    composed = make_message(account, opened)
    settings = opened.settings
    marked, note = module.mark_as_test(composed.message, "https://tests.example.com/clinic")
    shown = str(module.preview(marked, settings, envelope=composed.envelope))
    assert "[test] " in shown or "X-Reminderctl-Test" in shown or "cannot be marked as a test" in note
    if CHANNELS[account.channel].address is None:  # else the address is the recipient's, before the message is made
        assert "clinic" in shown


@of_each_account
def test_a_message_whose_texts_all_came_out_empty_is_refused(account: Account, tmp_path: Path) -> None:
    opened = open_account(account, tmp_path)
    module = channels.module(account.module)
    composed = make_message(account, opened, empty=True)
    for settings in (opened.settings, None):
        if CHANNELS[account.channel].address is None:  # it reaches a program, which may have asked for an empty text
            assert module.preview(composed.message, settings, envelope=composed.envelope)
        else:
            with pytest.raises(Rejected):
                module.preview(composed.message, settings, envelope=composed.envelope)
