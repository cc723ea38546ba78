"""The types of the fields of a channel's message, read from its annotations."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct, inspect

from reminderctl.text_types import TextType

FieldPath = tuple[str | int, ...]
Kind = Literal["literal", "text", "list", "map", "record", "tree"]


class Change(Protocol):
    """A function that changes the texts of a message one by one."""

    def __call__(self, path: FieldPath, text: Any, *, text_type: TextType) -> Any:
        """Return what comes in the place of a text or language map."""


class FieldType(Struct, frozen=True, kw_only=True):
    """The content of one field: a text (or a map from language to text), many of them, or nothing to be rendered.

    In a `tree` every string is a text, however deep, and maps are maps. `others` are the alternatives of a union.
    """

    kind: Kind
    text_type: TextType | None = None
    item: FieldType | None = None
    fields: Mapping[str, FieldType] = {}
    others: tuple[FieldType, ...] = ()


LITERAL = FieldType(kind="literal")


@functools.cache
def fields_of(message_type: type) -> Mapping[str, FieldType]:
    """Return the type of each field of a message, by its name in the YAML."""
    message = inspect.type_info(message_type)
    return _fields(message) if isinstance(message, inspect.StructType) else {}


def _fields(record: inspect.StructType) -> dict[str, FieldType]:
    return {field.encode_name: _field_type(field.type, None) for field in record.fields}


def _field_type(given: inspect.Type, text_type: TextType | None) -> FieldType:
    match given:
        case inspect.Metadata():
            return _field_type(given.type, (given.extra or {}).get("text_type", text_type))
        case inspect.UnionType():
            return _union(
                [_field_type(part, text_type) for part in given.types if not isinstance(part, inspect.NoneType)]
            )
        case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
            return FieldType(kind="list", item=_field_type(given.item_type, text_type))
        case inspect.DictType():
            return FieldType(kind="map", item=_field_type(given.value_type, text_type))
        case inspect.AnyType() if text_type:
            return FieldType(kind="tree", text_type=text_type)
        case inspect.StrType() if text_type:
            return FieldType(kind="text", text_type=text_type)
        case inspect.StructType() if text_type is not TextType.ATTACHMENT:
            return FieldType(kind="record", fields=_fields(given))
    # The YAML names an attachment by a string, whatever type the message gives it.
    return FieldType(kind="text", text_type=text_type) if text_type is TextType.ATTACHMENT else LITERAL


def _union(field_types: list[FieldType]) -> FieldType:
    described = [field_type for field_type in field_types if field_type.kind != "literal"]
    if not described:
        return LITERAL
    first, *others = described
    return FieldType(
        kind=first.kind, text_type=first.text_type, item=first.item, fields=first.fields, others=tuple(others)
    )


def transform(message_type: type, tree: Any, *, change: Change) -> Any:
    """Return the tree with `change(path, text, text_type=...)` in the place of each text or language map.

    What does not have the shape it should have stays as it is: telling about that is the configuration's task.
    """
    if not isinstance(tree, Mapping):
        return tree
    field_types = fields_of(message_type)
    return {
        name: _transform(field_types.get(name, LITERAL), value, change=change, path=(name,))
        for name, value in tree.items()
    }


def _transform(field_type: FieldType, value: Any, *, change: Change, path: FieldPath) -> Any:
    field_type = _fitting(field_type, value)
    match field_type.kind, value:
        case ("text", str()) | ("text", Mapping()) | ("tree", str()):
            return change(path, value, text_type=field_type.text_type or TextType.PLAIN)
        case ("list", list() | tuple()) | ("tree", list() | tuple()):
            item = field_type.item or field_type
            return [_transform(item, part, change=change, path=(*path, index)) for index, part in enumerate(value)]
        case ("map", Mapping()) | ("tree", Mapping()):
            item = field_type.item or field_type
            return {key: _transform(item, part, change=change, path=(*path, key)) for key, part in value.items()}
        case "record", Mapping():
            return {
                key: _transform(field_type.fields.get(key, LITERAL), part, change=change, path=(*path, key))
                for key, part in value.items()
            }
    return value


def _fitting(field_type: FieldType, value: Any) -> FieldType:
    """The alternative of a union that this value can only be meant for; a map before a language map."""
    if not field_type.others:
        return field_type
    wanted: tuple[Kind, ...] = ("tree",)
    if isinstance(value, str):
        wanted = ("text", "tree")
    elif isinstance(value, Mapping):
        wanted = ("map", "record", "tree", "text")
    elif isinstance(value, (list, tuple)):
        wanted = ("list", "tree")
    by_kind = {alternative.kind: alternative for alternative in (*reversed(field_type.others), field_type)}
    return next((by_kind[kind] for kind in wanted if kind in by_kind), field_type)
