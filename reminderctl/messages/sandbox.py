"""A Jinja2 sandbox in which nothing takes longer, or becomes larger, than a message may."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, cast

from jinja2 import Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner
from markupsafe import Markup, escape

from reminderctl.messages import limits, size_estimates
from reminderctl.structured_text import CLOSE, OPEN

_TEXT = (
    "lower upper title capitalize casefold swapcase strip lstrip rstrip split rsplit splitlines partition rpartition "
    "startswith endswith find rfind index rindex count replace join format center ljust rjust zfill expandtabs "
    "removeprefix removesuffix unescape striptags isdigit isalpha isalnum isdecimal isnumeric islower isupper isspace "
    "istitle isascii"
)
_DATE = "strftime isoformat date time weekday isoweekday isocalendar astimezone replace timestamp utcoffset toordinal"
# What may be called of a value; what is not here has another way, or makes much of little (bytes, translations).
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT.split()),
    dict: frozenset({"get", "items", "keys", "values", "copy"}),
    list: frozenset({"count", "index", "copy"}),
    tuple: frozenset({"count", "index"}),
    datetime: frozenset(_DATE.split()),
    date: frozenset(_DATE.split()),
    timedelta: frozenset({"total_seconds"}),
    int: frozenset({"bit_length", "is_integer"}),
    float: frozenset({"is_integer"}),
}
_CALLABLE = (Macro, BlockReference, LoopContext, Cycler, Joiner)


class _Generator(CodeGenerator):
    """Python for a template, in which loops, joined texts and new lists ask `limits` first."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Let each step take what the texts in the loop make."""
        texts = sum(len(each.data) for part in node.body for each in _texts_in(part))
        steps = nodes.EnvironmentAttribute("steps")
        node.iter = nodes.Call(steps, [node.iter, nodes.Const(texts)], [], None, None, lineno=node.lineno)
        super().visit_For(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Weigh the parts before they are joined."""
        chosen = "environment.join_markup" if frame.eval_ctx.autoescape else "str_join"
        if frame.eval_ctx.volatile:
            chosen = "(environment.join_markup if context.eval_ctx.volatile else str_join)"  # as Jinja2 has it
        self.write(f"{chosen}(")
        self.visit_List(nodes.List(node.nodes), frame)
        self.write(")")

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        self._weighed(node, frame, visit=super().visit_List)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        self._weighed(node, frame, visit=super().visit_Dict)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        if node.ctx == "load":
            self._weighed(node, frame, visit=super().visit_Tuple)
        else:  # {% for name, value in ... %}
            super().visit_Tuple(node, frame)

    def _weighed(self, node: nodes.Node, frame: Frame, *, visit: Callable[[Any, Frame], None]) -> None:
        self.write("environment.within(")
        visit(node, frame)
        self.write(")")


def _texts_in(node: nodes.Node) -> Iterator[nodes.TemplateData]:
    if isinstance(node, nodes.TemplateData):
        yield node
    yield from node.find_all(nodes.TemplateData)


def _join_markup(parts: Sequence[Any]) -> str:
    """Join as Jinja2 does, escaping values beside what is escaped already; each keeps the marks of a value."""
    if not any(hasattr(each, "__html__") for each in parts):
        return "".join(map(str, parts))
    marked = (each if hasattr(each, "__html__") else f"{OPEN}{escape(each)}{CLOSE}" for each in parts)
    return Markup("".join(map(str, marked)))  # noqa: S704 - each part has just been escaped


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment for texts; what it renders must be inside `limits.bounded`."""

    code_generator_class = _Generator
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    steps = staticmethod(limits.steps)
    within = staticmethod(limits.within)
    join_markup = staticmethod(_join_markup)

    def __init__(self, **options: Any) -> None:
        super().__init__(optimized=False, cache_size=0, **options)  # an optimizer would work before there is a budget

    def bind(self) -> None:
        """Put a limit to each filter and test; those that are added later have none."""
        self.filters = {name: _limited(name, function) for name, function in self.filters.items()}
        self.tests = {name: _limited(name, cast("Any", function)) for name, function in self.tests.items()}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator, within the limits of one message."""
        size_estimates.of_operator(operator, left=left, right=right)
        return limits.spent(super().call_binop(context, operator, left, right))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what a template may call, with arguments and a result that are not too large."""
        limits.spend(limits.STEP + limits.weigh_all(args, kwargs))
        if obj is self.steps:
            return limits.steps(*args)
        method = getattr(obj, "__wrapped__", obj) if isinstance(obj, FunctionType) else obj  # Jinja2 wraps `format`
        if isinstance(method, (MethodType, BuiltinMethodType)):
            if not isinstance(method.__self__, _CALLABLE):
                args = _method_arguments(method, args, kwargs=kwargs)
        elif callable(obj) and not (isinstance(obj, (*_CALLABLE, Undefined)) or self._is_global(obj)):
            raise SecurityError(f"{getattr(obj, '__name__', 'this')}() is not available in a text")
        return limits.spent(super().call(context, obj, *args, **kwargs))

    def _is_global(self, obj: Any) -> bool:
        return any(obj is each for each in self.globals.values())


def _method_arguments(
    method: MethodType | BuiltinMethodType, args: tuple[Any, ...], *, kwargs: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Return what a value's method may be called with; raises `SecurityError` or `ExceededError`."""
    owner, name = method.__self__, method.__name__
    allowed = next((names for kind, names in _METHODS.items() if isinstance(owner, kind)), frozenset[str]())
    if name not in allowed:
        raise SecurityError(f"{name}() is not available in a text")
    limits.spend(limits.weigh(owner))
    if name == "join" and len(args) == 1:
        args = (_listed(args[0]),)
    size_estimates.of_method(owner, name, args=args, kwargs=kwargs)
    return args


def _limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter or test that asks `limits` before it works, and of what it has made."""
    first = 1 if getattr(function, "jinja_pass_arg", None) else 0  # Jinja2 passes the context, or the like

    @functools.wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        if len(args) > first and isinstance(args[first], Iterator):
            args = (*args[:first], _listed(args[first]), *args[first + 1 :])
        limits.spend(limits.STEP + limits.weigh_all(args[first:], kwargs))
        if name in size_estimates.FILTERS:
            size_estimates.FILTERS[name](*args[first:], **kwargs)
        return limits.spent(function(*args, **kwargs))

    return limited


def _listed(value: Any) -> Any:
    """Return what a loop would go through one by one as a list, of a size that is known."""
    return list(limits.steps(value)) if isinstance(value, Iterator) else value
