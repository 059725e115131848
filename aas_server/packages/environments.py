"""Environments as JSON and XML, of metamodel 3.0 and 3.1 (IDTA-01001, serializations)."""

from __future__ import annotations

import io
from typing import Any, Final, Protocol

import msgspec
from aas_core3 import jsonization as jsonization_3_0
from aas_core3 import xmlization as xmlization_3_0
from aas_core3_1 import jsonization, xmlization
from lxml import etree

from aas_server.errors import BadRequest, Conflict
from aas_server.metamodel.rewriting import JsonPath, rewritten
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS, Contents

NAMESPACE: Final = "https://admin-shell.io/aas/3/1"
NAMESPACE_3_0: Final = "https://admin-shell.io/aas/3/0"
_NAMESPACE_2_0: Final = "http://www.admin-shell.io/aas/2/0"
_ADDED_DATES: Final = frozenset({"createdAt", "updatedAt"})
_BOM: Final = b"\xef\xbb\xbf"
_UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")


class _Jsonization(Protocol):
    def to_jsonable(self, that: Any) -> Any: ...


def read_environment(body: bytes, name: str) -> Contents:
    """Return what the environment ``body`` holds, JSON or XML; ``name`` says where it is from.

    Raises ``BadRequest`` for what is neither, or no environment.
    """
    body = body.removeprefix(_BOM)
    if body.lstrip()[:1] == b"<" or body.startswith(_UTF_16_BOMS):
        return contents_of(_from_xml(body, name), name)
    try:
        return contents_of(msgspec.json.decode(body), name)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"is neither JSON nor XML: {error}", path=name) from error


def write_xml(environment: Node) -> bytes:
    """Return an environment in the normal form as XML of metamodel 3.1.

    What 3.2 adds has no place in that: dates of administrations are left out, and a batch becomes
    what it is for 3.1, neither type nor instance. Raises ``Conflict`` for a document that has not
    the shape of the metamodel.
    """
    try:
        instance = jsonization.environment_from_jsonable(rewritten(environment, _of_3_1))
    except jsonization.DeserializationException as error:
        raise Conflict(f"cannot be written as XML: {error.cause}", path=str(error.path)) from error
    text = io.StringIO()
    text.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    xmlization.write(instance, text)
    # Readers make a line feed of a carriage return that stands there as it is (XML 1.0, 2.11).
    return text.getvalue().replace("\r", "&#13;").encode()


def _of_3_1(node: Node, path: JsonPath) -> Node:
    if path[-1:] == ["administration"] and not _ADDED_DATES.isdisjoint(node):
        return {name: value for name, value in node.items() if name not in _ADDED_DATES}
    if path[-1:] == ["assetInformation"] and node.get("assetKind") == "Batch":
        return {**node, "assetKind": "NotApplicable"}
    return node


def contents_of(environment: Any, name: str) -> Contents:
    """Return what ``environment`` in the normal form holds; ``name`` says where it is from.

    Raises ``BadRequest`` for what is no environment.
    """
    if not isinstance(environment, dict) or not environment.keys() <= LISTS.keys():
        raise BadRequest(
            f"is no AAS environment: expected an object with {', '.join(LISTS)}", path=name
        )
    contents = Contents()
    for attribute, kind in LISTS.items():
        trees = environment.get(attribute)
        if isinstance(trees, list):
            contents.documents[kind] += trees
        elif trees is not None:
            raise BadRequest(f"{attribute} must be an array", path=name)
    return contents


def _from_xml(body: bytes, name: str) -> Any:
    root = _harmless_root(body, name)
    namespace = etree.QName(root).namespace
    text = _decoded(body, root, name)
    if namespace == NAMESPACE:
        return _through(xmlization, jsonization, text, name)
    if namespace == NAMESPACE_3_0:
        return _through(xmlization_3_0, jsonization_3_0, text, name)
    if namespace == _NAMESPACE_2_0:
        raise BadRequest(
            "is of metamodel 2.0: convert it to 3.0 or 3.1, which are read here", path=name
        )
    raise BadRequest(f"is no AAS environment: its namespace is {namespace!r}", path=name)


def _harmless_root(body: bytes, name: str) -> etree._Element:
    """Return the root of ``body``; refused is what could define entities or reach elsewhere."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise BadRequest(f"is no XML: {error}", path=name) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadRequest("has a document type declaration, which no environment needs", path=name)
    return root


def _decoded(body: bytes, root: etree._Element, name: str) -> str:
    encoding = root.getroottree().docinfo.encoding or "utf-8"
    try:
        return body.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot be decoded as {encoding}: use UTF-8", path=name) from error


def _through(xml: Any, json: _Jsonization, text: str, name: str) -> Any:
    # An encoding declaration says nothing of a text, and the parser would hold it against it.
    _, declaration, rest = text.partition("?>") if text.startswith("<?xml") else ("", "", text)
    try:
        return json.to_jsonable(xml.environment_from_str(rest if declaration else text))
    except xml.DeserializationException as error:
        raise BadRequest(
            f"is no valid environment: {error.cause} at {error.path}", path=name
        ) from error
    except RecursionError as error:
        raise BadRequest("is nested too deep", path=name) from error
