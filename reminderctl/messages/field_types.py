"""The places for texts in a channel's message, read from the types of its fields."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct, inspect

from reminderctl.text_types import Place

FieldPath = tuple[str | int, ...]
Kind = Literal["literal", "text", "list", "map", "record", "tree"]


class Change(Protocol):
    """A function that changes the texts of a message one by one."""

    def __call__(self, path: FieldPath, text: Any, *, place: Place) -> Any:
        """Return what comes in the place of a text or language map."""


class Shape(Struct, frozen=True, kw_only=True):
    """The content of one field: a text (or a map from language to text), many of them, or nothing to be rendered.

    In a `tree` every string is a text, however deep, and maps are maps. `others` are the alternatives of a union.
    """

    kind: Kind
    place: Place | None = None
    item: Shape | None = None
    fields: Mapping[str, Shape] = {}
    others: tuple[Shape, ...] = ()


LITERAL = Shape(kind="literal")


@functools.cache
def places(message_type: type) -> Mapping[str, Shape]:
    """The shape of each field of a message, by its name in the YAML."""
    message = inspect.type_info(message_type)
    return _fields(message) if isinstance(message, inspect.StructType) else {}


def _fields(record: inspect.StructType) -> dict[str, Shape]:
    return {field.encode_name: _shape(field.type, None) for field in record.fields}


def _shape(given: inspect.Type, place: Place | None) -> Shape:
    match given:
        case inspect.Metadata():
            return _shape(given.type, (given.extra or {}).get("place", place))
        case inspect.UnionType():
            return _union([_shape(part, place) for part in given.types if not isinstance(part, inspect.NoneType)])
        case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
            return Shape(kind="list", item=_shape(given.item_type, place))
        case inspect.DictType():
            return Shape(kind="map", item=_shape(given.value_type, place))
        case inspect.AnyType() if place:
            return Shape(kind="tree", place=place)
        case inspect.StrType() if place:
            return Shape(kind="text", place=place)
        case inspect.StructType() if place is not Place.ATTACHMENT:
            return Shape(kind="record", fields=_fields(given))
    # The YAML names an attachment by a string, whatever type the message gives it.
    return Shape(kind="text", place=place) if place is Place.ATTACHMENT else LITERAL


def _union(shapes: list[Shape]) -> Shape:
    told = [shape for shape in shapes if shape.kind != "literal"]
    if not told:
        return LITERAL
    first, *others = told
    return Shape(kind=first.kind, place=first.place, item=first.item, fields=first.fields, others=tuple(others))


def transform(message_type: type, tree: Any, change: Change) -> Any:
    """Return the tree with `change(path, text, place=...)` in the place of each text or language map.

    What does not have the shape it should have stays as it is: telling about that is the configuration's task.
    """
    if not isinstance(tree, Mapping):
        return tree
    shapes = places(message_type)
    return {name: _transform(shapes.get(name, LITERAL), value, change, path=(name,)) for name, value in tree.items()}


def _transform(shape: Shape, value: Any, change: Change, *, path: FieldPath) -> Any:
    shape = _fitting(shape, value)
    match shape.kind, value:
        case ("text", str()) | ("text", Mapping()) | ("tree", str()):
            return change(path, value, place=shape.place or Place.PLAIN)
        case ("list", list() | tuple()) | ("tree", list() | tuple()):
            item = shape.item or shape
            return [_transform(item, part, change, path=(*path, index)) for index, part in enumerate(value)]
        case ("map", Mapping()) | ("tree", Mapping()):
            item = shape.item or shape
            return {key: _transform(item, part, change, path=(*path, key)) for key, part in value.items()}
        case "record", Mapping():
            return {
                key: _transform(shape.fields.get(key, LITERAL), part, change, path=(*path, key))
                for key, part in value.items()
            }
    return value


def _fitting(shape: Shape, value: Any) -> Shape:
    """The alternative of a union that this value can only be meant for; a map before a language map."""
    if not shape.others:
        return shape
    wanted: tuple[Kind, ...] = ("tree",)
    if isinstance(value, str):
        wanted = ("text", "tree")
    elif isinstance(value, Mapping):
        wanted = ("map", "record", "tree", "text")
    elif isinstance(value, (list, tuple)):
        wanted = ("list", "tree")
    by_kind = {alternative.kind: alternative for alternative in (*reversed(shape.others), shape)}
    return next((by_kind[kind] for kind in wanted if kind in by_kind), shape)
