"""Content codings: which one a client takes, and bodies in it."""

from __future__ import annotations

import asyncio
import enum
import gzip
import re
from collections import OrderedDict
from typing import Final, TypeAlias

import zstandard

Key: TypeAlias = tuple[bytes, bytes]
"""Request target and entity tag: together they name the bytes of an answer."""

_IN_THREAD: Final = 65_536
_KEPT_BYTES: Final = 16_777_216
_LEAST_BODIES: Final = 8
"""A body that would leave room for fewer is not kept: it would push out all others."""
_CODING: Final = re.compile(
    r"[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[\t ]*(?:;[\t ]*q=([01](?:\.[0-9]{0,3})?))?[\t ]*",
    re.ASCII,
)


class Coding(enum.Enum):
    """The codings that the server offers, the preferred one first."""

    ZSTD = "zstd"
    GZIP = "gzip"


class CompressedBodies:
    """Compressed bodies that were sent before, the ones used last; bounded in bytes.

    Of each target one state is kept: what shows live values is another one with every change.
    """

    def __init__(self, capacity: int = _KEPT_BYTES) -> None:
        self._capacity = capacity
        self._bodies: OrderedDict[tuple[bytes, Coding], tuple[bytes, bytes]] = OrderedDict()
        self._size = 0

    async def get(self, body: bytes, coding: Coding, key: Key | None) -> bytes:
        """Return ``body`` in ``coding``; with a ``key``, which must name both, it is kept.

        Large bodies are compressed in a thread.
        """
        if key is not None:
            target, tag = key
            kept_tag, kept = self._bodies.get((target, coding), (b"", b""))
            if kept_tag == tag:
                self._bodies.move_to_end((target, coding))
                return kept
        if len(body) > _IN_THREAD:
            compressed = await asyncio.to_thread(compress, body, coding)
        else:
            compressed = compress(body, coding)
        if key is not None:
            self._keep(key, coding, compressed)
        return compressed

    def _keep(self, key: Key, coding: Coding, compressed: bytes) -> None:
        if len(compressed) > self._capacity // _LEAST_BODIES:
            return
        target, tag = key
        _, former = self._bodies.pop((target, coding), (b"", b""))
        self._size += len(compressed) - len(former)
        self._bodies[target, coding] = tag, compressed
        while self._size > self._capacity:
            _, (_, oldest) = self._bodies.popitem(last=False)
            self._size -= len(oldest)


def compress(body: bytes, coding: Coding) -> bytes:
    """Return ``body`` in ``coding``: the same bytes for the same body."""
    if coding is Coding.ZSTD:
        return zstandard.ZstdCompressor(level=3).compress(body)
    return gzip.compress(body, compresslevel=4, mtime=0)


def choose_coding(accept_encoding: str | None) -> Coding | None:
    """Return the coding that an Accept-Encoding header likes best, None for none at all.

    What is malformed in it is passed over: the uncoded form is always right.
    """
    if not accept_encoding:
        return None
    wishes: dict[str, float] = {}
    for part in accept_encoding.split(","):
        match = _CODING.fullmatch(part)
        if match is not None:
            wishes[match[1].lower()] = 1.0 if match[2] is None else float(match[2])
    rest = wishes.get("*", 0.0)
    best = max(Coding, key=lambda coding: wishes.get(coding.value, rest))
    liking = wishes.get(best.value, rest)
    return best if liking > 0 and liking >= wishes.get("identity", 0.0) else None
