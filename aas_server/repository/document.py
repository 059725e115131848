"""One identifiable: its bytes as a client wrote them, decoded when needed, with its live values."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec

from aas_server.live.hub import LiveHub
from aas_server.live.overlay import LiveOverlay
from aas_server.live.slots import Slot
from aas_server.metamodel.fingerprint import fingerprint
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node, resolve
from aas_server.repository.live_elements import as_stored
from aas_server.store.protocol import Kind, StoredDocument

_decoder: Final[msgspec.json.Decoder[Node]] = msgspec.json.Decoder(dict[str, Any])
_BLOB: Final = b'"Blob"'


class DecodedTrees:
    """The documents that are kept decoded: the ones that were read last.

    ``capacity`` bounds the bytes of their bodies; decoded they take about five times as much.
    """

    def __init__(self, capacity: int = 33_554_432) -> None:
        self._capacity = capacity
        self._documents: OrderedDict[Document, int] = OrderedDict()
        self._size = 0

    def used(self, document: Document) -> None:
        """Note that ``document`` was decoded or read; may let go of other ones' trees."""
        if document in self._documents:
            self._documents.move_to_end(document)
            return
        size = len(document.stored.body)
        self._documents[document] = size
        self._size += size
        while self._size > self._capacity and len(self._documents) > 1:
            oldest, freed = self._documents.popitem(last=False)
            self._size -= freed
            oldest.drop_tree()

    def forget(self, document: Document) -> None:
        """Let go of the tree of ``document``."""
        self._size -= self._documents.pop(document, 0)
        document.drop_tree()


class Document:
    """An identifiable as readers see it.

    The stored bytes never change: a write makes a new document. What is decoded or joined for
    reading is kept until a live value makes it stale, and decoded trees only of the documents that
    ``decoded`` holds.
    """

    __slots__ = (
        "_decoded",
        "_hub",
        "_may_hold_blobs",
        "_overlay",
        "_tree",
        "_tree_version",
        "is_used",
        "stored",
        "warnings",
    )

    def __init__(
        self,
        stored: StoredDocument,
        hub: LiveHub,
        decoded: DecodedTrees,
        *,
        tree: Node | None = None,
        warnings: int = 0,
    ) -> None:
        self.stored = stored
        self.warnings = warnings
        """How many findings the write that made it left: constraints that are only reported."""
        self.is_used = False
        """Whether somebody read it again since the cache last looked."""
        self._hub = hub
        self._decoded = decoded
        self._may_hold_blobs: bool | None = None
        self._overlay: LiveOverlay | None = None
        self._tree = tree
        self._tree_version: tuple[int, int] | None = None

    @property
    def id(self) -> str:
        """Return the identifier."""
        return self.stored.id

    @property
    def may_hold_blobs(self) -> bool:
        """Return False when there is certainly no Blob in it, so that no extent cuts anything."""
        if self._may_hold_blobs is None:
            self._may_hold_blobs = _BLOB in self.stored.body
        return self._may_hold_blobs

    def body(self) -> bytes:
        """Return the document in the normal form with its present live values."""
        overlay = self._live()
        return self.stored.body if overlay is None else overlay.body()

    def tree(self) -> Node:
        """Return the decoded ``body()``; shared between readers, not to be changed."""
        version = self.live_version()
        if self._tree is None or self._tree_version != version:
            self._tree = decode(self.body())
            self._tree_version = version
        self._decoded.used(self)
        return self._tree

    def stored_tree(self) -> Node:
        """Return the decoded body as it is stored, without live values; not to be changed."""
        return self.tree() if self._live() is None else decode(self.stored.body)

    def exchanged_tree(self) -> Node:
        """Return the document as it goes elsewhere, not to be changed: with its present live values
        and without the qualifiers that reads add to them, which nobody there keeps true.
        """
        tree = self.tree()
        return tree if self._live() is None else as_stored(tree, self._hub.group(self.id))

    def etag(self) -> str:
        """Return the entity tag of ``body()``, without quotes.

        What stands before the first dot names the stored document, the rest the live values in it.
        """
        tag = document_tag(self.stored)
        version = self.live_version()
        if version is None:
            return tag
        return f"{tag}.{self._hub.token}-{version[0]:x}-{version[1]:x}"

    def element_etag(self, path: IdShortPath, element: Node) -> str:
        """Return the entity tag of the element at ``path``, without quotes, ``element`` being what
        ``tree()`` has there.

        What stands before the first dot names the stored element, the rest the live values of the
        submodel.
        """
        version = self.live_version()
        if version is None:
            return fingerprint(element)
        slot = self.slot_of(path)
        if slot is not None:
            return self.live_etag(slot, path)
        stored = fingerprint(resolve(self.stored_tree(), path))
        return f"{stored}.{self._hub.token}-{version[0]:x}-{version[1]:x}"

    def live_etag(self, slot: Slot, path: IdShortPath) -> str:
        """Return the entity tag of the element at ``path`` that ``slot`` of this document shows."""
        structure = slot.point.group.structure
        return f"{slot.tag(path)}.{self._hub.token}-{structure:x}-{slot.point.version:x}"

    def live_version(self) -> tuple[int, int] | None:
        """Return what changes with every live value in this document; None when it has none."""
        overlay = self._live()
        return None if overlay is None else (overlay.structure, overlay.version)

    def slot(self, path: IdShortPath) -> Slot | None:
        """Return the slot of the live element at ``path``, or None when it is not live."""
        overlay = self._live()
        return None if overlay is None else overlay.slot(path)

    def slot_of(self, path: IdShortPath) -> Slot | None:
        """Return the slot that shows the element at ``path``: its own, or that of the live element
        around it; None when it is not live.
        """
        overlay = self._live()
        return None if overlay is None else overlay.slot_of(path)

    def drop_tree(self) -> None:
        """Let go of the decoded form; the next reader decodes again."""
        self._tree = None

    def forget(self) -> None:
        """Let go of what was decoded, this document being out of use or just indexed."""
        self._decoded.forget(self)

    def _live(self) -> LiveOverlay | None:
        if self.stored.kind is not Kind.SUBMODEL:
            return None
        group = self._hub.group(self.stored.id)
        if group is None:
            self._overlay = None
            return None
        if self._overlay is None or self._overlay.structure != group.structure:
            self._overlay = LiveOverlay(decode(self.stored.body), group)
        return self._overlay


def document_tag(stored: StoredDocument) -> str:
    """Return the entity tag of ``stored``, without quotes: it names one state of one document."""
    return f"{stored.sequence:x}r{stored.revision:x}"


def decode(body: bytes) -> Node:
    """Return the JSON object in ``body``."""
    return _decoder.decode(body)
