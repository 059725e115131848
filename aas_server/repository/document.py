"""One identifiable: its bytes as a client wrote them, decoded when needed, with its live values."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec

from aas_server.live.hub import LiveHub
from aas_server.live.overlay import LiveOverlay
from aas_server.live.slots import Slot
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node
from aas_server.store.protocol import Kind, StoredDocument

_decoder: Final[msgspec.json.Decoder[Node]] = msgspec.json.Decoder(dict[str, Any])
_BLOB: Final = b'"Blob"'


class DecodedTrees:
    """The documents that are kept decoded: the ones that were read last, ``capacity`` of them."""

    def __init__(self, capacity: int = 1000) -> None:
        self._capacity = capacity
        self._documents: OrderedDict[Document, None] = OrderedDict()

    def used(self, document: Document) -> None:
        """Note that ``document`` was decoded or read; may let go of another one's tree."""
        self._documents[document] = None
        self._documents.move_to_end(document)
        if len(self._documents) > self._capacity:
            oldest, _ = self._documents.popitem(last=False)
            oldest.drop_tree()

    def forget(self, document: Document) -> None:
        """Let go of the tree of ``document``."""
        self._documents.pop(document, None)
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
        "_overlay",
        "_tree",
        "_tree_version",
        "may_hold_blobs",
        "stored",
    )

    def __init__(self, stored: StoredDocument, hub: LiveHub, decoded: DecodedTrees) -> None:
        self.stored = stored
        self.may_hold_blobs = _BLOB in stored.body
        """False when there is certainly no Blob in it, so that no extent cuts anything."""
        self._hub = hub
        self._decoded = decoded
        self._overlay: LiveOverlay | None = None
        self._tree: Node | None = None
        self._tree_version: tuple[int, int] | None = None

    @property
    def id(self) -> str:
        """Return the identifier."""
        return self.stored.id

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

    def live_version(self) -> tuple[int, int] | None:
        """Return what changes with every live value in this document; None when it has none."""
        overlay = self._live()
        return None if overlay is None else (overlay.structure, overlay.version)

    def slot(self, path: IdShortPath) -> Slot | None:
        """Return the slot of the live element at ``path``, or None when it is not live."""
        overlay = self._live()
        return None if overlay is None else overlay.slot(path)

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


def decode(body: bytes) -> Node:
    """Return the JSON object in ``body``."""
    return _decoder.decode(body)
