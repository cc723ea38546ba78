"""The size of the result of an operation in a template, known before it is done.

Only what can make much of little is here: the result of anything else is about as large as what it is made of.
Each function raises `ExceededError` where the result would be too large.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any

from reminderctl.messages.limits import LARGEST_NUMBER, ExceededError, allow, weigh

LONGEST_PATTERN = 200  # characters of a pattern for dates
WIDEST = 1_000  # characters to which a number is padded

_DIRECTIVE = re.compile(r"%(?:\([^()]*\))?[-#0 +]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.)", re.DOTALL)
_SIMPLE_FIELD = re.compile(r"\w*")
_NUMBERS = re.compile(r"\d+")


def of_operator(operator: str, *, left: Any, right: Any) -> None:
    """Look at `left operator right`."""
    if operator == "**" and not (_small(left) and _small(right)):
        raise ExceededError("the power is too large")
    if operator == "%" and isinstance(left, str):
        _of_percent(left, right)
    elif operator == "+":
        weigh((left, right))
    elif operator == "*":
        for sequence, times in ((left, right), (right, left)):
            if isinstance(sequence, int) and isinstance(times, int):
                if sequence.bit_length() + times.bit_length() > LARGEST_NUMBER:
                    raise ExceededError("the product is too large")
            elif isinstance(sequence, (str, Sequence)) and isinstance(times, int):
                allow(weigh(sequence) * max(times, 0), "the repetition")


def _small(number: object) -> bool:
    return isinstance(number, (int, float)) and abs(number) <= 1000


def of_method(owner: Any, name: str, *, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Look at `owner.name(...)`."""
    estimate = _METHODS.get(name)
    if estimate and (isinstance(owner, str) or name == "strftime"):
        estimate(owner, *args, **kwargs)


def is_estimated(name: str) -> bool:
    """Return whether a filter can make much of little."""
    return name in FILTERS and name not in ("date", "time")


# --- one by one -----------------------------------------------------------------------------------------------------


def _of_width(_text: Any, width: Any = 80, *_: Any) -> None:
    allow(width, "the text")


def _of_tabs(text: str, tabsize: int = 8) -> None:
    allow(len(text) + text.count("\t") * tabsize, "the text")


def _of_replacing(text: Any, old: Any, new: Any, *_: Any, **__: Any) -> None:
    given, old, new = str(text), str(old), str(new)
    places = given.count(old) if old else len(given) + 1
    allow(len(given) + places * len(new) * 6, "the text")  # a text that is escaped may grow six times


def _of_joining(parts: Any, d: Any = "", *_: Any, **__: Any) -> None:
    allow(weigh(parts) + len(str(d)) * len(parts), "the text")


def _of_method_join(text: str, parts: Any) -> None:
    _of_joining(parts, text)


def _of_format(text: str, *args: Any, **kwargs: Any) -> None:
    largest = weigh((args, kwargs))
    size = len(text)
    for _, field, spec, _ in Formatter().parse(text):
        if field is None:
            continue
        if not _SIMPLE_FIELD.fullmatch(field) or "{" in (spec or ""):
            raise ExceededError(f"{{{field}:{spec}}} is unsafe in format(): use a value and a numeric width")
        _refuse_wide(_NUMBERS.findall(spec or ""))
        size += largest * 6 + WIDEST
        allow(size, "the text")


def _of_percent(text: str, values: Any) -> None:
    if not isinstance(values, (str, int, float, tuple, list, dict)):
        raise ExceededError("% is not available with this value: use a text or a number")
    largest = weigh(values)
    size = len(text)
    for width, precision, kind in _DIRECTIVE.findall(text):
        _refuse_wide([width, precision])
        size += 0 if kind == "%" else largest * 6 + WIDEST
    allow(size, "the text")


def _of_format_filter(text: Any, *args: Any, **kwargs: Any) -> None:
    _of_percent(str(text), kwargs or args)


def _refuse_wide(widths: Sequence[str]) -> None:
    for width in widths:
        if width == "*" or (width and (len(width) > 4 or int(width) > WIDEST)):
            raise ExceededError(f"a width of {width[:20]} is too large; the limit is {WIDEST:,}, as a number")


def _of_indent(text: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    deep = len(width) if isinstance(width, str) else width
    allow(len(str(text)) + (str(text).count("\n") + 1) * deep, "the text")


def _of_wrapping(text: Any, width: int = 79, _long: Any = True, wrapstring: Any = None, *_: Any, **__: Any) -> None:  # noqa: FBT002 - as in Jinja2
    lines = str(text).count("\n") + len(str(text)) / max(width, 1) * 2 + 1
    allow(len(str(text)) + lines * len(wrapstring or "\n"), "the text")


def _of_batch(_values: Any, linecount: int, fill_with: Any = None) -> None:
    allow(linecount * weigh(fill_with), "the list")


def _of_slice(_values: Any, slices: int, fill_with: Any = None) -> None:
    allow(slices * weigh(fill_with), "the list")


def _of_round(_value: Any, precision: int = 0, *_: Any, **__: Any) -> None:
    if abs(precision) > WIDEST:
        raise ExceededError("the precision is too large")


def _of_sum(_values: Any, _attribute: Any = None, start: Any = 0) -> None:
    if not isinstance(start, (int, float)):
        raise ExceededError("sum is not available for lists: it adds numbers")


def _of_pattern(_value: Any, pattern: Any = "", *_: Any) -> None:
    if isinstance(pattern, str) and len(pattern) > LONGEST_PATTERN:
        raise ExceededError(f"the pattern is too large; the limit is {LONGEST_PATTERN} characters")


_METHODS: Mapping[str, Callable[..., None]] = {
    **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _of_width),
    "expandtabs": _of_tabs,
    "replace": _of_replacing,
    "join": _of_method_join,
    "format": _of_format,
    "strftime": _of_pattern,
}
# By the names of filters; each takes what the filter takes, the value first.
FILTERS: Mapping[str, Callable[..., None]] = {
    "center": _of_width,
    "replace": _of_replacing,
    "join": _of_joining,
    "format": _of_format_filter,
    "indent": _of_indent,
    "wordwrap": _of_wrapping,
    "batch": _of_batch,
    "slice": _of_slice,
    "round": _of_round,
    "sum": _of_sum,
    **dict.fromkeys(("date", "time"), _of_pattern),
}
