"""From the error tree to HTTP: one table of status codes, one form of body.

Every failure carries a Result (IDTA-01002, error body), whoever found it: a handler, the
dispatcher, a page or the HTTP parser.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    DeviceTimedOut,
    DeviceUnreachable,
    Finding,
    Forbidden,
    InvalidDocument,
    NotAllowed,
    NotAllWritten,
    NotFound,
    NotSupported,
    PreconditionFailed,
    StoreUnavailable,
)
from aas_server.operations.delegate import DelegateFailed
from aas_server.operations.job import JobRefused, WorkFailed
from aas_server.query.engine import QueryTimeout
from aas_server.query.sparql.service import AnswerTooLarge, NoSuchForm

log = structlog.get_logger(__name__)


class MethodNotAllowed(NotAllowed):
    """A method that this path does not have; ``allow`` is the value of the Allow header."""

    def __init__(self, text: str, *, allow: str) -> None:
        super().__init__(text)
        self.allow = allow


class PayloadTooLarge(BadRequest):
    """A body of more bytes than the server takes."""

    code = "PayloadTooLarge"


class NotAcceptable(BadRequest):
    """An Accept header that names none of the forms that there are."""

    code = "NotAcceptable"


class UnsupportedMediaType(BadRequest):
    """A body that is declared to be of a type that the operation does not take."""

    code = "UnsupportedMediaType"


class UnsupportedCoding(UnsupportedMediaType):
    """A body in a content coding: bodies are taken as they are."""


class RequestTimeout(BadRequest):
    """A body that stopped arriving."""

    code = "RequestTimeout"


class RangeNotSatisfiable(AasError):
    """A range that begins behind the end of the file; ``size`` is how long that is."""

    code = "RangeNotSatisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has only {size} bytes", path="Range")
        self.size = size


class Overloaded(AasError):
    """More requests under way than the server takes."""

    code = "Overloaded"


_STATUS: Final[dict[type[AasError], int]] = {
    BadRequest: 400,
    DeviceRefusedValue: 400,
    Forbidden: 403,
    DeviceRefusedAccess: 403,
    NotFound: 404,
    NotAllowed: 405,
    NotAcceptable: 406,
    NoSuchForm: 406,
    RequestTimeout: 408,
    QueryTimeout: 408,
    Conflict: 409,
    PreconditionFailed: 412,
    PayloadTooLarge: 413,
    AnswerTooLarge: 413,
    UnsupportedMediaType: 415,
    RangeNotSatisfiable: 416,
    NotSupported: 501,
    DeviceFailed: 502,
    DelegateFailed: 502,
    DeviceUnreachable: 503,
    DeviceTimedOut: 504,
    StoreUnavailable: 503,
    Overloaded: 503,
    JobRefused: 503,
}
_STATUS_OF_CODE: Final = {kind.code: status for kind, status in _STATUS.items()}
_RETRY_AFTER: Final[Header] = (b"retry-after", b"5")
_CLOSE: Final[Header] = (b"connection", b"close")
_NO_CODING: Final[Header] = (b"accept-encoding", b"identity")


def error_response(
    error: Exception, clock: Clock, *, request: str = "", correlation_id: str | None = None
) -> Response:
    """Return the answer for ``error``; ``request`` is its method and path, for the log.

    An error that the user cannot act upon is answered with 500 and the correlation id under which
    it is logged, once and with its traceback; what it says stays inside.
    """
    correlation_id = correlation_id or getattr(error, "correlation_id", None) or clock.new_id()
    status = _status_of(error)
    if status is None or not isinstance(error, AasError):
        if not isinstance(error, WorkFailed):
            log.error(
                "request failed", request=request, correlation_id=correlation_id, exc_info=error
            )
        text = f"the server failed; its log tells more under the correlation id {correlation_id}"
        code = "InternalServerError"
        return result_response(500, code, text, clock, correlation_id=correlation_id)
    texts = [_text(error)]
    if isinstance(error, InvalidDocument):
        texts = [_finding_text(finding) for finding in error.findings]
    elif isinstance(error, NotAllWritten):
        texts += [_finding_text(finding) for finding in error.findings]
    body = result_body(error.code, texts, clock, correlation_id)
    return json_response(body, status=status, headers=_headers(error, status))


def _status_of(error: Exception) -> int | None:
    """Return the HTTP status of ``error``, None for one that nobody foresaw."""
    if isinstance(error, NotAllWritten):
        return max((_STATUS_OF_CODE.get(each.code, 500) for each in error.findings), default=None)
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)


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
        result_body(code, [text], clock, correlation_id), status=status, headers=headers
    )


def result_body(
    code: str, texts: Iterable[str], clock: Clock, correlation_id: str | None = None
) -> bytes:
    """Return the JSON text of a Result with a message of the type Error for each text."""
    correlation_id = correlation_id or clock.new_id()
    timestamp = to_iso(clock.now())
    messages = [
        {
            "code": code,
            "correlationId": correlation_id,
            "messageType": "Error",
            "text": text,
            "timestamp": timestamp,
        }
        for text in texts
    ]
    return encode_json({"messages": messages})


_NAMED: Final = ("AAS", "template:")
"""How codes begin that people can look up."""


def _finding_text(finding: Finding) -> str:
    place = f"{finding.path}: " if finding.path else ""
    constraint = f" ({finding.code})" if finding.code.startswith(_NAMED) else ""
    known = finding.code in finding.text
    return f"{place}{finding.text}{'' if known else constraint}"


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
    if isinstance(error, RangeNotSatisfiable):
        return ((b"content-range", b"bytes */%d" % error.size),)
    if isinstance(error, UnsupportedCoding):
        return (_NO_CODING,)
    if isinstance(error, PayloadTooLarge | RequestTimeout):
        # The rest of the body is on its way and nobody is going to read it.
        return (_CLOSE,)
    return (_RETRY_AFTER,) if status == 503 else ()
