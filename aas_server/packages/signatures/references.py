"""The references of a signature's manifest: which part, how it is looked at, and its digest."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from lxml import etree

from aas_server.errors import BadRequest
from aas_server.packages.container import MAX_PARTS
from aas_server.packages.signatures.names import (
    C14N,
    C14N_WITH_COMMENTS,
    DIGESTS,
    DS,
    OPC,
    RELATIONSHIPS_TRANSFORM,
)

_QUERY: Final = "?ContentType="
_MAX_TRANSFORMS: Final = 2


@dataclass(frozen=True, slots=True)
class Look:
    """How a part is looked at before its digest is taken: as it is, as canonical XML by the
    algorithm ``canonical``, or only at its relationships with ``ids`` or ``types``.
    """

    canonical: str | None = None
    is_selection: bool = False
    ids: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()


AS_IT_IS: Final = Look()


@dataclass(frozen=True, slots=True)
class Reference:
    """What a manifest says of one part; ``algorithm`` is the digest's as hashlib calls it."""

    part: str
    content_type: str
    look: Look
    algorithm: str
    digest: bytes


def read_manifest(manifest: etree._Element) -> list[Reference]:
    """Return the references of a ds:Manifest that a signature covers.

    Raises ``BadRequest`` for one that leads out of the package, for a weak digest, for a transform
    that OPC does not have (XSLT, XPath and the like), for parts that are named twice.
    """
    elements = list(manifest.iterchildren(f"{{{DS}}}Reference"))
    if len(elements) > MAX_PARTS:
        raise BadRequest(f"the manifest names more than {MAX_PARTS} parts")
    references = [_read_reference(each) for each in elements]
    seen: set[str] = set()
    for each in references:
        if each.part.lower() in seen:
            raise BadRequest("the manifest names it twice", path=each.part)
        seen.add(each.part.lower())
    return references


def uri_of(part: str, content_type: str) -> str:
    """Return the URI by which a manifest names a part."""
    return f"{quote(part)}{_QUERY}{quote(content_type, safe='/+;=.-')}"


def _read_reference(element: etree._Element) -> Reference:
    uri = element.get("URI", "")
    path, query, content_type = uri.partition(_QUERY)
    if not query or not path.startswith("/") or path.startswith("//") or "?" in path or "#" in uri:
        raise BadRequest("the manifest names what is no part of the package", path=uri)
    part = unquote(path)
    method = element.find(f"{{{DS}}}DigestMethod")
    name = "" if method is None else method.get("Algorithm", "")
    if name not in DIGESTS:
        raise BadRequest(f"its digest is not accepted: {name}", path=part)
    try:
        digest = base64.b64decode(element.findtext(f"{{{DS}}}DigestValue") or "")
    except binascii.Error as error:
        raise BadRequest("its digest is no base64", path=part) from error
    look = _read_look(element, part)
    return Reference(part, unquote(content_type), look, DIGESTS[name], digest)


def _read_look(element: etree._Element, part: str) -> Look:
    transforms = list(element.iterfind(f"{{{DS}}}Transforms/{{{DS}}}Transform"))
    if not transforms:
        return AS_IT_IS
    names = [each.get("Algorithm", "") for each in transforms]
    if len(names) > _MAX_TRANSFORMS or names[-1] not in (C14N, C14N_WITH_COMMENTS):
        raise BadRequest(f"a transform is not accepted: {', '.join(names)}", path=part)
    if len(names) == 1:
        return Look(names[0])
    if names[0] != RELATIONSHIPS_TRANSFORM or not part.endswith(".rels"):
        raise BadRequest(f"a transform is not accepted: {names[0]}", path=part)
    ids = frozenset(_values(transforms[0], "RelationshipReference", "SourceId"))
    types = frozenset(_values(transforms[0], "RelationshipsGroupReference", "SourceType"))
    return Look(names[1], is_selection=True, ids=ids, types=types)


def _values(transform: etree._Element, tag: str, attribute: str) -> Iterator[str]:
    for each in transform.iterchildren(f"{{{OPC}}}{tag}"):
        value = each.get(attribute)
        if value is not None:
            yield value


def write_reference(reference: Reference, uri: str, manifest: etree._Element) -> None:
    """Append ``reference`` to a ds:Manifest, with ``uri`` for its part."""
    element = etree.SubElement(manifest, f"{{{DS}}}Reference", {"URI": uri})
    look = reference.look
    if look.canonical is not None:
        transforms = etree.SubElement(element, f"{{{DS}}}Transforms")
        if look.is_selection:
            selection = _transform(transforms, RELATIONSHIPS_TRANSFORM)
            for identifier in sorted(look.ids):
                name = f"{{{OPC}}}RelationshipReference"
                etree.SubElement(selection, name, {"SourceId": identifier})
        _transform(transforms, look.canonical)
    algorithm = next(uri for uri, name in DIGESTS.items() if name == reference.algorithm)
    etree.SubElement(element, f"{{{DS}}}DigestMethod", {"Algorithm": algorithm})
    value = etree.SubElement(element, f"{{{DS}}}DigestValue")
    value.text = base64.b64encode(reference.digest).decode("ascii")


def _transform(transforms: etree._Element, algorithm: str) -> etree._Element:
    return etree.SubElement(transforms, f"{{{DS}}}Transform", {"Algorithm": algorithm})
