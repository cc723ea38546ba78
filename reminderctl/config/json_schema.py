"""The JSON Schema of the YAML, built from the structs that also read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from reminderctl import channels
from reminderctl.config import schema as yaml_schema
from reminderctl.config.channels import module_names
from reminderctl.config.message import OUR_KEYS
from reminderctl.config.message_files import FILE_SUFFIX, file_keys
from reminderctl.config.struct_reader import encoded_names
from reminderctl.core.filters import FILTERS
from reminderctl.core.recipients import CHANNELS
from reminderctl.messages import templates
from reminderctl.model import Filters
from reminderctl.secret import Secret
from reminderctl.text_types import TextType

Schema = dict[str, Any]

# An editor's YAML reads 587, yes and +34600123456 as a number, a boolean and a number; reminderctl reads all as text.
_ALSO = {
    "string": ["string", "number", "boolean"],
    "integer": ["integer", "string"],
    "number": ["number", "string"],
    "boolean": ["boolean", "string"],
}
_SCALAR: Schema = {"type": _ALSO["string"]}
_IN_A_FILE = "The same text from a file next to the YAML, or a map from language to file."


def build() -> Schema:
    """Return the schema of a file, with every channel's settings and actions."""
    modules = {name: [(each, channels.module(each)) for each in module_names(name)] for name in CHANNELS}
    kinds: dict[type[Any], None] = {yaml_schema.File: None}
    for providers in modules.values():
        kinds |= dict.fromkeys(kind for _, module in providers for kind in _kinds(module))
    schemas, components = msgspec.json.schema_components(
        list(kinds), schema_hook=_describe_own_type, ref_template="#/$defs/{name}"
    )
    definitions = {name: _tidy(component) for name, component in components.items()}
    of_kind = {kind: definitions[_name(schema)] for kind, schema in zip(kinds, schemas, strict=True)}
    actions, settings = [], {}
    for channel, providers in modules.items():
        address = CHANNELS[channel].address
        messages = dict.fromkeys(module.Message for _, module in providers)
        variants = [
            _action(channel, kind, message=of_kind[kind], definitions=definitions, address=address) for kind in messages
        ]
        actions.append(variants[0] if len(variants) == 1 else {"anyOf": variants})
        settings[channel] = _settings([(name, of_kind[module.Room or module.Settings]) for name, module in providers])
        if any(module.Room for _, module in providers):
            settings[channel] = _by_name(settings[channel])
    definitions["Action"] = {"oneOf": actions}
    definitions["Text"] = {**_text_or_map(_SCALAR), "description": "Text, or a map from language to text"}
    definitions["Filters"]["properties"] = _filters()
    definitions["Workflow"] = definitions.pop("WorkflowKeys")
    definitions["Workflow"]["properties"]["actions"]["items"] = {"$ref": "#/$defs/Action"}
    file = of_kind[yaml_schema.File]
    file["properties"]["workflows"]["items"] = {"$ref": "#/$defs/Workflow"}
    file["properties"]["channels"] = _object(settings, description="The provider that sends the messages")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **file, "$defs": _used(file, definitions)}


def _kinds(module: channels.ChannelModule) -> tuple[type[Any], ...]:
    return (module.Settings, module.Message, *([module.Room] if module.Room else []))


def _by_name(room: Schema) -> Schema:
    """Return the schema of a mapping from names, which anyone may choose, to rooms."""
    names = {"propertyNames": {"pattern": yaml_schema.IDENTIFIER}, "minProperties": 1}
    return {"type": "object", "description": "Rooms, by their names", **names, "additionalProperties": room}


def _name(reference: Schema) -> str:
    return str(reference.get("$ref", "")).rpartition("/")[2]


def _action(
    channel: str, kind: Any, *, message: Schema, definitions: Mapping[str, Schema], address: str | None
) -> Schema:
    """Return the schema of an action: our own keys beside the message's, whose texts may be maps or in files."""
    own = _tidy(msgspec.json.schema(yaml_schema.ActionKeys)["$defs"]["ActionKeys"])["properties"]
    if address is None:
        own.pop("to")
    field_types = templates.fields_of(kind)
    properties = {
        "send": {"const": channel, "description": own["send"]["description"]},
        **{name: value for name, value in own.items() if name != "send"},
        **{
            name: _with_languages(each, field_types[name], definitions=definitions)
            for name, each in message["properties"].items()
            if name not in OUR_KEYS
        },
        **{name: {**_by_language(_SCALAR), "description": _IN_A_FILE} for name in file_keys(kind)},
    }
    needed = [name for name in message.get("required", []) if name not in OUR_KEYS]
    either = [name for name in needed if f"{name}{FILE_SUFFIX}" in properties]
    required = ["send", *(["to"] if address else []), *(name for name in needed if name not in either)]
    schema = _object(properties, description=message.get("description", ""), required=required)
    for name in either:
        schema.setdefault("allOf", []).append({"anyOf": [{"required": [name]}, {"required": [f"{name}{FILE_SUFFIX}"]}]})
    return schema


def _filters() -> dict[str, Schema]:
    """Return the keys of `filters` and `except`, in the order of the struct."""
    texts_schema = _tidy(msgspec.json.schema(yaml_schema.OneOrMore))
    return {name: {"description": FILTERS[name].description, **texts_schema} for name in encoded_names(Filters)}


def _settings(named: Iterable[tuple[str, Schema]]) -> Schema:
    """Return the schema of a channel's settings; of each provider's where it has several."""
    schemas = []
    for module, schema in named:
        provider = module.rpartition(".")[2] if "." in module else ""
        chosen = (
            {"provider": {"const": provider, "description": "The provider that sends the messages"}} if provider else {}
        )
        required = [*chosen, *(name for name in schema.get("required", []) if name not in chosen)]
        properties = chosen | {
            name: _or_variable(each) for name, each in schema["properties"].items() if name not in chosen
        }
        schemas.append(_object(properties, description=schema.get("description", ""), required=required))
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _or_variable(schema: Schema) -> Schema:
    """Return the schema of a setting, which may also be, or hold, a `${NAME}`."""
    limits = {name: each for name, each in schema.items() if name not in _annotations(schema)}
    if not limits.keys() & {"pattern", "enum", "minLength", "maxLength"}:
        return schema
    return {"anyOf": [limits, {"type": "string", "pattern": r"\$\{"}], **_annotations(schema)}


def _object(properties: Mapping[str, Schema], *, description: str, required: Iterable[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "description": description, "properties": dict(properties)}
    schema |= {"required": list(required), "additionalProperties": False}
    return {name: each for name, each in schema.items() if name == "additionalProperties" or each}


def _with_languages(schema: Schema, field_type: templates.FieldType, *, definitions: Mapping[str, Schema]) -> Schema:
    """Return the schema of a message's field: where a text may be, a map from language to text may."""
    if field_type.text_type is TextType.ATTACHMENT:
        return {"type": "string", **_annotations(schema)}
    if "anyOf" in schema:
        choices = [_with_languages(choice, field_type, definitions=definitions) for choice in schema["anyOf"]]
        return {**schema, "anyOf": choices}
    field_types = {one.kind: one for one in (*reversed(field_type.others), field_type)}
    if "$ref" in schema and "record" in field_types:
        return _record_with_languages(schema, field_types["record"], definitions=definitions)
    for kind, key in (("list", "items"), ("map", "additionalProperties")):
        item = field_types[kind].item if kind in field_types else None
        if item and isinstance(schema.get(key), dict):
            return _items_with_languages(schema, item, key=key, definitions=definitions)
    if "text" in field_types and "items" not in schema and "properties" not in schema:
        text = {name: value for name, value in schema.items() if name not in _annotations(schema)}
        return {**_by_language(text), **_annotations(schema)}
    return schema


def _record_with_languages(
    schema: Schema, field_type: templates.FieldType, *, definitions: Mapping[str, Schema]
) -> Schema:
    record = definitions[_name(schema)]
    properties = {
        name: _with_languages(value, field_type.fields[name], definitions=definitions)
        for name, value in record["properties"].items()
    }
    return {**record, **_annotations(schema), "properties": properties}


def _items_with_languages(
    schema: Schema, item: templates.FieldType, *, key: str, definitions: Mapping[str, Schema]
) -> Schema:
    """Return the schema of a list or mapping whose items are under `key`; of attachments one may do without a list."""
    below = _with_languages(schema[key], item, definitions=definitions)
    if item.text_type is TextType.ATTACHMENT:
        return {"anyOf": [below, {"type": "array", key: below}], **_annotations(schema)}
    return {**schema, key: below}


def _annotations(schema: Schema) -> Schema:
    """Return the part of a schema that is written for people."""
    return {name: schema[name] for name in ("description", "default") if name in schema}


def _by_language(text: Schema) -> Schema:
    return {"$ref": "#/$defs/Text"} if text == _SCALAR else _text_or_map(text)


def _text_or_map(text: Schema) -> Schema:
    languages = {"type": "object", "propertyNames": {"pattern": yaml_schema.LANGUAGE}, "additionalProperties": text}
    return {"anyOf": [text, {**languages, "minProperties": 1}]}


def _tidy(schema: Any) -> Any:
    """Leave out what says nothing to a person, and allow scalars as an editor's YAML reads them."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {name: _tidy(value) for name, value in schema.items() if not _says_nothing(name, value)}
    if isinstance(tidy.get("anyOf"), list):
        tidy["anyOf"] = [choice for choice in tidy["anyOf"] if choice != {"type": "null"}]
        if len(tidy["anyOf"]) == 1:
            tidy |= tidy.pop("anyOf")[0]
    if isinstance(tidy.get("type"), str):
        tidy["type"] = _ALSO.get(tidy["type"], tidy["type"])
    if isinstance(tidy.get("properties"), dict) and "type" in tidy:
        tidy.setdefault("additionalProperties", False)
        if not tidy.get("required"):
            tidy.pop("required", None)
    return tidy


def _says_nothing(name: str, value: Any) -> bool:
    return name == "title" or (name == "default" and (not value or isinstance(value, dict)))


def _used(schema: Any, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the definitions that a schema needs, and those that they need."""
    used: dict[str, Schema] = {}
    stack = [schema]
    while stack:
        each = stack.pop()
        if isinstance(each, list):
            stack.extend(each)
        elif isinstance(each, dict):
            stack.extend(each.values())
            name = _name(each)
            if name and name not in used:
                used[name] = definitions[name]
                stack.append(definitions[name])
    return dict(sorted(used.items()))


def _describe_own_type(kind: type[Any]) -> Schema:
    if kind in (Secret, Path):
        return {"type": "string"}
    raise NotImplementedError(kind)
