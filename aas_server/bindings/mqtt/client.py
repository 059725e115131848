"""One client of one broker for one session: aiomqtt, with what a supervisor must know of it."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttCodeError, MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from aas_server.bindings.mqtt.sockets import BufferedSocket, open_socket

OnMessage: TypeAlias = Callable[[str, bytes, bool], None]
"""Takes the topic and payload of a message, and whether the broker kept it (retained)."""

LARGEST_PACKET: Final = 64 * 1024 * 1024
"""Bytes of a packet that a broker of MQTT 5 may send us at all."""

SESSION_EXPIRY: Final = 3600
"""Seconds that a broker of MQTT 5 keeps a session that is to be continued."""

PACKETS_AT_A_TIME: Final = 100
"""Packets that are taken in before the event loop does something else."""

_quiet: Final = logging.getLogger("aas_server.mqtt.library")
_quiet.propagate = False
_quiet.addHandler(logging.NullHandler())


class ConnectionClosed(Exception):
    """The broker, or silence, ended the session; the text says why."""


class Rejected(Exception):
    """The broker refused the connection; ``reason`` is its reason code (MQTT 5 2.4)."""

    def __init__(self, text: str, reason: int) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and as whom we speak to it."""

    host: str
    port: int
    client_id: str
    version: Literal["3.1.1", "5"]
    keep_alive: int
    timeout: float
    clean_start: bool = True
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class MqttClient(aiomqtt.Client):
    """A client that lives as long as one connection; every message goes to ``on_message`` at once.

    Beside aiomqtt it connects without a thread and can be cancelled at any moment, tells the reason
    codes of what it publishes, takes many messages at a time, and looks often enough for a broker's
    silence: it is noticed within two keep-alives and a fifth of one.
    """

    def __init__(self, address: Address, on_message: OnMessage) -> None:
        is_new = address.version == "5"
        super().__init__(
            address.host,
            address.port,
            identifier=address.client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if is_new else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_new else address.clean_start,
            username=address.user,
            password=address.password,
            timeout=address.timeout,
            keepalive=address.keep_alive,
            logger=_quiet,
        )
        self.pending_calls_threshold = 10_000
        self._address = address
        self._take = on_message
        self._acknowledged: dict[int, asyncio.Future[ReasonCode]] = {}

    @property
    def last_heard(self) -> float:
        """Return when the broker last sent anything, in seconds of the monotonic clock."""
        heard: float = getattr(self._client, "_last_bytes_received")  # noqa: B009
        return heard

    async def open(self) -> None:
        """Connect; raises ``OSError``, ``TimeoutError``, ``Rejected`` or ``ConnectionClosed``."""
        address = self._address
        async with asyncio.timeout(address.timeout):
            inner = await open_socket(address.host, address.port, address.tls)
            # paho makes its socket itself and blocks meanwhile, unless it finds one made.
            setattr(self._client, "_create_socket", lambda: BufferedSocket(inner))  # noqa: B010
            try:
                self._connect()
            except BaseException:
                inner.close()
                raise
            try:
                await self._connected
            except MqttConnectError as error:
                raise _rejected(error) from None

    async def ended(self) -> str:
        """Return why the connection ended, once it has."""
        try:
            await self._disconnected
        except MqttCodeError as error:
            return _why(error)
        except Exception as error:  # what reading or writing the socket raised
            return str(error) or type(error).__name__
        return "the broker closed the connection"

    async def publish_acknowledged(
        self, topic: str, payload: bytes, *, qos: int, retain: bool
    ) -> ReasonCode:
        """Publish and return the broker's reason code (of 3.1.1: success, for it has none).

        Raises ``TimeoutError`` and ``ConnectionClosed``.
        """
        info = self._client.publish(topic, payload, qos, retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise ConnectionClosed(paho.error_string(info.rc))
        acknowledged: asyncio.Future[ReasonCode] = asyncio.get_running_loop().create_future()
        self._acknowledged[info.mid] = acknowledged
        try:
            async with asyncio.timeout(self._address.timeout):
                return await acknowledged
        finally:
            self._acknowledged.pop(info.mid, None)

    async def subscribe_all(self, topics: Sequence[tuple[str, int]]) -> list[ReasonCode]:
        """Subscribe filters with their QoS; return the broker's reason code for each.

        Raises ``TimeoutError`` and ``ConnectionClosed``.
        """
        wanted: Any = list(topics)
        if self._address.version == "5":
            wanted = [(topic, SubscribeOptions(qos=qos)) for topic, qos in topics]
        try:
            codes: Any = await self.subscribe(wanted)
        except aiomqtt.MqttError as error:
            raise self._failure(error) from None
        return list(codes)

    async def unsubscribe_all(self, topics: Sequence[str]) -> None:
        """End subscriptions; raises ``TimeoutError`` and ``ConnectionClosed``."""
        try:
            await self.unsubscribe(list(topics))
        except aiomqtt.MqttError as error:
            raise self._failure(error) from None

    async def close(self) -> None:
        """Take leave without waiting for the broker; nothing is left open."""
        if not self._connected.done():
            self._connected.cancel()
        self._client.disconnect()
        # What paho asked the loop to watch comes in its next round; then the socket may go.
        await asyncio.sleep(0)
        close = getattr(self._client, "_sock_close")  # noqa: B009
        close()
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.gather(self._misc_task, return_exceptions=True)
        self._fail_all("the connection was closed")
        for future in (self._connected, self._disconnected):
            if future.done() and not future.cancelled():
                future.exception()

    def _connect(self) -> None:
        properties = None
        clean_start: Any = paho.MQTT_CLEAN_START_FIRST_ONLY
        if self._address.version == "5":
            clean_start = self._address.clean_start
            properties = _connect_properties()
            properties.MaximumPacketSize = LARGEST_PACKET
            if not clean_start:
                properties.SessionExpiryInterval = SESSION_EXPIRY
        self._client.connect(
            self._address.host,
            self._address.port,
            self._address.keep_alive,
            clean_start=clean_start,
            properties=properties,
        )

    def _failure(self, error: aiomqtt.MqttError) -> Exception:
        if isinstance(error, MqttCodeError):
            return ConnectionClosed(_why(error))
        return TimeoutError()

    def _fail_all(self, reason: str) -> None:
        for future in self._acknowledged.values():
            if not future.done():
                future.set_exception(ConnectionClosed(reason))
        for pending in self._pending_subscribes.values():
            if not pending.done():
                pending.set_exception(MqttCodeError(paho.MQTT_ERR_CONN_LOST, reason))

    def _on_message(self, client: Any, userdata: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # no filter of ours has such a topic
        self._take(topic, bytes(message.payload), message.retain)

    def _on_publish(
        self,
        client: Any,
        userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Any,
    ) -> None:
        future = self._acknowledged.get(mid)
        if future is not None and not future.done():
            future.set_result(reason_code)

    def _on_disconnect(
        self,
        client: Any,
        userdata: Any,
        flags: Any,
        reason_code: ReasonCode,
        properties: Any = None,
    ) -> None:
        if not self._connected.done():
            # aiomqtt would wait for the whole timeout.
            self._connected.set_exception(
                ConnectionClosed("the broker closed the connection before it accepted us")
            )
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        self._fail_all("the connection to the broker was lost")

    def _on_socket_open(self, client: Any, userdata: Any, sock: Any) -> None:
        # aiomqtt does these a moment later, for it connects in a thread; by then a socket may be
        # closed again.
        self._loop.add_reader(sock.fileno(), self._read)
        self._misc_task = self._loop.create_task(self._misc_loop())

    def _on_socket_close(self, client: Any, userdata: Any, sock: Any) -> None:
        number = sock.fileno()
        if number >= 0:
            self._loop.remove_reader(number)
        if self._misc_task is not None:
            self._misc_task.cancel()

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.add_writer(sock.fileno(), self._write)

    def _on_socket_unregister_write(self, client: Any, userdata: Any, sock: Any) -> None:
        self._loop.remove_writer(sock.fileno())

    def _read(self) -> None:
        try:
            for _ in range(PACKETS_AT_A_TIME):
                self._client.loop_read()
                sock: Any = self._client.socket()
                if sock is None or sock.pending() <= 0:
                    return
        except Exception as error:  # a broker that speaks something else, or a broken socket
            self._broken(error)
        else:
            # Others get their turn, however fast messages come. What was read ahead wakes nobody.
            self._loop.call_soon(self._read)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:
            self._broken(error)

    def _broken(self, error: Exception) -> None:
        for future in (self._connected, self._disconnected):
            if not future.done():
                future.set_exception(error)

    async def _misc_loop(self) -> None:
        pause = min(1.0, self._keepalive / 10)
        while self._client.loop_misc() == paho.MQTT_ERR_SUCCESS:  # noqa: ASYNC110
            await asyncio.sleep(pause)


def _connect_properties() -> Any:
    make: Any = Properties  # it has no types
    return make(PacketTypes.CONNECT)


def _rejected(error: MqttConnectError) -> Rejected:
    code = error.rc
    reason = code.value if isinstance(code, ReasonCode) else int(code or 0)
    return Rejected(f"the broker refused the connection: {code}", reason)


def _why(error: MqttCodeError) -> str:
    code = error.rc
    if isinstance(code, ReasonCode):
        text = str(code)
        if text == "Keep alive timeout":
            return "the broker gave no sign of life for two keep-alives"
        if text in ("Unspecified error", "Normal disconnection"):
            return "the broker closed the connection"
        return f"the broker ended the connection: {text}"
    return "the broker closed the connection"
