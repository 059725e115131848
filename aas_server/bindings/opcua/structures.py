"""Structures by their definitions: from bytes to objects by field name, and back (OPC 10000-6
5.2.6 to 5.2.8).

Definitions belong to one session: what a type id means is told by one server, and only until it is
loaded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from struct import Struct
from typing import Any, Final

from asyncua import ua
from asyncua.ua.ua_binary import pack_uatype

from aas_server.bindings.composite_types import namesakes
from aas_server.bindings.named_values import NamedNumber, NamedObject
from aas_server.bindings.opcua.binary import DECODERS, array_of, nested
from aas_server.bindings.opcua.definitions import (
    EU_INFORMATION,
    RANGE,
    SCALAR,
    Definition,
    Field,
    Kind,
)
from aas_server.bindings.opcua.scalar_encoding import Refused, scalar_encoder
from aas_server.live.shapes import ABSENT

Lookup = Callable[[ua.NodeId], Definition]
"""Returns the definition of a data type; raises ``ValueError`` that says why there is none."""

UNECE_UNITS: Final = "http://www.opcfoundation.org/UA/units/un/cefact"
"""Namespace of units whose UnitId is the UNECE code (OPC 10000-8 5.6.4.3)."""

_MAX_DEPTH: Final = 32
_LAST_BIT: Final = 63
_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_OPEN: Final = frozenset({ua.VariantType.Variant, ua.VariantType.DataValue})
_NULLABLE: Final = frozenset(
    {ua.VariantType.String, ua.VariantType.ByteString, ua.VariantType.XmlElement}
)


def decoded(
    definition: Definition,
    body: bytes,
    lookup: Lookup,
    plain: Callable[[Any], Any],
) -> dict[str, Any]:
    """Return the fields of a structure by their names; those that it leaves out are ``ABSENT``.

    ``plain`` is applied to values that need a session: structures of open types, node ids. Raises
    ``Exception`` for bytes that are no such structure.
    """
    value, position = _Decoder(lookup, plain).structure(definition, body, 0, 0)
    if position > len(body):
        raise ValueError("shorter than its type says")
    return value


def encoded(definition: Definition, value: Any, lookup: Lookup, namespaces: Sequence[str]) -> bytes:
    """Return the binary form of a structure whose fields ``value`` names; None leaves one out.

    Raises ``Refused`` that names the field that is missing, unknown or of another type.
    """
    return _Encoder(lookup, namespaces).structure(definition, value, 0)


class _Decoder:
    def __init__(self, lookup: Lookup, plain: Callable[[Any], Any]) -> None:
        self._lookup = lookup
        self._plain = plain

    def structure(
        self, definition: Definition, data: bytes, position: int, depth: int
    ) -> tuple[dict[str, Any], int]:
        if depth > _MAX_DEPTH:
            raise ValueError("structures are nested too deep")
        values: dict[str, Any] = {}
        present, position = _present(definition, data, position)
        for number, each in enumerate(definition.fields):
            if number in present:
                values[each.name], position = self._field(each, data, position, depth)
            else:
                values[each.name] = ABSENT
        if definition.data_type == EU_INFORMATION:
            return NamedObject(values, _unit(values)), position
        return values, position

    def _field(self, each: Field, data: bytes, position: int, depth: int) -> tuple[Any, int]:
        if each.rank == SCALAR:
            return self._one(each, data, position, depth)
        if each.rank == 1 and each.structure is None:
            items, position = array_of(each.builtin.value, data, position)
            return self._finished(each, items), position
        lengths = _I32.unpack_from(data, position)[0]
        if each.rank == 1:
            position += 4
            return self._many(each, lengths, data, position, depth)
        dimensions, position = array_of(ua.VariantType.Int32.value, data, position)
        if dimensions is None:
            return None, position
        total = 1
        for length in dimensions:
            total *= length
        items, position = self._many(each, total, data, position, depth)
        return nested(items, dimensions), position

    def _many(
        self, each: Field, count: int, data: bytes, position: int, depth: int
    ) -> tuple[Any, int]:
        if count < 0:
            return None, position
        if count > len(data) - position:
            raise ValueError("shorter than its array says")
        items = []
        for _ in range(count):
            item, position = self._one(each, data, position, depth)
            items.append(item)
        return items, position

    def _one(self, each: Field, data: bytes, position: int, depth: int) -> tuple[Any, int]:
        if each.structure is not None:
            return self.structure(self._lookup(each.structure), data, position, depth + 1)
        value, position = DECODERS[each.builtin.value](data, position)
        return self._finished(each, value), position

    def _finished(self, each: Field, value: Any) -> Any:
        if each.texts:
            return named(value, each.texts)
        return self._plain(value) if each.builtin in _OF_SESSION else value


def named(value: Any, texts: Mapping[int, str]) -> Any:
    """Return a number of an enumeration, or a list of them, with its name; its digits where it has
    none.
    """
    if isinstance(value, list):
        return [named(each, texts) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return NamedNumber(value, texts.get(value, str(value)))
    return value


def bit_names(value: Any, texts: Mapping[int, str]) -> Any:
    """Return the names of the bits that are set in a number, as ``bit 5`` for one without a
    name.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    bits = (bit for bit in range(value.bit_length()) if value >> bit & 1)
    return [texts.get(bit, f"bit {bit}") for bit in bits]


def bits_of(names: Sequence[Any], texts: Mapping[int, str]) -> int:
    """Return the number in which the bits of these names are set; raises ``Refused``."""
    known = {text: bit for bit, text in texts.items()}
    number = 0
    for name in names:
        bit = known.get(name)
        if bit is None and isinstance(name, str) and name.removeprefix("bit ").isdecimal():
            bit = int(name.removeprefix("bit "))
        if bit is None or bit > _LAST_BIT:
            raise Refused(f"{name!r} is none of the machine's {', '.join(list(known)[:20])}")
        number |= 1 << bit
    return number


def _present(definition: Definition, data: bytes, position: int) -> tuple[Sequence[int], int]:
    """Return the numbers of the fields that are there."""
    everything = range(len(definition.fields))
    if definition.kind is Kind.PLAIN:
        return everything, position
    selector = _U32.unpack_from(data, position)[0]
    position += 4
    if definition.kind is Kind.UNION:
        if selector > len(definition.fields):
            raise ValueError(f"the union has no member {selector}")
        return [selector - 1] if selector else [], position
    optional = [number for number in everything if definition.fields[number].is_optional]
    absent = {number for bit, number in enumerate(optional) if not selector >> bit & 1}
    return [number for number in everything if number not in absent], position


def _unit(values: Mapping[str, Any]) -> str:
    """Return the unit as people write it: the UNECE code where it is one, else its name."""
    number = values.get("UnitId")
    if values.get("NamespaceUri") == UNECE_UNITS and isinstance(number, int) and number > 0:
        code = number.to_bytes(4, "big").lstrip(b"\0")
        if code.isalnum():
            return code.decode("ascii")
    name = values.get("DisplayName")
    return str(name["text"]) if isinstance(name, dict) else ""


class _Encoder:
    def __init__(self, lookup: Lookup, namespaces: Sequence[str]) -> None:
        self._lookup = lookup
        self._namespaces = namespaces

    def structure(self, definition: Definition, value: Any, depth: int) -> bytes:
        if depth > _MAX_DEPTH:
            raise Refused("structures are nested too deep")
        values = _fields(definition, value)
        if definition.kind is Kind.UNION:
            return self._union(definition, values, depth)
        parts: list[bytes] = []
        bits = optional = 0
        for each in definition.fields:
            given = values.get(each.name)
            if each.is_optional:
                bits |= (given is not None) << optional
                optional += 1
                if given is None:
                    continue
            elif each.name not in values:
                raise Refused(f"the machine's {definition.name} needs {each.name}")
            parts.append(self._placed(each, given, depth))
        if definition.kind is Kind.OPTIONAL:
            parts.insert(0, _U32.pack(bits))
        return b"".join(parts)

    def _union(self, definition: Definition, values: Mapping[str, Any], depth: int) -> bytes:
        chosen = [
            (number, each)
            for number, each in enumerate(definition.fields, 1)
            if values.get(each.name) is not None
        ]
        if len(chosen) > 1:
            names = " and ".join(each.name for _, each in chosen)
            raise Refused(f"the machine's {definition.name} holds one of its fields, not {names}")
        if not chosen:
            return _U32.pack(0)
        number, each = chosen[0]
        return _U32.pack(number) + self._placed(each, values[each.name], depth)

    def _placed(self, each: Field, value: Any, depth: int) -> bytes:
        try:
            return self._field(each, value, depth)
        except Refused as error:
            raise error.at(each.name) from None

    def _field(self, each: Field, value: Any, depth: int) -> bytes:
        if each.rank == SCALAR:
            return self._one(each, value, depth)
        if value is None:
            return _I32.pack(-1)
        lengths, items = flattened(value, each.rank)
        head = _I32.pack(lengths[0])
        if each.rank > 1:
            head = _I32.pack(len(lengths)) + b"".join(map(_I32.pack, lengths))
        return head + b"".join(self._one(each, item, depth) for item in items)

    def _one(self, each: Field, value: Any, depth: int) -> bytes:
        if each.structure is not None:
            return self.structure(self._lookup(each.structure), value, depth + 1)
        if each.builtin in _OPEN or each.builtin is ua.VariantType.ExtensionObject:
            raise Refused("the machine leaves the type of this field open: it cannot be written")
        if value is None:
            if each.builtin in _NULLABLE:
                return _I32.pack(-1)
            raise Refused("a value is needed")
        encode = scalar_encoder(each.builtin, self._namespaces)
        return bytes(pack_uatype(each.builtin, encode(number_of(value, each.texts))))


def number_of(value: Any, texts: Mapping[int, str]) -> Any:
    """Return the number that an enumeration calls ``value``; what is no text is as it is."""
    if not texts or not isinstance(value, str):
        return value
    for number, text in texts.items():
        if text == value:
            return number
    if value.lstrip("-").isdecimal():
        return int(value)
    raise Refused(f"{value!r} is none of the machine's {', '.join(list(texts.values())[:20])}")


def flattened(value: Any, rank: int) -> tuple[list[int], list[Any]]:
    """Return the lengths of a matrix of ``rank`` dimensions and its items in a row.

    Raises ``Refused`` for lists that are nested otherwise or differ in length.
    """
    lengths: list[int] = []
    level: list[Any] = [value]
    for dimension in range(rank):
        if not all(isinstance(each, list) for each in level):
            raise Refused(f"an array of {rank} dimensions is needed, and this one has {dimension}")
        sizes = {len(each) for each in level}
        if len(sizes) > 1:
            raise Refused("the rows of a matrix have one length")
        lengths.append(sizes.pop() if sizes else 0)
        level = list(chain.from_iterable(level))
    if any(isinstance(each, list) for each in level):
        raise Refused(f"an array of {rank} dimensions is needed, and this one has more")
    return lengths, level


def _fields(definition: Definition, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Refused(f"an object of the fields of the machine's {definition.name} is needed")
    if definition.data_type == RANGE and value.keys() == {"min", "max"}:
        return {"Low": value["min"], "High": value["max"]}
    names = namesakes(value, (each.name for each in definition.fields))
    for name in value:
        if name not in names:
            raise Refused(f"the machine's {definition.name} has no field {name!r}")
    return {names[name]: each for name, each in value.items()}


_OF_SESSION: Final = frozenset(
    {
        *_OPEN,
        ua.VariantType.ExtensionObject,
        ua.VariantType.NodeId,
        ua.VariantType.ExpandedNodeId,
    }
)
