"""GET /serialization (IDTA-01002): documents as JSON, XML, RDF or an AASX package."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from aas_server.api.call import Answer, Call
from aas_server.api.documents import VARIES
from aas_server.api.errors import NotAcceptable
from aas_server.api.negotiation import accept_of, best_type
from aas_server.api.operations.operation import JSON
from aas_server.api.operations.parts import RDF
from aas_server.api.responses import Header, Response, StreamResponse, json_response
from aas_server.errors import Conflict
from aas_server.metamodel.identifiers import decode_identifier
from aas_server.packages.rdf.writing import RdfFormat, RdfWriter
from aas_server.packages.selection import Metamodel, Selection, files_of, select
from aas_server.packages.writer import environment_xml, write_json, write_package

_XML: Final = ("application/xml", "text/xml")
_AASX: Final = {
    "application/asset-administration-shell-package": True,
    "application/asset-administration-shell-package+xml": True,
    "application/asset-administration-shell-package+json": False,
    "application/aasx+xml": True,
    "application/aasx+json": False,
    "application/aas+zip": True,
}
"""The names of packages in use, and whether the documents in one are XML."""

_OFFERED: Final = (JSON, *_XML, *_AASX, *RDF)
_PIECE: Final = 262_144
_SHOWN: Final = 20


async def get_serialization(call: Call) -> Answer:
    """Answer with the documents that are asked for by id, or with all, in the form of Accept."""
    with_concepts = call.query.boolean("includeConceptDescriptions", default=True)
    chosen = await select(
        call.repository,
        shells=_identifiers(call, "aasIds"),
        submodels=_identifiers(call, "submodelIds"),
        concept_descriptions=with_concepts,
        live_qualifiers=call.query.boolean("liveQualifiers", default=False),
        metamodel=call.query.choice("metamodel", Metamodel.V3_1),
    )
    media_type = _media_type(accept_of(call))
    _require_whole(call, chosen, media_type)
    if media_type == JSON:
        return json_response(write_json(chosen), headers=(VARIES,))
    if media_type in _XML:
        body = await asyncio.to_thread(environment_xml, chosen.environment(), chosen)
        return Response(200, (_type(media_type), _length(len(body)), VARIES), body)
    if media_type in RDF:
        return StreamResponse(200, (_type(media_type), VARIES), _rdf(chosen, RdfFormat(media_type)))
    return await _package(call, chosen, media_type)


def _require_whole(call: Call, chosen: Selection, media_type: str) -> None:
    """Raise ``Conflict`` for what an older metamodel cannot say, unless that may be lost."""
    if chosen.metamodel is Metamodel.V3_1:
        return
    if media_type in RDF:
        raise NotAcceptable("the ontology is that of metamodel 3.1", path="metamodel")
    if call.query.boolean("lossy", default=False):
        return
    lost = [finding for finding in chosen.differences() if finding.is_error]
    if lost:
        shown = "; ".join(f"{each.path}: {each.text}" for each in lost[:_SHOWN])
        more = f"; and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        raise Conflict(
            f"metamodel 3.0 cannot say all of it (lossy=true leaves it out): {shown}{more}"
        )


async def _rdf(chosen: Selection, form: RdfFormat) -> AsyncGenerator[bytes, None]:
    """Yield a graph document by document: all of it may be larger than the memory."""
    documents = [each for _, listed in chosen.lists() for each in listed]
    writer = RdfWriter(form, (each.id for each in documents))
    yield writer.head
    for each in documents:
        # Documents belong to the event loop; writing what was taken from them does not.
        tree, class_name = chosen.tree(each), each.stored.kind.value
        yield await asyncio.to_thread(writer.document, tree, class_name)
    yield writer.tail


async def _package(call: Call, chosen: Selection, media_type: str) -> StreamResponse:
    folder = tempfile.TemporaryDirectory()
    try:
        file = Path(folder.name) / "package.aasx"
        await write_package(
            file,
            chosen,
            files_of(chosen),
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
        VARIES,
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
    """Return the form that an Accept header likes best; raises ``NotAcceptable``."""
    best = best_type(accept, _OFFERED)
    if best is None:
        raise NotAcceptable(f"{accept!r} is none of {', '.join(_OFFERED)}", path="Accept")
    return best


def _type(media_type: str) -> Header:
    return (b"content-type", media_type.encode("ascii"))


def _length(length: int) -> Header:
    return (b"content-length", str(length).encode())
