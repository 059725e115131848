"""One list out of several collections: in order of creation, page by page, by one cursor."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from aas_server.repository.collection import Collection, Filter, Page
from aas_server.repository.document import Document

MAX_SCANNED: Final = 20_000
"""Documents that are looked at for one page at most; what is left comes with the next one."""

_MAX_CHUNK: Final = 1000

Keep: TypeAlias = Callable[[Sequence[Document]], Awaitable[Sequence[bool]]]
"""Says of each of some documents whether it is let through; asked about a whole chunk at once, so
that what it must know of other documents is one question.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The documents of ``collection`` that its index finds for ``wanted`` and ``keep`` then lets
    through; all of them without one.
    """

    collection: Collection
    wanted: Filter
    keep: Keep | None = None


async def merged_page(sources: Sequence[Source], *, limit: int, cursor: str | None) -> Page:
    """Return up to ``limit`` documents of all ``sources`` from ``cursor`` on.

    A document that two sources give stands there once, if the first of them lets it through or the
    second does. A page may be short of ``limit``, or empty, while its cursor leads on. Raises
    ``BadRequest`` for a cursor that this server did not make.
    """
    streams = [_Stream(source, limit, cursor) for source in sources]
    found: list[Document] = []
    last: tuple[Document, Collection] | None = None
    scanned = 0
    # The place of the next document of each stream that has one; of equal ones the first's.
    heads = [(stream.place, i) for i, stream in enumerate(streams) if await stream.has_more()]
    heapq.heapify(heads)
    while heads:
        place, number = heads[0]
        stream = streams[number]
        collection = stream.source.collection
        if scanned == MAX_SCANNED and last is not None:
            return Page(found, last[1].cursor_after(last[0]))
        scanned += 1
        document, is_kept = stream.pop()
        if is_kept and not (found and found[-1].stored.sequence == place):
            if len(found) == limit:
                return Page(found, collection.cursor_after(found[-1]))
            found.append(document)
        last = document, collection
        if await stream.has_more():
            heapq.heapreplace(heads, (stream.place, number))
        else:
            heapq.heappop(heads)
    return Page(found, None)


class _Stream:
    """What one source has from ``cursor`` on, fetched and judged in chunks that grow."""

    def __init__(self, source: Source, limit: int, cursor: str | None) -> None:
        self.source: Final = source
        self._cursor = cursor
        self._size = min(limit + 1, _MAX_CHUNK)
        self._is_last = False
        self._waiting: deque[tuple[Document, bool]] = deque()

    @property
    def place(self) -> int:
        """Return where the next document stands in the order; there must be one."""
        return self._waiting[0][0].stored.sequence

    def pop(self) -> tuple[Document, bool]:
        """Return the next document, which must be there, and whether it is let through."""
        return self._waiting.popleft()

    async def has_more(self) -> bool:
        """Return whether there is a next document."""
        while not self._waiting and not self._is_last:
            await self._fetch()
        return bool(self._waiting)

    async def _fetch(self) -> None:
        source = self.source
        page = await source.collection.page(source.wanted, limit=self._size, cursor=self._cursor)
        keep = source.keep
        kept = [True] * len(page.documents) if keep is None else await keep(page.documents)
        self._waiting.extend(zip(page.documents, kept, strict=True))
        self._cursor = page.cursor
        self._is_last = page.cursor is None
        self._size = min(2 * self._size, _MAX_CHUNK)
