"""Conditional requests (RFC 9110, 13): the headers that name entity tags."""

from __future__ import annotations

import re
from typing import Final

from aas_server.errors import BadRequest
from aas_server.repository.conditions import ANY, Conditions

_TAG: Final = re.compile(r'[\t ]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[\t ]*(?:,|$)')


def conditions(if_match: str | None, if_none_match: str | None) -> Conditions:
    """Return what both headers demand; raises ``BadRequest`` for what is no list of tags.

    A weak tag never fulfils If-Match.
    """
    return Conditions(
        None if if_match is None else _tags(if_match, "If-Match", weak=False),
        None if if_none_match is None else _tags(if_none_match, "If-None-Match", weak=True),
    )


def matches_any(if_none_match: str, etag: bytes) -> bool:
    """Return whether an If-None-Match header names ``etag``, which stands in quotes.

    Raises ``BadRequest`` for what is no list of tags.
    """
    tags = _tags(if_none_match, "If-None-Match", weak=True)
    return ANY in tags or etag.decode("latin-1")[1:-1] in tags


def fulfils(if_match: str, etag: bytes) -> bool:
    """Return whether an If-Match header of a read allows for ``etag``, which stands in quotes.

    Raises ``BadRequest`` for what is no list of tags.
    """
    tags = _tags(if_match, "If-Match", weak=False)
    return ANY in tags or etag.decode("latin-1")[1:-1] in tags


def _tags(header: str, name: str, *, weak: bool) -> frozenset[str]:
    if header.strip() == ANY:
        return frozenset({ANY})
    found: set[str] = set()
    position = 0
    while position < len(header):
        match = _TAG.match(header, position)
        if match is None:
            raise BadRequest('must be a list of entity tags such as "5r2", or *', path=name)
        if weak or match[1] is None:
            found.add(match[2])
        position = match.end()
    return frozenset(found)
