"""Taking secrets out of what a server said, however it spells them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

SHORTEST_SECRET = 4  # characters: hiding shorter texts would only blot out words
SHORTEST_BASE64 = 8  # characters of Base64 that mean nothing else by chance
DECODED_TIMES = 3  # a form in JSON in a page
HIDDEN = "***"


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a text with each secret replaced by ***.

    A server may echo it in JSON, in HTML, in a URL or in Base64, in one within the other, and only some of its
    characters escaped. Where it is found only in the text without escapes, that is what is returned.
    """
    needles = sorted(set(_needles(secrets)), key=len, reverse=True)
    if not needles:
        return text
    text = _replace(text, needles)
    while spelled := next((each for each in _decoded(text) if any(needle in each for needle in needles)), None):
        text = _replace(spelled, needles)
    return text


def _needles(secrets: Iterable[str]) -> Iterator[str]:
    import base64

    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            continue
        yield secret
        content = secret.encode("utf-8", "replace")
        spelled = [base64.b64encode(content).decode()]
        for before in range(3):  # somewhere inside: in `user:password` it begins at any of the three bytes of a group
            digits = base64.b64encode(bytes(before) + content).decode()
            # The first and the last digits depend on what is beside it.
            inside = digits[(0, 2, 3)[before] : len(content + bytes(before)) * 8 // 6]
            if len(inside) >= SHORTEST_BASE64:
                spelled.append(inside)
        for each in spelled:
            yield each
            yield each.replace("+", "-").replace("/", "_")


def _replace(text: str, needles: list[str]) -> str:
    for needle in needles:
        text = text.replace(needle, HIDDEN)
    return text


def _decoded(text: str) -> Iterator[str]:
    """Yield a text with its escapes taken for characters, one kind after the other and within each other."""
    import html
    from urllib.parse import unquote, unquote_plus

    known, latest = {text}, [text]
    for _ in range(DECODED_TIMES):
        decoders = (_without_backslashes, html.unescape, unquote, unquote_plus)
        found = [decode(each) for each in latest for decode in decoders]
        latest = [each for each in dict.fromkeys(found) if each not in known]
        known.update(latest)
        yield from latest


def _without_backslashes(text: str) -> str:
    r"""Return a text with the escapes of JSON (`\u0041`, `\/`) taken for characters."""
    plain = re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))",
        lambda found: chr(int(found[1] or found[2], 16)) if found[1] or found[2] else found[3],
        text,
        flags=re.DOTALL,
    )
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two halves are one character
