"""AMQP 0-9-1: brokers, and rows that listen to their exchanges or queues."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final
from urllib.parse import unquote

from pydantic import Field, StrictBool, StrictInt, StrictStr, field_validator, model_validator

from aas_server.bindings.fields import Text
from aas_server.bindings.plant.messages import (
    BrokerSettings,
    MessageBindingSettings,
    PublishSettings,
)

AMQP: Final = "AMQP"

_URL: Final = re.compile(
    r"amqps?://(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/(?P<vhost>[^/\s?#@]*))?",
    re.ASCII,
)
_PORTS: Final = {False: 5672, True: 5671}

Name = Annotated[Text, Field(max_length=255)]


class AmqpConnectionSettings(BrokerSettings):
    """One broker of AMQP 0-9-1, and how to talk to it."""

    protocol: ClassVar[str] = AMQP

    url: StrictStr = Field(
        description="The broker: amqp://host[:port][/vhost], or amqps:// with TLS.",
        examples=["amqp://127.0.0.1:5672/plant"],
    )
    keep_alive: Annotated[StrictInt, Field(ge=1, le=3600)] = Field(
        10, description="Seconds between signs of life (heartbeats)."
    )

    @field_validator("url")
    @classmethod
    def _amqp(cls, url: str) -> str:
        match = _URL.fullmatch(url)
        if match is None or not 1 <= int(match["port"] or 1) <= 65535:
            raise ValueError(
                "must be amqp://host[:port][/vhost] or amqps://, without user or password"
            )
        return url

    @property
    def address(self) -> tuple[str, int, str]:
        """Return the broker's host, port and virtual host, ``/`` when none is named."""
        match = _URL.fullmatch(self.url)
        if match is None:
            raise AssertionError(self.url)
        port = int(match["port"] or _PORTS[self.is_secured])
        return match["host"].strip("[]"), port, unquote(match["vhost"] or "") or "/"


class AmqpWriteSettings(PublishSettings):
    """Where clients' values are published, and how."""

    exchange: Annotated[StrictStr, Field(max_length=255)] = Field(
        "", description="The exchange; the default one, to a queue by its name, when left out."
    )
    routing_key: Name = Field(description="The routing key.", examples=["press.setpoint.set"])
    persistent: StrictBool = Field(
        False, description="Whether it outlives the broker in a durable queue."
    )


class AmqpBindingSettings(MessageBindingSettings):
    """One routing key of an exchange, or one queue, and the element that its messages feed."""

    protocol: ClassVar[str] = AMQP

    exchange: Name | None = Field(
        None, description="The exchange; a queue of our own is bound to it.", examples=["plant"]
    )
    routing_key: Name | None = Field(
        None,
        description="The routing key; of a topic exchange also a pattern with * and #.",
        examples=["press.temperature"],
    )
    queue: Name | None = Field(
        None, description="A queue that is there, instead of an exchange; we take what is in it."
    )
    write: AmqpWriteSettings | None = Field(
        None, description="What direction: readWrite publishes."
    )

    @property
    def place(self) -> str:
        """Return the exchange and the routing key, or the queue."""
        if self.queue is not None:
            return f"queue {self.queue}"
        return f"{self.exchange}/{self.routing_key or ''}"

    @property
    def source(self) -> str:
        """Return where messages come from, and the member."""
        return f"{self.place} {self.member}" if self.member else self.place

    @model_validator(mode="after")
    def _one_source(self) -> AmqpBindingSettings:
        if (self.exchange is None) == (self.queue is None):
            raise ValueError("a row has either an exchange or a queue")
        if self.queue is not None and self.routing_key is not None:
            raise ValueError("a queue has no routing key: leave out routingKey")
        if (self.direction == "readWrite") != (self.write is not None):
            raise ValueError("direction: readWrite and write come together")
        return self
