"""One session with one OPC UA server: used, kept alive and closed without leaving anything behind.

asyncua does the transport, the secure channel and the encoding. Its own life cycle is not used: a
client that is told to reconnect ends connected and without data in several ways, so a session lives
once and is never mended. ``opening`` makes it. This module, ``opening`` and ``channel`` are the
only ones that lean on asyncua 2.1 below its documented surface; the fault tests hold them:

- ``UaClient._send_request`` for CreateSubscription and Publish: ``UaSession`` would start its own
  publish loop, one request at a time, which logs every failure and hides it from us; and for Call,
  whose methods may take longer than other answers;
- ``UaClient.protocol.transport`` to drop a connection whose peer no longer reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from aas_server.bindings.opcua.batches import DEFAULT_BATCH, Batches
from aas_server.bindings.opcua.deadline import deadline
from aas_server.bindings.opcua.variants import numeric, value_only
from aas_server.bindings.opcua.view import View

HISTORY_BATCH: Final = 100
"""Nodes whose past is asked for in one call at most: each may answer with many values."""

READS_AT_ONCE: Final = 4
"""Calls that only ask and are under way side by side, where a long list is cut into many."""

MAX_CALLS: Final = 32
"""Methods under way at most: asyncua sends 100 requests at a time, and values need theirs."""

LONGEST_CHANNEL: Final = 6 * 3600.0
"""Seconds after which the channel is renewed, however long the server would let it live: then our
certificate is looked at, too.
"""

CLOSE_TIMEOUT: Final = 1.0
"""Seconds for a polite farewell; then the socket is dropped."""

_LIMIT_NODES: Final = (
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
)


def silence_asyncua() -> None:
    """Keep asyncua's own lines out of the log, unless somebody asked for its details.

    It logs every failed request, with traceback; what matters reaches the log through us, once.
    """
    logger = logging.getLogger("asyncua")
    if logger.level not in (logging.DEBUG, logging.INFO):
        logger.setLevel(logging.CRITICAL + 1)


class OpcUaSession:
    """An open session; made by ``opening.open_session``."""

    def __init__(
        self,
        client: Client,
        before_renewal: Callable[[], Awaitable[None]] | None = None,
        *,
        largest_batch: int = DEFAULT_BATCH,
        notice: str | None = None,
    ) -> None:
        self.notice = notice
        """What the operator should know although there is a session."""
        self.view = View(client, largest_batch)
        """What leads from node to node on the server."""
        self._client = client
        self._before_renewal = before_renewal
        self._largest_batch = largest_batch
        self._reads = Batches(largest_batch, at_once=READS_AT_ONCE)
        self._items = Batches(largest_batch)
        self._pasts = Batches(min(HISTORY_BATCH, largest_batch))
        self._calls = asyncio.Semaphore(MAX_CALLS)
        self.namespaces: list[str] = []

    async def learn(self) -> None:
        """Take in the server's namespaces and how much it accepts per call."""
        answers = await self.read(
            [
                (numeric(ObjectIds.Server_NamespaceArray), AttributeIds.Value),
                *((numeric(node), AttributeIds.Value) for node in _LIMIT_NODES),
            ]
        )
        namespaces, *limits = (answer.Value.Value if answer.Value else None for answer in answers)
        self.namespaces = [text or "" for text in namespaces or ()]
        largest = self._largest_batch
        for batches, most, limit in zip(
            (self._reads, self._items, self.view.paths, self._pasts, self.view.browses),
            (largest, largest, largest, min(HISTORY_BATCH, largest), largest),
            limits,
            strict=True,
        ):
            if isinstance(limit, int) and limit > 0:
                batches.size = min(limit, most)

    async def read(
        self,
        attributes: Sequence[tuple[ua.NodeId, AttributeIds]],
        *,
        timestamps: ua.TimestampsToReturn = ua.TimestampsToReturn.Neither,
        index_range: str | None = None,
    ) -> list[ua.DataValue]:
        """Return the attributes' values in order; one that cannot be read has a bad status code."""

        async def call(part: Sequence[tuple[ua.NodeId, AttributeIds]]) -> list[ua.DataValue]:
            parameters = ua.ReadParameters(TimestampsToReturn=timestamps)
            parameters.NodesToRead = [
                ua.ReadValueId(NodeId=node, AttributeId=attribute, IndexRange=index_range)
                for node, attribute in part
            ]
            return list(await self._client.uaclient.session.read(parameters))

        return await self._reads.run(attributes, call)

    async def write(
        self, node: ua.NodeId, value: ua.Variant, *, index_range: str | None = None
    ) -> int:
        """Write a value without status and timestamps, which many devices refuse; return the
        result's code.
        """
        data = value_only(value)
        parameters = ua.WriteParameters(
            [ua.WriteValue(node, AttributeIds.Value, index_range, data)]
        )
        results = await self._client.uaclient.session.write(parameters)
        return int(results[0].value)

    async def call(
        self,
        owner: ua.NodeId,
        method: ua.NodeId,
        arguments: Sequence[ua.Variant],
        *,
        timeout: float,  # noqa: ASYNC109 - the server is told how long we are going to wait
    ) -> ua.CallMethodResult:
        """Call ``method`` of the object ``owner``; how that went is in the result's status code.

        Raises ``TimeoutError`` after ``timeout`` seconds; the method may go on nevertheless.
        """
        request = ua.CallRequest()
        request.Parameters.MethodsToCall = [
            ua.CallMethodRequest(ObjectId=owner, MethodId=method, InputArguments=list(arguments))
        ]
        async with self._calls:
            answer = await self._send(request, timeout)
        response = struct_from_binary(ua.CallResponse, answer)
        response.ResponseHeader.ServiceResult.check()
        result: ua.CallMethodResult = response.Results[0]
        return result

    @property
    def history_batch(self) -> int:
        """Return of how many nodes the past can be asked for in one call."""
        return self._pasts.size

    async def read_past(
        self,
        nodes: Sequence[tuple[ua.NodeId, bytes | None]],
        start: datetime,
        end: datetime,
        *,
        values: int,
        release: bool = False,
    ) -> list[ua.HistoryReadResult]:
        """Return the values that nodes had from ``start`` to ``end``, the oldest first, of each at
        most about ``values`` (OPC 10000-11 6.5.3).

        ``nodes`` are node ids with the continuation point of the last answer; with ``release``
        these are only given up.
        """

        async def call(
            part: Sequence[tuple[ua.NodeId, bytes | None]],
        ) -> list[ua.HistoryReadResult]:
            request = ua.HistoryReadRequest()
            request.Parameters.HistoryReadDetails = ua.ReadRawModifiedDetails(
                IsReadModified=False,
                StartTime=start,
                EndTime=end,
                NumValuesPerNode=ua.UInt32(values),
                ReturnBounds=False,
            )
            request.Parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
            request.Parameters.ReleaseContinuationPoints = release
            request.Parameters.NodesToRead = [
                ua.HistoryReadValueId(NodeId=node, ContinuationPoint=point) for node, point in part
            ]
            response = struct_from_binary(ua.HistoryReadResponse, await self._send(request))
            response.ResponseHeader.ServiceResult.check()
            return list(response.Results)

        return await self._pasts.run(nodes, call)

    async def create_subscription(
        self, parameters: ua.CreateSubscriptionParameters
    ) -> ua.CreateSubscriptionResult:
        """Create a subscription; what it sends is fetched with ``publish``."""
        request = ua.CreateSubscriptionRequest(Parameters=parameters)
        response = struct_from_binary(ua.CreateSubscriptionResponse, await self._send(request))
        response.ResponseHeader.ServiceResult.check()
        result: ua.CreateSubscriptionResult = response.Parameters
        return result

    async def create_items(
        self, subscription_id: int, items: Sequence[ua.MonitoredItemCreateRequest]
    ) -> list[ua.MonitoredItemCreateResult]:
        """Create monitored items, as many per call as the server takes; each has a result of its
        own.
        """

        async def call(
            part: Sequence[ua.MonitoredItemCreateRequest],
        ) -> list[ua.MonitoredItemCreateResult]:
            parameters = ua.CreateMonitoredItemsParameters(
                subscription_id, ua.TimestampsToReturn.Both, list(part)
            )
            try:
                return list(await self._client.uaclient.session.create_monitored_items(parameters))
            except UaStatusCodeError as error:
                if error.code != StatusCodes.BadTooManyMonitoredItems:
                    raise
                # Earlier calls created some: each of these is refused, not all.
                result = ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(error.code))
                return [result] * len(part)

        return await self._items.run(items, call)

    async def delete_items(self, subscription_id: int, items: Sequence[int]) -> None:
        """Delete monitored items; one that is not there any more is no error."""

        async def call(part: Sequence[int]) -> list[ua.StatusCode]:
            parameters = ua.DeleteMonitoredItemsParameters(subscription_id, list(part))
            return list(await self._client.uaclient.session.delete_monitored_items(parameters))

        await self._items.run(items, call)

    async def publish(self, acknowledged: Sequence[tuple[int, int]]) -> bytes:
        """Return the body of the next PublishResponse; waits for as long as there is nothing to
        say.

        ``acknowledged`` are the (subscription id, sequence number) of messages that were taken in.
        """
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = [
            ua.SubscriptionAcknowledgement(*message) for message in acknowledged
        ]
        return bytes(await self._send(request, timeout=0))

    async def republish(self, subscription_id: int, sequence_number: int) -> bytes:
        """Return the body of the RepublishResponse for a message that did not arrive.

        Raises ``UaStatusCodeError`` when the server does not keep it any more.
        """
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId = subscription_id
        request.Parameters.RetransmitSequenceNumber = sequence_number
        return bytes(await self._send(request))

    async def delete_subscription(self, subscription_id: int) -> None:
        """Delete a subscription; one that is not there any more is no error."""
        request = ua.DeleteSubscriptionsRequest()
        request.Parameters.SubscriptionIds = [subscription_id]
        response = struct_from_binary(ua.DeleteSubscriptionsResponse, await self._send(request))
        response.ResponseHeader.ServiceResult.check()

    async def keep_session(self) -> None:
        """Ask for something often enough that the server does not forget the session, for ever.

        How long that takes is what the server made of our wish (RevisedSessionTimeout).
        """
        while True:
            await asyncio.sleep(max(0.5, self._client.session_timeout / 3000))
            # Whether the server lives is told by its subscriptions: a slow answer ends nothing.
            with contextlib.suppress(TimeoutError):
                await self.read(
                    [(numeric(ObjectIds.Server_ServerStatus_State), AttributeIds.Value)]
                )

    async def keep_channel(self) -> None:
        """Renew the secure channel in time, for ever (OPC 10000-4 5.5.2.1: after 75 % of its
        life).
        """
        while True:
            life = self._client.secure_channel_timeout / 1000
            await asyncio.sleep(min(max(1.0, life * 0.75), LONGEST_CHANNEL))
            if self._before_renewal is not None:
                await self._before_renewal()
            await self._client.open_secure_channel(renew=True)
            self._client.uaclient.revolve_security_token()

    async def close(self) -> None:
        """Say goodbye when the server listens, then drop the connection; takes a second at most."""
        try:
            with contextlib.suppress(OSError, TimeoutError, UaError):
                async with deadline(CLOSE_TIMEOUT):
                    await self._client.uaclient.close_session(True)
                    await self._client.close_secure_channel()
        finally:
            await self.drop()

    async def drop(self) -> None:
        """Drop the connection at once."""
        await drop(self._client)

    async def _send(self, request: Any, timeout: float | None = None) -> Buffer:  # noqa: ASYNC109
        buffer: Buffer = await self._client.uaclient._send_request(request, timeout)
        return buffer


async def drop(client: Client) -> None:
    """Drop the connection of ``client`` at once, whatever became of it."""
    protocol = client.uaclient.protocol
    client.disconnect_socket()
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()
        # The transport tells its protocol in the next round of the loop; then nothing is left.
        await asyncio.sleep(0)
