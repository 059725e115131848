"""Failures in an operator's words, and what a client gets for a device's status."""

from __future__ import annotations

import socket

import pytest
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.backoff import Failure
from aas_server.bindings.opcua.problems import (
    ConnectionRefused,
    describe,
    device_error,
    failure_of,
    is_permanent,
    status_name,
)
from aas_server.errors import (
    ConfigurationError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceTimedOut,
    DeviceUnreachable,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x80740000, DeviceRefusedValue),
        (0x803C0000, DeviceRefusedValue),
        (0x803C0480, DeviceRefusedValue),
        (0x801F0000, DeviceRefusedAccess),
        (0x803B0000, DeviceRefusedAccess),
        (0x800A0000, DeviceTimedOut),
        (0x80850000, DeviceTimedOut),
        (0x80250000, DeviceUnreachable),
        (0x80310000, DeviceUnreachable),
        (0x808B0000, DeviceFailed),
        (0x80730000, DeviceFailed),
    ],
)
def test_a_status_becomes_the_error_that_says_whose_turn_it_is(
    status: int, kind: type[Exception]
) -> None:
    error = device_error(status, "text", path="p")

    assert type(error) is kind
    assert error.status_code == status
    assert error.status_name == status_name(status)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "x"), "nothing listens"),
        (TimeoutError(), "in time"),
        (socket.gaierror(-2, "x"), "host name"),
        (ConnectionError("Connection is closed"), "closed the connection"),
        (UaStatusCodeError(0x801F0000), "BadUserAccessDenied"),
        (UaStatusCodeError(0x801A0000), "Does the machine trust our certificate"),
        (ConnectionRefused("not trusted"), "not trusted"),
        (ConfigurationError("is empty", path="secrets/mill"), "secrets/mill: is empty"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_failure_is_told_in_one_line(error: Exception, words: str) -> None:
    assert words in describe(error)
    assert "\n" not in describe(error)


@pytest.mark.parametrize("status", [0x801F0000, 0x80210000, 0x801A0000, 0x80170000, 0x80550000])
def test_credentials_and_certificates_are_not_tried_again_soon(status: int) -> None:
    assert is_permanent(UaStatusCodeError(status))


@pytest.mark.parametrize(
    "error", [TimeoutError(), ConnectionRefusedError(), UaStatusCodeError(0x80020000)]
)
def test_what_passes_by_itself_is_tried_again_soon(error: Exception) -> None:
    assert not is_permanent(error)


def test_a_status_without_a_name_is_told_as_its_number() -> None:
    assert status_name(0x8FFF0000) == "0x8FFF0000"


@pytest.mark.parametrize("error", [ConnectionRefused("x"), ConfigurationError("x")])
def test_what_somebody_must_mend_here_is_tried_again_after_a_while(error: Exception) -> None:
    assert is_permanent(error)
    assert failure_of(error) is Failure.REFUSED_BY_US
