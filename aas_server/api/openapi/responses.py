"""The answers that many operations share: failures, and the headers of successes."""

from __future__ import annotations

from typing import Final

from aas_server.api.openapi.notation import Schema, typed

HEADERS: Final[dict[str, Schema]] = {
    "Location": {
        "description": "Where it is: an absolute path",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Changes whenever the answer does",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "The name of the file",
        "schema": {"type": "string"},
    },
    "X-FileName": {"description": "The name of the file", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds after which it is worth asking again",
        "schema": {"type": "integer", "minimum": 0},
    },
}

_FAILURES: Final[dict[int, tuple[str, str]]] = {
    400: ("BadRequest", "Malformed, of the wrong type, or a constraint does not hold"),
    401: ("Unauthorized", "Nobody is known by these credentials, or there are none"),
    403: ("Forbidden", "Not allowed for this caller, or for this document"),
    404: ("NotFound", "Something that the path names is not there"),
    405: ("MethodNotAllowed", "Not for this kind of element"),
    406: ("NotAcceptable", "None of the media types in Accept is there"),
    408: ("RequestTimeout", "It took longer than it may, or its body stopped arriving"),
    409: ("Conflict", "It is there already, or others depend on it"),
    412: ("PreconditionFailed", "The present state does not meet If-Match or If-None-Match"),
    413: ("PayloadTooLarge", "The body has more bytes than the server takes"),
    415: ("UnsupportedMediaType", "The body is of another media type"),
    416: ("RangeNotSatisfiable", "The range lies outside of the file"),
    500: ("InternalServerError", "The server failed; its log tells more"),
    501: ("NotImplemented", "Not carried out by this server version"),
    502: ("BadGateway", "The machine or server behind this element failed"),
    503: ("ServiceUnavailable", "The machine, or the store, cannot be reached now"),
    504: ("GatewayTimeout", "The machine did not answer in time"),
}
_RESULT: Final[Schema] = {"application/json": {"schema": typed("Result")}}


def response_components() -> dict[str, Schema]:
    """Return the shared responses by name."""
    responses: dict[str, Schema] = {
        name: {"description": text, "content": _RESULT} for name, text in _FAILURES.values()
    }
    responses["Failure"] = {"description": "Any other failure", "content": _RESULT}
    responses["NotModified"] = {"description": "The client has the present state"}
    return responses


def failure(status: int) -> Schema:
    """Return the reference to the failure with this status."""
    return {"$ref": f"#/components/responses/{_FAILURES[status][0]}"}


def other(name: str) -> Schema:
    """Return the reference to a shared response."""
    return {"$ref": f"#/components/responses/{name}"}
