"""Environments as JSON and XML, of metamodel 3.0, 3.1 and 2.0 (IDTA-01001, serializations)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import msgspec
from aas_core3_1 import jsonization, xmlization

from aas_server.errors import BadRequest, Conflict
from aas_server.metamodel.rewriting import JsonPath, rewritten
from aas_server.metamodel.tree import Node
from aas_server.packages.contents import LISTS, Contents
from aas_server.packages.v2.documents import LISTS as LISTS_2_0
from aas_server.packages.v2.documents import converted, is_v2
from aas_server.packages.v2.xml import NAMESPACES as NAMESPACES_2_0
from aas_server.packages.v2.xml import environment_from_xml
from aas_server.packages.xml.grammar import GRAMMARS, NAMESPACE
from aas_server.packages.xml.parsing import events, forgetting
from aas_server.packages.xml.reading import read_events
from aas_server.packages.xml.regular import read_regular
from aas_server.packages.xml.writing import Irregular, encoded_xml, write_regular
from aas_server.store.protocol import Kind

_ADDED_DATES: Final = frozenset({"createdAt", "updatedAt"})
BOM: Final = b"\xef\xbb\xbf"
"""What tools for Windows put before a text in UTF-8."""
_UTF_16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_MAX_NODES: Final = 10_000_000
"""Objects, arrays, members and items, or tags of XML, of an environment at most."""
_DENSE_FROM: Final = 500_000
_MIN_BYTES: Final = {True: 12, False: 8}
"""Bytes for each tag of XML, or value of JSON, at least from so many on: published environments
have 21 and 12, and a document of nothing but brackets would need a hundred times its size."""


_BEGIN: Final = re.compile(rb"\s*<")
_PIECE: Final = 8 * 1024**2
_QUOTE: Final = re.compile(rb'(?<!\\)"')
"""There is one in each piece of JSON, or a text is longer; in XML libxml2 looks for that."""


def read_environment(body: bytes, name: str) -> Contents:
    """Return what the environment ``body`` holds, JSON or XML; ``name`` says where it is from.

    Raises ``BadRequest`` for what is neither, or no environment.
    """
    return read_environments([(name, body)])


def read_environments(parts: Iterable[tuple[str, bytes]]) -> Contents:
    """Return what environments with their names hold together, in their order.

    Those of metamodel 2.0 are converted as one, after the others: in a split package the asset of
    a shell may stand in another part. Equal parts of documents may be one object: nothing of them
    is to be changed. Raises ``BadRequest`` as ``read_environment`` does.
    """
    contents = Contents()
    old: Node = {}
    old_name = ""
    for name, body in parts:
        environment, is_old = _decode(body, name)
        if not is_old:
            contents.add(contents_of(environment, name))
            continue
        old_name = old_name or name
        for member in environment.keys() | dict.fromkeys(LISTS_2_0).keys():
            old[member] = _joined(old.get(member), environment.get(member))
    if old_name:
        environment, findings = converted(old, old_name)
        contents.add(contents_of(environment, old_name))
        contents.findings += findings
    return contents


def write_xml(environment: Node, *, namespace: str = NAMESPACE) -> bytes:
    """Return an environment in the normal form as XML; ``NAMESPACE_3_0`` takes one that was
    lowered to it.

    What 3.2 adds has no place in that: dates of administrations are left out, and a batch becomes
    what it is for 3.1, neither type nor instance. Raises ``Conflict`` for a document that has not
    the shape of the metamodel, or a character that XML has not.
    """
    try:
        text = write_regular(environment)
    except Irregular:
        text = _by_aas_core(environment)
    if namespace != NAMESPACE:
        # Only the first tag names it, and nothing else stands between 3.1 and what was lowered.
        text = text.replace(f'"{NAMESPACE}"', f'"{namespace}"', 1)
    return encoded_xml(text)


def write_document_xml(tree: Node, kind: Kind) -> bytes:
    """Return one identifiable in the normal form as XML of metamodel 3.1, its element the root.

    Raises ``Conflict`` as ``write_xml`` does.
    """
    member = next(name for name, each in LISTS.items() if each is kind)
    body = write_xml({member: [tree]})
    start = body.index(b"<", body.index(f"<{member}>".encode()) + 1)
    end = body.rindex(f"</{member}>".encode())
    # The namespace stood in the environment's tag.
    name = re.match(rb"<[A-Za-z]+", body[start:end])
    if name is None:
        raise ValueError("a list of one holds one element")
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    rest = body[start + name.end() : end]
    return b'%b%b xmlns="%b"%b' % (declaration, name[0], NAMESPACE.encode(), rest)


def _by_aas_core(environment: Node) -> str:
    try:
        instance = jsonization.environment_from_jsonable(rewritten(environment, _of_3_1))
    except jsonization.DeserializationException as error:
        raise Conflict(f"cannot be written as XML: {error.cause}", path=str(error.path)) from error
    text = io.StringIO()
    text.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    xmlization.write(instance, text)
    # Readers make a line feed of a carriage return that stands there as it is (XML 1.0, 2.11).
    return text.getvalue().replace("\r", "&#13;")


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
            contents.sources[kind] += [name] * len(trees)
        elif trees is not None:
            raise BadRequest(f"{attribute} must be an array", path=name)
    return contents


def is_xml_text(body: bytes) -> bool:
    """Return whether an environment, or the beginning of one, is XML; a byte order mark of UTF-8
    was taken off.
    """
    return _BEGIN.match(body) is not None or body.startswith(_UTF_16_BOMS)


def require_few(body: bytes, name: str, *, is_xml: bool) -> None:
    """Raise ``BadRequest`` for what would need much more memory, decoded, than its size lets
    expect.
    """
    count = sum(map(body.count, (b"<",) if is_xml else (b"{", b"[", b",")))
    if count > _MAX_NODES:
        raise BadRequest(f"holds more than {_MAX_NODES} values", path=name)
    if count > _DENSE_FROM and len(body) < _MIN_BYTES[is_xml] * count:
        raise BadRequest("consists of hardly anything but brackets", path=name)
    for start in range(0, len(body) - _PIECE, _PIECE):
        if not is_xml and _QUOTE.search(body, start, start + _PIECE) is None:
            raise BadRequest(f"holds a text of more than {_PIECE} bytes", path=name)


def _decode(body: bytes, name: str) -> tuple[Any, bool]:
    """Return the JSON of an environment, or of whatever it is, and whether it is of 2.0."""
    body = body.removeprefix(BOM)
    is_xml = is_xml_text(body)
    require_few(body, name, is_xml=is_xml)
    if is_xml:
        return _from_xml(body, name)
    try:
        environment = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"is neither JSON nor XML: {error}", path=name) from error
    return environment, is_v2(environment)


def _joined(first: Any, second: Any) -> Any:
    """Return two members of environments as one, as far as they are arrays."""
    if isinstance(first, list) and isinstance(second, list):
        return first + second
    return first or second


def _from_xml(body: bytes, name: str) -> tuple[Any, bool]:
    if (regular := read_regular(body)) is not None:
        return regular, False
    found = events(body, name)
    first = next(found)
    namespace = str(first[1].tag).rpartition("}")[0].removeprefix("{") or None
    if namespace in NAMESPACES_2_0:
        return environment_from_xml(chain([first], found), name), True
    if namespace is not None and namespace in GRAMMARS:
        return read_events(forgetting(chain([first], found)), namespace, name), False
    for _ in forgetting(found):
        """What is no XML is told so, whatever it began with."""
    raise BadRequest(f"is no AAS environment: its namespace is {namespace!r}", path=name)
