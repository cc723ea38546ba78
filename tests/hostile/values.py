"""Texts that nobody means well with, and how long to look for more of them."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

TEXTS = {
    "header line": "Ana\r\nBcc: eve@evil.test",
    "header line, bare": "Ana\nBcc: eve@evil.test\n\nbody",
    "carriage return": "Ana\rBcc: eve@evil.test",
    "smtp dialogue": "\r\n.\r\nMAIL FROM:<eve@evil.test>\r\nRCPT TO:<eve@evil.test>\r\n",
    "encoded word, line": "=?UTF-8?Q?=0A?=Bcc: eve@evil.test",
    "encoded word, header": "=?UTF-8?B?DQpCY2M6IGV2ZUBldmlsLnRlc3Q=?=",
    "encoded word, begun": "=?utf-8?q?",
    "address list": "Ana, eve@evil.test, Eve <eve@evil.test>; eve@evil.test",
    "angle brackets": "eve@evil.test> <",
    "quotes": "Ana\"'`\\",
    "control characters": "A\x00n\x01a\x07\x08\x0b\x0c\x7f\x1f",
    "terminal title": "Ana\x1b]0;owned\x07\x1b[2J\x1b[8m",
    "terminal, eight bits": "Ana\x9b2J\x9d0;owned\x9c\x85",
    "line separators": "Ana\u2028Bcc: eve@evil.test\u2029x",
    "bidi controls": "Ana\u202egnp.exe\u2066x\u2069\u202a",
    "byte order mark": "\ufeffAna\ufffe\uffff",
    "template": "{staff_name} {{ 7 * 7 }} {% for x in '' %}{# x",
    "sandbox": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "brace": "}} {{ {appointment_id} }",
    "format": "%s %n {0} ${SECRET} $HOME `id` $(id)",
    "html": "<script>alert(1)</script><b><a href='javascript:x'>&amp;&#0;",
    "html, attribute": "\" onload='x' <!-- ",
    "json": '","admin":true,"x":"\\',
    "xml": "]]><r/><!DOCTYPE x [<!ENTITY y 'z'>]>&y;",
    "url": "x?evil=1&to=eve#f/../..//%2e%2e/%0d%0aX: y",
    "path": "../../etc/passwd",
    "dots": "..",
    "formula": "=cmd|'/C calc'!A0\t@SUM(1)",
    "option": "-oQ/tmp --sender=eve@evil.test",
    "calendar": "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:eve@evil.test;,\\",
    "rich markup": "[bold red]x[/bold red][/][link=http://evil.test]",
    "instant": "2026-99-99T99:99:99Z",
    "emoji": "🧑‍🚀é\u0301ﷺ\U0010fffd",
    "wildcards": "*%_?[a-z]",
    "sql": "'; DROP TABLE bookings; --",
    "long": '<é"{\n=? ' * 13_000,  # 104,000 characters
}

# What Hypothesis builds further texts of.
_PIECES = [
    *("\r", "\n", "\x00", "\x1b[2J", "\x85", "\u2028", "\u202e", "\ufeff", "\x9b", "\t", " "),
    *("=?", "?=", "=?UTF-8?Q?=0A", "=0D=0ABcc:", "Bcc: eve@evil.test", "eve@evil.test", ",", ";", "<", ">", '"', "\\"),
    *(
        "{",
        "}",
        "{{",
        "}}",
        "{%",
        "%}",
        "{staff_name}",
        "&",
        "&lt",
        "#",
        "%0a",
        "../",
        "]]>",
        "'",
        "ñ",
        "é",
        "😀",
        "Ana",
    ),
]
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.lists(st.sampled_from(_PIECES), max_size=12).map(
    "".join
)


def few(examples: int) -> settings:
    """The same few examples each time; HOSTILE_EXAMPLES asks for so many others instead."""
    asked = int(os.environ.get("HOSTILE_EXAMPLES", "0"))
    return settings(
        max_examples=asked or examples,
        derandomize=not asked,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
