"""What went wrong with a connection or a node, in words and as a status code."""

from __future__ import annotations

import os
import socket
from typing import Final

from asyncua.ua.status_codes import StatusCodes, get_name_and_doc
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.backoff import Failure
from aas_server.errors import (
    AasError,
    ConfigurationError,
    DeviceError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceTimedOut,
    DeviceUnreachable,
)
from aas_server.live.values import BAD_NO_COMMUNICATION

CODE_MASK: Final = 0xFFFF0000
"""Severity and sub-code of a StatusCode without its info bits (OPC 10000-4 7.39)."""

BAD_TIMEOUT: Final = 0x800A0000

_Codes = StatusCodes

_REFUSED_VALUE: Final = frozenset(
    {
        _Codes.BadTypeMismatch,
        _Codes.BadOutOfRange,
        _Codes.BadInvalidArgument,
        _Codes.BadArgumentsMissing,
        _Codes.BadTooManyArguments,
    }
)
_REFUSED_ACCESS: Final = frozenset(
    {
        _Codes.BadUserAccessDenied,
        _Codes.BadNotWritable,
        _Codes.BadNotExecutable,
        _Codes.BadSecurityModeInsufficient,
    }
)
_UNREACHABLE: Final = frozenset(
    {
        _Codes.BadCommunicationError,
        _Codes.BadShutdown,
        _Codes.BadServerNotConnected,
        _Codes.BadServerHalted,
        _Codes.BadNoCommunication,
        _Codes.BadNotConnected,
        _Codes.BadConnectionClosed,
        _Codes.BadSecureChannelClosed,
        _Codes.BadSecureChannelIdInvalid,
        _Codes.BadSessionIdInvalid,
        _Codes.BadSessionClosed,
        _Codes.BadSessionNotActivated,
        _Codes.BadTcpSecureChannelUnknown,
        _Codes.BadTcpServerTooBusy,
    }
)
_TIMED_OUT: Final = frozenset({_Codes.BadTimeout, _Codes.BadRequestTimeout})
_PERMANENT: Final = frozenset(
    {
        _Codes.BadIdentityTokenInvalid,
        _Codes.BadIdentityTokenRejected,
        _Codes.BadUserAccessDenied,
        _Codes.BadUserSignatureInvalid,
        _Codes.BadSecurityPolicyRejected,
        _Codes.BadSecurityModeRejected,
        _Codes.BadSecurityChecksFailed,
        _Codes.BadApplicationSignatureInvalid,
        _Codes.BadNoValidCertificates,
    }
)


_DISTRUST: Final = frozenset(
    {
        _Codes.BadCertificateUntrusted,
        _Codes.BadSecurityChecksFailed,
        _Codes.BadCertificateUriInvalid,
        _Codes.BadCertificateInvalid,
        _Codes.BadCertificateChainIncomplete,
        _Codes.BadNoValidCertificates,
    }
)


class ConnectionRefused(AasError):
    """We do not talk to this server, or not in this way: its certificate, our password, its
    endpoints.

    Somebody must change something before another attempt can succeed.
    """

    code = "ConnectionRefused"


class LinkLost(AasError):
    """A connection that worked stopped working."""

    code = "LinkLost"


def status_name(status_code: int) -> str:
    """Return the symbolic name of ``status_code``, or its eight hexadecimal digits when it has
    none.
    """
    name, _ = get_name_and_doc(status_code & CODE_MASK)
    return f"0x{status_code:08X}" if name in ("Bad", "Uncertain") else name


def describe_status(status_code: int) -> str:
    """Return the name of ``status_code`` and what the standard says about it."""
    name, explanation = get_name_and_doc(status_code & CODE_MASK)
    return (
        f"{status_name(status_code)}: {explanation}" if name != "Bad" else status_name(status_code)
    )


def describe(error: BaseException) -> str:
    """Return what ``error`` means to the operator of a connection, in one line."""
    if isinstance(error, AasError):
        # A file that is wrong is named; of a device's error the connection is.
        return str(error) if isinstance(error, ConfigurationError) else error.text
    if isinstance(error, UaStatusCodeError):
        text = describe_status(error.code)
        if is_distrust(error.code):
            text += " Does the machine trust our certificate ('aas-server pki show')?"
        return text
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the server's host refuses the connection: nothing listens on this port"
    if isinstance(error, socket.gaierror):
        return "the host name is not known"
    if isinstance(error, ConnectionError) and not error.errno:
        return "the server closed the connection"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def is_distrust(status_code: int) -> bool:
    """Return whether a server says so to a client whose certificate it does not take."""
    return status_code & CODE_MASK in _DISTRUST


def is_permanent(error: BaseException) -> bool:
    """Return whether trying again soon is useless or harmful: credentials, certificates, refused
    policies.
    """
    if isinstance(error, ConnectionRefused | ConfigurationError):
        return True
    if not isinstance(error, UaStatusCodeError):
        return False
    return error.code in _PERMANENT or status_name(error.code).startswith("BadCertificate")


def failure_of(error: BaseException) -> Failure:
    """Return what kind of failure ``error`` is to a connection."""
    if isinstance(error, ConnectionRefused | ConfigurationError):
        return Failure.REFUSED_BY_US
    return Failure.PERMANENT if is_permanent(error) else Failure.LOST


def device_error(status_code: int, text: str, *, path: str) -> DeviceError:
    """Return the error that a client gets for the device's ``status_code``."""
    bare = status_code & CODE_MASK
    kind: type[DeviceError] = DeviceFailed
    if bare in _REFUSED_VALUE:
        kind = DeviceRefusedValue
    elif bare in _REFUSED_ACCESS:
        kind = DeviceRefusedAccess
    elif bare in _TIMED_OUT:
        kind = DeviceTimedOut
    elif bare in _UNREACHABLE:
        kind = DeviceUnreachable
    return kind(text, status_code=status_code, status_name=status_name(status_code), path=path)


def unreachable(text: str, *, path: str) -> DeviceUnreachable:
    """Return the error for a device that cannot be asked."""
    return DeviceUnreachable(
        text,
        status_code=BAD_NO_COMMUNICATION,
        status_name=status_name(BAD_NO_COMMUNICATION),
        path=path,
    )


def timed_out(text: str, *, path: str) -> DeviceTimedOut:
    """Return the error for a device that was asked and did not answer in time."""
    return DeviceTimedOut(
        text, status_code=BAD_TIMEOUT, status_name=status_name(BAD_TIMEOUT), path=path
    )
