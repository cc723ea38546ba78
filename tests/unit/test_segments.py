"""How many SMS a text takes."""

from __future__ import annotations

import pytest

from reminderctl.channels.sms._segments import count_segments


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("Hola, ¿qué? ñ à è ù ò ì Ç Ü", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),  # each takes two places
        ("€" * 81, "GSM-7", 2),
        ("€" * 152, "GSM-7", 2),  # 76 in each part: the 77th would be cut in two
        ("€" * 153, "GSM-7", 3),
        ("á", "UCS-2", 1),
        ("ç", "UCS-2", 1),  # only the capital is in the alphabet
        ("á" * 70, "UCS-2", 1),
        ("á" * 71, "UCS-2", 2),
        ("á" * 134, "UCS-2", 2),
        ("á" * 135, "UCS-2", 3),
        ("👋" * 35, "UCS-2", 1),
        ("👋" * 36, "UCS-2", 2),
        ("👋" * 66, "UCS-2", 2),  # 33 in each part
        ("👋" * 67, "UCS-2", 3),
        ("a" * 100 + "👋", "UCS-2", 2),
    ],
)
def test_a_text_takes_as_many_sms_as_the_networks_count(text: str, encoding: str, segments: int) -> None:
    assert count_segments(text) == (encoding, segments)
