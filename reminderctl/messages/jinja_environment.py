"""The sandboxes in which templates run: one for each text type, which escapes whatever leaves an expression."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, meta, nodes, pass_context
from jinja2.runtime import Context as Variables
from markupsafe import Markup

from reminderctl.errors import Rejected
from reminderctl.messages import date_patterns, dates, limits, size_estimates
from reminderctl.messages.escaping import escape, escape_markup
from reminderctl.messages.sandbox import Sandbox
from reminderctl.messages.shortcode_values import Empty
from reminderctl.messages.shortcodes import BY_NAME, CARRIAGE_RETURN, is_known, unknown
from reminderctl.structured_text import BodyKind
from reminderctl.text import as_text
from reminderctl.text_types import TextType

HERE = "_here"  # the zone and the languages of the reader
UNFILLED = "_unfilled"  # collects the shortcodes that came out empty

# They mark a text as safe, escape it a second time, or undo the escaping.
_REFUSED_FILTERS = frozenset(
    {"e", "escape", "forceescape", "pprint", "safe", "striptags", "tojson", "urlencode", "urlize", "xmlattr"}
)
_MARKUP = (
    (TextType.HTML, BodyKind.PLAIN),
    (TextType.TELEGRAM_HTML, BodyKind.PLAIN),
    *((text_type, BodyKind.XML) for text_type in (TextType.BODY, TextType.DATA, TextType.DATA_HEADER)),
)
_LABORIOUS = (
    *(nodes.For, nodes.Macro, nodes.CallBlock, nodes.Call, nodes.Concat),
    *(nodes.Add, nodes.Mul, nodes.Mod, nodes.Pow, nodes.Filter),
)
_RETURN = Markup("\r")  # known by its identity, never by its type: no value can pass for it


@functools.cache
def environment(text_type: TextType, kind: BodyKind = BodyKind.PLAIN) -> Sandbox:
    """Return the sandbox for one text type; `kind` says what a `BODY` is.

    Where texts have tags, Jinja2's own autoescaping is on as well: it is how macros and `{% set %}` blocks, already
    escaped, are known from values.
    """
    markup = (text_type, kind) in _MARKUP
    sandbox = Sandbox(
        undefined=StrictUndefined,
        autoescape=markup,
        keep_trailing_newline=True,
        finalize=_escaping(lambda value: escape(text_type, value, kind=kind), markup=markup),
    )
    for name in _REFUSED_FILTERS:
        sandbox.filters.pop(name, None)
    sandbox.filters |= {"date": _date, "time": _time, "default": _default, "d": _default}
    sandbox.globals.pop("lipsum")
    sandbox.globals[CARRIAGE_RETURN] = _RETURN
    sandbox.bind()
    return sandbox


def _escaping(escape_value: Callable[[str], str], *, markup: bool) -> Callable[[Variables, Any], str]:
    @pass_context
    def finalize(variables: Variables, value: Any) -> str:
        if value is _RETURN:
            return _RETURN if markup else "\r"
        if markup and isinstance(value, Markup):  # escaped already, but perhaps by Jinja2, which knows of tags only
            limits.spend(limits.STEP + len(value))
            return Markup(escape_markup(value))  # noqa: S704 - it loses characters, none is added
        if isinstance(value, Empty):
            variables[UNFILLED].add(value.shortcode)
        text = as_text(value)
        limits.spend(limits.STEP + len(text))
        escaped = escape_value(text)
        return Markup(escaped) if markup else escaped  # noqa: S704 - it has just been escaped

    return finalize


@pass_context
def _date(variables: Variables, value: Any, pattern: str = "full") -> Any:
    _refuse_pattern("date", pattern)
    return _formatted(variables, value, write=lambda at, languages: dates.date(at, languages, pattern=pattern))


@pass_context
def _time(variables: Variables, value: Any, pattern: str = "short") -> Any:
    _refuse_pattern("time", pattern)
    return _formatted(variables, value, write=lambda at, languages: dates.time(at, languages, pattern=pattern))


def _refuse_pattern(filter_name: str, pattern: object) -> None:
    """A pattern may have been computed, so that nobody could know before."""
    if what := date_patterns.mistake(filter_name, pattern):
        raise Rejected(what)


def _default(value: Any, default_value: Any = "", boolean: bool = False) -> Any:  # noqa: FBT001, FBT002 - as in Jinja2
    """Jinja2's own, for which a shortcode without a value is as good as undefined."""
    absent = isinstance(value, (Empty, Undefined)) or (boolean and not value)
    return default_value if absent else value


def _formatted(variables: Variables, value: Any, *, write: Callable[[Any, Any], Any]) -> Any:
    """A moment, or an ISO 8601 text from the `fields`, written another way; anything else stays as it is."""
    if isinstance(value, dates.FormattedInstant):
        return write(value.at, value.languages)
    zone, languages = variables[HERE]
    at = dates.parse(value, zone) if isinstance(value, str) else None
    return write(at, languages) if at else value


# --- before it runs -------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """One mistake in a template: its line, the word to look for there, and what to tell."""

    line: int | None
    word: str | None
    what: str


def wrong(template: str, *, text_type: TextType = TextType.PLAIN, kind: BodyKind = BodyKind.PLAIN) -> list[Wrong]:
    """Everything that can be known to be wrong before a template runs."""
    sandbox = environment(text_type, kind)
    try:
        tree = sandbox.parse(template)
        found = [*_unknown_filters(tree, sandbox), *_refused_statements(tree), *_wrong_patterns(tree)]
        return [*found, *(Wrong(None, name, unknown(name)) for name in sorted(_undeclared(tree)) if not _given(name))]
    except TemplateSyntaxError as error:
        return [Wrong(error.lineno, None, f"the template cannot be read: {_in_plain_words(error.message or '')}")]
    except RecursionError:
        return [Wrong(None, None, "the template cannot be read: it is nested too deeply")]
    except TemplateError as error:
        return [Wrong(None, None, f"the template cannot be read: {error or type(error).__name__}")]


def _in_plain_words(complaint: str) -> str:
    """Return what Jinja2 complains of, in our words where people often do it."""
    if found := re.search(r"innermost block that needs to be closed is '(\w+)'", complaint):
        return f"`{{% {found[1]} ... %}}` is never closed; write `{{% end{found[1]} %}}` where it ends"
    if found := re.search(r"unknown tag 'end(\w+)'", complaint):
        return f"`{{% end{found[1]} %}}` closes nothing; write `{{% {found[1]} ... %}}` before it, or take it out"
    hint = "; `{#` begins a comment: in styles, add a space after the brace" if "comment" in complaint else ""
    return f"{complaint}{hint}"


def is_laborious(template: str) -> bool:
    """Return whether a template, without mistakes, can take more work than its length shows."""
    tree = environment(TextType.PLAIN).parse(template)
    return any(
        not isinstance(node, nodes.Filter) or size_estimates.is_estimated(node.name)
        for node in tree.find_all(_LABORIOUS)
    )


def names(template: str, sandbox: Sandbox) -> frozenset[str]:
    """The shortcodes that a template can ask for."""
    return frozenset(_undeclared(sandbox.parse(template)))


def _given(name: str) -> bool:
    return name in {"custom", BY_NAME} or is_known(name)


def _undeclared(tree: nodes.Template) -> set[str]:
    return meta.find_undeclared_variables(tree)


def _unknown_filters(tree: nodes.Template, sandbox: Sandbox) -> Iterator[Wrong]:
    """Unknown filters and tests; each is replaced by a known one, so that the search for names can go on."""
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        word, known, stand_in = (
            ("filter", sandbox.filters, "string")
            if isinstance(node, nodes.Filter)
            else ("test", sandbox.tests, "defined")
        )
        if node.name not in known:
            near = difflib.get_close_matches(node.name, sorted(known), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            refused = node.name in _REFUSED_FILTERS
            what = (
                f"the {word} {node.name} is not available: values are escaped automatically for their place"
                if refused
                else None
            )
            yield Wrong(node.lineno, node.name, what or f"unknown {word} {node.name}{hint}")
            node.name = stand_in


def _wrong_patterns(tree: nodes.Template) -> Iterator[Wrong]:
    """Patterns that stand in the template as they are; the others are looked at when they are used."""
    for node in tree.find_all(nodes.Filter):
        if node.name not in ("date", "time"):
            continue
        for pattern in (*node.args[:1], *(each.value for each in node.kwargs if each.key == "pattern")):
            if isinstance(pattern, nodes.Const) and (what := date_patterns.mistake(node.name, pattern.value)):
                yield Wrong(node.lineno, str(pattern.value) or None, what)


def _refused_statements(tree: nodes.Template) -> Iterator[Wrong]:
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        word = re.sub(r"^FromImport$", "from", type(node).__name__).lower()
        yield Wrong(node.lineno, word, f"{{% {word} %}} is not available: a text cannot use other templates")
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            yield Wrong(loop.lineno, "recursive", "recursive loops are not available: values are not nested")
    blocks = [block.lineno for block in tree.find_all(nodes.FilterBlock)]
    blocks += [block.lineno for block in tree.find_all(nodes.AssignBlock) if block.filter is not None]
    for line in blocks:  # it would change a text that has been escaped already
        yield Wrong(line, None, "a filter cannot apply to a block; use {{ name | filter }}")
