"""MQTT: brokers, and rows that listen to their topics or to Sparkplug B's metrics."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from aas_server.bindings.fields import PlantModel, Text
from aas_server.bindings.plant.messages import (
    BrokerSettings,
    MessageBindingSettings,
    PublishSettings,
)

MQTT: Final = "MQTT"

_URL: Final = re.compile(
    r"mqtts?://(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?", re.ASCII
)
_PORTS: Final = {False: 1883, True: 8883}
_LONGEST_TOPIC: Final = 65535


def _topic_filter(text: str) -> str:
    """Refuse what no broker takes, and what would end the connection of all others (MQTT 4.7)."""
    levels = text.split("/")
    for number, level in enumerate(levels):
        if "+" in level and level != "+":
            raise ValueError("+ stands for a whole level of a topic: a/+/c")
        if "#" in level and (level != "#" or number < len(levels) - 1):
            raise ValueError("# stands for all levels at the end of a topic: a/b/#")
    if "\0" in text or len(text.encode()) > _LONGEST_TOPIC:
        raise ValueError("is no topic of MQTT: too long, or with a null character")
    return text


def _topic(text: str) -> str:
    if "+" in text or "#" in text:
        raise ValueError("must be one topic, without + and #")
    return _topic_filter(text)


def _level(text: str) -> str:
    if set(text) & set("+#/"):
        raise ValueError("must have none of +, # and /")
    return _topic_filter(text)


TopicFilter = Annotated[Text, AfterValidator(_topic_filter)]
Topic = Annotated[Text, AfterValidator(_topic)]
Level = Annotated[Text, AfterValidator(_level)]
Qos = Annotated[StrictInt, Field(ge=0, le=2)]


class MqttConnectionSettings(BrokerSettings):
    """One MQTT broker, and how to talk to it."""

    protocol: ClassVar[str] = MQTT

    url: StrictStr = Field(
        description="The broker: mqtt://host[:port], or mqtts:// with TLS.",
        examples=["mqtt://127.0.0.1:1883", "mqtts://broker.example:8883"],
    )
    version: Literal["3.1.1", "5"] = Field(
        "5", description="Of the protocol; only 5 tells why a broker refuses what is written."
    )
    client_id: Annotated[Text, Field(max_length=255)] | None = Field(
        None, description="Must be unique at the broker; a new one each time by default."
    )
    keep_alive: Annotated[StrictInt, Field(ge=1, le=3600)] = Field(
        10, description="Seconds of silence before a sign of life is asked for."
    )
    clean_start: StrictBool = Field(
        True, description="false lets the broker keep messages while we are away (qos 1, 2)."
    )

    @field_validator("url")
    @classmethod
    def _mqtt(cls, url: str) -> str:
        match = _URL.fullmatch(url)
        if match is None or not 1 <= int(match["port"] or 1) <= 65535:
            raise ValueError("must be mqtt://host[:port] or mqtts://, without user or password")
        return url

    @model_validator(mode="after")
    def _known_by_a_name(self) -> MqttConnectionSettings:
        if not self.clean_start and self.client_id is None:
            raise ValueError("cleanStart: false needs a clientId, by which the broker knows us")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Return the broker's host and port."""
        match = _URL.fullmatch(self.url)
        if match is None:
            raise AssertionError(self.url)
        return match["host"].strip("[]"), int(match["port"] or _PORTS[self.is_secured])


class AvailabilitySettings(PlantModel):
    """Where a device, or the broker in its name (last will), says that it is there or gone."""

    topic: Topic = Field(description="The topic of it.", examples=["press/availability"])
    online: Text = Field("online", description="Payload that says that the device is there.")
    offline: Text = Field("offline", description="Payload that says that it is gone.")


class MqttWriteSettings(PublishSettings):
    """Where clients' values are published, and how."""

    topic: Topic = Field(description="The topic to publish to.", examples=["press/setpoint/set"])
    qos: Annotated[StrictInt, Field(ge=1, le=2)] = Field(
        1, description="1 or 2: only then the broker says that it has the value."
    )
    retain: StrictBool = Field(False, description="Whether the broker keeps it for later.")


class SparkplugSettings(PlantModel):
    """A metric of an edge node, or of one of its devices, that speaks Sparkplug B."""

    group: Level = Field(description="Group ID.", examples=["Plant1"])
    node: Level = Field(description="Edge Node ID.", examples=["Gateway7"])
    device: Level | None = Field(
        None, description="Device ID; the metric is the node's own when left out."
    )
    metric: Text = Field(description="Name of the metric.", examples=["Inputs/Temperature"])

    @property
    def name(self) -> str:
        """Return where the metric is, as messages show it."""
        device = f"/{self.device}" if self.device else ""
        return f"{self.group}/{self.node}{device} {self.metric}"


class MqttBindingSettings(MessageBindingSettings):
    """One topic, or one metric of Sparkplug B, and the element that it feeds."""

    protocol: ClassVar[str] = MQTT

    topic: TopicFilter | None = Field(
        None,
        description="The topic; with + and # the newest message of all topics that match counts.",
        examples=["press/temperature"],
    )
    sparkplug: SparkplugSettings | None = Field(
        None, description="A metric of Sparkplug B, instead of a topic."
    )
    qos: Qos = Field(1, description="Quality of service of the subscription: 0, 1 or 2.")
    availability: AvailabilitySettings | None = Field(
        None, description="The value is bad from the last will until a new value after the return."
    )
    write: MqttWriteSettings | None = Field(
        None, description="What direction: readWrite publishes."
    )

    @property
    def source(self) -> str:
        """Return the topic and the member, or the metric."""
        if self.sparkplug is not None:
            return self.sparkplug.name
        return f"{self.topic} {self.member}" if self.member else str(self.topic)

    @model_validator(mode="after")
    def _one_source(self) -> MqttBindingSettings:
        if (self.topic is None) == (self.sparkplug is None):
            raise ValueError("a row has either a topic or sparkplug")
        if self.sparkplug is not None:
            if self.reads_json or self.format or self.availability or self.write:
                raise ValueError(
                    "Sparkplug B itself says what a payload is, when a device is gone and how it "
                    "is written: leave out member, format, timestamp, quality, availability, write"
                )
        elif (self.direction == "readWrite") != (self.write is not None):
            raise ValueError("direction: readWrite and write come together")
        return self
