"""What the connections and the rows of all protocols share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, field_validator

from aas_server.bindings.fields import Number, PlantModel, Seconds, Text


def _checked_enumeration(value: Any) -> Any:
    if value == "device" or value is None:
        return value
    if not isinstance(value, dict) or not value:
        raise ValueError(
            "must be 'device' or a table of the device's numbers or texts and the model's texts"
        )
    for key, text in value.items():
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise ValueError(f"{key!r} must be a whole number or a text (in quotes)")
        if not isinstance(text, str):
            raise ValueError(f"the text for {key!r} must be a text: put {text!r} in quotes")
    return value


class ConnectionSettings(PlantModel):
    """One machine or broker, and how to talk to it; each protocol has a class of its own."""

    protocol: ClassVar[str]
    """Name of the protocol: a row goes with the connections of its own protocol only."""

    url: StrictStr = Field(description="Where it is reached; the scheme says the protocol.")
    timeout: Seconds = Field(
        4.0,
        ge=0.1,
        le=300,
        description="How long an answer may take at most.",
    )


class SinkSettings(PlantModel):
    """The element that a value goes to."""

    submodel: Text = Field(description="Id of the submodel.")
    path: Text = Field(
        description="idShortPath of the element: a Property, a MultiLanguageProperty, a Range, a "
        "Blob, a signal collection, or a list or collection that is fed as a whole.",
        examples=["Signals.DriveSpeed"],
    )

    @property
    def name(self) -> str:
        """Return ``submodel id/idShortPath``."""
        return f"{self.submodel}/{self.path}"


class UnitSettings(PlantModel):
    """A conversion of units; names as pint knows them (1/min, degC, in/s) or common UCUM codes."""

    from_: Text = Field(alias="from", description="Unit of the device's value.", examples=["1/min"])
    to: Text = Field(description="Unit of the model's value.", examples=["1/s"])


class ScaleSettings(PlantModel):
    """value * factor + offset, applied before the conversion of units."""

    factor: Number = Field(1.0, description="Not 0.")
    offset: Number = Field(0.0, description="In the unit of the scaled value.")

    @field_validator("factor")
    @classmethod
    def _invertible(cls, factor: float) -> float:
        if factor == 0:
            raise ValueError("must not be 0")
        return factor


class HistorySettings(PlantModel):
    """Recent samples that are kept of a value, and whether gaps are filled from the machine."""

    keep: StrictInt = Field(1000, ge=1, le=10_000, description="Samples that are kept in memory.")
    fill: StrictBool = Field(
        True,
        description="Ask the machine for what it remembers of an outage (OPC UA history).",
    )


class BindingSettings(PlantModel):
    """One source of a machine and the element that it feeds; each protocol has a class
    of its own.
    """

    protocol: ClassVar[str]

    connection: Text = Field(description="Name of the connection, as under connections.")
    sink: SinkSettings = Field(description="Where the value goes.")
    index: Annotated[StrictInt, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, description="Element of an array, the first is 0."
    )
    unit: UnitSettings | None = Field(None, description="Conversion of units.")
    scale: ScaleSettings | None = Field(
        None, description="value * factor + offset, before the conversion of units."
    )
    enumeration: Annotated[
        Literal["device"] | dict[StrictInt | StrictStr, StrictStr] | None,
        BeforeValidator(_checked_enumeration),
    ] = Field(
        None,
        description="Number or text of the device to text of the model; "
        "'device' takes the node's own texts (EnumStrings, EnumValues).",
        examples=["device", {"0": "Off", "1": "Idle"}],
    )
    direction: Literal["read", "readWrite", "write"] = Field(
        "read",
        description="readWrite lets clients write the element through to the machine; write does "
        "so where the machine cannot be asked for the value.",
    )

    history: HistorySettings | None = Field(
        None, description="Keeps recent samples, to be read at /live/samples; none when left out."
    )

    def __hash__(self) -> int:
        """Return a hash that tables, which have none, do not take part in."""
        return hash((self.protocol, self.connection, self.source, self.sink.name))

    @property
    @abstractmethod
    def source(self) -> str:
        """Return what is read, as its protocol names it: a node, a topic, an address."""
