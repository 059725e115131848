"""What structures and enumerations of a server are made of (OPC 10000-3 8.48 to 8.51)."""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

SCALAR: Final = -1
"""Value rank of one value; 1 and more are arrays of so many dimensions (OPC 10000-3 5.6.2)."""

_ANNOTATION: Final = re.compile(r"'?(?P<list>list\[)?ua\.(?P<name>\w+)\]?'?")
_BUILTIN_NAMES: Final = frozenset(ua.VariantType.__members__)


class Kind(enum.Enum):
    """How the fields of a structure follow each other (OPC 10000-6 5.2.6 to 5.2.8)."""

    PLAIN = "all fields"
    OPTIONAL = "some fields may be absent"
    UNION = "one of the fields"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a structure.

    ``builtin`` is as what its values are encoded; ``structure`` the data type of a structure that
    stands in it without a header; ``texts`` those of an enumeration.
    """

    name: str
    builtin: ua.VariantType
    rank: int = SCALAR
    is_optional: bool = False
    structure: ua.NodeId | None = None
    texts: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A structure: its fields in their order, and what its binary form is called."""

    name: str
    data_type: ua.NodeId
    encoding: ua.NodeId | None
    kind: Kind
    fields: tuple[Field, ...]


def standard_definition(data_type: ua.NodeId) -> Definition | None:
    """Return the definition of a structure of the standard, None for another one and for those
    with fields of open types.
    """
    return _standard().get(_identifier(data_type))


def standard_encodings() -> Mapping[str, Definition]:
    """Return the definitions of the standard by what their binary forms are called."""
    return {
        str(definition.encoding.to_string()): definition
        for definition in _standard().values()
        if definition.encoding is not None
    }


def _identifier(data_type: ua.NodeId) -> int:
    identifier = data_type.Identifier
    return identifier if data_type.NamespaceIndex == 0 and isinstance(identifier, int) else 0


@cache
def _standard() -> dict[int, Definition]:
    """Return the structures that asyncua's classes describe, by the number of their data types."""
    found: dict[int, Definition] = {}
    for encoding, cls in ua.extension_objects_by_typeid.items():
        data_type = getattr(cls, "data_type", None)
        if encoding.NamespaceIndex != 0 or data_type is None or data_type.NamespaceIndex != 0:
            continue  # Another user of asyncua in this process may have added its own.
        fields = [_standard_field(each) for each in dataclasses.fields(cls)]
        complete = [each for each in fields if each is not None]
        if len(complete) == len(fields):
            found[_identifier(data_type)] = Definition(
                cls.__name__, data_type, encoding, Kind.PLAIN, tuple(complete)
            )
    return found


def _standard_field(each: dataclasses.Field[Any]) -> Field | None:
    match = _ANNOTATION.fullmatch(each.type if isinstance(each.type, str) else "")
    cls = match and getattr(ua, match["name"], None)
    if match is None or not isinstance(cls, type):
        return None
    rank = 1 if match["list"] else SCALAR
    if issubclass(cls, enum.IntFlag):
        return None  # Its width is not told.
    if issubclass(cls, enum.IntEnum):
        texts = {int(member): member.name for member in cls}
        return Field(each.name, ua.VariantType.Int32, rank, texts=texts)
    for base in cls.__mro__:
        if base.__name__ in _BUILTIN_NAMES:
            return Field(each.name, ua.VariantType[base.__name__], rank)
    structure = getattr(cls, "data_type", None)
    if dataclasses.is_dataclass(cls) and isinstance(structure, ua.NodeId):
        return Field(each.name, ua.VariantType.ExtensionObject, rank, structure=structure)
    return None


EU_INFORMATION: Final = ua.NodeId(ua.Int32(ObjectIds.EUInformation))
RANGE: Final = ua.NodeId(ua.Int32(ObjectIds.Range))
