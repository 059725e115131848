"""OPC UA's values in Python, and Python's values as exactly the variant that a node takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asyncua import ua
from asyncua.ua.ua_binary import extensionobject_to_binary

from aas_server.bindings.named_values import NamedNumber
from aas_server.bindings.opcua.binary import extension_object
from aas_server.bindings.opcua.problems import status_name
from aas_server.bindings.opcua.scalar_encoding import Refused, scalar_encoder
from aas_server.bindings.opcua.scalars import moment_of, shortest
from aas_server.bindings.structure import Structure
from aas_server.errors import DeviceRefusedValue

_Type = ua.VariantType


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a node: a plain Python value, the full 32 bit status code, its time in
    microseconds.
    """

    value: Any
    status_code: int
    source_timestamp: int | None


def numeric(identifier: int) -> ua.NodeId:
    """Return a node id of the standard's own namespace."""
    return ua.NodeId(ua.Int32(identifier))


def sample(value: ua.DataValue) -> Sample:
    """Return a decoded DataValue as plain Python."""
    status_code = 0 if value.StatusCode is None else value.StatusCode.value
    variant = value.Value
    source_timestamp = moment_of(value.SourceTimestamp)
    return Sample(
        None if variant is None else plain(variant.VariantType, variant.Value),
        status_code,
        moment_of(value.ServerTimestamp) if source_timestamp is None else source_timestamp,
    )


def plain(variant_type: ua.VariantType, value: Any) -> Any:
    """Return a decoded variant's value as plain Python, the same that ``binary`` decodes: scalars,
    lists of them, ``Structure``, node ids.

    Guid and QualifiedName become text, LocalizedText an object of language and text.
    """
    if isinstance(value, list):
        return [plain(variant_type, item) for item in value]
    if value is None:
        return None
    convert = _TO_PLAIN.get(variant_type)
    return value if convert is None else convert(value)


def to_variant(
    value: Any, variant_type: ua.VariantType, *, path: str, namespaces: Sequence[str] = ()
) -> ua.Variant:
    """Return ``value`` as exactly a ``variant_type``, a list as an array of them.

    ``namespaces`` are those of the session, for node ids. Raises ``DeviceRefusedValue`` that names
    what does not fit.
    """
    try:
        encode = scalar_encoder(variant_type, namespaces)
        if isinstance(value, list):
            return ua.Variant([encode(item) for item in value], variant_type, is_array=True)
        return ua.Variant(encode(value), variant_type)
    except Refused as error:
        raise refused_value(error, path) from error


def refused_value(error: Refused, path: str) -> DeviceRefusedValue:
    """Return the answer to a client whose value for ``path`` the machine's type does not take."""
    return DeviceRefusedValue(
        str(error),
        status_code=error.status_code,
        status_name=status_name(error.status_code),
        path=path,
    )


def value_only(value: ua.Variant) -> ua.DataValue:
    """Return ``value`` without status and timestamps: many devices refuse writes with them."""
    return ua.DataValue(value, StatusCode=None)


def clean_text(text: str) -> str:
    """Return ``text`` without the lone surrogates that stand for bytes that were no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def _structure(value: Any) -> Structure | None:
    return extension_object(extensionobject_to_binary(value), 0)[0]


def _status(value: ua.StatusCode) -> NamedNumber:
    return NamedNumber(value.value, status_name(value.value))


def _localized(value: ua.LocalizedText) -> dict[str, str]:
    return {"language": clean_text(value.Locale or ""), "text": clean_text(value.Text or "")}


def _of_variant(value: Any) -> Any:
    return plain(value.VariantType, value.Value) if isinstance(value, ua.Variant) else value


def _of_data_value(value: ua.DataValue) -> Any:
    return None if value.Value is None else _of_variant(value.Value)


def _date_time(value: datetime) -> datetime | None:
    return None if moment_of(value) is None else value


def _diagnostics(value: object) -> Structure:
    return Structure(type(value).__name__)


_TO_PLAIN: Final[Mapping[ua.VariantType, Callable[[Any], Any]]] = {
    _Type.Float: shortest,
    _Type.String: clean_text,
    _Type.DateTime: _date_time,
    _Type.Guid: str,
    _Type.XmlElement: lambda value: clean_text(getattr(value, "Value", value) or ""),
    _Type.QualifiedName: lambda value: clean_text(value.to_string()),
    _Type.LocalizedText: _localized,
    _Type.StatusCode: _status,
    _Type.ExtensionObject: _structure,
    _Type.Variant: _of_variant,
    _Type.DataValue: _of_data_value,
    _Type.DiagnosticInfo: _diagnostics,
}
