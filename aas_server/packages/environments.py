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
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS, Contents

NAMESPACE: Final = "https://admin-shell.io/aas/3/1"
NAMESPACE_3_0: Final = "https://admin-shell.io/aas/3/0"
_NAMESPACE_2_0: Final = "http://www.admin-shell.io/aas/2/0"
_BOM: Final = b"\xef\xbb\xbf"


class _Jsonization(Protocol):
    def to_jsonable(self, that: Any) -> Any: ...


def read_environment(body: bytes, name: str) -> Contents:
    """Return what the environment ``body`` holds, JSON or XML; ``name`` says where it is from.

    Raises ``BadRequest`` for what is neither, or no environment.
    """
    body = body.removeprefix(_BOM)
    if body.lstrip()[:1] == b"<":
        return _contents(_from_xml(body, name), name)
    try:
        return _contents(msgspec.json.decode(body), name)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"is neither JSON nor XML: {error}", path=name) from error


def write_xml(environment: Node) -> bytes:
    """Return an environment in the normal form as XML of metamodel 3.1.

    Raises ``Conflict`` for a document that has not the shape of the metamodel.
    """
    try:
        instance = jsonization.environment_from_jsonable(environment)
    except jsonization.DeserializationException as error:
        raise Conflict(f"cannot be written as XML: {error.cause}", path=str(error.path)) from error
    text = io.StringIO()
    text.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    xmlization.write(instance, text)
    return text.getvalue().encode()


def _contents(environment: Any, name: str) -> Contents:
    if not isinstance(environment, dict) or not environment.keys() <= LISTS.keys():
        raise BadRequest(
            f"is no AAS environment: expected an object with {', '.join(LISTS)}", path=name
        )
    contents = Contents()
    for attribute, kind in LISTS.items():
        trees = environment.get(attribute) or []
        if not isinstance(trees, list):
            raise BadRequest(f"{attribute} must be an array", path=name)
        contents.documents[kind] += trees
    return contents


def _from_xml(body: bytes, name: str) -> Any:
    root = _harmless_root(body, name)
    namespace = etree.QName(root).namespace
    text = body.decode(_encoding(root))
    if namespace == NAMESPACE:
        return _through(xmlization, jsonization, text, name)
    if namespace == NAMESPACE_3_0:
        return _through(xmlization_3_0, jsonization_3_0, text, name)
    if namespace == _NAMESPACE_2_0:
        raise BadRequest("is of metamodel 2.0, which is not read yet", path=name)
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


def _encoding(root: etree._Element) -> str:
    return root.getroottree().docinfo.encoding or "utf-8"


def _through(xml: Any, json: _Jsonization, text: str, name: str) -> Any:
    # An encoding declaration says nothing of a text, and the parser would hold it against it.
    _, declaration, rest = text.partition("?>") if text.startswith("<?xml") else ("", "", text)
    try:
        return json.to_jsonable(xml.environment_from_str(rest if declaration else text))
    except xml.DeserializationException as error:
        raise BadRequest(
            f"is no valid environment: {error.cause} at {error.path}", path=name
        ) from (error)
