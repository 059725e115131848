"""Shapes: what the value of a composite element looks like, and how it becomes the element.

A composite is a Range, a Blob, a collection or a list. Its values are plain: a Range's
``{"min", "max"}``, a Blob's base64 text, a collection's values by idShort, a list's values in their
order, each as deep as the stored element says; None stands for an element without a value.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from aas_server.errors import BadRequest
from aas_server.metamodel.id_short_path import IdShortPath, format_id_short_path
from aas_server.metamodel.tree import Node, children, with_children
from aas_server.metamodel.value_types import (
    FLOAT_TYPES,
    to_json,
    to_lexical,
)

COLLECTION: Final = "SubmodelElementCollection"
LIST: Final = "SubmodelElementList"
COMPOSITES: Final = frozenset({"Range", "Blob", COLLECTION, LIST})
"""Elements that show more than one scalar; each owns everything below it."""

_encode: Final = msgspec.json.Encoder().encode
_FED: Final = frozenset({"Property", "MultiLanguageProperty", *COMPOSITES})
_MAX_DEPTH: Final = 32


class Absence(enum.Enum):
    """The one value of a member that the device leaves out at the moment: there is no element."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of an element, as deep as a machine's value goes into it.

    ``value_type`` is that of a Property or a Range; a collection has ``members``, what a machine
    may feed of its children, by idShort, and a list one ``item`` for all. ``content_type`` is that
    of a Blob, which stays.
    """

    model_type: str
    value_type: str | None = None
    members: tuple[tuple[str, Shape], ...] = ()
    item: Shape | None = None
    content_type: str | None = None

    def __str__(self) -> str:
        """Return the shape as one line of text, the same for the same shape."""
        if self.item is not None:
            return f"{self.model_type}[{self.item}]"
        if self.members:
            return f"{self.model_type}({', '.join(f'{name}: {of}' for name, of in self.members)})"
        return f"{self.model_type} {self.value_type or ''}".rstrip()


def shape_of(element: Node, path: IdShortPath) -> Shape:
    """Return the shape of the stored ``element`` at ``path``.

    Raises ``BadRequest`` for what can hold no live value, and for a list whose items nothing
    describes.
    """
    model_type = element.get("modelType", "")
    if model_type not in _FED:
        raise _unfit(path, f"a {model_type} cannot take a live value")
    if len(path) > _MAX_DEPTH:
        raise _unfit(path, "elements are nested too deep to take a live value")
    if model_type == COLLECTION:
        return Shape(model_type, members=_members(element, path))
    if model_type == LIST:
        return Shape(model_type, item=shape_of(_template(element, path), (*path, 0)))
    if model_type == "Blob":
        return Shape(model_type, content_type=element.get("contentType"))
    return Shape(model_type, element.get("valueType"))


def filled(element: Node, shape: Shape, value: Any) -> Node:
    """Return a copy of the stored ``element`` that shows ``value``.

    Members that the value does not name stay as they are stored; absent ones are left out.
    """
    return _FILLED[shape.model_type](element, shape, value)


def list_values(shape: Shape, value: Any) -> Any:
    """Return the ValueOnly form of a list, or a list of lists, of Properties, without filling the
    element first: arrays are long.

    An empty list is None, as ``views.value_only`` has it.
    """
    item = shape.item
    if value is None or item is None:
        return None
    if item.item is not None:
        values = [list_values(item, each) for each in value]
    else:
        value_type = item.value_type or "xs:string"
        values = [None if each is None else _shown(value_type, each) for each in value]
    return None if all(each is None for each in values) else values


def items_json(element: Node, shape: Shape, value: Sequence[Any]) -> str:
    """Return the items of the list ``element`` of Properties as JSON, as ``filled`` makes them,
    without making them: arrays are long.
    """
    base = _with(_template(element, ()), "value", None)
    empty = _encode(base).decode()
    begin = f'{empty[:-1]},"value":'
    value_type = (shape.item and shape.item.value_type) or "xs:string"
    texts: Iterable[str | None]
    if value_type == "xs:double" and all(type(each) is float for each in value):
        texts = (f'"{each!r}"' for each in value)
        if not all(map(math.isfinite, value)):
            texts = (f'"{to_lexical(value_type, each)}"' for each in value)
    else:
        texts = (
            None if each is None else _encode(to_lexical(value_type, each)).decode()
            for each in value
        )
    return f"[{','.join(empty if text is None else f'{begin}{text}}}' for text in texts)}]"


def is_of_properties(shape: Shape) -> bool:
    """Return whether a shape is a list, or a list of lists, of Properties."""
    if shape.item is None:
        return False
    return shape.item.model_type == "Property" or is_of_properties(shape.item)


def kept(written: Node, stored: Node, shape: Shape, value: Any) -> Node:
    """Return ``written``, what a client made of the element, with those stored elements put back
    that a read of ``value`` does not show: absent members, the item that describes an empty list.
    """
    if written.get("modelType") != shape.model_type or written is stored:
        return written
    if shape.model_type == COLLECTION:
        return _kept_members(written, stored, shape, value)
    items, templates = children(written), children(stored)
    if shape.item is None or not templates:
        return written
    if not items:
        return with_children(written, templates) if value == [] else written
    first = kept(items[0], templates[0], shape.item, value[0] if value else None)
    return with_children(written, [first, *items[1:]])


def _members(element: Node, path: IdShortPath) -> tuple[tuple[str, Shape], ...]:
    members: dict[str, Shape] = {}
    for each in children(element):
        name = each.get("idShort", "")
        if name not in members and each.get("modelType") in _FED:
            members[name] = shape_of(each, (*path, name))
    if not members:
        raise _unfit(
            path,
            "the collection has no elements that a machine can feed: add one for each field, "
            "named as the field",
        )
    return tuple(members.items())


def _template(element: Node, path: IdShortPath) -> Node:
    """Return what every item of a list looks like: the first that is stored, else its type."""
    items = children(element)
    if items:
        return items[0]
    model_type = element.get("typeValueListElement", "")
    if model_type in (COLLECTION, LIST):
        raise _unfit(
            path,
            f"the list has no item that shows what a {model_type} in it holds: add a first one",
        )
    template = {"modelType": model_type}
    if "valueTypeListElement" in element:
        template["valueType"] = element["valueTypeListElement"]
    return template


def _shown(value_type: str, value: Any) -> Any:
    if type(value) is float and value_type in FLOAT_TYPES and math.isfinite(value):
        return value
    return to_json(value_type, to_lexical(value_type, value))


def _unfit(path: IdShortPath, text: str) -> BadRequest:
    return BadRequest(text, path=format_id_short_path(path))


def _with(element: Node, name: str, value: Any) -> Node:
    if value is None:
        return {key: each for key, each in element.items() if key != name}
    return {**element, name: value}


def _fill_property(element: Node, shape: Shape, value: Any) -> Node:
    text = None if value is None else to_lexical(shape.value_type or "xs:string", value)
    return _with(element, "value", text)


def _fill_as_it_is(element: Node, _shape: Shape, value: Any) -> Node:
    return _with(element, "value", value)


def _fill_range(element: Node, shape: Shape, value: Any) -> Node:
    for bound in ("min", "max"):
        limit = None if value is None else value.get(bound)
        text = None if limit is None else to_lexical(shape.value_type or "xs:string", limit)
        element = _with(element, bound, text)
    return element


def _fill_collection(element: Node, shape: Shape, value: Any) -> Node:
    shapes = dict(shape.members)
    elements: list[Node] = []
    values: dict[str, Any] = dict.fromkeys(shapes, ABSENT) if value is None else dict(value)
    for each in children(element):
        # Taken out at the first: of siblings with one idShort only that is live.
        name = each.get("idShort", "")
        member = values.pop(name) if name in values and name in shapes else each
        if member is each:
            elements.append(each)
        elif member is not ABSENT:
            elements.append(filled(each, shapes[name], member))
    return with_children(element, elements)


def _fill_list(element: Node, shape: Shape, value: Any) -> Node:
    if shape.item is None or not value:
        return with_children(element, [])
    template, item = _template(element, ()), shape.item
    if item.model_type != "Property":
        return with_children(element, [filled(template, item, each) for each in value])
    base = _with(template, "value", None)
    value_type = item.value_type or "xs:string"
    items = [
        base if each is None else {**base, "value": to_lexical(value_type, each)} for each in value
    ]
    return with_children(element, items)


def _kept_members(written: Node, stored: Node, shape: Shape, value: Any) -> Node:
    shapes = dict(shape.members)
    values = {} if value is None else value
    templates = {each.get("idShort", ""): each for each in reversed(children(stored))}
    elements = [
        kept(each, templates[name], shapes[name], values.get(name))
        if (name := each.get("idShort", "")) in shapes and name in templates
        else each
        for each in children(written)
    ]
    present = {each.get("idShort") for each in elements}
    for index, each in enumerate(children(stored)):
        name = each.get("idShort", "")
        is_left_out = value is None or values.get(name) is ABSENT
        if name in shapes and name not in present and is_left_out:
            elements.insert(index, each)
    return with_children(written, elements)


_Fill: TypeAlias = Callable[[Node, Shape, Any], Node]
_FILLED: Final[dict[str, _Fill]] = {
    "Property": _fill_property,
    "MultiLanguageProperty": _fill_as_it_is,
    "Range": _fill_range,
    "Blob": _fill_as_it_is,
    COLLECTION: _fill_collection,
    LIST: _fill_list,
}
