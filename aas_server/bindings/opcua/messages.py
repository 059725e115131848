"""What a server says to a PublishRequest or a RepublishRequest: the frame around notifications
(OPC 10000-4 7.25, OPC 10000-6 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.opcua.notifications import Notification, decode_data_change

_U32: Final = Struct("<I")
_I32: Final = Struct("<i")
_SUBSCRIPTION: Final = Struct("<Ii")
_MORE: Final = 1
_MESSAGE: Final = Struct("<Iqi")
_HEADER: Final = Struct("<BBHqIIBiBBB")
"""The usual head of a response: type id of four bytes, then a ResponseHeader without diagnostics,
texts and additional header.
"""

_DATA_CHANGE: Final = ObjectIds.DataChangeNotification_Encoding_DefaultBinary
_STATUS_CHANGE: Final = ObjectIds.StatusChangeNotification_Encoding_DefaultBinary
_EVENTS: Final = ObjectIds.EventNotificationList_Encoding_DefaultBinary

Event = tuple[int, list[ua.Variant]]
"""Client handle of the item, and the fields that its select clauses asked for."""


@dataclass(slots=True)
class PublishMessage:
    """One message of a subscription: which of its messages it is, what it says.

    A ``keep_alive`` carries nothing; its sequence number is that of the next message that does.
    ``status_change`` is set when the server ends the subscription. ``undecodable`` counts
    notifications that were lost because their bytes make no sense. ``available`` are the messages
    that the server still keeps for Republish.
    """

    subscription_id: int
    sequence_number: int
    keep_alive: bool
    available: tuple[int, ...] = ()
    notifications: list[Notification] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    status_change: int | None = None
    undecodable: int = 0


def decode_publish_response(data: bytes) -> PublishMessage:
    """Return what the body of a PublishResponse says; ``data`` begins with its type id.

    Raises ``UaStatusCodeError`` for a bad service result and ``ValueError`` when the frame itself
    makes no sense.
    """
    try:
        position = _after_header(data)
        subscription_id, count = _SUBSCRIPTION.unpack_from(data, position)
        position += _SUBSCRIPTION.size
        available: tuple[int, ...] = ()
        if count > 0:
            available = Struct(f"<{count}I").unpack_from(data, position)
            position += 4 * count
        return _decode_message(data, position + _MORE, subscription_id, available)
    except UaStatusCodeError:
        raise
    except Exception as error:
        raise ValueError(f"a publish response that cannot be read: {error}") from error


def decode_republish_response(data: bytes, subscription_id: int) -> PublishMessage:
    """Return the message that a server sent once more; as ``decode_publish_response``."""
    try:
        return _decode_message(data, _after_header(data), subscription_id, ())
    except UaStatusCodeError:
        raise
    except Exception as error:
        raise ValueError(f"a republish response that cannot be read: {error}") from error


def _after_header(data: bytes) -> int:
    """Return where the ResponseHeader ends; raises ``UaStatusCodeError`` for a bad result."""
    if len(data) >= _HEADER.size:
        form, namespace, _, _, _, status, diagnostics, texts, *more = _HEADER.unpack_from(data)
        usual = (form, namespace, status, diagnostics, *more) == (1, 0, 0, 0, 0, 0, 0)
        if usual and texts <= 0:
            return _HEADER.size
    buffer = Buffer(data)
    nodeid_from_binary(buffer)
    struct_from_binary(ua.ResponseHeader, buffer).ServiceResult.check()
    return len(data) - len(buffer)


def _decode_message(
    data: bytes, position: int, subscription_id: int, available: tuple[int, ...]
) -> PublishMessage:
    sequence_number, _, count = _MESSAGE.unpack_from(data, position)
    position += _MESSAGE.size
    message = PublishMessage(subscription_id, sequence_number, count <= 0, available)
    for _ in range(count):
        buffer = Buffer(data, position)
        type_id = nodeid_from_binary(buffer).Identifier
        position = len(data) - len(buffer) + 5
        length = _I32.unpack_from(data, position - 4)[0]
        if data[position - 5] != 1 or length < 0:
            raise ValueError("a notification without a body")
        if type_id == _DATA_CHANGE:
            values, lost = decode_data_change(data, position)
            message.undecodable += lost
            message.notifications = message.notifications + values if count > 1 else values
        elif type_id == _EVENTS:
            _decode_events(data, position, message)
        elif type_id == _STATUS_CHANGE:
            message.status_change = _U32.unpack_from(data, position)[0]
        position += length
    return message


def _decode_events(data: bytes, position: int, message: PublishMessage) -> None:
    """Append the events of one EventNotificationList; count those that come after one without
    sense.
    """
    count = _I32.unpack_from(data, position)[0]
    buffer = Buffer(data, position + 4)
    done = 0
    try:
        for done in range(count):  # noqa: B007 -- tells how many were decoded
            fields = struct_from_binary(ua.EventFieldList, buffer)
            message.events.append((fields.ClientHandle, fields.EventFields))
    except Exception:  # any bytes may come; what is lost is counted
        message.undecodable += count - done
