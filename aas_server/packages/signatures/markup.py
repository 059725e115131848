"""XML of packages: read with suspicion, and made canonical for digests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from lxml import etree

from aas_server.errors import BadRequest
from aas_server.packages.signatures.names import C14N_WITH_COMMENTS, RELATIONSHIPS

MAX_BYTES: Final = 4 * 1024**2
"""Bytes of a part at most that is looked at as XML here: a signature, relationships."""
_MAX_TAGS: Final = 150_000
RELATIONSHIP: Final = f"{{{RELATIONSHIPS}}}Relationship"


def make_parser() -> etree.XMLParser:
    """Return a parser that fetches nothing and replaces no entities."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def parse(body: bytes, name: str) -> etree._Element:
    """Return the root of ``body``; raises ``BadRequest`` that names the part ``name``."""
    if len(body) > MAX_BYTES:
        raise BadRequest(f"is larger than {MAX_BYTES} bytes", path=name)
    if body.count(b"<") > _MAX_TAGS:
        raise BadRequest(f"holds more than {_MAX_TAGS} tags", path=name)
    try:
        root = etree.fromstring(body, make_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRequest(f"is no XML: {error}", path=name) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("has a document type declaration", path=name)
    return root


def make_root(namespace: str, tag: str, **more: str) -> etree._Element:
    """Return an element of ``namespace``, which is its default; ``more`` are further prefixes."""
    prefixes: dict[Any, str] = {None: namespace, **more}  # None is beyond the stubs of lxml
    return etree.Element(f"{{{namespace}}}{tag}", nsmap=prefixes)


def canonical(root: etree._Element, algorithm: str) -> bytes:
    """Return canonical XML 1.0 of a whole document, with comments if ``algorithm`` has them."""
    body: bytes = etree.tostring(
        root.getroottree(), method="c14n", with_comments=algorithm == C14N_WITH_COMMENTS
    )
    return body


def selected(root: etree._Element, ids: Collection[str], types: Collection[str]) -> etree._Element:
    """Return the relationships with one of ``ids`` or ``types``, as the relationships transform
    does: sorted by Id, without anything between them (ECMA-376-2, 12.2.4.26).
    """
    kept = [
        each
        for each in root.iter(RELATIONSHIP)
        if each.get("Id") in ids or each.get("Type") in types
    ]
    result = make_root(RELATIONSHIPS, "Relationships")
    for each in sorted(kept, key=lambda link: link.get("Id", "")):
        attributes = {str(name): str(value) for name, value in each.attrib.items()}
        copy = etree.SubElement(result, RELATIONSHIP, attributes)
        if copy.get("TargetMode") is None:
            copy.set("TargetMode", "Internal")
    return result
