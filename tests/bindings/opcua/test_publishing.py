"""Messages are taken in order, acknowledged once, asked for again, and never more than wait."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError
from prometheus_client import CollectorRegistry

from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.opcua.problems import LinkLost
from aas_server.bindings.opcua.publishing import PUBLISH_REQUESTS, Publishing
from aas_server.bindings.opcua.subscription import Subscription
from tests.support.clock import FakeClock

TOO_MANY_PUBLISH_REQUESTS = 0x80780000
MESSAGE_NOT_AVAILABLE = 0x807B0000
LAST_NUMBER = 2**32 - 1
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


def message(number: int, *values: float, subscription: int = 1) -> bytes:
    notification = ua.DataChangeNotification(
        [
            ua.MonitoredItemNotification(1, ua.DataValue(ua.Variant(value, ua.VariantType.Double)))
            for value in values
        ]
    )
    data: list[Any] = [notification] if values else []
    result = ua.PublishResult(
        SubscriptionId=subscription,
        NotificationMessage=ua.NotificationMessage(number, MOMENT, data),
    )
    return struct_to_binary(ua.PublishResponse(Parameters=result))


class Server:
    """Answers PublishRequests with what it has to say, and keeps what it is told to."""

    def __init__(self, *messages: bytes | int) -> None:
        self.messages = deque(messages)
        self.kept: dict[int, float] = {}
        self.acknowledged: list[tuple[int, int]] = []
        self.waiting = self.most_waiting = 0

    async def publish(self, acknowledged: list[tuple[int, int]]) -> bytes:
        self.acknowledged += acknowledged
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            await asyncio.sleep(0)
            if not self.messages:
                await asyncio.Event().wait()
            answer = self.messages.popleft()
        finally:
            self.waiting -= 1
        if isinstance(answer, int):
            raise UaStatusCodeError(answer)
        return answer

    async def republish(self, subscription_id: int, number: int) -> bytes:
        if number not in self.kept:
            raise UaStatusCodeError(MESSAGE_NOT_AVAILABLE)
        value = ua.DataValue(ua.Variant(self.kept[number], ua.VariantType.Double))
        data: list[Any] = [ua.DataChangeNotification([ua.MonitoredItemNotification(1, value)])]
        return struct_to_binary(
            ua.RepublishResponse(NotificationMessage=ua.NotificationMessage(number, MOMENT, data))
        )


class Shelf:
    """Takes in values and keeps them."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.closed = False

    def take_values(self, notifications: list[tuple[int, float, int, int | None]]) -> None:
        self.values += [value for _, value, _, _ in notifications]


class Bench:
    def __init__(self, server: Server, *subscriptions: int) -> None:
        self.shelf = Shelf()
        self.registry = CollectorRegistry()
        self.reread: list[int] = []
        counters = BindingMetrics(self.registry).of("machine")
        self.publishing = Publishing(server, self.shelf, FakeClock(), counters)  # type: ignore[arg-type]
        self.publishing.reread = self._reread
        for number in subscriptions or (1,):
            self.publishing.add(Subscription(number, 0.1, 1.0, 100))

    async def _reread(self, subscription: Subscription) -> None:
        self.reread.append(subscription.id)

    async def run(self, *, fetchers: int = PUBLISH_REQUESTS) -> list[BaseException]:
        """Fetch until nothing more comes; return what went wrong."""
        tasks = [asyncio.create_task(self.publishing.fetch()) for _ in range(fetchers)]
        await asyncio.wait(tasks, timeout=0.05)
        failed = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [error for error in failed if error is not None]

    def missed(self, result: str) -> float:
        labels = {"connection": "machine", "result": result}
        return self.registry.get_sample_value("aas_binding_messages_missed_total", labels) or 0.0


async def test_values_come_in_the_order_of_their_messages() -> None:
    server = Server(*(message(number, number, number + 0.5) for number in range(1, 6)))
    bench = Bench(server)

    assert await bench.run() == []

    assert bench.shelf.values == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5]


async def test_no_more_requests_wait_at_the_server_than_it_may_answer_while_we_are_busy() -> None:
    server = Server(*(message(number, number) for number in range(1, 500)))
    bench = Bench(server)

    await bench.run()

    assert server.most_waiting == PUBLISH_REQUESTS
    assert len(bench.shelf.values) == 499


async def test_messages_are_acknowledged_once_to_the_subscription_that_sent_them() -> None:
    server = Server(
        message(1, 1.0, subscription=1),
        message(1, 2.0, subscription=2),
        message(2),
        message(2, 3.0, subscription=1),
        message(1, 9.0, subscription=77),
    )
    bench = Bench(server, 1, 2)

    await bench.run()

    assert sorted(server.acknowledged) == [(1, 1), (1, 2), (2, 1)]
    assert bench.shelf.values == [1.0, 2.0, 3.0]


async def test_what_is_missing_is_sent_once_more_before_what_came_instead() -> None:
    server = Server(message(1, 1.0), message(4, 4.0), message(5, 5.0))
    server.kept = {2: 2.0, 3: 3.0}
    bench = Bench(server)

    assert await bench.run() == []

    assert bench.shelf.values == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert sorted(server.acknowledged) == [(1, number) for number in range(1, 6)]
    assert (bench.missed("recovered"), bench.missed("lost"), bench.reread) == (2, 0, [])


async def test_a_sign_of_life_tells_as_well_that_something_is_missing() -> None:
    server = Server(message(1, 1.0), message(3))
    server.kept = {2: 2.0}
    bench = Bench(server)

    await bench.run()

    assert bench.shelf.values == [1.0, 2.0]


async def test_that_the_very_first_message_is_missing_is_seen_as_well() -> None:
    server = Server(message(1), message(2, 2.0))
    server.kept = {1: 1.0}
    bench = Bench(server)

    await bench.run()

    assert bench.shelf.values == [1.0, 2.0]


async def test_values_are_asked_for_when_the_server_does_not_keep_what_is_missing() -> None:
    server = Server(message(1, 1.0), message(4, 4.0), message(5, 5.0))
    server.kept = {3: 3.0}
    bench = Bench(server)

    assert await bench.run() == []

    assert bench.shelf.values == [1.0, 3.0, 4.0, 5.0]
    assert (bench.missed("recovered"), bench.missed("lost"), bench.reread) == (1, 1, [1])


async def test_after_the_last_number_comes_the_first() -> None:
    server = Server(message(LAST_NUMBER - 1, 1.0), message(LAST_NUMBER, 2.0), message(2, 4.0))
    server.kept = {1: 3.0}
    bench = Bench(server)

    assert await bench.run() == []

    assert bench.shelf.values == [1.0, 2.0, 3.0, 4.0]


async def test_a_number_that_makes_no_sense_ends_the_session() -> None:
    (error, *_) = await Bench(Server(message(500, 1.0), message(7, 2.0))).run()

    assert isinstance(error, LinkLost)
    assert "message 7" in str(error)


async def test_a_sign_of_life_may_have_any_number() -> None:
    server = Server(message(9), message(500, 1.0), message(0), message(7), message(501, 2.0))
    bench = Bench(server)

    assert await bench.run() == []

    assert bench.shelf.values == [1.0, 2.0]


async def test_a_message_without_sense_is_asked_for_again_and_does_not_stop_the_others() -> None:
    server = Server(message(1, 1.0), b"\x01\x00\x3d\x03", message(3, 3.0))
    server.kept = {2: 2.0}
    bench = Bench(server)

    assert await bench.run() == []

    assert bench.shelf.values == [1.0, 2.0, 3.0]


async def test_a_server_that_takes_fewer_requests_gets_fewer_but_one() -> None:
    refused = [TOO_MANY_PUBLISH_REQUESTS] * (PUBLISH_REQUESTS - 1)
    bench = Bench(Server(*refused, message(1, 1.0), message(2, 2.0)))
    assert await bench.run() == []
    assert bench.shelf.values == [1.0, 2.0]

    (error,) = await Bench(Server(*refused, TOO_MANY_PUBLISH_REQUESTS)).run()
    with pytest.raises(UaStatusCodeError, match="BadTooManyPublishRequests"):
        raise error


async def test_nothing_is_fetched_while_there_is_no_subscription() -> None:
    server = Server()
    bench = Bench(server)
    bench.publishing.remove(bench.publishing._subscriptions[1])

    await bench.run()

    assert server.most_waiting == 0
