"""Pages: the envelope of every list, and cursors into what stands inside one document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aas_server.api.responses import Response, encode_json, json_response
from aas_server.errors import BadRequest
from aas_server.metamodel.identifiers import decode_base64url, encode_identifier

T = TypeVar("T")

_CURSOR: Final = re.compile(r"([0-9]{1,9}):(.*)", re.ASCII | re.DOTALL)


def page_response(
    results: Iterable[bytes], cursor: str | None, more: Mapping[str, Any] | None = None
) -> Response:
    """Return a page whose results are the JSON texts ``results``; ``more`` is said beside the
    cursor.
    """
    return _envelope(b"[%b]" % b",".join(results), cursor, more or {})


def page_of_views(result: Any, cursor: str | None) -> Response:
    """Return a page with ``result``, a list or what stands in place of one."""
    return _envelope(encode_json(result), cursor)


def page_of(
    items: Sequence[T], key: Callable[[T], str], *, limit: int, cursor: str | None
) -> tuple[Sequence[T], str | None]:
    """Return up to ``limit`` of ``items`` from ``cursor`` on, and the cursor of the next ones.

    A cursor names the last item that was given, so that pages neither shift nor repeat while others
    come and go. Raises ``BadRequest`` for a cursor that this server did not make.
    """
    start = 0 if cursor is None else _start(items, key, cursor)
    end = start + limit
    chosen = items[start:end]
    more = end < len(items)
    return chosen, encode_identifier(f"{end}:{key(chosen[-1])}") if more else None


def _start(items: Sequence[T], key: Callable[[T], str], cursor: str) -> int:
    match = _CURSOR.fullmatch(decode_base64url(cursor, name="cursor"))
    if match is None:
        raise BadRequest("this cursor was not given by this server", path="cursor")
    end, last = int(match[1]), match[2]
    if 1 <= end <= len(items) and key(items[end - 1]) == last:
        return end
    # Items came or went before it; when it is gone itself, its successor has taken its place.
    moved = (index for index, item in enumerate(items, 1) if key(item) == last)
    return next(moved, max(end - 1, 0))


def _envelope(
    result: bytes, cursor: str | None, more: Mapping[str, Any] = MappingProxyType({})
) -> Response:
    paging = encode_json({**({} if cursor is None else {"cursor": cursor}), **more})
    return json_response(b'{"paging_metadata":%b,"result":%b}' % (paging, result))
