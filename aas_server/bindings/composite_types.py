"""What composite elements take of a device's values, and give back to it: ranges, blobs, lists and
collections, each as deep as its shape.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from aas_server.bindings.client_values import from_client
from aas_server.bindings.sink_types import (
    Check,
    ConversionError,
    refused,
    require_bounded,
    sink_check,
)
from aas_server.live.shapes import ABSENT, COLLECTION, Shape

Leaf: TypeAlias = Callable[[Shape], Check]
"""Makes the function for the Properties and MultiLanguageProperties of a composite."""

_BOUNDS: Final = ("min", "max"), ("Low", "High"), ("low", "high")
_SHOWN: Final = 10


def leaf_check(shape: Shape) -> Check:
    """Return what turns a device's value into that of a Property or MultiLanguageProperty."""
    return sink_check(shape.model_type, shape.value_type)


def leaf_back(shape: Shape) -> Check:
    """Return what turns a client's value of such an element into the device's; it raises
    ``ValueError``.
    """
    return lambda value: from_client(shape.model_type, shape.value_type, value)


def shape_check(shape: Shape, leaf: Leaf = leaf_check) -> Check:
    """Return what turns a device's value into the value of an element of this shape.

    Objects fill collections by the names of their members, pairs and objects of two bounds fill
    ranges. It raises ``ConversionError`` that names the place.
    """
    check = _check(shape, leaf)

    def bounded(value: Any) -> Any:
        require_bounded(value)
        return check(value)

    return bounded


def shape_back(shape: Shape, leaf: Leaf = leaf_back) -> Check:
    """Return what turns a client's ValueOnly form into what the device takes: a range is an object
    of min and max, a blob is bytes.

    What a client leaves out of a collection is left out, null is None. It raises ``ValueError``
    that names the place.
    """
    return _back(shape, leaf)


def namesakes(wanted: Iterable[str], given: Iterable[str]) -> dict[str, str]:
    """Return which of the ``given`` names each ``wanted`` one means, those without one left out.

    idShorts cannot spell every name of a field: where none is the same, one that differs in case
    and punctuation only, such as ``X_`` for ``X``, is meant.
    """
    exact = set(given)
    alike: dict[str, list[str]] = {}
    for name in exact:
        alike.setdefault(_letters(name), []).append(name)
    found: dict[str, str] = {}
    for name in wanted:
        others = alike.get(_letters(name), [])
        if name in exact:
            found[name] = name
        elif len(others) == 1:
            found[name] = others[0]
    return found


def is_numbers(shape: Shape) -> bool:
    """Return whether a shape is made of nothing but Properties or Ranges in lists, so that one
    calculation fits all its values.
    """
    while shape.item is not None:
        shape = shape.item
    return shape.model_type in ("Property", "Range")


def leaf_of(shape: Shape) -> Shape:
    """Return the one kind of Property that a list (of lists) or a range is made of."""
    while shape.item is not None:
        shape = shape.item
    return Shape("Property", shape.value_type) if shape.model_type == "Range" else shape


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _check(shape: Shape, leaf: Leaf) -> Check:
    if shape.model_type == COLLECTION:
        return _collection_check(shape, leaf)
    if shape.item is not None:
        return _list_check(_or_none(_check(shape.item, leaf)))
    if shape.model_type == "Range":
        return _range_check(_or_none(leaf(leaf_of(shape))))
    if shape.model_type == "Blob":
        return sink_check("Property", "xs:base64Binary")
    return leaf(shape)


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _collection_check(shape: Shape, leaf: Leaf) -> Check:
    checks = {name: _or_none(_check(member, leaf)) for name, member in shape.members}
    named = lru_cache(maxsize=16)(lambda *fields: namesakes(checks, fields))

    def to_sink(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refused(value, "an object of fields as a collection needs it")
        taken: dict[str, Any] = {}
        for name, field in named(*value).items():
            given = value[field]
            taken[name] = ABSENT if given is ABSENT else _at(name, checks[name], given)
        if not taken:
            raise ConversionError(
                f"the device gives the fields {', '.join(list(value)[:_SHOWN])}: "
                f"none is an element of the collection ({', '.join(list(checks)[:_SHOWN])})"
            )
        return taken

    return to_sink


def _list_check(check: Check) -> Check:
    def to_sink(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            if value is None:
                raise refused(value, "an array")
            raise ConversionError("the device gives one value and no array, as a list needs it")
        index = 0
        taken = []
        try:
            for index, item in enumerate(value):  # noqa: B007 -- tells which one is wrong
                taken.append(check(item))
        except ConversionError as error:
            raise _placed(f"[{index}]", error) from None
        return taken

    return to_sink


def _range_check(check: Check) -> Check:
    def to_sink(value: Any) -> dict[str, Any]:
        low, high = _bounds_of(value)
        return {"min": _at("min", check, low), "max": _at("max", check, high)}

    return to_sink


def _bounds_of(value: Any) -> tuple[Any, Any]:
    if isinstance(value, Mapping):
        for low, high in _BOUNDS:
            if low in value and high in value:
                return value[low], value[high]
    if isinstance(value, list | tuple):
        if len(value) == 2:
            return value[0], value[1]
        raise ConversionError(
            f"the device gives an array of {len(value)}, which is not a range of two bounds"
        )
    raise refused(value, "a range of two bounds")


def _at(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except ConversionError as error:
        raise _placed(name, error) from None


def _placed(place: str, error: ConversionError) -> ConversionError:
    return type(error)(f"{place}: {error}")


def _back(shape: Shape, leaf: Leaf) -> Check:
    if shape.model_type == COLLECTION:
        return _collection_back(shape, leaf)
    if shape.item is not None:
        return _list_back(_back(shape.item, leaf))
    if shape.model_type == "Range":
        return _range_back(leaf(leaf_of(shape)))
    if shape.model_type == "Blob":
        return _blob_back(shape.content_type)
    return leaf(shape)


def _collection_back(shape: Shape, leaf: Leaf) -> Check:
    backs = {name: _back(member, leaf) for name, member in shape.members}

    def to_device(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("a machine takes an object of the fields' values here")
        for name in value:
            if name not in backs:
                known = ", ".join(list(backs)[:_SHOWN])
                raise ValueError(f"{name!r} is no field that is shown of the machine's: {known}")
        return {
            name: None if each is None else _back_at(name, backs[name], each)
            for name, each in value.items()
        }

    return to_device


def _list_back(back: Check) -> Check:
    def to_device(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("a machine takes an array here")
        return [_back_at(f"[{index}]", back, each) for index, each in enumerate(value)]

    return to_device


def _range_back(back: Check) -> Check:
    def to_device(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or value.keys() != {"min", "max"}:
            raise ValueError("a machine takes both bounds of a range, min and max")
        return {name: _back_at(name, back, each) for name, each in value.items()}

    return to_device


def _blob_back(content_type: str | None) -> Check:
    def to_device(value: Any) -> bytes:
        text = value.get("value") if isinstance(value, dict) else None
        if not isinstance(text, str) or not value.keys() <= {"contentType", "value"}:
            raise ValueError("a machine takes an object with the blob's bytes in base64 as value")
        if value.get("contentType", content_type) != content_type:
            raise ValueError(f"contentType: the machine's bytes stay {content_type}")
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except binascii.Error as error:
            raise ValueError("value: no base64") from error

    return to_device


def _back_at(name: str, back: Check, value: Any) -> Any:
    try:
        return back(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from None
