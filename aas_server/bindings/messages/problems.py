"""What went wrong with a broker, in words, and what clients are told of it."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final

from aas_server.bindings.backoff import Failure
from aas_server.errors import (
    AasError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceUnreachable,
)
from aas_server.live.values import BAD_NO_COMMUNICATION, BAD_OUT_OF_RANGE, status_name

BAD_TIMEOUT: Final = 0x800A0000
BAD_USER_ACCESS_DENIED: Final = 0x801F0000
BAD_UNEXPECTED_ERROR: Final = 0x80010000
BAD_NOT_FOUND: Final = 0x803E0000

_NAMES: Final = {
    BAD_TIMEOUT: "BadTimeout",
    BAD_UNEXPECTED_ERROR: "BadUnexpectedError",
    BAD_NOT_FOUND: "BadNotFound",
}


class LinkLost(AasError):
    """A connection to a broker that stood has ended; the text says why."""

    code = "LinkLost"


class BrokerRefused(AasError):
    """A connection that the broker does not want, and will not want until somebody changes
    something: a user, a password.
    """

    code = "BrokerRefused"


class PlaceRefused(AasError):
    """A connection to a place of the broker that is not there now, or full: it may be soon."""

    code = "PlaceRefused"


def describe(error: BaseException) -> str:
    """Return what ``error`` means to the operator of a connection, in one line."""
    if isinstance(error, AasError):
        return error.text
    if isinstance(error, TimeoutError):
        return "the broker did not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no secured connection to the broker: {error.reason or error}"
    if isinstance(error, ConnectionRefusedError):
        return "the broker's host refuses the connection: nothing listens on this port"
    if isinstance(error, socket.gaierror):
        return "the broker's host name is not known"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def failure_of(error: BaseException) -> Failure:
    """Return what kind of failure ``error`` is."""
    if isinstance(error, BrokerRefused):
        return Failure.PERMANENT
    if isinstance(error, ssl.SSLCertVerificationError | AasError) and not isinstance(
        error, LinkLost
    ):
        return Failure.REFUSED_BY_US
    return Failure.LOST


def unreachable(text: str, *, path: str) -> DeviceUnreachable:
    """Return the error for a broker, or what is behind it, that cannot be reached."""
    return DeviceUnreachable(
        text, status_code=BAD_NO_COMMUNICATION, status_name="BadNoCommunication", path=path
    )


def unanswered(seconds: float, *, path: str) -> DeviceUnreachable:
    """Return the error for a broker that did not say whether it took a message."""
    return DeviceUnreachable(
        f"the broker did not answer within {seconds:g} s; it may yet take the value",
        status_code=BAD_TIMEOUT,
        status_name=_NAMES[BAD_TIMEOUT],
        path=path,
    )


def refused_access(text: str, *, path: str) -> DeviceRefusedAccess:
    """Return the error for what this user may not publish."""
    return DeviceRefusedAccess(
        text,
        status_code=BAD_USER_ACCESS_DENIED,
        status_name=status_name(BAD_USER_ACCESS_DENIED),
        path=path,
    )


def refused_value(text: str, *, path: str) -> DeviceRefusedValue:
    """Return the error for a value that cannot be published as it is."""
    return DeviceRefusedValue(
        text,
        status_code=BAD_OUT_OF_RANGE,
        status_name=status_name(BAD_OUT_OF_RANGE),
        path=path,
    )


def not_taken(text: str, *, path: str, status_code: int = BAD_UNEXPECTED_ERROR) -> DeviceFailed:
    """Return the error for a message that the broker has nobody to give to, or does not take."""
    return DeviceFailed(text, status_code=status_code, status_name=_NAMES[status_code], path=path)
