"""The number of SMS that a text takes (3GPP TS 23.038 and 23.040)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")  # take two places
_PLACES = {"GSM-7": (160, 153), "UCS-2": (70, 67)}  # in a single SMS, and in each of several


class Load(NamedTuple):
    """The alphabet that a text needs, and how many SMS are paid for it."""

    encoding: str
    segments: int


def count_segments(text: str) -> Load:
    """Return the load of a text: one `í` or one emoji makes all of it UCS-2, which has less than half the places."""
    if all(each in _GSM7 or each in _GSM7_EXTENDED for each in text):
        encoding, widths = "GSM-7", [2 if each in _GSM7_EXTENDED else 1 for each in text]
    else:
        encoding, widths = "UCS-2", [2 if ord(each) > 0xFFFF else 1 for each in text]
    single, several = _PLACES[encoding]
    return Load(encoding, 1 if sum(widths) <= single else _fill(widths, several))


def _fill(widths: Sequence[int], places: int) -> int:
    """Return the number of parts of so many places that these characters fill; none is cut in two."""
    count, left = 1, places
    for width in widths:
        if width > left:
            count, left = count + 1, places
        left -= width
    return count
