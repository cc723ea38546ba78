"""Writes the generated parts of the reference pages: `make docs`.

A part stands in its page between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; what is around them is
written by hand. Everything comes from the program itself: its commands, its structs, its shortcodes, the docstrings of
its channels.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from docs.man_page import write_man_page
from reminderctl import channels, config
from reminderctl.bookings import SCHEMA
from reminderctl.channels import ChannelModule, OnUnknown
from reminderctl.channels.sms._presets import PRESETS
from reminderctl.cli import main
from reminderctl.config import presets
from reminderctl.config.channels import module_names
from reminderctl.core.recipients import CHANNELS
from reminderctl.messages.shortcodes import CATALOGUE

DOCS = Path(__file__).parent
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SHARED = frozenset({"config_path", "now_text", "help"})  # said once for all commands
_YAML = re.compile(r"(?:channels|actions|workflows):|- ")
_VARIABLE = r"\$\{"  # the schema's pattern for a setting that is `${NAME}`
_CODE_OR_TAG = re.compile(r"`[^`]*`|<(?=/?[a-z])")
_OTHER_PAGES = {"channels": "[channels.md](channels.md)"}
_GROUPS = {"online": "Online meetings"}  # of shortcodes, where the name of one is not its title
_REFERENCES = {
    "Text": "text, or one for each language",
    "Workflow": "[workflows](#workflows)",
    "Action": "[actions](#actions)",
    "Filters": "[filters](#filters-except)",
    "Company": "[company](#company)",
    "SourceKeys": "[sources](sources.md#keys)",
    "QuietHoursKeys": "[quiet_hours](#quiet_hours)",
    "Admin": "[admin](#admin)",
}
_GATEWAY_HEADING = ("code", "the vendor says", "outcome", "state")
_ENDS: Mapping[str, tuple[str, str]] = {
    "sent": ("sent", "sent"),
    "rejected": ("rejected", "failed"),
    "number_unavailable": ("unavailable, this number alone", "pending"),
    "country_down": ("channel down, this number alone", "pending"),
    "unavailable": ("unavailable", "pending"),
    "throttled": ("throttled", "pending"),
    "channel_down": ("channel down", "pending"),
    "unknown": ("unknown", "unknown"),
}
_REPEATED = ("unknown, sent again with the same key", "pending")
_AFTER_UNKNOWN = {
    OnUnknown.RESEND: "sent again, with the same id",
    OnUnknown.RESEND_ONCE: "sent once more, with the same id",
    OnUnknown.HOLD: "stays `unknown`; a person decides",
}


def pages() -> dict[Path, str]:
    """The text that each page with a generated part should have."""
    found = {}
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        renewed = _PART.sub(lambda part: f"{part[1]}\n{_PARTS[part['name']]().strip()}\n\n{part[3]}", text)
        if "<!-- generated: " in text:
            found[path] = renewed
    found[DOCS / "reminderctl.1"] = write_man_page()
    return found


# --- commands ---------------------------------------------------------------------------------------------------------


def write_commands() -> str:
    return "\n\n".join(_command(command, path) for path, command in commands())


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand with its words."""
    for name in main.list_commands(click.Context(main)):
        command = main.get_command(click.Context(main), name)
        assert command is not None  # noqa: S101 - the group has just named it
        yield name, command
        if isinstance(command, click.Group):
            for below, each in sorted(command.commands.items()):
                yield f"{name} {below}", each


def _command(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=f"reminderctl {path}")
    usage = " ".join((f"reminderctl {path}", *command.collect_usage_pieces(context)))
    paragraphs = [" ".join(each.split()) for each in (command.help or "").split("\n\n")]
    rows = [
        (f"`{', '.join((*option.opts, *option.secondary_opts))}{_metavar(option, context)}`", option.help or "")
        for option in command.params
        if isinstance(option, click.Option) and option.name not in _SHARED
    ]
    table = _table(("option", "what it does"), rows) if rows else ""
    return "\n\n".join(filter(None, (f"## {path}", f"```text\n{usage}\n```", *paragraphs, table)))


def _metavar(option: click.Option, context: click.Context) -> str:
    if option.is_flag or option.count:
        return ""
    return f" {option.make_metavar(context).replace('INTEGER RANGE', 'NUMBER')}"


# --- the YAML, the tables ---------------------------------------------------------------------------------------------


@functools.cache
def _schema() -> dict[str, Any]:
    return config.describe()


def write_tables() -> str:
    return f"```sql\n{SCHEMA.strip()}\n```"


def write_keys(*path: str) -> Callable[[], str]:
    """What writes the table of the keys at a place of the schema."""

    def write() -> str:
        found = _schema()
        for each in path:
            found = found[each]
        return _keys(found)

    return write


def _keys(schema: Mapping[str, Any], *, leave_out: frozenset[str] = frozenset()) -> str:
    properties = {name: each for name, each in schema["properties"].items() if name not in leave_out}
    return _table(("key", "value", "meaning"), _rows(properties, required=schema.get("required", [])))


def _rows(properties: Mapping[str, Any], *, required: Collection[str], prefix: str = "") -> Iterator[tuple[str, ...]]:
    """A line for each key; what has keys of its own is followed by theirs."""
    for name, each in properties.items():
        key = f"`{prefix}{name}`" + (" (required)" if name in required else "")
        yield key, _OTHER_PAGES.get(name) or _values(each), _described(each)
        reference = _reference(each)
        below = _schema()["$defs"].get(reference, each)
        if "properties" in below and reference not in _REFERENCES and name not in _OTHER_PAGES:
            yield from _rows(below["properties"], required=below.get("required", []), prefix=f"{prefix}{name}.")


def _reference(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _described(schema: Mapping[str, Any]) -> str:
    below = _schema()["$defs"].get(_reference(schema), {})
    words = re.sub(r"(?<![`\"])(\{\w+\})", r"`\1`", str(schema.get("description") or below.get("description", "")))
    default = schema.get("default", "")
    if isinstance(default, bool):
        default = "yes" if default else "no"
    elif isinstance(default, float):
        default = f"{default:g}"
    return words if default == "" else f"{words.rstrip('.')}. Default: `{default}`."


def _values(schema: Mapping[str, Any]) -> str:
    """What kind of value a key takes, in a word or two."""
    reference = _reference(schema)
    if reference:
        return _REFERENCES.get(reference, "a mapping")
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "anyOf" in schema:
        choices = [each for each in schema["anyOf"] if each.get("pattern") != _VARIABLE]
        if any("propertyNames" in each for each in choices):
            return _REFERENCES["Text"]
        return " or ".join(dict.fromkeys(map(_values, choices)))
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "array":
        below = _values(schema.get("items", {}))
        if below in ("text", _REFERENCES["Text"]):
            return "a list"
        return "a list of whole numbers" if below == "a whole number" else f"a list of {below}"
    names = {"string": "text", "boolean": "yes or no", "integer": "a whole number", "number": "a number"}
    return names.get(str(kind), "a mapping" if kind == "object" else "any value")


# --- channels ---------------------------------------------------------------------------------------------------------


def write_channels() -> str:
    return "\n\n".join(_channel(name) for name in CHANNELS)


def _channel(name: str) -> str:
    schema, title = _schema(), CHANNELS[name].title
    modules = {each: channels.module(each) for each in module_names(name)}
    kinds = list(dict.fromkeys(module.Message for module in modules.values()))
    actions = [each for each in _variants(schema["$defs"]["Action"]) if each["properties"]["send"]["const"] == name]
    settings = list(_variants(schema["properties"]["channels"]["properties"][name]))
    described = [
        _module(
            f"{title}: {each.rpartition('.')[2]}" if "." in each else title,
            module,
            settings=settings[number],
            action=actions[kinds.index(module.Message)],
        )
        for number, (each, module) in enumerate(modules.items())
    ]
    return "\n\n".join(described)


def _variants(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The mappings among which a schema leaves the choice, in order."""
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        for each in choices:
            yield from _variants(each)
    elif isinstance(by_name := schema.get("additionalProperties"), dict):
        yield by_name
    else:
        yield schema


def _module(title: str, module: ChannelModule, *, settings: Mapping[str, Any], action: Mapping[str, Any]) -> str:
    rules = module.POLICY
    ours = frozenset({"send", "id", "to"})
    limits = (
        f"After an attempt whose outcome nobody can know: {_AFTER_UNKNOWN[rules.on_unknown]}. "
        f"At the same time at most: {rules.workers}."
    )
    return "\n\n".join(
        (
            f"## {title}",
            _prose(module.description),
            f"### Settings of {title}",
            _keys(settings),
            f"### Action keys of {title}",
            _keys(action, leave_out=ours),
            limits,
        )
    )


def _prose(docstring: str) -> str:
    """A docstring as Markdown: its indented parts are code, YAML where they begin as our YAML does."""
    written = []
    for part in re.split(r"\n{2,}(?=\S)", textwrap.dedent(docstring).strip()):
        prose, _, code = part.partition("\n\n    ")
        written.append(_without_tags(prose))
        if code:
            block = textwrap.dedent(f"    {code}").rstrip()
            written += [
                f"```{'yaml' if _YAML.match(each) else 'text'}\n{each.rstrip()}\n```" for each in _blocks(block)
            ]
    return "\n\n".join(written)


def _without_tags(text: str) -> str:
    """Markdown in which a tag is text."""
    return _CODE_OR_TAG.sub(lambda found: found[0] if found[0] != "<" else "\\<", text)


def _blocks(code: str) -> list[str]:
    """An indented part, split where `channels:` or `actions:` begins anew."""
    return re.split(r"\n{2,}(?=channels:|actions:)", code)


# --- shortcodes -------------------------------------------------------------------------------------------------------


def write_shortcodes() -> str:
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for each in CATALOGUE:
        groups.setdefault(each.group, []).append((f"`{{{each.name}}}`", each.meaning, each.example))
    return "\n\n".join(
        f"## {_GROUPS.get(group, group.capitalize())}\n\n{_table(('shortcode', 'meaning', 'example'), rows)}"
        for group, rows in groups.items()
    )


# --- gateways ---------------------------------------------------------------------------------------------------------


def write_gateways() -> str:
    """Every code of every preset, with the state in which it ends."""
    parts = []
    for name, preset in PRESETS.items():
        meanings = {**_ENDS, "unknown": _REPEATED} if preset.guard else _ENDS
        rows = [(f"`{code}`", says, *meanings[meaning]) for code, meaning, says in preset.table]
        rows += [(f"HTTP {code}", says, *meanings[meaning]) for code, meaning, says in preset.statuses]
        other = preset.codes.otherwise if preset.codes else None
        rest = f"Any other code in an answer of status 200 to 299 is {_ENDS[other][1]}." if other else ""
        parts += [f"## {name}", f"Source: {preset.source}. {rest}".strip(), _table(_GATEWAY_HEADING, rows)]
    return "\n\n".join(part for part in parts if part)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(text: str) -> str:
    return _without_tags(" ".join(text.split()).replace("|", "\\|"))


def write_presets() -> str:
    """The presets of sources, each with the version in which it was tried or read."""
    rows = []
    for name in presets.preset_names():
        preset, problem = presets.read_preset(presets.FOLDER / f"{name}.yaml")
        assert preset is not None, problem  # noqa: S101 - they are ours
        rows.append((f"`{name}`", preset.title, preset.engine, preset.verified))
    return _table(("preset", "program", "database", "tried, or read, in"), rows)


_PARTS: dict[str, Callable[[], str]] = {
    "commands": write_commands,
    "tables": write_tables,
    "channels": write_channels,
    "shortcodes": write_shortcodes,
    "gateways": write_gateways,
    "file": write_keys(),
    "company": write_keys("$defs", "Company"),
    "admin": write_keys("$defs", "Admin"),
    "alerts": write_keys("$defs", "AlertKeys"),
    "source": write_keys("$defs", "SourceKeys"),
    "quiet-hours": write_keys("$defs", "QuietHoursKeys"),
    "presets": write_presets,
    "workflow": write_keys("$defs", "Workflow"),
    "filters": write_keys("$defs", "Filters"),
}

if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
