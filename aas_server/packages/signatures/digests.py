"""Digests of parts, as the references of a manifest want them looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import IO, Final

from lxml import etree

from aas_server.errors import BadRequest
from aas_server.packages.container import Container
from aas_server.packages.signatures.markup import MAX_BYTES, canonical, parse, selected
from aas_server.packages.signatures.names import C14N
from aas_server.packages.signatures.references import Look

_PIECE: Final = 1024**2


class Digests:
    """The digests of a package's parts; what was read once for one signature is not read again."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._known: dict[tuple[str, Look, str], bytes] = {}

    def of(self, part: str, look: Look, algorithm: str) -> bytes:
        """Return the digest of a part that is there, ``algorithm`` as hashlib calls it.

        Raises ``BadRequest`` for a damaged part, and for one that cannot be looked at so.
        """
        key = (part, look, algorithm)
        if key not in self._known:
            self._known[key] = self._digest(part, look, algorithm)
        return self._known[key]

    def _digest(self, part: str, look: Look, algorithm: str) -> bytes:
        if look.canonical is not None:
            body = read_markup(self._container, part)
            return hashlib.new(algorithm, looked_at(body, look, part)).digest()
        with self._container.open(part) as opened:
            return copied(opened, algorithm)


def read_markup(container: Container, part: str) -> bytes:
    """Return the bytes of a part that is to be read as XML; raises ``BadRequest`` if too large."""
    if container.parts[part].file_size > MAX_BYTES:
        raise BadRequest(f"is larger than {MAX_BYTES} bytes", path=part)
    return container.read(part)


def looked_at(body: bytes, look: Look, part: str) -> bytes:
    """Return the bytes of which the digest is taken; ``part`` names what holds ``body``.

    Raises ``BadRequest`` for what cannot be looked at so.
    """
    if look.canonical is None:
        return body
    root = parse(body, part)
    if look.is_selection:
        return canonical(selected(root, look.ids, look.types), look.canonical)
    # What canonical XML drops could be put in later, and split a text for its reader.
    if look.canonical == C14N and next(root.iter(etree.Comment), None) is not None:
        raise BadRequest("has comments, which its signature does not cover", path=part)
    return canonical(root, look.canonical)


def copied(
    source: IO[bytes], algorithm: str, write: Callable[[bytes], object] | None = None
) -> bytes:
    """Return the digest of what ``source`` holds, and ``write`` it on the way."""
    hasher = hashlib.new(algorithm)
    while piece := source.read(_PIECE):
        hasher.update(piece)
        if write is not None:
            write(piece)
    return hasher.digest()
