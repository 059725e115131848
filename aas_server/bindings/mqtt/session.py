"""One session with an MQTT broker: what is subscribed in it, what is published through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Final, TypeVar

from paho.mqtt.reasoncodes import ReasonCode

from aas_server.bindings.messages.problems import (
    BAD_NOT_FOUND,
    BAD_USER_ACCESS_DENIED,
    BrokerRefused,
    LinkLost,
    not_taken,
    refused_access,
    refused_value,
    unanswered,
    unreachable,
)
from aas_server.bindings.messages.tls import tls_context
from aas_server.bindings.mqtt.client import (
    Address,
    ConnectionClosed,
    MqttClient,
    OnMessage,
    Rejected,
)
from aas_server.bindings.plant.mqtt import MqttConnectionSettings
from aas_server.live.values import BAD_CONFIGURATION_ERROR

T = TypeVar("T")

TOPICS_PER_REQUEST: Final = 100
"""Filters in one request at most."""

# Reason codes (MQTT 5 2.4); 128 is also all that 3.1.1 has for a refused subscription.
_UNSPECIFIED: Final = 128
_NOT_AUTHORIZED: Final = 135
_NO_SUBSCRIBERS: Final = 16
_WRONG_VALUE: Final = frozenset({144, 149, 153})
# Of a refused connection, also the return codes of 3.1.1: somebody must change something first.
_PERMANENT: Final = frozenset({1, 2, 4, 5, 132, 133, 134, 135, 138, 140})
_WRONG_VERSION: Final = frozenset({1, 132})

Wanted = Mapping[str, int]
"""Filters and their QoS."""

Refuse = Callable[[str, str | None, int], None]
"""Takes a filter, why the broker refuses it (None: it does not), and a status code."""


class MqttSession:
    """Subscribes what ``wanted`` returns, and tells ``refuse`` what the broker thinks of it.

    ``news`` is called with the filters that have been subscribed now and were not before.
    """

    def __init__(
        self,
        settings: MqttConnectionSettings,
        client_id: str,
        on_message: OnMessage,
        *,
        wanted: Callable[[], Wanted],
        refuse: Refuse,
        news: Callable[[Sequence[str]], None],
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._on_message = on_message
        self._wanted = wanted
        self._refuse = refuse
        self._news = news
        self._client: MqttClient | None = None
        self._subscribed: dict[str, int] = {}
        self.is_closed = False

    @property
    def last_heard(self) -> float:
        """Return when the broker last sent anything, in seconds of the monotonic clock."""
        return self._connected().last_heard

    async def open(self) -> None:
        """Connect; raises what ``messages.problems`` describes."""
        settings = self._settings
        password = None if settings.password is None else settings.password.read()
        host, port = settings.address
        address = Address(
            host,
            port,
            self._client_id,
            settings.version,
            settings.keep_alive,
            settings.timeout,
            settings.clean_start,
            settings.user,
            password,
            await asyncio.to_thread(tls_context, settings),
        )
        self._client = MqttClient(address, self._take)
        try:
            await self._client.open()
        except Rejected as error:
            hint = ""
            if error.reason in _WRONG_VERSION:
                hint = f"; it does not speak MQTT {settings.version}: say another version"
            kind = BrokerRefused if error.reason in _PERMANENT else LinkLost
            raise kind(f"{error}{hint}") from None
        except ConnectionClosed as error:
            raise LinkLost(str(error)) from None

    async def update(self) -> None:
        """Subscribe and unsubscribe the difference to what is wanted now."""
        client = self._connected()
        wanted = self._wanted()
        gone = [topic for topic in self._subscribed if topic not in wanted]
        new = [item for item in wanted.items() if self._subscribed.get(item[0]) != item[1]]
        try:
            for part in _parts(gone):
                await client.unsubscribe_all(part)
                for topic in part:
                    self._subscribed.pop(topic, None)
            for some in _parts(new):
                codes = await client.subscribe_all(some)
                self._note(some, codes)
        except ConnectionClosed as error:
            raise LinkLost(str(error)) from None

    async def watch(self) -> None:
        """Raise ``LinkLost`` once the connection has ended."""
        raise LinkLost(await self._connected().ended())

    async def close(self) -> None:
        """End it; nothing that still arrives is taken."""
        self.is_closed = True
        if self._client is not None:
            await self._client.close()

    async def publish(
        self, topic: str, payload: bytes, *, path: str, qos: int, retain: bool = False
    ) -> None:
        """Publish and return once the broker acknowledged it.

        Raises a ``DeviceError`` with the broker's reason, for the element at ``path``.
        """
        try:
            code = await self._connected().publish_acknowledged(
                topic, payload, qos=qos, retain=retain
            )
        except TimeoutError:
            raise unanswered(self._settings.timeout, path=path) from None
        except ConnectionClosed as error:
            raise unreachable(str(error), path=path) from None
        _raise_for(code, topic, retain=retain, path=path)

    def _connected(self) -> MqttClient:
        if self._client is None or self.is_closed:
            raise LinkLost("there is no connection to the broker")
        return self._client

    def _take(self, topic: str, payload: bytes, is_retained: bool) -> None:
        if not self.is_closed:
            self._on_message(topic, payload, is_retained)

    def _note(self, topics: Sequence[tuple[str, int]], codes: Sequence[ReasonCode]) -> None:
        taken: list[str] = []
        for (topic, qos), code in zip_longest(topics, codes[: len(topics)]):
            # A broker that answers with too few codes has said nothing of the rest.
            if code is not None and not code.is_failure:
                self._refuse(topic, None, 0)
                if topic not in self._subscribed:
                    taken.append(topic)
                self._subscribed[topic] = qos
                continue
            denied = code is None or code.value in (_UNSPECIFIED, _NOT_AUTHORIZED)
            status = BAD_USER_ACCESS_DENIED if denied else BAD_CONFIGURATION_ERROR
            self._refuse(topic, f"the broker refuses the subscription of {topic}: {code}", status)
        if taken:
            self._news(taken)


def _parts(items: Sequence[T]) -> list[Sequence[T]]:
    starts = range(0, len(items), TOPICS_PER_REQUEST)
    return [items[start : start + TOPICS_PER_REQUEST] for start in starts]


def _raise_for(code: ReasonCode, topic: str, *, retain: bool, path: str) -> None:
    value = code.value
    if value == _NO_SUBSCRIBERS and not retain:
        raise not_taken(
            f"nobody has subscribed to {topic}: the value reaches no device",
            path=path,
            status_code=BAD_NOT_FOUND,
        )
    if not code.is_failure:
        return
    text = f"the broker refuses what is published to {topic}: {code}"
    if value == _NOT_AUTHORIZED:
        raise refused_access(text, path=path)
    if value in _WRONG_VALUE:
        raise refused_value(text, path=path)
    raise not_taken(text, path=path)
