"""Hardened parsing, piece by piece: no entities, nothing from elsewhere, bounded depth and text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, cast

from lxml import etree

from aas_server.errors import BadRequest

Event: TypeAlias = tuple[str, etree._Element]
"""``start`` or ``end``, and the element that starts or ends."""


def events(body: bytes, name: str) -> Iterator[Event]:
    """Yield the starts and ends of elements; refused is what could define entities, reach
    elsewhere, or is deeper or has longer texts than libxml2 takes for harmless.

    Comments and processing instructions are left out. Raises ``BadRequest``; ``name`` says where
    ``body`` is from.
    """
    found = etree.iterparse(
        io.BytesIO(body),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        first = next(found)
        if first[1].getroottree().docinfo.internalDTD is not None:
            text = "has a document type declaration, which no environment needs"
            raise BadRequest(text, path=name)
        yield first
        yield from found
    except etree.XMLSyntaxError as error:
        raise BadRequest(f"is no XML: {error}", path=name) from error
    except LookupError as error:
        raise BadRequest(f"is no XML in an encoding that is known: {error}", path=name) from error


def forgetting(found: Iterable[Event]) -> Iterator[Event]:
    """Yield each event once the next one is there, and let go elements that were looked at.

    Texts are complete when something comes after them: the text of an element when it ends, what
    stands behind it when its end is yielded.
    """
    waiting: Event | None = None
    for event in found:
        if waiting is not None:
            yield waiting
            if waiting[0] == "end":
                forget(waiting[1])
        waiting = event
    if waiting is not None:
        yield waiting


def forget(element: etree._Element) -> None:
    """Give back what ``element``, which has ended, and those before it take of memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]


def is_well_formed(body: bytes) -> bool:
    """Return whether libxml2 takes ``body``, which declares no document type, for XML; nothing of
    it is kept.
    """
    parser = etree.XMLParser(
        target=cast("Any", _Nothing()),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, LookupError):
        return False
    return True


class _Nothing:
    """What lxml tells about a document when nobody listens."""

    def close(self) -> None:
        """End."""
