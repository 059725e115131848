"""From the error tree to HTTP: one table of status codes, one form of body.

Every failure carries a Result (IDTA-01002, error body), whoever found it: a handler, the
dispatcher, a page or the HTTP parser.
"""

from __future__ import annotations

from typing import Final

import structlog

from aas_server.api.responses import Header, Response, encode_json, json_response
from aas_server.clock import Clock, to_iso
from aas_server.errors import (
    AasError,
    BadRequest,
    Conflict,
    DeviceError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceUnreachable,
    Forbidden,
    NotAllowed,
    NotFound,
    StoreUnavailable,
)

log = structlog.get_logger(__name__)


class MethodNotAllowed(NotAllowed):
    """A method that this path does not have; ``allow`` is the value of the Allow header."""

    def __init__(self, text: str, *, allow: str) -> None:
        super().__init__(text)
        self.allow = allow


class PayloadTooLarge(BadRequest):
    """A body of more bytes than the server takes."""

    code = "PayloadTooLarge"


class UnsupportedMediaType(BadRequest):
    """A body that is declared to be something else than JSON."""

    code = "UnsupportedMediaType"


_STATUS: Final[dict[type[AasError], int]] = {
    BadRequest: 400,
    DeviceRefusedValue: 400,
    Forbidden: 403,
    DeviceRefusedAccess: 403,
    NotFound: 404,
    NotAllowed: 405,
    Conflict: 409,
    PayloadTooLarge: 413,
    UnsupportedMediaType: 415,
    DeviceFailed: 502,
    DeviceUnreachable: 503,
    StoreUnavailable: 503,
}
_RETRY_AFTER: Final[Header] = (b"retry-after", b"5")
_CLOSE: Final[Header] = (b"connection", b"close")


def error_response(error: Exception, clock: Clock, *, request: str = "") -> Response:
    """Return the answer for ``error``; ``request`` is its method and path, for the log.

    An error that the user cannot act upon is answered with 500 and the correlation id under which
    it is logged, once and with its traceback; what it says stays inside.
    """
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
    if status is None or not isinstance(error, AasError):
        correlation_id = clock.new_id()
        log.error("request failed", request=request, correlation_id=correlation_id, exc_info=error)
        text = f"the server failed; its log tells more under the correlation id {correlation_id}"
        return result_response(
            500, "InternalServerError", text, clock, correlation_id=correlation_id
        )
    return result_response(status, error.code, _text(error), clock, headers=_headers(error, status))


def result_response(
    status: int,
    code: str,
    text: str,
    clock: Clock,
    *,
    headers: tuple[Header, ...] = (),
    correlation_id: str | None = None,
) -> Response:
    """Return a failure as a Result with one message."""
    return json_response(
        result_body(code, text, clock, correlation_id), status=status, headers=headers
    )


def result_body(code: str, text: str, clock: Clock, correlation_id: str | None = None) -> bytes:
    """Return the JSON text of a Result with one message of the type Error."""
    message = {
        "code": code,
        "correlationId": correlation_id or clock.new_id(),
        "messageType": "Error",
        "text": text,
        "timestamp": to_iso(clock.now()),
    }
    return encode_json({"messages": [message]})


def _text(error: AasError) -> str:
    text = str(error)
    if isinstance(error, DeviceError):
        status = f"{error.status_name} (0x{error.status_code:08X})"
        if status not in text:
            return f"{text}: the device's status is {status}"
    return text


def _headers(error: AasError, status: int) -> tuple[Header, ...]:
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", error.allow.encode()),)
    if isinstance(error, PayloadTooLarge):
        # The rest of the body is on its way and nobody is going to read it.
        return (_CLOSE,)
    return (_RETRY_AFTER,) if status == 503 else ()
