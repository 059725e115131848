"""OPC UA: servers of machines, and rows that read and write their nodes."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final

from pydantic import Field, StrictInt, StrictStr, field_validator, model_validator

from aas_server.bindings.fields import Number, PlantModel, Seconds, Text
from aas_server.bindings.plant.base import BindingSettings, ConnectionSettings
from aas_server.bindings.plant.browse_path import parse_browse_path
from aas_server.bindings.plant.security import SecuritySettings

OPC_UA: Final = "OPC UA"

_URL: Final = re.compile(
    r"opc\.tcp://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})(?:/[^\s?#@]*)?",
    re.ASCII,
)


class LimitSettings(PlantModel):
    """How much is asked of a server at once, where it takes less than it says."""

    items_per_call: StrictInt = Field(
        1000, ge=1, le=1000, description="Nodes or items in one request at most."
    )
    items_per_subscription: StrictInt = Field(
        1000, ge=1, le=100_000, description="Items in one subscription at most."
    )


class OpcUaConnectionSettings(ConnectionSettings):
    """One machine's OPC UA server, and how to talk to it."""

    protocol: ClassVar[str] = OPC_UA

    url: StrictStr = Field(
        description="Endpoint of the server: opc.tcp://host:port[/path].",
        examples=["opc.tcp://127.0.0.1:4840/machine"],
        json_schema_extra={"pattern": r"^opc\.tcp://[^/@\s]+:[0-9]{1,5}(/[^\s?#@]*)?$"},
    )
    security: SecuritySettings = Field(
        default_factory=lambda: SecuritySettings.model_validate({}),
        description="Security; none and anonymous when left out.",
    )
    publishing_interval: Seconds = Field(
        0.5, ge=0.01, le=3600, description="How often the server sends changed values."
    )
    keep_alive_count: StrictInt = Field(
        5, ge=1, le=1000, description="Publishing intervals without news before a sign of life."
    )

    limits: LimitSettings = Field(
        default_factory=lambda: LimitSettings.model_validate({}),
        description="Limits of the server that it does not tell itself.",
    )

    @field_validator("url")
    @classmethod
    def _opc_tcp(cls, url: str) -> str:
        match = _URL.fullmatch(url)
        if match is None or not 1 <= int(match["port"]) <= 65535:
            raise ValueError("must be opc.tcp://host:port[/path], without user or password")
        return url


class OpcUaBindingSettings(BindingSettings):
    """One node of a machine and the element that it feeds."""

    protocol: ClassVar[str] = OPC_UA

    node: Text = Field(
        description="Node id with the namespace's URI: nsu=<uri>;s=<id>, or i=, g=, b=.",
        examples=["nsu=http://vendor.example/UA/;s=Spindle.Speed"],
    )
    sampling_interval: Annotated[Seconds, Field(ge=0, le=86400)] | None = Field(
        None,
        description="How often the device looks; the publishing interval by default.",
    )
    queue_size: StrictInt = Field(
        1, ge=1, le=100_000, description="Samples that the device keeps between two publishings."
    )
    deadband: Annotated[Number, Field(ge=0)] | None = Field(
        None, description="Smallest change that is sent, absolute, in the device's unit."
    )

    deadband_percent: Annotated[Number, Field(ge=0, le=100)] | None = Field(
        None,
        description="Smallest change that is sent, in percent of the node's EURange.",
    )
    publishing_interval: Annotated[Seconds, Field(ge=0.01, le=3600)] | None = Field(
        None,
        description="How often the server sends changes of this node; as the connection says "
        "when left out.",
    )
    fallback_path: Text | None = Field(
        None,
        description="Where the node is looked for when the machine does not know its id: names "
        "from the root on. A / in a name is written &/.",
        examples=[
            "/0:Objects/nsu=http://vendor.example/UA/;Spindle/nsu=http://vendor.example/UA/;Speed"
        ],
    )

    @field_validator("fallback_path")
    @classmethod
    def _is_path(cls, path: str | None) -> str | None:
        if path is not None:
            parse_browse_path(path)
        return path

    @model_validator(mode="after")
    def _one_deadband(self) -> OpcUaBindingSettings:
        if self.deadband is not None and self.deadband_percent is not None:
            raise ValueError("deadband and deadbandPercent exclude each other")
        return self

    @property
    def source(self) -> str:
        """Return the node id."""
        return self.node
