"""The decoder of publish responses agrees with asyncua's own, value for value."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from struct import pack
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError

from aas_server.bindings.opcua.messages import decode_publish_response, decode_republish_response
from aas_server.bindings.opcua.variants import Structure, sample

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 891000, tzinfo=UTC)
EARLIER = datetime(2026, 3, 4, 5, 6, 6, tzinfo=UTC)
V = ua.VariantType


def variant(value: Any, variant_type: ua.VariantType) -> ua.Variant:
    return ua.Variant(value, variant_type)


VARIANTS = [
    variant(True, V.Boolean),
    variant(-5, V.SByte),
    variant(200, V.Byte),
    variant(-30000, V.Int16),
    variant(60000, V.UInt16),
    variant(-(2**31), V.Int32),
    variant(2**32 - 1, V.UInt32),
    variant(-(2**63), V.Int64),
    variant(2**64 - 1, V.UInt64),
    variant(0.1, V.Float),
    variant(1e-300, V.Double),
    variant("Drehzahl °", V.String),
    variant("", V.String),
    variant(None, V.String),
    variant(MOMENT, V.DateTime),
    variant(datetime(1601, 1, 1, tzinfo=UTC), V.DateTime),
    variant(uuid.UUID(int=7), V.Guid),
    variant(b"\x00\xff", V.ByteString),
    variant(ua.NodeId("a", 2), V.NodeId),
    variant(ua.StatusCode(0x80340000), V.StatusCode),
    variant(ua.QualifiedName("n", 1), V.QualifiedName),
    variant(ua.LocalizedText("Fräse", "de"), V.LocalizedText),
    variant(ua.LocalizedText("mill"), V.LocalizedText),
    variant([1.5, 2.5], V.Double),
    variant([0.1, 0.2], V.Float),
    variant([], V.Int32),
    variant(["a", None, "b"], V.String),
    variant([MOMENT, EARLIER], V.DateTime),
    variant([True, False], V.Boolean),
    variant([[1, 2], [3, 4]], V.Int32),
    variant([ua.LocalizedText("a", "en")], V.LocalizedText),
    variant([ua.Variant(1, V.Int16), ua.Variant("x", V.String)], V.Variant),
    ua.Variant(),
]


def response(*values: ua.DataValue, **changes: Any) -> bytes:
    notification = ua.DataChangeNotification(
        [ua.MonitoredItemNotification(handle, value) for handle, value in enumerate(values)]
    )
    return publish_response([notification] if values else [], **changes)


def publish_response(notifications: list[Any], *, status: int = 0) -> bytes:
    result = ua.PublishResult(
        SubscriptionId=17,
        AvailableSequenceNumbers=[4, 5],
        NotificationMessage=ua.NotificationMessage(6, MOMENT, notifications),
    )
    header = ua.ResponseHeader(ServiceResult=ua.StatusCode(status))
    return struct_to_binary(ua.PublishResponse(ResponseHeader=header, Parameters=result))


@pytest.mark.parametrize("value", VARIANTS, ids=lambda v: f"{v.VariantType.name}-{v.Value!r:.20}")
@pytest.mark.parametrize("status", [None, 0x40900000, 0x80340480])
@pytest.mark.parametrize("source", [None, MOMENT])
@pytest.mark.parametrize("server", [None, EARLIER])
def test_every_value_decodes_as_asyncua_decodes_it(
    value: ua.Variant, status: int | None, source: datetime | None, server: datetime | None
) -> None:
    data_value = ua.DataValue(
        value,
        None if status is None else ua.StatusCode(status),
        source,
        server,
        SourcePicoseconds=3 if source else None,
        ServerPicoseconds=4 if server else None,
    )
    body = response(data_value, ua.DataValue(ua.Variant(1, V.Byte)))

    message = decode_publish_response(body)

    decoded = struct_from_binary(ua.PublishResponse, Buffer(body))
    items = decoded.Parameters.NotificationMessage.NotificationData[0].MonitoredItems
    expected = sample(items[0].Value)
    assert message.notifications == [
        (0, expected.value, expected.status_code, expected.source_timestamp),
        (1, 1, 0, None),
    ]
    assert message.undecodable == 0


@pytest.mark.parametrize("variant_type", [V.Double, V.Float, V.Int32, V.Boolean])
@pytest.mark.parametrize("status", [None, 0, 0x40930480])
def test_values_of_one_kind_decode_together_as_each_does_alone(
    variant_type: ua.VariantType, status: int | None
) -> None:
    code = None if status is None else ua.StatusCode(status)
    sentinel = datetime(1601, 1, 1, tzinfo=UTC)
    values = [
        ua.DataValue(ua.Variant(number % 2, variant_type), code, moment, EARLIER)
        for number, moment in enumerate([MOMENT] * 6 + [sentinel] + [EARLIER] * 5)
    ]
    values.insert(9, ua.DataValue(ua.Variant("x", V.String), code, MOMENT))

    message = decode_publish_response(response(*values))

    expected = [sample(value) for value in values]
    assert message.notifications == [
        (handle, each.value, each.status_code, each.source_timestamp)
        for handle, each in enumerate(expected)
    ]


def test_values_that_come_one_by_one_and_in_a_row_may_follow_each_other() -> None:
    kinds = [V.Double, V.Double, V.Int16, V.Int16, V.Int16, V.Int16, V.Int16, V.Byte, V.Double]
    values = [ua.DataValue(ua.Variant(3, kind), SourceTimestamp=MOMENT) for kind in kinds]

    notifications = decode_publish_response(response(*values)).notifications

    assert [(handle, value) for handle, value, _, _ in notifications] == [
        (handle, 3) for handle in range(len(kinds))
    ]


def test_events_are_told_by_item_with_their_fields() -> None:
    events = ua.EventNotificationList(
        [
            ua.EventFieldList(3, [ua.Variant(500, V.UInt16), ua.Variant("hot", V.String)]),
            ua.EventFieldList(4, [ua.Variant()]),
        ]
    )
    value = ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant(1, V.Byte)))

    message = decode_publish_response(
        publish_response([events, ua.DataChangeNotification([value])])
    )

    (first, fields), (second, nothing) = message.events
    assert (first, [field.Value for field in fields]) == (3, [500, "hot"])
    assert (second, [field.Value for field in nothing]) == (4, [None])
    assert message.notifications == [(1, 1, 0, None)]


def test_an_event_without_sense_costs_those_behind_it_and_no_value() -> None:
    events = ua.EventNotificationList(
        [ua.EventFieldList(3, [ua.Variant("one", V.String)]) for _ in range(3)]
    )
    value = ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant(1, V.Byte)))
    body = publish_response([events, ua.DataChangeNotification([value])])
    second = body.index(b"one", body.index(b"one") + 1)
    body = body[: second - 4] + b"\xff\xff\xff\x7f" + body[second:]

    message = decode_publish_response(body)

    assert (len(message.events), message.undecodable) == (1, 2)
    assert message.notifications == [(1, 1, 0, None)]


def test_a_message_that_was_asked_for_again_reads_as_the_first_time() -> None:
    value = ua.MonitoredItemNotification(7, ua.DataValue(ua.Variant(1.5, V.Double)))
    message = ua.NotificationMessage(6, MOMENT, [ua.DataChangeNotification([value])])
    body = struct_to_binary(ua.RepublishResponse(NotificationMessage=message))

    again = decode_republish_response(body, 17)

    assert (again.subscription_id, again.sequence_number) == (17, 6)
    assert again.notifications == [(7, 1.5, 0, None)]


def test_a_message_tells_what_the_server_still_keeps() -> None:
    assert decode_publish_response(response()).available == (4, 5)


def test_a_message_tells_its_subscription_and_its_number() -> None:
    message = decode_publish_response(response(ua.DataValue(ua.Variant(1, V.Byte))))

    assert (message.subscription_id, message.sequence_number, message.keep_alive) == (17, 6, False)


def test_a_message_without_notifications_is_a_keep_alive() -> None:
    assert decode_publish_response(response()).keep_alive


def test_structures_are_skipped_and_the_values_behind_them_are_read() -> None:
    unknown = ua.ExtensionObject(TypeId=ua.NodeId(4711, 3), Body=b"\x01\x02\x03")
    message = decode_publish_response(
        response(
            ua.DataValue(ua.Variant(unknown, V.ExtensionObject)),
            ua.DataValue(ua.Variant([ua.Range(1, 2), ua.Range(3, 4)], V.ExtensionObject)),
            ua.DataValue(ua.Variant(5.5, V.Double)),
        )
    )

    first, second, third = (value for _, value, _, _ in message.notifications)
    assert first == Structure("ns=3;i=4711", b"\x01\x02\x03")
    assert second == [Structure("i=886", pack("<2d", *each)) for each in ((1, 2), (3, 4))]
    assert third == 5.5


def test_a_status_change_is_told() -> None:
    change = ua.StatusChangeNotification(ua.StatusCode(0x800A0000))

    assert decode_publish_response(publish_response([change])).status_change == 0x800A0000


def test_what_is_behind_bytes_without_sense_is_counted_and_what_is_before_them_is_kept() -> None:
    text = ua.DataValue(ua.Variant("0123456789", V.String))
    body = response(ua.DataValue(ua.Variant(1, V.Byte)), text, text)
    broken = body.replace(b"\x0a\x00\x00\x000123456789", b"\xff\xff\xff\x7f0123456789", 1)

    message = decode_publish_response(broken)

    assert [value for _, value, _, _ in message.notifications] == [1]
    assert message.undecodable == 2


def test_a_text_that_is_no_utf_8_is_shown_with_replacement_characters() -> None:
    body = response(ua.DataValue(ua.Variant("abcd", V.String))).replace(b"abcd", b"ab\xff\xfe")

    assert decode_publish_response(body).notifications[0][1] == "ab\ufffd\ufffd"


def test_a_bad_service_result_is_raised_as_such() -> None:
    with pytest.raises(UaStatusCodeError, match="BadNoSubscription"):
        decode_publish_response(publish_response([], status=0x80790000))


def test_random_bytes_never_raise_anything_but_what_is_promised() -> None:
    chance = random.Random(1)
    body = response(*(ua.DataValue(value, SourceTimestamp=MOMENT) for value in VARIANTS))
    for _ in range(3000):
        mangled = bytearray(body[: chance.randrange(len(body))] if chance.random() < 0.3 else body)
        for _ in range(chance.randrange(1, 6)):
            if mangled:
                mangled[chance.randrange(len(mangled))] = chance.randrange(256)
        try:
            decode_publish_response(bytes(mangled))
        except (ValueError, UaStatusCodeError):
            continue
