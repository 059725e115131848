"""One plain value as exactly a builtin type of OPC UA, or refused with the reason."""

from __future__ import annotations

import base64
import binascii
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.opcua.node_ids import parsed_node_id
from aas_server.bindings.opcua.scalars import MAX_FLOAT32
from aas_server.live.values import BAD_OUT_OF_RANGE, BAD_TYPE_MISMATCH

_Type = ua.VariantType

INTEGER_RANGES: Final[dict[ua.VariantType, tuple[int, int]]] = {
    _Type.SByte: (-(2**7), 2**7 - 1),
    _Type.Byte: (0, 2**8 - 1),
    _Type.Int16: (-(2**15), 2**15 - 1),
    _Type.UInt16: (0, 2**16 - 1),
    _Type.Int32: (-(2**31), 2**31 - 1),
    _Type.UInt32: (0, 2**32 - 1),
    _Type.Int64: (-(2**63), 2**63 - 1),
    _Type.UInt64: (0, 2**64 - 1),
}
"""What each integer type can hold (OPC 10000-6 5.2.2)."""

_WHOLE: Final = 1e-6
"""How far, relative to its size, a computed value may be from a whole number and still mean it."""


class Refused(ValueError):
    """A value that a machine's type does not take; the text says where and why."""

    status_code: ClassVar[int] = BAD_TYPE_MISMATCH
    """What a device would answer."""

    def at(self, place: str) -> Refused:
        """Return this refusal with the place that it is about put before it."""
        return type(self)(f"{place}: {self}")


class OutOfRange(Refused):
    """A value of the right kind that cannot be held."""

    status_code = BAD_OUT_OF_RANGE


def scalar_encoder(
    variant_type: ua.VariantType, namespaces: Sequence[str] = ()
) -> Callable[[Any], Any]:
    """Return what makes asyncua's value of ``variant_type`` of a plain one.

    It raises ``Refused``. ``namespaces`` are those of the session, for node ids. Raises ``Refused``
    for a type of which nothing can be written.
    """
    encode = _FROM_PLAIN.get(variant_type)
    if variant_type in INTEGER_RANGES:
        encode = _integer_between(*INTEGER_RANGES[variant_type])
    elif variant_type in (_Type.NodeId, _Type.ExpandedNodeId):
        encode = _node_id_of(namespaces)
    if encode is None:
        raise Refused(f"a {variant_type.name} cannot be written")
    return _refusing(encode, variant_type.name)


def _refusing(encode: Callable[[Any], Any], name: str) -> Callable[[Any], Any]:
    def refusing(value: Any) -> Any:
        try:
            return encode(value)
        except OutOfRange as error:
            raise OutOfRange(f"{value!r:.100} does not fit the machine's {name}: {error}") from None
        except OverflowError:
            raise OutOfRange(f"{value!r:.100} does not fit the machine's {name}") from None
        except (TypeError, ValueError, UaError) as error:
            raise Refused(f"{value!r:.100} is no {name}: {error}") from None

    return refusing


def _node_id_of(namespaces: Sequence[str]) -> Callable[[Any], ua.NodeId]:
    return lambda value: parsed_node_id(_text(value), namespaces)


def _integer_between(low: int, high: int) -> Callable[[Any], int]:
    def encode(value: Any) -> int:
        number = _whole(value)
        if not low <= number <= high:
            raise OutOfRange(f"it takes {low} to {high}")
        return number

    return encode


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a whole number is needed")
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise OutOfRange("a whole number is needed")
    nearest = round(value)
    if abs(value - nearest) > _WHOLE * max(1.0, abs(value)):
        raise OutOfRange("a whole number is needed")
    return nearest


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is needed")
    return value


def _double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number is needed")
    return float(value)


def _float32(value: Any) -> float:
    number = _double(value)
    if math.isfinite(number) and abs(number) >= MAX_FLOAT32:
        raise OutOfRange("a 32 bit float cannot hold it")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error as error:
        raise ValueError("base64 is needed") from error


def _localized_text(value: Any) -> ua.LocalizedText:
    if isinstance(value, str):
        return ua.LocalizedText(value)
    if isinstance(value, Mapping) and value.keys() == {"language", "text"}:
        return ua.LocalizedText(_text(value["text"]), _text(value["language"]) or None)
    raise TypeError("a text or an object of language and text is needed")


def _status_code(value: Any) -> ua.StatusCode:
    if isinstance(value, str) and isinstance(code := getattr(StatusCodes, value, None), int):
        return ua.StatusCode(ua.UInt32(code))
    return ua.StatusCode(ua.UInt32(_integer_between(*INTEGER_RANGES[_Type.UInt32])(value)))


_FROM_PLAIN: Final[Mapping[ua.VariantType, Callable[[Any], Any]]] = {
    _Type.Boolean: _boolean,
    _Type.Float: _float32,
    _Type.Double: _double,
    _Type.String: _text,
    _Type.DateTime: _moment,
    _Type.Guid: lambda value: uuid.UUID(_text(value)),
    _Type.ByteString: _bytes,
    _Type.LocalizedText: _localized_text,
    _Type.XmlElement: lambda value: ua.XmlElement(ua.String(_text(value))),
    _Type.QualifiedName: lambda value: ua.QualifiedName.from_string(_text(value)),
    _Type.StatusCode: _status_code,
}
