"""A live value: never without its quality and its times."""

from __future__ import annotations

import enum
from typing import Any, Final

import msgspec


class Quality(enum.Enum):
    """How far a value may be trusted; the severity of its status code (OPC 10000-4 7.39)."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


GOOD: Final = 0x00000000
UNCERTAIN: Final = 0x40000000
UNCERTAIN_INITIAL_VALUE: Final = 0x40920000
UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE: Final = 0x408F0000
UNCERTAIN_LAST_USABLE_VALUE: Final = 0x40900000
BAD_NO_COMMUNICATION: Final = 0x80310000
BAD_CONFIGURATION_ERROR: Final = 0x80890000
BAD_NOT_CONNECTED: Final = 0x808A0000
BAD_SENSOR_FAILURE: Final = 0x808C0000
BAD_WAITING_FOR_INITIAL_DATA: Final = 0x80320000
BAD_TYPE_MISMATCH: Final = 0x80740000
BAD_OUT_OF_RANGE: Final = 0x803C0000
BAD_ENCODING_LIMITS_EXCEEDED: Final = 0x80080000

SEMANTICS_CHANGED: Final = 0x4000
"""Bit of a status code: what values mean changed, their range or unit (OPC 10000-4 7.39)."""

STATUS_NAMES: Final = {
    GOOD: "Good",
    UNCERTAIN: "Uncertain",
    UNCERTAIN_INITIAL_VALUE: "UncertainInitialValue",
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE: "UncertainNoCommunicationLastUsableValue",
    UNCERTAIN_LAST_USABLE_VALUE: "UncertainLastUsableValue",
    BAD_NO_COMMUNICATION: "BadNoCommunication",
    BAD_CONFIGURATION_ERROR: "BadConfigurationError",
    BAD_NOT_CONNECTED: "BadNotConnected",
    BAD_SENSOR_FAILURE: "BadSensorFailure",
    BAD_WAITING_FOR_INITIAL_DATA: "BadWaitingForInitialData",
    BAD_TYPE_MISMATCH: "BadTypeMismatch",
    BAD_OUT_OF_RANGE: "BadOutOfRange",
    BAD_ENCODING_LIMITS_EXCEEDED: "BadEncodingLimitsExceeded",
    0x00960000: "GoodLocalOverride",
    0x40930000: "UncertainSensorNotAccurate",
    0x40940000: "UncertainEngineeringUnitsExceeded",
    0x40950000: "UncertainSubNormal",
    0x80330000: "BadNodeIdInvalid",
    0x80340000: "BadNodeIdUnknown",
    0x80350000: "BadAttributeIdInvalid",
    0x80070000: "BadDecodingError",
    0x809B0000: "BadNoData",
    0x803A0000: "BadNotReadable",
    0x803B0000: "BadNotWritable",
    0x801F0000: "BadUserAccessDenied",
    0x808B0000: "BadDeviceFailure",
    0x808D0000: "BadOutOfService",
}
"""Symbolic names of the status codes that values usually carry."""

_SEVERITY: Final = (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.BAD)


def quality_of(status_code: int) -> Quality:
    """Return the quality that the two severity bits of an OPC UA StatusCode say."""
    return _SEVERITY[status_code >> 30]


def status_name(status_code: int) -> str:
    """Return the symbolic name of ``status_code``, or its eight hexadecimal digits."""
    return STATUS_NAMES.get(status_code & 0xFFFF0000, f"0x{status_code:08X}")


class LiveValue(msgspec.Struct, frozen=True, gc=False):
    """One value on its way from the device to the last client.

    ``value`` fits the sink: a Python scalar for a Property, a list of langStrings for a
    MultiLanguageProperty, for composites as ``shapes`` says, None when there has never been one.
    ``status_code`` is an OPC UA StatusCode. Timestamps are microseconds since the epoch:
    ``source_timestamp`` when the device took the value, ``received_timestamp`` when the server last
    heard of it; None when unknown.

    A Struct, because a hundred thousand a second are made; it holds nothing that could lead back to
    it, so the garbage collector need not look. ``msgspec.structs.replace`` makes another.
    """

    value: Any
    quality: Quality
    status_code: int
    source_timestamp: int | None
    received_timestamp: int | None


NEVER_RECEIVED: Final = LiveValue(None, Quality.UNCERTAIN, UNCERTAIN_INITIAL_VALUE, None, None)
"""What a point shows before its source has spoken."""
