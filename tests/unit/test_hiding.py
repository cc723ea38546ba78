"""No spelling of a secret is left in what a server said; everything else is left as it is."""

from __future__ import annotations

import base64
import html
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminderctl.hiding import hide_secrets
from tests.spellings import SPELLINGS

SECRETS = [
    "cAnArY/+&s3cret",
    "100%2fab&c d",
    'quo"ted\\pass',
    "pa'ss<w>ord",
    "ñandú-€-secreto",
    "A" * 40,
    "EAAG-plain_t0ken",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_every_spelling_is_hidden(secret: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    said = hide_secrets(f"wrong key: {spelled}; again: {spelled}.", [secret])
    assert said.startswith("wrong key: ")
    assert said.count("***") == 2
    assert spelled not in said
    # What is left are the few characters that a Base64 of something longer has beside those of the secret.
    assert len(said) <= len("wrong key: ***; again: ***.") + 2 * 24


@given(st.text(min_size=4, max_size=20), st.sampled_from(sorted(SPELLINGS)), st.text(max_size=10), st.text(max_size=10))
def test_no_reader_of_an_escaped_text_finds_it(secret: str, spelling: str, before: str, after: str) -> None:
    said = hide_secrets(f"{before} {SPELLINGS[spelling](secret)} {after}", [secret])
    assert secret not in said or secret in "***"
    assert secret not in html.unescape(said) or secret in "***"
    assert secret not in unquote(said) or secret in "***"


@pytest.mark.parametrize(
    "text",
    ["", "no such user", "50% off &amp; more\\n", "+34 600 12 34 56", "%zz \\u12 &nosuch; \\", "\\ud83d", "*** a"],
)
def test_what_holds_no_secret_is_left_as_it_is(text: str) -> None:
    assert hide_secrets(text, ["s3cret", "", "abc"]) == text


def test_a_longer_secret_goes_before_the_one_that_it_begins_with() -> None:
    assert hide_secrets("token-1 token-12", ["token-1", "token-12"]) == "*** ***"


def test_a_secret_of_the_characters_that_hide_it_ends() -> None:
    assert re.fullmatch(r"[* ]*", hide_secrets("**** *********", ["****"]))


def test_the_digits_of_base64_beside_a_secret_do_not_give_it_away() -> None:
    said = hide_secrets(base64.b64encode(b"ana:correct horse:x").decode(), ["correct horse"])
    assert b"orrect hors" not in base64.b64decode(said.replace("***", "") + "====")
