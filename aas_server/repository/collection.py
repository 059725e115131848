"""All documents of one kind: in order, by id, and by the indexes that the filters of Part 2
need.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aas_server.errors import BadRequest, NotFound
from aas_server.metamodel.identifiers import decode_base64url, encode_identifier
from aas_server.metamodel.references import key_values, semantic_keys
from aas_server.metamodel.tree import Node
from aas_server.repository.document import Document
from aas_server.store.protocol import Kind

IndexKey = tuple[str, Any]

_TEMPLATE: Final[IndexKey] = ("kind", "Template")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listed document must have; None and empty mean anything.

    References are given by their key values. ``semantic_id`` matches the semanticId or any
    supplementalSemanticId, ``is_case_of`` and ``data_specification`` any such reference of a
    concept description, ``aas_id`` any aasId of a package; ``asset_ids`` are (name, value) pairs
    that must all be there, ``globalAssetId`` among them. ``created_from`` and ``updated_from`` are
    microseconds since the epoch, inclusive. ``is_template`` leaves submodels of kind Template.
    """

    id_short: str | None = None
    semantic_id: tuple[str, ...] | None = None
    asset_ids: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    is_case_of: tuple[str, ...] | None = None
    aas_id: str | None = None
    data_specification: tuple[str, ...] | None = None
    created_from: int | None = None
    updated_from: int | None = None
    is_template: bool = False

    @property
    def by_time(self) -> bool:
        """Return whether a time is asked for, which no index knows."""
        return self.created_from is not None or self.updated_from is not None

    def lets_through(self, document: Document) -> bool:
        """Return whether ``document`` is as young as asked for."""
        stored = document.stored
        return (self.created_from is None or stored.created >= self.created_from) and (
            self.updated_from is None or stored.updated >= self.updated_from
        )

    def required_keys(self) -> Iterator[IndexKey]:
        """Yield the index keys that must all hold."""
        if self.id_short is not None:
            yield ("idShort", self.id_short)
        if self.semantic_id is not None:
            yield ("semanticId", self.semantic_id)
        for pair in self.asset_ids:
            yield ("assetId", pair)
        if self.is_case_of is not None:
            yield ("isCaseOf", self.is_case_of)
        if self.aas_id is not None:
            yield ("aasId", self.aas_id)
        if self.data_specification is not None:
            yield ("dataSpecification", self.data_specification)
        if self.is_template:
            yield _TEMPLATE


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order; ``cursor`` leads to the next ones, None on the last page."""

    documents: list[Document]
    cursor: str | None


class Collection:
    """The documents of one kind.

    Order is order of creation, and a cursor names a place in it, so that pages neither shift nor
    repeat while documents come and go.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._documents: dict[str, Document] = {}
        self._order: list[int] = []
        self._by_sequence: dict[int, Document] = {}
        self._index: dict[IndexKey, set[int]] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return (self._by_sequence[sequence] for sequence in self._order)

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._documents

    def find(self, identifier: str) -> Document | None:
        """Return the document with this id, or None."""
        return self._documents.get(identifier)

    def get(self, identifier: str) -> Document:
        """Return the document with this id; raises ``NotFound`` that names it."""
        document = self._documents.get(identifier)
        if document is None:
            raise NotFound(f"there is no {self.kind.value} with the id {identifier!r}")
        return document

    def page(self, wanted: Filter, *, limit: int, cursor: str | None = None) -> Page:
        """Return up to ``limit`` documents that ``wanted`` lets through, from ``cursor`` on.

        Raises ``BadRequest`` for a cursor that this server did not make.
        """
        after = -1 if cursor is None else _decode_cursor(cursor)
        order = self._matching(wanted)
        start = bisect_right(order, after)
        chosen = order[start : start + limit]
        more = start + limit < len(order)
        return Page(
            [self._by_sequence[sequence] for sequence in chosen],
            _encode_cursor(chosen[-1]) if more and chosen else None,
        )

    def cursor_after(self, document: Document) -> str:
        """Return the cursor of the page that begins behind ``document``."""
        return _encode_cursor(document.stored.sequence)

    def put(self, document: Document) -> None:
        """Add ``document`` or set it in the place of the one with its id."""
        self.remove(document.id)
        sequence = document.stored.sequence
        self._documents[document.id] = self._by_sequence[sequence] = document
        insort(self._order, sequence)
        for key in _index_keys(self.kind, document.stored_tree()):
            self._index.setdefault(key, set()).add(sequence)

    def replace(self, document: Document) -> None:
        """Set ``document`` in the place of the one with its id, which has the same index keys: only
        its elements changed.
        """
        old = self._documents[document.id]
        self._documents[document.id] = self._by_sequence[document.stored.sequence] = document
        old.forget()

    def remove(self, identifier: str) -> None:
        """Take the document out, if it is there."""
        document = self._documents.pop(identifier, None)
        if document is None:
            return
        sequence = document.stored.sequence
        del self._by_sequence[sequence]
        self._order.pop(bisect_right(self._order, sequence) - 1)
        for key in _index_keys(self.kind, document.stored_tree()):
            members = self._index[key]
            members.discard(sequence)
            if not members:
                del self._index[key]
        document.forget()

    def _matching(self, wanted: Filter) -> list[int]:
        sets = [self._index.get(key, set()) for key in wanted.required_keys()]
        order = sorted(set.intersection(*sets)) if sets else self._order
        if wanted.by_time:
            return [each for each in order if wanted.lets_through(self._by_sequence[each])]
        return order


def _index_keys(kind: Kind, tree: Node) -> Iterable[IndexKey]:
    keys: set[IndexKey] = {("semanticId", values) for values in semantic_keys(tree)}
    if "idShort" in tree:
        keys.add(("idShort", tree["idShort"]))
    if tree.get("kind") == "Template":
        keys.add(_TEMPLATE)
    for reference in tree.get("isCaseOf") or ():
        keys.add(("isCaseOf", key_values(reference)))
    if kind is Kind.CONCEPT_DESCRIPTION:
        for embedded in tree.get("embeddedDataSpecifications") or ():
            keys.add(("dataSpecification", key_values(embedded.get("dataSpecification"))))
    elif kind is Kind.SHELL:
        keys.update(_asset_keys(tree.get("assetInformation") or {}, "specificAssetIds"))
    elif kind is Kind.SHELL_DESCRIPTOR:
        keys.update(_asset_keys(tree, "specificAssetIds"))
    elif kind is Kind.ASSET_LINKS:
        keys.update(_asset_keys(tree, "links"))
    elif kind is Kind.PACKAGE:
        keys.update(("aasId", identifier) for identifier in tree.get("aasIds") or ())
    return keys


def _asset_keys(holder: Node, attribute: str) -> Iterator[IndexKey]:
    if "globalAssetId" in holder:
        yield ("assetId", ("globalAssetId", holder["globalAssetId"]))
    for specific in holder.get(attribute) or ():
        yield ("assetId", (specific.get("name"), specific.get("value")))


def _encode_cursor(sequence: int) -> str:
    return encode_identifier(str(sequence))


def _decode_cursor(cursor: str) -> int:
    text = decode_base64url(cursor, name="cursor")
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise BadRequest("this cursor was not given by this server", path="cursor")
    return int(text)
