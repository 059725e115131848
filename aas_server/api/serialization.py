"""GET /serialization (IDTA-01002): documents as JSON, XML or an AASX package."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from aas_server.api.call import Answer, Call
from aas_server.api.errors import NotAcceptable
from aas_server.api.responses import Header, Response, StreamResponse, json_response
from aas_server.metamodel.identifiers import decode_identifier
from aas_server.packages.environments import write_xml
from aas_server.packages.selection import Selection, files_of, select
from aas_server.packages.writer import write_json, write_package

_JSON: Final = "application/json"
_XML: Final = frozenset({"application/xml", "text/xml"})
_AASX: Final = {
    "application/asset-administration-shell-package": True,
    "application/asset-administration-shell-package+xml": True,
    "application/asset-administration-shell-package+json": False,
    "application/aasx+xml": True,
    "application/aasx+json": False,
    "application/aas+zip": True,
}
"""The names of packages in use, and whether the documents in one are XML."""

_ACCEPTED: Final = re.compile(
    r"[\t ]*([a-z0-9!#$&^_.+*-]+/[a-z0-9!#$&^_.+*-]+)[\t ]*"
    r"(?:;(?:[^,;]*;)*[\t ]*q=([01](?:\.[0-9]{0,3})?))?",
    re.ASCII | re.IGNORECASE,
)
_PIECE: Final = 262_144


async def get_serialization(call: Call) -> Answer:
    """Answer with the documents that are asked for by id, or with all, in the form of Accept."""
    with_concepts = call.query.boolean("includeConceptDescriptions", default=True)
    chosen = select(
        call.repository,
        shells=_identifiers(call, "aasIds"),
        submodels=_identifiers(call, "submodelIds"),
        concept_descriptions=with_concepts,
    )
    media_type = _media_type(call.header(b"accept"))
    if media_type == _JSON:
        return json_response(write_json(chosen))
    if media_type in _XML:
        body = await asyncio.to_thread(write_xml, chosen.environment())
        return Response(200, (_type(media_type), _length(len(body))), body)
    return await _package(call, chosen, media_type)


async def _package(call: Call, chosen: Selection, media_type: str) -> StreamResponse:
    folder = tempfile.TemporaryDirectory()
    try:
        file = Path(folder.name) / "package.aasx"
        await write_package(
            file,
            chosen,
            files_of(call.repository, chosen),
            call.repository.read_file,
            as_xml=_AASX[media_type],
        )
        length = file.stat().st_size
    except BaseException:
        folder.cleanup()
        raise
    headers = (
        _type(media_type),
        _length(length),
        (b"content-disposition", b'attachment; filename="environment.aasx"'),
    )
    return StreamResponse(200, headers, _pieces(file), folder.cleanup)


async def _pieces(file: Path) -> AsyncGenerator[bytes, None]:
    with file.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, _PIECE):
            yield piece


def _identifiers(call: Call, name: str) -> list[str] | None:
    """Return the ids of a repeated parameter, of which one value may hold several."""
    encoded = [part for value in call.query.all(name) for part in value.split(",") if part]
    return [decode_identifier(each, name=name) for each in encoded] or None


def _media_type(accept: str | None) -> str:
    """Return the form that an Accept header likes best, as it names it; JSON when it takes any."""
    if accept is None or not accept.strip():
        return _JSON
    best, liking = None, 0.0
    for part in accept.split(","):
        match = _ACCEPTED.match(part)
        if match is None:
            continue
        offered = _offered(match[1].lower())
        quality = 1.0 if match[2] is None else float(match[2])
        if offered is not None and quality > liking:
            best, liking = offered, quality
    if best is None:
        known = ", ".join((_JSON, *sorted(_XML), *_AASX))
        raise NotAcceptable(f"{accept[:200]!r} is none of {known}", path="Accept")
    return best


def _offered(media_type: str) -> str | None:
    if media_type in ("*/*", "application/*"):
        return _JSON
    known = media_type == _JSON or media_type in _XML or media_type in _AASX
    return media_type if known else None


def _type(media_type: str) -> Header:
    return (b"content-type", media_type.encode("ascii"))


def _length(length: int) -> Header:
    return (b"content-length", str(length).encode())
