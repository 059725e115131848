"""One session with one OPC UA server: opened, used and closed without leaving anything behind.

asyncua does the transport, the secure channel and the encoding. Its own life cycle is not used: a
client that is told to reconnect ends connected and without data in several ways, so a session lives
once and is never mended. This module is the only one that leans on asyncua 2.1 below its documented
surface; the fault tests hold it:

- ``Client.connect_sessionless``, ``create_session``, ``activate_session`` one by one instead of
  ``connect``, which starts two watchdog tasks, so that the password can be withheld after the
  server has shown its token policies;
- ``Client._policy_ids``, set to the one token policy that was chosen, because asyncua takes the
  first of its kind;
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
from typing import Any, Final, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography.exceptions import InvalidSignature

from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.problems import ConnectionRefused
from aas_server.bindings.opcua.security import introduce, secure, user_token
from aas_server.bindings.opcua.variants import numeric, value_only
from aas_server.bindings.plant_file import ConnectionSettings

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

DEFAULT_BATCH: Final = 1000
"""Nodes or items per call where a server names no limit; some name none and still refuse more."""

MAX_CALLS: Final = 32
"""Methods under way at most: asyncua sends 100 requests at a time, and values need theirs."""

SESSION_TIMEOUT: Final = 60.0
"""Seconds until a server may forget a session that fell silent."""

CLOSE_TIMEOUT: Final = 1.0
"""Seconds for a polite farewell; then the socket is dropped."""

_TOO_MANY: Final = frozenset(
    {
        StatusCodes.BadTooManyOperations,
        StatusCodes.BadEncodingLimitsExceeded,
        StatusCodes.BadRequestTooLarge,
        StatusCodes.BadResponseTooLarge,
    }
)
_LIMIT_NODES: Final = (
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
)


def silence_asyncua() -> None:
    """Keep asyncua's own lines out of the log, unless somebody asked for its details.

    It logs every failed request, with traceback; what matters reaches the log through us, once.
    """
    logger = logging.getLogger("asyncua")
    if logger.level not in (logging.DEBUG, logging.INFO):
        logger.setLevel(logging.CRITICAL + 1)


class Batches:
    """Cuts a long list into calls that a server accepts, and learns when it accepts less than it
    said.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    async def run(
        self, items: Sequence[_Item], call: Callable[[Sequence[_Item]], Awaitable[list[_Result]]]
    ) -> list[_Result]:
        """Return the results of ``call`` for all ``items``, in their order."""
        results: list[_Result] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.size]
            try:
                answers = await call(part)
            except UaStatusCodeError as error:
                if error.code not in _TOO_MANY or len(part) == 1:
                    raise
                self.size = max(1, len(part) // 2)
                continue
            if len(answers) != len(part):
                raise UaError(f"{len(answers)} results for {len(part)} operations")
            results += answers
        return results


class OpcUaSession:
    """An open session; made by ``open_session``."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reads = Batches(DEFAULT_BATCH)
        self._items = Batches(DEFAULT_BATCH)
        self._paths = Batches(DEFAULT_BATCH)
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
        for batches, limit in zip((self._reads, self._items, self._paths), limits, strict=True):
            if isinstance(limit, int) and limit > 0:
                batches.size = min(limit, DEFAULT_BATCH)

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

    async def targets(self, paths: Sequence[ua.BrowsePath]) -> list[ua.NodeId | None]:
        """Return the node at the end of each path, None where there is none."""

        async def call(part: Sequence[ua.BrowsePath]) -> list[ua.NodeId | None]:
            results = await self._client.uaclient.session.translate_browsepaths_to_nodeids(
                list(part)
            )
            return [
                result.Targets[0].TargetId
                if result.StatusCode.is_good() and result.Targets
                else None
                for result in results
            ]

        return await self._paths.run(paths, call)

    async def supertype(self, data_type: ua.NodeId) -> ua.NodeId | None:
        """Return the type that ``data_type`` is derived from, None at the root."""
        description = ua.BrowseDescription(
            NodeId=data_type,
            BrowseDirection=ua.BrowseDirection.Inverse,
            ReferenceTypeId=numeric(ObjectIds.HasSubtype),
            IncludeSubtypes=False,
            ResultMask=ua.BrowseResultMask.None_,
        )
        parameters = ua.BrowseParameters(NodesToBrowse=[description])
        results = await self._client.uaclient.session.browse(parameters)
        found = results[0].References if results[0].StatusCode.is_good() else None
        return found[0].NodeId if found else None

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
            return list(await self._client.uaclient.session.create_monitored_items(parameters))

        return await self._items.run(items, call)

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

    async def keep_channel(self) -> None:
        """Renew the secure channel in time, for ever (OPC 10000-4 5.5.2.1: after 75 % of its
        life).
        """
        while True:
            await asyncio.sleep(max(1.0, self._client.secure_channel_timeout * 0.75 / 1000))
            await self._client.open_secure_channel(renew=True)
            self._client.uaclient.revolve_security_token()

    async def close(self) -> None:
        """Say goodbye when the server listens, then drop the connection; takes a second at most."""
        try:
            with contextlib.suppress(OSError, TimeoutError, UaError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._client.uaclient.close_session(True)
                    await self._client.close_secure_channel()
        finally:
            await self.drop()

    async def drop(self) -> None:
        """Drop the connection at once."""
        await _drop(self._client)

    async def _send(self, request: Any, timeout: float | None = None) -> Buffer:  # noqa: ASYNC109
        buffer: Buffer = await self._client.uaclient._send_request(request, timeout)
        return buffer


async def open_session(settings: ConnectionSettings, pki: Pki) -> OpcUaSession:
    """Return a session that is activated and knows the server's namespaces and limits.

    Raises ``ConnectionRefused``, ``OSError``, ``TimeoutError`` or ``UaError``; then nothing is left
    open.
    """
    async with asyncio.timeout(3 * settings.timeout):
        client = _new_client(settings)
        if settings.security.policy != "None":
            endpoints = await _endpoints(settings)
            await secure(client, settings.security, pki, endpoints)
        try:
            await client.connect_sessionless()
            await _activate(client, settings, pki)
            session = OpcUaSession(client)
            await session.learn()
        except InvalidSignature as error:
            await _drop(client)
            raise ConnectionRefused(
                "the server could not prove that its certificate is its own"
            ) from error
        except BaseException:
            await _drop(client)
            raise
        return session


def _new_client(settings: ConnectionSettings) -> Client:
    client = Client(settings.url, timeout=settings.timeout)
    introduce(client)
    silence = settings.publishing_interval * settings.keep_alive_count * 3
    client.session_timeout = int(1000 * max(SESSION_TIMEOUT, silence))
    return client


async def _endpoints(settings: ConnectionSettings) -> list[ua.EndpointDescription]:
    client = _new_client(settings)
    try:
        return list(await client.connect_and_get_server_endpoints())
    finally:
        await _drop(client)


async def _activate(client: Client, settings: ConnectionSettings, pki: Pki) -> None:
    security = settings.security
    created = await client.create_session()
    client._policy_ids = [await user_token(security, pki, created)]
    password = None
    if security.password is not None:
        password = await asyncio.to_thread(security.password.read)
    await client.activate_session(username=security.user, password=password)


async def _drop(client: Client) -> None:
    protocol = client.uaclient.protocol
    client.disconnect_socket()
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()
        # The transport tells its protocol in the next round of the loop; then nothing is left.
        await asyncio.sleep(0)
