"""``aas-server query``: a running server asked, page by page, one result a line."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from aas_server.errors import AasError, BadRequest
from aas_server.query.parsing import MAX_BYTES

_PATIENCE: Final = 3700.0
"""Seconds that an answer may take: a little more than a server may be told to try."""
_STANDARD_INPUT: Final = "-"
_PAGE: Final = 100


class NotAnswered(AasError):
    """The server cannot be reached, or it refused."""

    code = "NotAnswered"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, where, and how much of the answer is wanted; ``limit`` None is all of it."""

    server: str
    kind: str
    query: dict[str, Any]
    limit: int | None
    explain: bool


def read_query(file: str) -> dict[str, Any]:
    """Return the query in a file, or on standard input for ``-``; raises ``BadRequest``."""
    try:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1) if file == _STANDARD_INPUT else _head(Path(file))
    except OSError as error:
        raise BadRequest(f"{file}: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise BadRequest(f"{file}: a query has at most {MAX_BYTES} bytes")
    try:
        query = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{file}: no JSON: {error}") from error
    if not isinstance(query, dict):
        raise BadRequest(f'{file}: a query is an object, such as {{"$condition": ...}}')
    # A condition alone is what one means, too.
    return query if "$condition" in query else {"$condition": query}


async def ask(asked: Asked, out: Console, err: Console) -> int:
    """Print every result as a line of JSON on ``out``, and on ``err`` how they were found when that
    is asked for; return how many there were.

    Raises ``NotAnswered``.
    """
    count = 0
    async for page in _pages(asked):
        paging = page["paging_metadata"]
        for result in page["result"]:
            text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
            out.print(text, markup=False)
            count += 1
        for line in paging.get("explanation", ()):
            err.print(line, markup=False)
    return count


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


async def _pages(asked: Asked) -> AsyncIterator[dict[str, Any]]:
    url = f"{asked.server.rstrip('/')}/api/v3/query/{asked.kind}"
    parameters: dict[str, Any] = {"explain": "true"} if asked.explain else {}
    left = asked.limit
    async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as client:
        while left is None or left > 0:
            parameters["limit"] = _PAGE if left is None else min(left, _PAGE)
            page = await _page(client, url, asked.query, parameters)
            yield page
            if left is not None:
                left -= len(page["result"])
            cursor = page["paging_metadata"].get("cursor")
            if cursor is None:
                return
            parameters["cursor"] = cursor


async def _page(
    client: httpx.AsyncClient, url: str, query: dict[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    try:
        response = await client.post(url, json=query, params=parameters)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotAnswered(f"{url}: {str(error) or type(error).__name__}") from error
    try:
        body = response.json()
        if response.status_code == httpx.codes.OK:
            _ = body["result"], body["paging_metadata"]
            return dict(body)
        text = "; ".join(message["text"] for message in body["messages"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotAnswered(f"{url}: no answer of an AAS server ({response.status_code})") from error
    raise NotAnswered(text)
