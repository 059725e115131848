"""What all documents have in common in HTTP: filters, entity tags, answers to writes."""

from __future__ import annotations

from typing import Any, Final

from aas_server.api.call import Call
from aas_server.api.responses import Header, Response, json_response, no_content
from aas_server.repository.collection import Filter
from aas_server.repository.document import Document

VARIES: Final[Header] = (b"vary", b"accept")
"""Of answers that come in several media types."""


def document_filter(call: Call, **wanted: Any) -> Filter:
    """Return the filter of a list: idShort and the times, which all lists have, and ``wanted``."""
    return Filter(
        id_short=call.query.one("idShort"),
        created_from=call.query.moment("createdFrom"),
        updated_from=call.query.moment("updatedFrom"),
        **wanted,
    )


def etag(tag: str) -> Header:
    """Return the ETag header of a strong entity tag."""
    return (b"etag", f'"{tag}"'.encode("ascii"))


def document_response(
    document: Document, body: bytes, *, more: tuple[Header, ...] = ()
) -> Response:
    """Return 200 with ``body``, one of the forms of ``document``, and ``more`` headers."""
    return json_response(body, headers=(etag(document.etag()), *more))


def whole_response(document: Document) -> Response:
    """Return 200 with the normal form of ``document`` as JSON, one of several media types."""
    return document_response(document, document.body(), more=(VARIES,))


def created_document(call: Call, document: Document, path: str) -> Response:
    """Return 201 with ``document``, which is at ``path`` now."""
    location = (b"location", call.origin.location(path))
    return json_response(
        document.body(), status=201, headers=(location, *written_headers(document))
    )


def replaced_document(document: Document) -> Response:
    """Return 204 with the entity tag that ``document`` has now."""
    return no_content(written_headers(document))


def written_headers(document: Document) -> list[Header]:
    """Return the headers that every answer to a write of ``document`` has."""
    return [etag(document.etag()), *warning(document.warnings)]


def warning(count: int) -> list[Header]:
    """Return the Warning header for findings that were only reported, nothing for none."""
    return [(b"warning", b'199 - "%d findings, see the log"' % count)] if count else []
