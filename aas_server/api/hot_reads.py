"""Hot reads: answers that are ready before the request is fully dispatched.

What is kept of a path is what the path says (ids and idShortPath), never what it leads to: every
answer is looked up anew, and rendered anew as soon as the document or the live value moved on.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol

from starlette.types import Message

from aas_server.api.call import Call
from aas_server.api.documents import whole_response
from aas_server.api.elements import value_response
from aas_server.api.finishing import is_compressible, varied
from aas_server.api.metrics import Series
from aas_server.api.responses import HEAD, Response, raw_head
from aas_server.live.slots import Slot
from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.repository.collection import Collection
from aas_server.repository.repository import Repository

MAX_PATHS: Final = 10_000
MAX_PATH_LENGTH: Final = 4_096
MAX_HELD: Final = 33_554_432
"""Bytes of whole documents that are held as answers, whatever of them is still in memory."""

SPECIAL_HEADERS: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"expect",
        b"if-match",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"origin",
        b"proxy-authorization",
        b"range",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-correlation-id",
    }
)
"""Headers that may change the answer or the connection: such requests are dispatched in full."""


class HotAnswer:
    """A 200 as both ways need it: its ASGI ``start``, or ``head``, the headers with the empty line
    that ends them.

    ``compressible`` says that a client that takes content codings gets another form.
    """

    __slots__ = ("_begin", "_whole", "body", "compressible", "head", "start")

    def __init__(self, response: Response) -> None:
        self.compressible = is_compressible(response)
        headers = varied(response.headers) if self.compressible else response.headers
        self.head = raw_head(headers)
        self.body = response.body
        self.start: Message = {
            "type": "http.response.start",
            "status": 200,
            "headers": headers,
            HEAD: self.head,
        }
        self._begin = self._whole = b""

    def whole(self, begin: bytes) -> bytes:
        """Return ``begin``, the head and the body; ``begin`` changes once a second."""
        if begin != self._begin:
            self._begin = begin
            self._whole = b"".join((begin, self.head, self.body))
        return self._whole


class HotRead(Protocol):
    """What one path leads to; ``series`` counts its requests."""

    series: Series

    def answer(self) -> HotAnswer | None:
        """Return the present answer, or None when only the full way knows it."""


class HotDocument:
    """A whole shell or submodel, kept while it and its live values stay the same."""

    __slots__ = (
        "_answer",
        "_collection",
        "_held",
        "_id",
        "_revision",
        "_sequence",
        "_version",
        "series",
    )

    def __init__(
        self, collection: Collection, identifier: str, series: Series, held: HeldAnswers
    ) -> None:
        self.series = series
        self._collection = collection
        self._id = identifier
        self._held = held
        self._sequence = self._revision = 0
        self._version: tuple[int, int] | None = None
        self._answer: HotAnswer | None = None

    def answer(self) -> HotAnswer | None:
        """Return the present answer, or None when only the full way knows it."""
        document = self._collection.cached(self._id)
        if document is None or document.may_hold_blobs:
            self._answer = None
            return None
        stored, version = document.stored, document.live_version()
        if (
            self._answer is None
            or version != self._version
            or stored.revision != self._revision
            or stored.sequence != self._sequence
        ):
            self._answer = HotAnswer(whole_response(document))
            self._version = version
            self._sequence, self._revision = stored.sequence, stored.revision
            self._held.add(self, len(self._answer.body))
        return self._answer

    def forget(self) -> None:
        """Let go of the answer; the next reader makes it anew."""
        self._answer = None


class HeldAnswers:
    """The answers of whole documents that are held: the ones that were made last.

    Values are small; documents are not, and what is read once may never be asked for again. They
    take ``most`` bytes at most, and never more than ``MAX_HELD``.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._sizes: OrderedDict[HotDocument, int] = OrderedDict()
        self.size = 0
        """Bytes of the bodies that are held."""

    def add(self, document: HotDocument, size: int) -> None:
        """Note that ``document`` holds an answer of ``size`` bytes; may let go of other ones'."""
        self.size += size - self._sizes.pop(document, 0)
        self._sizes[document] = size
        while self.size > min(self._most, MAX_HELD) and len(self._sizes) > 1:
            oldest, freed = self._sizes.popitem(last=False)
            self.size -= freed
            oldest.forget()

    def clear(self) -> None:
        """Forget every document; the answers go with them."""
        self._sizes.clear()
        self.size = 0


class HotValue:
    """The $value of one element, kept while its document and its live value stay the same."""

    __slots__ = (
        "_answer",
        "_id",
        "_path",
        "_revision",
        "_sequence",
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
        self._sequence = self._revision = 0
        self._slot: Slot | None = None
        self._version: int | tuple[int, int] | None = None
        self._answer: HotAnswer | None = None

    def answer(self) -> HotAnswer | None:
        """Return the present answer, or None when only the full way knows it.

        Raises what ``value_response`` raises.
        """
        document = self._submodels.cached(self._id)
        if document is None:
            self._slot = self._answer = None
            return None
        # The document is not held: it is much larger than one of its values.
        stored, slot = document.stored, document.slot_of(self._path)
        version = document.live_version() if slot is None else slot.point.version
        if (
            self._answer is None
            or version != self._version
            or slot is not self._slot
            or stored.revision != self._revision
            or stored.sequence != self._sequence
        ):
            self._answer = HotAnswer(value_response(document, self._path))
            self._slot, self._version = slot, version
            self._sequence, self._revision = stored.sequence, stored.revision
        return self._answer


class HotReads:
    """The paths that were read before, and their answers."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._entries: dict[bytes, HotRead] = {}
        self.held: Final = HeldAnswers(repository.cache.capacity)
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
            self.held.clear()
        self._entries[key] = self._entry(call, series)

    def _entry(self, call: Call, series: Series) -> HotRead:
        if "aasIdentifier" in call.values:
            identifier = call.identifier("aasIdentifier")
            return HotDocument(self._repository.shells, identifier, series, self.held)
        submodels = self._repository.submodels
        identifier = call.identifier("submodelIdentifier")
        if "idShortPath" in call.values:
            return HotValue(submodels, identifier, call.id_short_path(), series)
        return HotDocument(submodels, identifier, series, self.held)


def present(entry: HotRead) -> HotAnswer | None:
    """Return what ``entry`` answers with, None when only the full way can tell."""
    try:
        return entry.answer()
    except Exception:
        # The full way meets the same failure, and tells and logs it.
        return None
