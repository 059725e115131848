"""One document in another media type than JSON: XML, RDF, and tables of submodels."""

from __future__ import annotations

import asyncio
from typing import Final

from aas_server.api.call import Call
from aas_server.api.documents import VARIES, etag
from aas_server.api.negotiation import TAKES_JSON, accept_of, best_type, languages_of
from aas_server.api.operations.operation import JSON
from aas_server.api.operations.parts import CSV, RDF, XML
from aas_server.api.responses import Header, Response
from aas_server.metamodel.references import key_values
from aas_server.metamodel.tree import Node, walk
from aas_server.packages.environments import write_document_xml
from aas_server.packages.rdf.writing import RdfFormat, RdfWriter
from aas_server.packages.tables import write_csv, write_xlsx
from aas_server.repository.document import Document

_PAGE: Final = "text/html"
_CSV_TYPE: Final = b"text/csv; charset=utf-8; header=present"
_VARIES_IN_LANGUAGE: Final[Header] = (b"vary", b"accept, accept-language")


def wanted_type(call: Call) -> str:
    """Return the media type that Accept likes best; JSON when it likes none that there is.

    Browsers ask for pages, then for XML: nobody who looks at a document means that.
    """
    accept = accept_of(call)
    if accept is None or accept.encode("latin-1") in TAKES_JSON:
        return JSON
    best = best_type(accept, call.operation.answers[0].media_types) or JSON
    return JSON if best == XML and _PAGE in accept else best


async def in_form(call: Call, document: Document, tree: Node, media_type: str) -> Response:
    """Return 200 with ``tree``, which is ``document`` or a cut of it, as XML, RDF or a table.

    Raises ``Conflict`` for a document that XML or RDF cannot hold.
    """
    if media_type == XML:
        body = await asyncio.to_thread(write_document_xml, tree, document.stored.kind)
        return Response(
            200, (_type(media_type), _length(body), etag(f"{document.etag()}-xml"), VARIES), body
        )
    if media_type in RDF:
        form = RdfFormat(media_type)
        body = await asyncio.to_thread(_as_rdf, document, tree, form)
        # What stands behind the hyphen is not part of the state that a write may name.
        tag = etag(f"{document.etag()}-{form.name.lower()}")
        return Response(200, (_type(media_type), _length(body), tag, VARIES), body)
    # Units come from other documents, too: no entity tag of this one tells when the table changes.
    write = write_csv if media_type == CSV else write_xlsx
    concepts = await _concepts(call, tree)
    body = await asyncio.to_thread(write, tree, languages=languages_of(call), concept=concepts.get)
    content_type = (b"content-type", _CSV_TYPE) if media_type == CSV else _type(media_type)
    return Response(200, (content_type, _length(body), _VARIES_IN_LANGUAGE), body)


def _type(media_type: str) -> Header:
    return (b"content-type", media_type.encode("ascii"))


def _length(body: bytes) -> Header:
    return (b"content-length", str(len(body)).encode())


async def _concepts(call: Call, submodel: Node) -> dict[str, Node]:
    """Return the concept descriptions behind the semantic ids of elements, by id."""
    wanted = {
        identifier
        for _, element in walk(submodel)
        for identifier in key_values(element.get("semanticId"))[-1:]
    }
    found = await call.repository.concept_descriptions.find_all(wanted)
    return {identifier: concept.tree() for identifier, concept in found.items()}


def _as_rdf(document: Document, tree: Node, form: RdfFormat) -> bytes:
    writer = RdfWriter(form, (document.id,))
    written = writer.document(tree, document.stored.kind.value)
    return b"".join((writer.head, written, writer.tail))
