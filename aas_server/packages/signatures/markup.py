"""XML of packages: read with suspicion, and made canonical for digests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from lxml import etree

from aas_server.errors import BadRequest
from aas_server.packages.signatures.names import C14N_WITH_COMMENTS, RELATIONSHIPS

MAX_BYTES: Final = 4 * 1024**2
"""Bytes of a part at most that is looked at as XML here: a signature, relationships."""
MAX_LOOKED_AT: Final = 64 * 1024**2
_MAX_TAGS: Final = 150_000
_MAX_TAGS_OF_ALL: Final = 4 * _MAX_TAGS
# Canonical XML costs the square of the namespaces in scope at each tag, and of its attributes.
_MAX_NAMESPACES: Final = 16
_MAX_ATTRIBUTES: Final = 256
_ENCODINGS: Final = frozenset(
    {None, "UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "ASCII", "US-ASCII"}
)
RELATIONSHIP: Final = f"{{{RELATIONSHIPS}}}Relationship"


class Allowance:
    """How much XML may be looked at in all, of ``bytes_`` and ``tags``."""

    def __init__(self, bytes_: int = MAX_LOOKED_AT, tags: int = _MAX_TAGS_OF_ALL) -> None:
        self._bytes = bytes_
        self._tags = tags

    def spend(self, body: bytes, name: str) -> None:
        """Take ``body`` from what is left; raises ``BadRequest`` that names the part ``name``."""
        self._bytes -= len(body)
        self._tags -= _tags(body)
        if self._bytes < 0 or self._tags < 0:
            raise BadRequest("there is more markup to be verified than is looked at", path=name)


def for_signatures() -> Allowance:
    """Return what all signatures of a package may hold together."""
    return Allowance(MAX_BYTES, _MAX_TAGS)


def make_parser() -> etree.XMLParser:
    """Return a parser that fetches nothing and replaces no entities."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def parse(body: bytes, name: str) -> etree._Element:
    """Return the root of ``body``; raises ``BadRequest`` that names the part ``name``.

    What would take canonical XML long is refused, too: many namespaces or attributes at once.
    """
    if len(body) > MAX_BYTES:
        raise BadRequest(f"is larger than {MAX_BYTES} bytes", path=name)
    if _tags(body) > _MAX_TAGS:
        raise BadRequest(f"holds more than {_MAX_TAGS} tags", path=name)
    try:
        root = _read(body, name)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRequest(f"is no XML: {error}", path=name) from error
    info = root.getroottree().docinfo
    if (info.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise BadRequest(f"is written in {info.encoding}, not in UTF-8 or UTF-16", path=name)
    if any(len(each.attrib) > _MAX_ATTRIBUTES for each in root.iter(etree.Element)):
        raise BadRequest(f"has a tag with more than {_MAX_ATTRIBUTES} attributes", path=name)
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("has a document type declaration", path=name)
    return root


def _read(body: bytes, name: str) -> etree._Element:
    parser = etree.XMLPullParser(
        events=("start-ns", "end-ns"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    in_scope = 0
    parser.feed(body)
    for event, _ in parser.read_events():
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > _MAX_NAMESPACES:
            raise BadRequest(f"has more than {_MAX_NAMESPACES} namespaces at once", path=name)
    root: etree._Element = parser.close()
    return root


def _tags(body: bytes) -> int:
    return body.count(b"<")


def make_root(namespace: str, tag: str, **more: str) -> etree._Element:
    """Return an element of ``namespace``, which is its default; ``more`` are further prefixes."""
    prefixes: dict[Any, str] = {None: namespace, **more}  # None is beyond the stubs of lxml
    return etree.Element(f"{{{namespace}}}{tag}", nsmap=prefixes)


def canonical(root: etree._Element, algorithm: str) -> bytes:
    """Return canonical XML 1.0 of a whole document, with comments if ``algorithm`` has them.

    Raises ``BadRequest`` for what has no canonical form, such as a relative namespace.
    """
    try:
        body: bytes = etree.tostring(
            root.getroottree(), method="c14n", with_comments=algorithm == C14N_WITH_COMMENTS
        )
    except etree.LxmlError as error:
        raise BadRequest(f"has no canonical form: {error}") from error
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
