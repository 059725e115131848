"""What went wrong with an HTTP server, in words, and what clients are told of it."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import Final

import httpx

from aas_server.errors import (
    DeviceError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceUnreachable,
)
from aas_server.live.values import (
    BAD_CONFIGURATION_ERROR,
    BAD_NO_COMMUNICATION,
    BAD_OUT_OF_RANGE,
)

BAD_USER_ACCESS_DENIED: Final = 0x801F0000
BAD_NOT_FOUND: Final = 0x803E0000
BAD_DEVICE_FAILURE: Final = 0x808B0000
BAD_DECODING_ERROR: Final = 0x80070000
BAD_TIMEOUT: Final = 0x800A0000

_SHOWN: Final = 200
_OF_VALUE: Final = frozenset({400, 406, 409, 413, 415, 416, 422})
_OF_ACCESS: Final = frozenset({401, 403, 405})
_GONE: Final = frozenset({404, 410})


class AnswerProblem(Exception):
    """An answer that is none to read a value from, or that did not come.

    ``status_code`` is what the values get. ``is_lost``: there is no connection to the server.
    """

    def __init__(self, text: str, status_code: int, *, is_lost: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.status_code = status_code
        self.is_lost = is_lost


def no_answer(error: Exception) -> AnswerProblem:
    """Return what a request that failed means."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return AnswerProblem("the server does not answer", BAD_NO_COMMUNICATION, is_lost=True)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return AnswerProblem("the server did not answer in time", BAD_NO_COMMUNICATION)
    if isinstance(error, httpx.ConnectError):
        return AnswerProblem(_connecting(error), BAD_NO_COMMUNICATION, is_lost=True)
    reason = str(error) or type(error).__name__
    return AnswerProblem(f"no answer: {reason[:_SHOWN]}", BAD_NO_COMMUNICATION)


def refused_answer(status: int, body: bytes = b"") -> AnswerProblem:
    """Return what an answer that is no success means for the values that it should have had."""
    code = BAD_DEVICE_FAILURE
    if status in _GONE:
        code = BAD_NOT_FOUND
    elif status in _OF_ACCESS:
        code = BAD_USER_ACCESS_DENIED
    elif status < 500:
        code = BAD_CONFIGURATION_ERROR
    return AnswerProblem(f"the server answered {named(status, body)}", code)


def write_refused(status: int, body: bytes, *, path: str) -> DeviceError:
    """Return the error for a value that the server did not take."""
    text = f"the server answered {named(status, body)}"
    if status in _OF_VALUE:
        return DeviceRefusedValue(
            text, status_code=BAD_OUT_OF_RANGE, status_name="BadOutOfRange", path=path
        )
    if status in _OF_ACCESS:
        return DeviceRefusedAccess(
            text, status_code=BAD_USER_ACCESS_DENIED, status_name="BadUserAccessDenied", path=path
        )
    if status in _GONE:
        return DeviceFailed(text, status_code=BAD_NOT_FOUND, status_name="BadNotFound", path=path)
    return DeviceFailed(
        text, status_code=BAD_DEVICE_FAILURE, status_name="BadDeviceFailure", path=path
    )


def write_lost(error: Exception, *, path: str) -> DeviceUnreachable:
    """Return the error for a value of which nobody knows whether it arrived."""
    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout | TimeoutError):
        return DeviceUnreachable(
            "the server did not answer in time; it may yet take the value",
            status_code=BAD_TIMEOUT,
            status_name="BadTimeout",
            path=path,
        )
    return DeviceUnreachable(
        no_answer(error).text,
        status_code=BAD_NO_COMMUNICATION,
        status_name="BadNoCommunication",
        path=path,
    )


def named(status: int, body: bytes = b"") -> str:
    """Return a status with its name, and the beginning of what a short text says of it."""
    try:
        name = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        name = str(status)
    text = " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
    is_text = text.isprintable() and not text.startswith("<")
    return f"{name}: {text[:_SHOWN]}" if text and is_text else name


def _connecting(error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not trusted: {cause.verify_message}"
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    if "certificate verify failed" in text.lower():
        return "the server's certificate is not trusted"
    return f"no connection to the server: {text[:_SHOWN] or 'it cannot be reached'}"
