"""Slots: how one live value is written into the bytes of the element that shows it."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from aas_server.clock import to_iso
from aas_server.live.hub import LivePoint
from aas_server.live.sinks import Facet
from aas_server.live.values import LiveValue
from aas_server.metamodel.fingerprint import fingerprint
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node
from aas_server.metamodel.value_types import to_json, to_lexical
from aas_server.metamodel.views import Extent, Level

_encode: Final = msgspec.json.Encoder().encode
_QUALIFIER: Final = '{"kind":"ValueQualifier","type":"%s","valueType":"%s","value":"%s"}'


class Slot:
    """A Property or MultiLanguageProperty of a document that shows a facet of a live value.

    Both forms are rendered when they are asked for and kept until the point's next version.
    """

    __slots__ = (
        "_element",
        "_element_version",
        "_head",
        "_qualifiers",
        "_stored",
        "_value",
        "_value_type",
        "_value_version",
        "facet",
        "point",
        "stored_tag",
    )

    def __init__(self, element: Node, point: LivePoint, facet: Facet) -> None:
        self.point = point
        self.facet = facet
        self.stored_tag = fingerprint(element)
        """Names the content of the stored element, whatever live value it shows."""
        self._value_type: str | None = element.get("valueType")
        self._stored = element.get("value")
        static = {k: v for k, v in element.items() if k not in ("value", "qualifiers")}
        self._head = _encode(static)[:-1]
        self._qualifiers = [_encode(q).decode() for q in element.get("qualifiers") or ()]
        self._element = self._value = b""
        self._element_version = self._value_version = -1

    def element_json(self) -> bytes:
        """Return the element in the normal form, ValueQualifiers included."""
        if self._element_version != self.point.version:
            self._element = self._render_element()
            self._element_version = self.point.version
        return self._element

    def value_json(self) -> bytes:
        """Return the element in the ValueOnly form; ``null`` while there is no value."""
        if self._value_version != self.point.version:
            self._value = _encode(self._value_only())
            self._value_version = self.point.version
        return self._value

    def element_view(self, _level: Level, _extent: Extent) -> bytes:
        """Return ``element_json()``, of which nothing can be cut."""
        return self.element_json()

    def value_view(self, _path: IdShortPath, _level: Level, _extent: Extent) -> bytes:
        """Return ``value_json()``: below this element there is none."""
        return self.value_json()

    def tag(self, _path: IdShortPath) -> str:
        """Return ``stored_tag``."""
        return self.stored_tag

    def normal_value(self) -> Any:
        """Return what stands at ``value`` in the normal form, or None when it is left out."""
        live = self.point.current
        if self.facet is Facet.VALUE:
            if live.value is None:
                return self._stored
            if self._value_type is None:
                return _with_others(live.value, self._stored)
            return to_lexical(self._value_type, live.value)
        return _companion(self.facet, live)

    def _value_only(self) -> Any:
        value = self.point.current.value
        if self.facet is Facet.VALUE and type(value) is float and math.isfinite(value):
            return value
        normal = self.normal_value()
        if self._value_type is None:
            return [{text["language"]: text["text"]} for text in normal] if normal else None
        return None if normal is None else to_json(self._value_type, normal)

    def _render_element(self) -> bytes:
        parts = [self._head]
        value = self.normal_value()
        if value is not None:
            parts.append(b',"value":%b' % _encode(value))
        qualifiers = list(self._qualifiers)
        if self.facet is Facet.VALUE:
            qualifiers += value_qualifiers(self.point.current)
        if qualifiers:
            parts.append(f',"qualifiers":[{",".join(qualifiers)}]'.encode())
        parts.append(b"}")
        return b"".join(parts)


def value_qualifiers(live: LiveValue) -> list[str]:
    """Return the ValueQualifiers of ``live`` as JSON objects; a timestamp that is unknown is left
    out.
    """
    qualifiers = [
        _QUALIFIER % ("quality", "xs:string", live.quality.value),
        _QUALIFIER % ("statusCode", "xs:unsignedInt", live.status_code),
    ]
    for name, timestamp in (
        ("sourceTimestamp", live.source_timestamp),
        ("receivedTimestamp", live.received_timestamp),
    ):
        if timestamp is not None:
            qualifiers.append(_QUALIFIER % (name, "xs:dateTime", to_iso(timestamp)))
    return qualifiers


def _with_others(texts: list[Node], stored: list[Node] | None) -> list[Node]:
    """Return the stored langStrings with those of the same languages replaced by ``texts``."""
    if not stored:
        return texts
    spoken = {text["language"]: text for text in texts}
    return [*(spoken.pop(text["language"], text) for text in stored), *spoken.values()]


def _companion(facet: Facet, live: LiveValue) -> str | None:
    if facet is Facet.QUALITY:
        return live.quality.value
    if facet is Facet.STATUS_CODE:
        return str(live.status_code)
    timestamp = (
        live.source_timestamp if facet is Facet.SOURCE_TIMESTAMP else live.received_timestamp
    )
    return None if timestamp is None else to_iso(timestamp)
