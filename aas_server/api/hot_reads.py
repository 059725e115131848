"""Hot reads: answers that are ready before the request is fully dispatched.

What is kept of a path is what the path says (ids and idShortPath), never what it leads to: every
answer is looked up anew, and rendered anew as soon as the document or the live value moved on.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeAlias

from aas_server.api.call import Call
from aas_server.api.elements import value_response
from aas_server.api.metrics import Series
from aas_server.api.responses import Response, json_response, raw_headers
from aas_server.live.slots import Slot
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.repository.collection import Collection
from aas_server.repository.document import Document
from aas_server.repository.repository import Repository

MAX_PATHS: Final = 10_000
MAX_PATH_LENGTH: Final = 4_096

Answer: TypeAlias = tuple[bytes, bytes]
"""The headers of a 200 with the empty line that ends them, and the body."""


class HotRead(Protocol):
    """What one path leads to; ``series`` counts its requests."""

    series: Series

    def answer(self) -> Answer | None:
        """Return the present answer, or None when only the ASGI way knows it."""


class HotDocument:
    """A whole shell or submodel."""

    __slots__ = ("_collection", "_head", "_id", "_length", "series")

    def __init__(self, collection: Collection, identifier: str, series: Series) -> None:
        self.series = series
        self._collection = collection
        self._id = identifier
        self._length = -1
        self._head = b""

    def answer(self) -> Answer | None:
        """Return the present answer, or None when only the ASGI way knows it."""
        document = self._collection.find(self._id)
        if document is None or document.may_hold_blobs:
            return None
        body = document.body()
        if len(body) != self._length:
            self._head = _head(json_response(body))
            self._length = len(body)
        return self._head, body


class HotValue:
    """The $value of one element, kept while its document and its live value stay the same."""

    __slots__ = (
        "_answer",
        "_document",
        "_id",
        "_path",
        "_slot",
        "_submodels",
        "_version",
        "series",
    )

    def __init__(
        self, submodels: Collection, identifier: str, path: IdShortPath, series: Series
    ) -> None:
        self.series = series
        self._submodels = submodels
        self._id = identifier
        self._path = path
        self._document: Document | None = None
        self._slot: Slot | None = None
        self._version: int | tuple[int, int] | None = None
        self._answer: Answer = (b"", b"")

    def answer(self) -> Answer | None:
        """Return the present answer, or None when only the ASGI way knows it.

        Raises what ``value_response`` raises.
        """
        document = self._submodels.find(self._id)
        if document is None:
            self._document = self._slot = None
            return None
        slot = document.slot(self._path)
        version = document.live_version() if slot is None else slot.point.version
        if document is not self._document or slot is not self._slot or version != self._version:
            response = value_response(document, self._path)
            self._answer = (_head(response), response.body)
            self._document, self._slot, self._version = document, slot, version
        return self._answer


class HotReads:
    """The paths that were read before, and their answers."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._entries: dict[bytes, HotRead] = {}
        self.find = self._entries.get
        """Return the entry of a raw path (bytes, as the request line has it), or None."""

    def learn(self, raw_path: str, call: Call, series: Series) -> None:
        """Remember that ``raw_path``, which was just answered with 200, leads to ``call``."""
        key = raw_path.encode("latin-1")
        if key in self._entries or len(key) > MAX_PATH_LENGTH:
            return
        if len(self._entries) >= MAX_PATHS:
            # One identifier has many spellings: whoever sends them all must not fill the memory.
            self._entries.clear()
        self._entries[key] = self._entry(call, series)

    def _entry(self, call: Call, series: Series) -> HotRead:
        if "aasIdentifier" in call.values:
            return HotDocument(self._repository.shells, call.identifier("aasIdentifier"), series)
        submodels = self._repository.submodels
        identifier = call.identifier("submodelIdentifier")
        if "idShortPath" in call.values:
            return HotValue(submodels, identifier, call.id_short_path(), series)
        return HotDocument(submodels, identifier, series)


def _head(response: Response) -> bytes:
    return raw_headers(response.headers) + b"\r\n"
