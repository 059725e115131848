"""An OPC UA server that sends changes of many doubles as fast as it is told, and nothing else of
its values: its PublishResponses are put together as bytes, which costs it next to nothing.

Sessions, subscriptions and items are asyncua's own. Each value is the time at which it was made.

Usage: python -m benchmarks.opcua_stream PORT COUNT HERTZ

SIGUSR1: send five changes of every item at once, the last of them ``FINAL``, and then no more.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import deque
from collections.abc import Sequence
from struct import Struct
from typing import Any

from asyncua import Server, ua
from asyncua.server.internal_subscription import InternalSubscription

from benchmarks.opcua_names import BURST_CHANGES, FINAL, NAMESPACE
from benchmarks.opcua_nodes import add_items

PER_MESSAGE = 1000
EPOCH_IN_TICKS = 116_444_736_000_000_000

# Type id 829, ResponseHeader: time, request handle, Good, nothing else.
RESPONSE = Struct("<BBHqIIBiBBB")
# Subscription, no available numbers, no more; number, time, one notification.
MESSAGE = Struct("<IiBIqi")
# Type id 811, its body: so many items.
NOTIFICATION = Struct("<BBHBii")
ITEM = "IBBdqq"
TAIL = Struct("<iii")  # no diagnostics of items, no results, no diagnostics


class Stream(InternalSubscription):
    """A subscription whose items change in turn, each ``hertz`` times a second."""

    hertz = 1.0
    is_silent = False

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._waiting: deque[tuple[Sequence[int], float | None]] = deque()
        self._next = 0
        self._owed = 0.0

    async def publish_results(self, requestdata: Any = None) -> bool:
        """Send what is due; called every publishing interval and for requests that were missing."""
        if requestdata is None:
            self._wish()
        request, has_sent = requestdata, False
        while self._waiting:
            request = request or self.pub_request_callback(self.data.SubscriptionId)
            if request is None:
                return has_sent
            handles, value = self._waiting.popleft()
            self._send(request, handles, time.time() if value is None else value)
            request, has_sent = None, True
        return has_sent or await super().publish_results(requestdata)

    def burst(self) -> None:
        """Let every item change several times at once."""
        handles = self._handles()
        for number in range(BURST_CHANGES):
            value = FINAL if number == BURST_CHANGES - 1 else float(number)
            self._queue(handles, value)

    def _wish(self) -> None:
        handles = self._handles()
        if self.is_silent or not handles:
            return
        self._triggered_datachanges.clear()
        self._owed += len(handles) * self.hertz * self.data.RevisedPublishingInterval / 1000
        count = min(int(self._owed), len(handles))
        if len(self._waiting) > 50:
            raise SystemExit("the client is too slow: it was sent no more")
        self._owed -= count
        turn = (handles + handles)[self._next : self._next + count]
        self._next = (self._next + count) % len(handles)
        self._queue(turn, None)

    def _queue(self, handles: Sequence[int], value: float | None) -> None:
        for start in range(0, len(handles), PER_MESSAGE):
            self._waiting.append((handles[start : start + PER_MESSAGE], value))

    def _handles(self) -> list[int]:
        items = self.monitored_item_srv._monitored_items.values()
        return [item.client_handle for item in items if item.client_handle]

    def _send(self, request: Any, handles: Sequence[int], value: float) -> None:
        ticks = EPOCH_IN_TICKS + time.time_ns() // 100
        count = len(handles)
        items = Struct("<" + ITEM * count)
        flat = [part for handle in handles for part in (handle, 0x0D, 11, value, ticks, ticks)]
        header = RESPONSE.pack(
            1, 0, 829, ticks, request.requesthdr.RequestHandle, 0, 0, -1, 0, 0, 0
        )
        number, self._notification_seq = self._notification_seq, self._notification_seq + 1
        message = MESSAGE.pack(self.data.SubscriptionId, -1, 0, number, ticks, 1)
        notification = NOTIFICATION.pack(1, 0, 811, 1, 4 + items.size + 4, count)
        body = b"".join((header, message, notification, items.pack(*flat), TAIL.pack(-1, 0, -1)))
        processor = self.pub_result_callback.__self__
        processor._transport.write(
            processor._connection.message_to_binary(
                body, message_type=ua.MessageType.SecureMessage, request_id=request.seqhdr.RequestId
            )
        )


async def main() -> None:
    port, count, hertz = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    Stream.hertz = hertz
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(NAMESPACE)
    await add_items(server, index, count)
    service = server.iserver.subscription_service
    service.create_subscription.__func__.__globals__["InternalSubscription"] = Stream

    def burst() -> None:
        Stream.is_silent = True
        for subscription in service.subscriptions.values():
            subscription.burst()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, burst)
    async with server:
        await asyncio.Event().wait()


asyncio.run(main())
