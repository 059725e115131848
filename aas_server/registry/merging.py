"""One list out of several collections: in order of creation, page by page, by one cursor."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aas_server.repository.collection import Collection, Filter, Page
from aas_server.repository.document import Document

MAX_SCANNED: Final = 20_000
"""Documents that are looked at for one page at most; what is left comes with the next one."""

_MAX_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """The documents of ``collection`` that its index finds for ``wanted`` and ``keep`` then lets
    through.
    """

    collection: Collection
    wanted: Filter
    keep: Callable[[Document], bool]


def merged_page(sources: Sequence[Source], *, limit: int, cursor: str | None) -> Page:
    """Return up to ``limit`` documents of all ``sources`` from ``cursor`` on.

    A document that two sources give stands there once, if the first of them lets it through or the
    second does. A page may be short of ``limit``, or empty, while its cursor leads on. Raises
    ``BadRequest`` for a cursor that this server did not make.
    """
    streams = [_stream(source, limit, cursor) for source in sources]
    found: list[Document] = []
    last: tuple[Document, Source] | None = None
    merged = heapq.merge(*streams, key=lambda each: each[0].stored.sequence)
    for scanned, (document, source) in enumerate(merged):
        if scanned == MAX_SCANNED and last is not None:
            return Page(found, last[1].collection.cursor_after(last[0]))
        if source.keep(document) and not (found and found[-1] is document):
            if len(found) == limit:
                return Page(found, source.collection.cursor_after(found[-1]))
            found.append(document)
        last = document, source
    return Page(found, None)


def _stream(source: Source, limit: int, cursor: str | None) -> Iterator[tuple[Document, Source]]:
    chunk = min(limit + 1, _MAX_CHUNK)
    while True:
        page = source.collection.page(source.wanted, limit=chunk, cursor=cursor)
        for document in page.documents:
            yield document, source
        if page.cursor is None:
            return
        cursor = page.cursor
        chunk = min(2 * chunk, _MAX_CHUNK)
